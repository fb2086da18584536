/*
 * pg_merkle.c
 *		The Merkle tree as SQL functions that look at their arguments alone.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"

#include "pg_merkle.h"
#include "tile.h"

PG_FUNCTION_INFO_V1(merkle_leaf_hash_sql);
PG_FUNCTION_INFO_V1(merkle_tile_root_sql);
PG_FUNCTION_INFO_V1(merkle_append_sql);
PG_FUNCTION_INFO_V1(verify_inclusion);
PG_FUNCTION_INFO_V1(verify_consistency);
PG_FUNCTION_INFO_V1(tile_of_path);

bytea *
make_bytea(const void *bytes, size_t size)
{
	bytea *result = palloc(VARHDRSZ + size);

	SET_VARSIZE(result, VARHDRSZ + size);
	memcpy(VARDATA(result), bytes, size);
	return result;
}

const hash *
hashes_of(bytea *value, size_t *count)
{
	if (VARSIZE_ANY_EXHDR(value) % MERKLE_HASH_SIZE != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("hashes must be 32 bytes each")));
	*count = VARSIZE_ANY_EXHDR(value) / MERKLE_HASH_SIZE;
	return (const hash *) VARDATA_ANY(value);
}

const uint8_t *
hash_of(bytea *value)
{
	size_t count;
	const hash *hashes = hashes_of(value, &count);

	if (count != 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a hash must be 32 bytes")));
	return hashes[0];
}

uint64_t
size_of(int64 value)
{
	if (value < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a size or an index must not be negative")));
	return (uint64_t) value;
}

/* merkle_leaf_hash(entry bytea) returns bytea */
Datum
merkle_leaf_hash_sql(PG_FUNCTION_ARGS)
{
	bytea *entry = PG_GETARG_BYTEA_PP(0);
	uint8_t hash[MERKLE_HASH_SIZE];

	merkle_leaf_hash((const uint8_t *) VARDATA_ANY(entry),
					 VARSIZE_ANY_EXHDR(entry), hash);
	PG_RETURN_BYTEA_P(make_bytea(hash, sizeof hash));
}

/* merkle_tile_root(hashes bytea) returns bytea: of a full tile */
Datum
merkle_tile_root_sql(PG_FUNCTION_ARGS)
{
	size_t count;
	const hash *hashes = hashes_of(PG_GETARG_BYTEA_PP(0), &count);
	uint8_t root[MERKLE_HASH_SIZE];

	if (count != TILE_WIDTH ||
		!tile_subtree_root(hashes[0], TILE_WIDTH, TILE_HEIGHT, 0, root))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a full tile has 256 hashes")));
	PG_RETURN_BYTEA_P(make_bytea(root, sizeof root));
}

/*
 * merkle_append(size bigint, edge bytea, leaf_hashes bytea, OUT new_size
 *		bigint, OUT new_edge bytea, OUT root bytea)
 */
Datum
merkle_append_sql(PG_FUNCTION_ARGS)
{
	bytea *old = PG_GETARG_BYTEA_PP(1);
	struct merkle_edge *edge = palloc(sizeof *edge);
	uint8_t bytes[MERKLE_MAX_EDGE * MERKLE_HASH_SIZE];
	uint8_t root[MERKLE_HASH_SIZE];
	Datum values[3];
	bool nulls[3] = {false};
	TupleDesc tuple;
	size_t count;
	const hash *leaves = hashes_of(PG_GETARG_BYTEA_PP(2), &count);

	if (!merkle_edge_decode(size_of(PG_GETARG_INT64(0)),
							(const uint8_t *) VARDATA_ANY(old),
							VARSIZE_ANY_EXHDR(old), edge))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the edge does not fit the size")));
	for (size_t i = 0; i < count; i++)
		if (!merkle_edge_append(edge, leaves[i]))
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							errmsg("the key log is full")));
	merkle_edge_root(edge, root);
	values[0] = Int64GetDatum((int64) edge->size);
	values[1] =
		PointerGetDatum(make_bytea(bytes, merkle_edge_encode(edge, bytes)));
	values[2] = PointerGetDatum(make_bytea(root, sizeof root));
	if (get_call_result_type(fcinfo, NULL, &tuple) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "merkle_append must return a row");
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(tuple), values, nulls)));
}

/*
 * verify_inclusion(leaf_hash bytea, leaf bigint, size bigint, proof bytea,
 *		root bytea) returns boolean
 */
Datum
verify_inclusion(PG_FUNCTION_ARGS)
{
	size_t count;
	const hash *proof = hashes_of(PG_GETARG_BYTEA_PP(3), &count);

	PG_RETURN_BOOL(merkle_verify_inclusion(
		hash_of(PG_GETARG_BYTEA_PP(0)), size_of(PG_GETARG_INT64(1)),
		size_of(PG_GETARG_INT64(2)), proof, count,
		hash_of(PG_GETARG_BYTEA_PP(4))));
}

/*
 * verify_consistency(old_size bigint, old_root bytea, new_size bigint,
 *		new_root bytea, proof bytea) returns boolean
 */
Datum
verify_consistency(PG_FUNCTION_ARGS)
{
	size_t count;
	const hash *proof = hashes_of(PG_GETARG_BYTEA_PP(4), &count);

	PG_RETURN_BOOL(merkle_verify_consistency(
		size_of(PG_GETARG_INT64(0)), hash_of(PG_GETARG_BYTEA_PP(1)),
		size_of(PG_GETARG_INT64(2)), hash_of(PG_GETARG_BYTEA_PP(3)), proof,
		count));
}

/* tile_of_path(path text, OUT level integer, OUT index bigint, OUT width
 * integer) */
Datum
tile_of_path(PG_FUNCTION_ARGS)
{
	text *path = PG_GETARG_TEXT_PP(0);
	struct tile tile = {0};
	bool good =
		tile_parse_path(VARDATA_ANY(path), VARSIZE_ANY_EXHDR(path), &tile);
	Datum values[3] = {Int32GetDatum((int32) tile.level),
					   Int64GetDatum((int64) tile.index),
					   Int32GetDatum((int32) tile.width)};
	bool nulls[3] = {!good, !good, !good};
	TupleDesc tuple;

	if (get_call_result_type(fcinfo, NULL, &tuple) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "tile_of_path must return a row");
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(tuple), values, nulls)));
}
