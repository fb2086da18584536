/*
 * nonce.c
 *		Making and checking challenges.
 */
#include "nonce.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base64url.h"

#define NONCE_BYTES 56
#define RANDOM_SIZE 16
#define MAC_SIZE 32
#define MAC_AT (8 + RANDOM_SIZE)

/* Authenticates the nonce's first part together with the username. */
static bool
nonce_mac(const struct secret *secret, const char *username,
		  const uint8_t nonce[NONCE_BYTES], uint8_t mac[MAC_SIZE])
{
	uint8_t message[MAC_AT + NONCE_USERNAME_LIMIT];
	size_t size = strlen(username);

	if (size > NONCE_USERNAME_LIMIT)
		return false;
	memcpy(message, nonce, MAC_AT);
	memcpy(message + MAC_AT, username, size);
	return secret_hmac(secret->nonce_key, message, MAC_AT + size, mac);
}

bool
nonce_make(const struct secret *secret, const char *username, int64_t now,
		   char out[NONCE_CHARS + 1])
{
	uint64_t expiry = (uint64_t) (now + NONCE_LIFETIME_S);
	uint8_t nonce[NONCE_BYTES];

	for (int i = 0; i < 8; i++)
		nonce[i] = (uint8_t) (expiry >> (56 - 8 * i));
	if (RAND_bytes(nonce + 8, RANDOM_SIZE) != 1 ||
		!nonce_mac(secret, username, nonce, nonce + MAC_AT))
		return false;
	base64url_encode_bytes(nonce, sizeof(nonce), out);
	out[NONCE_CHARS] = '\0';
	return true;
}

bool
nonce_check(const struct secret *secret, const char *username,
			const char *nonce, int64_t now, int64_t *expires_at)
{
	uint8_t bytes[NONCE_BYTES], mac[MAC_SIZE];
	uint64_t expiry = 0;

	if (strlen(nonce) != NONCE_CHARS ||
		!base64url_decode_bytes(nonce, NONCE_CHARS, bytes) ||
		!nonce_mac(secret, username, bytes, mac) ||
		CRYPTO_memcmp(mac, bytes + MAC_AT, MAC_SIZE) != 0)
		return false;
	for (int i = 0; i < 8; i++)
		expiry = expiry << 8 | bytes[i];
	*expires_at = (int64_t) expiry;
	return *expires_at > now;
}
