/*
 * db_trouble.c
 *		What an installation lacks, as its errors show.
 */
#include "db_trouble.h"

#include <stdbool.h>
#include <string.h>

#define REMEDY_COUNT (sizeof(remedies) / sizeof(remedies[0]))

/*
 * The server's own words for these name functions and tables, and nothing
 * that a client sent.
 */
static const struct remedy
{
	const char *sqlstate;
	enum db_trouble_kind kind;
	const char *steps; /* before the grant */
	bool grants;
} remedies[] = {
	{"42501", TROUBLE_GRANTS, "", true},
	{"42P01", TROUBLE_TABLES, "CALL e2emsg.install()", false},
	{"42703", TROUBLE_TABLES, "CALL e2emsg.install()", false},
	{"42883", TROUBLE_EXTENSION,
	 "CREATE EXTENSION e2emsg or ALTER EXTENSION e2emsg UPDATE, then "
	 "CALL e2emsg.install() and ",
	 true},
};

void
db_trouble_connect(struct db_trouble *trouble, struct log *log,
				   const PGconn *pg)
{
	log_line_paced(log, &trouble->paces[TROUBLE_CONNECT], LOG_LEVEL_ERROR,
				   "can't connect to the database: %s", PQerrorMessage(pg));
}

/* A pooler without its server takes connections and ends them. */
void
db_trouble_lost(struct db_trouble *trouble, struct log *log)
{
	log_line_paced(log, &trouble->paces[TROUBLE_LOST], LOG_LEVEL_WARN,
				   "the database connection was lost");
}

void
db_trouble_extension(struct db_trouble *trouble, struct log *log,
					 const PGconn *pg)
{
	log_line_paced(log, &trouble->paces[TROUBLE_EXTENSION], LOG_LEVEL_ERROR,
				   "the database %s lacks the extension; run CREATE EXTENSION "
				   "e2emsg, CALL e2emsg.install() and "
				   "SELECT e2emsg.grant_gateway('%s') there",
				   PQdb(pg), PQuser(pg));
}

static const struct remedy *
find_remedy(const char *sqlstate)
{
	for (size_t i = 0; i < REMEDY_COUNT; i++)
		if (strcmp(remedies[i].sqlstate, sqlstate) == 0)
			return &remedies[i];
	return NULL;
}

void
db_trouble_call(struct db_trouble *trouble, struct log *log, const PGconn *pg,
				const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const struct remedy *remedy = sqlstate ? find_remedy(sqlstate) : NULL;

	if (remedy)
		log_line_paced(
			log, &trouble->paces[remedy->kind], LOG_LEVEL_ERROR,
			"the database %s refused a call of the role %s: %s; "
			"run %s%s%s%s there",
			PQdb(pg), PQuser(pg), words ? words : sqlstate, remedy->steps,
			remedy->grants ? "SELECT e2emsg.grant_gateway('" : "",
			remedy->grants ? PQuser(pg) : "", remedy->grants ? "')" : "");
	else
		log_line(log, LOG_LEVEL_ERROR,
				 "the database refused a call with SQLSTATE %s",
				 sqlstate ? sqlstate : "(none)");
}
