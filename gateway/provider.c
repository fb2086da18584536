/*
 * provider.c
 *		Checking an identity provider's tokens.
 */
#include "provider.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base64url.h"
#include "jsontext.h"
#include "jws.h"

struct provider
{
	pthread_rwlock_t lock; /* for the keys */
	struct jwks *keys;
	char issuer[CONFIG_TEXT_SIZE];
	char audience[CONFIG_TEXT_SIZE];
	char claim[CONFIG_TEXT_SIZE];
	char file[CONFIG_TEXT_SIZE];
};

bool
provider_is_set(const struct config *config)
{
	return config->idp_issuer[0] != '\0';
}

const char *
provider_settings_problem(const struct config *config)
{
	bool issuer = config->idp_issuer[0] != '\0';

	if (issuer != (config->idp_audience[0] != '\0') ||
		issuer != (config->idp_jwks_file[0] != '\0'))
		return "idp_issuer, idp_audience and idp_jwks_file must be set all "
			   "together or not at all";
	if (config->idp_username_claim[0] == '\0')
		return "idp_username_claim must name a claim";
	if (strcmp(config->idp_issuer, TOKEN_ISSUER) == 0)
		return "idp_issuer can't be \"" TOKEN_ISSUER "\", which is the "
			   "gateway itself";
	return NULL;
}

static struct provider *
new_provider(const struct config *config, struct jwks *keys)
{
	struct provider *provider = keys ? calloc(1, sizeof(*provider)) : NULL;

	if (!provider)
		return NULL;
	pthread_rwlock_init(&provider->lock, NULL);
	provider->keys = keys;
	memcpy(provider->issuer, config->idp_issuer, CONFIG_TEXT_SIZE);
	memcpy(provider->audience, config->idp_audience, CONFIG_TEXT_SIZE);
	memcpy(provider->claim, config->idp_username_claim, CONFIG_TEXT_SIZE);
	memcpy(provider->file, config->idp_jwks_file, CONFIG_TEXT_SIZE);
	return provider;
}

struct provider *
provider_open(const struct config *config, char problem[JWKS_PROBLEM_SIZE])
{
	struct jwks *keys = jwks_load(config->idp_jwks_file, problem);
	struct provider *provider = new_provider(config, keys);

	if (!provider && keys)
	{
		snprintf(problem, JWKS_PROBLEM_SIZE, "there is no memory");
		jwks_free(keys);
	}
	return provider;
}

void
provider_close(struct provider *provider)
{
	if (!provider)
		return;
	pthread_rwlock_destroy(&provider->lock);
	jwks_free(provider->keys);
	free(provider);
}

bool
provider_reload(struct provider *provider, char problem[JWKS_PROBLEM_SIZE])
{
	struct jwks *old, *fresh = jwks_load(provider->file, problem);

	if (!fresh)
		return false;
	pthread_rwlock_wrlock(&provider->lock);
	old = provider->keys;
	provider->keys = fresh;
	pthread_rwlock_unlock(&provider->lock);
	jwks_free(old);
	return true;
}

size_t
provider_key_count(struct provider *provider)
{
	size_t count;

	pthread_rwlock_rdlock(&provider->lock);
	count = jwks_count(provider->keys);
	pthread_rwlock_unlock(&provider->lock);
	return count;
}

/* ---- the header ---- */

