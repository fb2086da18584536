/*
 * token_fuzz.c
 *		token.c: the input as a token, and as a header and claims that are
 *		signed; as a subject whose token is made.
 *
 * A verifier that takes the token apart in another way comes to the same.
 */
#include <openssl/hmac.h>
#include <strings.h>

#include "compact_jws.h"
#include "fuzz.h"
#include "jws.h"
#include "slow_json.h"
#include "text.h"
#include "token.h"
#include "utf8.h"

#define NOW 1700000100 /* of the vectors */
#define KID "not listed"

/* The key of test/vectors/jose/jwt_attacks.json. */
static const char key[] = "e2emsg-test-secret-32-bytes-long";
static struct secret secret;

static void
make_secret(void)
{
	if (secret.token_key)
		return;
	secret.token_key = secret_key((const uint8_t *) key);
	must(secret.token_key != NULL);
	memcpy(secret.kid, KID, sizeof(KID));
}

static void
mac_of(const char *text, size_t size, uint8_t mac[32])
{
	unsigned length = 32;

	must(HMAC(EVP_sha256(), key, 32, (const uint8_t *) text, size, mac,
			  &length) &&
		 length == 32);
}

/* Three members, all of them strings, one of them a must. */
static bool
slow_header(const struct parts *parts)
{
	json_t *header = slow_json(parts->bytes[0], parts->size[0]);
	const char *alg, *typ = "JWT", *kid = KID;
	bool good = json_unpack_ex(header, NULL, JSON_STRICT, "{s:s, s?:s, s?:s}",
							   "alg", &alg, "typ", &typ, "kid", &kid) == 0 &&
				strcmp(alg, "HS256") == 0 && strcasecmp(typ, "JWT") == 0 &&
				strcmp(kid, KID) == 0;

	json_decref(header);
	return good;
}

/* Is it in the list, or the value itself? */
static bool
slow_audience(json_t *aud)
{
	size_t count = json_is_array(aud) ? json_array_size(aud) : 1;

	for (size_t i = 0; i < count; i++)
	{
		json_t *one = json_is_array(aud) ? json_array_get(aud, i) : aud;
		const char *text = json_string_value(one);

		if (text && strcmp(text, TOKEN_AUDIENCE) == 0)
			return true;
	}
	return false;
}

static enum token_result
slow_claims(const struct parts *parts, struct token_bearer *bearer)
{
	json_t *claims = slow_json(parts->bytes[1], parts->size[1]), *aud;
	json_int_t exp = 0, nbf = 0, iat = 0;
	const char *iss, *sub;
	enum token_result result = TOKEN_BAD;

	if (json_unpack(claims, "{s:s, s:o, s:s, s:I, s?:I, s?:I}", "iss", &iss,
					"aud", &aud, "sub", &sub, "exp", &exp, "nbf", &nbf, "iat",
					&iat) == 0 &&
		strcmp(iss, TOKEN_ISSUER) == 0 && slow_audience(aud) &&
		sub[0] != '\0' && strlen(sub) < TOKEN_SUBJECT_SIZE && nbf <= NOW &&
		iat <= NOW)
	{
		memcpy(bearer->subject, sub, strlen(sub) + 1);
		bearer->expires_at = exp;
		result = exp > NOW ? TOKEN_GOOD : TOKEN_EXPIRED;
	}
	json_decref(claims);
	return result;
}

static enum token_result
slow_verify(const char *text, size_t size, struct token_bearer *bearer)
{
	enum token_result result = TOKEN_BAD;
	struct parts parts;
	uint8_t mac[32];

	if (parts_of(text, size, &parts) && size <= JWS_MAX_SIZE)
	{
		mac_of(text, parts.signed_size, mac);
		if (same_bytes(mac, 32, parts.bytes[2], parts.size[2]) &&
			slow_header(&parts))
			result = slow_claims(&parts, bearer);
	}
	parts_free(&parts);
	return result;
}

/* Both verifiers come to the same; so does the memo, at each time. */
static void
check_token(const char *text, size_t size)
{
	struct token_bearer bearer = {.expires_at = 0}, wanted, recalled;
	static struct token_memo memo;
	enum token_result result = token_verify(&secret, text, size, NOW, &bearer);

	must(result == slow_verify(text, size, &wanted));
	for (int i = 0; i < 2; i++)
	{
		must(token_recall(&secret, &memo, text, size, NOW, &recalled) ==
			 result);
		must(result != TOKEN_GOOD ||
			 (strcmp(recalled.subject, bearer.subject) == 0 &&
			  recalled.expires_at == bearer.expires_at));
	}
	if (result == TOKEN_BAD)
		return;
	must(strcmp(bearer.subject, wanted.subject) == 0 &&
		 bearer.expires_at == wanted.expires_at);
	if (result == TOKEN_GOOD)
		must(token_verify(&secret, text, size, bearer.expires_at, &bearer) ==
			 TOKEN_EXPIRED);
}

/* Signed; and with another byte somewhere, which nobody signed. */
static void
check_signed(const uint8_t *data, size_t size)
{
	struct compact token = compact_begin(data, size);
	struct token_bearer bearer;
	uint8_t mac[32];

	mac_of(token.text, token.size, mac);
	compact_end(&token, mac, sizeof(mac));
	check_token(token.text, token.size);
	token.text[size % token.size] ^= 1;
	must(token_verify(&secret, token.text, token.size, NOW, &bearer) ==
		 TOKEN_BAD);
	free(token.text);
}

/* A token that is made is good, for that subject; a long one is not made. */
static void
check_issued(const uint8_t *data, size_t size)
{
	char token[TOKEN_SIZE], *subject = text_of(data, size);
	struct token_bearer bearer;
	size_t length;

	if (utf8_valid(subject, strlen(subject)) && subject[0] != '\0' &&
		strlen(subject) < TOKEN_SUBJECT_SIZE)
	{
		length = token_issue(&secret, subject, NOW, token);
		must(length > 0 || strlen(subject) > 30);
		if (length > 0)
		{
			must(length < TOKEN_SIZE);
			must(slow_verify(token, length, &bearer) == TOKEN_GOOD);
			must(strcmp(bearer.subject, subject) == 0 &&
				 bearer.expires_at == NOW + TOKEN_LIFETIME_S);
			check_token(token, length);
		}
	}
	free(subject);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	make_secret();
	check_token((const char *) data, size);
	check_signed(data, size);
	check_issued(data, size);
	return 0;
}
