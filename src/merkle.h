/*
 * merkle.h
 *		Merkle trees of append-only logs (RFC 9162 section 2.1, with the same
 *		hashes as RFC 6962): roots, proofs and their verification.
 *
 * Pure C: the extension, the gateway and the client compile this file.
 * Nothing here allocates; every buffer is the caller's.  Hashes are SHA-256
 * and public, so that they are compared in plain time.
 *
 * Leaves are numbered from 0.  Node (height, index) is the root of the
 * complete subtree of 2^height leaves that begins at leaf index * 2^height;
 * node (0, i) is the hash of leaf i.
 */
#ifndef E2EMSG_MERKLE_H
#define E2EMSG_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MERKLE_HASH_SIZE 32					   /* bytes, SHA-256 */
#define MERKLE_MAX_SIZE ((uint64_t) INT64_MAX) /* leaves */
#define MERKLE_MAX_PROOF 64					   /* hashes of one proof */
#define MERKLE_MAX_EDGE 64					   /* hashes of one edge */

/* Every function that can refuse must have its answer looked at. */
#define MERKLE_CHECKED __attribute__((warn_unused_result))

/* SHA-256(0x00, entry): the hash of the leaf that holds the entry. */
extern void merkle_leaf_hash(const uint8_t *entry, size_t size,
							 uint8_t out[MERKLE_HASH_SIZE]);

/* SHA-256(0x01, left, right).  "out" may be one of the two. */
extern void merkle_node_hash(const uint8_t left[MERKLE_HASH_SIZE],
							 const uint8_t right[MERKLE_HASH_SIZE],
							 uint8_t out[MERKLE_HASH_SIZE]);

/*
 * The right edge of a tree: the roots of its complete subtrees, largest
 * first, one for each bit set in the size.  It is all that a log must know to
 * grow.  Begin with size 0; the hashes past the last one mean nothing.
 */
struct merkle_edge
{
	uint64_t size;
	uint8_t hashes[MERKLE_MAX_EDGE][MERKLE_HASH_SIZE];
};

/* How many hashes the edge of a tree of that size has. */
extern size_t merkle_edge_count(uint64_t size);

/* Adds a leaf; false when the tree is full (MERKLE_MAX_SIZE). */
extern bool
merkle_edge_append(struct merkle_edge *edge,
				   const uint8_t leaf_hash[MERKLE_HASH_SIZE]) MERKLE_CHECKED;

/* The root of the tree; SHA-256 of nothing for an empty one. */
extern void merkle_edge_root(const struct merkle_edge *edge,
							 uint8_t root[MERKLE_HASH_SIZE]);

/*
 * The hashes one after the other, for a column beside the size.  Returns the
 * bytes written: 32 times merkle_edge_count(edge->size).
 */
extern size_t
merkle_edge_encode(const struct merkle_edge *edge,
				   uint8_t out[MERKLE_MAX_EDGE * MERKLE_HASH_SIZE]);

/* False when the length is not the one that the size asks for. */
extern bool merkle_edge_decode(uint64_t size, const uint8_t *bytes,
							   size_t length,
							   struct merkle_edge *edge) MERKLE_CHECKED;

/*
 * Gives node (height, index) of the caller's tree, or false when it can't.
 * It is asked only for complete nodes of the tree of the size in question, so
 * that a node once given stays true for ever.
 *
 * A caller that must fetch all nodes at once can make the same proof twice:
 * first with a reader that writes down what it is asked for and gives zeros,
 * then with one that answers.
 */
typedef bool merkle_read(void *context, unsigned height, uint64_t index,
						 uint8_t out[MERKLE_HASH_SIZE]);

/* The edge of the first "size" leaves, from their nodes. */
extern bool merkle_edge_load(merkle_read *read, void *context, uint64_t size,
							 struct merkle_edge *edge) MERKLE_CHECKED;

/*
 * That leaf "index" is in the tree of "size" leaves (PATH of RFC 9162 section
 * 2.1.3.1), nearest to the leaf first.  False when index >= size or a read
 * fails; the proof then holds rubbish.
 */
extern bool
merkle_inclusion_proof(merkle_read *read, void *context, uint64_t index,
					   uint64_t size,
					   uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE],
					   size_t *count) MERKLE_CHECKED;

/*
 * That the tree of "new_size" leaves begins with that of "old_size" (PROOF of
 * RFC 9162 section 2.1.4.1).  Empty when the old tree is, or when the sizes
 * are equal.  False when old_size > new_size or a read fails.
 */
extern bool
merkle_consistency_proof(merkle_read *read, void *context, uint64_t old_size,
						 uint64_t new_size,
						 uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE],
						 size_t *count) MERKLE_CHECKED;

/*
 * The root that a tree of "size" leaves must have when the proof is right
 * (RFC 9162 section 2.1.3.2); false when no such tree has a proof of that
 * many hashes.  Nothing is proved until the root is found to be a known one.
 */
extern bool
merkle_root_of_inclusion(const uint8_t leaf_hash[MERKLE_HASH_SIZE],
						 uint64_t index, uint64_t size,
						 const uint8_t proof[][MERKLE_HASH_SIZE], size_t count,
						 uint8_t root[MERKLE_HASH_SIZE]) MERKLE_CHECKED;

/* Is it leaf "index" of the tree with that size and root? */
extern bool
merkle_verify_inclusion(const uint8_t leaf_hash[MERKLE_HASH_SIZE],
						uint64_t index, uint64_t size,
						const uint8_t proof[][MERKLE_HASH_SIZE], size_t count,
						const uint8_t root[MERKLE_HASH_SIZE]) MERKLE_CHECKED;

/*
 * Does the new tree begin with the old one (RFC 9162 section 2.1.4.2)?  Equal
 * sizes need equal roots and an empty proof.  An old tree of size 0 is in
 * every tree, with an empty proof: its root is not looked at.
 */
extern bool merkle_verify_consistency(uint64_t old_size,
									  const uint8_t old_root[MERKLE_HASH_SIZE],
									  uint64_t new_size,
									  const uint8_t new_root[MERKLE_HASH_SIZE],
									  const uint8_t proof[][MERKLE_HASH_SIZE],
									  size_t count) MERKLE_CHECKED;

#endif /* E2EMSG_MERKLE_H */
