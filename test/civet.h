/*
 * civet.h
 *		A request's head as CivetWeb 1.15 hands it over.
 *
 * Parsed in place as CivetWeb does, with its leniency, so that
 * guard_is_whole() is tried on the very bytes.
 */
#ifndef E2EMSG_CIVET_H
#define E2EMSG_CIVET_H

#include <ctype.h>
#include <string.h>

#include "guard.h"

#define CIVET_MAX_FIELDS 64
#define CIVET_MAX_SIZE 16384

struct civet_head
{
	char text[CIVET_MAX_SIZE + 1];
	struct guard_field fields[CIVET_MAX_FIELDS];
	struct guard_head head;
};

/* The size of the head, its empty line included; 0 when there is none. */
static inline size_t
civet_head_size(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c < 128 && c != '\r' && c != '\n' && !isprint(c))
			return 0;
		if (size - i >= 2 && memcmp(text + i, "\n\n", 2) == 0)
			return i + 2;
		if (size - i >= 4 && memcmp(text + i, "\r\n\r\n", 4) == 0)
			return i + 4;
	}
	return 0;
}

/*
 * Ends the word with NULs over all white space behind it.  NULL when no space
 * follows, or for the last word of a line no end of the line.
 */
static inline char *
civet_end_word(char *at, bool is_last)
{
	while (isgraph((unsigned char) *at))
		at++;
	if (is_last ? *at != '\r' && *at != '\n' : *at != ' ')
		return NULL;
	do
		*at++ = '\0';
	while (isspace((unsigned char) *at));
	return is_last || isgraph((unsigned char) *at) ? at : NULL;
}

/* One field; returns the next line, or NULL where CivetWeb gives up. */
static inline char *
civet_parse_field(char *at, struct guard_field *field)
{
	field->name = at;
	while (*at != ':' && *at > 32 && *at < 127)
		at++;
	while (*at == ' ')
		*at++ = '\0';
	if (*at != ':')
		return NULL;
	*at++ = '\0';
	while (*at == ' ')
		at++;
	field->value = at;
	while (*at && *at != '\r' && *at != '\n')
		at++;
	if (*at == '\r')
	{
		*at++ = '\0';
		if (*at != '\n')
			return NULL;
	}
	if (*at)
		*at++ = '\0';
	return at;
}

/* Fields up to an empty line or one that begins like no field. */
static inline bool
civet_parse_fields(char *at, struct civet_head *parsed)
{
	struct guard_head *head = &parsed->head;

	while (head->field_count<CIVET_MAX_FIELDS && * at> 32 && *at < 127 &&
		   *at != ':')
	{
		at = civet_parse_field(at, &parsed->fields[head->field_count]);
		if (!at)
			return false;
		head->field_count++;
	}
	return true;
}

/* False when CivetWeb refuses the bytes itself, or waits for more. */
static inline bool
civet_parse(struct civet_head *parsed, const char *bytes, size_t size)
{
	struct guard_head *head = &parsed->head;
	size_t head_size;
	char *at = parsed->text;

	memset(parsed, 0, sizeof(*parsed));
	while (size > 0 && isspace((unsigned char) *bytes))
	{
		bytes++;
		size--;
	}
	head_size = civet_head_size(bytes, size);
	if (head_size == 0 || head_size > CIVET_MAX_SIZE)
		return false;
	memcpy(parsed->text, bytes, head_size - 1);
	head->fields = parsed->fields;
	head->method = at;
	head->target = at = civet_end_word(at, false);
	head->version = at = at ? civet_end_word(at, false) : NULL;
	if (!at || strncmp(at, "HTTP/", 5) != 0)
		return false;
	head->version += 5;
	at = civet_end_word(at, true);
	if (!at || !civet_parse_fields(at, parsed))
		return false;
	at = strchr((char *) parsed->text + (head->target - parsed->text), '?');
	if (at)
	{
		*at = '\0';
		head->query = at + 1;
	}
	return true;
}

#endif /* E2EMSG_CIVET_H */
