/*
 * key_log_test.c
 *		The section "keyLog" of test/vectors/protocol.json: entries, tree,
 *		proofs and notes, from this library.
 */
#include "checkpoint.h"
#include "frame.h"
#include "log_entry.h"
#include "log_pin.h"
#include "log_succession.h"
#include "merkle.h"
#include "signature.h"
#include "vector.h"

/* What every check needs of the file. */
struct world
{
	struct tap tap;
	const char *service;
	const json_t *section;	  /* "keyLog" */
	struct note_verifier key; /* that signed all notes */
	uint8_t seed[NOTE_SEED_SIZE];
};

/* Bytes of a member in base64url, zeros when it is null. */
static void
fixed_or_zeros(const json_t *vector, const char *name, uint8_t *out,
			   size_t size)
{
	memset(out, 0, size);
	if (!json_is_null(json_object_get(vector, name)))
		vector_fixed(vector, name, out, size);
}

static void
fixed_hex(const json_t *vector, const char *name, uint8_t *out, size_t size)
{
	struct bytes bytes = vector_hex(vector, name);

	vector_need(bytes.size == size, name);
	memcpy(out, bytes.at, size);
	free(bytes.at);
}

static uint64_t
vector_size(const json_t *vector, const char *name)
{
	return (uint64_t) json_integer_value(json_object_get(vector, name));
}

static void
check_key(struct world *world, const json_t *vector)
{
	struct note_verifier key, parsed;
	uint8_t seed[NOTE_SEED_SIZE], public_key[NOTE_PUBLIC_KEY_SIZE];
	uint8_t expected[NOTE_PUBLIC_KEY_SIZE], key_id[NOTE_KEY_ID_SIZE];
	char text[NOTE_VERIFIER_TEXT_SIZE];

	fixed_hex(vector, "seedHex", seed, sizeof(seed));
	fixed_hex(vector, "publicKeyHex", expected, sizeof(expected));
	fixed_hex(vector, "keyIdHex", key_id, sizeof(key_id));
	vector_need(note_public_key(seed, public_key), "seedHex");
	vector_need(
		note_verifier_make(vector_text(vector, "name"), public_key, &key),
		"name");
	note_verifier_format(&key, text);
	tap_ok(&world->tap,
		   memcmp(public_key, expected, sizeof(expected)) == 0 &&
			   memcmp(key.key_id, key_id, sizeof(key_id)) == 0 &&
			   strcmp(text, vector_text(vector, "verifier")) == 0 &&
			   note_verifier_parse(text, &parsed) &&
			   memcmp(&parsed, &key, sizeof(key)) == 0,
		   "a verifier");
	if (world->key.name[0] != '\0')
		return;
	world->key = key;
	memcpy(world->seed, seed, sizeof(seed));
}

static enum log_event
event_named(const char *name)
{
	static const char *const names[] = {"",
										"registered",
										"rotated",
										"identity_added",
										"identity_replaced",
										"identity_reset",
										"deleted"};

	for (int i = 1; i <= LOG_EVENT_DELETED; i++)
		if (strcmp(names[i], name) == 0)
			return (enum log_event) i;
	vector_need(false, "event");
	return LOG_EVENT_REGISTERED;
}

static void
read_user(const json_t *vector, struct log_user_entry *out)
{
	struct uuid id;

	snprintf(out->username, sizeof(out->username), "%s",
			 vector_text(vector, "username"));
	vector_uuid(vector, "userId", &id);
	memcpy(out->user_id, id.bytes, sizeof(out->user_id));
	out->number = vector_number(vector, "number");
	out->event = event_named(vector_text(vector, "event"));
	out->key_version = vector_number(vector, "keyVersion");
	out->time = (int64_t) vector_size(vector, "time");
	vector_fixed(vector, "thumbprint", out->thumbprint,
				 sizeof(out->thumbprint));
	fixed_or_zeros(vector, "previousThumbprint", out->previous_thumbprint,
				   sizeof(out->previous_thumbprint));
	fixed_or_zeros(vector, "identityThumbprint", out->identity_thumbprint,
				   sizeof(out->identity_thumbprint));
	fixed_or_zeros(vector, "signature", out->signature,
				   sizeof(out->signature));
	fixed_or_zeros(vector, "endorsement", out->endorsement,
				   sizeof(out->endorsement));
	fixed_or_zeros(vector, "previousEntry", out->previous_entry,
				   sizeof(out->previous_entry));
}

