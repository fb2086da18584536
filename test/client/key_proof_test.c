/*
 * key_proof_test.c
 *		What the member "log" of a key object must satisfy.
 */
#include "base64url.h"
#include "field.h"
#include "key_proof.h"
#include "tap.h"
#include "tree.h"

#define SERVICE "msg.example.org"
#define SIZE 11
#define INDEX 6

/* A key of bob's, its entry as leaf INDEX of a log of SIZE, and the proof. */
struct scene
{
	struct tap *tap;
	struct key_object key;
	struct log_entry entry;
	struct tree tree;
	struct checkpoint checkpoint;
	json_t *log;
};

static void
make_key(struct key_object *key)
{
	memset(key, 0, sizeof(*key));
	memset(&key->user_id, 0x11, sizeof(key->user_id));
	strcpy(key->username, "bob");
	key->version = 2;
	key->has_identity = true;
	memset(key->thumbprint, 0x22, sizeof(key->thumbprint));
	memset(key->previous_thumbprint, 0x33, sizeof(key->previous_thumbprint));
	memset(key->identity_thumbprint, 0x44, sizeof(key->identity_thumbprint));
	memset(key->signature, 0x55, sizeof(key->signature));
}

/* The entry that an honest log has of it. */
static void
make_entry(const struct key_object *key, struct log_entry *out)
{
	struct log_user_entry *user = &out->user;

	memset(out, 0, sizeof(*out));
	tree_need(log_entry_service(SERVICE, out->service));
	strcpy(user->username, key->username);
	memcpy(user->user_id, key->user_id.bytes, sizeof(user->user_id));
	user->number = 2;
	user->event = LOG_EVENT_ROTATED;
	user->key_version = key->version;
	memcpy(user->thumbprint, key->thumbprint, sizeof(user->thumbprint));
	memcpy(user->previous_thumbprint, key->previous_thumbprint,
		   sizeof(user->previous_thumbprint));
	memcpy(user->identity_thumbprint, key->identity_thumbprint,
		   sizeof(user->identity_thumbprint));
	memcpy(user->signature, key->signature, sizeof(user->signature));
	memset(user->previous_entry, 0x66, sizeof(user->previous_entry));
}

static void
make_log(struct scene *scene)
{
	uint8_t bytes[LOG_ENTRY_MAX_SIZE];
	size_t size = log_entry_encode(&scene->entry, bytes);
	tree_proof proof;
	size_t count;

	tree_need(size == LOG_USER_ENTRY_SIZE);
	tree_fill(&scene->tree, 0, 'a');
	merkle_leaf_hash(bytes, size, scene->tree.leaves[INDEX]);
	tree_need(merkle_inclusion_proof(tree_node, &scene->tree, INDEX, SIZE,
									 proof, &count));
	scene->checkpoint.size = SIZE;
	tree_root(&scene->tree, SIZE, scene->checkpoint.root);
	scene->log =
		json_pack("{s:s, s:i, s:i, s:o, s:o}", "checkpoint", "a note", "index",
				  INDEX, "size", SIZE, "entry", field_from_bytes(bytes, size),
				  "proof", field_from_bytes(proof[0], count * 32));
}

static void
check_honest(struct scene *scene)
{
	struct key_proof proof;

	tap_ok(scene->tap,
		   key_proof_read(scene->log, &proof) && proof.index == INDEX &&
			   proof.size == SIZE && strcmp(proof.checkpoint, "a note") == 0,
		   "an honest log is read");
	tap_ok(scene->tap,
		   key_proof_compare(&proof.entry, &scene->key, SERVICE) == NULL,
		   "its entry is that of the key");
	tap_ok(scene->tap, key_proof_verify(&proof, &scene->checkpoint) == NULL,
		   "and is in the log");
	for (size_t count = 0; count <= MERKLE_MAX_PROOF; count++)
	{
		struct key_proof other = proof;

		other.count = count;
		if (count != proof.count &&
			key_proof_verify(&other, &scene->checkpoint) == NULL)
			tap_ok(scene->tap, false, "a proof of another length");
	}
	proof.size = proof.index = MERKLE_MAX_SIZE;
	scene->checkpoint.size = MERKLE_MAX_SIZE;
	tap_ok(scene->tap, key_proof_verify(&proof, &scene->checkpoint) != NULL,
		   "sizes of 2^63 - 1 do no harm");
	scene->checkpoint.size = SIZE;
}

/* Replaces one member (NULL: takes it away); steals the value. */
static void
check_shape(struct scene *scene, const char *member, json_t *value,
			const char *name)
{
	json_t *spoilt = json_copy(scene->log);
	struct key_proof proof;

	if (value == NULL)
		json_object_del(spoilt, member);
	else
		json_object_set_new(spoilt, member, value);
	tap_ok(scene->tap, !key_proof_read(spoilt, &proof), name);
	json_decref(spoilt);
}

