/*
 * test_utf8.c
 *		UTF-8: every code point, and what is none.
 */
#include <string.h>

#include "tap.h"
#include "utf8.h"

struct sample
{
	const char *name;
	const char *bytes;
	bool good;
};

static const struct sample samples[] = {
	{"empty", "", true},
	{"ASCII", "{\"a\":\"b\"}\x7f\t\n", true},
	{"two bytes, first", "\xc2\x80", true},
	{"two bytes, last", "\xdf\xbf", true},
	{"three bytes, first", "\xe0\xa0\x80", true},
	{"before the surrogates", "\xed\x9f\xbf", true},
	{"after the surrogates", "\xee\x80\x80", true},
	{"three bytes, last", "\xef\xbf\xbf", true},
	{"four bytes, first", "\xf0\x90\x80\x80", true},
	{"U+10FFFF", "\xf4\x8f\xbf\xbf", true},
	{"a byte order mark", "\xef\xbb\xbfx", true},
	{"a lone continuation", "\x80", false},
	{"overlong slash", "\xc0\xaf", false},
	{"overlong, two bytes", "\xc1\xbf", false},
	{"overlong, three bytes", "\xe0\x9f\xbf", false},
	{"overlong, four bytes", "\xf0\x8f\xbf\xbf", false},
	{"first surrogate", "\xed\xa0\x80", false},
	{"last surrogate", "\xed\xbf\xbf", false},
	{"past U+10FFFF", "\xf4\x90\x80\x80", false},
	{"five bytes", "\xf8\x88\x80\x80\x80", false},
	{"0xff", "\xff", false},
	{"cut after one of two", "a\xc3", false},
	{"cut after two of three", "a\xe2\x82", false},
	{"cut after three of four", "a\xf0\x9f\x98", false},
	{"a lead in place of a continuation", "\xe2\xe2\x82\xac", false},
	{"ASCII in place of a continuation", "\xe2\x82z", false},
};

/* Every code point, encoded by the definition of RFC 3629. */
static bool
all_code_points(void)
{
	for (uint32_t c = 1; c <= 0x10ffff; c++)
	{
		uint8_t bytes[4];
		size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
		bool surrogate = c >= 0xd800 && c <= 0xdfff;

		for (size_t i = size; i-- > 1;)
			bytes[i] = (uint8_t) (0x80 | (c >> (6 * (size - 1 - i)) & 0x3f));
		bytes[0] = (uint8_t) (leads[size] | c >> (6 * (size - 1)));
		if (utf8_valid((const char *) bytes, size) == surrogate)
			return false;
	}
	return true;
}

int
main(void)
{
	struct tap tap = {0};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
	{
		size_t size = strlen(samples[i].bytes);
		char *exact = malloc(size + (size == 0));

		memcpy(exact, samples[i].bytes, size);
		tap_ok(&tap, utf8_valid(exact, size) == samples[i].good,
			   samples[i].name);
		free(exact);
	}
	tap_ok(&tap, all_code_points(), "every code point but the surrogates");
	return tap_end(&tap);
}
