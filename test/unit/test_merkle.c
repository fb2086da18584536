/*
 * test_merkle.c
 *		merkle.c against published vectors and against a slow model.
 */
#include <string.h>

#include "merkle.h"
#include "merkle_model.h"
#include "support.h"
#include "tap.h"

/* The published vectors. */

/*
 * The reference tree of Certificate Transparency: the C++ tests of
 * google/certificate-transparency, and from there transparency-dev/merkle
 * (testonly) and trillian (merkle/inmemory).
 */
static const char *const reference_leaves[8] = {
	"",
	"00",
	"10",
	"2021",
	"3031",
	"40414243",
	"5051525354555657",
	"606162636465666768696a6b6c6d6e6f",
};

#define ROOT_1 \
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
#define ROOT_2 \
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
#define ROOT_4 \
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"

static const char *const reference_roots[9] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	ROOT_1,
	ROOT_2,
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	ROOT_4,
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

#define LEAF_1 \
	"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
#define LEAF_4 \
	"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
#define NODE_1_1 \
	"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
#define NODE_1_2 \
	"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
#define NODE_1_3 \
	"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
#define NODE_2_1 \
	"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"

/* A leaf and a size, or two sizes; the proof ends at NULL. */
struct published_proof
{
	uint64_t first;
	uint64_t size;
	const char *proof[4];
};

static const struct published_proof published_paths[] = {
	{0, 1, {NULL}},
	{1, 2, {ROOT_1}},
	{0, 8, {LEAF_1, NODE_1_1, NODE_2_1}},
	{5, 8, {LEAF_4, NODE_1_3, ROOT_4}},
	{2, 3, {ROOT_2}},
	{1, 5, {ROOT_1, NODE_1_1, LEAF_4}},
};