/* base64url of so many zeros. */
static json_t *
zeros(size_t size)
{
	uint8_t *bytes = calloc(1, size + 1);
	json_t *value = field_from_bytes(bytes, size);

	free(bytes);
	return value;
}

static void
check_shapes(struct scene *scene)
{
	struct key_proof proof;
	json_t *text = json_string("x");

	for (const char *const *name =
			 (const char *const[]){"checkpoint", "index", "size", "entry",
								   "proof", NULL};
		 *name != NULL; name++)
	{
		check_shape(scene, *name, NULL, "a member is missing");
		check_shape(scene, *name, json_null(), "a member is null");
		check_shape(scene, *name, json_array(), "a member is an array");
		check_shape(scene, *name, json_real(1.0), "a member is a fraction");
	}
	check_shape(scene, "checkpoint", json_string(""), "an empty note");
	check_shape(scene, "index", json_integer(-1), "a negative index");
	check_shape(scene, "size", json_integer(INT64_MIN), "a negative size");
	check_shape(scene, "entry", zeros(385), "an entry of zeros");
	check_shape(scene, "entry", zeros(104), "an entry that is too short");
	check_shape(scene, "entry", zeros(1 << 20), "an entry of a megabyte");
	check_shape(scene, "proof", zeros(31), "a proof of less than a hash");
	check_shape(scene, "proof", zeros(65 * 32), "a proof of 65 hashes");
	check_shape(scene, "proof", zeros(1 << 20), "a proof of a megabyte");
	check_shape(scene, "proof", json_string("AA=="), "a proof with padding");
	check_shape(scene, "checkpoint", json_stringn("a\0b", 3),
				"a note with a NUL");
	tap_ok(scene->tap,
		   !key_proof_read(NULL, &proof) && !key_proof_read(text, &proof),
		   "no object at all");
	json_decref(text);
}

/* Does the key differ from the entry when one of its bytes does? */
static bool
differs(const struct scene *scene, const void *field, size_t size)
{
	struct key_object key = scene->key;
	size_t at = (size_t) ((const char *) field - (const char *) &scene->key);
	bool all = true;

	for (size_t i = at; i < at + size; i++)
	{
		((uint8_t *) &key)[i] ^= 1;
		all &= key_proof_compare(&scene->entry, &key, SERVICE) != NULL;
		((uint8_t *) &key)[i] ^= 1;
	}
	return all;
}

static void
check_agreement(struct scene *scene)
{
	const struct key_object *key = &scene->key;
	struct log_entry deleted = scene->entry;

	tap_ok(scene->tap,
		   differs(scene, &key->user_id, sizeof(key->user_id)) &&
			   differs(scene, key->username, strlen(key->username)) &&
			   differs(scene, &key->version, sizeof(key->version)) &&
			   differs(scene, key->thumbprint, 32) &&
			   differs(scene, key->previous_thumbprint, 32) &&
			   differs(scene, key->identity_thumbprint, 32) &&
			   differs(scene, key->signature, sizeof(key->signature)),
		   "every byte of the key must be that of the entry");
	tap_ok(scene->tap,
		   key_proof_compare(&scene->entry, key, "another.service") != NULL,
		   "and so must the service");
	deleted.user.event = LOG_EVENT_DELETED;
	tap_ok(scene->tap, key_proof_compare(&deleted, key, SERVICE) != NULL,
		   "a user who was deleted has no key");
}

/* Any altered byte of entry or proof leads to another root. */
static void
check_spoilt(struct scene *scene)
{
	struct key_proof proof;
	bool none = true;

	tree_need(key_proof_read(scene->log, &proof));
	for (size_t i = 0; i < proof.count * 32; i++)
	{
		proof.proof[i / 32][i % 32] ^= 1;
		none &= key_proof_verify(&proof, &scene->checkpoint) != NULL;
		proof.proof[i / 32][i % 32] ^= 1;
	}
	for (size_t i = 0; i < MERKLE_HASH_SIZE; i++)
	{
		proof.leaf_hash[i] ^= 1;
		none &= key_proof_verify(&proof, &scene->checkpoint) != NULL;
		proof.leaf_hash[i] ^= 1;
	}
	for (proof.index = 0; proof.index < 2 * SIZE; proof.index++)
		none &= proof.index == INDEX ||
				key_proof_verify(&proof, &scene->checkpoint) != NULL;
	tap_ok(scene->tap, none, "nothing that was altered is in the log");
	proof.index = INDEX;
	proof.size--;
	tap_ok(scene->tap, key_proof_verify(&proof, &scene->checkpoint) != NULL,
		   "the proof must be for the checkpoint's size");
}

int
main(void)
{
	struct tap tap = {0};
	struct scene scene = {.tap = &tap};

	make_key(&scene.key);
	make_entry(&scene.key, &scene.entry);
	make_log(&scene);
	check_honest(&scene);
	check_shapes(&scene);
	check_agreement(&scene);
	check_spoilt(&scene);
	json_decref(scene.log);
	return tap_end(&tap);
}
