/*
 * signer.h
 *		The key that signs checkpoints of the key log, and what it signed last.
 *
 * Both are files outside of the database, which can't take them along when it
 * is restored to an older state:
 *
 *	FILE		the name of the origin and the seed (RFC 8032) in hexadecimal
 *				digits, a line each; made when it is missing
 *	FILE.last	the two checkpoints that were signed last, each in a slot of
 *				4096 bytes that ends with zeros; missing before the first
 *
 * Nothing is signed that does not continue what was signed last.  One thread
 * at a time uses a signer.
 */
#ifndef E2EMSG_SIGNER_H
#define E2EMSG_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merkle.h"
#include "checkpoint.h"

#define SIGNER_PROBLEM_SIZE 400
#define SIGNER_AFTER_RESTORE                                     \
	". No new key is given out. After a legitimate restore run " \
	"e2emsg-gateway --new-log-origin"

struct signer;

/* The size and root of a log. */
struct log_head
{
	uint64_t size;
	uint8_t root[MERKLE_HASH_SIZE];
};

/*
 * Reads the files, or makes the key when it is missing and "may_make", and
 * keeps others from using them.  NULL and one sentence in problem when that
 * fails.
 */
extern struct signer *signer_open(const char *path, bool may_make,
								  char problem[SIGNER_PROBLEM_SIZE]);
extern void signer_close(struct signer *signer);

/* name+hhhhhhhh+base64, as clients pin it. */
extern const char *signer_verifier(const struct signer *signer);

/* What was signed last; size 0 when nothing was. */
extern const struct log_head *signer_last(const struct signer *signer);

/*
 * Can the head continue what was signed last, as far as can be seen without a
 * proof?  False and one sentence in problem otherwise.
 */
extern bool signer_fits(const struct signer *signer,
						const struct log_head *head,
						char problem[SIGNER_PROBLEM_SIZE])
	__attribute__((warn_unused_result));

/* The same with a proof. */
extern bool signer_continues(const struct signer *signer,
							 const struct log_head *head,
							 const uint8_t proof[][MERKLE_HASH_SIZE],
							 size_t count, char problem[SIGNER_PROBLEM_SIZE])
	__attribute__((warn_unused_result));

/*
 * Signs the head into "note" (with a NUL), when the proof shows that it
 * continues what was signed last, and remembers it on the disk first.  False
 * and one sentence in problem otherwise.
 */
extern bool signer_sign(struct signer *signer, const struct log_head *head,
						const uint8_t proof[][MERKLE_HASH_SIZE], size_t count,
						char note[NOTE_MAX_SIZE + 1],
						char problem[SIGNER_PROBLEM_SIZE])
	__attribute__((warn_unused_result));

/* The beginning of a new origin, to be stored before signer_succeed(). */
struct succession
{
	struct signer *fresh;				/* its key lies in FILE.new */
	char checkpoint[NOTE_MAX_SIZE + 1]; /* the first of the new origin */
	char note[NOTE_MAX_SIZE + 1];		/* by the old key, naming the new */
};

/*
 * Makes a new key for a log that goes on from "head", whatever was signed
 * last: after a restore.  The old key vouches for the new one.
 */
extern bool signer_prepare_succession(const struct signer *old,
									  const struct log_head *head,
									  struct succession *out,
									  char problem[SIGNER_PROBLEM_SIZE])
	__attribute__((warn_unused_result));

/* Puts the new key in the old one's place; that stays in FILE.old-KEYID. */
extern bool signer_succeed(const struct signer *old,
						   const struct succession *succession,
						   char problem[SIGNER_PROBLEM_SIZE])
	__attribute__((warn_unused_result));

extern void succession_free(struct succession *succession);

#endif /* E2EMSG_SIGNER_H */
