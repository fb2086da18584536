/*
 * db_answer.h
 *		Parameters of calls, and what came back.
 */
#ifndef E2EMSG_DB_ANSWER_H
#define E2EMSG_DB_ANSWER_H

#include <stddef.h>

#include <libpq-fe.h>

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

#endif /* E2EMSG_DB_ANSWER_H */
