/*
 * tile.h
 *		The tiles in which a log is published (C2SP tlog-tiles, height 8).
 *
 * Pure C: the extension, the gateway and the client compile this file.
 *
 * A tile of level L holds up to 256 hashes of 32 bytes, nodes of height 8 * L
 * (merkle.h) that stand side by side: hash i of tile N is node
 * (8 * L, 256 * N + i).  The other heights are made of those.  The last tile
 * of a level is partial unless its hashes happen to fill it.
 */
#ifndef E2EMSG_TILE_H
#define E2EMSG_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merkle.h"

#define TILE_HEIGHT 8  /* levels of the tree in one tile */
#define TILE_WIDTH 256 /* hashes in a full tile */
#define TILE_MAX_SIZE (TILE_WIDTH * MERKLE_HASH_SIZE) /* bytes: 8192 */

/*
 * Levels 0 to 7.  The specification allows 63, but a tree of less than 2^63
 * leaves has no tile above.
 */
#define TILE_LEVELS 8

/* Size of the longest path with its NUL, 7/x036/.../963.p/255, and spare. */
#define TILE_PATH_SIZE 40

struct tile
{
	unsigned level;
	uint64_t index; /* N: its number on the level */
	unsigned width; /* hashes in it: 256, or 1 to 255 for a partial tile */
};

/*
 * How many hashes tile "index" of the level has in a tree of that size: 256,
 * the width of a partial tile, or 0 when the tree has no such tile.
 */
extern unsigned tile_width(uint64_t size, unsigned level, uint64_t index);

/* How many tiles the level has, the partial one included. */
extern uint64_t tile_count(uint64_t size, unsigned level);

/*
 * Are all of its hashes in a tree of that size?  Then they never change.  A
 * partial tile of an earlier size still exists when the tree has outgrown it:
 * its hashes are the first ones of the wider tile.
 */
extern bool tile_exists(const struct tile *tile, uint64_t size);

/*
 * The URL's part <L>/<N>[.p/<W>], as in 0/x001/x234/067.p/12, with a NUL.
 * False for a tile that no tree has.
 */
extern bool tile_format_path(const struct tile *tile,
							 char out[TILE_PATH_SIZE]) MERKLE_CHECKED;

/*
 * The reverse, of "length" bytes.  Accepts exactly what tile_format_path
 * writes: the log is one set of files, each with one name.
 */
extern bool tile_parse_path(const char *path, size_t length,
							struct tile *out) MERKLE_CHECKED;

/*
 * The same without the level, <N>[.p/<W>], for bundles of entries: these are
 * numbered like the tiles of level 0, which the result is.
 */
extern bool tile_format_number(const struct tile *tile,
							   char out[TILE_PATH_SIZE]) MERKLE_CHECKED;
extern bool tile_parse_number(const char *path, size_t length,
							  struct tile *out) MERKLE_CHECKED;

/* Where a node of the tree is found: a subtree of the tile. */
struct tile_place
{
	struct tile tile;
	unsigned height;   /* of the subtree in the tile, 0 to 7 */
	unsigned position; /* among the subtrees of that height in the tile */
};

/*
 * Finds node (height, index) of a tree of that size, in the widest form of
 * the tile that the tree has.  False when the tree has no such complete node.
 */
extern bool tile_find_node(unsigned height, uint64_t index, uint64_t size,
						   struct tile_place *out) MERKLE_CHECKED;

/*
 * The root of the complete subtree of 2^height leaves (height 0 to 8) that
 * begins at hash position * 2^height, from the bytes of a tile, 32 * width.
 * False when these hashes are not all there.
 */
extern bool tile_subtree_root(const uint8_t *hashes, unsigned width,
							  unsigned height, unsigned position,
							  uint8_t root[MERKLE_HASH_SIZE]) MERKLE_CHECKED;

#endif /* E2EMSG_TILE_H */
