/*
 * test_provider.c
 *		An identity provider's tokens: the shared attacks, Wycheproof, and what
 *		a key of our own signs.
 */
#include <stdarg.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base64url.h"
#include "provider.h"
#include "secret.h"
#include "tap.h"
#include "token_maker.h"

#define NOW 1700000100
#define ISSUER "https://id.example.org/realms/main"
#define AUDIENCE "e2emsg.example.org"
#define GOOD_CLAIMS \
	"\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":1700000400"
#define ALICE ",\"preferred_username\":\"alice\""

static const char *
text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* Settings for a file that holds these keys. */
static struct provider *
open_with(const char *issuer, const char *audience, const char *claim,
		  const char *keys)
{
	char problem[JWKS_PROBLEM_SIZE];
	struct config config = {.port = 0};
	struct provider *provider;
	char path[] = "/tmp/e2emsg-jwks.XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, keys, strlen(keys)) != (ssize_t) strlen(keys))
		exit(EXIT_FAILURE);
	close(fd);
	snprintf(config.idp_issuer, sizeof(config.idp_issuer), "%s", issuer);
	snprintf(config.idp_audience, sizeof(config.idp_audience), "%s", audience);
	snprintf(config.idp_username_claim, sizeof(config.idp_username_claim),
			 "%s", claim);
	snprintf(config.idp_jwks_file, sizeof(config.idp_jwks_file), "%s", path);
	provider = provider_open(&config, problem);
	unlink(path);
	if (!provider)
	{
		printf("Bail out! %s\n", problem);
		exit(EXIT_FAILURE);
	}
	return provider;
}

/* ---- vectors ---- */

static void
test_attacks(struct tap *tap)
{
	json_t *file = tap_vectors("jose/jwt_attacks.json");
	int64_t now = json_integer_value(json_object_get(file, "now"));
	json_t *set = json_pack("{s:[O]}", "keys",
							json_object_get(file, "es256_public_jwk"));
	char *keys = json_dumps(set, 0);
	struct provider *provider = open_with("e2emsg", "e2emsg-api", "sub", keys);
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(file, "tests"), i, one)
	{
		const char *token = text_of(one, "token"), *why;
		bool es256 = strcmp(text_of(one, "verifier"), "ES256") == 0;
		struct provider_identity identity;
		enum token_result result = provider_verify(
			provider, token, strlen(token), now, &identity, &why);
		char name[200];

		snprintf(name, sizeof(name), "attack %d: %.150s",
				 (int) json_integer_value(json_object_get(one, "id")),
				 text_of(one, "why"));
		tap_ok(tap,
			   (result == TOKEN_GOOD) ==
				   (es256 && json_is_true(json_object_get(one, "valid"))),
			   name);
	}
	provider_close(provider);
	free(keys);
	json_decref(set);
	json_decref(file);
}

/* Is the token good under the group's key? */
static bool
wycheproof_good(json_t *public_key, const char *token)
{
	uint8_t payload[PROVIDER_TOKEN_MAX];
	char problem[JWKS_PROBLEM_SIZE];
	json_t *set = json_pack("{s:[O]}", "keys", public_key);
	char *text = json_dumps(set, 0);
	struct jwks *keys = jwks_parse(text, strlen(text), problem);
	size_t size;
	bool good = keys && !provider_check_signature(keys, token, strlen(token),
												  payload, &size);

	jwks_free(keys);
	free(text);
	json_decref(set);
	return good;
}

/*
 * ES256 and RS256 alone.  259 signs an empty payload, which is no token; 372
 * and 373 hide a question mark inside base64url; 367 and 370, marked invalid,
 * are letter by letter the valid token of 357.
 */
static bool
wycheproof_expected(json_t *public_key, json_t *one)
{
	const char *alg = text_of(public_key, "alg");
	bool is_ec = strcmp(text_of(public_key, "crv"), "P-256") == 0;
	bool is_rsa = strcmp(text_of(public_key, "kty"), "RSA") == 0;
	int id = (int) json_integer_value(json_object_get(one, "tcId"));

	if (id == 259 || id == 372 || id == 373 || !(is_ec || is_rsa) ||
		(alg[0] && strcmp(alg, is_ec ? "ES256" : "RS256") != 0))
		return false;
	return id == 367 || id == 370 ||
		   strcmp(text_of(one, "result"), "valid") == 0;
}

