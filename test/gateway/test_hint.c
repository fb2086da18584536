/*
 * test_hint.c
 *		Hints as text, and what is none.
 */
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "hint.h"
#include "tap.h"

static void
test_text(struct tap *tap)
{
	uint64_t hints[HINT_MAX_COUNT], read[HINT_MAX_COUNT];
	char text[HINT_TEXT_SIZE];
	bool good = true;

	for (size_t i = 0; i < HINT_MAX_COUNT; i++)
		hints[i] = i * 0x9e3779b97f4a7c15u;
	for (size_t count = 1; good && count <= HINT_MAX_COUNT; count++)
	{
		hint_write(hints, count, text);
		good = strlen(text) < HINT_TEXT_SIZE &&
			   hint_read(text, read) == count &&
			   memcmp(hints, read, count * HINT_SIZE) == 0;
	}
	tap_ok(tap, good, "1 to 512 hints are written and read");
	tap_ok(tap, HINT_TEXT_SIZE < 8000, "as a notification can carry them");
}

static void
test_rubbish(struct tap *tap)
{
	static const char *const rubbish[] = {
		"",
		"?",
		"!",
		"AAAAAAAAAA",	/* seven bytes */
		"AAAAAAAAAAAA", /* nine */
		"AAAAAAAAAAB",	/* spare bits */
		"AAAAAAAAAA=",
		"AAAAAAAAAA+",
		"AAAAA AAAAA",
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"};
	uint64_t hints[HINT_MAX_COUNT];
	char text[9000];

	tap_ok(tap, hint_read("AAAAAAAAAAA", hints) == 1, "eight bytes");
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++)
		tap_ok(tap, hint_read(rubbish[i], hints) == 0, "no hints");
	memset(text, 'A', sizeof(text));
	text[base64url_encoded_length((HINT_MAX_COUNT + 1) * HINT_SIZE)] = '\0';
	tap_ok(tap, hint_read(text, hints) == 0, "one too many");
	text[strlen(text)] = 'A';
	text[7999] = '\0';
	tap_ok(tap, hint_read(text, hints) == 0,
		   "the longest that can be notified");
}

static void
test_secret(struct tap *tap)
{
	const uint8_t bytes[SECRET_SIZE] = {1}, others[SECRET_SIZE] = {2};
	const uint8_t mailbox[UUID_SIZE] = {1}, another[UUID_SIZE] = {2};
	struct secret secret, other;
	uint64_t a = 0, b = 0, c = 0, d = 0;

	if (!secret_derive(&secret, bytes) || !secret_derive(&other, others))
		exit(EXIT_FAILURE);
	tap_ok(tap,
		   hint_of(&secret, mailbox, &a) && hint_of(&secret, mailbox, &b) &&
			   a == b,
		   "a mailbox has one hint");
	tap_ok(tap, hint_of(&secret, another, &c) && c != a,
		   "another mailbox another one");
	tap_ok(tap, hint_of(&other, mailbox, &d) && d != a,
		   "and so has another secret");
	secret_wipe(&secret);
	secret_wipe(&other);
}

int
main(void)
{
	struct tap tap = {0};

	test_text(&tap);
	test_rubbish(&tap);
	test_secret(&tap);
	return tap_end(&tap);
}
