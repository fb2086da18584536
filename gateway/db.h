/*
 * db.h
 *		The pool of connections to PostgreSQL, and calls over it.
 */
#ifndef E2EMSG_DB_H
#define E2EMSG_DB_H

#include <stdbool.h>

#include "db_connection.h"

struct config;
struct db;
struct log;

/*
 * Which of the connection strings libpq makes no sense of, and why, as a
 * sentence in "problem" without a part of it; false when it does of each.
 */
extern bool db_settings_problem(const struct config *config, char *problem,
								size_t size);

/*
 * The pool, for ordinary calls.  db_open() connects to nothing yet; a
 * connection is made when a call needs it and made again after a loss.
 */
extern struct db *db_open(const struct config *config, struct log *log);
extern void db_close(struct db *db);

/*
 * A write may wait for a row that somebody else holds.  Writes leave a
 * connection to reads, which never do, unless the pool has only one.
 */
enum db_access
{
	DB_READ,
	DB_WRITE
};

/*
 * Makes a call on a connection of the pool.  Waits a bounded time for a
 * free one (STATUS_OVERLOADED).  STATUS_DATABASE_UNAVAILABLE after a write
 * means that its outcome is unknown.
 */
extern enum status db_call(struct db *db, enum db_access access,
						   const char *sql, const struct db_params *params,
						   struct db_answer *answer)
	__attribute__((warn_unused_result));

/*
 * A call without parameters for whoever watches, on a connection of its own,
 * whatever the pool is busy with.  It waits a second or two, then gives up.
 */
extern enum status db_ask(struct db *db, const char *sql,
						  struct db_answer *answer)
	__attribute__((warn_unused_result));

/* The same, for nothing but to see that calls are answered. */
extern enum status db_ping(struct db *db) __attribute__((warn_unused_result));

struct db_figures
{
	uint64_t reconnects, failures;
};

/* What all connections of this one, in the pool or not, came to. */
extern void db_figures(const struct db *db, struct db_figures *out);

/* A connection of one's own, outside of the pool. */
extern struct db_connection *db_connection_new(struct db *db);

/*
 * The same past a pooler that "database" may name: to hint_database, where
 * LISTEN works.
 */
extern struct db_connection *db_connection_new_direct(struct db *db);

#endif /* E2EMSG_DB_H */
