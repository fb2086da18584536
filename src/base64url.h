/*
 * base64url.h
 *		Strict base64url without padding (RFC 4648 section 5).
 *
 * Pure C: the extension, the gateway and the clients compile this file.
 *
 * A text is accepted exactly when encoding its decoded bytes gives the same
 * text: no padding, no white space, no other alphabet, no spare bits set in
 * the last character.
 */
#ifndef E2EMSG_BASE64URL_H
#define E2EMSG_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Number of characters that encode "bytes" bytes. */
extern size_t base64url_encoded_length(size_t bytes);

/* Number of bytes in a valid text of "chars" characters. */
extern size_t base64url_decoded_length(size_t chars);

/* Writes base64url_encoded_length(len) characters to dst; adds no NUL. */
extern void base64url_encode_bytes(const uint8_t *src, size_t len, char *dst);

/*
 * Writes base64url_decoded_length(len) bytes to dst and returns true, or
 * returns false for a text that is not canonical; dst then holds rubbish.
 */
extern bool base64url_decode_bytes(const char *src, size_t len, uint8_t *dst);

#endif /* E2EMSG_BASE64URL_H */
