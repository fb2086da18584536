/*
 * jwks_fuzz.c
 *		jwks.c: an identity provider's keys.
 *
 * Of a set that is taken every key is looked at again: none is private, each
 * kid leads to its key, and OpenSSL alone takes the same point or number.
 */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/objects.h>

#include "base64url.h"
#include "fuzz.h"
#include "jwks.h"
#include "slow_json.h"

static const char *
text_in(json_t *key, const char *name)
{
	return json_string_value(json_object_get(key, name));
}

static bool
says(json_t *key, const char *name, const char *value)
{
	const char *text = text_in(key, name);

	return text && strcmp(text, value) == 0;
}

/* The number of a member; it must be base64url. */
static BIGNUM *
number_in(json_t *key, const char *name, size_t *size)
{
	const char *text = text_in(key, name);
	size_t length;
	uint8_t *bytes;
	BIGNUM *number;

	must(text != NULL);
	length = strlen(text);
	*size = base64url_decoded_length(length);
	bytes = malloc(*size + 1);
	must(base64url_decode_bytes(text, length, bytes));
	number = BN_bin2bn(bytes, (int) *size, NULL);
	free(bytes);
	return number;
}

static void
check_point(json_t *key)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = EC_POINT_new(group);
	size_t x_size, y_size;
	BIGNUM *x = number_in(key, "x", &x_size);
	BIGNUM *y = number_in(key, "y", &y_size);

	must(x_size == 32 && y_size == 32);
	must(EC_POINT_set_affine_coordinates(group, point, x, y, NULL) == 1);
	BN_free(x);
	BN_free(y);
	EC_POINT_free(point);
	EC_GROUP_free(group);
}

static void
check_rsa(json_t *key)
{
	size_t n_size, e_size;
	BIGNUM *n = number_in(key, "n", &n_size);
	BIGNUM *e = number_in(key, "e", &e_size);

	must(BN_num_bits(n) >= 2048 && BN_num_bits(n) <= 8192 && BN_is_odd(n));
	must(BN_get_word(e) >= 65537 && BN_is_odd(e));
	must((int) n_size == BN_num_bytes(n) && (int) e_size == BN_num_bytes(e));
	BN_free(n);
	BN_free(e);
}

/* The algorithm that the key is for, or NULL. */
static const char *
use_of(json_t *key)
{
	bool ec = says(key, "kty", "EC") && says(key, "crv", "P-256");
	const char *alg = ec ? "ES256" : says(key, "kty", "RSA") ? "RS256" : NULL;
	json_t *operations = json_object_get(key, "key_ops"), *one;
	bool verifies = true;
	size_t i;

	json_array_foreach(operations, i, one)
	{
		must(json_is_string(one));
		verifies = verifies && strcmp(json_string_value(one), "verify") == 0;
	}
	if (operations && json_array_size(operations) != 1)
		return NULL;
	if (!alg || !verifies || (text_in(key, "use") && !says(key, "use", "sig")))
		return NULL;
	return !text_in(key, "alg") || says(key, "alg", alg) ? alg : NULL;
}

static bool
is_public(json_t *key)
{
	static const char *const secret[] = {"d",  "p",	 "q",	"dp",
										 "dq", "qi", "oth", "k"};

	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		if (json_object_get(key, secret[i]))
			return false;
	return json_is_object(key) && text_in(key, "kty") &&
		   !says(key, "kty", "oct");
}

/* A key of use is found by its kid, and verifies no made-up signature. */
static void
check_useful(const struct jwks *set, json_t *key, const char *alg)
{
	static const uint8_t signature[JWKS_SIGNATURE_MAX + 1] = {1};
	const char *kid = text_in(key, "kid");
	bool ec = strcmp(alg, "ES256") == 0;
	const struct jwks_key *found;

	ec ? check_point(key) : check_rsa(key);
	if (!kid)
		return;
	found = jwks_find(set, alg, kid);
	must(found != NULL);
	must(jwks_find(set, ec ? "RS256" : "ES256", kid) == NULL);
	for (size_t size = 0; size <= sizeof(signature); size += 32)
		must(!jwks_verify(found, "x", 1, signature, size));
}

static void
check_set(const struct jwks *set, json_t *keys)
{
	size_t counts[2] = {0}, i, j;
	json_t *key, *other;

	must(json_is_array(keys) && json_array_size(keys) <= JWKS_MAX_KEYS);
	json_array_foreach(keys, i, key)
	{
		const char *alg = use_of(key);

		must(is_public(key));
		json_array_foreach(keys, j, other)
		{
			must(i == j || !text_in(key, "kid") ||
				 !says(other, "kid", text_in(key, "kid")));
		}
		if (!alg)
			continue;
		counts[alg[0] == 'R']++;
		check_useful(set, key, alg);
	}
	must(jwks_count(set) == counts[0] + counts[1] && jwks_count(set) > 0);
	must((jwks_find(set, "ES256", NULL) != NULL) == (counts[0] == 1));
	must((jwks_find(set, "RS256", NULL) != NULL) == (counts[1] == 1));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char problem[JWKS_PROBLEM_SIZE] = "";
	struct jwks *set = jwks_parse(data, size, problem);
	json_t *file;

	if (!set)
	{
		must(problem[0] != '\0');
		return 0;
	}
	file = slow_json(data, size);
	check_set(set, json_object_get(file, "keys"));
	json_decref(file);
	jwks_free(set);
	return 0;
}
