/*
 * signature.c
 *		ES256: ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4).
 */
#include "signature.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

/*
 * A key that has a curve, P-256, and no point yet; copying it is cheaper than
 * building the curve again.  Made once, only read from then on, by any thread,
 * and never freed.
 */
static EVP_PKEY *blank_key;

static void
make_blank_key(void)
{
	char curve[] = "P-256";
	OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
												  curve, sizeof curve - 1),
						   OSSL_PARAM_END};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

	if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(context, &blank_key, EVP_PKEY_KEY_PARAMETERS,
						  params) != 1)
		blank_key = NULL;
	EVP_PKEY_CTX_free(context);
}

/* The key as OpenSSL wants it; NULL when it is not on the curve. */
static EVP_PKEY *
public_key_of(const struct jwk *key)
{
	static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
	uint8_t octets[1 + 2 * JWK_COORDINATE_SIZE] = {0x04};
	EVP_PKEY *result = NULL;

	memcpy(octets + 1, key->x, sizeof key->x);
	memcpy(octets + 1 + sizeof key->x, key->y, sizeof key->y);
	if (CRYPTO_THREAD_run_once(&once, make_blank_key) == 1 &&
		blank_key != NULL)
		result = EVP_PKEY_dup(blank_key);
	if (result != NULL &&
		EVP_PKEY_set1_encoded_public_key(result, octets, sizeof octets) == 1)
		return result;
	EVP_PKEY_free(result);
	return NULL;
}

/*
 * The DER form of r and s (SEC 1 section C.5).  Returns its length and sets
 * *der, to be freed with OPENSSL_free, or returns a number below 1.
 */
static int
der_of(const uint8_t sig[ES256_SIZE], unsigned char **der)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig, ES256_SIZE / 2, NULL);
	BIGNUM *s = BN_bin2bn(sig + ES256_SIZE / 2, ES256_SIZE / 2, NULL);
	int len = 0;

	if (pair != NULL && r != NULL && s != NULL &&
		ECDSA_SIG_set0(pair, r, s) == 1)
	{
		r = s = NULL; /* the pair owns them now */
		len = i2d_ECDSA_SIG(pair, der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return len;
}

bool
es256_verify(const struct jwk *key, const uint8_t *message, size_t len,
			 const uint8_t sig[ES256_SIZE])
{
	unsigned char *der = NULL;
	int der_len = der_of(sig, &der);
	EVP_PKEY *public_key = public_key_of(key);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good;

	good = der_len > 0 && public_key != NULL && context != NULL &&
		   EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL,
								public_key) == 1 &&
		   EVP_DigestVerify(context, der, (size_t) der_len, message, len) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(public_key);
	OPENSSL_free(der);
	return good;
}
