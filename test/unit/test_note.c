/*
 * test_note.c
 *		note.c against published notes, and hostile ones.
 */
#include <string.h>

#include <openssl/evp.h>

#include "note.h"
#include "support.h"
#include "tap.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The tests of golang.org/x/mod/sumdb/note (note_test.go): PeterNeumann's
 * keys and note, EnochRoot's key and signature of the same text.
 */
#define PETER \
	"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_SEED "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define ENOCH "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define TEXT                                                     \
	"If you think cryptography is the answer to your problem,\n" \
	"then you don't know what your problem is.\n"
#define PETER_BLOB                                                     \
	"x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXg" \
	"KvqfqdngotpRZb6KE6RyyBwJnAM="
#define PETER_LINE "\u2014 PeterNeumann " PETER_BLOB "\n"
#define ENOCH_LINE                                                          \
	"\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp" \
	"+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

/* The seed behind the type byte of a signer key. */
static void
peter_seed(uint8_t seed[NOTE_SEED_SIZE])
{
	uint8_t typed[36];

	EVP_DecodeBlock(typed, (const uint8_t *) PETER_SEED, 44);
	memcpy(seed, typed + 1, NOTE_SEED_SIZE);
}

static struct note_verifier
verifier_of(const char *text)
{
	struct note_verifier verifier;

	if (!note_verifier_parse(text, &verifier))
	{
		printf("Bail out! %s\n", text);
		exit(EXIT_FAILURE);
	}
	return verifier;
}

/* Opens a copy that ends where the memory ends. */
static enum note_result
open_bytes(const char *note, size_t length,
		   const struct note_verifier *verifier)
{
	char *copy = malloc(length > 0 ? length : 1);
	enum note_result result;
	size_t text_length;

	memcpy(copy, note, length);
	result = note_open(copy, length, verifier, &text_length, NULL);
	free(copy);
	return result;
}

static enum note_result
open_text(const char *note, const struct note_verifier *verifier)
{
	return open_bytes(note, strlen(note), verifier);
}

/* Keys. */

static void
test_names(struct tap *tap)
{
	char name[NOTE_MAX_NAME + 2];

	memset(name, 'a', sizeof name);
	name[NOTE_MAX_NAME] = '\0';
	tap_ok(tap,
		   note_name_valid("a") && note_name_valid("example.com/log~!") &&
			   note_name_valid(name),
		   "names of 1 to 100 printable characters");
	name[NOTE_MAX_NAME] = 'a';
	name[NOTE_MAX_NAME + 1] = '\0';
	tap_ok(tap,
		   !note_name_valid(name) && !note_name_valid("") &&
			   !note_name_valid("a b") && !note_name_valid("a+b") &&
			   !note_name_valid("a\n") && !note_name_valid("a\tb") &&
			   !note_name_valid("\x7f") && !note_name_valid("\u00e9") &&
			   !note_name_valid("a\u00a0b"),
		   "wrong names");
}

static void
test_published_verifier(struct tap *tap)
{
	struct note_verifier verifier;
	uint8_t seed[NOTE_SEED_SIZE], public_key[NOTE_PUBLIC_KEY_SIZE];
	char text[NOTE_VERIFIER_TEXT_SIZE];

	peter_seed(seed);
	tap_ok(tap,
		   note_verifier_parse(PETER, &verifier) &&
			   strcmp(verifier.name, "PeterNeumann") == 0 &&
			   memcmp(verifier.key_id, "\xc7\x4f\x20\xa3", 4) == 0 &&
			   note_public_key(seed, public_key) &&
			   memcmp(verifier.public_key, public_key, sizeof public_key) == 0,
		   "the published verifier key, and its seed");
	note_verifier_format(&verifier, text);
	tap_ok(tap, strcmp(text, PETER) == 0, "and formatted again");
	verifier = verifier_of(ENOCH);
	note_verifier_format(&verifier, text);
	tap_ok(tap, strcmp(text, ENOCH) == 0, "another one");
}

