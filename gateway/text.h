/*
 * text.h
 *		Texts under construction: heads, JSON and tokens of our own making.
 *
 * A text either grows, up to TEXT_LIMIT, or stays within an array.  What
 * finds no room makes it fail for good, so that one look at the end is
 * enough: a failed text is not to be used.
 */
#ifndef E2EMSG_TEXT_H
#define E2EMSG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TEXT_LIMIT ((size_t) 1 << 30) /* bytes */

/* Zero is an empty one that grows; free that with text_free(). */
struct text
{
	char *bytes; /* without a NUL at the end */
	size_t size, room;
	bool fixed;	 /* in somebody's array */
	bool failed; /* no room or no memory */
};

/* An empty text within an array. */
#define TEXT_IN(array) \
	((struct text){.bytes = (array), .room = sizeof(array), .fixed = true})

/* Makes room for so many bytes more.  False when there is none. */
extern bool text_reserve(struct text *text, size_t more);

/* A non-negative number in decimal digits. */
extern void text_add_number(struct text *text, int64_t number);

/* A JSON string of valid UTF-8, with its quotes. */
extern void text_add_json(struct text *text, const char *value);

/* Frees what grew. */
extern void text_free(struct text *text);

static inline void
text_add_bytes(struct text *text, const char *bytes, size_t size)
{
	if (size > text->room - text->size && !text_reserve(text, size))
		return;
	memcpy(text->bytes + text->size, bytes, size);
	text->size += size;
}

/* Inline, so that the length of a literal is known when it is compiled. */
static inline void
text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

#endif /* E2EMSG_TEXT_H */
