/*
 * test_tile.c
 *		tile.c against the examples of C2SP tlog-tiles and against the
 *		definitions of RFC 9162 section 2.1.1.
 */
#include <string.h>

#include "merkle_model.h"
#include "support.h"
#include "tap.h"
#include "tile.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Paths. */

struct path_case
{
	struct tile tile;
	const char *path;
};

static const struct path_case paths[] = {
	{{0, 0, 256}, "0/000"},
	{{0, 0, 1}, "0/000.p/1"},
	{{1, 5, 256}, "1/005"},
	{{0, 255, 256}, "0/255"},
	{{3, 999, 7}, "3/999.p/7"},
	{{1, 1000, 256}, "1/x001/000"},
	{{0, 1234067, 256}, "0/x001/x234/067"},
	{{0, 1234067, 89}, "0/x001/x234/067.p/89"},
	{{0, 1000000, 256}, "0/x001/x000/000"},
	{{0, 123456789, 255}, "0/x123/x456/789.p/255"},
	{{0, 36028797018963967, 255}, "0/x036/x028/x797/x018/x963/967.p/255"},
	{{6, 127, 255}, "6/127.p/255"},
	{{7, 0, 127}, "7/000.p/127"},
};

static bool
parses(const char *path, struct tile *tile)
{
	return tile_parse_path(path, strlen(path), tile);
}

static void
test_paths(struct tap *tap)
{
	for (size_t i = 0; i < COUNT_OF(paths); i++)
	{
		const struct path_case *one = &paths[i];
		char path[TILE_PATH_SIZE] = "";
		struct tile tile;

		tap_ok(tap,
			   tile_format_path(&one->tile, path) &&
				   strcmp(path, one->path) == 0 && parses(path, &tile) &&
				   tile.level == one->tile.level &&
				   tile.index == one->tile.index &&
				   tile.width == one->tile.width,
			   one->path);
	}
}

static void
test_wrong_paths(struct tap *tap)
{
	static const char *const wrong[] = {
		"",
		"0",
		"0/",
		"/000",
		"0/0",
		"0/00",
		"0/0000",
		"00/000",
		"8/000",
		"9/000",
		"63/000",
		"-1/000",
		"0x000",
		"0/x000",
		"0/x000/000",
		"0/001/000",
		"0/x001",
		"0/x001/",
		"0/x001/x000",
		"0/x001//000",
		"0/x1/000",
		"0/X001/000",
		"0/1234067",
		"0/x001x234/067",
		"0/000/",
		" 0/000",
		"0/000 ",
		"0/000\n",
		"0/+00",
		"0/000.",
		"0/000.p",
		"0/000.p/",
		"0/000.p/0",
		"0/000.p/01",
		"0/000.p/256",
		"0/000.p/257",
		"0/000.p/999999999999999999999",
		"0/000.P/1",
		"0/000.p/1/",
		"0/000.p/-1",
		"0/000p/1",
		"0/000.p1",
		"0/000.p/1.p/1",
		"data/000",
		"entries/000",
		/* no tree is so large */
		"7/000",
		"7/001",
		"7/000.p/128",
		"0/x036/x028/x797/x018/x963/967",
		"0/x036/x028/x797/x018/x963/968.p/1",
		"0/x999/x999/x999/x999/x999/999",
		"0/x999/x999/x999/x999/x999/x999/999",
		"0/x018/x446/x744/x073/x709/x551/616",
	};
	struct tile tile;

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
	{
		char name[80];

		snprintf(name, sizeof name, "refused: %.60s",
				 strcmp(wrong[i], "0/000\n") == 0 ? "a newline" : wrong[i]);
		tap_ok(tap, !parses(wrong[i], &tile), name);
	}
	tap_ok(tap, !tile_parse_path("0/000\0", 6, &tile), "refused: a NUL");
}

static void
test_wrong_tiles(struct tap *tap)
{
	static const struct tile wrong[] = {
		{8, 0, 1},	 {0, 0, 0},			 {0, 0, 257},
		{7, 0, 128}, {7, 1, 1},			 {0, UINT64_MAX, 1},
		{64, 0, 1},	 {UINT32_MAX, 0, 1}, {0, UINT64_C(1) << 55, 1},
	};
	char path[TILE_PATH_SIZE];
	bool good = true;

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		good = good && !tile_format_path(&wrong[i], path) &&
			   !tile_format_number(&wrong[i], path);
	tap_ok(tap, good, "no path for a tile that no tree has");
}