static void
test_wycheproof(struct tap *tap)
{
	json_t *file = tap_vectors("wycheproof/json_web_signature_test.json");
	json_t *group, *one;
	size_t i, k;
	int rsa = 0;

	json_array_foreach(json_object_get(file, "testGroups"), i, group)
	{
		json_t *key = json_object_get(group, "public");

		json_array_foreach(json_object_get(group, "tests"), k, one)
		{
			bool expected = key && wycheproof_expected(key, one);
			char name[120];

			snprintf(name, sizeof(name), "Wycheproof %d: %.80s",
					 (int) json_integer_value(json_object_get(one, "tcId")),
					 text_of(one, "comment"));
			tap_ok(tap,
				   (key && wycheproof_good(key, text_of(one, "jws"))) ==
					   expected,
				   name);
			rsa += expected && strcmp(text_of(key, "kty"), "RSA") == 0;
		}
	}
	tap_ok(tap, rsa > 0, "RS256 of Wycheproof is accepted, too");
	json_decref(file);
}

/* ---- tokens of our own making ---- */

struct attempt
{
	const char *header, *claims;
	const char *why; /* NULL: good; "": expired */
};

static bool
comes_out(struct provider *provider, const char *token,
		  const struct attempt *attempt)
{
	struct provider_identity identity = {""};
	const char *why;
	enum token_result result =
		provider_verify(provider, token, strlen(token), NOW, &identity, &why);

	if (!attempt->why)
		return result == TOKEN_GOOD && !why &&
			   strcmp(identity.username, "alice") == 0;
	if (!attempt->why[0])
		return result == TOKEN_EXPIRED;
	if (result == TOKEN_BAD && strstr(why, attempt->why))
		return true;
	printf("# %d %s\n", (int) result, why ? why : "");
	return false;
}

static void
test_headers(struct tap *tap, const struct maker *maker,
			 struct provider *provider)
{
	/* all signed by the EC key, whatever the header says */
	static const struct attempt attempts[] = {
		{"{\"alg\":\"ES256\",\"kid\":\"ec\"}", NULL, NULL},
		{"{\"alg\":\"ES256\",\"kid\":\"ec\",\"typ\":\"JWT\"}", NULL, NULL},
		{"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", NULL, NULL},
		{"{\"alg\":\"ES256\",\"typ\":\"application/AT+JWT\"}", NULL, NULL},
		{"{\"alg\":\"ES256\",\"x5t\":\"abc\",\"x5t#S256\":\"def\"}", NULL,
		 NULL},
		{"{\"alg\":\"ES256\",\"kid\":\"rsa\"}", NULL, "no key"},
		{"{\"alg\":\"ES256\",\"kid\":\"EC\"}", NULL, "no key"},
		{"{\"alg\":\"ES256\",\"kid\":\"\"}", NULL, "no key"},
		{"{\"alg\":\"ES256\",\"kid\":\"enc\"}", NULL, "no key"},
		{"{\"alg\":\"ES256\",\"kid\":1}", NULL, "header"},
		{"{\"alg\":\"ES256\",\"kid\":null}", NULL, "header"},
		{"{\"alg\":\"ES256\",\"kid\":[\"ec\"]}", NULL, "header"},
		{"{\"alg\":\"RS256\",\"kid\":\"ec\"}", NULL, "no key"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\"}", NULL, "signature"},
		{"{\"alg\":\"RS256\"}", NULL, "not just one key"},
		{"{\"alg\":\"none\",\"kid\":\"ec\"}", NULL, "alg"},
		{"{\"alg\":\"None\",\"kid\":\"ec\"}", NULL, "alg"},
		{"{\"alg\":\"HS256\",\"kid\":\"ec\"}", NULL, "alg"},
		{"{\"alg\":\"PS256\",\"kid\":\"ec\"}", NULL, "alg"},
		{"{\"alg\":\"ES384\",\"kid\":\"ec\"}", NULL, "alg"},
		{"{\"alg\":\"es256\",\"kid\":\"ec\"}", NULL, "alg"},
		{"{\"alg\":\"ES256 \",\"kid\":\"ec\"}", NULL, "alg"},
		{"{\"alg\":[\"ES256\"]}", NULL, "header"},
		{"{\"kid\":\"ec\"}", NULL, "alg"},
		{"{\"alg\":\"ES256\",\"alg\":\"ES256\"}", NULL, "header"},
		{"{\"alg\":\"ES256\",\"typ\":\"logout+jwt\"}", NULL, "typ"},
		{"{\"alg\":\"ES256\",\"typ\":\"\"}", NULL, "typ"},
		{"{\"alg\":\"ES256\",\"typ\":null}", NULL, "header"},
		{"{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}", NULL, "header"},
		{"{\"alg\":\"ES256\",\"crit\":\"x\"}", NULL, "header"},
		{"{\"alg\":\"ES256\",\"b64\":\"false\"}", NULL, "header"},
		{"{\"alg\":\"ES256\",\"jku\":\"https://evil.example\"}", NULL,
		 "header"},
		{"{\"alg\":\"ES256\",\"x5c\":[]}", NULL, "header"},
		{"{\"alg\":\"ES256\",\"x5u\":\"https://evil.example\"}", NULL,
		 "header"},
		{"[\"ES256\"]", NULL, "header"},
		{"\"ES256\"", NULL, "header"},
		{"{\"alg\":\"ES256\"", NULL, "header"},
	};
	char token[MAKER_TOKEN_SIZE], big[2000];

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
	{
		maker_sign(maker->ec, attempts[i].header, "{" GOOD_CLAIMS ALICE "}",
				   token);
		tap_ok(tap, comes_out(provider, token, &attempts[i]),
			   attempts[i].header);
	}
	snprintf(big, sizeof(big), "{\"alg\":\"ES256\",\"kid\":\"%01500d\"}", 0);
	maker_sign(maker->ec, big, "{" GOOD_CLAIMS ALICE "}", token);
	tap_ok(tap,
		   comes_out(provider, token, &(struct attempt){.why = "too large"}),
		   "a header of 1.5 kB");
	snprintf(big, sizeof(big), "{\"alg\":\"ES256\",\"jwk\":%s}",
			 maker->other_jwk);
	maker_sign(maker->other, big, "{" GOOD_CLAIMS ALICE "}", token);
	tap_ok(tap, comes_out(provider, token, &(struct attempt){.why = "header"}),
		   "a key that the token brings along");
	maker_sign(maker->other, "{\"alg\":\"ES256\",\"kid\":\"ec\"}",
			   "{" GOOD_CLAIMS ALICE "}", token);
	tap_ok(tap,
		   comes_out(provider, token, &(struct attempt){.why = "signature"}),
		   "somebody else's key under a kid of the provider");
}

