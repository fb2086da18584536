/*
 * keypair.c
 *		P-256 key pairs: ECDH encryption keys and ES256 identity keys.
 */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "keypair.h"

#define GROUP "prime256v1"
#define POINT_SIZE (1 + 2 * JWK_COORDINATE_SIZE) /* 0x04, x, y */
#define SIGNATURE_DER_MAX 72

/* Fills public_key from private_key; refuses other curves. */
static bool
take_public(struct keypair *pair)
{
	char group[32] = "";
	uint8_t point[POINT_SIZE];
	size_t size = 0;

	if (EVP_PKEY_get_utf8_string_param(pair->private_key,
									   OSSL_PKEY_PARAM_GROUP_NAME, group,
									   sizeof(group), NULL) != 1 ||
		strcmp(group, GROUP) != 0)
		return false;
	if (EVP_PKEY_get_octet_string_param(pair->private_key,
										OSSL_PKEY_PARAM_PUB_KEY, point,
										sizeof(point), &size) != 1 ||
		size != POINT_SIZE || point[0] != POINT_CONVERSION_UNCOMPRESSED)
		return false;
	memcpy(pair->public_key.x, point + 1, JWK_COORDINATE_SIZE);
	memcpy(pair->public_key.y, point + 1 + JWK_COORDINATE_SIZE,
		   JWK_COORDINATE_SIZE);
	return jwk_on_curve(&pair->public_key);
}

/* Hands the pair over when it is whole, frees it otherwise. */
static bool
finish(struct keypair *pair, struct keypair *out)
{
	if (pair->private_key == NULL || !take_public(pair))
	{
		keypair_free(pair);
		return false;
	}
	*out = *pair;
	return true;
}

bool
keypair_generate(struct keypair *out)
{
	struct keypair pair = {.private_key = EVP_EC_gen(GROUP)};

	return finish(&pair, out);
}

void
keypair_free(struct keypair *pair)
{
	EVP_PKEY_free(pair->private_key);
	pair->private_key = NULL;
}

/* The uncompressed point scalar * G. */
static bool
multiply_base(const BIGNUM *scalar, uint8_t point[POINT_SIZE])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *product = group ? EC_POINT_new(group) : NULL;
	bool done =
		product != NULL && !BN_is_zero(scalar) &&
		BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0 &&
		EC_POINT_mul(group, product, scalar, NULL, NULL, NULL) == 1 &&
		EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED,
						   point, POINT_SIZE, NULL) == POINT_SIZE;

	EC_POINT_clear_free(product);
	EC_GROUP_free(group);
	return done;
}

/* A key from its group, point and (unless NULL) private scalar. */
static EVP_PKEY *
import_key(const uint8_t point[POINT_SIZE], const BIGNUM *scalar)
{
	int what = scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (ctx == NULL || builder == NULL ||
		!OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
										 GROUP, 0) ||
		!OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY,
										  point, POINT_SIZE))
		goto end;
	if (scalar != NULL &&
		!OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar))
		goto end;
	params = OSSL_PARAM_BLD_to_param(builder);
	if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &key, what, params) != 1)
		key = NULL;

end:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

bool
keypair_from_scalar(const uint8_t scalar[KEYPAIR_SCALAR_SIZE],
					struct keypair *out)
{
	struct keypair pair = {0};
	uint8_t point[POINT_SIZE];
	BIGNUM *number = BN_secure_new();

	if (number != NULL &&
		BN_bin2bn(scalar, KEYPAIR_SCALAR_SIZE, number) != NULL &&
		multiply_base(number, point))
		pair.private_key = import_key(point, number);
	BN_clear_free(number);
	return finish(&pair, out);
}

/* Refuses to ask for a pass phrase on the terminal. */
static int
no_pass_phrase(char *buffer, int size, int writing, void *unused)
{
	(void) buffer;
	(void) size;
	(void) writing;
	(void) unused;
	return -1;
}