/* A member that may stand there, as a string. */
static bool
is_header_member(const char *name)
{
	static const char *const names[] = {"alg", "typ", "kid", "x5t",
										"x5t#S256"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool
is_typ(const char *typ)
{
	static const char media[] = "application/";

	if (strncasecmp(typ, media, sizeof(media) - 1) == 0)
		typ += sizeof(media) - 1;
	return strcasecmp(typ, "JWT") == 0 || strcasecmp(typ, "at+jwt") == 0;
}

/* Finds the key, or says in *why why there is none. */
static const struct jwks_key *
key_of_header(json_t *header, const struct jwks *keys, const char **why)
{
	const char *alg = json_string_value(json_object_get(header, "alg"));
	const char *typ = json_string_value(json_object_get(header, "typ"));
	const char *kid = json_string_value(json_object_get(header, "kid"));
	const char *name;
	json_t *value;
	const struct jwks_key *key;

	*why = "its header is not a JSON object";
	if (!json_is_object(header))
		return NULL;
	*why = "its header holds more than the strings alg, typ and kid";
	json_object_foreach(header, name, value)
	{
		if (!is_header_member(name) || !json_is_string(value))
			return NULL;
	}
	*why = "its alg is neither ES256 nor RS256";
	if (!alg || (strcmp(alg, "ES256") != 0 && strcmp(alg, "RS256") != 0))
		return NULL;
	*why = "its typ is neither JWT nor at+jwt";
	if (typ && !is_typ(typ))
		return NULL;
	*why = kid ? "no key of the provider has its kid and alg"
			   : "it has no kid, and the provider not just one key of its alg";
	key = jwks_find(keys, alg, kid);
	if (key)
		*why = NULL;
	return key;
}

static const struct jwks_key *
find_key(const struct jws_parts *parts, const struct jwks *keys,
		 const char **why)
{
	uint8_t bytes[PROVIDER_HEADER_MAX];
	const struct jwks_key *key;
	json_t *header;

	*why = "its header is no base64url, or too large";
	if (base64url_decoded_length(parts->header_size) > sizeof(bytes) ||
		!base64url_decode_bytes(parts->header, parts->header_size, bytes))
		return NULL;
	header =
		jsontext_parse(bytes, base64url_decoded_length(parts->header_size));
	key = key_of_header(header, keys, why);
	json_decref(header);
	return key;
}

const char *
provider_check_signature(const struct jwks *keys, const char *text,
						 size_t size, uint8_t *payload, size_t *payload_size)
{
	uint8_t signature[JWKS_SIGNATURE_MAX];
	const struct jwks_key *key;
	struct jws_parts parts;
	const char *why;
	size_t signature_size;

	if (size > PROVIDER_TOKEN_MAX)
		return "it is too long";
	if (!jws_split(text, size, &parts))
		return "it does not have three parts";
	key = find_key(&parts, keys, &why);
	if (!key)
		return why;
	signature_size = base64url_decoded_length(parts.signature_size);
	*payload_size = base64url_decoded_length(parts.payload_size);
	if (signature_size > sizeof(signature) ||
		!base64url_decode_bytes(parts.signature, parts.signature_size,
								signature) ||
		!base64url_decode_bytes(parts.payload, parts.payload_size, payload) ||
		!jwks_verify(key, text, parts.signed_size, signature, signature_size))
		return "its signature does not verify";
	return NULL;
}

/* ---- the claims ---- */

static bool
is_string(const json_t *value, const char *expected)
{
	return json_is_string(value) &&
		   strcmp(json_string_value(value), expected) == 0;
}

/* RFC 7519 section 4.1.3: a string, or strings, one of which is ours. */
static bool
audience_fits(const json_t *aud, const char *ours)
{
	const json_t *value;
	bool found = is_string(aud, ours);
	size_t i;

	json_array_foreach(aud, i, value)
	{
		if (!json_is_string(value))
			return false;
		found = found || is_string(value, ours);
	}
	return found;
}

static bool
is_past(json_t *claims, const char *name, int64_t now)
{
	json_t *date = json_object_get(claims, name);

	return date == NULL ||
		   (json_is_integer(date) &&
			json_integer_value(date) <= now + PROVIDER_LEEWAY_S);
}

static const char *
check_claims(const struct provider *provider, json_t *claims, int64_t now)
{
	if (!json_is_object(claims))
		return "its payload is not a JSON object";
	if (!is_string(json_object_get(claims, "iss"), provider->issuer))
		return "its iss is not the provider";
	if (!audience_fits(json_object_get(claims, "aud"), provider->audience))
		return "its aud is not this service";
	if (!json_is_integer(json_object_get(claims, "exp")))
		return "its exp is missing or no integer";
	if (!is_past(claims, "nbf", now) || !is_past(claims, "iat", now))
		return "its nbf or iat lies in the future or is no integer";
	return NULL;
}

static const char *
take_username(const struct provider *provider, json_t *claims,
			  struct provider_identity *identity)
{
	json_t *value = json_object_get(claims, provider->claim);
	size_t size = json_string_length(value);

	if (!json_is_string(value) || size == 0)
		return "it has no claim with a username";
	if (size >= PROVIDER_USERNAME_SIZE)
		return "its claim is too long for a username";
	memcpy(identity->username, json_string_value(value), size + 1);
	return NULL;
}

static enum token_result
look_at_claims(const struct provider *provider, const uint8_t *payload,
			   size_t size, int64_t now, struct provider_identity *identity,
			   const char **why)
{
	json_t *claims = jsontext_parse(payload, size);
	int64_t exp = json_integer_value(json_object_get(claims, "exp"));

	*why = check_claims(provider, claims, now);
	if (!*why)
		*why = take_username(provider, claims, identity);
	json_decref(claims);
	if (*why)
		return TOKEN_BAD;
	return exp > now ? TOKEN_GOOD : TOKEN_EXPIRED;
}

enum token_result
provider_verify(struct provider *provider, const char *text, size_t size,
				int64_t now, struct provider_identity *identity,
				const char **why)
{
	uint8_t *payload = malloc(PROVIDER_TOKEN_MAX);
	enum token_result result = TOKEN_BAD;
	size_t payload_size;

	*why = "there is no memory";
	if (!payload)
		return TOKEN_BAD;
	pthread_rwlock_rdlock(&provider->lock);
	*why = provider_check_signature(provider->keys, text, size, payload,
									&payload_size);
	pthread_rwlock_unlock(&provider->lock);
	if (!*why)
		result = look_at_claims(provider, payload, payload_size, now, identity,
								why);
	free(payload);
	return result;
}
