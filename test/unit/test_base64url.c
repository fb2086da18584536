/*
 * test_base64url.c
 *		base64url.c against the shared cases and against itself.
 *
 * Inputs and outputs are allocated to the byte, so that the sanitizer sees
 * any access beyond them.
 */
#include <string.h>

#include "base64url.h"
#include "tap.h"

/* "6a6b" to two bytes; the caller frees *bytes. */
static size_t
from_hex(const char *hex, uint8_t **bytes)
{
	size_t len = strlen(hex) / 2;

	*bytes = malloc(len + 1);
	for (size_t i = 0; i < len; i++)
	{
		unsigned value;

		sscanf(hex + 2 * i, "%2x", &value);
		(*bytes)[i] = (uint8_t) value;
	}
	return len;
}

/* Decodes from and to memory of just the size; compares with want, if any. */
static bool
decodes(const uint8_t *text, size_t len, const uint8_t *want)
{
	size_t size = base64url_decoded_length(len);
	char *in = malloc(len + (len == 0));
	uint8_t *out = malloc(size + (size == 0));
	bool good;

	memcpy(in, text, len);
	good = base64url_decode_bytes(in, len, out);
	if (good && want != NULL)
		good = memcmp(out, want, size) == 0;
	free(in);
	free(out);
	return good;
}

static void
test_shared_cases(struct tap *tap)
{
	json_t *file = tap_vectors("base64url/base64url_strict.json");
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(file, "tests"), i, one)
	{
		bool valid = json_is_true(json_object_get(one, "valid"));
		const char *hex = json_string_value(json_object_get(one, "hex"));
		uint8_t *text, *want = NULL;
		size_t len = from_hex(
			json_string_value(json_object_get(one, "input_hex")), &text);

		if (valid)
			from_hex(hex, &want);
		tap_ok(tap, decodes(text, len, want) == valid,
			   json_string_value(json_object_get(one, "why")));
		free(text);
		free(want);
	}
	json_decref(file);
}

/* Bytes that no PostgreSQL text can hold. */
static void
test_raw_bytes(struct tap *tap)
{
	for (int value = 0; value < 256; value++)
	{
		uint8_t text[4] = {'A', 'A', (uint8_t) value, 'A'};
		bool in_alphabet =
			value != 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
								 "qrstuvwxyz0123456789-_",
								 value) != NULL;

		if (decodes(text, 4, NULL) != in_alphabet)
			tap_ok(tap, false, "a byte outside the alphabet");
	}
	tap_ok(tap, true, "all 256 bytes were tried");
}

/* Every length up to 200: back to the same bytes, no access beyond them. */
static void
test_round_trips(struct tap *tap)
{
	bool good = true;

	for (size_t len = 0; len <= 200; len++)
	{
		size_t chars = base64url_encoded_length(len);
		uint8_t *bytes = malloc(len + (len == 0));
		char *text = malloc(chars + (chars == 0));

		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t) (i * 37 + len);
		base64url_encode_bytes(bytes, len, text);
		good = good && base64url_decoded_length(chars) == len &&
			   decodes((uint8_t *) text, chars, bytes);
		free(bytes);
		free(text);
	}
	tap_ok(tap, good, "lengths 0 to 200 come back");
}

int
main(void)
{
	struct tap tap = {0};

	test_shared_cases(&tap);
	test_raw_bytes(&tap);
	test_round_trips(&tap);
	return tap_end(&tap);
}