/* Signed by turns with either key. */
static const struct attempt claims[] = {
	{NULL, "{" GOOD_CLAIMS ALICE "}", NULL},
	{NULL,
	 "{" GOOD_CLAIMS ALICE ",\"iat\":1700000100,\"nbf\":1700000160,"
	 "\"realm_access\":{\"roles\":[\"a\",{}]},\"sub\":\"x\"}",
	 NULL},
	{NULL,
	 "{\"iss\":\"" ISSUER "\",\"aud\":[\"other\",\"" AUDIENCE
	 "\"],\"exp\":1700000101" ALICE "}",
	 NULL},
	{NULL,
	 "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE
	 "\",\"exp\":1700000100" ALICE "}",
	 ""},
	{NULL,
	 "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":-1" ALICE "}",
	 ""},
	{NULL, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\"" ALICE "}",
	 "exp"},
	{NULL,
	 "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE
	 "\",\"exp\":\"1700000400\"" ALICE "}",
	 "exp"},
	{NULL,
	 "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE
	 "\",\"exp\":1700000400.5" ALICE "}",
	 "exp"},
	{NULL,
	 "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE
	 "\",\"exp\":9223372036854775808" ALICE "}",
	 "JSON"},
	{NULL,
	 "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":true" ALICE "}",
	 "exp"},
	{NULL, "{\"aud\":\"" AUDIENCE "\",\"exp\":1700000400" ALICE "}", "iss"},
	{NULL,
	 "{\"iss\":\"" ISSUER "/\",\"aud\":\"" AUDIENCE
	 "\",\"exp\":1700000400" ALICE "}",
	 "iss"},
	{NULL,
	 "{\"iss\":[\"" ISSUER "\"],\"aud\":\"" AUDIENCE
	 "\",\"exp\":1700000400" ALICE "}",
	 "iss"},
	{NULL,
	 "{\"iss\":\"" ISSUER "\\u0000\",\"aud\":\"" AUDIENCE
	 "\",\"exp\":1700000400" ALICE "}",
	 "JSON"},
	{NULL,
	 "{\"iss\":\"e2emsg\",\"aud\":\"e2emsg-api\",\"exp\":1700000400" ALICE "}",
	 "iss"},
	{NULL, "{\"iss\":\"" ISSUER "\",\"exp\":1700000400" ALICE "}", "aud"},
	{NULL,
	 "{\"iss\":\"" ISSUER "\",\"aud\":\"other\",\"exp\":1700000400" ALICE "}",
	 "aud"},
	{NULL, "{\"iss\":\"" ISSUER "\",\"aud\":[],\"exp\":1700000400" ALICE "}",
	 "aud"},
	{NULL,
	 "{\"iss\":\"" ISSUER "\",\"aud\":[\"" AUDIENCE
	 "\",1],\"exp\":1700000400" ALICE "}",
	 "aud"},
	{NULL,
	 "{\"iss\":\"" ISSUER "\",\"aud\":{\"" AUDIENCE
	 "\":1},\"exp\":1700000400" ALICE "}",
	 "aud"},
	{NULL, "{" GOOD_CLAIMS ALICE ",\"nbf\":1700000161}", "nbf"},
	{NULL, "{" GOOD_CLAIMS ALICE ",\"nbf\":\"0\"}", "nbf"},
	{NULL, "{" GOOD_CLAIMS ALICE ",\"nbf\":null}", "nbf"},
	{NULL, "{" GOOD_CLAIMS ALICE ",\"iat\":1700000161}", "iat"},
	{NULL, "{" GOOD_CLAIMS "}", "username"},
	{NULL, "{" GOOD_CLAIMS ",\"sub\":\"alice\"}", "username"},
	{NULL, "{" GOOD_CLAIMS ",\"preferred_username\":\"\"}", "username"},
	{NULL, "{" GOOD_CLAIMS ",\"preferred_username\":[\"alice\"]}", "username"},
	{NULL, "{" GOOD_CLAIMS ",\"preferred_username\":null}", "username"},
	{NULL, "{" GOOD_CLAIMS ALICE ALICE "}", "JSON"},
	{NULL, "{" GOOD_CLAIMS ",\"preferred_username\":\"alice\\u0000\"}",
	 "JSON"},
	{NULL,
	 "{" GOOD_CLAIMS ",\"preferred_username\":\"alice7890123456789012345"
	 "6789012345678901234567890123456789012345\"}",
	 "too long"},
	{NULL, "[" GOOD_CLAIMS "]", "JSON"},
	{NULL, "[]", "JSON"},
	{NULL, "{" GOOD_CLAIMS ALICE "}x", "JSON"},
};

