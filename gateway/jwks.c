/*
 * jwks.c
 *		Reading a provider's keys and verifying with them.
 */
#include "jwks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base64url.h"
#include "jsontext.h"
#include "jwk.h"
#include "signature.h"

#define RSA_MIN_EXPONENT 65537
#define RSA_MAX_EXPONENT_SIZE 4 /* bytes */

struct jwks_key
{
	const char *alg;		 /* "ES256" or "RS256" */
	char kid[JWKS_KID_SIZE]; /* empty: it has none */
	struct jwk point;		 /* of ES256 */
	EVP_PKEY *rsa;			 /* of RS256 */
	size_t rsa_size;		 /* bytes, of the modulus and of each signature */
};

struct jwks
{
	size_t count;
	struct jwks_key keys[JWKS_MAX_KEYS];
};

/* What became of one key of the file. */
enum reading
{
	KEY_GOOD,
	KEY_LEFT_OUT, /* for something else */
	KEY_BAD
};

/* The value of a string member, NULL when it is absent. */
static const char *
text_of(json_t *key, const char *name)
{
	return json_string_value(json_object_get(key, name));
}

static bool
has_text(json_t *key, const char *name, const char *expected)
{
	const char *text = text_of(key, name);

	return text && strcmp(text, expected) == 0;
}

/* What makes the file a secret, and signatures forgeable by its readers. */
static bool
is_secret(json_t *key)
{
	static const char *const secret[] = {"d",  "p",	 "q",	"dp",
										 "dq", "qi", "oth", "k"};

	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		if (json_object_get(key, secret[i]))
			return true;
	return has_text(key, "kty", "oct");
}

/* kty, and what else there is of these, are strings. */
static const char *
check_types(json_t *key)
{
	static const char *const strings[] = {"kid", "use", "alg", "crv"};
	json_t *operations = json_object_get(key, "key_ops"), *operation;
	size_t i;

	if (!json_is_object(key))
		return "it is not an object";
	if (is_secret(key))
		return "it is private or symmetric; only public keys belong here";
	if (!text_of(key, "kty"))
		return "kty must be a string";
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (json_object_get(key, strings[i]) && !text_of(key, strings[i]))
			return "kid, use, alg and crv must be strings";
	if (operations && !json_is_array(operations))
		return "key_ops must be an array of strings";
	json_array_foreach(operations, i, operation)
	{
		if (!json_is_string(operation))
			return "key_ops must be an array of strings";
	}
	return NULL;
}

/* key_ops, an array of strings if it is there: nothing but to verify. */
static bool
only_verifies(json_t *operations)
{
	return operations == NULL ||
		   (json_array_size(operations) == 1 &&
			strcmp(json_string_value(json_array_get(operations, 0)),
				   "verify") == 0);
}

/* The algorithm that the key's type has here, or NULL. */
static const char *
alg_of(json_t *key)
{
	if (has_text(key, "kty", "EC") && has_text(key, "crv", "P-256"))
		return "ES256";
	return has_text(key, "kty", "RSA") ? "RS256" : NULL;
}

/* Is the key for verifying what we take? */
static bool
is_of_use(json_t *key, const char *alg)
{
	return alg && (!text_of(key, "use") || has_text(key, "use", "sig")) &&
		   (!text_of(key, "alg") || has_text(key, "alg", alg)) &&
		   only_verifies(json_object_get(key, "key_ops"));
}

static const char *
take_kid(json_t *key, char kid[JWKS_KID_SIZE])
{
	json_t *value = json_object_get(key, "kid");
	size_t size = json_string_length(value);

	if (value && (size == 0 || size >= JWKS_KID_SIZE))
		return "kid must have 1 to 256 bytes";
	snprintf(kid, JWKS_KID_SIZE, "%s", value ? json_string_value(value) : "");
	return NULL;
}

static const char *
take_point(json_t *key, struct jwk *point)
{
	static const char *const members[] = {"kty", "crv", "x", "y"};
	struct jwk_reader reader;

	jwk_read_begin(&reader);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
	{
		json_t *value = json_object_get(key, members[i]);

		if (json_is_string(value))
			jwk_read_string(&reader, members[i], strlen(members[i]),
							json_string_value(value),
							json_string_length(value));
		else if (value)
			jwk_read_other(&reader, members[i], strlen(members[i]), false);
	}
	return jwk_read_end(&reader, JWK_ANY_PURPOSE, point);
}

