/*
 * wycheproof_test.c
 *		ECDH, AES-GCM and HKDF against Wycheproof, through our own functions.
 */
#include "field.h"
#include "suite.h"
#include "vector.h"

#define HKDF_OUT_MAX 16384

/* The name of a case: "ecdh 12: comment". */
static const char *
case_name(const char *set, const json_t *vector, char out[160])
{
	snprintf(out, 160, "%s %u: %s", set, vector_number(vector, "tcId"),
			 vector_text(vector, "comment"));
	return out;
}

static bool
is_valid(const json_t *vector)
{
	return strcmp(vector_text(vector, "result"), "valid") == 0;
}

/* Validates the public JWK as from a server, then agrees. */
static void
check_ecdh(struct tap *tap, const json_t *vector)
{
	struct keypair mine = {0};
	struct jwk other;
	uint8_t secret[KEYPAIR_SECRET_SIZE];
	struct bytes expected = vector_hex(vector, "shared");
	char name[160];
	bool agreed;

	vector_pair(json_object_get(vector, "private"), &mine);
	agreed = field_key(vector, "public", JWK_ENCRYPTION, &other) &&
			 keypair_agree(&mine, &other, secret);
	tap_ok(tap,
		   agreed == is_valid(vector) &&
			   (!agreed || vector_equal(&expected, secret, sizeof(secret))),
		   case_name("ecdh", vector, name));
	keypair_free(&mine);
	free(expected.at);
}

static void
check_aes_gcm(struct tap *tap, const json_t *vector)
{
	struct bytes key = vector_hex(vector, "key");
	struct bytes iv = vector_hex(vector, "iv");
	struct bytes aad = vector_hex(vector, "aad");
	struct bytes plain = vector_hex(vector, "msg");
	struct bytes sealed = vector_hex(vector, "ct");
	struct bytes tag = vector_hex(vector, "tag");
	uint8_t *out = malloc(sealed.size + 1);
	uint8_t computed[ENVELOPE_TAG_SIZE];
	char name[160];
	bool opened = suite_decrypt(key.at, iv.at, aad.at, aad.size, sealed.at,
								sealed.size, tag.at, out);
	bool good = opened == is_valid(vector) &&
				(!opened || vector_equal(&plain, out, sealed.size));

	if (is_valid(vector))
		good = good &&
			   suite_encrypt(key.at, iv.at, aad.at, aad.size, plain.at,
							 plain.size, out, computed) &&
			   vector_equal(&sealed, out, plain.size) &&
			   vector_equal(&tag, computed, sizeof(computed));
	tap_ok(tap, good, case_name("aes-gcm", vector, name));
	free(key.at);
	free(iv.at);
	free(aad.at);
	free(plain.at);
	free(sealed.at);
	free(tag.at);
	free(out);
}

static void
check_hkdf(struct tap *tap, const json_t *vector)
{
	struct bytes ikm = vector_hex(vector, "ikm");
	struct bytes salt = vector_hex(vector, "salt");
	struct bytes info = vector_hex(vector, "info");
	struct bytes expected = vector_hex(vector, "okm");
	size_t size = vector_number(vector, "size");
	uint8_t *out = malloc(HKDF_OUT_MAX);
	char name[160];
	bool derived = size <= HKDF_OUT_MAX &&
				   suite_hkdf(ikm.at, ikm.size, salt.at, salt.size, info.at,
							  info.size, out, size);

	tap_ok(tap,
		   derived == is_valid(vector) &&
			   (!derived || vector_equal(&expected, out, size)),
		   case_name("hkdf", vector, name));
	free(ikm.at);
	free(salt.at);
	free(info.at);
	free(expected.at);
	free(out);
}

/* Is it a group for our sizes?  Other files have no such members. */
static bool
is_ours(const json_t *group)
{
	if (json_object_get(group, "ivSize") == NULL)
		return true;
	return vector_number(group, "ivSize") == 8 * ENVELOPE_IV_SIZE &&
		   vector_number(group, "tagSize") == 8 * ENVELOPE_TAG_SIZE &&
		   vector_number(group, "keySize") == 8 * SUITE_KEY_SIZE;
}

static void
check_file(struct tap *tap, const char *path,
		   void (*check)(struct tap *, const json_t *))
{
	json_t *file = tap_vectors(path);
	json_t *group, *vector;
	size_t i, j;

	json_array_foreach(json_object_get(file, "testGroups"), i, group)
	{
		if (!is_ours(group))
			continue;
		json_array_foreach(json_object_get(group, "tests"), j, vector)
		{
			check(tap, vector);
		}
	}
	json_decref(file);
}

int
main(void)
{
	struct tap tap = {0};

	check_file(&tap, "wycheproof/ecdh_secp256r1_webcrypto_test.json",
			   check_ecdh);
	check_file(&tap, "wycheproof/aes_gcm_test.json", check_aes_gcm);
	check_file(&tap, "wycheproof/hkdf_sha256_test.json", check_hkdf);
	return tap_end(&tap);
}
