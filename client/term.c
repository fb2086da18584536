/*
 * term.c
 *		Text of others on a terminal.
 */
#include <string.h>

#include "result.h"
#include "term.h"
#include "utf8.h"

struct range
{
	uint32_t first, last;
};

/* What is never sent: Unicode 15, categories Cc and, in part, Cf, Zl, Zp. */
static const struct range harmful[] = {
	{0x0000, 0x0008},	/* C0 before tab */
	{0x000B, 0x001F},	/* C0 after newline, ESC among them */
	{0x007F, 0x009F},	/* DEL and C1 */
	{0x00AD, 0x00AD},	/* soft hyphen */
	{0x061C, 0x061C},	/* Arabic letter mark */
	{0x180E, 0x180E},	/* Mongolian vowel separator */
	{0x200B, 0x200B},	/* zero width space */
	{0x200E, 0x200F},	/* left-to-right and right-to-left mark */
	{0x2028, 0x202E},	/* line, paragraph separator, bidi overrides */
	{0x2060, 0x206F},	/* word joiner, bidi isolates */
	{0xFEFF, 0xFEFF},	/* byte order mark */
	{0xFFF9, 0xFFFB},	/* interlinear annotation */
	{0xE0000, 0xE007F}, /* tags */
};

bool
term_harmless(uint32_t character)
{
	for (size_t i = 0; i < sizeof(harmful) / sizeof(*harmful); i++)
		if (character >= harmful[i].first && character <= harmful[i].last)
			return false;
	return true;
}

/* Writes what stands at the start of text; how many bytes that took. */
static size_t
write_one(FILE *stream, const char *text, size_t size)
{
	uint32_t character;
	size_t length = utf8_next(text, size, &character);

	if (length == 0)
	{
		fprintf(stream, "\\x%02x", (uint8_t) text[0]);
		return 1;
	}
	if (term_harmless(character))
		fwrite(text, 1, length, stream);
	else if (character < 0x80)
		fprintf(stream, "\\x%02x", (unsigned) character);
	else
		fprintf(stream, "\\u{%x}", (unsigned) character);
	return length;
}

void
term_write(FILE *stream, const char *text, size_t size, const char *indent)
{
	while (size > 0)
	{
		bool new_line = text[0] == '\n';
		size_t length = write_one(stream, text, size);

		text += length;
		size -= length;
		if (new_line)
			fputs(indent, stream);
	}
}

/* Writes text as a part of one line. */
static void
write_line(FILE *stream, const char *text, size_t size)
{
	while (size > 0)
	{
		size_t length = 1;

		if (text[0] == '\n' || text[0] == '\t')
			fprintf(stream, "\\x%02x", (uint8_t) text[0]);
		else
			length = write_one(stream, text, size);
		text += length;
		size -= length;
	}
}

void
term_line(FILE *stream, const char *text)
{
	write_line(stream, text, strlen(text));
}

void
term_advice(FILE *stream, const char *text, const char *as)
{
	for (const char *end; (end = strstr(text, AS)) != NULL;
		 text = end + strlen(AS))
	{
		write_line(stream, text, (size_t) (end - text));
		term_line(stream, as);
	}
	term_line(stream, text);
}
