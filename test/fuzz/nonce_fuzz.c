/*
 * nonce_fuzz.c
 *		nonce.c: challenges that come back.
 *
 * The input is a username, LF, and a nonce, as text and as the bytes before
 * a MAC that is put behind them.
 */
#include <openssl/hmac.h>

#include "base64url.h"
#include "fuzz.h"
#include "nonce.h"

#define NOW 1700000100
#define BEFORE_MAC 24 /* expiry[8], random[16] */

static const uint8_t key[SECRET_SIZE] = {9};
static struct secret secret;

static bool
check(const char *username, const char *nonce, int64_t *expires_at)
{
	return nonce_check(&secret, username, nonce, NOW, expires_at);
}

/* One that is made here: good until it expires, for that name alone. */
static void
check_made(const char *username, const char *rest)
{
	uint8_t message[BEFORE_MAC + NONCE_USERNAME_LIMIT], nonce[56];
	char text[NONCE_CHARS + 1] = "", other[NONCE_USERNAME_LIMIT + 2];
	uint64_t expiry = 0;
	int64_t expires_at;
	size_t length = strlen(username);

	fill_from(message, BEFORE_MAC, (const uint8_t *) rest, strlen(rest));
	memcpy(nonce, message, BEFORE_MAC);
	if (length > NONCE_USERNAME_LIMIT)
		return;
	memcpy(message + BEFORE_MAC, username, length);
	must(HMAC(EVP_sha256(), key, SECRET_SIZE, message, BEFORE_MAC + length,
			  nonce + BEFORE_MAC, NULL));
	base64url_encode_bytes(nonce, sizeof(nonce), text);
	for (int i = 0; i < 8; i++)
		expiry = expiry << 8 | message[i];
	must(check(username, text, &expires_at) == ((int64_t) expiry > NOW));
	must(expires_at == (int64_t) expiry);
	snprintf(other, sizeof(other), "%sx", username);
	must(!check(other, text, &expires_at));
	text[expiry % NONCE_CHARS] ^= 1;
	must(!check(username, text, &expires_at));
}

/* One of ours. */
static void
check_ours(const char *username)
{
	char nonce[NONCE_CHARS + 1];
	int64_t expires_at;
	bool made = nonce_make(&secret, username, NOW, nonce);

	must(made == (strlen(username) <= NONCE_USERNAME_LIMIT));
	if (!made)
		return;
	must(check(username, nonce, &expires_at));
	must(expires_at == NOW + NONCE_LIFETIME_S);
	must(!nonce_check(&secret, username, nonce, expires_at, &expires_at));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *username = text_of(data, size), *end = strchr(username, '\n');
	const char *rest = end ? end + 1 : "";
	int64_t expires_at;

	if (end)
		*end = '\0';
	if (!secret.nonce_key)
		secret.nonce_key = secret_key(key);
	must(!check(username, rest, &expires_at)); /* nobody has the key */
	check_made(username, rest);
	check_ours(username);
	free(username);
	return 0;
}
