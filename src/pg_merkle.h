/*
 * pg_merkle.h
 *		Hashes, sizes and proofs as arguments and results of SQL functions.
 *
 * Several hashes in a row are one bytea of 32 bytes each.
 */
#ifndef E2EMSG_PG_MERKLE_H
#define E2EMSG_PG_MERKLE_H

#include "merkle.h"

typedef uint8_t hash[MERKLE_HASH_SIZE];

/* A new bytea with these bytes. */
extern bytea *make_bytea(const void *bytes, size_t size);

/* The hashes of an argument; *count says how many. */
extern const hash *hashes_of(bytea *value, size_t *count);

/* The one hash of an argument. */
extern const uint8_t *hash_of(bytea *value);

/* A size or an index, which SQL has as bigint. */
extern uint64_t size_of(int64 value);

#endif /* E2EMSG_PG_MERKLE_H */
