/*
 * db.h
 *		Connections to PostgreSQL and calls over them.
 *
 * A call is one statement with parameters and so one transaction, committed
 * when its answer is complete.  Statements are prepared at their first use
 * on a connection.  db.c is the one place that looks at a result's status.
 */
#ifndef E2EMSG_DB_H
#define E2EMSG_DB_H

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

#include "status.h"

struct config;
struct db;
struct log;
struct db_connection;

#define DB_MAX_PARAMS 10

/* Parameters in order; a NULL value is SQL's NULL. */
struct db_params
{
	int count;
	const char *values[DB_MAX_PARAMS];
	int sizes[DB_MAX_PARAMS];	/* bytes, of binary ones */
	int formats[DB_MAX_PARAMS]; /* 0 text, 1 binary */
};

extern void db_param_text(struct db_params *params, const char *text);
extern void db_param_binary(struct db_params *params, const void *bytes,
							size_t size);

/* What came back: rows, or a refusal.  Free it with db_answer_free(). */
struct db_answer
{
	PGresult *result; /* may be NULL */
};

extern int db_answer_rows(const struct db_answer *answer);

/* A field as text, or NULL; its length goes to *size unless that is NULL. */
extern const char *db_answer_field(const struct db_answer *answer, int row,
								   int column, size_t *size);

/* What the extension said about its refusal, or NULL. */
extern const char *db_answer_detail(const struct db_answer *answer);
extern const char *db_answer_hint(const struct db_answer *answer);
extern void db_answer_free(struct db_answer *answer);

/* Can libpq make sense of it?  A plain database name will do. */
extern bool db_conninfo_is_sound(const char *conninfo);

/*
 * The pool, for ordinary calls.  db_open() connects to nothing yet; a
 * connection is made when a call needs it and made again after a loss.
 */
extern struct db *db_open(const struct config *config, struct log *log);
extern void db_close(struct db *db);

/*
 * Makes a call on a connection of the pool.  Waits a bounded time for a
 * free one (STATUS_OVERLOADED).  STATUS_DATABASE_UNAVAILABLE after a write
 * means that its outcome is unknown.
 */
extern enum status db_call(struct db *db, const char *sql,
						   const struct db_params *params,
						   struct db_answer *answer)
	__attribute__((warn_unused_result));

/* A round trip on a connection of its own, whatever the pool is busy with. */
extern enum status db_ping(struct db *db) __attribute__((warn_unused_result));

/*
 * A connection of one's own.  The caller sees to it that one thread at a
 * time uses it.
 */
extern struct db_connection *db_connection_new(struct db *db);
extern void db_connection_free(struct db_connection *connection);
extern enum status
db_connection_call(struct db_connection *connection, const char *sql,
				   const struct db_params *params, struct db_answer *answer)
	__attribute__((warn_unused_result));

/* Can a call be sent without connecting anew?  With nothing on the way. */
extern bool db_connection_is_up(struct db_connection *connection);

/*
 * The same call in two halves, so that the next one already lies in the
 * server while the first one runs.  Each is its own transaction; answers come
 * in the order of sending, each after its commit.  Between the halves no
 * db_connection_call().  After a send that failed nothing is to be received.
 */
extern enum status db_connection_send(struct db_connection *connection,
									  const char *sql,
									  const struct db_params *params)
	__attribute__((warn_unused_result));
extern enum status db_connection_receive(struct db_connection *connection,
										 struct db_answer *answer)
	__attribute__((warn_unused_result));

/*
 * Waits, with a call on the way, until something of its answer is there, the
 * connection is lost or the call takes too long (true: receive it), or until
 * the file descriptor "event" can be read (false).
 */
extern bool db_connection_wait(struct db_connection *connection, int event);

/*
 * A connection of one's own past a pooler that "database" may name: to
 * hint_database, where LISTEN works.
 */
extern struct db_connection *db_connection_new_direct(struct db *db);

/* Its server process, another one after a loss; 0 when it is lost. */
extern int db_connection_backend(const struct db_connection *connection);

/*
 * Waits until something comes, "event" can be read or the time is over.
 * False when the connection is lost.
 */
extern bool db_connection_listen(struct db_connection *connection, int event,
								 int timeout_ms);

/* The next notification that came, or NULL; PQfreemem() it. */
extern PGnotify *db_connection_notification(struct db_connection *connection);

#endif /* E2EMSG_DB_H */