/* As TestNewVerifier in note_test.go does it. */
static void
test_mangled_verifiers(struct tap *tap)
{
	struct note_verifier verifier;
	char text[NOTE_VERIFIER_TEXT_SIZE * 2];
	size_t length = strlen(PETER);
	bool good = true;

	for (size_t from = 0; from <= length; from++)
		for (size_t to = from; to <= length; to++)
		{
			memcpy(text, &PETER[from], to - from);
			text[to - from] = '\0';
			good = good && note_verifier_parse(text, &verifier) ==
							   (to - from == length);
		}
	tap_ok(tap, good, "no part of a verifier key is one");
	for (size_t at = 0; at < length; at++)
		for (int change = 1; change < 256; change++)
		{
			memcpy(text, PETER, sizeof PETER);
			text[at] = (char) (text[at] ^ change);
			good = good && !note_verifier_parse(text, &verifier);
		}
	tap_ok(tap, good, "no changed byte is accepted");
	tap_ok(
		tap,
		!note_verifier_parse("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfs"
							 "Vkmqq/LDE4izWy10TWBADKEY==",
							 &verifier) &&
			!note_verifier_parse("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKq"
								 "iBfsVkmqq/LDE4izWy10TW",
								 &verifier) &&
			!note_verifier_parse("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKq"
								 "iBfsVkmqq/LDE4izWy10TW",
								 &verifier) &&
			!note_verifier_parse(PETER "\n", &verifier) &&
			!note_verifier_parse(PETER "AAAA", &verifier) &&
			!note_verifier_parse("", &verifier) &&
			!note_verifier_parse("+", &verifier),
		"a wrong length, another type, capitals, a tail");
}

static void
test_long_verifier(struct tap *tap)
{
	struct note_verifier verifier, again;
	uint8_t public_key[NOTE_PUBLIC_KEY_SIZE] = {7};
	char name[NOTE_MAX_NAME + 2] = "";
	char text[NOTE_VERIFIER_TEXT_SIZE + 1];
	bool good;

	memset(name, 'n', NOTE_MAX_NAME);
	good = note_verifier_make(name, public_key, &verifier);
	note_verifier_format(&verifier, text + 1);
	tap_ok(tap,
		   good && strlen(text + 1) == NOTE_VERIFIER_TEXT_SIZE - 1 &&
			   note_verifier_parse(text + 1, &again) &&
			   memcmp(&again, &verifier, sizeof again) == 0,
		   "a verifier key with the longest name");
	text[0] = 'n';
	tap_ok(tap, !note_verifier_parse(text, &again), "and one longer");
}

static void
test_generation(struct tap *tap)
{
	uint8_t seed[2][NOTE_SEED_SIZE], key[2][NOTE_PUBLIC_KEY_SIZE];
	struct note_verifier verifier;
	char note[NOTE_MAX_SIZE];
	size_t length = 0;

	tap_ok(tap,
		   note_generate_key(seed[0], key[0]) &&
			   note_generate_key(seed[1], key[1]) &&
			   memcmp(seed[0], seed[1], NOTE_SEED_SIZE) != 0 &&
			   memcmp(key[0], key[1], NOTE_PUBLIC_KEY_SIZE) != 0,
		   "two new key pairs differ");
	tap_ok(tap,
		   note_verifier_make("log", key[0], &verifier) &&
			   note_sign("log", seed[0], TEXT, strlen(TEXT), note, sizeof note,
						 &length) &&
			   open_bytes(note, length, &verifier) == NOTE_FINE,
		   "the public key fits the seed");
	tap_ok(tap,
		   note_sign("log", seed[1], TEXT, strlen(TEXT), note, sizeof note,
					 &length) &&
			   open_bytes(note, length, &verifier) == NOTE_UNSIGNED,
		   "another key's signature is another's, under the same name, too");
}

/* Notes. */

static void
test_published_note(struct tap *tap)
{
	uint8_t seed[NOTE_SEED_SIZE];
	char note[NOTE_MAX_SIZE];
	size_t length = 0;

	peter_seed(seed);
	tap_ok(tap,
		   note_sign("PeterNeumann", seed, TEXT, strlen(TEXT), note,
					 sizeof note, &length) &&
			   length == strlen(TEXT "\n" PETER_LINE) &&
			   memcmp(note, TEXT "\n" PETER_LINE, length) == 0,
		   "signing makes the published note, byte for byte");
}

struct note_case
{
	const char *name;
	const char *note;
	enum note_result result;
};

