/*
 * note_fuzz.c
 *		note.c: the input as a note, as a text to sign, as lines behind a
 *		signed text, as a checkpoint and as a verifier key.
 *
 * Ed25519 makes one signature of a text, so that what opens can be made
 * again, byte for byte.
 */
#include <inttypes.h>

#include <openssl/evp.h>

#include "fuzz.h"
#include "checkpoint.h"
#include "utf8.h"

#define NAME "example.com/log"
#define LINE_START "\u2014 "

/* Whose notes are opened: ours, and a stranger that signed nothing. */
static const uint8_t seed[NOTE_SEED_SIZE] = {7};
static struct note_verifier ours, stranger;

static void
make_keys(void)
{
	const uint8_t other_seed[NOTE_SEED_SIZE] = {8};
	uint8_t key[NOTE_PUBLIC_KEY_SIZE];

	if (ours.name[0] != '\0')
		return;
	must(note_public_key(seed, key) && note_verifier_make(NAME, key, &ours));
	must(note_public_key(other_seed, key) &&
		 note_verifier_make(NAME, key, &stranger));
}

/* Lines. */

/* The length of the first line, newline included; there must be one. */
static size_t
line_length(const char *lines, size_t length)
{
	const char *end = memchr(lines, '\n', length);

	must(end != NULL);
	return (size_t) (end + 1 - lines);
}

/* Is it what encoding a key id and more gives, in standard base64? */
static bool
is_base64(const char *text, size_t length)
{
	uint8_t bytes[NOTE_MAX_SIZE], again[NOTE_MAX_SIZE + 4];
	int size = EVP_DecodeBlock(bytes, (const uint8_t *) text, (int) length);

	for (size_t i = length; size > 0 && i > 0 && text[i - 1] == '='; i--)
		size--;
	return size > NOTE_KEY_ID_SIZE &&
		   same_bytes(again, (size_t) EVP_EncodeBlock(again, bytes, size),
					  text, length);
}

/* The form that every signature line has, whoever signed. */
static bool
is_signature_line(const char *line, size_t length)
{
	const size_t start = strlen(LINE_START);
	const char *space;

	if (length <= start || memcmp(line, LINE_START, start) != 0 ||
		memchr(line + start, '+', length - start) == line + start)
		return false;
	space = memchr(line + start, ' ', length - start);
	return space != NULL && space > line + start &&
		   is_base64(space + 1, (size_t) (line + length - 1 - (space + 1)));
}

/* How many signature lines there are, all of the right form. */
static size_t
count_lines(const char *lines, size_t length)
{
	size_t count = 0;

	for (; length > 0; count++)
	{
		size_t line = line_length(lines, length);

		must(is_signature_line(lines, line));
		lines += line;
		length -= line;
	}
	return count;
}

/* Notes. */

/* Our signature of the text stands in the note; alone, it is the note. */
static void
check_fine(const char *note, size_t size, size_t text_length)
{
	const char *lines = note + text_length + 1;
	size_t lines_size = size - text_length - 1;
	char again[NOTE_MAX_SIZE];
	size_t length;

	must(note_sign(NAME, seed, note, text_length, again, sizeof again,
				   &length));
	must(memmem(lines, lines_size, again + text_length + 1,
				length - text_length - 1) != NULL);
	if (count_lines(lines, lines_size) == 1)
		must(same_bytes(again, length, note, size));
}

/* Whether it is a note at all does not depend on the key. */
static enum note_result
check_note(const char *note, size_t size)
{
	size_t text_length, same_length;
	enum note_result result = note_open(note, size, &ours, &text_length, NULL);
	enum note_result other =
		note_open(note, size, &stranger, &same_length, NULL);
	size_t count;

	must(other == (result == NOTE_MALFORMED ? NOTE_MALFORMED : NOTE_UNSIGNED));
	if (result == NOTE_MALFORMED)
		return result;
	must(text_length == same_length && text_length >= 1);
	must(text_length + 1 < size && size <= NOTE_MAX_SIZE);
	must(note[text_length - 1] == '\n' && note[text_length] == '\n');
	must(memmem(note + text_length, size - text_length, "\n\n", 2) == NULL);
	count = count_lines(note + text_length + 1, size - text_length - 1);
	must(count >= 1 && count <= NOTE_MAX_SIGNATURES);
	if (result == NOTE_FINE)
		check_fine(note, size, text_length);
	return result;
}

static bool
is_text(const char *text, size_t size)
{
	if (size == 0 || text[size - 1] != '\n' || !utf8_valid(text, size))
		return false;
	for (size_t i = 0; i < size; i++)
		if ((uint8_t) text[i] < 0x20 && text[i] != '\n')
			return false;
	return true;
}

/* Our line in a note of ours, the last one. */
#define LINE_HEAD (strlen(LINE_START NAME " "))
#define LINE_SIZE (LINE_HEAD + 92 + 1)

