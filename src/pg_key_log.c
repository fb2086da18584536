/*
 * pg_key_log.c
 *		Entries, hashes and proofs of the key log as SQL functions.
 *
 * Several hashes in a row are one bytea of 32 bytes each.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "log_entry.h"
#include "merkle.h"
#include "tile.h"

PG_FUNCTION_INFO_V1(log_entry_sql);
PG_FUNCTION_INFO_V1(log_round_entry_sql);
PG_FUNCTION_INFO_V1(merkle_leaf_hash_sql);
PG_FUNCTION_INFO_V1(merkle_tile_root_sql);
PG_FUNCTION_INFO_V1(merkle_append_sql);
PG_FUNCTION_INFO_V1(key_log_root);
PG_FUNCTION_INFO_V1(tile_of_path);
PG_FUNCTION_INFO_V1(inclusion_proof);
PG_FUNCTION_INFO_V1(consistency_proof);
PG_FUNCTION_INFO_V1(verify_inclusion);
PG_FUNCTION_INFO_V1(verify_consistency);

typedef uint8_t hash[MERKLE_HASH_SIZE];

/* --- arguments and results --- */

static bytea *
make_bytea(const void *bytes, size_t size)
{
	bytea *result = palloc(VARHDRSZ + size);

	SET_VARSIZE(result, VARHDRSZ + size);
	memcpy(VARDATA(result), bytes, size);
	return result;
}

/* The hashes of an argument; *count says how many. */
static const hash *
hashes_of(bytea *value, size_t *count)
{
	if (VARSIZE_ANY_EXHDR(value) % MERKLE_HASH_SIZE != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("hashes must be 32 bytes each")));
	*count = VARSIZE_ANY_EXHDR(value) / MERKLE_HASH_SIZE;
	return (const hash *) VARDATA_ANY(value);
}

static const uint8_t *
hash_of(bytea *value)
{
	size_t count;
	const hash *hashes = hashes_of(value, &count);

	if (count != 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a hash must be 32 bytes")));
	return hashes[0];
}

static uint64_t
size_of(int64 value)
{
	if (value < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a size or an index must not be negative")));
	return (uint64_t) value;
}

/* --- entries --- */

/* A field of fixed width; NULL leaves the zeros that stand for "none". */
static void
take_bytes(FunctionCallInfo fcinfo, int argument, uint8_t *out, size_t size)
{
	bytea *value;

	if (PG_ARGISNULL(argument))
		return;
	value = PG_GETARG_BYTEA_PP(argument);
	if (VARSIZE_ANY_EXHDR(value) != size)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument %d must be %d bytes", argument + 1,
							   (int) size)));
	memcpy(out, VARDATA_ANY(value), size);
}

static enum log_event
event_of(const char *name)
{
	static const char *const names[] = {
		[LOG_EVENT_REGISTERED] = "registered",
		[LOG_EVENT_ROTATED] = "rotated",
		[LOG_EVENT_IDENTITY_ADDED] = "identity_added",
		[LOG_EVENT_IDENTITY_REPLACED] = "identity_replaced",
		[LOG_EVENT_IDENTITY_RESET] = "identity_reset",
		[LOG_EVENT_DELETED] = "deleted"};

	for (int i = LOG_EVENT_REGISTERED; i <= LOG_EVENT_DELETED; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return 0; /* log_entry_encode() refuses it */
}

static void
refuse_entry(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("no entry of the key log has such fields")));
}

static Datum
encode_entry(struct log_entry *entry, text *service)
{
	uint8_t bytes[LOG_ENTRY_MAX_SIZE];
	size_t size = 0;

	if (log_entry_service(text_to_cstring(service), entry->service))
		size = log_entry_encode(entry, bytes);
	if (size == 0)
		refuse_entry();
	return PointerGetDatum(make_bytea(bytes, size));
}

