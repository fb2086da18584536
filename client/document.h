/*
 * document.h
 *		JSON files of an account's folder.
 */
#ifndef E2EMSG_DOCUMENT_H
#define E2EMSG_DOCUMENT_H

#include <jansson.h>

#include "result.h"
#include "store.h"

/* Reads a JSON object; RESULT_OK and NULL when there is no such file. */
extern CHECKED enum result document_load(const struct store *store,
										 const char *name, json_t **out,
										 struct fault *fault);

/* Replaces the file; frees the value (NULL counts as memory being out). */
extern CHECKED enum result document_save(const struct store *store,
										 const char *name, json_t *value,
										 struct fault *fault);

/* Adds each element of an array as one line, all in one write. */
extern CHECKED enum result document_append(const struct store *store,
										   const char *name,
										   const json_t *values,
										   struct fault *fault);

/* What to say of a file that does not hold what it should. */
extern enum result document_damaged(const struct store *store,
									const char *name, struct fault *fault);

#endif /* E2EMSG_DOCUMENT_H */
