/*
 * test_text.c
 *		Texts under construction, against jansson and printf.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "text.h"

/* Both ways write the same JSON string. */
static bool
same_json(const char *value)
{
	json_t *json = json_string(value);
	char *expected = json_dumps(json, JSON_ENCODE_ANY);
	struct text text = {0};
	bool same;

	text_add_json(&text, value);
	same = !text.failed && expected && text.size == strlen(expected) &&
		   memcmp(text.bytes, expected, text.size) == 0;
	text_free(&text);
	free(expected);
	json_decref(json);
	return same;
}

static void
test_json(struct tap *tap)
{
	bool good = same_json("") && same_json("\xc3\xa9\xf0\x9f\x98\x80\"");

	for (int a = 1; a < 0x80; a++)
		for (int b = 1; b < 0x80; b++)
			good = good && same_json((char[]){(char) a, (char) b, 'c', '\0'});
	tap_ok(tap, good, "JSON strings are jansson's");
}

static void
test_numbers(struct tap *tap)
{
	static const int64_t numbers[] = {0, 1, 9, 10, 401, INT64_MAX};
	bool good = true;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
	{
		char expected[24], bytes[24];
		struct text text = TEXT_IN(bytes);

		snprintf(expected, sizeof(expected), "%" PRId64, numbers[i]);
		text_add_number(&text, numbers[i]);
		good = good && text.size == strlen(expected) &&
			   memcmp(bytes, expected, text.size) == 0;
	}
	tap_ok(tap, good, "numbers are printf's");
}

static void
test_growth(struct tap *tap)
{
	struct text text = {0};
	char expected[3 * 1000];

	for (size_t i = 0; i < sizeof(expected); i += 3)
	{
		memcpy(expected + i, "abc", 3);
		text_add(&text, "abc");
	}
	tap_ok(tap,
		   !text.failed && text.size == sizeof(expected) &&
			   memcmp(text.bytes, expected, sizeof(expected)) == 0,
		   "a text grows");
	tap_ok(tap, !text_reserve(&text, TEXT_LIMIT) && text.failed,
		   "not past the limit");
	text_free(&text);
	tap_ok(tap, !text.bytes && !text.failed, "and is empty when freed");
}

static void
test_array(struct tap *tap)
{
	char bytes[4];
	struct text text = TEXT_IN(bytes);

	text_add(&text, "abcd");
	tap_ok(tap, !text.failed && text.size == 4, "an array can be filled");
	text_add(&text, "");
	tap_ok(tap, !text.failed, "nothing more fits then");
	text_add(&text, "e");
	tap_ok(tap, text.failed && text.size == 4, "anything more does not");
	text_free(&text);
}

int
main(void)
{
	struct tap tap = {0};

	test_json(&tap);
	test_numbers(&tap);
	test_growth(&tap);
	test_array(&tap);
	return tap_end(&tap);
}
