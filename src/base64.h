/*
 * base64.h
 *		Standard base64 with padding (RFC 4648 section 4), canonical: what a
 *		signed note is written in.
 *
 * Pure C, with base64url.c.
 */
#ifndef E2EMSG_BASE64_H
#define E2EMSG_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE64_MAX_LENGTH 4096 /* characters that are decoded at once */

#define BASE64_LENGTH(bytes) (((bytes) + 2) / 3 * 4)
#define BASE64_BYTES(chars) ((chars) / 4 * 3)

/* Writes BASE64_LENGTH(size) characters and a NUL. */
extern void base64_encode(const uint8_t *bytes, size_t size, char *out);

/*
 * Writes at most BASE64_BYTES(length) bytes and sets *size.  False when the
 * text is not what base64_encode writes, or longer than BASE64_MAX_LENGTH.
 */
extern bool base64_decode(const char *text, size_t length, uint8_t *out,
						  size_t *size) __attribute__((warn_unused_result));

/* The same of a text that must be that of exactly "size" bytes. */
extern bool base64_decode_exactly(const char *text, size_t length,
								  uint8_t *out, size_t size)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_BASE64_H */