static void
test_numbers(struct tap *tap)
{
	const struct tile tile = {0, 1234067, 12};
	char path[TILE_PATH_SIZE];
	struct tile again = {9, 9, 9};

	tap_ok(tap,
		   tile_format_number(&tile, path) &&
			   strcmp(path, "x001/x234/067.p/12") == 0 &&
			   tile_parse_number(path, strlen(path), &again) &&
			   again.level == 0 && again.index == 1234067 && again.width == 12,
		   "the number alone, for bundles of entries");
	tap_ok(tap,
		   !tile_parse_number("", 0, &again) &&
			   !tile_parse_number("0/000", 5, &again) &&
			   !tile_parse_number("x000/000", 8, &again),
		   "wrong numbers");
}

/* Whatever is accepted must be the one right form of its tile. */
static bool
only_canonical(const char *path, size_t length)
{
	char again[TILE_PATH_SIZE];
	struct tile tile;

	if (!tile_parse_path(path, length, &tile))
		return true;
	return tile_format_path(&tile, again) && strlen(again) == length &&
		   memcmp(again, path, length) == 0;
}

static void
test_hostile_paths(struct tap *tap)
{
	static const char alphabet[] = "0123456789x/.p/0x \n-+\xff";
	uint64_t state = 41;
	bool good = true;
	int accepted = 0;

	for (int i = 0; i < 60000; i++)
	{
		struct tile tile;
		size_t length;
		char path[60] = "";

		tile.level = (unsigned) (next_random(&state) % TILE_LEVELS);
		tile.index = (next_random(&state) >> next_random(&state) % 64) &
					 ((uint64_t) INT64_MAX >> 8 >> 8 * tile.level);
		tile.width = 1 + (unsigned) (next_random(&state) % TILE_WIDTH);
		if (!tile_format_path(&tile, path))
			continue;
		length = strlen(path);
		for (uint64_t change = next_random(&state) % 3; change > 0; change--)
			path[next_random(&state) % length] =
				alphabet[next_random(&state) % sizeof alphabet];
		if (next_random(&state) % 4 == 0)
			length = next_random(&state) % sizeof path;
		good = good && only_canonical(path, length);
		accepted += tile_parse_path(path, length, &tile);
	}
	tap_ok(tap, good && accepted > 10000 && accepted < 50000,
		   "60,000 bent paths: only the right form is accepted");
}

/* Which tiles a tree has. */

/* Hash i of tile n is there when the tree has all leaves under it. */
static unsigned
slow_width(uint64_t size, unsigned level, uint64_t index)
{
	uint64_t leaves = 1;
	unsigned width = 0;

	for (unsigned i = 0; i < level; i++)
		leaves *= 256;
	while (width < 256 && (index * 256 + width + 1) * leaves <= size)
		width++;
	return width;
}

static void
test_widths(struct tap *tap)
{
	uint64_t state = 43;
	bool good = true;

	for (int i = 0; i < 3000; i++)
	{
		uint64_t size =
			next_random(&state) % 40000000 >> next_random(&state) % 26;
		unsigned level = (unsigned) (next_random(&state) % 4);
		uint64_t count = 0;

		for (uint64_t n = next_random(&state) % 4; n < 200000; n = n * 3 + 1)
			good = good &&
				   tile_width(size, level, n) == slow_width(size, level, n);
		if (size > 100000)
			continue;
		while (slow_width(size, level, count) > 0)
			count++;
		good = good && tile_count(size, level) == count;
	}
	tap_ok(tap, good, "widths and counts as in the definition");
	tap_ok(tap,
		   tile_count(70000, 0) == 274 && tile_width(70000, 0, 272) == 256 &&
			   tile_width(70000, 0, 273) == 112 && tile_count(70000, 1) == 2 &&
			   tile_width(70000, 1, 0) == 256 &&
			   tile_width(70000, 1, 1) == 17 && tile_count(70000, 2) == 1 &&
			   tile_width(70000, 2, 0) == 1 && tile_count(70000, 3) == 0,
		   "the specification's tree of 70,000");
	tap_ok(tap,
		   tile_count(256, 0) == 1 && tile_width(256, 0, 0) == 256 &&
			   tile_width(256, 0, 1) == 0 && tile_width(256, 1, 0) == 1 &&
			   tile_count(0, 0) == 0 && tile_width(0, 0, 0) == 0,
		   "the specification's tree of 256, and the empty one");
	tap_ok(tap,
		   tile_width(INT64_MAX, 7, 0) == 127 &&
			   tile_width(INT64_MAX, 8, 0) == 0 &&
			   tile_width(UINT64_MAX, 0, 0) == 0 &&
			   tile_width(INT64_MAX, 0, UINT64_MAX) == 0 &&
			   tile_width(INT64_MAX, 0, (UINT64_C(1) << 55) - 1) == 255,
		   "widths at the limits");
}

