/*
 * log_server.h
 *		The public routes of the key log, one function each.
 *
 * They need no account and no token.  Shapes are those of docs/api.md, and
 * nothing more than the shape of an answer is checked here: whether notes are
 * signed, proofs prove and entries follow from each other is for the caller.
 *
 * A call without an answer, and one that the server can't serve now (408, 429,
 * 5xx), is made up to three times, with at most five seconds in between.
 */
#ifndef E2EMSG_LOG_SERVER_H
#define E2EMSG_LOG_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "http.h"
#include "jwk.h"
#include "log_entry.h"
#include "merkle.h"
#include "note.h"
#include "result.h"

#define LOG_SERVER_SUCCESSIONS_MAX 64 /* notes in one answer */
#define LOG_SERVER_PAGE_MAX 1000	  /* entries in one answer */

/* Start with {0}, end with log_view_free(). */
struct log_view
{
	char verifier[NOTE_VERIFIER_TEXT_SIZE];
	char checkpoint[NOTE_MAX_SIZE + 1]; /* the newest note */

	/* Array of texts of at most NOTE_MAX_SIZE bytes, oldest first. */
	json_t *successions;
};

/* GET /key-log.  *off: the server keeps no log, and *out is empty. */
extern CHECKED enum result log_server_view(struct http *http,
										   struct log_view *out, bool *off,
										   struct fault *fault);

extern void log_view_free(struct log_view *view);

/* That the log of one size begins with that of a smaller one (merkle.h). */
struct log_consistency
{
	uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE];
	size_t count; /* hashes of the proof */
};

/*
 * GET /key-log/proof/consistency.  *off: the server keeps no log; *none: it
 * has no such sizes.  *out is empty then.
 */
extern CHECKED enum result log_server_consistency(struct http *http,
												  uint64_t from, uint64_t to,
												  struct log_consistency *out,
												  bool *off, bool *none,
												  struct fault *fault);

/* Some entries of the log.  Start with {0}, end with log_page_free(). */
struct log_page
{
	uint64_t size;	 /* the newest that is signed, says the server */
	json_t *entries; /* array of at most as many as were asked for */
};

/*
 * GET /key-log/entries: at most "limit" (1 to LOG_SERVER_PAGE_MAX) of them,
 * from leaf "from".
 */
extern CHECKED enum result log_server_entries(struct http *http, uint64_t from,
											  unsigned limit,
											  struct log_page *out,
											  struct fault *fault);

extern void log_page_free(struct log_page *page);

/* One of them. */
struct log_row
{
	uint8_t leaf_hash[MERKLE_HASH_SIZE]; /* said, or made of the bytes */
	uint8_t bytes[LOG_ENTRY_MAX_SIZE];
	size_t size; /* of the bytes; 0 when only the leaf hash is given */
	bool has_identity;
	struct jwk identity; /* on the curve */
};

/*
 * Reads element "index" of a page.  False when it has neither an entry nor a
 * leaf hash, or both, or an identity key that is none.  The bytes are not
 * looked at.
 */
extern bool log_page_row(const struct log_page *page, size_t index,
						 struct log_row *out) MERKLE_CHECKED;

#endif /* E2EMSG_LOG_SERVER_H */
