/*
 * pg_message.c
 *		Sending: arrays of envelopes in, a row for each out.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "pg_message_json.h"
#include "pg_send.h"
#include "pg_time.h"

PG_FUNCTION_INFO_V1(send_messages);
PG_FUNCTION_INFO_V1(rest_send_messages);

static const Oid element_types[] = {UUIDOID,  UUIDOID,	INT2OID,
									INT4OID,  INT4OID,	BYTEAOID,
									BYTEAOID, BYTEAOID, BOOLOID};

/* The names in error_codes(), and "repeated". */
static const char *const codes[] = {
	[FRESH] = NULL,
	[REPEATED] = "repeated",
	[INVALID_ENVELOPE] = "invalid_envelope",
	[UNKNOWN_RECEIVER] = "unknown_receiver",
	[MAILBOX_BUSY] = "mailbox_busy",
	[IV_REUSED] = "iv_reused",
	[STALE_KEY_VERSION] = "stale_key_version",
	[NOT_ACCEPTED] = "not_accepted",
	[NOT_LOGGED] = "not_logged",
	[MAILBOX_FULL] = "mailbox_full",
};

static void
refuse(const char *why)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_REQUEST), errmsg("%s", why),
					errhint("Compare the members and their types with the "
							"documentation.")));
}

static void
take_element(struct envelope *envelope, enum argument argument, Datum value)
{
	switch (argument)
	{
		case SENDER_IDS:
			envelope->sender = DatumGetUUIDP(value);
			break;
		case RECEIVER_IDS:
			envelope->receiver = DatumGetUUIDP(value);
			break;
		case SUITES:
			envelope->suite = DatumGetInt16(value);
			envelope->has_suite = true;
			break;
		case SENDER_KEY_VERSIONS:
			envelope->sender_key_version = DatumGetInt32(value);
			envelope->has_sender_key_version = true;
			break;
		case KEY_VERSIONS:
			envelope->key_version = DatumGetInt32(value);
			envelope->has_key_version = true;
			break;
		case IVS:
			envelope->iv = DatumGetByteaPP(value);
			break;
		case CIPHERTEXTS:
			envelope->ciphertext = DatumGetByteaPP(value);
			break;
		case AUTH_TAGS:
			envelope->auth_tag = DatumGetByteaPP(value);
			break;
		case AWAITED:
			envelope->is_awaited = DatumGetBool(value);
			break;
		default:
			break;
	}
}

static void
take_array(struct sending *sending, enum argument argument, Datum given)
{
	ArrayType *array = DatumGetArrayTypeP(given);
	Oid type = element_types[argument];
	Datum *values;
	bool *nulls;
	int16 length;
	bool by_value;
	char align;
	int count;

	if (argument < ARRAYS)
		sending->arrays[argument] = PointerGetDatum(array);
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, &values, &nulls,
					  &count);
	if (sending->envelopes == NULL)
	{
		sending->envelopes = palloc0(sizeof(struct envelope) * (count + 1));
		sending->count = count;
	}
	if (count != sending->count)
		refuse("the arrays differ in length");
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			take_element(&sending->envelopes[i], argument, values[i]);
}

static void
take_envelopes(struct sending *sending, FunctionCallInfo fcinfo)
{
	for (int i = 0; i < ARRAYS; i++)
	{
		if (PG_ARGISNULL(i))
			refuse("an array is NULL");
		take_array(sending, i, PG_GETARG_DATUM(i));
	}
	for (int i = 0; i < sending->count; i++)
	{
		sending->envelopes[i].ordinal = i + 1;
		check_envelope(&sending->envelopes[i]);
	}
}

static bool
is_stored(const struct envelope *envelope)
{
	return envelope->verdict == FRESH || envelope->verdict == REPEATED;
}

static Datum
code_of(const struct envelope *envelope, bool *isnull)
{
	const char *code = codes[envelope->verdict];

	*isnull = code == NULL;
	return code ? CStringGetTextDatum(code) : (Datum) 0;
}

static void
name_message(const struct envelope *envelope, pg_uuid_t *name)
{
	envelope_message_id(envelope->receiver->data, envelope->sender->data,
						(const uint8_t *) VARDATA_ANY(envelope->iv),
						name->data);
}

