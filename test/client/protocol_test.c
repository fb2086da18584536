/*
 * protocol_test.c
 *		test/vectors/protocol.json: the document's bytes, from this library.
 */
#include "assertion.h"
#include "bucket.h"
#include "endorsement.h"
#include "frame.h"
#include "safety.h"
#include "suite.h"
#include "vector.h"

static const json_t *
user_named(const json_t *file, const char *username)
{
	json_t *user;
	size_t i;

	json_array_foreach(json_object_get(file, "users"), i, user)
	{
		if (strcmp(vector_text(user, "username"), username) == 0)
			return user;
	}
	vector_need(false, username);
	return NULL;
}

static bool
thumbprint_is(const struct jwk *key, const json_t *vector)
{
	uint8_t expected[JWK_THUMBPRINT_SIZE], computed[JWK_THUMBPRINT_SIZE];

	vector_fixed(vector, "thumbprint", expected, sizeof(expected));
	jwk_thumbprint(key, computed);
	return memcmp(expected, computed, sizeof(computed)) == 0;
}

static void
check_user_key(struct tap *tap, const json_t *entry)
{
	struct keypair pair = {0};
	struct jwk stated;

	vector_pair(json_object_get(entry, "jwk"), &pair);
	vector_jwk(json_object_get(entry, "jwk"), &stated);
	tap_ok(tap,
		   memcmp(&pair.public_key, &stated, sizeof(stated)) == 0 &&
			   thumbprint_is(&pair.public_key, entry),
		   "a user's key and thumbprint");
	keypair_free(&pair);
}

static void
check_users(struct tap *tap, const json_t *file)
{
	json_t *user, *entry;
	size_t i, j;

	json_array_foreach(json_object_get(file, "users"), i, user)
	{
		const char *name = vector_text(user, "username");
		struct uuid id;

		vector_uuid(user, "userId", &id);
		tap_ok(tap,
			   (id.bytes[0] << 8 | id.bytes[1]) ==
				   bucket_of_username(name, strlen(name)),
			   "a user's id begins with the bucket");
		if (json_object_get(user, "identityKey") != NULL)
			check_user_key(tap, json_object_get(user, "identityKey"));
		json_array_foreach(json_object_get(user, "encryptionKeys"), j, entry)
		{
			check_user_key(tap, entry);
		}
	}
}

static void
check_thumbprints(struct tap *tap, const json_t *file)
{
	json_t *vector;
	size_t i;

	json_array_foreach(json_object_get(file, "thumbprints"), i, vector)
	{
		struct jwk key;
		char canonical[JWK_CANONICAL_SIZE];

		vector_jwk(json_object_get(vector, "jwk"), &key);
		jwk_canonical(&key, canonical);
		tap_ok(tap,
			   strlen(vector_text(vector, "canonical")) == sizeof(canonical) &&
				   memcmp(vector_text(vector, "canonical"), canonical,
						  sizeof(canonical)) == 0 &&
				   thumbprint_is(&key, vector),
			   "RFC 7638 text and thumbprint");
	}
}

static void
check_endorsement(struct tap *tap, const char *service, const json_t *vector)
{
	struct jwk identity, key;
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	uint8_t previous[JWK_THUMBPRINT_SIZE] = {0};
	uint8_t signature[ES256_SIZE];
	uint8_t statement[ENDORSEMENT_SIZE];
	bool good;

	vector_jwk(json_object_get(vector, "identityKey"), &identity);
	vector_jwk(json_object_get(vector, "publicKey"), &key);
	vector_fixed(vector, "signature", signature, sizeof(signature));
	if (json_is_string(json_object_get(vector, "previousThumbprint")))
		vector_fixed(vector, "previousThumbprint", previous, sizeof(previous));
	jwk_thumbprint(&key, thumbprint);
	endorsement_statement(service, vector_text(vector, "username"),
						  vector_number(vector, "keyVersion"), thumbprint,
						  previous, statement);
	good = es256_verify(&identity, statement, sizeof(statement), signature) ==
		   vector_true(vector, "valid");
	if (vector_true(vector, "valid"))
	{
		struct bytes expected = vector_hex(vector, "statementHex");

		good &= vector_equal(&expected, statement, sizeof(statement));
		free(expected.at);
	}
	tap_ok(tap, good, vector_text(vector, "comment"));
}

