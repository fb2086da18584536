/*
 * submission.h
 *		The body of POST /messages, taken apart on the worker's thread.
 *
 * Everything else is taken apart in SQL; this one is the hot path.  It looks
 * at shapes only (members, types, ranges of the SQL types, base64url): what
 * an envelope must be is the extension's rule.
 */
#ifndef E2EMSG_SUBMISSION_H
#define E2EMSG_SUBMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define UUID_SIZE 16
#define UUID_TEXT_SIZE 37 /* with NUL */

struct submission
{
	uint8_t sender[UUID_SIZE];
	uint8_t receiver[UUID_SIZE];
	int16_t suite;
	bool has_sender_key_version;
	int32_t sender_key_version;
	int32_t key_version;
	uint8_t *bytes; /* owned: iv, ciphertext, auth tag in a row */
	size_t iv_size, ciphertext_size, auth_tag_size;
};

/*
 * Fills everything but the sender.  On refusal *why is a static sentence.
 * Free a good one with submission_free().
 */
extern enum status submission_parse(const char *text, size_t size,
									struct submission *submission,
									const char **why)
	__attribute__((warn_unused_result));

extern void submission_free(struct submission *submission);

/* 8-4-4-4-12 hexadecimal digits and nothing else. */
extern bool uuid_parse(const char *text, size_t size, uint8_t out[UUID_SIZE]);

#endif /* E2EMSG_SUBMISSION_H */
