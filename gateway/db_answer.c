/*
 * db_answer.c
 *		Parameters of calls, and what came back.
 */
#include "db_answer.h"

#include <string.h>

void
db_param_text(struct db_params *params, const char *text)
{
	int i = params->count++;

	params->values[i] = text;
	params->sizes[i] = 0;
	params->formats[i] = 0;
}

void
db_param_binary(struct db_params *params, const void *bytes, size_t size)
{
	int i = params->count++;

	params->values[i] = bytes;
	params->sizes[i] = (int) size;
	params->formats[i] = 1;
}

int
db_answer_rows(const struct db_answer *answer)
{
	return PQntuples(answer->result);
}

const char *
db_answer_field(const struct db_answer *answer, int row, int column,
				size_t *size)
{
	if (row >= PQntuples(answer->result) ||
		column >= PQnfields(answer->result) ||
		PQgetisnull(answer->result, row, column))
		return NULL;
	if (size)
		*size = (size_t) PQgetlength(answer->result, row, column);
	return PQgetvalue(answer->result, row, column);
}

/* A field of a refusal that the extension wrote, by its SQLSTATE's class. */
static const char *
own_error_field(const struct db_answer *answer, int field)
{
	const char *sqlstate =
		PQresultErrorField(answer->result, PG_DIAG_SQLSTATE);

	if (!sqlstate || strncmp(sqlstate, "ME", 2) != 0)
		return NULL;
	return PQresultErrorField(answer->result, field);
}

const char *
db_answer_detail(const struct db_answer *answer)
{
	return own_error_field(answer, PG_DIAG_MESSAGE_PRIMARY);
}

const char *
db_answer_hint(const struct db_answer *answer)
{
	return own_error_field(answer, PG_DIAG_MESSAGE_HINT);
}

void
db_answer_free(struct db_answer *answer)
{
	PQclear(answer->result);
	answer->result = NULL;
}
