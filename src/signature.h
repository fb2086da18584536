/*
 * signature.h
 *		ES256: ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4).
 *
 * Pure C: the extension, the gateway and the client compile this file.
 */
#ifndef E2EMSG_SIGNATURE_H
#define E2EMSG_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jwk.h"

#define ES256_SIZE 64 /* bytes: r and s, 32 each, big-endian */

/*
 * Is sig a signature of the len bytes at message by key?  r and s must lie
 * in 1 .. n-1.  Both (r, s) and (r, n - s) verify, as in every ECDSA: never
 * take a signature for an identity.
 */
extern bool es256_verify(const struct jwk *key, const uint8_t *message,
						 size_t len, const uint8_t sig[ES256_SIZE]);

#endif /* E2EMSG_SIGNATURE_H */
