/*
 * db_connection.c
 *		One connection to PostgreSQL: made when it is needed, made again after
 *		a loss.
 */
#include "db_connection.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "db_trouble.h"
#include "log.h"
#include "metrics.h"

#define MAX_STATEMENTS 64	   /* more than the gateway has */
#define RECONNECT_PAUSE_MS 250 /* between two attempts of one connection */
#define CONNECT_TIMEOUT_S "3"
#define MAX_GRACE_MS 5000	  /* the server's own time limit comes first */
#define LOCK_TIMEOUT_MS "250" /* a held mailbox must not hold a connection */

struct db_connection
{
	struct log *log;
	struct db_counters *counters;
	struct db_trouble *trouble;
	const char *conninfo;
	long call_ms; /* that a call may take */
	bool was_up;
	PGconn *pg; /* NULL until the first use */
	int64_t next_attempt_ms;
	const char *prepared[MAX_STATEMENTS]; /* by address; sN is the Nth */
	int prepared_count;
	int flying;		   /* calls sent and not received */
	bool unreplicated; /* a commit did not wait for its standby */
};

struct db_connection *
db_connection_make(struct log *log, struct db_counters *counters,
				   struct db_trouble *trouble, const char *conninfo,
				   long call_ms)
{
	struct db_connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->log = log;
	connection->counters = counters;
	connection->trouble = trouble;
	connection->conninfo = conninfo;
	connection->call_ms = call_ms;
	return connection;
}

static bool
is_alive(const struct db_connection *connection)
{
	return connection->pg && PQstatus(connection->pg) == CONNECTION_OK;
}

static void
disconnect(struct db_connection *connection)
{
	PQfinish(connection->pg);
	connection->pg = NULL;
	connection->prepared_count = 0;
	connection->flying = 0;
	connection->unreplicated = false;
}

/*
 * Waits for more of a result; false when the connection is lost or late.  A
 * lost one may have no socket any more, which poll() would wait for in vain.
 */
static bool
wait_for_input(PGconn *pg, int64_t deadline, bool unsent)
{
	struct pollfd poller = {.fd = PQsocket(pg), .events = POLLIN};
	int64_t left = deadline - clock_ms();

	if (unsent)
		poller.events |= POLLOUT;
	return poller.fd >= 0 && left > 0 && poll(&poller, 1, (int) left) > 0 &&
		   PQconsumeInput(pg);
}

/*
 * Sends what is left to send and waits for one result and everything that
 * belongs to it: in a pipeline that ends with its sync, so that the result
 * is committed.  Returns NULL when the connection is lost or the deadline
 * passes; a server that stops reading is met by that, too.
 */
static PGresult *
collect(PGconn *pg, int64_t deadline)
{
	bool piped = PQpipelineStatus(pg) != PQ_PIPELINE_OFF;
	PGresult *last = NULL, *result;

	for (;;)
	{
		int unsent = PQflush(pg);

		if (unsent < 0)
			break;
		if (unsent > 0 || PQisBusy(pg))
		{
			if (!wait_for_input(pg, deadline, unsent > 0))
				break;
			continue;
		}
		result = PQgetResult(pg);
		if (!result && (!piped || PQstatus(pg) != CONNECTION_OK))
			return last;
		if (!result)
			continue;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC)
		{
			PQclear(result);
			return last;
		}
		PQclear(last);
		last = result;
	}
	PQclear(last);
	return NULL;
}

static int64_t
answer_deadline(const struct db_connection *connection)
{
	long grace = connection->call_ms < MAX_GRACE_MS ? connection->call_ms
													: MAX_GRACE_MS;

	return clock_ms() + connection->call_ms + grace;
}

/*
 * The one place that looks at a result's status.  A refusal is an answer;
 * only what nobody expects is logged.
 */
static enum status
judge(struct db_connection *connection, const PGresult *result)
{
	const char *sqlstate;
	enum status status;

	if (!result || !is_alive(connection))
	{
		db_trouble_lost(connection->trouble, connection->log);
		disconnect(connection);
		return STATUS_DATABASE_UNAVAILABLE;
	}
	if (connection->unreplicated)
	{
		log_line(connection->log, LOG_LEVEL_WARN,
				 "somebody cancelled the wait for a standby, which may lack "
				 "what was committed");
		connection->unreplicated = false;
		return STATUS_DATABASE_UNAVAILABLE;
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK ||
		PQresultStatus(result) == PGRES_COMMAND_OK)
		return STATUS_OK;
	sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	status = sqlstate ? status_of_sqlstate(sqlstate) : STATUS_INTERNAL_ERROR;
	if (status == STATUS_INTERNAL_ERROR)
		db_trouble_call(connection->trouble, connection->log, connection->pg,
						result);
	return status;
}

