/*
 * base64url_fuzz.c
 *		base64url.c both ways, and its rule, bit by bit.
 */
#include "base64url.h"
#include "fuzz.h"

/* The value of a character in RFC 4648 table 2, or -1. */
static int
value_of(uint8_t character)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
								   "abcdefghijklmnopqrstuvwxyz"
								   "0123456789-_";
	const char *found = memchr(alphabet, character, 64);

	return found != NULL ? (int) (found - alphabet) : -1;
}

/* Whole bytes come of six bits a character; the bits left over are zeros. */
static bool
slow_decode(const uint8_t *text, size_t length, uint8_t *out)
{
	unsigned bits = 0, count = 0;

	for (size_t i = 0; i < length; i++)
	{
		int value = value_of(text[i]);

		if (value < 0)
			return false;
		bits = (bits << 6 | (unsigned) value) & 0x3fff;
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		*out++ = (uint8_t) (bits >> count);
	}
	return count < 6 && (bits & ((1u << count) - 1)) == 0;
}

static void
check_text(const uint8_t *text, size_t length)
{
	size_t size = base64url_decoded_length(length);
	uint8_t *bytes = malloc(size), *wanted = malloc(length);
	char *again = malloc(length);
	bool good = base64url_decode_bytes((const char *) text, length, bytes);

	must(good == slow_decode(text, length, wanted));
	if (good)
	{
		must(same_bytes(bytes, size, wanted, size));
		must(base64url_encoded_length(size) == length);
		base64url_encode_bytes(bytes, size, again);
		must(same_bytes(again, length, text, length));
	}
	free(bytes);
	free(wanted);
	free(again);
}

static void
check_bytes(const uint8_t *bytes, size_t size)
{
	size_t length = base64url_encoded_length(size);
	char *text = malloc(length);
	uint8_t *again = malloc(size);

	base64url_encode_bytes(bytes, size, text);
	must(base64url_decoded_length(length) == size);
	must(base64url_decode_bytes(text, length, again));
	must(same_bytes(again, size, bytes, size));
	free(text);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_text(data, size);
	check_bytes(data, size);
	return 0;
}
