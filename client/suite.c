/*
 * suite.c
 *		Sealing and opening envelopes (docs/protocol.md, "Suites").
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "suite.h"
#include "wire.h"

#define LABEL "e2emsg suite 1"
#define LABEL_SIZE 32

void
suite_context_bytes(const struct suite_context *context,
					uint8_t out[SUITE_CONTEXT_SIZE])
{
	const struct suite_party *sender = &context->sender;
	const struct suite_party *receiver = &context->receiver;

	memset(out, 0, SUITE_CONTEXT_SIZE);
	memcpy(out, LABEL, strlen(LABEL));
	out += LABEL_SIZE;
	memcpy(out, sender->id.bytes, UUID_SIZE);
	memcpy(out + UUID_SIZE, receiver->id.bytes, UUID_SIZE);
	out += 2 * UUID_SIZE;
	wire_put_u32(out, sender->version);
	wire_put_u32(out + 4, receiver->version);
	out += 8;
	memcpy(out, sender->thumbprint, JWK_THUMBPRINT_SIZE);
	memcpy(out + JWK_THUMBPRINT_SIZE, receiver->thumbprint,
		   JWK_THUMBPRINT_SIZE);
}

bool
suite_hkdf(const uint8_t *ikm, size_t ikm_size, const uint8_t *salt,
		   size_t salt_size, const uint8_t *info, size_t info_size,
		   uint8_t *out, size_t out_size)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[5], *next = params;
	bool done;

	*next++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
											   (char *) "SHA256", 0);
	*next++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
												(void *) ikm, ikm_size);
	if (salt_size > 0)
		*next++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT,
													(void *) salt, salt_size);
	*next++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
												(void *) info, info_size);
	*next = OSSL_PARAM_construct_end();
	done = ctx != NULL && EVP_KDF_derive(ctx, out, out_size, params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return done;
}

bool
suite_key(int suite, const struct keypair *mine, const struct jwk *other,
		  const struct suite_context *context, uint8_t key[SUITE_KEY_SIZE])
{
	uint8_t secret[KEYPAIR_SECRET_SIZE];
	uint8_t info[SUITE_CONTEXT_SIZE];
	bool done = (suite == SUITE_TUTORIAL || suite == SUITE_E2EMSG) &&
				keypair_agree(mine, other, secret);

	if (done && suite == SUITE_TUTORIAL)
		memcpy(key, secret, SUITE_KEY_SIZE);
	else if (done)
	{
		suite_context_bytes(context, info);
		done = suite_hkdf(secret, sizeof(secret), NULL, 0, info, sizeof(info),
						  key, SUITE_KEY_SIZE);
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	return done;
}

bool
suite_encrypt(const uint8_t key[SUITE_KEY_SIZE],
			  const uint8_t iv[ENVELOPE_IV_SIZE], const uint8_t *aad,
			  size_t aad_size, const uint8_t *plaintext, size_t size,
			  uint8_t *ciphertext, uint8_t tag[ENVELOPE_TAG_SIZE])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int written = 0;
	bool done =
		ctx != NULL &&
		EVP_EncryptInit_ex2(ctx, EVP_aes_256_gcm(), key, iv, NULL) == 1 &&
		EVP_EncryptUpdate(ctx, NULL, &written, aad, (int) aad_size) == 1 &&
		(size == 0 || EVP_EncryptUpdate(ctx, ciphertext, &written, plaintext,
										(int) size) == 1) &&
		EVP_EncryptFinal_ex(ctx, tag, &written) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, ENVELOPE_TAG_SIZE,
							tag) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return done;
}

bool
suite_decrypt(const uint8_t key[SUITE_KEY_SIZE],
			  const uint8_t iv[ENVELOPE_IV_SIZE], const uint8_t *aad,
			  size_t aad_size, const uint8_t *ciphertext, size_t size,
			  const uint8_t tag[ENVELOPE_TAG_SIZE], uint8_t *plaintext)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t rest[EVP_MAX_BLOCK_LENGTH];
	int written = 0;
	bool done =
		ctx != NULL &&
		EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), key, iv, NULL) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &written, aad, (int) aad_size) == 1 &&
		(size == 0 || EVP_DecryptUpdate(ctx, plaintext, &written, ciphertext,
										(int) size) == 1) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, ENVELOPE_TAG_SIZE,
							(void *) tag) == 1 &&
		EVP_DecryptFinal_ex(ctx, rest, &written) == 1;

	if (!done && size > 0)
		OPENSSL_cleanse(plaintext, size);
	EVP_CIPHER_CTX_free(ctx);
	return done;
}

/* The AAD of a suite: the context in suite 1, nothing in suite 0. */
static size_t
suite_aad(int suite, const struct suite_context *context,
		  uint8_t out[SUITE_CONTEXT_SIZE])
{
	if (suite == SUITE_TUTORIAL)
		return 0;
	suite_context_bytes(context, out);
	return SUITE_CONTEXT_SIZE;
}

bool
suite_seal(int suite, const struct keypair *mine, const struct jwk *other,
		   const struct suite_context *context,
		   const uint8_t iv[ENVELOPE_IV_SIZE], const uint8_t *plaintext,
		   size_t size, uint8_t *ciphertext, uint8_t tag[ENVELOPE_TAG_SIZE])
{
	uint8_t key[SUITE_KEY_SIZE];
	uint8_t aad[SUITE_CONTEXT_SIZE];
	bool done = size <= ENVELOPE_MAX_CIPHERTEXT &&
				suite_key(suite, mine, other, context, key) &&
				suite_encrypt(key, iv, aad, suite_aad(suite, context, aad),
							  plaintext, size, ciphertext, tag);

	OPENSSL_cleanse(key, sizeof(key));
	return done;
}

bool
suite_open(int suite, const struct keypair *mine, const struct jwk *other,
		   const struct suite_context *context,
		   const uint8_t iv[ENVELOPE_IV_SIZE], const uint8_t *ciphertext,
		   size_t size, const uint8_t tag[ENVELOPE_TAG_SIZE],
		   uint8_t *plaintext)
{
	uint8_t key[SUITE_KEY_SIZE];
	uint8_t aad[SUITE_CONTEXT_SIZE];
	bool done = size <= ENVELOPE_MAX_CIPHERTEXT &&
				suite_key(suite, mine, other, context, key) &&
				suite_decrypt(key, iv, aad, suite_aad(suite, context, aad),
							  ciphertext, size, tag, plaintext);

	OPENSSL_cleanse(key, sizeof(key));
	return done;
}