static const struct note_case notes[] = {
	{"one signature", TEXT "\n" PETER_LINE, NOTE_FINE},
	{"another's first", TEXT "\n" ENOCH_LINE PETER_LINE, NOTE_FINE},
	{"another's last", TEXT "\n" PETER_LINE ENOCH_LINE, NOTE_FINE},
	{"twice the same", TEXT "\n" PETER_LINE PETER_LINE, NOTE_FINE},
	{"only another's", TEXT "\n" ENOCH_LINE, NOTE_UNSIGNED},
	{"another id",
	 TEXT "\n\u2014 PeterNeumann y08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZIn"
		  "NIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
	 NOTE_UNSIGNED},
	{"another name", TEXT "\n\u2014 PeterNeuman " PETER_BLOB "\n",
	 NOTE_UNSIGNED},
	{"a longer name", TEXT "\n\u2014 PeterNeumann2 " PETER_BLOB "\n",
	 NOTE_UNSIGNED},
	{"a foreign name in Unicode",
	 TEXT "\n\u2014 P\u00e9ter\u4e2d AAAAAAA=\n" PETER_LINE, NOTE_FINE},
	{"the shortest foreign signature", TEXT "\n\u2014 x AAAAAAA=\n" PETER_LINE,
	 NOTE_FINE},
	{"another text", "x" TEXT "\n" PETER_LINE, NOTE_FORGED},
	{"another signature",
	 TEXT "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZIn"
		  "NIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAQ=\n",
	 NOTE_FORGED},
	{"a short signature", TEXT "\n\u2014 PeterNeumann x08go/ZJ\n",
	 NOTE_FORGED},
	{"a long signature",
	 TEXT "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/ABCDSffcvIAQxVBtiFupLLr8pAcE"
		  "lZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
	 NOTE_FORGED},
	{"a right one and a wrong one",
	 TEXT "\n" PETER_LINE "\u2014 PeterNeumann x08go/ZJ\n", NOTE_FORGED},
	{"a wrong one and a right one",
	 TEXT "\n\u2014 PeterNeumann x08go/ZJ\n" PETER_LINE, NOTE_FORGED},
	{"nothing", "", NOTE_MALFORMED},
	{"an empty line", "\n\n", NOTE_MALFORMED},
	{"no signature", TEXT, NOTE_MALFORMED},
	{"no signature line", TEXT "\n", NOTE_MALFORMED},
	{"no empty line", TEXT PETER_LINE, NOTE_MALFORMED},
	{"no newline at the end", TEXT "\n\u2014 PeterNeumann " PETER_BLOB,
	 NOTE_MALFORMED},
	{"an empty line at the end", TEXT "\n" PETER_LINE "\n", NOTE_MALFORMED},
	{"a control character", "\x01" TEXT "\n" PETER_LINE, NOTE_MALFORMED},
	{"a carriage return", TEXT "\r\n" PETER_LINE, NOTE_MALFORMED},
	{"no UTF-8", "\xff" TEXT "\n" PETER_LINE, NOTE_MALFORMED},
	{"a line of something else", TEXT "\n" PETER_LINE "Unexpected line.\n",
	 NOTE_MALFORMED},
	{"a hyphen", TEXT "\n- PeterNeumann " PETER_BLOB "\n", NOTE_MALFORMED},
	{"an en dash", TEXT "\n\u2013 PeterNeumann " PETER_BLOB "\n",
	 NOTE_MALFORMED},
	{"a space in the name", TEXT "\n\u2014 Bad Name " PETER_BLOB "\n",
	 NOTE_MALFORMED},
	{"a plus in the name", TEXT "\n\u2014 Bad+Name AAAAAAA=\n" PETER_LINE,
	 NOTE_MALFORMED},
	{"a wide space in the name",
	 TEXT "\n\u2014 Bad\u3000Name AAAAAAA=\n" PETER_LINE, NOTE_MALFORMED},
	{"no name", TEXT "\n\u2014  AAAAAAA=\n" PETER_LINE, NOTE_MALFORMED},
	{"neither name nor signature", TEXT "\n\u2014 \n" PETER_LINE,
	 NOTE_MALFORMED},
	{"only a name", TEXT "\n\u2014 x\n" PETER_LINE, NOTE_MALFORMED},
	{"no base64", TEXT "\n\u2014 x \n" PETER_LINE, NOTE_MALFORMED},
	{"four bytes", TEXT "\n\u2014 x AAAAAA==\n" PETER_LINE, NOTE_MALFORMED},
	{"base64 without padding", TEXT "\n\u2014 x AAAAAAA\n" PETER_LINE,
	 NOTE_MALFORMED},
	{"too much padding", TEXT "\n\u2014 x AAAAA===\n" PETER_LINE,
	 NOTE_MALFORMED},
	{"only padding", TEXT "\n\u2014 x ====\n" PETER_LINE, NOTE_MALFORMED},
	{"spare bits", TEXT "\n\u2014 x AAAAAAB=\n" PETER_LINE, NOTE_MALFORMED},
	{"base64url", TEXT "\n\u2014 x AAAAAA-_\n" PETER_LINE, NOTE_MALFORMED},
	{"a space behind", TEXT "\n\u2014 x AAAAAAA= \n" PETER_LINE,
	 NOTE_MALFORMED},
};

