/*
 * jws.c
 *		Taking compact JWS apart.
 */
#include "jws.h"

#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base64url.h"
#include "jsontext.h"

static bool
is_string(const json_t *value, const char *expected)
{
	return json_is_string(value) &&
		   strcmp(json_string_value(value), expected) == 0;
}

static bool
typ_agrees(const json_t *typ, const struct jws_policy *policy)
{
	if (policy->typ_exact)
		return is_string(typ, policy->typ);
	return typ == NULL ||
		   (json_is_string(typ) &&
			strcasecmp(json_string_value(typ), policy->typ) == 0);
}

static bool
kid_agrees(const json_t *kid, const struct jws_policy *policy)
{
	return kid == NULL || (policy->kid && is_string(kid, policy->kid));
}

/* The header agrees with the policy and holds nothing else (crit, jwk ...). */
static bool
header_agrees(json_t *header, const struct jws_policy *policy)
{
	const char *name;
	json_t *value;

	if (!json_is_object(header))
		return false;
	json_object_foreach(header, name, value)
	{
		if (strcmp(name, "alg") != 0 && strcmp(name, "typ") != 0 &&
			strcmp(name, "kid") != 0)
			return false;
	}
	return is_string(json_object_get(header, "alg"), policy->alg) &&
		   typ_agrees(json_object_get(header, "typ"), policy) &&
		   kid_agrees(json_object_get(header, "kid"), policy);
}

static bool
check_header(const char *text, size_t size, const struct jws_policy *policy)
{
	uint8_t bytes[JWS_MAX_PART];
	json_t *header;
	bool good;

	if (!base64url_decode_bytes(text, size, bytes))
		return false;
	header = jsontext_parse(bytes, base64url_decoded_length(size));
	good = header_agrees(header, policy);
	json_decref(header);
	return good;
}

bool
jws_split(const char *text, size_t size, struct jws_parts *parts)
{
	const char *dot, *second, *end = text + size;

	dot = memchr(text, '.', size);
	if (!dot || dot == text)
		return false;
	second = memchr(dot + 1, '.', (size_t) (end - dot - 1));
	if (!second || second == dot + 1 ||
		memchr(second + 1, '.', (size_t) (end - second - 1)))
		return false;
	*parts = (struct jws_parts){.header = text,
								.header_size = (size_t) (dot - text),
								.payload = dot + 1,
								.payload_size = (size_t) (second - dot - 1),
								.signature = second + 1,
								.signature_size = (size_t) (end - second - 1),
								.signed_size = (size_t) (second - text)};
	return parts->signature_size > 0;
}

bool
jws_parse(const char *text, size_t size, const struct jws_policy *policy,
		  struct jws *jws)
{
	struct jws_parts parts;

	if (size > JWS_MAX_SIZE || !jws_split(text, size, &parts) ||
		parts.signature_size !=
			base64url_encoded_length(policy->signature_size))
		return false;
	jws->signed_text = text;
	jws->signed_size = parts.signed_size;
	jws->payload_size = base64url_decoded_length(parts.payload_size);
	return base64url_decode_bytes(parts.signature, parts.signature_size,
								  jws->signature) &&
		   base64url_decode_bytes(parts.payload, parts.payload_size,
								  jws->payload) &&
		   check_header(parts.header, parts.header_size, policy);
}