static const struct published_proof published_consistency[] = {
	{1, 1, {NULL}},
	{1, 8, {LEAF_1, NODE_1_1, NODE_2_1}},
	{6, 8, {NODE_1_2, NODE_1_3, ROOT_4}},
	{2, 5, {NODE_1_1, LEAF_4}},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void
reference_tree(struct model *model)
{
	for (size_t i = 0; i < 8; i++)
	{
		uint8_t entry[16];

		from_hex(reference_leaves[i], entry);
		merkle_leaf_hash(entry, strlen(reference_leaves[i]) / 2,
						 model->leaves[i]);
	}
	model->size = 8;
	model->bad_read = false;
}

static bool
same_proof(const struct published_proof *published, const hash *proof,
		   size_t count)
{
	size_t at = 0;

	for (; at < 4 && published->proof[at] != NULL; at++)
	{
		hash wanted;

		from_hex(published->proof[at], wanted);
		if (at >= count || !same(proof[at], wanted))
			return false;
	}
	return at == count;
}

static void
test_published_roots(struct tap *tap, const struct model *model)
{
	struct merkle_edge edge = {0};
	bool good = true;

	for (size_t size = 0; size <= 8; size++)
	{
		hash wanted, root, slow;

		from_hex(reference_roots[size], wanted);
		merkle_edge_root(&edge, root);
		model_root(model->leaves, size, slow);
		good = good && same(root, wanted) && same(slow, wanted);
		if (size < 8)
			good = merkle_edge_append(&edge, model->leaves[size]) && good;
	}
	tap_ok(tap, good, "the roots of the reference tree, sizes 0 to 8");
}

static void
test_published_proofs(struct tap *tap, struct model *model)
{
	hash proof[MERKLE_MAX_PROOF], root, old_root;
	char name[64];
	size_t count;

	for (size_t i = 0; i < COUNT_OF(published_paths); i++)
	{
		const struct published_proof *one = &published_paths[i];

		from_hex(reference_roots[one->size], root);
		snprintf(name, sizeof name, "published path of leaf %d in size %d",
				 (int) one->first, (int) one->size);
		tap_ok(tap,
			   merkle_inclusion_proof(read_model, model, one->first, one->size,
									  proof, &count) &&
				   same_proof(one, proof, count) &&
				   merkle_verify_inclusion(model->leaves[one->first],
										   one->first, one->size, proof, count,
										   root),
			   name);
	}
	for (size_t i = 0; i < COUNT_OF(published_consistency); i++)
	{
		const struct published_proof *one = &published_consistency[i];

		from_hex(reference_roots[one->first], old_root);
		from_hex(reference_roots[one->size], root);
		snprintf(name, sizeof name, "published consistency of %d and %d",
				 (int) one->first, (int) one->size);
		tap_ok(tap,
			   merkle_consistency_proof(read_model, model, one->first,
										one->size, proof, &count) &&
				   same_proof(one, proof, count) &&
				   merkle_verify_consistency(one->first, old_root, one->size,
											 root, proof, count),
			   name);
	}
}

/*
 * The example of RFC 9162 section 2.1.5 (RFC 6962 section 2.1.3): a tree of
 * seven leaves, whose nodes have letters.
 */
static const struct
{
	char letter;
	uint64_t first; /* leaf under the node */
	uint64_t count;
} example_nodes[] = {
	{'a', 0, 1}, {'b', 1, 1}, {'c', 2, 1}, {'d', 3, 1},
	{'e', 4, 1}, {'f', 5, 1}, {'j', 6, 1}, {'g', 0, 2},
	{'h', 2, 2}, {'i', 4, 2}, {'k', 0, 4}, {'l', 4, 3},
};

static void
example_node(const struct model *model, char letter, hash out)
{
	size_t at = 0;

	while (example_nodes[at].letter != letter)
		at++;
	model_root(model->leaves + example_nodes[at].first,
			   example_nodes[at].count, out);
}

static bool
same_letters(const struct model *model, const char *letters, const hash *proof,
			 size_t count)
{
	hash wanted;

	if (strlen(letters) != count)
		return false;
	for (size_t i = 0; i < count; i++)
	{
		example_node(model, letters[i], wanted);
		if (!same(proof[i], wanted))
			return false;
	}
	return true;
}

static bool
path_has_letters(struct model *model, uint64_t index, const char *letters)
{
	hash proof[MERKLE_MAX_PROOF];
	size_t count;

	return merkle_inclusion_proof(read_model, model, index, 7, proof,
								  &count) &&
		   same_letters(model, letters, proof, count);
}

static bool
growth_has_letters(struct model *model, uint64_t old_size, const char *letters)
{
	hash proof[MERKLE_MAX_PROOF];
	size_t count;

	return merkle_consistency_proof(read_model, model, old_size, 7, proof,
									&count) &&
		   same_letters(model, letters, proof, count);
}

static void
test_rfc_example(struct tap *tap, struct model *model)
{
	tap_ok(tap,
		   path_has_letters(model, 0, "bhl") &&
			   path_has_letters(model, 3, "cgl") &&
			   path_has_letters(model, 4, "fjk") &&
			   path_has_letters(model, 6, "ik"),
		   "the paths of the example in RFC 9162");
	tap_ok(tap,
		   growth_has_letters(model, 3, "cdgl") &&
			   growth_has_letters(model, 4, "l") &&
			   growth_has_letters(model, 6, "ijk"),
		   "the consistency proofs of the example in RFC 9162");
}

/*
 * The log of FiloSottile/torchwood's and sunlight's witness tests: leaf hash
 * i is 2A, i and 30 zeros.  The roots of sizes 3 and 5 and the proof from 3
 * to 5 are published there; test_note.c opens the checkpoints.
 */
static void
test_witness_log(struct tap *tap, struct model *model)
{
	static const struct published_proof growth = {
		3,
		5,
		{"2a02000000000000000000000000000000000000000000000000000000000000",
		 "2a03000000000000000000000000000000000000000000000000000000000000",
		 "c2088815d65f60dbfa594d4e96504ab169cb6084bf0c132ab7c521fd2e0eba41",
		 "2a04000000000000000000000000000000000000000000000000000000000000"}};
	hash proof[MERKLE_MAX_PROOF], old_root, new_root, made;
	size_t count;

	memset(model, 0, sizeof *model);
	model->size = 5;
	for (uint8_t i = 0; i < 5; i++)
	{
		model->leaves[i][0] = 0x2a;
		model->leaves[i][1] = i;
	}
	from_hex(
		"45c088d4d939e9971298811f227d1295eaad57bbafae55cd71c171e7de48c25d",
		old_root);
	from_hex(
		"42bb57ad06420afa4882c4a63ac6a1ec77480b330b2f20dfc53a0caa5f564e36",
		new_root);
	model_root(model->leaves, 5, made);
	tap_ok(
		tap,
		same(made, new_root) &&
			merkle_consistency_proof(read_model, model, 3, 5, proof, &count) &&
			same_proof(&growth, proof, count) &&
			merkle_verify_consistency(3, old_root, 5, new_root, proof, count),
		"published consistency of the witness tests' log");
}

/* A log of random leaves. */
static void
model_fill(struct model *model, uint64_t size, uint64_t seed)
{
	for (uint64_t i = 0; i < size; i++)
		for (size_t byte = 0; byte < sizeof(hash); byte++)
			model->leaves[i][byte] = (uint8_t) next_random(&seed);
	model->size = size;
	model->bad_read = false;
}

/* Roots by the edge. */

static bool
edge_agrees(const struct merkle_edge *edge, struct model *model)
{
	uint8_t bytes[MERKLE_MAX_EDGE * MERKLE_HASH_SIZE];
	struct merkle_edge decoded, loaded;
	hash wanted, root;
	size_t length = merkle_edge_encode(edge, bytes);

	model_root(model->leaves, edge->size, wanted);
	merkle_edge_root(edge, root);
	if (!same(root, wanted) ||
		!merkle_edge_decode(edge->size, bytes, length, &decoded))
		return false;
	merkle_edge_root(&decoded, root);
	if (!same(root, wanted))
		return false;
	if (edge->size % 50 != 0)
		return true;
	if (!merkle_edge_load(read_model, model, edge->size, &loaded))
		return false;
	return memcmp(edge->hashes, loaded.hashes, length) == 0;
}

static void
test_edges(struct tap *tap, struct model *model)
{
	struct merkle_edge edge = {0};
	bool good = true;

	model_fill(model, MODEL_LEAVES, 11);
	for (uint64_t i = 0; i < MODEL_LEAVES; i++)
	{
		good = merkle_edge_append(&edge, model->leaves[i]) && good;
		if (edge.size <= 600 || edge.size % 13 == 0)
			good = edge_agrees(&edge, model) && good;
	}
	tap_ok(tap, good && !model->bad_read,
		   "the edge has the model's root while a log grows to 2,000");
}

static void
test_edge_decoding(struct tap *tap)
{
	uint8_t bytes[(MERKLE_MAX_EDGE + 2) * MERKLE_HASH_SIZE] = {1};
	struct merkle_edge edge;
	uint64_t state = 5;
	bool good = true;

	for (int i = 0; i < 20000; i++)
	{
		uint64_t size = next_random(&state) >> next_random(&state) % 64;
		size_t right = 0;
		size_t length;

		for (int bit = 0; bit < 64; bit++)
			right += (size >> bit & 1) * MERKLE_HASH_SIZE;
		length = i % 3 == 0 ? right : next_random(&state) % sizeof bytes;
		good = good && merkle_edge_decode(size, bytes, length, &edge) ==
						   (length == right && size <= INT64_MAX);
	}
	tap_ok(tap, good, "an edge needs exactly the hashes of its size");
	tap_ok(tap,
		   merkle_edge_decode(0, NULL, 0, &edge) &&
			   !merkle_edge_decode(1, bytes, 0, &edge) &&
			   !merkle_edge_decode(1, bytes, 31, &edge) &&
			   !merkle_edge_decode(1, bytes, 33, &edge) &&
			   !merkle_edge_decode(UINT64_C(1) << 63, bytes, 32, &edge),
		   "edges of a wrong length");
}

/* Proofs against the model, and wrong ones. */

struct inclusion
{
	hash leaf, root, proof[MERKLE_MAX_PROOF + 1];
	uint64_t index, size;
	size_t count;
};

static bool
inclusion_holds(const struct inclusion *one)
{
	return merkle_verify_inclusion(one->leaf, one->index, one->size,
								   one->proof, one->count, one->root);
}

static bool
model_inclusion_holds(const struct inclusion *one)
{
	return model_verify_inclusion(one->leaf, one->index, one->size, one->proof,
								  one->count, one->root);
}

/* Makes a proof and compares it with the model's. */
static bool
make_inclusion(struct model *model, uint64_t index, uint64_t size,
			   struct inclusion *one)
{
	hash wanted[MERKLE_MAX_PROOF];
	size_t wanted_count;

	memset(one, 0, sizeof *one);
	one->index = index;
	one->size = size;
	memcpy(one->leaf, model->leaves[index], sizeof(hash));
	model_root(model->leaves, size, one->root);
	model_path(model->leaves, index, size, wanted, &wanted_count);
	model->size = size;
	return merkle_inclusion_proof(read_model, model, index, size, one->proof,
								  &one->count) &&
		   one->count == wanted_count &&
		   memcmp(one->proof, wanted, wanted_count * sizeof(hash)) == 0;
}

static void
flip(uint8_t *bytes, size_t size, uint64_t *state)
{
	uint64_t bit = next_random(state) % (size * 8);

	bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
}

/* Each single change of a proof that must make it wrong. */
static bool
bent_inclusions_refused(const struct inclusion *right, uint64_t *state)
{
	struct inclusion bent = *right;
	bool refused = true;

	flip(bent.leaf, sizeof(hash), state);
	refused = refused && !inclusion_holds(&bent);
	bent = *right;
	flip(bent.root, sizeof(hash), state);
	refused = refused && !inclusion_holds(&bent);
	for (size_t i = 0; i < right->count; i++)
	{
		bent = *right;
		flip(bent.proof[i], sizeof(hash), state);
		refused = refused && !inclusion_holds(&bent);
		bent = *right;
		memcpy(bent.proof[i], right->proof[(i + 1) % right->count],
			   sizeof(hash));
		memcpy(bent.proof[(i + 1) % right->count], right->proof[i],
			   sizeof(hash));
		refused = refused && (right->count == 1 || !inclusion_holds(&bent));
		bent = *right;
		bent.count = i;
		refused = refused && !inclusion_holds(&bent);
	}
	bent = *right;
	bent.count++;
	return refused && !inclusion_holds(&bent);
}

/* A root comes of a proof of the right length only. */
static bool
lengths_refused(const struct inclusion *right)
{
	hash made;

	for (size_t count = 0; count <= MERKLE_MAX_PROOF; count++)
		if (merkle_root_of_inclusion(right->leaf, right->index, right->size,
									 right->proof, count,
									 made) != (count == right->count))
			return false;
	return true;
}

/*
 * Another index or size is wrong, too, unless the way up has the same form
 * (leaf 0 of 7 and of 8): the model knows.
 */
static bool
moved_inclusions_agree(const struct inclusion *right, uint64_t *state)
{
	const uint64_t sizes[] = {
		0,
		1,
		right->size - 1,
		right->size + 1,
		right->size * 2,
		next_random(state) % (2 * right->size),
		UINT64_MAX,
		(uint64_t) INT64_MAX + 1,
		INT64_MAX,
	};
	const uint64_t indices[] = {
		0,
		right->index - 1,
		right->index + 1,
		right->index ^ 2,
		right->size,
		next_random(state) % right->size,
		UINT64_MAX,
	};
	bool agree = true;

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
	{
		struct inclusion moved = *right;

		moved.size = sizes[i];
		agree =
			agree && inclusion_holds(&moved) == model_inclusion_holds(&moved);
	}
	for (size_t i = 0; i < COUNT_OF(indices); i++)
	{
		struct inclusion moved = *right;

		moved.index = indices[i];
		agree = agree &&
				(indices[i] == right->index || !model_inclusion_holds(&moved));
		agree =
			agree && inclusion_holds(&moved) == model_inclusion_holds(&moved);
	}
	return agree;
}

static bool
check_inclusion(struct model *model, uint64_t index, uint64_t size,
				uint64_t *state)
{
	struct inclusion one;

	return make_inclusion(model, index, size, &one) && inclusion_holds(&one) &&
		   model_inclusion_holds(&one) &&
		   bent_inclusions_refused(&one, state) && lengths_refused(&one) &&
		   moved_inclusions_agree(&one, state);
}

static void
test_inclusion(struct tap *tap, struct model *model)
{
	uint64_t state = 23;
	bool good = true;

	model_fill(model, MODEL_LEAVES, 3);
	for (uint64_t size = 1; size <= 33; size++)
		for (uint64_t index = 0; index < size; index++)
			good = good && check_inclusion(model, index, size, &state);
	tap_ok(tap, good && !model->bad_read,
		   "inclusion: every leaf of every size up to 33");
	for (int i = 0; i < 150; i++)
	{
		uint64_t size = 1 + next_random(&state) % MODEL_LEAVES;

		good = good && check_inclusion(model, next_random(&state) % size, size,
									   &state);
	}
	tap_ok(tap, good && !model->bad_read,
		   "inclusion: random leaves of random sizes up to 2,000");
}

struct consistency
{
	hash old_root, new_root, proof[MERKLE_MAX_PROOF + 1];
	uint64_t old_size, new_size;
	size_t count;
};

static bool
consistency_holds(const struct consistency *one)
{
	return merkle_verify_consistency(one->old_size, one->old_root,
									 one->new_size, one->new_root, one->proof,
									 one->count);
}

static bool
model_consistency_holds(const struct consistency *one)
{
	return model_verify_consistency(one->old_size, one->old_root,
									one->new_size, one->new_root, one->proof,
									one->count);
}

static bool
make_consistency(struct model *model, uint64_t old_size, uint64_t new_size,
				 struct consistency *one)
{
	hash wanted[MERKLE_MAX_PROOF];
	size_t wanted_count;

	memset(one, 0, sizeof *one);
	one->old_size = old_size;
	one->new_size = new_size;
	model_root(model->leaves, old_size, one->old_root);
	model_root(model->leaves, new_size, one->new_root);
	model_subproof(model->leaves, old_size, new_size, true, wanted,
				   &wanted_count);
	model->size = new_size;
	return merkle_consistency_proof(read_model, model, old_size, new_size,
									one->proof, &one->count) &&
		   one->count == wanted_count &&
		   memcmp(one->proof, wanted, wanted_count * sizeof(hash)) == 0;
}

static bool
bent_consistency_refused(const struct consistency *right, uint64_t *state)
{
	struct consistency bent = *right;
	bool refused = true;

	flip(bent.old_root, sizeof(hash), state);
	refused = refused && !consistency_holds(&bent);
	bent = *right;
	flip(bent.new_root, sizeof(hash), state);
	refused = refused && !consistency_holds(&bent);
	for (size_t i = 0; i < right->count; i++)
	{
		bent = *right;
		flip(bent.proof[i], sizeof(hash), state);
		refused = refused && !consistency_holds(&bent);
		bent = *right;
		memcpy(bent.proof[i], right->proof[(i + 1) % right->count],
			   sizeof(hash));
		memcpy(bent.proof[(i + 1) % right->count], right->proof[i],
			   sizeof(hash));
		refused = refused && (right->count == 1 || !consistency_holds(&bent));
		bent = *right;
		bent.count = i;
		refused = refused && !consistency_holds(&bent);
	}
	bent = *right;
	bent.count++;
	return refused && !consistency_holds(&bent);
}

static bool
moved_consistency_agrees(const struct consistency *right, uint64_t *state)
{
	const uint64_t sizes[] = {
		0,
		1,
		right->old_size - 1,
		right->old_size + 1,
		right->new_size - 1,
		right->new_size,
		right->new_size + 1,
		right->new_size * 2,
		next_random(state) % (2 * right->new_size),
		INT64_MAX,
		(uint64_t) INT64_MAX + 1,
		UINT64_MAX,
	};
	bool agree = true;

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
	{
		struct consistency moved = *right;

		moved.old_size = sizes[i];
		agree = agree &&
				consistency_holds(&moved) == model_consistency_holds(&moved);
		moved = *right;
		moved.new_size = sizes[i];
		agree = agree &&
				consistency_holds(&moved) == model_consistency_holds(&moved);
	}
	return agree;
}

static bool
check_consistency(struct model *model, uint64_t old_size, uint64_t new_size,
				  uint64_t *state)
{
	struct consistency one;

	return make_consistency(model, old_size, new_size, &one) &&
		   consistency_holds(&one) && model_consistency_holds(&one) &&
		   bent_consistency_refused(&one, state) &&
		   moved_consistency_agrees(&one, state);
}

static void
test_consistency(struct tap *tap, struct model *model)
{
	uint64_t state = 29;
	bool good = true;

	model_fill(model, MODEL_LEAVES, 7);
	for (uint64_t new_size = 1; new_size <= 33; new_size++)
		for (uint64_t old_size = 1; old_size <= new_size; old_size++)
			good =
				good && check_consistency(model, old_size, new_size, &state);
	tap_ok(tap, good && !model->bad_read,
		   "consistency: every pair of sizes up to 33");
	for (int i = 0; i < 150; i++)
	{
		uint64_t new_size = 1 + next_random(&state) % MODEL_LEAVES;

		good = good &&
			   check_consistency(model, 1 + next_random(&state) % new_size,
								 new_size, &state);
	}
	tap_ok(tap, good && !model->bad_read,
		   "consistency: random pairs of sizes up to 2,000");
}

static void
test_empty_trees(struct tap *tap, struct model *model)
{
	hash proof[MERKLE_MAX_PROOF], zeros = {0}, empty;
	size_t count = 9;

	model_root(model->leaves, 0, empty);
	tap_ok(tap,
		   merkle_consistency_proof(read_model, model, 0, 5, proof, &count) &&
			   count == 0 &&
			   merkle_verify_consistency(0, zeros, 5, zeros, proof, 0) &&
			   !merkle_verify_consistency(0, zeros, 5, zeros, proof, 1),
		   "the empty tree is in every tree, with an empty proof");
	tap_ok(tap,
		   merkle_consistency_proof(read_model, model, 0, 0, proof, &count) &&
			   count == 0 &&
			   merkle_verify_consistency(0, empty, 0, empty, proof, 0) &&
			   !merkle_verify_consistency(0, empty, 0, zeros, proof, 0),
		   "two empty trees need the same root");
}

static bool
read_nothing(void *context, unsigned height, uint64_t index, uint8_t *out)
{
	(void) context;
	(void) height;
	(void) index;
	(void) out;
	return false;
}

static void
test_refusals(struct tap *tap, struct model *model)
{
	const uint64_t huge = (uint64_t) INT64_MAX + 1;
	hash proof[MERKLE_MAX_PROOF];
	struct merkle_edge edge;
	size_t count;

	tap_ok(
		tap,
		!merkle_inclusion_proof(read_nothing, NULL, 0, 2, proof, &count) &&
			!merkle_inclusion_proof(read_nothing, NULL, 0, 3, proof, &count) &&
			!merkle_consistency_proof(read_nothing, NULL, 3, 7, proof,
									  &count) &&
			!merkle_edge_load(read_nothing, NULL, 1, &edge),
		"no proof when a read fails");
	tap_ok(
		tap,
		!merkle_inclusion_proof(read_model, model, 0, 0, proof, &count) &&
			!merkle_inclusion_proof(read_model, model, 5, 5, proof, &count) &&
			!merkle_inclusion_proof(read_model, model, 0, huge, proof,
									&count) &&
			!merkle_consistency_proof(read_model, model, 6, 5, proof,
									  &count) &&
			!merkle_consistency_proof(read_model, model, 5, huge, proof,
									  &count) &&
			!merkle_edge_load(read_model, model, huge, &edge),
		"no proof for questions without sense");
	tap_ok(tap,
		   !merkle_verify_consistency(3, model->leaves[0], 7, model->leaves[1],
									  NULL, 0) &&
			   !merkle_verify_consistency(4, model->leaves[0], 7,
										  model->leaves[1], NULL, 0) &&
			   !merkle_verify_inclusion(model->leaves[0], 0, 2, NULL, 0,
										model->leaves[0]),
		   "an empty proof where there must be one");
}

/* Trees too large to keep: all leaves alike, so a height says the hash. */

struct even_tree
{
	hash nodes[63];
	uint64_t size;
	bool bad_read;
};

static bool
read_even(void *context, unsigned height, uint64_t index, uint8_t *out)
{
	struct even_tree *tree = context;

	if (height >= 63 || index >= tree->size >> height)
	{
		tree->bad_read = true;
		return false;
	}
	memcpy(out, tree->nodes[height], sizeof(hash));
	return true;
}

static void
even_root(const struct even_tree *tree, uint64_t n, hash out)
{
	hash right;
	uint64_t k;
	unsigned height = 0;

	while (UINT64_C(1) << height < n)
		height++;
	if (UINT64_C(1) << height == n)
	{
		memcpy(out, tree->nodes[height], sizeof(hash));
		return;
	}
	k = split_of(n);
	even_root(tree, n - k, right);
	model_node(tree->nodes[height - 1], right, out);
}

static bool
check_even_inclusion(struct even_tree *tree, uint64_t index, uint64_t size,
					 uint64_t *state)
{
	struct inclusion one;

	memset(&one, 0, sizeof one);
	one.index = index;
	tree->size = one.size = size;
	memcpy(one.leaf, tree->nodes[0], sizeof(hash));
	even_root(tree, size, one.root);
	if (!merkle_inclusion_proof(read_even, tree, index, size, one.proof,
								&one.count) ||
		!inclusion_holds(&one) || !model_inclusion_holds(&one))
		return false;
	if (one.count == 0)
		return true;
	flip(one.proof[0], one.count * sizeof(hash), state);
	return !inclusion_holds(&one);
}

static bool
check_even_consistency(struct even_tree *tree, uint64_t old_size,
					   uint64_t new_size, uint64_t *state)
{
	struct consistency one;

	memset(&one, 0, sizeof one);
	one.old_size = old_size;
	tree->size = one.new_size = new_size;
	even_root(tree, old_size, one.old_root);
	even_root(tree, new_size, one.new_root);
	if (!merkle_consistency_proof(read_even, tree, old_size, new_size,
								  one.proof, &one.count) ||
		!consistency_holds(&one) || !model_consistency_holds(&one))
		return false;
	if (one.count == 0)
		return true;
	flip(one.proof[0], one.count * sizeof(hash), state);
	return !consistency_holds(&one);
}

static void
test_large_trees(struct tap *tap)
{
	struct even_tree tree = {.nodes = {{0x55}}};
	uint64_t state = 31;
	bool good = true;

	for (unsigned height = 1; height < 63; height++)
		model_node(tree.nodes[height - 1], tree.nodes[height - 1],
				   tree.nodes[height]);
	for (int i = 0; i < 500; i++)
	{
		uint64_t size = 1 + (next_random(&state) >> 1) % INT64_MAX;
		uint64_t other = 1 + next_random(&state) % size;

		size = i % 5 == 0 ? INT64_MAX : size;
		other = i % 7 == 0 ? UINT64_C(1) << next_random(&state) % 60 : other;
		if (other > size)
			continue;
		good = good && check_even_inclusion(&tree, other - 1, size, &state) &&
			   check_even_consistency(&tree, other, size, &state);
	}
	good = good &&
		   check_even_inclusion(&tree, INT64_MAX - 1, INT64_MAX, &state) &&
		   check_even_inclusion(&tree, 0, INT64_MAX, &state) &&
		   check_even_consistency(&tree, INT64_MAX - 1, INT64_MAX, &state);
	tap_ok(tap, good && !tree.bad_read, "proofs of trees up to 2^63 - 1");
}

/* Proofs of the same form that a tree of one leaf more would have. */
static void
test_past_the_limit(struct tap *tap)
{
	const uint64_t huge = (uint64_t) INT64_MAX + 1;
	const uint64_t half = UINT64_C(1) << 62;
	struct even_tree tree = {.nodes = {{0x44}}, .size = INT64_MAX};
	hash proof[MERKLE_MAX_PROOF], root, made;
	size_t count;

	for (unsigned height = 1; height < 63; height++)
		model_node(tree.nodes[height - 1], tree.nodes[height - 1],
				   tree.nodes[height]);
	even_root(&tree, INT64_MAX, root);
	tap_ok(tap,
		   merkle_inclusion_proof(read_even, &tree, 0, INT64_MAX, proof,
								  &count) &&
			   merkle_verify_inclusion(tree.nodes[0], 0, INT64_MAX, proof,
									   count, root) &&
			   !merkle_verify_inclusion(tree.nodes[0], 0, huge, proof, count,
										root) &&
			   !merkle_root_of_inclusion(tree.nodes[0], 0, huge, proof, count,
										 made),
		   "no leaf of a tree of 2^63");
	tap_ok(tap,
		   merkle_consistency_proof(read_even, &tree, half, INT64_MAX, proof,
									&count) &&
			   merkle_verify_consistency(half, tree.nodes[62], INT64_MAX, root,
										 proof, count) &&
			   !merkle_verify_consistency(half, tree.nodes[62], huge, root,
										  proof, count) &&
			   !merkle_verify_consistency(huge, root, huge, root, proof, 0),
		   "no growth to a tree of 2^63");
}

static void
test_full_tree(struct tap *tap)
{
	struct even_tree tree = {.nodes = {{0x66}}};
	struct merkle_edge edge;
	hash root, wanted;

	for (unsigned height = 1; height < 63; height++)
		model_node(tree.nodes[height - 1], tree.nodes[height - 1],
				   tree.nodes[height]);
	tree.size = INT64_MAX;
	even_root(&tree, INT64_MAX, wanted);
	tap_ok(tap,
		   merkle_edge_load(read_even, &tree, INT64_MAX - 1, &edge) &&
			   merkle_edge_append(&edge, tree.nodes[0]) &&
			   edge.size == INT64_MAX && merkle_edge_count(edge.size) == 63,
		   "the edge grows up to 2^63 - 1 leaves");
	merkle_edge_root(&edge, root);
	tap_ok(tap,
		   same(root, wanted) && !merkle_edge_append(&edge, tree.nodes[0]),
		   "and no further");
}

int
main(void)
{
	static struct model model;
	struct tap tap = {0};

	reference_tree(&model);
	test_published_roots(&tap, &model);
	test_published_proofs(&tap, &model);
	test_rfc_example(&tap, &model);
	test_witness_log(&tap, &model);
	test_edges(&tap, &model);
	test_edge_decoding(&tap);
	test_inclusion(&tap, &model);
	test_consistency(&tap, &model);
	test_empty_trees(&tap, &model);
	test_refusals(&tap, &model);
	test_large_trees(&tap);
	test_past_the_limit(&tap);
	test_full_tree(&tap);
	return tap_end(&tap);
}
