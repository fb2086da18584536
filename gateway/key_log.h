/*
 * key_log.h
 *		The calls by which the key log grows and is signed.
 */
#ifndef E2EMSG_GATEWAY_KEY_LOG_H
#define E2EMSG_GATEWAY_KEY_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "signer.h"

struct key_log_state
{
	bool is_on;
	bool pending;							/* rows wait for a round */
	struct log_head head;					/* size 0 before the first round */
	char verifier[NOTE_VERIFIER_TEXT_SIZE]; /* whose checkpoints are shown */
	uint64_t signed_size;
};

#define KEY_LOG_CHECKED __attribute__((warn_unused_result))

extern enum status key_log_state(struct db_connection *connection,
								 struct key_log_state *out) KEY_LOG_CHECKED;

/*
 * One round.  *more: there may be rows left.  STATUS_MAILBOX_BUSY when
 * somebody else is at it.
 */
extern enum status key_log_round(struct db_connection *connection, bool *more,
								 struct log_head *head) KEY_LOG_CHECKED;

/* That the log of "size" continues that of "old_size", which is not 0. */
extern enum status
key_log_consistency(struct db_connection *connection, uint64_t old_size,
					uint64_t size,
					uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE],
					size_t *count) KEY_LOG_CHECKED;

/*
 * Shows a signed checkpoint to everybody; STATUS_FORBIDDEN when another key
 * signs this log.  A row for each rotation that counts now: user id, version,
 * what to answer.
 */
extern enum status key_log_publish(struct db_connection *connection,
								   const char *verifier,
								   const struct log_head *head,
								   const char *note,
								   struct db_answer *rotated) KEY_LOG_CHECKED;

/*
 * Shows a new origin from now on; STATUS_FORBIDDEN when more than "last_size"
 * was signed.
 */
extern enum status key_log_begin_origin(struct db_connection *connection,
										const char *verifier,
										const char *succession,
										uint64_t last_size,
										const struct log_head *head,
										const char *note) KEY_LOG_CHECKED;

#endif /* E2EMSG_GATEWAY_KEY_LOG_H */
