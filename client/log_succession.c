/*
 * log_succession.c
 *		How an operator hands a key log over to a new one.
 */
#include <stdio.h>
#include <string.h>

#include "log_succession.h"

#define TITLE "e2emsg key log succession v1"
#define LINES 4
#define LINE_MAX_SIZE 256 /* bytes of the longest line, more than enough */

/* Copies a line without its newline; NULL when it is cut off or too long. */
static const char *
take_line(const char *at, const char *end, char out[LINE_MAX_SIZE])
{
	const char *newline = memchr(at, '\n', (size_t) (end - at));
	size_t length = newline ? (size_t) (newline - at) : LINE_MAX_SIZE;

	if (length >= LINE_MAX_SIZE)
		return NULL;
	memcpy(out, at, length);
	out[length] = '\0';
	return newline + 1;
}

/* "size root", which are two lines of a checkpoint. */
static bool
read_head(const char *line, uint64_t *size, uint8_t root[CHECKPOINT_ROOT_SIZE])
{
	const char *space = strchr(line, ' ');
	char text[LINE_MAX_SIZE + 8];
	struct checkpoint head;
	int length;

	if (space == NULL)
		return false;
	length = snprintf(text, sizeof(text), "log\n%.*s\n%s\n",
					  (int) (space - line), line, space + 1);
	if (!checkpoint_parse(text, (size_t) length, &head))
		return false;
	*size = head.size;
	memcpy(root, head.root, CHECKPOINT_ROOT_SIZE);
	return head.extensions_length == 0;
}

bool
log_succession_read(const char *note, size_t length,
					const struct note_verifier *by, struct log_succession *out)
{
	char lines[LINES][LINE_MAX_SIZE];
	size_t text_length;
	const char *at = note;

	if (note_open(note, length, by, &text_length, NULL) != NOTE_FINE)
		return false;
	for (int i = 0; i < LINES && at != NULL; i++)
		at = take_line(at, note + text_length, lines[i]);
	return at == note + text_length && strcmp(lines[0], TITLE) == 0 &&
		   note_verifier_parse(lines[1], &out->next) &&
		   read_head(lines[2], &out->old_size, out->old_root) &&
		   read_head(lines[3], &out->new_size, out->new_root);
}

bool
log_succession_same_key(const struct note_verifier *a,
						const struct note_verifier *b)
{
	return strcmp(a->name, b->name) == 0 &&
		   memcmp(a->public_key, b->public_key, NOTE_PUBLIC_KEY_SIZE) == 0;
}

bool
log_succession_find(const json_t *notes, const struct note_verifier *from,
					const struct note_verifier *to,
					struct log_succession *first)
{
	struct note_verifier holder = *from;
	json_t *note;
	size_t i;

	json_array_foreach(notes, i, note)
	{
		const char *text = json_string_value(note);
		struct log_succession said;

		if (text == NULL)
			continue;
		if (log_succession_read(text, strlen(text), from, &said))
			*first = said;
		else if (!log_succession_read(text, strlen(text), &holder, &said))
			continue;
		holder = said.next;
		if (log_succession_same_key(&holder, to))
			return true;
	}
	return false;
}
