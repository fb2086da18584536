/*
 * checkpoint.h
 *		Checkpoints of a log: signed notes that state its size and root
 *		(C2SP tlog-checkpoint).
 *
 * Pure C, with note.c.
 */
#ifndef E2EMSG_CHECKPOINT_H
#define E2EMSG_CHECKPOINT_H

#include "note.h"

#define CHECKPOINT_ROOT_SIZE 32 /* bytes, SHA-256 */

/* A log of "size" entries has this root. */
struct checkpoint
{
	char origin[NOTE_MAX_NAME + 1]; /* UTF-8; the log's name */
	uint64_t size;					/* at most 2^63 - 1 */
	uint8_t root[CHECKPOINT_ROOT_SIZE];
	uint8_t signature[NOTE_SIGNATURE_SIZE]; /* zeros when only parsed */

	/* Lines that end with a newline each, in the caller's text; not owned. */
	const char *extensions;
	size_t extensions_length;
};

/*
 * Signs the checkpoint of the log that is named like its key.  "extensions"
 * may be NULL, else lines that are not empty and end with a newline each.
 * The rest is as in note_sign.
 */
extern bool checkpoint_sign(const char *name,
							const uint8_t seed[NOTE_SEED_SIZE], uint64_t size,
							const uint8_t root[CHECKPOINT_ROOT_SIZE],
							const char *extensions, char *out, size_t capacity,
							size_t *length) NOTE_CHECKED;

/*
 * Verifies a checkpoint of the log that is named like its key: any other
 * origin is refused.  *out is filled in for NOTE_FINE only.
 */
extern enum note_result checkpoint_open(const char *note, size_t length,
										const struct note_verifier *verifier,
										struct checkpoint *out) NOTE_CHECKED;

/*
 * Writes the note that a checkpoint without extensions is, as note_join does:
 * whether the signature is right, opening it says.
 */
extern bool checkpoint_join(const struct note_verifier *verifier,
							uint64_t size,
							const uint8_t root[CHECKPOINT_ROOT_SIZE],
							const uint8_t signature[NOTE_SIGNATURE_SIZE],
							char *out, size_t capacity,
							size_t *length) NOTE_CHECKED;

/*
 * Reads the text of a checkpoint, which proves nothing by itself: for a log
 * whose key has another name, after note_open.  The caller compares the
 * origin.
 */
extern bool checkpoint_parse(const char *text, size_t length,
							 struct checkpoint *out) NOTE_CHECKED;

#endif /* E2EMSG_CHECKPOINT_H */