bool
keypair_read_pem(const char *text, size_t size, struct keypair *out)
{
	struct keypair pair = {0};
	BIO *bio =
		size > KEYPAIR_PEM_MAX ? NULL : BIO_new_mem_buf(text, (int) size);

	if (bio == NULL)
		return false;
	pair.private_key =
		PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL);
	BIO_free(bio);
	return finish(&pair, out);
}

bool
keypair_write_pem(const struct keypair *pair, char out[KEYPAIR_PEM_MAX],
				  size_t *size)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool done = false;
	char *text;
	long length;

	if (bio == NULL ||
		PEM_write_bio_PKCS8PrivateKey(bio, pair->private_key, NULL, NULL, 0,
									  NULL, NULL) != 1)
		goto end;
	length = BIO_get_mem_data(bio, &text);
	if (length <= 0 || length >= KEYPAIR_PEM_MAX)
		goto end;
	memcpy(out, text, (size_t) length);
	out[length] = '\0';
	*size = (size_t) length;
	done = true;

end:
	BIO_free(bio);
	return done;
}

/* Is the public half that of the private one? */
static bool
is_whole(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool whole = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return whole;
}

bool
keypair_read_der(const uint8_t *der, size_t size, struct keypair *out)
{
	struct keypair pair = {0};
	const uint8_t *at = der;
	PKCS8_PRIV_KEY_INFO *info =
		size > KEYPAIR_DER_MAX
			? NULL
			: d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long) size);

	if (info != NULL && at == der + size)
		pair.private_key = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (pair.private_key != NULL && !is_whole(pair.private_key))
		keypair_free(&pair);
	return finish(&pair, out);
}

bool
keypair_write_der(const struct keypair *pair, uint8_t out[KEYPAIR_DER_MAX],
				  size_t *size)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pair->private_key);
	uint8_t *at = out;
	int length = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : 0;
	bool done = length > 0 && length <= KEYPAIR_DER_MAX &&
				i2d_PKCS8_PRIV_KEY_INFO(info, &at) == length;

	PKCS8_PRIV_KEY_INFO_free(info);
	*size = done ? (size_t) length : 0;
	return done;
}

/* DER ECDSA-Sig-Value to r and s of 32 bytes each. */
static bool
split_signature(const uint8_t *der, size_t size, uint8_t out[ES256_SIZE])
{
	ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &der, (long) size);
	bool done =
		parts != NULL &&
		BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, ES256_SIZE / 2) > 0 &&
		BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + ES256_SIZE / 2,
					 ES256_SIZE / 2) > 0;

	ECDSA_SIG_free(parts);
	return done;
}

bool
keypair_sign(const struct keypair *pair, const uint8_t *message, size_t size,
			 uint8_t signature[ES256_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[SIGNATURE_DER_MAX];
	size_t der_size = sizeof(der);
	bool done = ctx != NULL &&
				EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL,
								   pair->private_key) == 1 &&
				EVP_DigestSign(ctx, der, &der_size, message, size) == 1 &&
				split_signature(der, der_size, signature);

	EVP_MD_CTX_free(ctx);
	return done;
}

/* The EVP form of a public key that was found to be on the curve. */
static EVP_PKEY *
import_public(const struct jwk *key)
{
	uint8_t point[POINT_SIZE];

	if (!jwk_on_curve(key))
		return NULL;
	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(point + 1, key->x, JWK_COORDINATE_SIZE);
	memcpy(point + 1 + JWK_COORDINATE_SIZE, key->y, JWK_COORDINATE_SIZE);
	return import_key(point, NULL);
}

bool
keypair_agree(const struct keypair *pair, const struct jwk *other,
			  uint8_t secret[KEYPAIR_SECRET_SIZE])
{
	EVP_PKEY *peer = import_public(other);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pair->private_key, NULL);
	size_t size = KEYPAIR_SECRET_SIZE;
	bool done = peer != NULL && ctx != NULL &&
				EVP_PKEY_derive_init(ctx) == 1 &&
				EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
				EVP_PKEY_derive(ctx, secret, &size) == 1 &&
				size == KEYPAIR_SECRET_SIZE;

	if (!done)
		OPENSSL_cleanse(secret, KEYPAIR_SECRET_SIZE);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return done;
}