static void
test_notes(struct tap *tap)
{
	struct note_verifier peter = verifier_of(PETER);
	struct note_verifier enoch = verifier_of(ENOCH);
	size_t text_length = 0;

	for (size_t i = 0; i < COUNT_OF(notes); i++)
		tap_ok(tap, open_text(notes[i].note, &peter) == notes[i].result,
			   notes[i].name);
	tap_ok(tap,
		   open_text(TEXT "\n" PETER_LINE ENOCH_LINE, &enoch) == NOTE_FINE,
		   "the other one of two signatures");
	tap_ok(tap,
		   note_open(TEXT "\n" PETER_LINE, strlen(TEXT "\n" PETER_LINE),
					 &peter, &text_length, NULL) == NOTE_FINE &&
			   text_length == strlen(TEXT),
		   "the length of the text");
	tap_ok(tap,
		   open_bytes(TEXT "\0\n" PETER_LINE,
					  sizeof(TEXT "\0\n" PETER_LINE) - 1,
					  &peter) == NOTE_MALFORMED,
		   "a NUL");
}

/* A text may have empty lines: the signatures follow the last one. */
static void
test_empty_lines(struct tap *tap)
{
	struct note_verifier peter = verifier_of(PETER);
	const char *text = "a\n\n\u2014 x AAAAAAA=\n\nb\n\n";
	uint8_t seed[NOTE_SEED_SIZE];
	char note[NOTE_MAX_SIZE];
	size_t length = 0, text_length = 0;

	peter_seed(seed);
	tap_ok(tap,
		   note_sign("PeterNeumann", seed, text, strlen(text), note,
					 sizeof note, &length) &&
			   note_open(note, length, &peter, &text_length, NULL) ==
				   NOTE_FINE &&
			   text_length == strlen(text),
		   "a text with empty lines");
}

/* Adds a line behind the "length" bytes and returns the new length. */
static size_t
add_line(char *note, size_t length, const char *line)
{
	memcpy(note + length, line, strlen(line));
	return length + strlen(line);
}

static void
test_many_signatures(struct tap *tap)
{
	struct note_verifier peter = verifier_of(PETER);
	char note[NOTE_MAX_SIZE];
	size_t length = add_line(note, 0, TEXT "\n");

	for (int i = 0; i < NOTE_MAX_SIGNATURES - 1; i++)
		length = add_line(note, length, ENOCH_LINE);
	length = add_line(note, length, PETER_LINE);
	tap_ok(tap, open_bytes(note, length, &peter) == NOTE_FINE,
		   "16 signatures");
	length = add_line(note, length, ENOCH_LINE);
	tap_ok(tap, open_bytes(note, length, &peter) == NOTE_MALFORMED,
		   "17 signatures");
}

/* A note of just the largest size, and of one byte more. */
static void
test_sizes(struct tap *tap)
{
	const size_t line_length = strlen(PETER_LINE);
	struct note_verifier peter = verifier_of(PETER);
	uint8_t seed[NOTE_SEED_SIZE];
	char text[NOTE_MAX_SIZE], note[NOTE_MAX_SIZE + 2];
	size_t text_length = NOTE_MAX_SIZE - 1 - line_length;
	size_t length = 0;

	peter_seed(seed);
	memset(text, 't', sizeof text);
	text[text_length - 1] = '\n';
	tap_ok(tap,
		   note_sign("PeterNeumann", seed, text, text_length, note,
					 sizeof note, &length) &&
			   length == NOTE_MAX_SIZE &&
			   open_bytes(note, length, &peter) == NOTE_FINE,
		   "a note of 4,096 bytes");
	memmove(note + 1, note, length);
	tap_ok(tap, open_bytes(note, length + 1, &peter) == NOTE_MALFORMED,
		   "a note of 4,097 bytes");
	text[text_length - 1] = 't';
	text[text_length] = '\n';
	tap_ok(tap,
		   !note_sign("PeterNeumann", seed, text, text_length + 1, note,
					  sizeof note, &length),
		   "and none is made");
}

