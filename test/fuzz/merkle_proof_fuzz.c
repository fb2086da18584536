/*
 * merkle_proof_fuzz.c
 *		merkle.c: a small tree, honest proofs of it, and bent ones.
 *
 * No bent proof may hold unless the slow model says so, too; and one for the
 * true root and size holds only when it is the honest proof.
 */
#include "fuzz.h"
#include "merkle.h"
#include "merkle_model.h"

#define MAX_LEAVES 64

/* The input.  With zeros for all changes the proofs stay honest. */
struct question
{
	uint8_t size;		  /* of the tree, modulo 65 */
	uint8_t index;		  /* of a leaf */
	uint8_t old_size;	  /* of the tree before */
	uint8_t count_change; /* is added to the hashes of the proof */

	struct
	{
		uint8_t at, change; /* a byte of the hashes, modulo their size */
	} flips[5];

	uint8_t wrapped; /* odd: the roots are hashed with the last hash */
	uint8_t unused;

	uint64_t first_change; /* to the index or the old size, by xor */
	uint64_t size_change;

	uint8_t leaves[MAX_LEAVES]; /* first bytes of the leaves' hashes */
};

/*
 * What a proof is about: a leaf and the tree's root, or two roots.  The
 * hashes stand side by side.
 */
struct claim
{
	uint64_t first; /* index of the leaf, or the old size */
	uint64_t size;
	size_t count;
	hash start; /* hash of the leaf, or the old root */
	hash root;
	hash proof[MERKLE_MAX_PROOF + 1];
};

static void
plant_tree(const struct question *question, struct model *model)
{
	memset(model, 0, sizeof *model);
	model->size = question->size % (MAX_LEAVES + 1);
	for (uint64_t i = 0; i < model->size; i++)
	{
		model->leaves[i][0] = question->leaves[i];
		model->leaves[i][31] = 0x2a;
	}
}

static struct claim
bend(const struct claim *right, const struct question *question)
{
	struct claim bent = *right;
	uint8_t *hashes = (uint8_t *) &bent + offsetof(struct claim, start);
	size_t flips = sizeof question->flips / sizeof question->flips[0];

	bent.first ^= question->first_change;
	bent.size ^= question->size_change;
	bent.count = (bent.count + question->count_change) %
				 (sizeof bent.proof / sizeof(hash) + 1);
	for (size_t i = 0; i < flips; i++)
	{
		size_t at = question->flips[i].at % ((2 + bent.count) * sizeof(hash));

		hashes[at] ^= question->flips[i].change;
	}
	if (question->wrapped % 2 == 1 && bent.count > 0)
	{
		model_node(bent.proof[bent.count - 1], bent.start, bent.start);
		model_node(bent.proof[bent.count - 1], bent.root, bent.root);
	}
	return bent;
}

/* A copy that ends where the memory ends; the caller frees it. */
static hash *
proof_of(const struct claim *claim)
{
	hash *proof = malloc(claim->count * sizeof(hash));

	must(proof != NULL);
	memcpy(proof, claim->proof, claim->count * sizeof(hash));
	return proof;
}

/* Inclusion. */

static bool
model_makes_root(const struct claim *claim, hash root)
{
	return claim->first < claim->size && claim->size <= MERKLE_MAX_SIZE &&
		   model_root_of_path(claim->start, claim->first, claim->size,
							  claim->proof, claim->count, root);
}

static bool
inclusion_holds(const struct claim *claim)
{
	hash *proof = proof_of(claim);
	hash root, wanted;
	bool makes = merkle_root_of_inclusion(
		claim->start, claim->first, claim->size, proof, claim->count, root);
	bool holds =
		merkle_verify_inclusion(claim->start, claim->first, claim->size, proof,
								claim->count, claim->root);

	free(proof);
	must(makes == model_makes_root(claim, wanted));
	must(!makes || same(root, wanted));
	must(holds == (makes && same(wanted, claim->root)));
	return holds;
}

static bool
is_true_inclusion(const struct model *model, const struct claim *claim)
{
	hash path[MERKLE_MAX_PROOF];
	size_t count;

	if (claim->first >= model->size ||
		!same(claim->start, model->leaves[claim->first]))
		return false;
	model_path(model->leaves, claim->first, model->size, path, &count);
	return same_bytes(claim->proof, claim->count * sizeof(hash), path,
					  count * sizeof(hash));
}

