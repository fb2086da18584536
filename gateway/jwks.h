/*
 * jwks.h
 *		The public keys of an identity provider: a JWK Set (RFC 7517).
 *
 * Each key verifies one algorithm, which its type decides: EC with P-256 is
 * ES256, RSA is RS256 (RFC 7518 sections 3.3 and 3.4).
 *
 *		left out	what is for something else: another kty but oct, another
 *					curve, use or alg, other key_ops than verify alone
 *		refused		the whole set: with a private or symmetric key in it,
 *					with a kid twice, with a key that breaks its own rules (a
 *					point off the curve, RSA of less than 2048 or more than
 *					8192 bits or an exponent below 65537 or even), with
 *					nothing of use
 */
#ifndef E2EMSG_JWKS_H
#define E2EMSG_JWKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JWKS_MAX_SIZE 65536 /* bytes of the file */
#define JWKS_MAX_KEYS 32	/* in the file, of all kinds */
#define JWKS_KID_SIZE 257	/* with its NUL */
#define JWKS_RSA_MIN_BITS 2048
#define JWKS_RSA_MAX_BITS 8192
#define JWKS_SIGNATURE_MAX (JWKS_RSA_MAX_BITS / 8) /* bytes */
#define JWKS_PROBLEM_SIZE 640

struct jwks;
struct jwks_key;

/*
 * Reads a set.  NULL, and one sentence in problem, when it is refused.
 */
extern struct jwks *jwks_parse(const void *text, size_t size,
							   char problem[JWKS_PROBLEM_SIZE])
	__attribute__((warn_unused_result));

/*
 * The same from a regular file that group and others can't write to: who
 * writes it decides who may register.
 */
extern struct jwks *jwks_load(const char *path,
							  char problem[JWKS_PROBLEM_SIZE])
	__attribute__((warn_unused_result));

extern void jwks_free(struct jwks *set);

/* How many keys are of use. */
extern size_t jwks_count(const struct jwks *set);

/*
 * The key of that kid, if it is one for that algorithm; without a kid (NULL)
 * the only key for it.  NULL when there is none.
 */
extern const struct jwks_key *jwks_find(const struct jwks *set,
										const char *alg, const char *kid);

/* Is this the signature of the bytes by the key, under its algorithm? */
extern bool jwks_verify(const struct jwks_key *key, const void *bytes,
						size_t size, const uint8_t *signature,
						size_t signature_size)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_JWKS_H */
