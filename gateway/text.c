/*
 * text.c
 *		Growing texts, numbers and JSON strings.
 */
#include "text.h"

#include <stdlib.h>

bool
text_reserve(struct text *text, size_t more)
{
	size_t room = text->room * 2;
	char *bytes = NULL;

	if (more <= text->room - text->size)
		return true;
	if (room < text->size + more)
		room = text->size + more;
	if (!text->fixed && !text->failed && more <= TEXT_LIMIT - text->size)
		bytes = realloc(text->bytes, room);
	text->failed = bytes == NULL;
	if (text->failed)
		return false;
	text->bytes = bytes;
	text->room = room;
	return true;
}

void
text_add_number(struct text *text, int64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
	{
		digits[--at] = (char) ('0' + number % 10);
		number /= 10;
	} while (number > 0);
	text_add_bytes(text, digits + at, sizeof(digits) - at);
}

/* The escape of a quote, a backslash or a control character. */
static void
add_escape(struct text *text, unsigned char c)
{
	static const char letters[] = "btn?fr"; /* of 8 to 13 */
	static const char digits[] = "0123456789ABCDEF";
	char escape[] = {'\\', (char) c, '0', '0', '0', '0'};

	if (c < 0x20)
		escape[1] = 'u';
	if (c >= '\b' && c <= '\r' && c != '\v')
		escape[1] = letters[c - '\b'];
	escape[4] = digits[c >> 4];
	escape[5] = digits[c & 15];
	text_add_bytes(text, escape, escape[1] == 'u' ? sizeof(escape) : 2);
}

void
text_add_json(struct text *text, const char *value)
{
	const char *c = value;

	text_add(text, "\"");
	for (; *c; c++)
		if ((unsigned char) *c < 0x20 || *c == '"' || *c == '\\')
		{
			text_add_bytes(text, value, (size_t) (c - value));
			add_escape(text, (unsigned char) *c);
			value = c + 1;
		}
	text_add_bytes(text, value, (size_t) (c - value));
	text_add(text, "\"");
}

void
text_free(struct text *text)
{
	if (!text->fixed)
		free(text->bytes);
	*text = (struct text){0};
}