static void
check_identity_change(struct tap *tap, const char *service,
					  const json_t *vector)
{
	struct jwk old, new;
	uint8_t of_old[JWK_THUMBPRINT_SIZE], of_new[JWK_THUMBPRINT_SIZE];
	uint8_t signature[ES256_SIZE];
	uint8_t statement[IDENTITY_CHANGE_SIZE];
	struct bytes expected = vector_hex(vector, "statementHex");

	vector_jwk(json_object_get(vector, "oldIdentityKey"), &old);
	vector_jwk(json_object_get(vector, "newIdentityKey"), &new);
	vector_fixed(vector, "signature", signature, sizeof(signature));
	jwk_thumbprint(&old, of_old);
	jwk_thumbprint(&new, of_new);
	identity_change_statement(service, vector_text(vector, "username"), of_new,
							  of_old, statement);
	tap_ok(tap,
		   vector_equal(&expected, statement, sizeof(statement)) &&
			   es256_verify(&old, statement, sizeof(statement), signature) ==
				   vector_true(vector, "valid"),
		   "identity change");
	free(expected.at);
}

static void
check_session(struct tap *tap, const json_t *file, const json_t *vector)
{
	const json_t *user = user_named(file, vector_text(vector, "username"));
	struct keypair identity = {0};
	char input[ASSERTION_MAX], whole[ASSERTION_MAX];
	uint8_t signature[ES256_SIZE];
	size_t size;

	vector_pair(json_object_get(json_object_get(user, "identityKey"), "jwk"),
				&identity);
	tap_ok(tap,
		   assertion_signing_input(vector_text(vector, "username"),
								   vector_text(vector, "audience"),
								   vector_text(vector, "nonce"), input) &&
			   strcmp(input, vector_text(vector, "signingInput")) == 0,
		   "signing input of a session assertion");
	size = strlen(input);
	tap_ok(tap,
		   assertion_make(&identity, vector_text(vector, "username"),
						  vector_text(vector, "audience"),
						  vector_text(vector, "nonce"), whole) &&
			   strncmp(whole, input, size) == 0 && whole[size] == '.' &&
			   base64url_decode_bytes(whole + size + 1,
									  strlen(whole + size + 1), signature) &&
			   es256_verify(&identity.public_key, (const uint8_t *) input,
							size, signature),
		   "an assertion of ours verifies");
	keypair_free(&identity);
}

/* The bytes of a frame vector, built when they are not written out. */
static struct bytes
frame_bytes(const json_t *vector, const struct frame *said)
{
	size_t size = vector_number(vector, "size");
	struct bytes out = {calloc(1, size + 1), size};

	if (json_is_string(json_object_get(vector, "startHex")))
	{
		struct bytes start = vector_hex(vector, "startHex");

		memcpy(out.at, start.at, start.size < size ? start.size : size);
		free(start.at);
	}
	else
		frame_build(said, out.at);
	return out;
}

/* What a frame vector says; *text, id, receipt_id and head back it. */
static struct frame
frame_said(const json_t *vector, struct bytes *text, uint8_t id[FRAME_ID_SIZE],
		   struct uuid *receipt_id, uint8_t head[FRAME_HEAD_SIZE])
{
	const json_t *plain = json_object_get(vector, "text");
	const json_t *repeat = json_object_get(vector, "textRepeat");
	const json_t *receipt = json_object_get(vector, "receipt");
	struct frame said = {0};

	text->size =
		repeat ? vector_number(repeat, "count") : json_string_length(plain);
	text->at = malloc(text->size + 1);
	if (repeat != NULL)
		memset(text->at, vector_text(repeat, "character")[0], text->size);
	else if (plain != NULL)
		memcpy(text->at, json_string_value(plain), text->size);
	said.text = plain || repeat ? text->at : NULL;
	said.text_size = text->size;
	if (json_object_get(vector, "clientMessageId") != NULL)
	{
		vector_fixed(vector, "clientMessageId", id, FRAME_ID_SIZE);
		said.id = id;
	}
	if (receipt != NULL)
	{
		vector_uuid(receipt, "messageId", receipt_id);
		said.receipt = strcmp(vector_text(receipt, "kind"), "read") == 0
						   ? RECEIPT_READ
						   : RECEIPT_DELIVERED;
		said.receipt_id = receipt_id->bytes;
	}
	if (json_object_get(vector, "logHead") != NULL)
	{
		vector_fixed(vector, "logHead", head, FRAME_HEAD_SIZE);
		said.log_head = head;
	}
	return said;
}

static bool
same_or_absent(const uint8_t *a, const uint8_t *b, size_t size)
{
	return a && b ? memcmp(a, b, size) == 0 : a == b;
}

static bool
same_frame(const struct frame *a, const struct frame *b)
{
	return a->text_size == b->text_size &&
		   same_or_absent(a->text, b->text, a->text_size) &&
		   same_or_absent(a->id, b->id, FRAME_ID_SIZE) &&
		   a->receipt == b->receipt &&
		   same_or_absent(a->receipt_id, b->receipt_id, FRAME_ID_SIZE) &&
		   same_or_absent(a->log_head, b->log_head, FRAME_HEAD_SIZE);
}

