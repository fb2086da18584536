/*
 * tree.h
 *		A small Merkle tree, and who signs its checkpoints, for tests.
 */
#ifndef E2EMSG_TREE_H
#define E2EMSG_TREE_H

#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "merkle.h"

#define TREE_MAX 32 /* leaves */

struct tree
{
	uint8_t leaves[TREE_MAX][MERKLE_HASH_SIZE];
};

typedef uint8_t tree_proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE];

static inline void
tree_need(bool good)
{
	if (good)
		return;
	puts("Bail out! a tree could not be made");
	exit(EXIT_FAILURE);
}

/* Each leaf is another one; those from "from" on are like in no other tree. */
static inline void
tree_fill(struct tree *tree, unsigned from, char kind)
{
	for (unsigned i = 0; i < TREE_MAX; i++)
	{
		uint8_t entry[2] = {(uint8_t) i, (uint8_t) (i < from ? 0 : kind)};

		merkle_leaf_hash(entry, sizeof(entry), tree->leaves[i]);
	}
}

/* A merkle_read. */
static inline bool
tree_node(void *context, unsigned height, uint64_t index,
		  uint8_t out[MERKLE_HASH_SIZE])
{
	struct tree *tree = context;
	struct merkle_edge edge = {0};

	for (uint64_t i = index << height; i < (index + 1) << height; i++)
		tree_need(i < TREE_MAX && merkle_edge_append(&edge, tree->leaves[i]));
	merkle_edge_root(&edge, out);
	return true;
}

static inline void
tree_root(struct tree *tree, uint64_t size, uint8_t out[MERKLE_HASH_SIZE])
{
	struct merkle_edge edge;

	tree_need(merkle_edge_load(tree_node, tree, size, &edge));
	merkle_edge_root(&edge, out);
}

/* A key that signs, of a seed of one byte repeated. */
struct signer
{
	const char *name;
	uint8_t seed[NOTE_SEED_SIZE];
	struct note_verifier verifier;
	char text[NOTE_VERIFIER_TEXT_SIZE];
};

static inline struct signer
signer_make(const char *name, char seed)
{
	struct signer out = {.name = name};
	uint8_t key[NOTE_PUBLIC_KEY_SIZE];

	memset(out.seed, seed, sizeof(out.seed));
	tree_need(note_public_key(out.seed, key) &&
			  note_verifier_make(name, key, &out.verifier));
	note_verifier_format(&out.verifier, out.text);
	return out;
}

/* Signs the checkpoint of the first leaves. */
static inline void
tree_sign(struct tree *tree, uint64_t size, const struct signer *signer,
		  char out[NOTE_MAX_SIZE + 1])
{
	uint8_t root[MERKLE_HASH_SIZE];
	size_t length;

	tree_root(tree, size, root);
	tree_need(checkpoint_sign(signer->name, signer->seed, size, root, NULL,
							  out, NOTE_MAX_SIZE, &length));
	out[length] = '\0';
}

#endif /* E2EMSG_TREE_H */
