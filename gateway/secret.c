/*
 * secret.c
 *		The secret file: 64 hexadecimal digits and a line feed.
 */
#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base64url.h"
#include "private_file.h"

#define FILE_SIZE (2 * SECRET_SIZE + 1)
#define KID_BYTES 8

/* HKDF-SHA-256 of the secret with an empty salt. */
static bool
derive(const uint8_t secret[SECRET_SIZE], const char *use, uint8_t *out,
	   size_t size)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, (void *) (uintptr_t) secret, SECRET_SIZE),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_INFO, (void *) (uintptr_t) use, strlen(use)),
		OSSL_PARAM_construct_end()};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	bool done = context && EVP_KDF_derive(context, out, size, params) == 1;

	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return done;
}

EVP_MAC_CTX *
secret_key(const uint8_t bytes[SECRET_SIZE])
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *key = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (key && EVP_MAC_init(key, bytes, SECRET_SIZE, params) == 1)
		return key;
	EVP_MAC_CTX_free(key);
	return NULL;
}

static EVP_MAC_CTX *
derive_key(const uint8_t secret[SECRET_SIZE], const char *use)
{
	uint8_t bytes[SECRET_SIZE];
	EVP_MAC_CTX *key = NULL;

	if (derive(secret, use, bytes, sizeof(bytes)))
		key = secret_key(bytes);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return key;
}

bool
secret_derive(struct secret *secret, const uint8_t bytes[SECRET_SIZE])
{
	uint8_t kid[KID_BYTES];

	*secret =
		(struct secret){.token_key = derive_key(bytes, "e2emsg token v1"),
						.nonce_key = derive_key(bytes, "e2emsg nonce v1"),
						.hint_key = derive_key(bytes, "e2emsg hint v1")};
	if (!secret->token_key || !secret->nonce_key || !secret->hint_key ||
		!derive(bytes, "e2emsg kid v1", kid, sizeof(kid)))
	{
		secret_wipe(secret);
		return false;
	}
	base64url_encode_bytes(kid, sizeof(kid), secret->kid);
	return true;
}

/* A copy of a key costs half of what setting it up would. */
bool
secret_hmac(const EVP_MAC_CTX *key, const void *data, size_t size,
			uint8_t out[32])
{
	EVP_MAC_CTX *copy = EVP_MAC_CTX_dup(key);
	size_t length = 0;
	bool done = copy && EVP_MAC_update(copy, data, size) == 1 &&
				EVP_MAC_final(copy, out, &length, 32) == 1 && length == 32;

	EVP_MAC_CTX_free(copy);
	return done;
}

void
secret_wipe(struct secret *secret)
{
	EVP_MAC_CTX_free(secret->token_key);
	EVP_MAC_CTX_free(secret->nonce_key);
	EVP_MAC_CTX_free(secret->hint_key);
	*secret = (struct secret){0};
}

/* The value of a hexadecimal digit in lower case, or -1. */
static int
hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

static bool
hex_decode(const char text[FILE_SIZE], uint8_t bytes[SECRET_SIZE])
{
	for (size_t i = 0; i < SECRET_SIZE; i++)
	{
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t) (high << 4 | low);
	}
	return text[FILE_SIZE - 1] == '\n';
}

/* Reads the secret.  On failure *why is NULL when errno tells. */
static bool
read_secret(const char *path, uint8_t bytes[SECRET_SIZE], const char **why)
{
	char text[FILE_SIZE];
	size_t size;
	bool good = private_file_read(path, text, sizeof(text), &size, why);

	if (good)
	{
		good = size == FILE_SIZE && hex_decode(text, bytes);
		*why = "it does not hold 64 hexadecimal digits";
	}
	OPENSSL_cleanse(text, sizeof(text));
	return good;
}

/* Gateways that start at the same time end with the same secret. */
static bool
create_secret(const char *path)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[SECRET_SIZE];
	char text[FILE_SIZE];
	bool done;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	for (size_t i = 0; i < SECRET_SIZE; i++)
	{
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[FILE_SIZE - 1] = '\n';
	done = private_file_create(path, text, sizeof(text));
	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_cleanse(text, sizeof(text));
	return done;
}

bool
secret_load(struct secret *secret, const char *path, char *problem,
			size_t problem_size)
{
	uint8_t bytes[SECRET_SIZE];
	const char *why;
	bool good = read_secret(path, bytes, &why);

	if (!good && !why && errno == ENOENT && create_secret(path))
		good = read_secret(path, bytes, &why);
	if (!good)
		snprintf(problem, problem_size, "secret_file %s: %s", path,
				 why ? why : strerror(errno));
	else if (!secret_derive(secret, bytes))
	{
		snprintf(problem, problem_size, "OpenSSL has no HKDF");
		good = false;
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return good;
}
