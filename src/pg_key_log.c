/*
 * pg_key_log.c
 *		Roots and proofs of the key log, from the tiles that are stored.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"

#include "pg_merkle.h"
#include "tile.h"

PG_FUNCTION_INFO_V1(key_log_root);
PG_FUNCTION_INFO_V1(inclusion_proof);
PG_FUNCTION_INFO_V1(consistency_proof);

/* The tiles of one proof; the last one read is kept. */
struct tiles
{
	uint64_t size; /* of the tree */
	struct tile at;
	bytea *hashes; /* NULL before the first */
};

/* Runs a statement whose plan is kept for the session; at most one row. */
static void
run_kept(SPIPlanPtr *plan, const char *sql, int count, Oid *types,
		 Datum *values)
{
	if (*plan == NULL)
	{
		SPIPlanPtr fresh = SPI_prepare(sql, count, types);

		if (fresh == NULL || SPI_keepplan(fresh) != 0)
			elog(ERROR, "could not prepare a statement of the key log");
		*plan = fresh;
	}
	if (SPI_execute_plan(*plan, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the key log");
}

/* The one value of that row; *found: is there a row? */
static Datum
only_value(bool *found)
{
	bool isnull;

	*found = SPI_processed == 1;
	return *found ? SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
								  1, &isnull)
				  : (Datum) 0;
}

/* Reads a stored tile, which may be wider by now. */
static void
fetch_tile(struct tiles *tiles, const struct tile *tile)
{
	static SPIPlanPtr plan;
	Oid types[] = {INT4OID, INT8OID};
	Datum values[] = {Int32GetDatum((int32) tile->level),
					  Int64GetDatum((int64) tile->index)};
	Datum hashes;
	bool found;

	run_kept(&plan,
			 "SELECT t.hashes FROM e2emsg.key_log_tiles t"
			 " WHERE t.level = $1 AND t.index = $2",
			 2, types, values);
	hashes = only_value(&found);
	tiles->hashes = found ? DatumGetByteaPP(hashes) : NULL;
	tiles->at = *tile;
}

/* A merkle_read over the stored tiles. */
static bool
read_node(void *context, unsigned height, uint64_t index,
		  uint8_t out[MERKLE_HASH_SIZE])
{
	struct tiles *tiles = context;
	struct tile_place place;

	if (!tile_find_node(height, index, tiles->size, &place))
		return false;
	if (tiles->hashes == NULL || tiles->at.level != place.tile.level ||
		tiles->at.index != place.tile.index)
		fetch_tile(tiles, &place.tile);
	return tiles->hashes != NULL &&
		   VARSIZE_ANY_EXHDR(tiles->hashes) >=
			   place.tile.width * MERKLE_HASH_SIZE &&
		   tile_subtree_root((const uint8_t *) VARDATA_ANY(tiles->hashes),
							 place.tile.width, place.height, place.position,
							 out);
}

typedef bool make_proof(merkle_read *read, void *context, uint64_t from,
						uint64_t size,
						uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE],
						size_t *count);

/* How many leaves the log has. */
static uint64_t
stored_size(void)
{
	static SPIPlanPtr plan;
	Datum size;
	bool found;

	run_kept(&plan, "SELECT h.size FROM e2emsg.key_log_head h WHERE h.single",
			 0, NULL, NULL);
	size = only_value(&found);
	return found ? (uint64_t) DatumGetInt64(size) : 0;
}

/* Both kinds of proof, from a leaf or a smaller size to a size. */
static Datum
prove(FunctionCallInfo fcinfo, make_proof *make)
{
	uint64_t from = size_of(PG_GETARG_INT64(0));
	struct tiles tiles = {.size = size_of(PG_GETARG_INT64(1))};
	uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE];
	size_t count = 0;
	bool good;

	SPI_connect();
	good = tiles.size <= stored_size() &&
		   make(read_node, &tiles, from, tiles.size, proof, &count);
	SPI_finish();
	if (!good)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the key log has no such proof")));
	PG_RETURN_BYTEA_P(make_bytea(proof, count * MERKLE_HASH_SIZE));
}

/* key_log_root(size bigint) returns bytea */
Datum
key_log_root(PG_FUNCTION_ARGS)
{
	struct tiles tiles = {.size = size_of(PG_GETARG_INT64(0))};
	struct merkle_edge *edge = palloc(sizeof *edge);
	uint8_t root[MERKLE_HASH_SIZE];
	bool good;

	SPI_connect();
	good = tiles.size <= stored_size() &&
		   merkle_edge_load(read_node, &tiles, tiles.size, edge);
	SPI_finish();
	if (!good)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the key log never had that size")));
	merkle_edge_root(edge, root);
	PG_RETURN_BYTEA_P(make_bytea(root, sizeof root));
}

/* inclusion_proof(leaf bigint, size bigint) returns bytea */
Datum
inclusion_proof(PG_FUNCTION_ARGS)
{
	return prove(fcinfo, merkle_inclusion_proof);
}

/* consistency_proof(old_size bigint, new_size bigint) returns bytea */
Datum
consistency_proof(PG_FUNCTION_ARGS)
{
	return prove(fcinfo, merkle_consistency_proof);
}
