/*
 * db.c
 *		The pool of connections.
 */
#include "db.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"
#include "db_trouble.h"
#include "log.h"
#include "metrics.h"

#define ACQUIRE_WAIT_MS 2000 /* for a free connection of the pool */
#define WATCHER_CALL_MS 1000

struct db
{
	const struct config *config;
	struct log *log;
	pthread_mutex_t mutex;
	pthread_cond_t freed[2]; /* by access */
	long left[2];			 /* connections that stay free, by access */
	struct db_connection **connections; /* all of them */
	struct db_connection **free;		/* those that nobody uses */
	long free_count;
	pthread_mutex_t watcher_mutex;
	struct db_connection *watcher; /* of db_ask() */
	struct db_counters counters;
	struct db_trouble trouble;
};

struct db_connection *
db_connection_new(struct db *db)
{
	return db_connection_make(db->log, &db->counters, &db->trouble,
							  db->config->database,
							  db->config->statement_timeout_ms);
}

struct db_connection *
db_connection_new_direct(struct db *db)
{
	const struct config *config = db->config;

	return db_connection_make(db->log, &db->counters, &db->trouble,
							  config->hint_database[0] ? config->hint_database
													   : config->database,
							  config->statement_timeout_ms);
}

/* A free connection of the pool, or NULL after a bounded wait. */
static struct db_connection *
acquire(struct db *db, enum db_access access)
{
	struct timespec deadline = clock_deadline(ACQUIRE_WAIT_MS);
	struct db_connection *connection = NULL;
	int waited = 0;

	pthread_mutex_lock(&db->mutex);
	while (db->free_count <= db->left[access] && waited == 0)
		waited =
			pthread_cond_timedwait(&db->freed[access], &db->mutex, &deadline);
	if (db->free_count > db->left[access])
		connection = db->free[--db->free_count];
	pthread_mutex_unlock(&db->mutex);
	return connection;
}

static void
release(struct db *db, struct db_connection *connection)
{
	pthread_mutex_lock(&db->mutex);
	db->free[db->free_count++] = connection;
	for (int access = DB_READ; access <= DB_WRITE; access++)
		if (db->free_count > db->left[access])
			pthread_cond_signal(&db->freed[access]);
	pthread_mutex_unlock(&db->mutex);
}

enum status
db_call(struct db *db, enum db_access access, const char *sql,
		const struct db_params *params, struct db_answer *answer)
{
	struct db_connection *connection = acquire(db, access);
	enum status status;

	answer->result = NULL;
	if (!connection)
		return STATUS_OVERLOADED;
	status = db_connection_call(connection, sql, params, answer);
	release(db, connection);
	return status;
}

enum status
db_ask(struct db *db, const char *sql, struct db_answer *answer)
{
	struct timespec deadline = clock_deadline(WATCHER_CALL_MS);
	struct db_params params = {0};
	enum status status;

	answer->result = NULL;
	if (pthread_mutex_clocklock(&db->watcher_mutex, CLOCK_MONOTONIC,
								&deadline) != 0)
		return STATUS_OVERLOADED;
	status = db_connection_call(db->watcher, sql, &params, answer);
	pthread_mutex_unlock(&db->watcher_mutex);
	return status;
}

/* What reads tables, as a gateway without them is no use. */
enum status
db_ping(struct db *db)
{
	struct db_answer answer;
	enum status status =
		db_ask(db, "SELECT FROM e2emsg.key_log_state()", &answer);

	db_answer_free(&answer);
	return status;
}

void
db_figures(const struct db *db, struct db_figures *out)
{
	out->reconnects = counter_value(&db->counters.reconnects);
	out->failures = counter_value(&db->counters.failures);
}

/*
 * libpq's words about a connection string.  They quote what libpq can't read,
 * which may be a password: of that only the quotes are written.
 */
static void
write_reason(const char *why, char *out, size_t size)
{
	static const char harmless[] = "missing \"=\" after ";
	size_t skip = strncmp(why, harmless, sizeof(harmless) - 1) == 0
					  ? sizeof(harmless) - 1
					  : 0;
	size_t before = skip + strcspn(why + skip, "\"");
	const char *last = strrchr(why + before, '"');

	snprintf(out, size, "%.*s%s%s", (int) before, why, last ? "\"...\"" : "",
			 last ? last + 1 : "");
	out[strcspn(out, "\n")] = '\0';
}

/* A plain database name will do, too. */
static bool
conninfo_problem(const char *setting, const char *conninfo, char *problem,
				 size_t size)
{
	char *why = NULL, reason[200];
	PQconninfoOption *options;
	bool is_bad;

	if (!strchr(conninfo, '=') && !strstr(conninfo, "://"))
		return false;
	options = PQconninfoParse(conninfo, &why);
	is_bad = options == NULL;
	if (is_bad)
	{
		write_reason(why ? why : "no memory", reason, sizeof(reason));
		snprintf(problem, size, "%s is no valid connection string: %s",
				 setting, reason);
	}
	PQfreemem(why);
	PQconninfoFree(options);
	return is_bad;
}

bool
db_settings_problem(const struct config *config, char *problem, size_t size)
{
	return conninfo_problem("database", config->database, problem, size) ||
		   conninfo_problem("hint_database", config->hint_database, problem,
							size);
}

/* Makes the connections of the pool, which are all free. */
static bool
fill(struct db *db)
{
	size_t count = (size_t) db->config->db_connections;

	db->left[DB_WRITE] = count > 1;
	db->connections = calloc(count, sizeof(*db->connections));
	db->free = calloc(count, sizeof(*db->free));
	if (!db->connections || !db->free)
		return false;
	for (size_t i = 0; i < count; i++)
	{
		db->connections[i] = db_connection_new(db);
		if (!db->connections[i])
			return false;
		db->free[db->free_count++] = db->connections[i];
	}
	return true;
}

struct db *
db_open(const struct config *config, struct log *log)
{
	struct db *db;
	pthread_condattr_t monotonic;
	char problem[CONFIG_PROBLEM_SIZE];

	if (db_settings_problem(config, problem, sizeof(problem)))
	{
		log_line(log, LOG_LEVEL_ERROR, "%s", problem);
		return NULL;
	}
	db = calloc(1, sizeof(*db));
	if (!db)
		return NULL;
	db->config = config;
	db->log = log;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	for (int access = DB_READ; access <= DB_WRITE; access++)
		pthread_cond_init(&db->freed[access], &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&db->mutex, NULL);
	pthread_mutex_init(&db->watcher_mutex, NULL);
	db->watcher = db_connection_make(log, &db->counters, &db->trouble,
									 config->database, WATCHER_CALL_MS);
	if (db->watcher && fill(db))
		return db;
	db_close(db);
	return NULL;
}

void
db_close(struct db *db)
{
	if (!db)
		return;
	for (long i = 0; db->connections && i < db->config->db_connections; i++)
		db_connection_free(db->connections[i]);
	free(db->connections);
	free(db->free);
	db_connection_free(db->watcher);
	pthread_mutex_destroy(&db->watcher_mutex);
	for (int access = DB_READ; access <= DB_WRITE; access++)
		pthread_cond_destroy(&db->freed[access]);
	pthread_mutex_destroy(&db->mutex);
	free(db);
}