/* Are the fields of unknown types those of the vector? */
static bool
same_others(const json_t *vector, const struct bytes *bytes)
{
	const json_t *others = json_object_get(vector, "others");
	size_t offset = 1, found = 0;
	struct frame_field field;
	bool same = true;

	while (frame_next(bytes->at, bytes->size, &offset, &field))
	{
		const json_t *other;
		struct bytes value;

		if (field.type <= FRAME_LOG_HEAD)
			continue;
		other = json_array_get(others, found++);
		if (other == NULL)
			return false;
		value = vector_hex(other, "valueHex");
		same &= vector_number(other, "type") == field.type &&
				vector_equal(&value, field.value, field.size);
		free(value.at);
	}
	return same && found == json_array_size(others);
}

static void
check_frame(struct tap *tap, const json_t *vector)
{
	struct bytes text;
	uint8_t id[FRAME_ID_SIZE];
	uint8_t head[FRAME_HEAD_SIZE];
	struct uuid receipt_id;
	struct frame said = frame_said(vector, &text, id, &receipt_id, head);
	struct bytes bytes = frame_bytes(vector, &said);
	struct frame frame;
	bool good = (frame_parse(bytes.at, bytes.size, &frame) == NULL) ==
				vector_true(vector, "valid");

	if (good && vector_true(vector, "valid"))
		good = same_frame(&frame, &said) && same_others(vector, &bytes);
	if (good && vector_true(vector, "built"))
	{
		uint8_t *built = malloc(FRAME_SIZE_MAX);

		good = frame_padded_size(&said) == bytes.size;
		if (good)
			frame_build(&said, built);
		good = good && memcmp(built, bytes.at, bytes.size) == 0;
		free(built);
	}
	tap_ok(tap, good, vector_text(vector, "comment"));
	free(bytes.at);
	free(text.at);
}

/* A side of an envelope vector: its key and what the context says of it. */
static void
make_party(const json_t *file, const json_t *vector, const char *who,
		   const char *version, struct keypair *pair, struct suite_party *out)
{
	const json_t *user = user_named(file, vector_text(vector, who));
	const json_t *key;

	out->version = vector_number(vector, version);
	key = json_array_get(json_object_get(user, "encryptionKeys"),
						 out->version - 1);
	vector_uuid(user, "userId", &out->id);
	vector_pair(json_object_get(key, "jwk"), pair);
	jwk_thumbprint(&pair->public_key, out->thumbprint);
}

/* Context, secret and key are those of the vector, and sealing gives it. */
static void
check_sealing(struct tap *tap, const json_t *vector,
			  const struct keypair *sender, const struct keypair *receiver,
			  const struct suite_context *context, const uint8_t *iv)
{
	int suite = (int) vector_number(vector, "suite");
	struct bytes secret = vector_hex(vector, "sharedSecretHex");
	struct bytes key = vector_hex(vector, "keyHex");
	struct bytes plain = vector_hex(vector, "plaintextHex");
	struct bytes sealed = vector_bytes(vector, "ciphertext");
	struct bytes tag = vector_bytes(vector, "authTag");
	uint8_t computed[SUITE_CONTEXT_SIZE], computed_tag[ENVELOPE_TAG_SIZE];
	uint8_t *ciphertext = malloc(plain.size + 1);
	bool good =
		keypair_agree(sender, &receiver->public_key, computed) &&
		vector_equal(&secret, computed, KEYPAIR_SECRET_SIZE) &&
		keypair_agree(receiver, &sender->public_key, computed) &&
		vector_equal(&secret, computed, KEYPAIR_SECRET_SIZE) &&
		suite_key(suite, sender, &receiver->public_key, context, computed) &&
		vector_equal(&key, computed, SUITE_KEY_SIZE) &&
		suite_seal(suite, sender, &receiver->public_key, context, iv, plain.at,
				   plain.size, ciphertext, computed_tag) &&
		vector_equal(&sealed, ciphertext, plain.size) &&
		vector_equal(&tag, computed_tag, sizeof(computed_tag));

	if (suite == SUITE_E2EMSG)
	{
		struct bytes expected = vector_hex(vector, "contextHex");

		suite_context_bytes(context, computed);
		good &= vector_equal(&expected, computed, sizeof(computed));
		free(expected.at);
	}
	tap_ok(tap, good, "the same, sealed again");
	free(secret.at);
	free(key.at);
	free(plain.at);
	free(sealed.at);
	free(tag.at);
	free(ciphertext);
}