static void
read_entry(const struct world *world, const json_t *vector,
		   struct log_entry *out)
{
	memset(out, 0, sizeof(*out));
	vector_need(log_entry_service(world->service, out->service), "service");
	if (strcmp(vector_text(vector, "kind"), "round") == 0)
	{
		out->kind = LOG_ENTRY_ROUND;
		out->round.round = vector_size(vector, "round");
	}
	else
		read_user(vector, &out->user);
}

static void
check_entry(struct world *world, const json_t *vector)
{
	struct log_entry entry, decoded;
	struct bytes expected = vector_hex(vector, "entryHex");
	uint8_t bytes[LOG_ENTRY_MAX_SIZE], again[LOG_ENTRY_MAX_SIZE];
	uint8_t expected_hash[MERKLE_HASH_SIZE], hash[MERKLE_HASH_SIZE];
	size_t size;

	read_entry(world, vector, &entry);
	vector_fixed(vector, "leafHash", expected_hash, sizeof(expected_hash));
	size = log_entry_encode(&entry, bytes);
	tap_ok(&world->tap,
		   vector_equal(&expected, bytes, size) &&
			   log_entry_decode(bytes, size, &decoded) &&
			   log_entry_encode(&decoded, again) == size &&
			   memcmp(bytes, again, size) == 0 &&
			   log_entry_leaf_hash(&entry, hash) &&
			   memcmp(hash, expected_hash, sizeof(hash)) == 0,
		   vector_text(vector, "comment"));
	free(expected.at);
}

/* The signature of an entry is that of the endorsement. */
static void
check_entry_signature(struct world *world, const json_t *vector)
{
	struct log_entry entry;
	struct jwk identity;
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	uint8_t statement[ENDORSEMENT_SIZE];

	if (!json_is_string(json_object_get(vector, "signature")))
		return;
	read_entry(world, vector, &entry);
	vector_jwk(json_object_get(vector, "identityKey"), &identity);
	jwk_thumbprint(&identity, thumbprint);
	endorsement_statement(world->service, entry.user.username,
						  entry.user.key_version, entry.user.thumbprint,
						  entry.user.previous_thumbprint, statement);
	tap_ok(&world->tap,
		   memcmp(thumbprint, entry.user.identity_thumbprint,
				  sizeof(thumbprint)) == 0 &&
			   es256_verify(&identity, statement, sizeof(statement),
							entry.user.signature),
		   "its signature");
}

static void
check_malformed_entry(struct world *world, const json_t *vector)
{
	struct bytes bytes = vector_hex(vector, "entryHex");
	struct log_entry entry;

	tap_ok(&world->tap, !log_entry_decode(bytes.at, bytes.size, &entry),
		   vector_text(vector, "comment"));
	free(bytes.at);
}

/* Root number "size" of the file. */
static void
read_root(const struct world *world, uint64_t size,
		  uint8_t out[MERKLE_HASH_SIZE])
{
	const char *text = json_string_value(json_array_get(
		json_object_get(world->section, "roots"), (size_t) size));

	vector_need(text != NULL &&
					base64url_decoded_length(strlen(text)) ==
						MERKLE_HASH_SIZE &&
					base64url_decode_bytes(text, strlen(text), out),
				"root");
}

static const json_t *
entry_at(const struct world *world, uint64_t leaf)
{
	return json_array_get(json_object_get(world->section, "entries"),
						  (size_t) leaf);
}

static bool
root_is(const struct world *world, const struct merkle_edge *edge)
{
	uint8_t expected[MERKLE_HASH_SIZE], root[MERKLE_HASH_SIZE];

	read_root(world, edge->size, expected);
	merkle_edge_root(edge, root);
	return memcmp(expected, root, sizeof(root)) == 0;
}

