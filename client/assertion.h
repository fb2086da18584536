/*
 * assertion.h
 *		How a user signs in: a compact JWS over the server's nonce.
 *
 * RFC 7515 section 7.1, ES256, header {"alg":"ES256",
 * "typ":"e2emsg-session+jwt"}, payload {"sub","aud","nonce"}
 * (docs/protocol.md, "Sessions").  Pure.
 */
#ifndef E2EMSG_ASSERTION_H
#define E2EMSG_ASSERTION_H

#include <stdbool.h>
#include <stddef.h>

#include "keypair.h"

#define ASSERTION_MAX 4096		/* characters, with the NUL */
#define ASSERTION_NONCE_MAX 512 /* bytes of a nonce */

/* Header and payload, as the signature covers them: "b64.b64" and a NUL. */
extern bool assertion_signing_input(const char *username, const char *service,
									const char *nonce,
									char out[ASSERTION_MAX]);

/* The whole assertion: signing input, a dot, the signature. */
extern bool assertion_make(const struct keypair *identity,
						   const char *username, const char *service,
						   const char *nonce, char out[ASSERTION_MAX]);

#endif /* E2EMSG_ASSERTION_H */