static void
check_envelope(struct tap *tap, const json_t *file, const json_t *vector)
{
	struct keypair sender = {0}, receiver = {0};
	struct suite_context context;
	uint8_t iv[ENVELOPE_IV_SIZE], tag[ENVELOPE_TAG_SIZE];
	struct bytes sealed = vector_bytes(vector, "ciphertext");
	struct bytes plain = vector_hex(vector, "plaintextHex");
	uint8_t *opened = malloc(sealed.size + 1);
	bool good;

	make_party(file, vector, "sender", "senderKeyVersion", &sender,
			   &context.sender);
	make_party(file, vector, "receiver", "keyVersion", &receiver,
			   &context.receiver);
	vector_fixed(vector, "iv", iv, sizeof(iv));
	vector_fixed(vector, "authTag", tag, sizeof(tag));
	good = suite_open((int) vector_number(vector, "suite"), &receiver,
					  &sender.public_key, &context, iv, sealed.at, sealed.size,
					  tag, opened);
	tap_ok(tap,
		   good == vector_true(vector, "valid") &&
			   (!good || vector_equal(&plain, opened, sealed.size)),
		   vector_text(vector, "comment"));
	if (json_object_get(vector, "keyHex") != NULL)
		check_sealing(tap, vector, &sender, &receiver, &context, iv);
	keypair_free(&sender);
	keypair_free(&receiver);
	free(sealed.at);
	free(plain.at);
	free(opened);
}

static void
check_safety_number(struct tap *tap, const json_t *vector)
{
	const json_t *users = json_object_get(vector, "users");
	struct safety_side sides[2];
	char one[SAFETY_DIGITS + 1], other[SAFETY_DIGITS + 1];

	for (size_t i = 0; i < 2; i++)
	{
		const json_t *user = json_array_get(users, i);

		sides[i].username = vector_text(user, "username");
		vector_fixed(user, "identityThumbprint", sides[i].identity_thumbprint,
					 JWK_THUMBPRINT_SIZE);
	}
	tap_ok(tap,
		   safety_number(vector_text(vector, "service"), &sides[0], &sides[1],
						 one) &&
			   safety_number(vector_text(vector, "service"), &sides[1],
							 &sides[0], other) &&
			   strcmp(one, other) == 0 &&
			   strcmp(one, vector_text(vector, "safetyNumber")) == 0,
		   "safety number, from both sides");
}

static void
check_message_id(struct tap *tap, const json_t *vector)
{
	struct uuid mailbox, sender, expected, computed;
	uint8_t iv[ENVELOPE_IV_SIZE];

	vector_uuid(vector, "mailboxId", &mailbox);
	vector_uuid(vector, "senderId", &sender);
	vector_uuid(vector, "messageId", &expected);
	vector_fixed(vector, "iv", iv, sizeof(iv));
	envelope_message_id(mailbox.bytes, sender.bytes, iv, computed.bytes);
	tap_ok(tap, uuid_equal(&expected, &computed), "message id");
}

static void
check_bucket(struct tap *tap, const json_t *vector)
{
	const char *name = vector_text(vector, "username");

	tap_ok(tap,
		   bucket_of_username(name, strlen(name)) ==
			   vector_number(vector, "bucket"),
		   "bucket");
}

/* Runs a check of one vector over a member of the file. */
static void
check_each(struct tap *tap, const json_t *file, const char *member,
		   void (*check)(struct tap *, const json_t *))
{
	json_t *vector;
	size_t i;

	json_array_foreach(json_object_get(file, member), i, vector)
	{
		check(tap, vector);
	}
}

int
main(void)
{
	struct tap tap = {0};
	json_t *file = tap_vectors("protocol.json");
	const char *service = vector_text(file, "service");
	json_t *vector;
	size_t i;

	check_users(&tap, file);
	check_thumbprints(&tap, file);
	json_array_foreach(json_object_get(file, "endorsements"), i, vector)
	{
		check_endorsement(&tap, service, vector);
	}
	json_array_foreach(json_object_get(file, "identityChanges"), i, vector)
	{
		check_identity_change(&tap, service, vector);
	}
	json_array_foreach(json_object_get(file, "sessions"), i, vector)
	{
		check_session(&tap, file, vector);
	}
	check_each(&tap, file, "frames", check_frame);
	json_array_foreach(json_object_get(file, "envelopes"), i, vector)
	{
		check_envelope(&tap, file, vector);
	}
	check_each(&tap, file, "safetyNumbers", check_safety_number);
	check_each(&tap, file, "messageIds", check_message_id);
	check_each(&tap, file, "buckets", check_bucket);
	json_decref(file);
	return tap_end(&tap);
}