/* False when the tree has no such leaf. */
static bool
prove_inclusion(struct model *model, uint64_t index, struct claim *claim)
{
	memset(claim, 0, sizeof *claim);
	claim->first = index;
	claim->size = model->size;
	model_root(model->leaves, model->size, claim->root);
	if (!merkle_inclusion_proof(read_model, model, index, model->size,
								claim->proof, &claim->count))
		return false;
	memcpy(claim->start, model->leaves[index], sizeof(hash));
	return true;
}

static void
check_inclusion(struct model *model, const struct question *question)
{
	struct claim right, bent;
	bool proved = prove_inclusion(model, question->index, &right);

	must(proved == (question->index < model->size));
	if (!proved)
		return;
	must(is_true_inclusion(model, &right) && inclusion_holds(&right));
	bent = bend(&right, question);
	if (inclusion_holds(&bent) && bent.size == right.size &&
		same(bent.root, right.root))
		must(is_true_inclusion(model, &bent));
}

/* Consistency. */

static bool
consistency_holds(const struct claim *claim)
{
	hash *proof = proof_of(claim);
	bool holds =
		merkle_verify_consistency(claim->first, claim->start, claim->size,
								  claim->root, proof, claim->count);

	free(proof);
	must(holds == model_verify_consistency(claim->first, claim->start,
										   claim->size, claim->root,
										   claim->proof, claim->count));
	return holds;
}

/* Every root is right for an empty old tree, unless the new one is, too. */
static bool
is_true_consistency(const struct model *model, const struct claim *claim)
{
	hash old_root, proof[MERKLE_MAX_PROOF];
	size_t count = 0;

	if (claim->first > model->size)
		return false;
	model_root(model->leaves, claim->first, old_root);
	if ((claim->first > 0 || model->size == 0) &&
		!same(claim->start, old_root))
		return false;
	if (claim->first > 0)
		model_subproof(model->leaves, claim->first, model->size, true, proof,
					   &count);
	return same_bytes(claim->proof, claim->count * sizeof(hash), proof,
					  count * sizeof(hash));
}

/* False when the old tree would be the larger one. */
static bool
prove_consistency(struct model *model, uint64_t old_size, struct claim *claim)
{
	memset(claim, 0, sizeof *claim);
	claim->first = old_size;
	claim->size = model->size;
	model_root(model->leaves, model->size, claim->root);
	if (!merkle_consistency_proof(read_model, model, old_size, model->size,
								  claim->proof, &claim->count))
		return false;
	model_root(model->leaves, old_size, claim->start);
	return true;
}

static void
check_consistency(struct model *model, const struct question *question)
{
	struct claim right, bent;
	bool proved = prove_consistency(model, question->old_size, &right);

	must(proved == (question->old_size <= model->size));
	if (!proved)
		return;
	must(is_true_consistency(model, &right) && consistency_holds(&right));
	bent = bend(&right, question);
	if (consistency_holds(&bent) && bent.size == right.size &&
		same(bent.root, right.root))
		must(is_true_consistency(model, &bent));
}

/* The edge that grew, the one that was loaded, and what they encode. */
static void
check_edge(struct model *model)
{
	uint8_t bytes[MERKLE_MAX_EDGE * MERKLE_HASH_SIZE], again[sizeof bytes];
	struct merkle_edge grown = {0}, loaded, decoded;
	hash wanted, root;
	size_t length;

	for (uint64_t i = 0; i < model->size; i++)
		must(merkle_edge_append(&grown, model->leaves[i]));
	model_root(model->leaves, model->size, wanted);
	merkle_edge_root(&grown, root);
	must(same(root, wanted));
	must(merkle_edge_load(read_model, model, model->size, &loaded));
	length = merkle_edge_encode(&grown, bytes);
	must(same_bytes(bytes, length, again, merkle_edge_encode(&loaded, again)));
	must(merkle_edge_decode(model->size, bytes, length, &decoded));
	must(
		same_bytes(bytes, length, again, merkle_edge_encode(&decoded, again)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model model;
	struct question question;

	fill_from(&question, sizeof question, data, size);
	plant_tree(&question, &model);
	check_edge(&model);
	check_inclusion(&model, &question);
	check_consistency(&model, &question);
	must(!model.bad_read);
	return 0;
}
