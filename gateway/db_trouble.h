/*
 * db_trouble.h
 *		Telling the operator what keeps the gateway from its database, and
 *		what to do; each kind of trouble once a minute (log_line_paced()).
 */
#ifndef E2EMSG_DB_TROUBLE_H
#define E2EMSG_DB_TROUBLE_H

#include <libpq-fe.h>

#include "log.h"

enum db_trouble_kind
{
	TROUBLE_CONNECT,
	TROUBLE_LOST,
	TROUBLE_EXTENSION, /* not there, or too old */
	TROUBLE_TABLES,
	TROUBLE_GRANTS,
	TROUBLE_COUNT
};

/* What all connections of a gateway share; zero at first. */
struct db_trouble
{
	struct log_pace paces[TROUBLE_COUNT];
};

/* The attempt to connect failed. */
extern void db_trouble_connect(struct db_trouble *trouble, struct log *log,
							   const PGconn *pg);

/* The connection broke, or a call took too long. */
extern void db_trouble_lost(struct db_trouble *trouble, struct log *log);

/* There is a connection, to a database without the extension. */
extern void db_trouble_extension(struct db_trouble *trouble, struct log *log,
								 const PGconn *pg);

/* A call was refused with an error that is no request's doing. */
extern void db_trouble_call(struct db_trouble *trouble, struct log *log,
							const PGconn *pg, const PGresult *result);

#endif /* E2EMSG_DB_TROUBLE_H */