static void
test_sign_refusals(struct tap *tap)
{
	const size_t right = strlen("a\n\n" PETER_LINE);
	uint8_t seed[NOTE_SEED_SIZE];
	char note[NOTE_MAX_SIZE];
	size_t length = 0;

	peter_seed(seed);
	tap_ok(tap,
		   !note_sign("Peter Neumann", seed, "a\n", 2, note, 4096, &length) &&
			   !note_sign("", seed, "a\n", 2, note, 4096, &length) &&
			   !note_sign("x", seed, "a", 1, note, 4096, &length) &&
			   !note_sign("x", seed, "", 0, note, 4096, &length) &&
			   !note_sign("x", seed, "\xff\n", 2, note, 4096, &length) &&
			   !note_sign("x", seed, "a\t\n", 3, note, 4096, &length) &&
			   !note_sign("x", seed, "a\n", SIZE_MAX, note, 4096, &length),
		   "no note with a wrong name or text");
	memset(note, '#', sizeof note);
	tap_ok(
		tap,
		!note_sign("PeterNeumann", seed, "a\n", 2, note, right - 1, &length) &&
			note[0] == '#' &&
			note_sign("PeterNeumann", seed, "a\n", 2, note, right, &length) &&
			length == right && note[right] == '#',
		"the buffer's capacity is kept");
}

/* Hostile bytes. */

static void
test_hostile_notes(struct tap *tap)
{
	static const char right[] = TEXT "\n" PETER_LINE;
	struct note_verifier verifier = verifier_of(PETER);
	uint64_t state = 61;
	bool good = true;
	int seen[NOTE_OTHER_ORIGIN + 1] = {0};

	for (int i = 0; i < 12000; i++)
	{
		char note[2 * sizeof right] = TEXT "\n" PETER_LINE;
		size_t length = mutate(note, strlen(right), sizeof note, &state);
		enum note_result result = open_bytes(note, length, &verifier);

		seen[result]++;
		if (length == strlen(right) && memcmp(note, right, length) == 0)
			continue;
		/* a doubled line of the same signature is fine */
		good = good && (result != NOTE_FINE || length > strlen(right));
	}
	tap_ok(tap,
		   good && seen[NOTE_MALFORMED] > 1000 && seen[NOTE_FORGED] > 1000 &&
			   seen[NOTE_UNSIGNED] > 100,
		   "12,000 bent notes");
}

static void
test_hostile_verifiers(struct tap *tap)
{
	uint64_t state = 71;
	bool good = true;

	for (int i = 0; i < 30000; i++)
	{
		char text[2 * sizeof PETER] = PETER;
		char again[NOTE_VERIFIER_TEXT_SIZE];
		struct note_verifier verifier;
		size_t length = mutate(text, strlen(PETER), sizeof text - 1, &state);
		char *copy;

		text[length] = '\0';
		copy = strdup(text);
		if (note_verifier_parse(copy, &verifier))
		{
			note_verifier_format(&verifier, again);
			good =
				good && strcmp(again, text) == 0 && strcmp(text, PETER) == 0;
		}
		free(copy);
	}
	tap_ok(tap, good, "30,000 bent verifier keys");
}

int
main(void)
{
	struct tap tap = {0};

	test_names(&tap);
	test_published_verifier(&tap);
	test_mangled_verifiers(&tap);
	test_long_verifier(&tap);
	test_generation(&tap);
	test_published_note(&tap);
	test_notes(&tap);
	test_empty_lines(&tap);
	test_many_signatures(&tap);
	test_sizes(&tap);
	test_sign_refusals(&tap);
	test_hostile_notes(&tap);
	test_hostile_verifiers(&tap);
	return tap_end(&tap);
}
