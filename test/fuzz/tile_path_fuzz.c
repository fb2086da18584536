/*
 * tile_path_fuzz.c
 *		tile.c: paths as text, tiles as numbers, nodes and subtrees.
 *
 * A path that is accepted is the only one of its tile; what a tree has is
 * compared with the definitions in numbers of 128 bits.
 */
#include <inttypes.h>

#include "fuzz.h"
#include "merkle_model.h"
#include "tile.h"

typedef unsigned __int128 wide;

/* The input; its whole length is read as a path and as hashes, too. */
struct question
{
	uint64_t index;
	uint64_t size; /* of the tree, in leaves */
	uint16_t width;
	uint8_t level;
	uint8_t height;
	uint8_t position;
};

static bool
same_tile(const struct tile *a, const struct tile *b)
{
	return a->level == b->level && a->index == b->index &&
		   a->width == b->width;
}

/* The definitions. */

/* A hash of level L is there with all the 256^L leaves under it. */
static bool
slow_exists(const struct tile *tile, uint64_t size)
{
	return size <= MERKLE_MAX_SIZE && tile->level < TILE_LEVELS &&
		   tile->width >= 1 && tile->width <= TILE_WIDTH &&
		   (wide) tile->index * TILE_WIDTH + tile->width <= size >>
			   (TILE_HEIGHT * tile->level);
}

static unsigned
slow_width(uint64_t size, unsigned level, uint64_t index)
{
	struct tile tile = {level, index, 1};

	while (slow_exists(&tile, size))
		tile.width++;
	return tile.width - 1;
}

/* From the digits of a number with many leading zeros, three at a time. */
static void
slow_path(const struct tile *tile, char *out, size_t room)
{
	char digits[25];
	size_t at = 0, length;

	snprintf(digits, sizeof digits, "%024" PRIu64, tile->index);
	while (at < 21 && memcmp(digits + at, "000", 3) == 0)
		at += 3;
	length = (size_t) snprintf(out, room, "%u/", tile->level);
	for (; at < 21; at += 3)
		length += (size_t) snprintf(out + length, room - length, "x%.3s/",
									digits + at);
	length +=
		(size_t) snprintf(out + length, room - length, "%.3s", digits + at);
	if (tile->width < TILE_WIDTH)
		snprintf(out + length, room - length, ".p/%u", tile->width);
}

/* Paths. */

static void
check_text(const char *text, size_t size)
{
	char again[TILE_PATH_SIZE];
	struct tile tile;

	if (tile_parse_path(text, size, &tile))
	{
		must(tile_format_path(&tile, again));
		must(same_bytes(again, strlen(again), text, size));
	}
	if (tile_parse_number(text, size, &tile))
	{
		must(tile.level == 0 && tile_format_number(&tile, again));
		must(same_bytes(again, strlen(again), text, size));
	}
}

static void
check_tile(const struct tile *tile)
{
	char path[TILE_PATH_SIZE], wanted[64];
	struct tile again;
	bool exists = slow_exists(tile, MERKLE_MAX_SIZE);

	must(tile_format_path(tile, path) == exists);
	if (!exists)
		return;
	slow_path(tile, wanted, sizeof wanted);
	must(strcmp(path, wanted) == 0);
	must(tile_parse_path(path, strlen(path), &again) &&
		 same_tile(&again, tile));
	must(tile_format_number(tile, path) && strcmp(path, wanted + 2) == 0);
	must(tile_parse_number(path, strlen(path), &again) &&
		 again.index == tile->index && again.width == tile->width);
}

/* What a tree has. */

static void
check_tree(const struct tile *tile, uint64_t size)
{
	unsigned width = slow_width(size, tile->level, tile->index);
	uint64_t count = tile_count(size, tile->level);

	must(tile_width(size, tile->level, tile->index) == width);
	must(tile_exists(tile, size) == slow_exists(tile, size));
	must((width > 0) == (tile->index < count));
	must(slow_width(size, tile->level, count) == 0);
	must(count == 0 || slow_width(size, tile->level, count - 1) > 0);
}

static void
check_node(unsigned height, uint64_t index, uint64_t size)
{
	struct tile_place place;
	unsigned shift = height < 64 ? height : 64;
	bool complete =
		size <= MERKLE_MAX_SIZE && (wide) index + 1 <= (wide) size >> shift;

	must(tile_find_node(height, index, size, &place) == complete);
	if (!complete)
		return;
	must(place.height < TILE_HEIGHT &&
		 place.tile.level * TILE_HEIGHT + place.height == height);
	must(place.tile.width ==
		 slow_width(size, place.tile.level, place.tile.index));
	must((place.position + 1) << place.height <= place.tile.width);
	must((wide) place.tile.index * TILE_WIDTH +
			 ((wide) place.position << place.height) ==
		 (wide) index << place.height);
}

static void
check_subtree(const hash *hashes, unsigned width, unsigned height,
			  unsigned position)
{
	bool there = width <= TILE_WIDTH && height <= TILE_HEIGHT &&
				 ((uint64_t) position + 1) << height <= width;
	hash root, wanted;

	must(tile_subtree_root((const uint8_t *) hashes, width, height, position,
						   root) == there);
	if (!there)
		return;
	model_root(hashes + ((size_t) position << height), UINT64_C(1) << height,
			   wanted);
	must(same(root, wanted));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct question question;
	struct tile tile;

	fill_from(&question, sizeof question, data, size);
	tile.level = question.level;
	tile.index = question.index;
	tile.width = question.width;
	check_text((const char *) data, size);
	check_tile(&tile);
	check_tree(&tile, question.size);
	check_node(question.height, question.index, question.size);
	check_subtree((const hash *) data, (unsigned) (size / sizeof(hash)),
				  question.height, question.position);
	return 0;
}
