/*
 * recovery.c
 *		The recovery code of a backup (docs/protocol.md, "Recovery code").
 */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "recovery.h"
#include "suite.h"

#define LABEL_SIZE 32
#define CHARACTERS 28 /* of a code; five bits each */
#define GROUP 4
#define BITS_SIZE 18 /* bytes: secret, check, four bits of nothing */

/* Crockford's base32. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

bool
recovery_binding(const char *label, const char *service, const char *username,
				 uint8_t out[BINDING_SIZE])
{
	uint8_t *hash = out + LABEL_SIZE;

	memset(out, 0, BINDING_SIZE);
	memcpy(out, label, strlen(label));
	memcpy(hash + SHA256_DIGEST_LENGTH, username, strlen(username));
	return SHA256((const uint8_t *) service, strlen(service), hash) != NULL;
}

/* The secret and its check, as they stand in the code. */
static bool
make_bits(const uint8_t secret[RECOVERY_SECRET_SIZE], uint8_t out[BITS_SIZE])
{
	static const char label[LABEL_SIZE] = "e2emsg recovery code v1";
	uint8_t message[LABEL_SIZE + RECOVERY_SECRET_SIZE];
	uint8_t hash[SHA256_DIGEST_LENGTH];
	bool done;

	memcpy(message, label, LABEL_SIZE);
	memcpy(message + LABEL_SIZE, secret, RECOVERY_SECRET_SIZE);
	done = SHA256(message, sizeof(message), hash) != NULL;
	memcpy(out, secret, RECOVERY_SECRET_SIZE);
	out[RECOVERY_SECRET_SIZE] = hash[0];
	out[RECOVERY_SECRET_SIZE + 1] = hash[1] & 0xF0;
	OPENSSL_cleanse(message, sizeof(message));
	return done;
}

bool
recovery_write(const uint8_t secret[RECOVERY_SECRET_SIZE],
			   char out[RECOVERY_CODE_SIZE])
{
	uint8_t bits[BITS_SIZE];
	bool done = make_bits(secret, bits);

	for (unsigned i = 0; i < CHARACTERS; i++)
	{
		unsigned bit = 5 * i;
		unsigned two = (unsigned) bits[bit / 8] << 8 | bits[bit / 8 + 1];

		if (i > 0 && i % GROUP == 0)
			*out++ = '-';
		*out++ = alphabet[two >> (11 - bit % 8) & 31];
	}
	*out = '\0';
	OPENSSL_cleanse(bits, sizeof(bits));
	return done;
}

/* The five bits of a character, or -1. */
static int
value_of(char character)
{
	const char *found;

	if (character >= 'a' && character <= 'z')
		character = (char) (character - 'a' + 'A');
	if (character == 'O')
		character = '0';
	if (character == 'I' || character == 'L')
		character = '1';
	found = character ? strchr(alphabet, character) : NULL;
	return found ? (int) (found - alphabet) : -1;
}

/* Fills the bits; the number of characters, or -1 for one that is none. */
static int
read_bits(const char *text, uint8_t out[BITS_SIZE])
{
	int count = 0;

	memset(out, 0, BITS_SIZE);
	for (; *text != '\0'; text++)
	{
		int value = value_of(*text);
		unsigned bit = 5 * (unsigned) count;
		unsigned two;

		if (*text == ' ' || *text == '-')
			continue;
		if (value < 0)
			return -1;
		if (count++ >= CHARACTERS)
			continue;
		two = (unsigned) value << (11 - bit % 8);
		out[bit / 8] |= (uint8_t) (two >> 8);
		out[bit / 8 + 1] |= (uint8_t) two;
	}
	return count;
}

const char *
recovery_read(const char *text, uint8_t secret[RECOVERY_SECRET_SIZE])
{
	uint8_t bits[BITS_SIZE], expected[BITS_SIZE];
	int count = read_bits(text, bits);
	const char *problem = NULL;

	if (count < 0)
		problem = "it has a character that no recovery code has";
	else if (count != CHARACTERS)
		problem = "a recovery code has 28 characters in seven groups";
	else if (!make_bits(bits, expected))
		problem = "OpenSSL could not hash";
	else if (memcmp(bits, expected, BITS_SIZE) != 0)
		problem = "its check is wrong: a character was mistaken";
	else
		memcpy(secret, bits, RECOVERY_SECRET_SIZE);
	OPENSSL_cleanse(bits, sizeof(bits));
	OPENSSL_cleanse(expected, sizeof(expected));
	return problem;
}

static bool
derive(const uint8_t secret[RECOVERY_SECRET_SIZE], const char *label,
	   const char *service, const char *username,
	   uint8_t out[RECOVERY_KEY_SIZE])
{
	uint8_t info[BINDING_SIZE];

	return recovery_binding(label, service, username, info) &&
		   suite_hkdf(secret, RECOVERY_SECRET_SIZE, NULL, 0, info,
					  sizeof(info), out, RECOVERY_KEY_SIZE);
}

bool
recovery_derive(const uint8_t secret[RECOVERY_SECRET_SIZE],
				const char *service, const char *username,
				struct recovery_keys *out)
{
	return derive(secret, "e2emsg backup locator v1", service, username,
				  out->locator) &&
		   derive(secret, "e2emsg backup opener v1", service, username,
				  out->opener);
}
