/*
 * merkle.c
 *		Merkle trees of append-only logs (RFC 9162 section 2.1).
 *
 * A node on the right edge may be incomplete.  Nobody keeps its hash: it is
 * made of the complete subtrees under it, one for each bit set in the size
 * below its height.  The subtree of bit b is node (b, (size >> b) - 1).
 */

/*
 * The old SHA256_* functions are still there and neither allocate nor fail,
 * so that a root never depends on luck; they are four times as fast, too.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "merkle.h"

#include <string.h>

#include <openssl/sha.h>

#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

void
merkle_leaf_hash(const uint8_t *entry, size_t size,
				 uint8_t out[MERKLE_HASH_SIZE])
{
	const uint8_t prefix = LEAF_PREFIX;
	SHA256_CTX context;

	SHA256_Init(&context);
	SHA256_Update(&context, &prefix, 1);
	SHA256_Update(&context, entry, size);
	SHA256_Final(out, &context);
}

void
merkle_node_hash(const uint8_t left[MERKLE_HASH_SIZE],
				 const uint8_t right[MERKLE_HASH_SIZE],
				 uint8_t out[MERKLE_HASH_SIZE])
{
	const uint8_t prefix = NODE_PREFIX;
	SHA256_CTX context;

	SHA256_Init(&context);
	SHA256_Update(&context, &prefix, 1);
	SHA256_Update(&context, left, MERKLE_HASH_SIZE);
	SHA256_Update(&context, right, MERKLE_HASH_SIZE);
	SHA256_Final(out, &context);
}

static void
empty_root(uint8_t root[MERKLE_HASH_SIZE])
{
	SHA256_CTX context;

	SHA256_Init(&context);
	SHA256_Final(root, &context);
}

static bool
same_hash(const uint8_t a[MERKLE_HASH_SIZE], const uint8_t b[MERKLE_HASH_SIZE])
{
	return memcmp(a, b, MERKLE_HASH_SIZE) == 0;
}

/* The right edge. */

size_t
merkle_edge_count(uint64_t size)
{
	size_t count = 0;

	for (; size != 0; size &= size - 1)
		count++;
	return count;
}

/* A new leaf closes one subtree for each 1 that the addition carries over. */
bool
merkle_edge_append(struct merkle_edge *edge,
				   const uint8_t leaf_hash[MERKLE_HASH_SIZE])
{
	size_t place = merkle_edge_count(edge->size);
	uint8_t hash[MERKLE_HASH_SIZE];

	if (edge->size >= MERKLE_MAX_SIZE)
		return false;
	memcpy(hash, leaf_hash, MERKLE_HASH_SIZE);
	for (uint64_t bits = edge->size; (bits & 1) != 0; bits >>= 1)
		merkle_node_hash(edge->hashes[--place], hash, hash);
	memcpy(edge->hashes[place], hash, MERKLE_HASH_SIZE);
	edge->size++;
	return true;
}

void
merkle_edge_root(const struct merkle_edge *edge,
				 uint8_t root[MERKLE_HASH_SIZE])
{
	size_t place = merkle_edge_count(edge->size);

	if (place == 0)
	{
		empty_root(root);
		return;
	}
	memcpy(root, edge->hashes[--place], MERKLE_HASH_SIZE);
	while (place > 0)
		merkle_node_hash(edge->hashes[--place], root, root);
}

size_t
merkle_edge_encode(const struct merkle_edge *edge,
				   uint8_t out[MERKLE_MAX_EDGE * MERKLE_HASH_SIZE])
{
	size_t length = merkle_edge_count(edge->size) * MERKLE_HASH_SIZE;

	memcpy(out, edge->hashes, length);
	return length;
}

bool
merkle_edge_decode(uint64_t size, const uint8_t *bytes, size_t length,
				   struct merkle_edge *edge)
{
	if (size > MERKLE_MAX_SIZE ||
		length != merkle_edge_count(size) * MERKLE_HASH_SIZE)
		return false;
	edge->size = size;
	if (length > 0)
		memcpy(edge->hashes, bytes, length);
	return true;
}

bool
merkle_edge_load(merkle_read *read, void *context, uint64_t size,
				 struct merkle_edge *edge)
{
	size_t place = merkle_edge_count(size);

	if (size > MERKLE_MAX_SIZE)
		return false;
	for (unsigned height = 0; size >> height != 0; height++)
		if ((size >> height & 1) != 0 &&
			!read(context, height, (size >> height) - 1,
				  edge->hashes[--place]))
			return false;
	edge->size = size;
	return true;
}

/* Proofs. */

struct proof_builder
{
	merkle_read *read;
	void *context;
	uint64_t size; /* leaves of the tree that the proof is about */
	uint8_t (*proof)[MERKLE_HASH_SIZE];
	size_t count;
};

/* The last node of a height, when the leaves below do not fill it. */
static bool
read_incomplete(const struct proof_builder *builder, unsigned height,
				uint8_t out[MERKLE_HASH_SIZE])
{
	uint8_t left[MERKLE_HASH_SIZE];
	bool first = true;

	for (unsigned below = 0; below < height; below++)
	{
		uint64_t nodes = builder->size >> below;

		if ((nodes & 1) == 0)
			continue;
		if (!builder->read(builder->context, below, nodes - 1, left))
			return false;
		if (first)
			memcpy(out, left, MERKLE_HASH_SIZE);
		else
			merkle_node_hash(left, out, out);
		first = false;
	}
	return !first;
}

/* Adds a node of the tree, complete or the last of its height. */
static bool
add_node(struct proof_builder *builder, unsigned height, uint64_t index)
{
	uint8_t *out = builder->proof[builder->count++];

	if (index < builder->size >> height)
		return builder->read(builder->context, height, index, out);
	return read_incomplete(builder, height, out);
}

