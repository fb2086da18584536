/*
 * token_maker.h
 *		Keys and signed tokens for the tests, with OpenSSL alone.
 */
#ifndef E2EMSG_TOKEN_MAKER_H
#define E2EMSG_TOKEN_MAKER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "base64url.h"

#define MAKER_TOKEN_SIZE 16384
#define MAKER_JWK_SIZE 1024

struct maker
{
	EVP_PKEY *ec, *rsa, *other; /* other: P-256, not the provider's */
	char ec_jwk[MAKER_JWK_SIZE], rsa_jwk[MAKER_JWK_SIZE],
		other_jwk[MAKER_JWK_SIZE];
	char second_rsa_jwk[MAKER_JWK_SIZE]; /* nobody has its private key */
};

/* Adds bytes in base64url at the end of a text. */
static inline void
maker_add(char *text, const void *bytes, size_t size)
{
	size_t used = strlen(text), length = base64url_encoded_length(size);

	if (used + length >= MAKER_TOKEN_SIZE)
		abort();
	base64url_encode_bytes(bytes, size, text + used);
	text[used + length] = '\0';
}

/* A number of the key in base64url, of "size" bytes or as many as it takes. */
static inline void
maker_number(const EVP_PKEY *key, const char *name, int size,
			 char out[MAKER_TOKEN_SIZE])
{
	uint8_t bytes[1024];
	BIGNUM *number = NULL;

	if (EVP_PKEY_get_bn_param(key, name, &number) != 1)
		abort();
	if (size == 0)
		size = BN_num_bytes(number);
	BN_bn2binpad(number, bytes, size);
	out[0] = '\0';
	maker_add(out, bytes, (size_t) size);
	BN_free(number);
}

static inline void
maker_jwk(const EVP_PKEY *key, const char *kid, char out[MAKER_JWK_SIZE])
{
	char a[MAKER_TOKEN_SIZE], b[MAKER_TOKEN_SIZE];

	if (EVP_PKEY_is_a(key, "EC"))
	{
		maker_number(key, OSSL_PKEY_PARAM_EC_PUB_X, 32, a);
		maker_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32, b);
		snprintf(out, MAKER_JWK_SIZE,
				 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"sig\",\"kid\":"
				 "\"%s\",\"x\":\"%.60s\",\"y\":\"%.60s\"}",
				 kid, a, b);
		return;
	}
	maker_number(key, OSSL_PKEY_PARAM_RSA_N, 0, a);
	maker_number(key, OSSL_PKEY_PARAM_RSA_E, 0, b);
	snprintf(out, MAKER_JWK_SIZE,
			 "{\"kty\":\"RSA\",\"alg\":\"RS256\",\"key_ops\":[\"verify\"],"
			 "\"kid\":\"%s\",\"n\":\"%.700s\",\"e\":\"%.20s\"}",
			 kid, a, b);
}

static inline void
maker_begin(struct maker *maker)
{
	EVP_PKEY *second = EVP_RSA_gen(2048);

	*maker = (struct maker){.ec = EVP_EC_gen("P-256"),
							.rsa = EVP_RSA_gen(2048),
							.other = EVP_EC_gen("P-256")};
	maker_jwk(maker->ec, "ec", maker->ec_jwk);
	maker_jwk(maker->rsa, "rsa", maker->rsa_jwk);
	maker_jwk(maker->other, "other", maker->other_jwk);
	maker_jwk(second, "rsa 2", maker->second_rsa_jwk);
	EVP_PKEY_free(second);
}

static inline void
maker_end(struct maker *maker)
{
	EVP_PKEY_free(maker->ec);
	EVP_PKEY_free(maker->rsa);
	EVP_PKEY_free(maker->other);
}

/* r and s of a signature in DER, 32 bytes each. */
static inline size_t
maker_flatten(uint8_t *signature, size_t size)
{
	const uint8_t *der = signature;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long) size);

	BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32);
	ECDSA_SIG_free(pair);
	return 64;
}

/* header.payload */
static inline void
maker_input(const char *header, const char *payload, char *token)
{
	token[0] = '\0';
	maker_add(token, header, strlen(header));
	strncat(token, ".", 2);
	maker_add(token, payload, strlen(payload));
}

/* Signs as the key does, whatever the header says; returns the length. */
static inline size_t
maker_sign(EVP_PKEY *key, const char *header, const char *payload,
		   char token[MAKER_TOKEN_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t signature[1024];
	size_t size = sizeof(signature);

	maker_input(header, payload, token);
	if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
		EVP_DigestSign(context, signature, &size, (uint8_t *) token,
					   strlen(token)) != 1)
		abort();
	EVP_MD_CTX_free(context);
	if (EVP_PKEY_is_a(key, "EC"))
		size = maker_flatten(signature, size);
	strncat(token, ".", 2);
	maker_add(token, signature, size);
	return strlen(token);
}

/* The same with HMAC-SHA-256. */
static inline void
maker_mac(const char *key, size_t key_size, const char *header,
		  const char *payload, char token[MAKER_TOKEN_SIZE])
{
	uint8_t mac[32];
	unsigned size = sizeof(mac);

	maker_input(header, payload, token);
	if (!HMAC(EVP_sha256(), key, (int) key_size, (uint8_t *) token,
			  strlen(token), mac, &size))
		abort();
	strncat(token, ".", 2);
	maker_add(token, mac, sizeof(mac));
}

#endif /* E2EMSG_TOKEN_MAKER_H */
