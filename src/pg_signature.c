/*
 * pg_signature.c
 *		Signatures, and the statements that they stand under, as SQL functions.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "endorsement.h"
#include "pg_jwk.h"
#include "signature.h"

PG_FUNCTION_INFO_V1(verify_es256);
PG_FUNCTION_INFO_V1(endorsement_statement_sql);
PG_FUNCTION_INFO_V1(identity_change_statement_sql);

/* verify_es256(jwk json, message bytea, signature bytea) returns boolean */
Datum
verify_es256(PG_FUNCTION_ARGS)
{
	bytea *message = PG_GETARG_BYTEA_PP(1);
	bytea *signature = PG_GETARG_BYTEA_PP(2);
	struct jwk key;

	require_jwk(PG_GETARG_TEXT_PP(0), JWK_IDENTITY, &key);
	PG_RETURN_BOOL(VARSIZE_ANY_EXHDR(signature) == ES256_SIZE &&
				   es256_verify(&key, (const uint8_t *) VARDATA_ANY(message),
								VARSIZE_ANY_EXHDR(message),
								(const uint8_t *) VARDATA_ANY(signature)));
}

/* The 32 bytes of a thumbprint argument. */
static const uint8_t *
thumbprint_arg(bytea *value)
{
	if (VARSIZE_ANY_EXHDR(value) != JWK_THUMBPRINT_SIZE)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a thumbprint must be 32 bytes")));
	return (const uint8_t *) VARDATA_ANY(value);
}

static char *
username_arg(text *value)
{
	if (VARSIZE_ANY_EXHDR(value) > USERNAME_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a username must be at most 32 bytes")));
	return text_to_cstring(value);
}

/*
 * endorsement_statement(service text, username text, version integer,
 *		thumbprint bytea, previous_thumbprint bytea) returns bytea
 */
Datum
endorsement_statement_sql(PG_FUNCTION_ARGS)
{
	bytea *result = palloc(VARHDRSZ + ENDORSEMENT_SIZE);

	SET_VARSIZE(result, VARHDRSZ + ENDORSEMENT_SIZE);
	endorsement_statement(
		text_to_cstring(PG_GETARG_TEXT_PP(0)),
		username_arg(PG_GETARG_TEXT_PP(1)), (uint32_t) PG_GETARG_INT32(2),
		thumbprint_arg(PG_GETARG_BYTEA_PP(3)),
		thumbprint_arg(PG_GETARG_BYTEA_PP(4)), (uint8_t *) VARDATA(result));
	PG_RETURN_BYTEA_P(result);
}

/*
 * identity_change_statement(service text, username text,
 *		new_thumbprint bytea, old_thumbprint bytea) returns bytea
 */
Datum
identity_change_statement_sql(PG_FUNCTION_ARGS)
{
	bytea *result = palloc(VARHDRSZ + IDENTITY_CHANGE_SIZE);

	SET_VARSIZE(result, VARHDRSZ + IDENTITY_CHANGE_SIZE);
	identity_change_statement(text_to_cstring(PG_GETARG_TEXT_PP(0)),
							  username_arg(PG_GETARG_TEXT_PP(1)),
							  thumbprint_arg(PG_GETARG_BYTEA_PP(2)),
							  thumbprint_arg(PG_GETARG_BYTEA_PP(3)),
							  (uint8_t *) VARDATA(result));
	PG_RETURN_BYTEA_P(result);
}
