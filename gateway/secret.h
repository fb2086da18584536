/*
 * secret.h
 *		The secret file and the keys made of it.
 *
 * All gateways of one database share the file.  Every use has a key of its
 * own: HKDF-SHA-256 (RFC 5869) with an empty salt and the use as info.
 */
#ifndef E2EMSG_SECRET_H
#define E2EMSG_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#define SECRET_SIZE 32 /* bytes, of the secret and of each key */
#define SECRET_KID_SIZE 12

/* Keys are HMAC states that have taken them in already. */
struct secret
{
	EVP_MAC_CTX *token_key;	   /* HS256 */
	EVP_MAC_CTX *nonce_key;	   /* HMAC of challenges */
	EVP_MAC_CTX *hint_key;	   /* HMAC of mailboxes that got mail */
	char kid[SECRET_KID_SIZE]; /* names the token key; public */
};

/* A key for secret_hmac(), to be freed by EVP_MAC_CTX_free(), or NULL. */
extern EVP_MAC_CTX *secret_key(const uint8_t bytes[SECRET_SIZE]);

/*
 * Makes the keys of 32 bytes of secret; the caller wipes them.  False, and
 * nothing to wipe, when OpenSSL fails.
 */
extern bool secret_derive(struct secret *secret,
						  const uint8_t bytes[SECRET_SIZE])
	__attribute__((warn_unused_result));

/*
 * Reads the file, or makes it with mode 0600 when there is none.  Refuses a
 * file that is not regular, is another user's, or that group or world can
 * get at.  Returns false and says why, one sentence without any of its bytes.
 */
extern bool secret_load(struct secret *secret, const char *path, char *problem,
						size_t problem_size)
	__attribute__((warn_unused_result));

/* Wipes and frees the keys. */
extern void secret_wipe(struct secret *secret);

/*
 * HMAC-SHA-256 (RFC 2104).  Threads may share the key.  False when OpenSSL
 * fails.
 */
extern bool secret_hmac(const EVP_MAC_CTX *key, const void *data, size_t size,
						uint8_t out[32]) __attribute__((warn_unused_result));

#endif /* E2EMSG_SECRET_H */