/* Another signature, or half of it behind the whole one. */
static void
check_forgery(const char *note, size_t length)
{
	char bent[NOTE_MAX_SIZE + LINE_SIZE];
	char *digit = bent + length - LINE_SIZE + LINE_HEAD + (note[0] & 0x3f) + 8;
	size_t text_length;

	memcpy(bent, note, length);
	*digit = *digit == 'A' ? 'B' : 'A';
	must(note_open(bent, length, &ours, &text_length, NULL) == NOTE_FORGED);
	memcpy(bent, note, length);
	memcpy(bent + length, note + length - LINE_SIZE, LINE_HEAD + 48);
	length += LINE_HEAD + 48;
	bent[length++] = '\n';
	must(note_open(bent, length, &ours, &text_length, NULL) ==
		 (length > NOTE_MAX_SIZE ? NOTE_MALFORMED : NOTE_FORGED));
}

/* What can be signed opens, unless a byte of it is another one. */
static void
check_signing(const char *text, size_t size)
{
	bool fits = size + 1 + LINE_SIZE <= NOTE_MAX_SIZE;
	char note[NOTE_MAX_SIZE];
	size_t length, text_length;

	must(note_sign(NAME, seed, text, size, note, sizeof note, &length) ==
		 (fits && is_text(text, size)));
	if (!fits || !is_text(text, size))
		return;
	must(note_open(note, length, &ours, &text_length, NULL) == NOTE_FINE);
	must(same_bytes(note, text_length, text, size));
	must(length == size + 1 + LINE_SIZE);
	check_forgery(note, length);
	note[(uint8_t) text[0] % length] ^= 1;
	must(note_open(note, length, &ours, &text_length, NULL) != NOTE_FINE);
}

/* Lines of the input behind our own; an empty line would end the text. */
static void
check_lines(const char *lines, size_t size)
{
	char *note = malloc(NOTE_MAX_SIZE + size);
	enum note_result result;
	size_t length;

	must(note_sign(NAME, seed, "text\n", 5, note, NOTE_MAX_SIZE, &length));
	if (size > 0)
		memcpy(note + length, lines, size);
	result = check_note(note, length + size);
	if (size == 0)
		must(result == NOTE_FINE);
	else if (lines[0] != '\n' && memmem(lines, size, "\n\n", 2) == NULL)
		must(result != NOTE_UNSIGNED);
	free(note);
}

/* Checkpoints. */

static void
check_signed_checkpoint(const struct checkpoint *wanted, const char *text,
						size_t size)
{
	char note[NOTE_MAX_SIZE], joined[NOTE_MAX_SIZE];
	struct checkpoint got;
	struct note_verifier verifier;
	size_t length, joined_length;
	char *extensions = text_of((const uint8_t *) wanted->extensions,
							   wanted->extensions_length);

	if (checkpoint_sign(wanted->origin, seed, wanted->size, wanted->root,
						extensions, note, sizeof note, &length))
	{
		must(note_verifier_make(wanted->origin, ours.public_key, &verifier));
		must(checkpoint_open(note, length, &verifier, &got) == NOTE_FINE);
		must(length > size && memcmp(note, text, size) == 0);
		must(got.size == wanted->size);
		must(checkpoint_join(&verifier, got.size, got.root, got.signature,
							 joined, sizeof joined, &joined_length));
		must((wanted->extensions_length == 0) ==
			 same_bytes(joined, joined_length, note, length));
		must(checkpoint_open(note, length, &stranger, &got) == NOTE_UNSIGNED);
	}
	else
		must(!note_name_valid(wanted->origin) || size + 200 > NOTE_MAX_SIZE);
	free(extensions);
}

/* A checkpoint's lines, written again, are the text; nothing lies outside. */
static void
check_checkpoint(const char *text, size_t size)
{
	char head[NOTE_MAX_NAME + 100];
	uint8_t root[48];
	struct checkpoint checkpoint;
	size_t length;

	if (!checkpoint_parse(text, size, &checkpoint))
		return;
	must(checkpoint.size <= INT64_MAX);
	must(checkpoint.extensions + checkpoint.extensions_length == text + size);
	EVP_EncodeBlock(root, checkpoint.root, CHECKPOINT_ROOT_SIZE);
	length =
		(size_t) snprintf(head, sizeof head, "%s\n%" PRIu64 "\n%s\n",
						  checkpoint.origin, checkpoint.size, (char *) root);
	must(checkpoint.extensions_length <= size);
	must(same_bytes(head, length, text, size - checkpoint.extensions_length));
	must(is_text(text, size) && checkpoint.origin[0] != '\0');
	must(memmem(text, size, "\n\n", 2) == NULL);
	check_signed_checkpoint(&checkpoint, text, size);
}

static void
check_verifier(const uint8_t *data, size_t size)
{
	char again[NOTE_VERIFIER_TEXT_SIZE];
	struct note_verifier verifier;
	char *text = text_of(data, size);

	if (note_verifier_parse(text, &verifier))
	{
		must(note_name_valid(verifier.name));
		note_verifier_format(&verifier, again);
		must(strcmp(again, text) == 0);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;

	make_keys();
	check_note(text, size);
	check_signing(text, size);
	check_lines(text, size);
	check_checkpoint(text, size);
	check_verifier(data, size);
	return 0;
}
