/*
 * jsontext_fuzz.c
 *		jsontext.c: JSON of bounded depth; text.c: strings as JSON.
 */
#include "fuzz.h"
#include "jsontext.h"
#include "slow_json.h"
#include "text.h"
#include "utf8.h"

/* The depth that is counted beforehand is the one of what is parsed. */
static void
check_text(const uint8_t *data, size_t size)
{
	json_t *parsed = jsontext_parse(data, size);
	json_t *wanted = slow_json(data, size);

	must((parsed == NULL) == (wanted == NULL));
	if (parsed)
	{
		must(slow_json_depth(parsed) <= JSONTEXT_MAX_DEPTH);
		must(json_equal(parsed, wanted));
	}
	json_decref(parsed);
	json_decref(wanted);
}

/* Brackets around it: 32 levels are taken, if the rest is, 33 are not. */
static void
check_depth(const uint8_t *data, size_t size)
{
	json_t *inner = jsontext_parse(data, size), *outer;
	int depth = slow_json_depth(inner);
	size_t more = (size_t) (JSONTEXT_MAX_DEPTH - depth);
	char *text = malloc(size + 2 * more + 2);

	for (size_t extra = 0; inner && extra < 2; extra++)
	{
		memset(text, '[', more + extra);
		memcpy(text + more + extra, data, size);
		memset(text + more + extra + size, ']', more + extra);
		outer = jsontext_parse(text, size + 2 * (more + extra));
		must((outer != NULL) == (extra == 0));
		json_decref(outer);
	}
	free(text);
	json_decref(inner);
}

/* A string that is written is read again. */
static void
check_string(const uint8_t *data, size_t size)
{
	char *value = text_of(data, size);
	struct text text = {0};
	json_t *list;

	if (utf8_valid(value, strlen(value)))
	{
		text_add(&text, "[");
		text_add_json(&text, value);
		text_add(&text, "]");
		must(!text.failed);
		list = jsontext_parse(text.bytes, text.size);
		must(list && json_array_size(list) == 1);
		must(strcmp(json_string_value(json_array_get(list, 0)), value) == 0);
		json_decref(list);
		text_free(&text);
	}
	free(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_text(data, size);
	check_depth(data, size);
	check_string(data, size);
	return 0;
}
