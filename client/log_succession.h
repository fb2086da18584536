/*
 * log_succession.h
 *		How an operator hands a key log over to a new one.
 *
 * After a restored backup a log can't go on where its signed checkpoints
 * ended, so that it begins anew under another key.  The old key vouches for
 * the new one by a signed note (docs/protocol.md, "Key log").  Whether to
 * follow is the user's choice.  Pure: no I/O.
 */
#ifndef E2EMSG_LOG_SUCCESSION_H
#define E2EMSG_LOG_SUCCESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "checkpoint.h"

/* What the old key says. */
struct log_succession
{
	struct note_verifier next;
	uint64_t old_size; /* entries that the old key had signed last */
	uint64_t new_size; /* entries that the new log begins with */
	uint8_t old_root[CHECKPOINT_ROOT_SIZE];
	uint8_t new_root[CHECKPOINT_ROOT_SIZE];
};

/* Reads a note that "by" must have signed. */
extern bool log_succession_read(const char *note, size_t length,
								const struct note_verifier *by,
								struct log_succession *out) NOTE_CHECKED;

/* Do two keys have the same name and bytes? */
extern bool log_succession_same_key(const struct note_verifier *a,
									const struct note_verifier *b);

/*
 * Do the notes (an array of texts, oldest first) lead from one key to the
 * other, in one step or several?  *first is what "from" said then.
 */
extern bool log_succession_find(const json_t *notes,
								const struct note_verifier *from,
								const struct note_verifier *to,
								struct log_succession *first) NOTE_CHECKED;

#endif /* E2EMSG_LOG_SUCCESSION_H */
