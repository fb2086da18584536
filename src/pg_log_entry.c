/*
 * pg_log_entry.c
 *		Entries of the key log as SQL functions.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "log_entry.h"
#include "pg_merkle.h"

PG_FUNCTION_INFO_V1(log_entry_sql);
PG_FUNCTION_INFO_V1(log_round_entry_sql);

/* A field of fixed width; NULL leaves the zeros that stand for "none". */
static void
take_bytes(FunctionCallInfo fcinfo, int argument, uint8_t *out, size_t size)
{
	bytea *value;

	if (PG_ARGISNULL(argument))
		return;
	value = PG_GETARG_BYTEA_PP(argument);
	if (VARSIZE_ANY_EXHDR(value) != size)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument %d must be %d bytes", argument + 1,
							   (int) size)));
	memcpy(out, VARDATA_ANY(value), size);
}

static enum log_event
event_of(const char *name)
{
	static const char *const names[] = {
		[LOG_EVENT_REGISTERED] = "registered",
		[LOG_EVENT_ROTATED] = "rotated",
		[LOG_EVENT_IDENTITY_ADDED] = "identity_added",
		[LOG_EVENT_IDENTITY_REPLACED] = "identity_replaced",
		[LOG_EVENT_IDENTITY_RESET] = "identity_reset",
		[LOG_EVENT_DELETED] = "deleted"};

	for (int i = LOG_EVENT_REGISTERED; i <= LOG_EVENT_DELETED; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return 0; /* log_entry_encode() refuses it */
}

static void
refuse_entry(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("no entry of the key log has such fields")));
}

static Datum
encode_entry(struct log_entry *entry, text *service)
{
	uint8_t bytes[LOG_ENTRY_MAX_SIZE];
	size_t size = 0;

	if (log_entry_service(text_to_cstring(service), entry->service))
		size = log_entry_encode(entry, bytes);
	if (size == 0)
		refuse_entry();
	return PointerGetDatum(make_bytea(bytes, size));
}

/*
 * log_entry(service text, username text, user_id uuid, entry integer,
 *		event text, version integer, thumbprint, previous_thumbprint,
 *		identity_thumbprint, signature, endorsement bytea, at timestamptz,
 *		previous_leaf_hash bytea) returns bytea: 385 bytes
 */
Datum
log_entry_sql(PG_FUNCTION_ARGS)
{
	struct log_entry entry = {.kind = LOG_ENTRY_USER};
	struct log_user_entry *user = &entry.user;

	for (int i = 0; i < 6; i++)
		if (PG_ARGISNULL(i) || PG_ARGISNULL(11))
			PG_RETURN_NULL();
	if (strlcpy(user->username, text_to_cstring(PG_GETARG_TEXT_PP(1)),
				sizeof user->username) >= sizeof user->username ||
		PG_GETARG_INT32(3) < 1 || PG_GETARG_INT32(5) < 1 ||
		TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(11)))
		refuse_entry();
	memcpy(user->user_id, PG_GETARG_UUID_P(2)->data, UUID_LEN);
	user->number = (uint32_t) PG_GETARG_INT32(3);
	user->event = event_of(text_to_cstring(PG_GETARG_TEXT_PP(4)));
	user->key_version = (uint32_t) PG_GETARG_INT32(5);
	take_bytes(fcinfo, 6, user->thumbprint, sizeof user->thumbprint);
	take_bytes(fcinfo, 7, user->previous_thumbprint,
			   sizeof user->previous_thumbprint);
	take_bytes(fcinfo, 8, user->identity_thumbprint,
			   sizeof user->identity_thumbprint);
	take_bytes(fcinfo, 9, user->signature, sizeof user->signature);
	take_bytes(fcinfo, 10, user->endorsement, sizeof user->endorsement);
	user->time = (PG_GETARG_TIMESTAMPTZ(11) - SetEpochTimestamp()) / 1000;
	take_bytes(fcinfo, 12, user->previous_entry, sizeof user->previous_entry);
	return encode_entry(&entry, PG_GETARG_TEXT_PP(0));
}

/* log_round_entry(service text, round bigint) returns bytea: 104 bytes */
Datum
log_round_entry_sql(PG_FUNCTION_ARGS)
{
	struct log_entry entry = {.kind = LOG_ENTRY_ROUND};

	entry.round.round = size_of(PG_GETARG_INT64(1));
	return encode_entry(&entry, PG_GETARG_TEXT_PP(0));
}
