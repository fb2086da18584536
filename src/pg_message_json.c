/*
 * pg_message_json.c
 *		A message as REST gives it: to who asks, and to who is sent it live.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base64url.h"
#include "pg_message_json.h"
#include "pg_time.h"

PG_FUNCTION_INFO_V1(message_json);

static void
add_id(StringInfo json, const char *name, const pg_uuid_t *id)
{
	char *digits =
		DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));

	appendStringInfo(json, "\"%s\":\"%s\",", name, digits);
	pfree(digits);
}

static void
add_bytes(StringInfo json, const char *name, const bytea *bytes)
{
	size_t size = VARSIZE_ANY_EXHDR(bytes);
	size_t length = base64url_encoded_length(size);

	appendStringInfo(json, "\"%s\":\"", name);
	enlargeStringInfo(json, length);
	base64url_encode_bytes((const uint8_t *) VARDATA_ANY(bytes), size,
						   json->data + json->len);
	json->len += length;
	appendStringInfoString(json, "\",");
}

text *
message_json_of(const struct envelope *envelope)
{
	StringInfoData json;
	char sent_at[JSON_TIME_SIZE];
	pg_uuid_t name;
	text *result;

	envelope_message_id(envelope->receiver->data, envelope->sender->data,
						(const uint8_t *) VARDATA_ANY(envelope->iv),
						name.data);
	json_time_of(envelope->sent_at, sent_at);
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	add_id(&json, "messageId", &name);
	appendStringInfo(&json, "\"seq\":" INT64_FORMAT ",", envelope->seq);
	add_id(&json, "senderId", envelope->sender);
	add_id(&json, "receiverId", envelope->receiver);
	appendStringInfo(&json, "\"suite\":%d,\"keyVersion\":%d,", envelope->suite,
					 envelope->key_version);
	if (envelope->has_sender_key_version)
		appendStringInfo(&json, "\"senderKeyVersion\":%d,",
						 envelope->sender_key_version);
	add_bytes(&json, "iv", envelope->iv);
	add_bytes(&json, "ciphertext", envelope->ciphertext);
	add_bytes(&json, "authTag", envelope->auth_tag);
	appendStringInfo(&json, "\"sentAt\":\"%s\"}", sent_at);
	result = cstring_to_text_with_len(json.data, json.len);
	pfree(json.data);
	return result;
}

/*
 * message_json(mailbox_id uuid, seq bigint, sender_id uuid, suite smallint,
 *		sender_key_version integer, key_version integer, iv bytea,
 *		ciphertext bytea, auth_tag bytea, sent_at timestamptz) returns json
 *
 * NULL when anything but sender_key_version is.
 */
Datum
message_json(PG_FUNCTION_ARGS)
{
	struct envelope envelope = {.has_sender_key_version = !PG_ARGISNULL(4)};

	for (int i = 0; i < PG_NARGS(); i++)
		if (i != 4 && PG_ARGISNULL(i))
			PG_RETURN_NULL();
	envelope.receiver = PG_GETARG_UUID_P(0);
	envelope.seq = PG_GETARG_INT64(1);
	envelope.sender = PG_GETARG_UUID_P(2);
	envelope.suite = PG_GETARG_INT16(3);
	if (envelope.has_sender_key_version)
		envelope.sender_key_version = PG_GETARG_INT32(4);
	envelope.key_version = PG_GETARG_INT32(5);
	envelope.iv = PG_GETARG_BYTEA_PP(6);
	envelope.ciphertext = PG_GETARG_BYTEA_PP(7);
	envelope.auth_tag = PG_GETARG_BYTEA_PP(8);
	envelope.sent_at = PG_GETARG_TIMESTAMPTZ(9);
	if (VARSIZE_ANY_EXHDR(envelope.iv) != ENVELOPE_IV_SIZE)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("iv must be 12 bytes")));
	PG_RETURN_TEXT_P(message_json_of(&envelope));
}
