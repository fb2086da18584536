/*
 * uuid.c
 *		Identifiers of users and messages (RFC 9562).
 */
#include <string.h>

#include "uuid.h"

static const char digits[] = "0123456789abcdef";

/* Does a hyphen stand before byte i? */
static bool
hyphen_before(int i)
{
	return i == 4 || i == 6 || i == 8 || i == 10;
}

static bool
hex_digit(char c, uint8_t *value)
{
	const char *at = c ? strchr(digits, c) : NULL;

	if (at == NULL)
		return false;
	*value = (uint8_t) (at - digits);
	return true;
}

bool
uuid_parse(const char *text, struct uuid *out)
{
	for (int i = 0; i < UUID_SIZE; i++)
	{
		uint8_t high, low;

		if (hyphen_before(i) && *text++ != '-')
			return false;
		if (!hex_digit(text[0], &high) || !hex_digit(text[1], &low))
			return false;
		out->bytes[i] = (uint8_t) (high << 4 | low);
		text += 2;
	}
	return *text == '\0';
}

void
uuid_print(const struct uuid *id, char out[UUID_TEXT_SIZE])
{
	for (int i = 0; i < UUID_SIZE; i++)
	{
		if (hyphen_before(i))
			*out++ = '-';
		*out++ = digits[id->bytes[i] >> 4];
		*out++ = digits[id->bytes[i] & 15];
	}
	*out = '\0';
}

bool
uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, UUID_SIZE) == 0;
}
