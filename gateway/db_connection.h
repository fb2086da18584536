/*
 * db_connection.h
 *		One connection to PostgreSQL and calls over it.
 *
 * A call is one statement with parameters and so one transaction, committed
 * when its answer is complete.  Statements are prepared at their first use
 * on a connection.  db_connection.c is the one place that looks at a result's
 * status.
 *
 * The caller sees to it that one thread at a time uses a connection.
 */
#ifndef E2EMSG_DB_CONNECTION_H
#define E2EMSG_DB_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "db_answer.h"
#include "status.h"

struct log;
struct db_connection;
struct db_trouble;

/* What all connections count together. */
struct db_counters
{
	atomic_uint_fast64_t reconnects; /* made again after a loss */
	atomic_uint_fast64_t failures;	 /* attempts that failed */
};

/*
 * It connects at its first use.  A call may take call_ms.  What the pointers
 * lead to must stay.  NULL: no memory.
 */
extern struct db_connection *db_connection_make(struct log *log,
												struct db_counters *counters,
												struct db_trouble *trouble,
												const char *conninfo,
												long call_ms);
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

#endif /* E2EMSG_DB_CONNECTION_H */