/* Adds what stands beside the way from a node up to the root. */
static bool
add_siblings(struct proof_builder *builder, unsigned height, uint64_t index)
{
	uint64_t last = (builder->size - 1) >> height;
	bool good = true;

	for (; good && last > 0; height++, index >>= 1, last >>= 1)
	{
		if ((index & 1) != 0)
			good = add_node(builder, height, index - 1);
		else if (index < last)
			good = add_node(builder, height, index + 1);
	}
	return good;
}

bool
merkle_inclusion_proof(merkle_read *read, void *context, uint64_t index,
					   uint64_t size,
					   uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE],
					   size_t *count)
{
	struct proof_builder builder = {read, context, size, proof, 0};

	if (size > MERKLE_MAX_SIZE || index >= size ||
		!add_siblings(&builder, 0, index))
		return false;
	*count = builder.count;
	return true;
}

/*
 * From the old tree's last complete subtree upwards.  When that is the whole
 * old tree, its root is known to the verifier and left out.
 */
bool
merkle_consistency_proof(merkle_read *read, void *context, uint64_t old_size,
						 uint64_t new_size,
						 uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE],
						 size_t *count)
{
	struct proof_builder builder = {read, context, new_size, proof, 0};
	uint64_t index = old_size - 1;
	unsigned height = 0;

	if (new_size > MERKLE_MAX_SIZE || old_size > new_size)
		return false;
	*count = 0;
	if (old_size == 0 || old_size == new_size)
		return true;
	for (; (index & 1) != 0; index >>= 1)
		height++;
	if ((index != 0 && !add_node(&builder, height, index)) ||
		!add_siblings(&builder, height, index))
		return false;
	*count = builder.count;
	return true;
}

/* Verification.  The names in the RFC are fn for index and sn for last. */

/* Where a verifier stands: a node, and the last one of the same height. */
struct step
{
	uint64_t index;
	uint64_t last;
};

static void
climb(struct step *step)
{
	step->index >>= 1;
	step->last >>= 1;
}

/* Does the next hash stand on the left?  It need not have the same height. */
static bool
joins_left(struct step *step)
{
	if ((step->index & 1) == 0 && step->index != step->last)
		return false;
	while ((step->index & 1) == 0 && step->index != 0)
		climb(step);
	return true;
}

bool
merkle_root_of_inclusion(const uint8_t leaf_hash[MERKLE_HASH_SIZE],
						 uint64_t index, uint64_t size,
						 const uint8_t proof[][MERKLE_HASH_SIZE], size_t count,
						 uint8_t root[MERKLE_HASH_SIZE])
{
	struct step step = {index, size - 1};

	if (size > MERKLE_MAX_SIZE || index >= size)
		return false;
	memmove(root, leaf_hash, MERKLE_HASH_SIZE);
	for (size_t i = 0; i < count; i++)
	{
		if (step.last == 0)
			return false;
		if (joins_left(&step))
			merkle_node_hash(proof[i], root, root);
		else
			merkle_node_hash(root, proof[i], root);
		climb(&step);
	}
	return step.last == 0;
}

bool
merkle_verify_inclusion(const uint8_t leaf_hash[MERKLE_HASH_SIZE],
						uint64_t index, uint64_t size,
						const uint8_t proof[][MERKLE_HASH_SIZE], size_t count,
						const uint8_t root[MERKLE_HASH_SIZE])
{
	uint8_t computed[MERKLE_HASH_SIZE];

	return merkle_root_of_inclusion(leaf_hash, index, size, proof, count,
									computed) &&
		   same_hash(computed, root);
}

/* Both roots at once, from a node that is in both trees. */
static bool
verify_growth(struct step step, const uint8_t start[MERKLE_HASH_SIZE],
			  const uint8_t proof[][MERKLE_HASH_SIZE], size_t count,
			  const uint8_t old_root[MERKLE_HASH_SIZE],
			  const uint8_t new_root[MERKLE_HASH_SIZE])
{
	uint8_t old_hash[MERKLE_HASH_SIZE];
	uint8_t new_hash[MERKLE_HASH_SIZE];

	memcpy(old_hash, start, MERKLE_HASH_SIZE);
	memcpy(new_hash, start, MERKLE_HASH_SIZE);
	for (size_t i = 0; i < count; i++)
	{
		if (step.last == 0)
			return false;
		if (joins_left(&step))
		{
			merkle_node_hash(proof[i], old_hash, old_hash);
			merkle_node_hash(proof[i], new_hash, new_hash);
		}
		else
			merkle_node_hash(new_hash, proof[i], new_hash);
		climb(&step);
	}
	return step.last == 0 && same_hash(old_hash, old_root) &&
		   same_hash(new_hash, new_root);
}

bool
merkle_verify_consistency(uint64_t old_size,
						  const uint8_t old_root[MERKLE_HASH_SIZE],
						  uint64_t new_size,
						  const uint8_t new_root[MERKLE_HASH_SIZE],
						  const uint8_t proof[][MERKLE_HASH_SIZE],
						  size_t count)
{
	struct step step = {old_size - 1, new_size - 1};

	if (new_size > MERKLE_MAX_SIZE || old_size > new_size)
		return false;
	if (old_size == new_size)
		return count == 0 && same_hash(old_root, new_root);
	if (old_size == 0)
		return count == 0;
	if (count == 0)
		return false;
	while ((step.index & 1) != 0)
		climb(&step);
	if (step.index == 0)
		return verify_growth(step, old_root, proof, count, old_root, new_root);
	return verify_growth(step, proof[0], proof + 1, count - 1, old_root,
						 new_root);
}
