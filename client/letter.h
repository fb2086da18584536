/*
 * letter.h
 *		A record of the mail as a person, or a program, reads it.
 */
#ifndef E2EMSG_LETTER_H
#define E2EMSG_LETTER_H

#include <stdbool.h>

#include <jansson.h>

/*
 * Prints a record to stdout.  For people: a line "[seq] time name (trust)",
 * then the text, indented, with everything that a terminal would act upon
 * shown as \x1b or \u{202e}.  As JSON: one line, without the envelope of a
 * message that could not be opened.  "delivery" is what receipts say of a
 * message that was sent, or NULL; JSON has it as a member.
 */
extern void letter_print(const json_t *record, const char *delivery,
						 bool json);

/* Prints for people what a receipt says of the record "subject". */
extern void letter_print_receipt(const json_t *record, const json_t *subject);

#endif /* E2EMSG_LETTER_H */