/* Sends a statement that is not prepared and waits for its result. */
static enum status
run_once(struct db_connection *connection, const char *sql,
		 const struct db_params *params, struct db_answer *answer)
{
	answer->result = NULL;
	if (PQsendQueryParams(connection->pg, sql, params->count, NULL,
						  params->values, params->sizes, params->formats, 0))
		answer->result = collect(connection->pg, answer_deadline(connection));
	return judge(connection, answer->result);
}

/*
 * Limits and defaults of the session; parameters, never spliced text.  A
 * commit is at least on the disk, whatever the server's default is.  Whether
 * it may write is the operator's word: a server that was just promoted, say,
 * is kept from gateways by default_transaction_read_only.
 */
static enum status
set_up_session(struct db_connection *connection)
{
	static const char sql[] =
		"SELECT EXISTS (SELECT FROM pg_catalog.pg_extension"
		" WHERE extname OPERATOR(pg_catalog.=) 'e2emsg'),"
		" pg_catalog.set_config('search_path', 'pg_catalog', false),"
		" pg_catalog.set_config('default_transaction_isolation',"
		" 'read committed', false),"
		" pg_catalog.set_config('synchronous_commit',"
		" CASE WHEN pg_catalog.current_setting('synchronous_commit')"
		" OPERATOR(pg_catalog.=) 'remote_apply' THEN 'remote_apply'"
		" ELSE 'on' END, false),"
		" pg_catalog.set_config('statement_timeout', $1, false),"
		" pg_catalog.set_config('lock_timeout', $2, false)";
	char statement_ms[24];
	struct db_params params = {0};
	struct db_answer answer;
	enum status status;

	snprintf(statement_ms, sizeof(statement_ms), "%ld", connection->call_ms);
	db_param_text(&params, statement_ms);
	db_param_text(&params, LOCK_TIMEOUT_MS);
	status = run_once(connection, sql, &params, &answer);
	if (status == STATUS_OK && db_answer_field(&answer, 0, 0, NULL)[0] != 't')
	{
		db_trouble_extension(connection->trouble, connection->log,
							 connection->pg);
		status = STATUS_DATABASE_UNAVAILABLE;
	}
	db_answer_free(&answer);
	return status;
}

/*
 * Notices are not logged, as they may quote what a client sent.  One counts:
 * that a commit is on this server, and may not be on a synchronous standby.
 * It has no SQLSTATE of its own, but comes from one function.
 */
static void
take_notice(void *context, const PGresult *notice)
{
	struct db_connection *connection = context;
	const char *function = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);

	if (function && strcmp(function, "SyncRepWaitForLSN") == 0)
		connection->unreplicated = true;
}

/*
 * libpq's way to a connection (name service, TLS, Kerberos) may need more
 * than the 100 kB of stack that CivetWeb's workers have.
 */
static void *
connect_on_own_stack(void *context)
{
	struct db_connection *connection = context;
	/* the last of a keyword's values counts, the connection string is first */
	const char *const names[] = {"dbname",			 "application_name",
								 "client_encoding",	 "connect_timeout",
								 "tcp_user_timeout", NULL};
	const char *const values[] = {
		connection->conninfo, "e2emsg-gateway", "UTF8",
		CONNECT_TIMEOUT_S,	  "10000",			NULL};

	connection->pg = PQconnectdbParams(names, values, 1);
	return NULL;
}

static enum status
reconnect(struct db_connection *connection)
{
	enum status status = STATUS_DATABASE_UNAVAILABLE;
	pthread_t thread;

	if (clock_ms() < connection->next_attempt_ms)
		return status;
	disconnect(connection);
	if (pthread_create(&thread, NULL, connect_on_own_stack, connection) == 0)
		pthread_join(thread, NULL);
	if (is_alive(connection))
	{
		PQsetNoticeReceiver(connection->pg, take_notice, connection);
		PQsetnonblocking(connection->pg, 1);
		status = set_up_session(connection);
	}
	else
		db_trouble_connect(connection->trouble, connection->log,
						   connection->pg);
	if (status != STATUS_OK)
	{
		disconnect(connection);
		connection->next_attempt_ms = clock_ms() + RECONNECT_PAUSE_MS;
		counter_add(&connection->counters->failures, 1);
		return STATUS_DATABASE_UNAVAILABLE;
	}
	counter_add(&connection->counters->reconnects, connection->was_up);
	connection->was_up = true;
	return STATUS_OK;
}

/* Something to read on an idle connection is mostly its end. */
bool
db_connection_is_up(struct db_connection *connection)
{
	struct pollfd poller = {.events = POLLIN};

	while (is_alive(connection))
	{
		poller.fd = PQsocket(connection->pg);
		if (poll(&poller, 1, 0) == 0)
			return true;
		if (!PQconsumeInput(connection->pg))
			break;
	}
	return false;
}

