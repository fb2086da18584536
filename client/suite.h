/*
 * suite.h
 *		Sealing and opening envelopes (docs/protocol.md, "Suites").
 *
 * Suite 1: ECDH P-256, HKDF-SHA-256 (RFC 5869) and AES-256-GCM (NIST SP
 * 800-38D) with the context as info and as AAD.  Suite 0, the tutorial's: the
 * raw ECDH secret is the AES-256-GCM key, and nothing is bound.
 *
 * Pure: no I/O, nothing allocated for the caller.  ciphertext and plaintext
 * have the same size and may be the same buffer.
 */
#ifndef E2EMSG_SUITE_H
#define E2EMSG_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope.h"
#include "jwk.h"
#include "keypair.h"
#include "uuid.h"

#define SUITE_KEY_SIZE 32	   /* bytes, AES-256 */
#define SUITE_CONTEXT_SIZE 136 /* bytes */

/* One end of a message: whose key, which version, which key exactly. */
struct suite_party
{
	struct uuid id;
	uint32_t version;
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
};

/* What a suite 1 envelope is bound to. */
struct suite_context
{
	struct suite_party sender;
	struct suite_party receiver;
};

/* The 136 bytes that are both HKDF's info and the AAD. */
extern void suite_context_bytes(const struct suite_context *context,
								uint8_t out[SUITE_CONTEXT_SIZE]);

/*
 * The AES key.  "mine" is the private end, "other" the public one; context
 * is not looked at in suite 0.  False for a suite that is neither 0 nor 1
 * and when "other" is not on the curve.  Wipe the key after use.
 */
extern bool suite_key(int suite, const struct keypair *mine,
					  const struct jwk *other,
					  const struct suite_context *context,
					  uint8_t key[SUITE_KEY_SIZE]);

/* AES-256-GCM; false when OpenSSL fails. */
extern bool suite_encrypt(const uint8_t key[SUITE_KEY_SIZE],
						  const uint8_t iv[ENVELOPE_IV_SIZE],
						  const uint8_t *aad, size_t aad_size,
						  const uint8_t *plaintext, size_t size,
						  uint8_t *ciphertext, uint8_t tag[ENVELOPE_TAG_SIZE]);

/* The reverse; false, and plaintext wiped, when the tag does not fit. */
extern bool suite_decrypt(const uint8_t key[SUITE_KEY_SIZE],
						  const uint8_t iv[ENVELOPE_IV_SIZE],
						  const uint8_t *aad, size_t aad_size,
						  const uint8_t *ciphertext, size_t size,
						  const uint8_t tag[ENVELOPE_TAG_SIZE],
						  uint8_t *plaintext);

/*
 * Seals "size" bytes.  The iv is the caller's: 12 fresh random bytes for
 * every call, because a key may meet an iv only once.
 */
extern bool suite_seal(int suite, const struct keypair *mine,
					   const struct jwk *other,
					   const struct suite_context *context,
					   const uint8_t iv[ENVELOPE_IV_SIZE],
					   const uint8_t *plaintext, size_t size,
					   uint8_t *ciphertext, uint8_t tag[ENVELOPE_TAG_SIZE]);

/* Opens; false for an envelope that was changed or is for other keys. */
extern bool suite_open(int suite, const struct keypair *mine,
					   const struct jwk *other,
					   const struct suite_context *context,
					   const uint8_t iv[ENVELOPE_IV_SIZE],
					   const uint8_t *ciphertext, size_t size,
					   const uint8_t tag[ENVELOPE_TAG_SIZE],
					   uint8_t *plaintext);

/* HKDF-SHA-256, extract and expand; false when out_size is not allowed. */
extern bool suite_hkdf(const uint8_t *ikm, size_t ikm_size,
					   const uint8_t *salt, size_t salt_size,
					   const uint8_t *info, size_t info_size, uint8_t *out,
					   size_t out_size);

#endif /* E2EMSG_SUITE_H */
