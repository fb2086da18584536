/*
 * pg_bucket.c
 *		Buckets, and ids that carry them, as SQL functions.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "bucket.h"

PG_FUNCTION_INFO_V1(bucket_of);
PG_FUNCTION_INFO_V1(new_user_id);

/* bucket_of(username text) returns integer, 0 to 65535 */
Datum
bucket_of(PG_FUNCTION_ARGS)
{
	text *username = PG_GETARG_TEXT_PP(0);

	PG_RETURN_INT32(bucket_of_username(VARDATA_ANY(username),
									   VARSIZE_ANY_EXHDR(username)));
}

/*
 * new_user_id(username text) returns uuid
 *
 * Version 8 (RFC 9562 section 5.8): the bucket, then random bits.
 */
Datum
new_user_id(PG_FUNCTION_ARGS)
{
	text *username = PG_GETARG_TEXT_PP(0);
	pg_uuid_t *id = palloc(sizeof *id);
	uint16_t bucket =
		bucket_of_username(VARDATA_ANY(username), VARSIZE_ANY_EXHDR(username));

	if (!pg_strong_random(id->data, UUID_LEN))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("could not generate random values")));
	id->data[0] = (unsigned char) (bucket >> 8);
	id->data[1] = (unsigned char) bucket;
	id->data[6] = (id->data[6] & 0x0f) | 0x80;
	id->data[8] = (id->data[8] & 0x3f) | 0x80;
	PG_RETURN_UUID_P(id);
}
