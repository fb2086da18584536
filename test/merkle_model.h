/*
 * merkle_model.h
 *		A slow model of merkle.c: the recursive definitions of RFC 9162
 *		section 2.1, word for word, with a hash function of their own.
 */
#ifndef E2EMSG_MERKLE_MODEL_H
#define E2EMSG_MERKLE_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <openssl/sha.h>

#include "merkle.h"

typedef uint8_t hash[MERKLE_HASH_SIZE];

static inline bool
same(const hash a, const hash b)
{
	return memcmp(a, b, sizeof(hash)) == 0;
}

/* The leaves of a log, and a tree of the first "size" of them. */

#define MODEL_LEAVES 2000

struct model
{
	hash leaves[MODEL_LEAVES];
	uint64_t size;
	bool bad_read; /* was a node asked for that is not complete? */
};

static inline void
model_node(const hash left, const hash right, hash out)
{
	uint8_t input[1 + 2 * sizeof(hash)] = {0x01};

	memcpy(input + 1, left, sizeof(hash));
	memcpy(input + 1 + sizeof(hash), right, sizeof(hash));
	SHA256(input, sizeof input, out);
}

/* The definitions. */

/* The largest power of two smaller than n. */
static inline uint64_t
split_of(uint64_t n)
{
	uint64_t k = 1;

	while (k < n - k)
		k *= 2;
	return k;
}

/* MTH(D[n]). */
static inline void
model_root(const hash *leaves, uint64_t n, hash out)
{
	hash left, right;
	uint64_t k;

	if (n == 0)
		SHA256((const uint8_t *) "", 0, out);
	else if (n == 1)
		memcpy(out, leaves[0], sizeof(hash));
	else
	{
		k = split_of(n);
		model_root(leaves, k, left);
		model_root(leaves + k, n - k, right);
		model_node(left, right, out);
	}
}

/* PATH(m, D[n]). */
static inline void
model_path(const hash *leaves, uint64_t m, uint64_t n, hash *proof,
		   size_t *count)
{
	uint64_t k;

	if (n == 1)
	{
		*count = 0;
		return;
	}
	k = split_of(n);
	if (m < k)
	{
		model_path(leaves, m, k, proof, count);
		model_root(leaves + k, n - k, proof[(*count)++]);
		return;
	}
	model_path(leaves + k, m - k, n - k, proof, count);
	model_root(leaves, k, proof[(*count)++]);
}

/* SUBPROOF(m, D[n], b). */
static inline void
model_subproof(const hash *leaves, uint64_t m, uint64_t n, bool b, hash *proof,
			   size_t *count)
{
	uint64_t k;

	if (m == n)
	{
		*count = 0;
		if (!b)
			model_root(leaves, n, proof[(*count)++]);
		return;
	}
	k = split_of(n);
	if (m <= k)
	{
		model_subproof(leaves, m, k, b, proof, count);
		model_root(leaves + k, n - k, proof[(*count)++]);
		return;
	}
	model_subproof(leaves + k, m - k, n - k, false, proof, count);
	model_root(leaves, k, proof[(*count)++]);
}

/* Verification. */

/* PATH read backwards: the root that it makes. */
static inline bool
model_root_of_path(const hash leaf, uint64_t m, uint64_t n, const hash *proof,
				   size_t count, hash out)
{
	hash below;
	uint64_t k;

	if (n == 1)
	{
		memcpy(out, leaf, sizeof(hash));
		return count == 0;
	}
	if (count == 0)
		return false;
	k = split_of(n);
	if (!model_root_of_path(leaf, m < k ? m : m - k, m < k ? k : n - k, proof,
							count - 1, below))
		return false;
	if (m < k)
		model_node(below, proof[count - 1], out);
	else
		model_node(proof[count - 1], below, out);
	return true;
}

/* SUBPROOF read backwards: both roots that it makes. */
static inline bool
model_roots_of_subproof(const hash old_root, uint64_t m, uint64_t n, bool b,
						const hash *proof, size_t count, hash old_out,
						hash new_out)
{
	hash old_below, new_below;
	uint64_t k;

	if (m == n)
	{
		if (count != (b ? 0 : 1))
			return false;
		memcpy(old_out, b ? old_root : proof[0], sizeof(hash));
		memcpy(new_out, old_out, sizeof(hash));
		return true;
	}
	if (count == 0)
		return false;
	k = split_of(n);
	if (!model_roots_of_subproof(old_root, m <= k ? m : m - k,
								 m <= k ? k : n - k, b && m <= k, proof,
								 count - 1, old_below, new_below))
		return false;
	if (m <= k)
	{
		memcpy(old_out, old_below, sizeof(hash));
		model_node(new_below, proof[count - 1], new_out);
		return true;
	}
	model_node(proof[count - 1], old_below, old_out);
	model_node(proof[count - 1], new_below, new_out);
	return true;
}

static inline bool
model_verify_inclusion(const hash leaf, uint64_t index, uint64_t size,
					   const hash *proof, size_t count, const hash root)
{
	hash made;

	return index < size && size <= MERKLE_MAX_SIZE &&
		   model_root_of_path(leaf, index, size, proof, count, made) &&
		   same(made, root);
}

static inline bool
model_verify_consistency(uint64_t old_size, const hash old_root,
						 uint64_t new_size, const hash new_root,
						 const hash *proof, size_t count)
{
	hash old_made, new_made;

	if (old_size > new_size || new_size > MERKLE_MAX_SIZE)
		return false;
	if (old_size == 0 && new_size != 0)
		return count == 0;
	if (old_size == new_size)
		return count == 0 && same(old_root, new_root);
	return model_roots_of_subproof(old_root, old_size, new_size, true, proof,
								   count, old_made, new_made) &&
		   same(old_made, old_root) && same(new_made, new_root);
}

/* A merkle_read over the model. */
static inline bool
read_model(void *context, unsigned height, uint64_t index, uint8_t *out)
{
	struct model *model = context;

	if (height > 63 || index >= model->size >> height)
	{
		model->bad_read = true;
		return false;
	}
	model_root(model->leaves + (index << height), UINT64_C(1) << height, out);
	return true;
}

#endif /* E2EMSG_MERKLE_MODEL_H */