/* Makes sure of a connection before anything is sent over it. */
static enum status
make_ready(struct db_connection *connection)
{
	return db_connection_is_up(connection) ? STATUS_OK : reconnect(connection);
}

/* The number of this statement on the connection, prepared if need be. */
static enum status
prepare(struct db_connection *connection, const char *sql, char name[16])
{
	struct db_answer answer = {0};
	enum status status;
	int i = 0;

	while (i < connection->prepared_count && connection->prepared[i] != sql)
		i++;
	snprintf(name, 16, "s%d", i);
	if (i < connection->prepared_count)
		return STATUS_OK;
	if (i == MAX_STATEMENTS)
		return STATUS_INTERNAL_ERROR;
	if (PQsendPrepare(connection->pg, name, sql, 0, NULL))
		answer.result = collect(connection->pg, answer_deadline(connection));
	status = judge(connection, answer.result);
	if (status == STATUS_OK)
		connection->prepared[connection->prepared_count++] = sql;
	db_answer_free(&answer);
	return status;
}

enum status
db_connection_call(struct db_connection *connection, const char *sql,
				   const struct db_params *params, struct db_answer *answer)
{
	enum status status = make_ready(connection);
	char name[16];

	answer->result = NULL;
	if (status == STATUS_OK)
		status = prepare(connection, sql, name);
	if (status != STATUS_OK)
		return status;
	if (PQsendQueryPrepared(connection->pg, name, params->count,
							params->values, params->sizes, params->formats, 0))
		answer->result = collect(connection->pg, answer_deadline(connection));
	return judge(connection, answer->result);
}

/* The first one makes sure of the connection; the others go behind it. */
static enum status
begin_pipeline(struct db_connection *connection, const char *sql,
			   char name[16])
{
	enum status status = STATUS_OK;

	if (connection->flying == 0)
		status = make_ready(connection);
	if (status == STATUS_OK)
		status = prepare(connection, sql, name);
	if (status == STATUS_OK && connection->flying == 0 &&
		!PQenterPipelineMode(connection->pg))
		status = STATUS_DATABASE_UNAVAILABLE;
	return status;
}

enum status
db_connection_send(struct db_connection *connection, const char *sql,
				   const struct db_params *params)
{
	char name[16];
	enum status status = begin_pipeline(connection, sql, name);

	if (status != STATUS_OK)
		return status;
	if (!PQsendQueryPrepared(connection->pg, name, params->count,
							 params->values, params->sizes, params->formats,
							 0) ||
		!PQpipelineSync(connection->pg) || PQflush(connection->pg) < 0)
	{
		if (connection->flying == 0)
			disconnect(connection);
		return STATUS_DATABASE_UNAVAILABLE;
	}
	connection->flying++;
	return STATUS_OK;
}

enum status
db_connection_receive(struct db_connection *connection,
					  struct db_answer *answer)
{
	answer->result = NULL;
	if (connection->flying > 0)
		answer->result = collect(connection->pg, answer_deadline(connection));
	if (connection->flying > 0 && --connection->flying == 0)
		PQexitPipelineMode(connection->pg);
	return judge(connection, answer->result);
}

bool
db_connection_wait(struct db_connection *connection, int event)
{
	int unsent = PQflush(connection->pg);
	struct pollfd pollers[2] = {
		{.fd = PQsocket(connection->pg), .events = POLLIN},
		{.fd = event, .events = POLLIN}};

	/* the answer before may have brought this one along */
	if (!PQisBusy(connection->pg))
		return true;
	if (unsent > 0)
		pollers[0].events |= POLLOUT;
	return unsent < 0 || pollers[0].fd < 0 ||
		   poll(pollers, 2, (int) connection->call_ms) <= 0 ||
		   pollers[0].revents != 0;
}

int
db_connection_backend(const struct db_connection *connection)
{
	return is_alive(connection) ? PQbackendPID(connection->pg) : 0;
}

bool
db_connection_listen(struct db_connection *connection, int event,
					 int timeout_ms)
{
	struct pollfd pollers[2] = {
		{.fd = is_alive(connection) ? PQsocket(connection->pg) : -1,
		 .events = POLLIN},
		{.fd = event, .events = POLLIN}};

	poll(pollers, 2, timeout_ms);
	return is_alive(connection) && PQconsumeInput(connection->pg) &&
		   is_alive(connection);
}

PGnotify *
db_connection_notification(struct db_connection *connection)
{
	return connection->pg ? PQnotifies(connection->pg) : NULL;
}

void
db_connection_free(struct db_connection *connection)
{
	if (connection)
		disconnect(connection);
	free(connection);
}