static void
test_existence(struct tap *tap)
{
	const struct tile partial = {0, 273, 112}, wider = {0, 273, 113},
					  narrower = {0, 273, 1}, full = {0, 272, 256},
					  none = {0, 273, 0}, behind = {0, 274, 1};

	tap_ok(tap,
		   tile_exists(&partial, 70000) && tile_exists(&narrower, 70000) &&
			   tile_exists(&full, 70000) && !tile_exists(&wider, 70000) &&
			   !tile_exists(&none, 70000) && !tile_exists(&behind, 70000) &&
			   tile_exists(&wider, 70001),
		   "a tile exists when its hashes do");
}

/* Tiles of a real tree. */

#define TREE_SIZE UINT64_C(70000)

struct tree
{
	hash leaves[TREE_SIZE];
	hash tiles[2][274 * TILE_WIDTH];
	hash top; /* the only hash of level 2 */
	uint64_t size;
};

static bool
fill_tree(struct tree *tree)
{
	uint64_t state = 47;
	bool good = true;

	for (size_t i = 0; i < TREE_SIZE; i++)
		for (size_t at = 0; at < sizeof(hash); at += 8)
		{
			uint64_t bits = next_random(&state);

			memcpy(tree->leaves[i] + at, &bits, 8);
		}
	memcpy(tree->tiles[0], tree->leaves, sizeof tree->leaves);
	for (size_t n = 0; n < TREE_SIZE / 256; n++)
		good = tile_subtree_root(tree->tiles[0][n * 256], 256, 8, 0,
								 tree->tiles[1][n]) &&
			   good;
	tree->size = TREE_SIZE;
	return tile_subtree_root(tree->tiles[1][0], 256, 8, 0, tree->top) && good;
}

static const uint8_t *
tile_bytes(const struct tree *tree, const struct tile *tile)
{
	if (tile->level == 2)
		return tree->top;
	return tree->tiles[tile->level][tile->index * 256];
}

/* A merkle_read over the tiles. */
static bool
read_tiles(void *context, unsigned height, uint64_t index, uint8_t *out)
{
	const struct tree *tree = context;
	struct tile_place place;

	return tile_find_node(height, index, tree->size, &place) &&
		   place.tile.width ==
			   slow_width(tree->size, place.tile.level, place.tile.index) &&
		   tile_subtree_root(tile_bytes(tree, &place.tile), place.tile.width,
							 place.height, place.position, out);
}

static bool
node_agrees(struct tree *tree, unsigned height, uint64_t index)
{
	hash wanted, got;

	model_root(tree->leaves + (index << height), UINT64_C(1) << height,
			   wanted);
	return read_tiles(tree, height, index, got) &&
		   memcmp(got, wanted, sizeof(hash)) == 0;
}

static void
test_nodes(struct tap *tap, struct tree *tree)
{
	uint64_t state = 53;
	bool good = fill_tree(tree);

	for (unsigned height = 7; height <= 16; height++)
		for (uint64_t i = 0; i < TREE_SIZE >> height;
			 i += height == 7 ? 11 : 3)
			good = good && node_agrees(tree, height, i);
	for (int i = 0; i < 3000; i++)
	{
		unsigned height = (unsigned) (next_random(&state) % 7);

		tree->size = 300 + next_random(&state) % (TREE_SIZE - 300);
		good =
			good && node_agrees(tree, height,
								next_random(&state) % (tree->size >> height));
	}
	tap_ok(tap, good, "the nodes of a tree of 70,000 by its tiles");
	tree->size = 1000;
	tap_ok(tap,
		   node_agrees(tree, 2, 249) && node_agrees(tree, 8, 2) &&
			   !read_tiles(tree, 2, 250, tree->top) &&
			   !read_tiles(tree, 8, 3, tree->top) &&
			   !read_tiles(tree, 10, 0, tree->top),
		   "no node that the tree does not complete");
	tree->size = TREE_SIZE;
}

