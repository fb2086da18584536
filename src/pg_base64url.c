/*
 * pg_base64url.c
 *		base64url as SQL functions.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "base64url.h"
#include "errors.h"

PG_FUNCTION_INFO_V1(base64url_encode);
PG_FUNCTION_INFO_V1(base64url_decode);
PG_FUNCTION_INFO_V1(is_base64url);

/* base64url_encode(bytea) returns text */
Datum
base64url_encode(PG_FUNCTION_ARGS)
{
	bytea *input = PG_GETARG_BYTEA_PP(0);
	size_t len = VARSIZE_ANY_EXHDR(input);
	size_t size = base64url_encoded_length(len) + VARHDRSZ;
	text *result;

	if (size > MaxAllocSize)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("value is too large for base64url")));
	result = palloc(size);
	SET_VARSIZE(result, size);
	base64url_encode_bytes((uint8_t *) VARDATA_ANY(input), len,
						   VARDATA(result));
	PG_RETURN_TEXT_P(result);
}

/* Decodes into a new bytea; NULL when the text is not canonical. */
static bytea *
decode(text *input)
{
	size_t len = VARSIZE_ANY_EXHDR(input);
	size_t size = base64url_decoded_length(len) + VARHDRSZ;
	bytea *result = palloc(size);

	SET_VARSIZE(result, size);
	if (base64url_decode_bytes(VARDATA_ANY(input), len,
							   (uint8_t *) VARDATA(result)))
		return result;
	pfree(result);
	return NULL;
}

/* base64url_decode(text) returns bytea */
Datum
base64url_decode(PG_FUNCTION_ARGS)
{
	bytea *result = decode(PG_GETARG_TEXT_PP(0));

	if (result == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BASE64URL),
						errmsg("the text is not canonical base64url"),
						errhint("Use the alphabet A-Z a-z 0-9 - _ without "
								"padding, and leave the unused bits of the "
								"last character zero.")));
	PG_RETURN_BYTEA_P(result);
}

/* is_base64url(text) returns boolean */
Datum
is_base64url(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(decode(PG_GETARG_TEXT_PP(0)) != NULL);
}
