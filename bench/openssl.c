/*
 * openssl.c
 *		What OpenSSL alone does in a second, on the example of RFC 7515 A.3.
 *
 * Prints "NAME <tab> CALLS" lines: a point check on a cached group, SHA-256
 * of a key's canonical text, ES256 with a key set up for each call and with
 * one that is ready.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>

#define BATCH 64
#define SPAN_NS 250000000L

static unsigned char point[65], statement[512], *der;
static size_t der_size, statement_size;
static EC_GROUP *group;
static EC_POINT *decoded;
static EVP_PKEY *ready_key;

/* Hexadecimal digits into bytes; returns how many bytes. */
static size_t
from_hex(const char *hex, unsigned char *out, size_t room)
{
	size_t size = 0;

	if (OPENSSL_hexstr2buf_ex(out, room, &size, hex, '\0') != 1)
		exit(1);
	return size;
}

/* The DER form of r and s. */
static void
take_signature(const char *hex)
{
	unsigned char raw[64];
	ECDSA_SIG *pair = ECDSA_SIG_new();

	from_hex(hex, raw, sizeof raw);
	ECDSA_SIG_set0(pair, BN_bin2bn(raw, 32, NULL),
				   BN_bin2bn(raw + 32, 32, NULL));
	der_size = (size_t) i2d_ECDSA_SIG(pair, &der);
	ECDSA_SIG_free(pair);
}

static EVP_PKEY *
make_key(void)
{
	char curve[] = "P-256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 5),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
		OSSL_PARAM_END};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		exit(1);
	EVP_PKEY_CTX_free(context);
	return key;
}

static bool
check_point(void)
{
	return EC_POINT_oct2point(group, decoded, point, sizeof point, NULL) == 1;
}

static bool
hash(void)
{
	static const unsigned char
		canonical[126]; /* the size that RFC 7638 gives */
	unsigned char digest[32];

	return SHA256(canonical, sizeof canonical, digest) != NULL;
}

static bool
verify_with(EVP_PKEY *key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good =
		EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestVerify(context, der, der_size, statement, statement_size) ==
			1;

	EVP_MD_CTX_free(context);
	return good;
}

static bool
verify_ready(void)
{
	return verify_with(ready_key);
}

static bool
verify_set_up(void)
{
	EVP_PKEY *key = make_key();
	bool good = verify_with(key);

	EVP_PKEY_free(key);
	return good;
}

static long
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void
measure(const char *name, bool (*call)(void))
{
	long began = now_ns(), calls = 0, took;

	do
	{
		for (int i = 0; i < BATCH; i++)
			if (!call())
				exit(1);
		calls += BATCH;
		took = now_ns() - began;
	} while (took < SPAN_NS);
	printf("%s\t%.1f\n", name, (double) calls / ((double) took / 1e9));
}

/* usage: openssl POINT SIGNATURE STATEMENT, all hexadecimal */
int
main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	from_hex(argv[1], point, sizeof point);
	take_signature(argv[2]);
	statement_size = from_hex(argv[3], statement, sizeof statement);
	group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	decoded = EC_POINT_new(group);
	ready_key = make_key();
	measure("point", check_point);
	measure("sha256", hash);
	measure("verify_set_up", verify_set_up);
	measure("verify_ready", verify_ready);
	return 0;
}
