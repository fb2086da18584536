/*
 * utf8.c
 *		UTF-8 (RFC 3629).
 */
#include "utf8.h"

/* Bytes of a character by its first byte, 0 for one that begins none. */
static size_t
length_of(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first <= 0xDF)
		return 2;
	if (first >= 0xE0 && first <= 0xEF)
		return 3;
	if (first >= 0xF0 && first <= 0xF4)
		return 4;
	return 0;
}

size_t
utf8_next(const char *text, size_t size, uint32_t *character)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *bytes = (const uint8_t *) text;
	size_t length = size > 0 ? length_of(bytes[0]) : 0;
	uint32_t value;

	if (length == 0 || length > size)
		return 0;
	value = length == 1 ? bytes[0] : bytes[0] & (0x7Fu >> length);
	for (size_t i = 1; i < length; i++)
	{
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3Fu);
	}
	if (value < smallest[length] || value > 0x10FFFF ||
		(value >= 0xD800 && value <= 0xDFFF))
		return 0;
	*character = value;
	return length;
}

bool
utf8_valid(const char *text, size_t size)
{
	while (size > 0)
	{
		uint32_t character;
		size_t length = utf8_next(text, size, &character);

		if (length == 0)
			return false;
		text += length;
		size -= length;
	}
	return true;
}
