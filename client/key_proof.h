/*
 * key_proof.h
 *		What proves that a key stands in the key log: the member "log".
 *
 * A key that counts is in the log for everybody to see, so that a server
 * can't show a key to one user alone without leaving a trace.  Pure: no I/O;
 * whose checkpoint it is, is log_pin.h's to say.
 */
#ifndef E2EMSG_KEY_PROOF_H
#define E2EMSG_KEY_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "checkpoint.h"
#include "key_object.h"
#include "log_entry.h"
#include "merkle.h"

struct key_proof
{
	const char *checkpoint; /* a note; belongs to the object */
	uint64_t index;			/* of the leaf */
	uint64_t size;			/* of the log that the proof is for */
	struct log_entry entry; /* of a user */
	uint8_t leaf_hash[MERKLE_HASH_SIZE];
	uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE];
	size_t count; /* hashes of the proof */
};

/*
 * Reads {checkpoint, index, size, entry, proof}; false when it has another
 * shape, or the entry is not that of a user.
 */
extern bool key_proof_read(const json_t *log,
						   struct key_proof *out) MERKLE_CHECKED;

/* Reads the member "entry": the bytes of a user's entry, and their hash. */
extern bool
key_proof_read_entry(const json_t *object, struct log_entry *entry,
					 uint8_t leaf_hash[MERKLE_HASH_SIZE]) MERKLE_CHECKED;

/* Is it the entry of this key?  NULL, or what differs: a static sentence. */
extern const char *key_proof_compare(const struct log_entry *entry,
									 const struct key_object *key,
									 const char *service);

/* Is the leaf in the log of that checkpoint?  NULL, or why not. */
extern const char *key_proof_verify(const struct key_proof *proof,
									const struct checkpoint *checkpoint);

#endif /* E2EMSG_KEY_PROOF_H */
