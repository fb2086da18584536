/*
 * utf8.c
 *		Strict UTF-8.
 */
#include "utf8.h"

/*
 * The length of the sequence that a lead byte starts, and the range of its
 * second byte, which shuts out overlong forms, surrogates and what lies past
 * U+10FFFF (Unicode, table 3-7).  0 for a byte that can't lead.
 */
static size_t
sequence(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
	{
		*low = lead == 0xe0 ? 0xa0 : 0x80;
		*high = lead == 0xed ? 0x9f : 0xbf;
		return 3;
	}
	if (lead >= 0xf0 && lead <= 0xf4)
	{
		*low = lead == 0xf0 ? 0x90 : 0x80;
		*high = lead == 0xf4 ? 0x8f : 0xbf;
		return 4;
	}
	return 0;
}

bool
utf8_is_text(const uint8_t *bytes, size_t size)
{
	size_t i = 0;

	while (i < size)
	{
		uint8_t low, high;
		size_t length;

		if (bytes[i] >= 0x01 && bytes[i] <= 0x7f)
		{
			i++;
			continue;
		}
		length = sequence(bytes[i], &low, &high);
		if (length == 0 || length > size - i)
			return false;
		if (bytes[i + 1] < low || bytes[i + 1] > high)
			return false;
		for (size_t k = 2; k < length; k++)
			if ((bytes[i + k] & 0xc0) != 0x80)
				return false;
		i += length;
	}
	return true;
}
