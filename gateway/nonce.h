/*
 * nonce.h
 *		Challenges that nobody stores.
 *
 * A nonce is base64url of expiry[8] (seconds, big-endian), random[16] and
 * HMAC-SHA-256[32] over these two and the username.
 */
#ifndef E2EMSG_NONCE_H
#define E2EMSG_NONCE_H

#include <stdbool.h>
#include <stdint.h>

#include "secret.h"

#define NONCE_USERNAME_LIMIT                       \
	64 /* bytes; rules for names are not made here \
		*/
#define NONCE_CHARS 75
#define NONCE_LIFETIME_S 120

/* Makes a nonce for the username.  False when OpenSSL fails. */
extern bool nonce_make(const struct secret *secret, const char *username,
					   int64_t now, char out[NONCE_CHARS + 1])
	__attribute__((warn_unused_result));

/* Is this nonce one of ours, for the username, and not expired? */
extern bool nonce_check(const struct secret *secret, const char *username,
						const char *nonce, int64_t now, int64_t *expires_at)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_NONCE_H */
