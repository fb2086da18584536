/*
 * utf8.h
 *		Strict UTF-8 (RFC 3629).
 */
#ifndef E2EMSG_UTF8_H
#define E2EMSG_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Is this text that PostgreSQL takes: no overlong form, no surrogate,
 * nothing past U+10FFFF, no NUL?
 */
extern bool utf8_is_text(const uint8_t *bytes, size_t size);

#endif /* E2EMSG_UTF8_H */
