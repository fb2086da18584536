/*
 * hint_fuzz.c
 *		hint.c: what another gateway says, or anybody else who can notify.
 */
#include "fuzz.h"
#include "hint.h"

/* A text that is read is the only one of these hints. */
static void
check_text(const uint8_t *data, size_t size)
{
	uint64_t hints[HINT_MAX_COUNT];
	char again[HINT_TEXT_SIZE], *text = text_of(data, size);
	size_t count = hint_read(text, hints);

	must(count <= HINT_MAX_COUNT);
	if (count > 0)
	{
		hint_write(hints, count, again);
		must(strcmp(again, text) == 0);
	}
	free(text);
}

/* What is written is read, up to the most that one text can hold. */
static void
check_hints(const uint8_t *data, size_t size)
{
	uint64_t hints[HINT_MAX_COUNT], again[HINT_MAX_COUNT];
	char text[HINT_TEXT_SIZE];
	size_t count = size / HINT_SIZE;

	if (size % 2 == 1)
		count = HINT_MAX_COUNT;
	if (count == 0 || count > HINT_MAX_COUNT)
		return;
	fill_from(hints, sizeof(hints), data, size);
	hint_write(hints, count, text);
	must(hint_read(text, again) == count);
	must(memcmp(hints, again, count * HINT_SIZE) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_text(data, size);
	check_hints(data, size);
	return 0;
}