/*
 * log_entry(service text, username text, user_id uuid, entry integer,
 *		event text, version integer, thumbprint, previous_thumbprint,
 *		identity_thumbprint, signature, endorsement bytea, at timestamptz,
 *		previous_leaf_hash bytea) returns bytea: 385 bytes
 */
Datum
log_entry_sql(PG_FUNCTION_ARGS)
{
	struct log_entry entry = {.kind = LOG_ENTRY_USER};
	struct log_user_entry *user = &entry.user;

	for (int i = 0; i < 6; i++)
		if (PG_ARGISNULL(i) || PG_ARGISNULL(11))
			PG_RETURN_NULL();
	if (strlcpy(user->username, text_to_cstring(PG_GETARG_TEXT_PP(1)),
				sizeof user->username) >= sizeof user->username ||
		PG_GETARG_INT32(3) < 1 || PG_GETARG_INT32(5) < 1 ||
		TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(11)))
		refuse_entry();
	memcpy(user->user_id, PG_GETARG_UUID_P(2)->data, UUID_LEN);
	user->number = (uint32_t) PG_GETARG_INT32(3);
	user->event = event_of(text_to_cstring(PG_GETARG_TEXT_PP(4)));
	user->key_version = (uint32_t) PG_GETARG_INT32(5);
	take_bytes(fcinfo, 6, user->thumbprint, sizeof user->thumbprint);
	take_bytes(fcinfo, 7, user->previous_thumbprint,
			   sizeof user->previous_thumbprint);
	take_bytes(fcinfo, 8, user->identity_thumbprint,
			   sizeof user->identity_thumbprint);
	take_bytes(fcinfo, 9, user->signature, sizeof user->signature);
	take_bytes(fcinfo, 10, user->endorsement, sizeof user->endorsement);
	user->time = (PG_GETARG_TIMESTAMPTZ(11) - SetEpochTimestamp()) / 1000;
	take_bytes(fcinfo, 12, user->previous_entry, sizeof user->previous_entry);
	return encode_entry(&entry, PG_GETARG_TEXT_PP(0));
}

/* log_round_entry(service text, round bigint) returns bytea: 104 bytes */
Datum
log_round_entry_sql(PG_FUNCTION_ARGS)
{
	struct log_entry entry = {.kind = LOG_ENTRY_ROUND};

	entry.round.round = size_of(PG_GETARG_INT64(1));
	return encode_entry(&entry, PG_GETARG_TEXT_PP(0));
}

/* --- the tree --- */

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

/* --- proofs --- */

/* The tiles of one proof; the last one read is kept. */
struct tiles
{
	uint64_t size; /* of the tree */
	struct tile at;
	bytea *hashes; /* NULL before the first */
};

/* Reads a stored tile, which may be wider by now. */
static void
fetch_tile(struct tiles *tiles, const struct tile *tile)
{
	static SPIPlanPtr plan;
	Oid types[] = {INT4OID, INT8OID};
	Datum values[] = {Int32GetDatum((int32) tile->level),
					  Int64GetDatum((int64) tile->index)};
	bool isnull;

	if (plan == NULL)
	{
		SPIPlanPtr fresh =
			SPI_prepare("SELECT t.hashes FROM e2emsg.key_log_tiles t"
						" WHERE t.level = $1 AND t.index = $2",
						2, types);

		if (fresh == NULL || SPI_keepplan(fresh) != 0)
			elog(ERROR, "could not prepare the reading of tiles");
		plan = fresh;
	}
	tiles->hashes = NULL;
	if (SPI_execute_plan(plan, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read a tile");
	if (SPI_processed == 1)
		tiles->hashes = DatumGetByteaPP(SPI_getbinval(
			SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
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
	bool isnull;

	if (SPI_execute("SELECT h.size FROM e2emsg.key_log_head h WHERE h.single",
					true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the head of the key log");
	if (SPI_processed == 0)
		return 0;
	return (uint64_t) DatumGetInt64(SPI_getbinval(
		SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
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
