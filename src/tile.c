/*
 * tile.c
 *		The tiles in which a log is published (C2SP tlog-tiles, height 8).
 */
#include "tile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How many nodes of height 8 * level are complete; 0 for a wrong question. */
static uint64_t
hashes_of_level(uint64_t size, unsigned level)
{
	if (level >= TILE_LEVELS || size > MERKLE_MAX_SIZE)
		return 0;
	return size >> (TILE_HEIGHT * level);
}

unsigned
tile_width(uint64_t size, unsigned level, uint64_t index)
{
	uint64_t hashes = hashes_of_level(size, level);

	if (index < hashes / TILE_WIDTH)
		return TILE_WIDTH;
	if (index == hashes / TILE_WIDTH)
		return (unsigned) (hashes % TILE_WIDTH);
	return 0;
}

uint64_t
tile_count(uint64_t size, unsigned level)
{
	uint64_t hashes = hashes_of_level(size, level);

	return hashes / TILE_WIDTH + (hashes % TILE_WIDTH != 0);
}

bool
tile_exists(const struct tile *tile, uint64_t size)
{
	return tile->width >= 1 &&
		   tile->width <= tile_width(size, tile->level, tile->index);
}

/* Paths. */

/* Writes N in groups of three digits, all but the last with an x. */
static size_t
format_groups(uint64_t number, char out[TILE_PATH_SIZE])
{
	uint64_t unit = 1;
	size_t length = 0;

	while (number / unit >= 1000)
		unit *= 1000;
	for (; unit > 1; unit /= 1000)
		length += (size_t) snprintf(out + length, TILE_PATH_SIZE - length,
									"x%03" PRIu64 "/", number / unit % 1000);
	length += (size_t) snprintf(out + length, TILE_PATH_SIZE - length,
								"%03" PRIu64, number % 1000);
	return length;
}

bool
tile_format_number(const struct tile *tile, char out[TILE_PATH_SIZE])
{
	size_t length;

	if (!tile_exists(tile, MERKLE_MAX_SIZE))
		return false;
	length = format_groups(tile->index, out);
	if (tile->width < TILE_WIDTH)
		snprintf(out + length, TILE_PATH_SIZE - length, ".p/%u", tile->width);
	return true;
}

bool
tile_format_path(const struct tile *tile, char out[TILE_PATH_SIZE])
{
	char number[TILE_PATH_SIZE];

	return tile_format_number(tile, number) &&
		   snprintf(out, TILE_PATH_SIZE, "%u/%s", tile->level, number) <
			   TILE_PATH_SIZE;
}

/* Appends a digit; anything else changes nothing.  False when too large. */
static bool
push_digit(char character, uint64_t *number)
{
	if (character < '0' || character > '9')
		return true;
	if (*number > MERKLE_MAX_SIZE / 10 - 1)
		return false;
	*number = *number * 10 + (uint64_t) (character - '0');
	return true;
}

/*
 * Reads the digits before and behind the dot and nothing else: the caller
 * compares the text with the only right form of what was read.
 */
static bool
read_loosely(const char *text, size_t length, struct tile *out)
{
	uint64_t width = 0;
	size_t at = 0;

	out->index = 0;
	for (; at < length && text[at] != '.'; at++)
		if (!push_digit(text[at], &out->index))
			return false;
	if (at == length)
		width = TILE_WIDTH;
	for (; at < length; at++)
		if (!push_digit(text[at], &width))
			return false;
	out->width = width <= TILE_WIDTH ? (unsigned) width : 0;
	return true;
}

static bool
same_text(const char *text, size_t length, const char *wanted)
{
	return strlen(wanted) == length && memcmp(text, wanted, length) == 0;
}

bool
tile_parse_number(const char *path, size_t length, struct tile *out)
{
	char wanted[TILE_PATH_SIZE];

	out->level = 0;
	return read_loosely(path, length, out) &&
		   tile_format_number(out, wanted) && same_text(path, length, wanted);
}

bool
tile_parse_path(const char *path, size_t length, struct tile *out)
{
	char wanted[TILE_PATH_SIZE];

	if (length < 2 || path[0] < '0' || path[0] >= '0' + TILE_LEVELS)
		return false;
	out->level = (unsigned) (path[0] - '0');
	return read_loosely(path + 2, length - 2, out) &&
		   tile_format_path(out, wanted) && same_text(path, length, wanted);
}

/* Nodes. */

bool
tile_find_node(unsigned height, uint64_t index, uint64_t size,
			   struct tile_place *out)
{
	unsigned level = height / TILE_HEIGHT;
	uint64_t first_hash;

	if (level >= TILE_LEVELS || size > MERKLE_MAX_SIZE ||
		index >= size >> height)
		return false;
	out->height = height % TILE_HEIGHT;
	first_hash = index << out->height;
	out->position = (unsigned) (first_hash % TILE_WIDTH) >> out->height;
	out->tile.level = level;
	out->tile.index = first_hash / TILE_WIDTH;
	out->tile.width = tile_width(size, level, out->tile.index);
	return true;
}

bool
tile_subtree_root(const uint8_t *hashes, unsigned width, unsigned height,
				  unsigned position, uint8_t root[MERKLE_HASH_SIZE])
{
	struct merkle_edge edge;
	size_t at;

	if (width > TILE_WIDTH || height > TILE_HEIGHT ||
		position >= width >> height)
		return false;
	edge.size = 0;
	at = ((size_t) position << height) * MERKLE_HASH_SIZE;
	for (unsigned i = 0; i < 1u << height; i++, at += MERKLE_HASH_SIZE)
		if (!merkle_edge_append(&edge, hashes + at))
			return false;
	merkle_edge_root(&edge, root);
	return true;
}
