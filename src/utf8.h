/*
 * utf8.h
 *		UTF-8 (RFC 3629): no surrogate, no overlong form, none past U+10FFFF.
 */
#ifndef E2EMSG_UTF8_H
#define E2EMSG_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads one character at the start of the "size" bytes of text and returns
 * how many bytes it takes (1 to 4), or 0 when there is none or it is wrong.
 */
extern size_t utf8_next(const char *text, size_t size, uint32_t *character);

/* Are the "size" bytes UTF-8 from begin to end? */
extern bool utf8_valid(const char *text, size_t size);

#endif /* E2EMSG_UTF8_H */
