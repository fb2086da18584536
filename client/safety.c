/*
 * safety.c
 *		The safety number of two users (docs/protocol.md, "Safety number").
 */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "endorsement.h"
#include "safety.h"

#define LABEL "e2emsg safety number v1"
#define LABEL_SIZE 32
#define SIDE_DIGITS (SAFETY_DIGITS / 2)
#define START_SIZE \
	(LABEL_SIZE + SHA256_DIGEST_LENGTH + USERNAME_MAX + JWK_THUMBPRINT_SIZE)

/* h0: label, SHA-256(service), username padded with zeros, thumbprint. */
static bool
start_bytes(const char *service, const struct safety_side *side,
			uint8_t out[START_SIZE])
{
	uint8_t *at = out;

	memset(out, 0, START_SIZE);
	memcpy(at, LABEL, strlen(LABEL));
	at += LABEL_SIZE;
	if (EVP_Digest(service, strlen(service), at, NULL, EVP_sha256(), NULL) !=
		1)
		return false;
	at += SHA256_DIGEST_LENGTH;
	memcpy(at, side->username, strnlen(side->username, USERNAME_MAX));
	at += USERNAME_MAX;
	memcpy(at, side->identity_thumbprint, JWK_THUMBPRINT_SIZE);
	return true;
}

/* SHA-512 of h0, then 5200 times SHA-512 of the hash and the thumbprint. */
static bool
stretch(const uint8_t start[START_SIZE], const struct safety_side *side,
		uint8_t hash[SHA512_DIGEST_LENGTH])
{
	uint8_t block[SHA512_DIGEST_LENGTH + JWK_THUMBPRINT_SIZE];
	bool done =
		EVP_Digest(start, START_SIZE, hash, NULL, EVP_sha512(), NULL) == 1;

	memcpy(block + SHA512_DIGEST_LENGTH, side->identity_thumbprint,
		   JWK_THUMBPRINT_SIZE);
	for (int i = 0; done && i < SAFETY_ROUNDS; i++)
	{
		memcpy(block, hash, SHA512_DIGEST_LENGTH);
		done = EVP_Digest(block, sizeof(block), hash, NULL, EVP_sha512(),
						  NULL) == 1;
	}
	return done;
}

/* Six groups of five digits, each from five bytes of the hash. */
static bool
side_digits(const char *service, const struct safety_side *side,
			char out[SIDE_DIGITS + 1])
{
	uint8_t start[START_SIZE];
	uint8_t hash[SHA512_DIGEST_LENGTH];

	if (!start_bytes(service, side, start) || !stretch(start, side, hash))
		return false;
	for (int group = 0; group < SIDE_DIGITS / 5; group++)
	{
		uint64_t value = 0;

		for (int i = 0; i < 5; i++)
			value = value << 8 | hash[group * 5 + i];
		snprintf(out + group * 5, 6, "%05u", (unsigned) (value % 100000));
	}
	return true;
}

bool
safety_number(const char *service, const struct safety_side *a,
			  const struct safety_side *b, char out[SAFETY_DIGITS + 1])
{
	char first[SIDE_DIGITS + 1], second[SIDE_DIGITS + 1];
	bool in_order;

	if (!side_digits(service, a, first) || !side_digits(service, b, second))
		return false;
	in_order = strcmp(first, second) <= 0;
	snprintf(out, SAFETY_DIGITS + 1, "%s%s", in_order ? first : second,
			 in_order ? second : first);
	return true;
}

void
safety_group(const char digits[SAFETY_DIGITS + 1],
			 char out[SAFETY_GROUPED_SIZE])
{
	for (int i = 0; i < SAFETY_DIGITS; i++)
	{
		if (i > 0 && i % 5 == 0)
			*out++ = ' ';
		*out++ = digits[i];
	}
	*out = '\0';
}
