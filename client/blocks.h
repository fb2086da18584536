/*
 * blocks.h
 *		Whom this account blocks: what the server was told, or said last.
 *
 * Kept in blocks.json and in the session, as a JSON object with the users'
 * ids as names.  The server refuses their mail; what one delivers all the
 * same, or had taken before, is not kept.
 */
#ifndef E2EMSG_BLOCKS_H
#define E2EMSG_BLOCKS_H

#include <stdbool.h>

#include <jansson.h>

#include "result.h"
#include "store.h"
#include "uuid.h"

/* Reads the file; *out is the caller's, an empty object without a file. */
extern CHECKED enum result blocks_load(const struct store *store, json_t **out,
									   struct fault *fault);

extern CHECKED enum result blocks_save(const struct store *store,
									   json_t *blocks, struct fault *fault);

extern bool blocks_have(const json_t *blocks, const struct uuid *id);

/* Puts an id in, or takes it out; false when memory is out. */
extern CHECKED bool blocks_change(json_t *blocks, const struct uuid *id,
								  bool blocked);

#endif /* E2EMSG_BLOCKS_H */