/* A positive number in as few bytes as it takes (RFC 7518 section 2). */
static BIGNUM *
take_number(json_t *key, const char *name, size_t most)
{
	json_t *value = json_object_get(key, name);
	size_t chars = json_string_length(value);
	size_t size = base64url_decoded_length(chars);
	uint8_t bytes[JWKS_RSA_MAX_BITS / 8];

	if (!json_is_string(value) || size == 0 || size > most ||
		!base64url_decode_bytes(json_string_value(value), chars, bytes) ||
		bytes[0] == 0)
		return NULL;
	return BN_bin2bn(bytes, (int) size, NULL);
}

static EVP_PKEY *
rsa_key(const BIGNUM *n, const BIGNUM *e)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	if (build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(build);
	if (!params || !context || EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return key;
}

static const char *
take_rsa(json_t *key, struct jwks_key *out)
{
	BIGNUM *n = take_number(key, "n", JWKS_RSA_MAX_BITS / 8);
	BIGNUM *e = take_number(key, "e", RSA_MAX_EXPONENT_SIZE);
	const char *why = NULL;

	if (!n || BN_num_bits(n) < JWKS_RSA_MIN_BITS || !BN_is_odd(n))
		why = "n must be an odd number of 2048 to 8192 bits in base64url, "
			  "without zeros before it";
	else if (!e || !BN_is_odd(e) || BN_get_word(e) < RSA_MIN_EXPONENT)
		why = "e must be an odd number from 65537 on, of at most 32 bits, in "
			  "base64url";
	else
	{
		out->rsa = rsa_key(n, e);
		out->rsa_size = (size_t) BN_num_bytes(n);
		why = out->rsa ? NULL : "OpenSSL does not take it";
	}
	BN_free(n);
	BN_free(e);
	return why;
}

/* Reads one key; *why says what is wrong with a bad one. */
static enum reading
read_key(json_t *key, struct jwks_key *out, const char **why)
{
	*out = (struct jwks_key){.alg = NULL};
	*why = check_types(key);
	if (!*why)
		*why = take_kid(key, out->kid);
	if (*why)
		return KEY_BAD;
	out->alg = alg_of(key);
	if (!is_of_use(key, out->alg))
		return KEY_LEFT_OUT;
	*why = strcmp(out->alg, "ES256") == 0 ? take_point(key, &out->point)
										  : take_rsa(key, out);
	return *why ? KEY_BAD : KEY_GOOD;
}

/* Does a key before this one, of use or not, have its kid? */
static bool
kid_stands_before(json_t *keys, size_t number)
{
	const char *kid = text_of(json_array_get(keys, number), "kid");

	for (size_t i = 0; kid && i < number; i++)
		if (has_text(json_array_get(keys, i), "kid", kid))
			return true;
	return false;
}

/* Fills the set; on failure says which key is to blame, by its number. */
static bool
read_keys(json_t *keys, struct jwks *set, char problem[JWKS_PROBLEM_SIZE])
{
	json_t *key;
	size_t i;

	json_array_foreach(keys, i, key)
	{
		const char *why = NULL;
		enum reading reading = read_key(key, &set->keys[set->count], &why);

		if (reading == KEY_GOOD)
			set->count++;
		if (reading != KEY_BAD && kid_stands_before(keys, i))
			why = "its kid stands at a key before it, too";
		if (why)
		{
			snprintf(problem, JWKS_PROBLEM_SIZE, "key %zu: %s", i + 1, why);
			return false;
		}
	}
	snprintf(problem, JWKS_PROBLEM_SIZE,
			 "no key in it is for verifying ES256 or RS256");
	return set->count > 0;
}

struct jwks *
jwks_parse(const void *text, size_t size, char problem[JWKS_PROBLEM_SIZE])
{
	json_t *file = size <= JWKS_MAX_SIZE ? jsontext_parse(text, size) : NULL;
	json_t *keys = json_object_get(file, "keys");
	struct jwks *set = calloc(1, sizeof(*set));
	bool good = false;

	if (size > JWKS_MAX_SIZE)
		snprintf(problem, JWKS_PROBLEM_SIZE, "it is larger than %d bytes",
				 JWKS_MAX_SIZE);
	else if (!json_is_array(keys))
		snprintf(problem, JWKS_PROBLEM_SIZE,
				 "it is no JSON object with an array \"keys\"");
	else if (json_array_size(keys) > JWKS_MAX_KEYS)
		snprintf(problem, JWKS_PROBLEM_SIZE, "it holds more than %d keys",
				 JWKS_MAX_KEYS);
	else if (!set)
		snprintf(problem, JWKS_PROBLEM_SIZE, "there is no memory");
	else
		good = read_keys(keys, set, problem);
	json_decref(file);
	if (good)
		return set;
	jwks_free(set);
	return NULL;
}

/* Says why this open file can't be trusted, or NULL. */
static const char *
distrust(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return "it is not a regular file";
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return "group or others can write to it; run chmod go-w on it";
	return NULL;
}

/* Reads up to the room; false when errno tells. */
static bool
read_all(int fd, char *out, size_t room, size_t *size)
{
	ssize_t got = 1;

	for (*size = 0; *size < room && got > 0; *size += (size_t) got)
	{
		got = read(fd, out + *size, room - *size);
		if (got < 0)
			return false;
	}
	return true;
}

struct jwks *
jwks_load(const char *path, char problem[JWKS_PROBLEM_SIZE])
{
	/* O_NONBLOCK: a FIFO is to be refused, not waited for */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = malloc(JWKS_MAX_SIZE + 1), why[JWKS_PROBLEM_SIZE];
	const char *distrusted = fd >= 0 ? distrust(fd) : NULL;
	struct jwks *set = NULL;
	size_t size;

	if (distrusted)
		snprintf(why, sizeof(why), "%s", distrusted);
	else if (fd < 0 || !text || !read_all(fd, text, JWKS_MAX_SIZE + 1, &size))
		snprintf(why, sizeof(why), "%s", strerror(errno));
	else
		set = jwks_parse(text, size, why);
	if (!set)
		snprintf(problem, JWKS_PROBLEM_SIZE, "%.511s: %.120s", path, why);
	free(text);
	if (fd >= 0)
		close(fd);
	return set;
}

void
jwks_free(struct jwks *set)
{
	for (size_t i = 0; set && i < JWKS_MAX_KEYS; i++)
		EVP_PKEY_free(set->keys[i].rsa);
	free(set);
}

size_t
jwks_count(const struct jwks *set)
{
	return set->count;
}

const struct jwks_key *
jwks_find(const struct jwks *set, const char *alg, const char *kid)
{
	const struct jwks_key *found = NULL;

	for (size_t i = 0; i < set->count; i++)
	{
		const struct jwks_key *key = &set->keys[i];

		if (strcmp(key->alg, alg) != 0 ||
			(kid && (kid[0] == '\0' || strcmp(key->kid, kid) != 0)))
			continue;
		if (found)
			return NULL;
		found = key;
	}
	return found;
}

static bool
rs256_verify(const struct jwks_key *key, const void *bytes, size_t size,
			 const uint8_t *signature, size_t signature_size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *rsa = NULL; /* belongs to the context */
	bool good =
		context && signature_size == key->rsa_size &&
		EVP_DigestVerifyInit(context, &rsa, EVP_sha256(), NULL, key->rsa) ==
			1 &&
		EVP_PKEY_CTX_set_rsa_padding(rsa, RSA_PKCS1_PADDING) == 1 &&
		EVP_DigestVerify(context, signature, signature_size, bytes, size) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

bool
jwks_verify(const struct jwks_key *key, const void *bytes, size_t size,
			const uint8_t *signature, size_t signature_size)
{
	if (key->rsa)
		return rs256_verify(key, bytes, size, signature, signature_size);
	return signature_size == ES256_SIZE &&
		   es256_verify(&key->point, bytes, size, signature);
}
