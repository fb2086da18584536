/*
 * field.c
 *		Members of JSON objects that somebody else wrote.
 */
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "field.h"

#define TIME_SIZE 24 /* characters of 2026-01-31T12:00:00.123Z */

json_t *
field_parse(const char *text, size_t size)
{
	json_error_t unused;
	json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &unused);

	if (json_is_object(value))
		return value;
	json_decref(value);
	return NULL;
}

bool
field_present(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return value != NULL && !json_is_null(value);
}

bool
field_text(const json_t *object, const char *name, size_t min, size_t max,
		   const char **out)
{
	const json_t *value = json_object_get(object, name);
	size_t size = json_string_length(value);

	if (!json_is_string(value) || size < min || size > max ||
		strlen(json_string_value(value)) != size)
		return false;
	*out = json_string_value(value);
	return true;
}

bool
field_username(const json_t *object, const char *name,
			   char out[USERNAME_TEXT_SIZE])
{
	const char *text;

	if (!field_text(object, name, USERNAME_MIN, USERNAME_MAX, &text) ||
		!username_valid(text))
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

bool
field_uuid(const json_t *object, const char *name, struct uuid *out)
{
	const char *text;

	return field_text(object, name, UUID_TEXT_SIZE - 1, UUID_TEXT_SIZE - 1,
					  &text) &&
		   uuid_parse(text, out);
}

bool
field_number(const json_t *object, const char *name, int64_t min, int64_t *out)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value) || json_integer_value(value) < min)
		return false;
	*out = json_integer_value(value);
	return true;
}

bool
field_version(const json_t *object, const char *name, uint32_t *out)
{
	int64_t value;

	if (!field_number(object, name, 1, &value) || value > FIELD_VERSION_MAX)
		return false;
	*out = (uint32_t) value;
	return true;
}

bool
field_blob(const json_t *object, const char *name, uint8_t *out, size_t max,
		   size_t *size)
{
	const char *text;
	size_t chars;

	if (!field_text(object, name, 0, base64url_encoded_length(max), &text))
		return false;
	chars = strlen(text);
	if (base64url_decoded_length(chars) > max ||
		!base64url_decode_bytes(text, chars, out))
		return false;
	*size = base64url_decoded_length(chars);
	return true;
}

bool
field_bytes(const json_t *object, const char *name, uint8_t *out, size_t size)
{
	const char *text;
	size_t chars = base64url_encoded_length(size);

	return field_text(object, name, chars, chars, &text) &&
		   base64url_decode_bytes(text, chars, out);
}

/* Hands a member of a JWK to the reader of src/jwk.h. */
static void
read_key_member(struct jwk_reader *reader, const char *name,
				const json_t *value)
{
	size_t i;
	json_t *op;

	if (json_is_string(value))
	{
		jwk_read_string(reader, name, strlen(name), json_string_value(value),
						json_string_length(value));
		return;
	}
	jwk_read_other(reader, name, strlen(name), json_is_array(value));
	if (strcmp(name, "key_ops") == 0 && json_is_array(value))
	{
		json_array_foreach(value, i, op)
		{
			jwk_read_key_op(reader, json_string_value(op),
							json_string_length(op));
		}
	}
}

bool
field_key(const json_t *object, const char *name, enum jwk_purpose purpose,
		  struct jwk *out)
{
	json_t *key = json_object_get(object, name);
	struct jwk_reader reader;
	const char *member;
	json_t *value;

	if (!json_is_object(key))
		return false;
	jwk_read_begin(&reader);
	json_object_foreach(key, member, value)
	{
		read_key_member(&reader, member, value);
	}
	return jwk_read_end(&reader, purpose, out) == NULL;
}

/* Are the characters what the pattern says, '0' standing for any digit? */
static bool
has_shape(const char *text, const char *pattern)
{
	for (; *pattern != '\0'; text++, pattern++)
	{
		bool digit = *text >= '0' && *text <= '9';

		if (*pattern == '0' ? !digit : *text != *pattern)
			return false;
	}
	return true;
}

bool
field_time(const json_t *object, const char *name, time_t *out)
{
	const char *text;
	struct tm parts = {0};

	if (!field_text(object, name, TIME_SIZE, TIME_SIZE, &text) ||
		!has_shape(text, "0000-00-00T00:00:00.000Z") ||
		strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) == NULL)
		return false;
	*out = timegm(&parts);
	return true;
}

json_t *
field_from_bytes(const uint8_t *bytes, size_t size)
{
	size_t chars = base64url_encoded_length(size);
	char *text = malloc(chars + 1);
	json_t *value;

	if (text == NULL)
		return NULL;
	base64url_encode_bytes(bytes, size, text);
	value = json_stringn(text, chars);
	free(text);
	return value;
}

json_t *
field_from_uuid(const struct uuid *id)
{
	char text[UUID_TEXT_SIZE];

	uuid_print(id, text);
	return json_string(text);
}

json_t *
field_from_key(const struct jwk *key)
{
	return json_pack("{s:s, s:s, s:o, s:o}", "kty", "EC", "crv", "P-256", "x",
					 field_from_bytes(key->x, sizeof(key->x)), "y",
					 field_from_bytes(key->y, sizeof(key->y)));
}