static void
test_claims(struct tap *tap, const struct maker *maker,
			struct provider *provider)
{
	char token[MAKER_TOKEN_SIZE];

	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
	{
		bool rsa = i % 2 == 1;

		maker_sign(rsa ? maker->rsa : maker->ec,
				   rsa ? "{\"alg\":\"RS256\",\"kid\":\"rsa\"}"
					   : "{\"alg\":\"ES256\",\"kid\":\"ec\"}",
				   claims[i].claims, token);
		tap_ok(tap, comes_out(provider, token, &claims[i]), claims[i].claims);
	}
}

/* No part of a token is a token; nor is one with any character changed. */
static void
test_pieces(struct tap *tap, struct provider *provider, const char *alg,
			char *token)
{
	struct provider_identity identity;
	size_t size = strlen(token);
	bool refused = true;
	const char *why;
	char name[80];

	for (size_t i = 0; i < size; i++)
	{
		char *copy = malloc(i + 1); /* to its last byte for the sanitizer */

		memcpy(copy, token, i);
		refused = refused && provider_verify(provider, copy, i, NOW, &identity,
											 &why) == TOKEN_BAD;
		free(copy);
	}
	snprintf(name, sizeof(name), "%s: cut at each of %zu characters", alg,
			 size);
	tap_ok(tap, refused, name);
	for (size_t i = 0; i < size; i++)
	{
		char was = token[i];

		token[i] = was == 'A' ? 'B' : 'A';
		refused = refused && provider_verify(provider, token, size, NOW,
											 &identity, &why) == TOKEN_BAD;
		token[i] = was;
	}
	snprintf(name, sizeof(name), "%s: another character at each place", alg);
	tap_ok(tap, refused, name);
	tap_ok(tap,
		   provider_verify(provider, token, size, NOW, &identity, &why) ==
			   TOKEN_GOOD,
		   "and whole again it is good");
}

static void
test_sizes(struct tap *tap, const struct maker *maker,
		   struct provider *provider)
{
	char token[MAKER_TOKEN_SIZE], claims[9000];
	struct provider_identity identity;
	const char *why;
	size_t size = 0;
	int filler;

