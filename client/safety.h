/*
 * safety.h
 *		The safety number of two users (docs/protocol.md, "Safety number").
 *
 * Both users see the same 60 digits when, and only when, each has the
 * identity key that the other one holds.  Pure.
 */
#ifndef E2EMSG_SAFETY_H
#define E2EMSG_SAFETY_H

#include <stdbool.h>
#include <stdint.h>

#include "jwk.h"

#define SAFETY_DIGITS 60
#define SAFETY_ROUNDS 5200 /* of SHA-512, to make look-alikes costly */

/* A user as the number sees them. */
struct safety_side
{
	const char *username;							  /* at most 32 bytes */
	uint8_t identity_thumbprint[JWK_THUMBPRINT_SIZE]; /* RFC 7638 */
};

/*
 * Writes 60 digits and a NUL; the order of the sides does not matter.
 * False when OpenSSL fails.
 */
extern bool safety_number(const char *service, const struct safety_side *a,
						  const struct safety_side *b,
						  char out[SAFETY_DIGITS + 1]);

/* Writes the digits in groups of five, a space between, and a NUL. */
#define SAFETY_GROUPED_SIZE (SAFETY_DIGITS + SAFETY_DIGITS / 5)
extern void safety_group(const char digits[SAFETY_DIGITS + 1],
						 char out[SAFETY_GROUPED_SIZE]);

#endif /* E2EMSG_SAFETY_H */
