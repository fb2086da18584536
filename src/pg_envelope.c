/*
 * pg_envelope.c
 *		Envelope checks as SQL functions.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "envelope.h"

PG_FUNCTION_INFO_V1(envelope_problem);
PG_FUNCTION_INFO_V1(message_id);

/*
 * envelope_problem(suite integer, sender_key_version integer,
 *		key_version integer, iv bytea, ciphertext bytea, auth_tag bytea)
 *		returns text
 *
 * Only the sizes are looked at: a stored ciphertext is not fetched.
 */
Datum
envelope_problem(PG_FUNCTION_ARGS)
{
	const char *problem = ENVELOPE_INCOMPLETE;

	if (!PG_ARGISNULL(0) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3) &&
		!PG_ARGISNULL(4) && !PG_ARGISNULL(5))
		problem = envelope_check(
			PG_GETARG_INT32(0),
			PG_ARGISNULL(1) ? SENDER_KEY_VERSION_LEFT_OUT : PG_GETARG_INT32(1),
			PG_GETARG_INT32(2),
			toast_raw_datum_size(PG_GETARG_DATUM(3)) - VARHDRSZ,
			toast_raw_datum_size(PG_GETARG_DATUM(4)) - VARHDRSZ,
			toast_raw_datum_size(PG_GETARG_DATUM(5)) - VARHDRSZ);
	if (problem == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(problem));
}

/* message_id(mailbox_id uuid, sender_id uuid, iv bytea) returns uuid */
Datum
message_id(PG_FUNCTION_ARGS)
{
	pg_uuid_t *mailbox = PG_GETARG_UUID_P(0);
	pg_uuid_t *sender = PG_GETARG_UUID_P(1);
	bytea *iv = PG_GETARG_BYTEA_PP(2);
	pg_uuid_t *result = palloc(sizeof *result);

	if (VARSIZE_ANY_EXHDR(iv) != ENVELOPE_IV_SIZE)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("iv must be 12 bytes")));
	envelope_message_id(mailbox->data, sender->data,
						(const uint8_t *) VARDATA_ANY(iv), result->data);
	PG_RETURN_UUID_P(result);
}
