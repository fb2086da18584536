/*
 * term_test.c
 *		What others wrote never acts upon a terminal.
 */
#include <string.h>

#include "tap.h"
#include "result.h"
#include "term.h"
#include "utf8.h"

/* What term_write() makes of the text. */
static char *
written(const char *text, size_t size, const char *indent)
{
	char *out = NULL;
	size_t out_size;
	FILE *stream = open_memstream(&out, &out_size);

	term_write(stream, text, size, indent);
	fclose(stream);
	return out;
}

static void
check(struct tap *tap, const char *text, size_t size, const char *expected)
{
	char *out = written(text, size, "");

	tap_ok(tap, strcmp(out, expected) == 0, expected);
	free(out);
}

#define CHECK(text, expected) check(tap, text, sizeof(text) - 1, expected)

static void
check_escapes(struct tap *tap)
{
	CHECK("plain, Grüße, 你好, 👋🏽",
		  "plain, Grüße, 你好, 👋🏽");
	CHECK("tab\tstays", "tab\tstays");
	CHECK("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07");
	CHECK("carriage\rreturn", "carriage\\x0dreturn");
	CHECK("back\bspace", "back\\x08space");
	CHECK("nul\0byte", "nul\\x00byte");
	CHECK("del\x7f", "del\\x7f");
	CHECK("\xc2\x9b"
		  "31m",
		  "\\u{9b}31m");
	CHECK("\xe2\x80\xaegnp.exe", "\\u{202e}gnp.exe");
	CHECK("\xe2\x81\xa6isolate\xe2\x81\xa9", "\\u{2066}isolate\\u{2069}");
	CHECK("\xe2\x80\xa8line", "\\u{2028}line");
	CHECK("\xef\xbb\xbf"
		  "bom",
		  "\\u{feff}bom");
	CHECK("\xff\xfe", "\\xff\\xfe");
	CHECK("\xc0\x9b overlong", "\\xc0\\x9b overlong");
	CHECK("\xed\xa0\x80 surrogate", "\\xed\\xa0\\x80 surrogate");
	CHECK("cut \xe2\x80", "cut \\xe2\\x80");
}

static void
check_lines(struct tap *tap)
{
	static const char text[] = "one\n[2] bob (verified)\n";
	char *out = written(text, sizeof(text) - 1, "    ");
	char *line = NULL;
	size_t size;
	FILE *stream = open_memstream(&line, &size);

	tap_ok(tap, strcmp(out, "one\n    [2] bob (verified)\n    ") == 0,
		   "a message can't fake a line of ours");
	term_line(stream, "a\nb\tc\x1b");
	fclose(stream);
	tap_ok(tap, strcmp(line, "a\\x0ab\\x09c\\x1b") == 0,
		   "one line stays one line");
	free(out);
	free(line);
}

static void
check_advice(struct tap *tap)
{
	char *lines = NULL;
	size_t size;
	FILE *stream = open_memstream(&lines, &size);

	term_advice(stream, "Run: e2emsg read" AS ", or e2emsg log" AS,
				" --as bob");
	fputc('\n', stream);
	term_advice(stream, "Run: e2emsg read" AS ", or\ne2emsg log" AS, "");
	term_advice(stream, "\ne2emsg log" AS, " --home '\x1b[2J\n'");
	fclose(stream);
	tap_ok(tap,
		   strcmp(lines, "Run: e2emsg read --as bob, or e2emsg log --as bob\n"
						 "Run: e2emsg read, or\\x0ae2emsg log"
						 "\\x0ae2emsg log --home '\\x1b[2J\\x0a'") == 0,
		   "commands to copy name the account where that is needed, safely");
	free(lines);
}

/* No character of the harmful kinds goes out, whatever stands around it. */
static void
check_all(struct tap *tap)
{
	bool good = true;

	for (uint32_t c = 0; c < 0xA0; c++)
		good &= term_harmless(c) ==
				((c >= 0x20 && c < 0x7F) || c == '\t' || c == '\n');
	for (uint32_t c = 0x202A; c <= 0x202E; c++)
		good &= !term_harmless(c);
	tap_ok(tap, good, "C0, DEL, C1 and the bidi overrides are harmful");
}

static void
check_utf8(struct tap *tap)
{
	uint32_t character;

	tap_ok(tap, utf8_valid("", 0), "the empty text is UTF-8");
	tap_ok(tap,
		   utf8_next("\xf4\x8f\xbf\xbf", 4, &character) == 4 &&
			   character == 0x10FFFF,
		   "U+10FFFF is the last");
	tap_ok(tap, !utf8_valid("\xf4\x90\x80\x80", 4), "U+110000 is none");
	tap_ok(tap, !utf8_valid("\x80", 1), "a lone continuation byte is none");
}

int
main(void)
{
	struct tap tap = {0};

	check_escapes(&tap);
	check_lines(&tap);
	check_advice(&tap);
	check_all(&tap);
	check_utf8(&tap);
	return tap_end(&tap);
}
