/*
 * key_proof.c
 *		What proves that a key stands in the key log: the member "log".
 */
#include <string.h>

#include "field.h"
#include "key_proof.h"

bool
key_proof_read_entry(const json_t *object, struct log_entry *entry,
					 uint8_t leaf_hash[MERKLE_HASH_SIZE])
{
	uint8_t bytes[LOG_USER_ENTRY_SIZE];

	if (!field_bytes(object, "entry", bytes, sizeof(bytes)) ||
		!log_entry_decode(bytes, sizeof(bytes), entry))
		return false;
	merkle_leaf_hash(bytes, sizeof(bytes), leaf_hash);
	return entry->kind == LOG_ENTRY_USER;
}

bool
key_proof_read(const json_t *log, struct key_proof *out)
{
	int64_t index, size;
	size_t bytes;

	if (!field_text(log, "checkpoint", 1, NOTE_MAX_SIZE, &out->checkpoint) ||
		!field_number(log, "index", 0, &index) ||
		!field_number(log, "size", 0, &size) ||
		!key_proof_read_entry(log, &out->entry, out->leaf_hash) ||
		!field_blob(log, "proof", out->proof[0], sizeof(out->proof), &bytes))
		return false;
	out->index = (uint64_t) index;
	out->size = (uint64_t) size;
	out->count = bytes / MERKLE_HASH_SIZE;
	return bytes % MERKLE_HASH_SIZE == 0;
}

static bool
same_hash(const uint8_t a[32], const uint8_t b[32])
{
	return memcmp(a, b, 32) == 0;
}

const char *
key_proof_compare(const struct log_entry *entry, const struct key_object *key,
				  const char *service)
{
	const struct log_user_entry *user = &entry->user;
	uint8_t expected[LOG_SERVICE_SIZE];

	if (!log_entry_service(service, expected) ||
		!same_hash(entry->service, expected))
		return "its entry in the key log is of another service";
	if (strcmp(user->username, key->username) != 0 ||
		memcmp(user->user_id, key->user_id.bytes, sizeof(user->user_id)) != 0)
		return "its entry in the key log is that of another user";
	if (user->event == LOG_EVENT_DELETED)
		return "the key log says that the user was deleted";
	if (user->key_version != key->version)
		return "its entry in the key log is of another version";
	if (!same_hash(user->thumbprint, key->thumbprint) ||
		!same_hash(user->previous_thumbprint, key->previous_thumbprint))
		return "the key log has another key";
	if (!same_hash(user->identity_thumbprint, key->identity_thumbprint))
		return "the key log has another identity key";
	if (memcmp(user->signature, key->signature, sizeof(user->signature)) != 0)
		return "the key log has another signature";
	return NULL;
}

const char *
key_proof_verify(const struct key_proof *proof,
				 const struct checkpoint *checkpoint)
{
	if (proof->size != checkpoint->size)
		return "its checkpoint is of another size than its proof";
	if (!merkle_verify_inclusion(proof->leaf_hash, proof->index, proof->size,
								 proof->proof, proof->count, checkpoint->root))
		return "it is not in the key log: the proof does not lead to the "
			   "signed root";
	return NULL;
}
