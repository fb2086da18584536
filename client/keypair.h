/*
 * keypair.h
 *		P-256 key pairs: ECDH encryption keys and ES256 identity keys.
 *
 * On disk a pair is PKCS#8 in PEM (RFC 5958, RFC 7468), which the openssl
 * command reads.  Free every pair with keypair_free(); OpenSSL wipes the
 * private part.
 */
#ifndef E2EMSG_KEYPAIR_H
#define E2EMSG_KEYPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "jwk.h"
#include "signature.h"

#define KEYPAIR_SCALAR_SIZE 32 /* bytes */
#define KEYPAIR_SECRET_SIZE 32 /* bytes of a shared secret */
#define KEYPAIR_PEM_MAX 1024   /* bytes of PEM text */
#define KEYPAIR_DER_MAX 256	   /* bytes of DER */

/* Start with {0}.  The public half is always there and on the curve. */
struct keypair
{
	EVP_PKEY *private_key;
	struct jwk public_key;
};

/* Makes a new pair from the system's randomness. */
extern bool keypair_generate(struct keypair *out);

/* The pair of a given private scalar, big-endian, 1 .. n-1. */
extern bool keypair_from_scalar(const uint8_t scalar[KEYPAIR_SCALAR_SIZE],
								struct keypair *out);

/* Reads PEM text; false unless it is one unencrypted P-256 private key. */
extern bool keypair_read_pem(const char *text, size_t size,
							 struct keypair *out);

/* Writes PEM text and a NUL; *size counts without the NUL. */
extern bool keypair_write_pem(const struct keypair *pair,
							  char out[KEYPAIR_PEM_MAX], size_t *size);

/*
 * Reads PKCS#8 in DER; false unless it is one P-256 private key, whose public
 * half is its own, and nothing after it.
 */
extern bool keypair_read_der(const uint8_t *der, size_t size,
							 struct keypair *out);

/* Writes PKCS#8 in DER with the public half in it, as WebCrypto does. */
extern bool keypair_write_der(const struct keypair *pair,
							  uint8_t out[KEYPAIR_DER_MAX], size_t *size);

extern void keypair_free(struct keypair *pair);

/* ES256 over "size" bytes: r and s, 32 bytes each (RFC 7518 section 3.4). */
extern bool keypair_sign(const struct keypair *pair, const uint8_t *message,
						 size_t size, uint8_t signature[ES256_SIZE]);

/*
 * ECDH: the x-coordinate of the shared point (SEC 1 section 3.3.1).  False
 * when the other key is not on the curve.  Wipe the secret after use.
 */
extern bool keypair_agree(const struct keypair *pair, const struct jwk *other,
						  uint8_t secret[KEYPAIR_SECRET_SIZE]);

#endif /* E2EMSG_KEYPAIR_H */