static void
check_roots(struct world *world)
{
	size_t count = json_array_size(json_object_get(world->section, "roots"));
	struct merkle_edge edge = {0};
	uint8_t hash[MERKLE_HASH_SIZE];

	tap_ok(&world->tap, root_is(world, &edge), "root of nothing");
	while (edge.size + 1 < count)
	{
		vector_fixed(entry_at(world, edge.size), "leafHash", hash,
					 sizeof(hash));
		tap_ok(&world->tap,
			   merkle_edge_append(&edge, hash) && root_is(world, &edge),
			   "root of some entries");
	}
}

static size_t
read_proof(const json_t *vector,
		   uint8_t out[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE])
{
	struct bytes bytes = vector_bytes(vector, "proof");

	vector_need(bytes.size <= MERKLE_MAX_PROOF * MERKLE_HASH_SIZE &&
					bytes.size % MERKLE_HASH_SIZE == 0,
				"proof");
	memcpy(out, bytes.at, bytes.size);
	free(bytes.at);
	return bytes.size / MERKLE_HASH_SIZE;
}

static void
check_inclusion(struct world *world, const json_t *vector)
{
	uint64_t leaf = vector_size(vector, "leaf");
	uint64_t size = vector_size(vector, "size");
	uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE];
	uint8_t root[MERKLE_HASH_SIZE], hash[MERKLE_HASH_SIZE];
	size_t count = read_proof(vector, proof);

	read_root(world, size, root);
	vector_fixed(entry_at(world, leaf), "leafHash", hash, sizeof(hash));
	tap_ok(&world->tap,
		   merkle_verify_inclusion(hash, leaf, size, proof, count, root) ==
			   vector_true(vector, "valid"),
		   "inclusion");
}

static void
check_consistency(struct world *world, const json_t *vector)
{
	uint64_t from = vector_size(vector, "from");
	uint64_t to = vector_size(vector, "to");
	uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE];
	uint8_t from_root[MERKLE_HASH_SIZE], to_root[MERKLE_HASH_SIZE];
	size_t count = read_proof(vector, proof);

	read_root(world, from, from_root);
	read_root(world, to, to_root);
	tap_ok(&world->tap,
		   merkle_verify_consistency(from, from_root, to, to_root, proof,
									 count) == vector_true(vector, "valid"),
		   "consistency");
}

static void
check_checkpoint(struct world *world, const json_t *vector)
{
	const char *note = vector_text(vector, "note");
	struct checkpoint checkpoint;
	uint8_t root[MERKLE_HASH_SIZE];
	char again[NOTE_MAX_SIZE];
	size_t length;
	bool good = checkpoint_open(note, strlen(note), &world->key,
								&checkpoint) == NOTE_FINE;

	if (!vector_true(vector, "valid"))
	{
		tap_ok(&world->tap, !good, vector_text(vector, "comment"));
		return;
	}
	vector_fixed(vector, "root", root, sizeof(root));
	good = good && checkpoint.size == vector_size(vector, "size") &&
		   memcmp(checkpoint.root, root, sizeof(root)) == 0 &&
		   checkpoint_sign(world->key.name, world->seed, checkpoint.size, root,
						   NULL, again, sizeof(again), &length) &&
		   strncmp(note, again, length) == 0;
	tap_ok(&world->tap, good, vector_text(vector, "comment"));
}

static void
check_succession(struct world *world, const json_t *vector)
{
	const char *note = vector_text(vector, "note");
	struct log_succession said;
	uint8_t old_root[MERKLE_HASH_SIZE], new_root[MERKLE_HASH_SIZE];
	char verifier[NOTE_VERIFIER_TEXT_SIZE];
	bool good = log_succession_read(note, strlen(note), &world->key, &said);

	if (!vector_true(vector, "valid"))
	{
		tap_ok(&world->tap, !good, vector_text(vector, "comment"));
		return;
	}
	vector_fixed(vector, "oldRoot", old_root, sizeof(old_root));
	vector_fixed(vector, "newRoot", new_root, sizeof(new_root));
	note_verifier_format(&said.next, verifier);
	tap_ok(&world->tap,
		   good && strcmp(verifier, vector_text(vector, "verifier")) == 0 &&
			   said.old_size == vector_size(vector, "oldSize") &&
			   said.new_size == vector_size(vector, "newSize") &&
			   memcmp(said.old_root, old_root, sizeof(old_root)) == 0 &&
			   memcmp(said.new_root, new_root, sizeof(new_root)) == 0,
		   vector_text(vector, "comment"));
}

