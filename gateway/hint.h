/*
 * hint.h
 *		What gateways tell each other: "one of these mailboxes got mail".
 *
 * Every role of the database can listen.  So a mailbox is named by the first
 * eight bytes of HMAC-SHA-256 over its id, with a key that gateways share.
 */
#ifndef E2EMSG_HINT_H
#define E2EMSG_HINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secret.h"
#include "submission.h"

#define HINT_SIZE 8			/* bytes */
#define HINT_MAX_COUNT 512	/* in one notification */
#define HINT_TEXT_SIZE 5464 /* of these in base64url, with NUL; below 8000 */

/* The hint of a mailbox.  False when OpenSSL fails. */
extern bool hint_of(const struct secret *secret,
					const uint8_t mailbox[UUID_SIZE], uint64_t *hint)
	__attribute__((warn_unused_result));

/* Writes up to HINT_MAX_COUNT hints as a notification's text. */
extern void hint_write(const uint64_t *hints, size_t count,
					   char text[HINT_TEXT_SIZE]);

/* Reads such a text.  Returns how many there are, 0 for anything else. */
extern size_t hint_read(const char *text, uint64_t hints[HINT_MAX_COUNT]);

#endif /* E2EMSG_HINT_H */
