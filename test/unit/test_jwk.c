/*
 * test_jwk.c
 *		jwk.c against the shared cases, read with jansson.
 */
#include <string.h>

#include "base64url.h"
#include "jwk.h"
#include "tap.h"

static void
read_member(struct jwk_reader *reader, const char *name, json_t *value)
{
	json_t *op;
	size_t i;

	if (json_is_string(value))
	{
		jwk_read_string(reader, name, strlen(name), json_string_value(value),
						json_string_length(value));
		return;
	}
	jwk_read_other(reader, name, strlen(name), json_is_array(value));
	if (strcmp(name, "key_ops") == 0)
		json_array_foreach(value, i, op) jwk_read_key_op(
			reader, json_string_value(op), json_string_length(op));
}

/* Returns what is wrong with the text, or NULL and the key. */
static const char *
read_jwk(const char *text, struct jwk *key)
{
	json_t *object = NULL;
	struct jwk_reader reader;
	const char *name, *problem = "no JSON";
	json_t *value;

	if (strlen(text) <= JWK_MAX_TEXT)
		object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
	{
		jwk_read_begin(&reader);
		json_object_foreach(object, name, value)
			read_member(&reader, name, value);
		problem = jwk_read_end(&reader, JWK_ENCRYPTION, key);
	}
	json_decref(object);
	return problem;
}

static void
test_shared_cases(struct tap *tap)
{
	json_t *file = tap_vectors("jose/jwk_p256_public.json");
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(file, "tests"), i, one)
	{
		const char *text = json_string_value(json_object_get(one, "jwk_text"));
		const char *want =
			json_string_value(json_object_get(one, "thumbprint"));
		bool valid = json_is_true(json_object_get(one, "valid"));
		uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
		char encoded[44] = "";
		struct jwk key;
		bool good = text != NULL && read_jwk(text, &key) == NULL;

		if (good && want != NULL)
		{
			jwk_thumbprint(&key, thumbprint);
			base64url_encode_bytes(thumbprint, sizeof thumbprint, encoded);
		}
		tap_ok(tap, good == valid && (!good || strcmp(encoded, want) == 0),
			   json_string_value(json_object_get(one, "why")));
	}
	json_decref(file);
}

/* What a parser that lets duplicates through would hand over. */
static void
test_duplicates(struct tap *tap)
{
	struct jwk_reader reader;
	struct jwk key;

	jwk_read_begin(&reader);
	jwk_read_string(&reader, "kty", 3, "EC", 2);
	jwk_read_string(&reader, "kty", 3, "EC", 2);
	tap_ok(tap, jwk_read_end(&reader, JWK_ENCRYPTION, &key) != NULL,
		   "a second kty");
	jwk_read_begin(&reader);
	jwk_read_other(&reader, "kty", 3, true);
	tap_ok(tap, jwk_read_end(&reader, JWK_ENCRYPTION, &key) != NULL,
		   "kty is an array");
	jwk_read_begin(&reader);
	tap_ok(tap, jwk_read_end(&reader, JWK_ANY_PURPOSE, &key) != NULL,
		   "no member at all");
}

int
main(void)
{
	struct tap tap = {0};

	test_shared_cases(&tap);
	test_duplicates(&tap);
	return tap_end(&tap);
}
