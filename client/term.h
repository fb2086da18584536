/*
 * term.h
 *		Text of others on a terminal.
 *
 * What a peer or a server wrote must not move the cursor, change colours,
 * answer for the keyboard or turn lines around.  So C0 but for newline and
 * tab, DEL, C1, bidirectional controls, invisible characters and broken
 * UTF-8 are shown as \x1b or \u{202e}, never sent.
 */
#ifndef E2EMSG_TERM_H
#define E2EMSG_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* May this character go to a terminal as it is? */
extern bool term_harmless(uint32_t character);

/*
 * Writes text safely; "indent" follows each newline, so that no line of a
 * message can pass for a line of ours.
 */
extern void term_write(FILE *stream, const char *text, size_t size,
					   const char *indent);

/* The same for a NUL-terminated text of one line: newlines are escaped. */
extern void term_line(FILE *stream, const char *text);

/* That, of our own words: "as" comes in the place of each AS (result.h). */
extern void term_advice(FILE *stream, const char *text, const char *as);

#endif /* E2EMSG_TERM_H */
