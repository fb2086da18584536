/*
 * checkpoint.c
 *		Checkpoints of a log (C2SP tlog-checkpoint), which are signed notes.
 */
#include "checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"

/* What is left of a text to read. */
struct reader
{
	const char *at;
	size_t left;
};

/* Takes a line that is not empty, without its newline. */
static bool
take_line(struct reader *reader, const char **line, size_t *length)
{
	const char *end = memchr(reader->at, '\n', reader->left);

	if (end == NULL || end == reader->at)
		return false;
	*line = reader->at;
	*length = (size_t) (end - reader->at);
	reader->at = end + 1;
	reader->left -= *length + 1;
	return true;
}

/* Decimal without leading zeros. */
static bool
parse_size(const char *text, size_t length, uint64_t *size)
{
	if (length > 1 && text[0] == '0')
		return false;
	*size = 0;
	for (size_t i = 0; i < length; i++)
	{
		uint64_t digit = (uint64_t) (text[i] - '0');

		if (text[i] < '0' || text[i] > '9' ||
			*size > ((uint64_t) INT64_MAX - digit) / 10)
			return false;
		*size = *size * 10 + digit;
	}
	return true;
}

bool
checkpoint_parse(const char *text, size_t length, struct checkpoint *out)
{
	struct reader reader = {text, length};
	const char *line;
	size_t line_length;

	memset(out, 0, sizeof *out);
	if (!note_text_valid(text, length) ||
		!take_line(&reader, &line, &line_length) ||
		line_length > NOTE_MAX_NAME)
		return false;
	memcpy(out->origin, line, line_length);
	if (!take_line(&reader, &line, &line_length) ||
		!parse_size(line, line_length, &out->size))
		return false;
	if (!take_line(&reader, &line, &line_length) ||
		!base64_decode_exactly(line, line_length, out->root, sizeof out->root))
		return false;
	out->extensions = reader.at;
	out->extensions_length = reader.left;
	while (reader.left > 0)
		if (!take_line(&reader, &line, &line_length))
			return false;
	return true;
}

enum note_result
checkpoint_open(const char *note, size_t length,
				const struct note_verifier *verifier, struct checkpoint *out)
{
	struct checkpoint checkpoint;
	uint8_t signature[NOTE_SIGNATURE_SIZE];
	size_t text_length;
	enum note_result result =
		note_open(note, length, verifier, &text_length, signature);

	if (result != NOTE_FINE)
		return result;
	if (!checkpoint_parse(note, text_length, &checkpoint))
		return NOTE_MALFORMED;
	if (strcmp(checkpoint.origin, verifier->name) != 0)
		return NOTE_OTHER_ORIGIN;
	*out = checkpoint;
	memcpy(out->signature, signature, sizeof out->signature);
	return NOTE_FINE;
}

/* Writes the text with a NUL behind it; *length is without that. */
static bool
write_checkpoint(const char *name, uint64_t size,
				 const uint8_t root[CHECKPOINT_ROOT_SIZE],
				 const char *extensions, char *out, size_t capacity,
				 size_t *length)
{
	char encoded[BASE64_LENGTH(CHECKPOINT_ROOT_SIZE) + 1];
	int written;

	base64_encode(root, CHECKPOINT_ROOT_SIZE, encoded);
	written = snprintf(out, capacity, "%s\n%" PRIu64 "\n%s\n%s", name, size,
					   encoded, extensions);
	*length = written > 0 ? (size_t) written : 0;
	return *length > 0 && *length < capacity;
}

bool
checkpoint_join(const struct note_verifier *verifier, uint64_t size,
				const uint8_t root[CHECKPOINT_ROOT_SIZE],
				const uint8_t signature[NOTE_SIGNATURE_SIZE], char *out,
				size_t capacity, size_t *length)
{
	char text[NOTE_MAX_SIZE];
	size_t text_length;

	return write_checkpoint(verifier->name, size, root, "", text, sizeof text,
							&text_length) &&
		   note_join(verifier, text, text_length, signature, out, capacity,
					 length);
}

/* The text is read back, so that nothing malformed is ever signed. */
bool
checkpoint_sign(const char *name, const uint8_t seed[NOTE_SEED_SIZE],
				uint64_t size, const uint8_t root[CHECKPOINT_ROOT_SIZE],
				const char *extensions, char *out, size_t capacity,
				size_t *length)
{
	char text[NOTE_MAX_SIZE];
	struct checkpoint again;
	size_t text_length;

	return note_name_valid(name) &&
		   write_checkpoint(name, size, root,
							extensions != NULL ? extensions : "", text,
							sizeof text, &text_length) &&
		   checkpoint_parse(text, text_length, &again) &&
		   note_sign(name, seed, text, text_length, out, capacity, length);
}
