/*
 * answer_fuzz.c
 *		What the client reads in a server's answers: key_object.c, sealed.c,
 *		key_proof.c, log_server.c, field.c.
 *
 * The input is a JSON object, and read as each of these.  What is taken is
 * written again and taken again, and lies within its bounds.
 */
#include "base64url.h"
#include "field.h"
#include "fuzz.h"
#include "key_object.h"
#include "key_proof.h"
#include "log_server.h"
#include "sealed.h"

#define SERVICE "msg.example.org"

static json_t *
bytes_or_null(const uint8_t *bytes, size_t size, bool there)
{
	return there ? field_from_bytes(bytes, size) : json_null();
}

/* A key object of what was read; the same is read of that. */
static void
check_key_object(const json_t *answer)
{
	struct key_object key, again;
	struct fault fault;
	json_t *object;

	if (key_object_read(answer, SERVICE, &key, &fault) != RESULT_OK)
	{
		must(fault.message[0] != '\0');
		return;
	}
	must(jwk_on_curve(&key.key) && username_valid(key.username));
	must(!key.has_identity || (jwk_on_curve(&key.identity) &&
							   memcmp(&key.identity, &key.key, 32) != 0));
	object = json_pack(
		"{s:o, s:s, s:I, s:o, s:o, s:o, s:o, s:o}", "userId",
		field_from_uuid(&key.user_id), "username", key.username, "keyVersion",
		(json_int_t) key.version, "publicKey", field_from_key(&key.key),
		"thumbprint", field_from_bytes(key.thumbprint, 32),
		"previousThumbprint",
		bytes_or_null(key.previous_thumbprint, 32, key.version > 1),
		"identityKey",
		key.has_identity ? field_from_key(&key.identity) : json_null(),
		"signature",
		bytes_or_null(key.signature, sizeof(key.signature), key.has_identity));
	must(key_object_read(object, SERVICE, &again, &fault) == RESULT_OK);
	must(memcmp(&key, &again, sizeof(key)) == 0);
	json_object_set_new(object, "keyVersion",
						json_integer((json_int_t) key.version % 7 + 2));
	if (key.has_identity && key.version % 7 + 2 != key.version)
		must(key_object_read(object, SERVICE, &again, &fault) ==
			 RESULT_UNTRUSTED);
	json_decref(object);
}

static void
check_sealed(const json_t *answer)
{
	struct sealed sealed, again = {0};
	json_t *object;

	if (sealed_read(answer, &sealed))
	{
		must(sealed.size <= ENVELOPE_MAX_CIPHERTEXT && sealed.seq >= 1 &&
			 sealed.version >= 1 && sealed.suite >= 0);
		must(strlen(sealed.sent_at) == SEALED_TIME_SIZE - 1);
		object = sealed.suite <= INT32_MAX ? sealed_json(&sealed) : NULL;
		json_object_set_new(object, "senderId",
							field_from_uuid(&sealed.sender));
		json_object_set_new(object, "messageId", field_from_uuid(&sealed.id));
		json_object_set_new(object, "seq", json_integer(sealed.seq));
		json_object_set_new(object, "sentAt", json_string(sealed.sent_at));
		if (sealed.sender_version == 0)
			json_object_del(object, "senderKeyVersion");
		must(object == NULL || sealed_read(object, &again));
		must(object == NULL ||
			 (same_bytes(again.ciphertext, again.size, sealed.ciphertext,
						 sealed.size) &&
			  memcmp(again.iv, sealed.iv, sizeof(sealed.iv)) == 0 &&
			  memcmp(again.tag, sealed.tag, sizeof(sealed.tag)) == 0 &&
			  again.suite == sealed.suite && again.version == sealed.version &&
			  again.sender_version == sealed.sender_version));
		sealed_free(&again);
		json_decref(object);
	}
	sealed_free(&sealed);
}

static void
check_proof(const json_t *answer)
{
	struct key_proof proof;
	uint8_t bytes[LOG_USER_ENTRY_SIZE], hash[MERKLE_HASH_SIZE];
	struct checkpoint checkpoint = {.size = 0};

	if (!key_proof_read(answer, &proof))
		return;
	must(proof.count <= MERKLE_MAX_PROOF && proof.size <= INT64_MAX &&
		 proof.index <= INT64_MAX);
	must(proof.entry.kind == LOG_ENTRY_USER);
	must(field_bytes(answer, "entry", bytes, sizeof(bytes)));
	merkle_leaf_hash(bytes, sizeof(bytes), hash);
	must(memcmp(hash, proof.leaf_hash, sizeof(hash)) == 0);
	checkpoint.size = proof.size;
	must(key_proof_verify(&proof, &checkpoint) != NULL); /* root of zeros */
}

static void
check_page(json_t *answer)
{
	struct log_page page = {.entries = json_object_get(answer, "entries")};

	for (size_t i = 0; i <= json_array_size(page.entries); i++)
	{
		struct log_row row;

		if (!log_page_row(&page, i, &row))
			continue;
		must(i < json_array_size(page.entries));
		must(row.size <= LOG_ENTRY_MAX_SIZE);
		must(!row.has_identity || jwk_on_curve(&row.identity));
	}
}

static void
check_uuid(const json_t *answer)
{
	char text[UUID_TEXT_SIZE];
	const char *said;
	struct uuid id;

	if (!field_uuid(answer, "userId", &id))
		return;
	uuid_print(&id, text);
	must(field_text(answer, "userId", 36, 36, &said) &&
		 strcmp(said, text) == 0);
}

/* A day that each month has and no leap second: the calendar knows it. */
static void
check_time(const json_t *answer)
{
	char again[32];
	const char *said;
	struct tm parts;
	time_t at;

	if (!field_time(answer, "sentAt", &at) ||
		!field_text(answer, "sentAt", 24, 24, &said) ||
		strncmp(said + 8, "28", 2) > 0 || strncmp(said + 17, "59", 2) > 0)
		return;
	must(gmtime_r(&at, &parts) != NULL);
	strftime(again, sizeof(again), "%m-%dT%H:%M:%S", &parts);
	must(strncmp(again, said + 5, 14) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *answer = field_parse((const char *) data, size);

	if (!answer)
		return 0;
	check_key_object(answer);
	check_sealed(answer);
	check_proof(answer);
	check_page(answer);
	check_uuid(answer);
	check_time(answer);
	json_decref(answer);
	return 0;
}
