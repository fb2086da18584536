/*
 * log_pin.h
 *		What an account remembers of the key log, and the rules for it.
 *
 * The rules (docs/protocol.md, "Key log"), all decided here:
 *
 *	- the log's key and newest checkpoint are trusted on first use, and pinned;
 *	- a checkpoint of another key is that of another log;
 *	- one that can't stand in a frame is none;
 *	- two checkpoints of the same size have the same root;
 *	- of two sizes, the larger log must be proved to begin with the smaller;
 *	- the pinned checkpoint moves forward alone;
 *	- what a peer saw (the head in a frame), if the log's key signed it, must
 *	  be part of the same log.
 *
 * Pure: no I/O.
 */
#ifndef E2EMSG_LOG_PIN_H
#define E2EMSG_LOG_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkpoint.h"
#include "frame.h"
#include "merkle.h"

#define LOG_SIZE_MAX ((UINT64_C(1) << 53) - 1) /* browsers count so far */
#define LOG_FORMER_MAX 32	 /* logs that were left, the newest ones */
#define LOG_PROBLEM_SIZE 512 /* bytes of the sentence, with its NUL */

/* Start with {0}. */
struct log_pin
{
	struct note_verifier verifier; /* no name: no log is pinned */
	char note[NOTE_MAX_SIZE + 1];  /* the newest checkpoint */
	uint64_t size;				   /* what it says */
	uint8_t root[MERKLE_HASH_SIZE];

	/* The newest entry of the account's own history that was checked. */
	uint32_t number;  /* 0: none yet */
	uint32_t version; /* of its key, once it was looked at in this run */
	uint8_t leaf_hash[MERKLE_HASH_SIZE];

	/* Key ids of logs that the user accepted leaving, oldest first. */
	uint8_t former[LOG_FORMER_MAX][NOTE_KEY_ID_SIZE];
	size_t former_count;

	char problem[LOG_PROBLEM_SIZE]; /* stops sending; empty: none */
	char hearsay[LOG_PROBLEM_SIZE]; /* what a peer alone says is wrong; stops
									 * nothing, and is not kept */
	bool broken;					/* a problem arose in this run */
	bool changed;					/* since it was loaded or saved */
};

extern bool log_is_pinned(const struct log_pin *pin);

/*
 * Pins the log of a verifier text and a checkpoint.  False, and nothing is
 * pinned, when one is malformed or the other does not fit to it.
 */
extern bool log_pin_begin(struct log_pin *pin, const char *verifier,
						  const char *note) MERKLE_CHECKED;

/* Leaves the pinned log for another one; false as in log_pin_begin(). */
extern bool log_pin_replace(struct log_pin *pin, const char *verifier,
							const char *note) MERKLE_CHECKED;

/* Leaves the pinned log, if any, for none at all. */
extern void log_pin_leave(struct log_pin *pin);

/* What a checkpoint is to the pinned one. */
enum log_sight
{
	LOG_SAME,	 /* the same size and root */
	LOG_NEWER,	 /* larger: to be proved */
	LOG_OLDER,	 /* smaller: to be proved */
	LOG_FORKED,	 /* the same size, another root */
	LOG_FOREIGN, /* not signed by the pinned key */
	LOG_UNFIT	 /* not a checkpoint, a wrong signature, another name */
};

/* *out is filled in for SAME, NEWER, OLDER and FORKED. */
extern enum log_sight log_pin_judge(const struct log_pin *pin,
									const char *note, struct checkpoint *out);

/* Does the proof show that the larger one of the two begins with the other? */
extern bool log_pin_proves(const struct log_pin *pin, uint64_t size,
						   const uint8_t root[MERKLE_HASH_SIZE],
						   const uint8_t proof[][MERKLE_HASH_SIZE],
						   size_t count) MERKLE_CHECKED;

/* Pins a newer checkpoint, which was proved. */
extern void log_pin_move(struct log_pin *pin, const char *note,
						 const struct checkpoint *seen);

/*
 * The pinned checkpoint as it stands in frames: key id, size, root, signature.
 * False when there is none.
 */
extern bool log_pin_write_head(const struct log_pin *pin,
							   uint8_t out[FRAME_HEAD_SIZE]) MERKLE_CHECKED;

/*
 * What the checkpoint in a head is to the pinned one, if any.  LOG_SAME stands
 * for one of a former log, too: nothing can be said of it any more.  *out as
 * in log_pin_judge(), but for a former log.
 */
extern enum log_sight log_pin_judge_head(const struct log_pin *pin,
										 const uint8_t head[FRAME_HEAD_SIZE],
										 struct checkpoint *out);

/* Is there something to tell, a problem or hearsay, from this run? */
extern bool log_pin_has_news(const struct log_pin *pin);

/* Remembers a problem; the first one stays. */
extern void log_pin_break(struct log_pin *pin, const char *problem);

#endif /* E2EMSG_LOG_PIN_H */