/*
 * send_messages(8 arrays, wait boolean) returns setof (ordinal integer,
 *		code text, detail text, message_id uuid, sent_at timestamptz)
 */
Datum
send_messages(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	struct sending sending = {.count = 0};

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	take_envelopes(&sending, fcinfo);
	send_envelopes(&sending, !PG_ARGISNULL(ARRAYS) && PG_GETARG_BOOL(ARRAYS));
	for (int i = 0; i < sending.count; i++)
	{
		const struct envelope *envelope = &sending.envelopes[i];
		bool stored = is_stored(envelope);
		Datum values[5] = {Int32GetDatum(envelope->ordinal)};
		bool nulls[5] = {false, false, !envelope->problem, !stored, !stored};
		pg_uuid_t name;

		values[1] = code_of(envelope, &nulls[1]);
		if (envelope->problem)
			values[2] = CStringGetTextDatum(envelope->problem);
		if (stored)
		{
			name_message(envelope, &name);
			values[3] = UUIDPGetDatum(&name);
			values[4] = TimestampTzGetDatum(envelope->sent_at);
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	SPI_finish();
	return (Datum) 0;
}

/* {"messageId", "sentAt"}, {"current"} or {"detail"}, as json */
static Datum
body_of(const struct envelope *envelope)
{
	StringInfoData body;
	pg_uuid_t name;

	if (envelope->verdict == STALE_KEY_VERSION)
		return find_current_key(envelope->receiver);
	initStringInfo(&body);
	if (is_stored(envelope))
	{
		char sent_at[JSON_TIME_SIZE];

		name_message(envelope, &name);
		json_time_of(envelope->sent_at, sent_at);
		appendStringInfo(&body, "{\"messageId\":\"%s\",\"sentAt\":\"%s\"}",
						 DatumGetCString(DirectFunctionCall1(
							 uuid_out, UUIDPGetDatum(&name))),
						 sent_at);
	}
	else if (envelope->problem) /* a sentence of ours */
		appendStringInfo(&body, "{\"detail\":\"%s\"}", envelope->problem);
	else
		appendStringInfoString(&body, "{}");
	return PointerGetDatum(cstring_to_text_with_len(body.data, body.len));
}

/* A trigger or rule of somebody else's may have changed the rows. */
static bool
stored_as_sent(void)
{
	Oid schema = get_namespace_oid("e2emsg", false);
	Relation table =
		table_open(get_relname_relid("messages", schema), AccessShareLock);
	const TriggerDesc *triggers = table->trigdesc;
	bool is_plain = table->rd_rules == NULL;

	for (int i = 0; triggers && i < triggers->numtriggers; i++)
		is_plain &= !TRIGGER_FOR_INSERT(triggers->triggers[i].tgtype);
	table_close(table, NoLock);
	return is_plain;
}

/* Marks what readers await, when that is at hand. */
static void
take_awaited(struct sending *sending, FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(AWAITED) && stored_as_sent())
		take_array(sending, AWAITED, PG_GETARG_DATUM(AWAITED));
}

/* What a reader gets, with its number; nothing of what was stored before. */
static void
give_message(const struct envelope *envelope, Datum values[2], bool nulls[2])
{
	nulls[0] = nulls[1] = !envelope->is_awaited || envelope->verdict != FRESH;
	if (nulls[0])
		return;
	values[0] = Int64GetDatum(envelope->seq);
	values[1] = PointerGetDatum(message_json_of(envelope));
}

/*
 * rest_send_messages(8 arrays, awaited boolean[]) returns setof (ordinal
 *		integer, code text, body json, seq bigint, message json)
 */
Datum
rest_send_messages(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	struct sending sending = {.count = 0};

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	take_envelopes(&sending, fcinfo);
	send_envelopes(&sending, false);
	take_awaited(&sending, fcinfo);
	for (int i = 0; i < sending.count; i++)
	{
		const struct envelope *envelope = &sending.envelopes[i];
		Datum values[5] = {Int32GetDatum(envelope->ordinal)};
		bool nulls[5] = {false};

		values[1] = code_of(envelope, &nulls[1]);
		values[2] = body_of(envelope);
		give_message(envelope, &values[3], &nulls[3]);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	SPI_finish();
	return (Datum) 0;
}