	for (filler = 5800; size < PROVIDER_TOKEN_MAX - 3; filler++)
	{
		snprintf(claims, sizeof(claims),
				 "{" GOOD_CLAIMS ALICE ",\"x\":\"%0*d\"}", filler, 0);
		size = maker_sign(maker->ec, "{\"alg\":\"ES256\"}", claims, token);
	}
	tap_ok(tap,
		   size <= PROVIDER_TOKEN_MAX &&
			   provider_verify(provider, token, size, NOW, &identity, &why) ==
				   TOKEN_GOOD,
		   "a token of 8 kB");
	snprintf(claims, sizeof(claims), "{" GOOD_CLAIMS ALICE ",\"x\":\"%0*d\"}",
			 filler + 3, 0);
	maker_sign(maker->ec, "{\"alg\":\"ES256\"}", claims, token);
	tap_ok(tap,
		   comes_out(provider, token, &(struct attempt){.why = "too long"}),
		   "and a longer one");
}

/* HS256 with what everybody knows, and the gateway's own tokens. */
static void
test_confusion(struct tap *tap, const struct maker *maker,
			   struct provider *provider)
{
	static const uint8_t bytes[SECRET_SIZE] = {7};
	struct token_bearer bearer;
	struct secret secret;
	char token[MAKER_TOKEN_SIZE];
	size_t size;

	maker_mac(maker->rsa_jwk, strlen(maker->rsa_jwk),
			  "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", "{" GOOD_CLAIMS ALICE "}",
			  token);
	tap_ok(tap, comes_out(provider, token, &(struct attempt){.why = "alg"}),
		   "HS256 with the public key as its secret");
	maker_mac(maker->rsa_jwk, strlen(maker->rsa_jwk),
			  "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", "{" GOOD_CLAIMS ALICE "}",
			  token);
	tap_ok(tap,
		   comes_out(provider, token, &(struct attempt){.why = "signature"}),
		   "the same under the name of RS256");
	if (!secret_derive(&secret, bytes))
		exit(EXIT_FAILURE);
	size = token_issue(&secret, "alice", NOW, token);
	tap_ok(tap,
		   size > 0 &&
			   comes_out(provider, token, &(struct attempt){.why = "alg"}),
		   "a session's token is none of the provider");
	maker_sign(maker->ec, "{\"alg\":\"ES256\",\"kid\":\"ec\"}",
			   "{\"iss\":\"" TOKEN_ISSUER "\",\"aud\":\"" TOKEN_AUDIENCE
			   "\",\"sub\":\"alice\",\"exp\":1700000400}",
			   token);
	tap_ok(tap,
		   token_verify(&secret, token, strlen(token), NOW, &bearer) ==
			   TOKEN_BAD,
		   "a provider's token is none of a session");
	secret_wipe(&secret);
}

int
main(void)
{
	struct tap tap = {0};
	struct maker maker;
	struct provider *provider;
	char token[MAKER_TOKEN_SIZE], keys[8192];

	maker_begin(&maker);
	/* two RSA keys, so that RS256 needs a kid; ES256 does not */
	snprintf(
		keys, sizeof(keys),
		"{\"keys\":[%s,%s,%s,{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
		"\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},{\"kty\":\"EC\","
		"\"crv\":\"P-256\",\"use\":\"enc\",\"kid\":\"enc\",\"x\":\"AA\","
		"\"y\":\"AA\"}]}",
		maker.ec_jwk, maker.rsa_jwk, maker.second_rsa_jwk);
	provider = open_with(ISSUER, AUDIENCE, "preferred_username", keys);
	tap_ok(&tap, provider_key_count(provider) == 3, "three keys are of use");
	test_attacks(&tap);
	test_wycheproof(&tap);
	test_headers(&tap, &maker, provider);
	test_claims(&tap, &maker, provider);
	test_sizes(&tap, &maker, provider);
	test_confusion(&tap, &maker, provider);
	maker_sign(maker.ec, "{\"alg\":\"ES256\",\"kid\":\"ec\"}",
			   "{" GOOD_CLAIMS ALICE "}", token);
	test_pieces(&tap, provider, "ES256", token);
	maker_sign(maker.rsa, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}",
			   "{" GOOD_CLAIMS ALICE "}", token);
	test_pieces(&tap, provider, "RS256", token);
	provider_close(provider);
	maker_end(&maker);
	return tap_end(&tap);
}