static void
test_proofs(struct tap *tap, struct tree *tree)
{
	hash proof[MERKLE_MAX_PROOF], root, old_root;
	struct merkle_edge edge;
	uint64_t state = 59;
	size_t count;
	bool good = true;

	for (int i = 0; i < 4; i++)
	{
		uint64_t index, old_size;

		tree->size = 1 + next_random(&state) % TREE_SIZE;
		index = next_random(&state) % tree->size;
		old_size = 1 + next_random(&state) % tree->size;
		model_root(tree->leaves, tree->size, root);
		model_root(tree->leaves, old_size, old_root);
		good = good &&
			   merkle_inclusion_proof(read_tiles, tree, index, tree->size,
									  proof, &count) &&
			   merkle_verify_inclusion(tree->leaves[index], index, tree->size,
									   proof, count, root) &&
			   merkle_consistency_proof(read_tiles, tree, old_size, tree->size,
										proof, &count) &&
			   merkle_verify_consistency(old_size, old_root, tree->size, root,
										 proof, count) &&
			   merkle_edge_load(read_tiles, tree, tree->size, &edge);
		if (!good)
			break;
		merkle_edge_root(&edge, old_root);
		good = memcmp(root, old_root, sizeof(hash)) == 0;
	}
	tap_ok(tap, good, "proofs and roots from tiles");
}

static void
test_node_limits(struct tap *tap)
{
	struct tile_place place;
	hash hashes[4] = {{0}}, root;

	tap_ok(tap,
		   tile_find_node(62, 0, INT64_MAX, &place) && place.tile.level == 7 &&
			   place.tile.index == 0 && place.tile.width == 127 &&
			   place.height == 6 && place.position == 0 &&
			   tile_find_node(0, INT64_MAX - 1, INT64_MAX, &place) &&
			   place.tile.index == (UINT64_C(1) << 55) - 1 &&
			   place.position == 254 &&
			   tile_find_node(55, 254, INT64_MAX, &place) &&
			   place.tile.level == 6 && place.height == 7 &&
			   place.tile.index == 127 && place.position == 0,
		   "nodes at the limits");
	tap_ok(tap,
		   !tile_find_node(63, 0, INT64_MAX, &place) &&
			   !tile_find_node(64, 0, INT64_MAX, &place) &&
			   !tile_find_node(UINT32_MAX, 0, INT64_MAX, &place) &&
			   !tile_find_node(0, INT64_MAX, INT64_MAX, &place) &&
			   !tile_find_node(0, UINT64_MAX, INT64_MAX, &place) &&
			   !tile_find_node(0, 0, UINT64_MAX, &place) &&
			   !tile_find_node(0, 0, 0, &place),
		   "nodes that no tree has");
	tap_ok(tap,
		   tile_subtree_root(hashes[0], 4, 1, 1, root) &&
			   tile_subtree_root(hashes[0], 3, 1, 0, root) &&
			   !tile_subtree_root(hashes[0], 3, 1, 1, root) &&
			   !tile_subtree_root(hashes[0], 4, 0, 4, root) &&
			   !tile_subtree_root(hashes[0], 4, 3, 0, root) &&
			   !tile_subtree_root(hashes[0], 0, 0, 0, root) &&
			   !tile_subtree_root(hashes[0], 4, 0, UINT32_MAX, root) &&
			   !tile_subtree_root(hashes[0], 257, 0, 0, root) &&
			   !tile_subtree_root(hashes[0], 256, 9, 0, root) &&
			   !tile_subtree_root(hashes[0], 256, 64, 0, root),
		   "subtrees that the tile does not have");
}

int
main(void)
{
	static struct tree tree;
	struct tap tap = {0};

	test_paths(&tap);
	test_wrong_paths(&tap);
	test_wrong_tiles(&tap);
	test_numbers(&tap);
	test_hostile_paths(&tap);
	test_widths(&tap);
	test_existence(&tap);
	test_nodes(&tap, &tree);
	test_proofs(&tap, &tree);
	test_node_limits(&tap);
	return tap_end(&tap);
}
