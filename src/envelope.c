/*
 * envelope.c
 *		What a sealed envelope must look like from outside.
 */
#include "envelope.h"

#include <string.h>

#include <openssl/sha.h>

const char *
envelope_check(int suite, int64_t sender_key_version, int64_t key_version,
			   size_t iv_size, size_t ciphertext_size, size_t tag_size)
{
	if (suite != SUITE_TUTORIAL && suite != SUITE_E2EMSG)
		return "suite must be 0 or 1";
	if (iv_size != ENVELOPE_IV_SIZE)
		return "iv must be 12 bytes";
	if (tag_size != ENVELOPE_TAG_SIZE)
		return "authTag must be 16 bytes";
	if (ciphertext_size > ENVELOPE_MAX_CIPHERTEXT)
		return "ciphertext must be at most 65536 bytes";
	if (key_version < 1 || key_version > INT32_MAX)
		return "keyVersion must be a positive number";
	if (sender_key_version == SENDER_KEY_VERSION_LEFT_OUT)
		return suite == SUITE_E2EMSG ? "suite 1 needs senderKeyVersion" : NULL;
	if (sender_key_version < 1 || sender_key_version > INT32_MAX)
		return "senderKeyVersion must be a positive number";
	return NULL;
}

void
envelope_message_id(const uint8_t mailbox[16], const uint8_t sender[16],
					const uint8_t iv[ENVELOPE_IV_SIZE], uint8_t out[16])
{
	uint8_t input[16 + 16 + ENVELOPE_IV_SIZE];
	uint8_t digest[SHA256_DIGEST_LENGTH];

	memcpy(input, mailbox, 16);
	memcpy(input + 16, sender, 16);
	memcpy(input + 32, iv, ENVELOPE_IV_SIZE);
	SHA256(input, sizeof input, digest);
	memcpy(out, digest, 16);
	out[6] = (uint8_t) ((out[6] & 0x0f) | 0x80);
	out[8] = (uint8_t) ((out[8] & 0x3f) | 0x80);
}