/* The first checkpoint, pinned. */
static struct log_pin
pin_checkpoint(const struct world *world)
{
	const json_t *first =
		json_array_get(json_object_get(world->section, "checkpoints"), 0);
	struct log_pin pin = {0};
	char verifier[NOTE_VERIFIER_TEXT_SIZE];

	note_verifier_format(&world->key, verifier);
	vector_need(log_pin_begin(&pin, verifier, vector_text(first, "note")),
				"checkpoints");
	return pin;
}

/* The value of field 4: is it what the log's key signed? */
static void
check_signed_head(struct world *world, const json_t *vector)
{
	struct log_pin pin = pin_checkpoint(world);
	struct bytes head = vector_hex(vector, "headHex");
	struct checkpoint seen;
	enum log_sight sight;

	vector_need(head.size == FRAME_HEAD_SIZE, "headHex");
	sight = log_pin_judge_head(&pin, head.at, &seen);
	tap_ok(&world->tap,
		   vector_true(vector, "valid")
			   ? sight == LOG_SAME
			   : sight == LOG_UNFIT || sight == LOG_FOREIGN,
		   vector_text(vector, "comment"));
	free(head.at);
}

static void
check_head(struct world *world, const json_t *vector)
{
	struct log_pin pin = pin_checkpoint(world);
	struct bytes start, expected;
	size_t size, offset = 1;
	uint8_t *bytes;
	uint8_t head[FRAME_HEAD_SIZE];
	struct frame frame;
	struct frame_field field = {0};
	bool good;

	if (!vector_true(vector, "valid"))
		return;
	start = vector_hex(vector, "frameStartHex");
	expected = vector_hex(vector, "headHex");
	size = vector_number(vector, "frameSize");
	bytes = calloc(1, size);
	vector_need(bytes != NULL && start.size <= size, "frameStartHex");
	memcpy(bytes, start.at, start.size);
	good = log_pin_write_head(&pin, head) &&
		   frame_parse(bytes, size, &frame) == NULL;
	while (good && frame_next(bytes, size, &offset, &field) &&
		   field.type != FRAME_LOG_HEAD)
		;
	tap_ok(&world->tap,
		   good && field.type == FRAME_LOG_HEAD &&
			   vector_equal(&expected, field.value, field.size) &&
			   vector_equal(&expected, head, sizeof(head)),
		   vector_text(vector, "comment"));
	free(start.at);
	free(expected.at);
	free(bytes);
}

static void
check_each(struct world *world, const char *member,
		   void (*check)(struct world *, const json_t *))
{
	json_t *vector;
	size_t i;

	vector_need(json_object_get(world->section, member) != NULL, member);
	json_array_foreach(json_object_get(world->section, member), i, vector)
	{
		check(world, vector);
	}
}

int
main(void)
{
	json_t *file = tap_vectors("protocol.json");
	struct world world = {.service = vector_text(file, "service"),
						  .section = json_object_get(file, "keyLog")};

	check_each(&world, "keys", check_key);
	check_each(&world, "entries", check_entry);
	check_each(&world, "entries", check_entry_signature);
	check_each(&world, "malformedEntries", check_malformed_entry);
	check_roots(&world);
	check_each(&world, "inclusionProofs", check_inclusion);
	check_each(&world, "consistencyProofs", check_consistency);
	check_each(&world, "checkpoints", check_checkpoint);
	check_each(&world, "successions", check_succession);
	check_each(&world, "heads", check_signed_head);
	check_each(&world, "heads", check_head);
	json_decref(file);
	return tap_end(&world.tap);
}
