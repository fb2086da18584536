/*
 * compact_jws.h
 *		Compact JWS for the targets: made of an input, and taken apart.
 */
#ifndef E2EMSG_COMPACT_JWS_H
#define E2EMSG_COMPACT_JWS_H

#include "base64url.h"
#include "fuzz.h"

/* Three parts: decoded, each with a NUL behind it; free with parts_free(). */
struct parts
{
	uint8_t *bytes[3];
	size_t size[3];
	size_t signed_size; /* characters of header.payload */
};

static inline void
parts_free(struct parts *parts)
{
	for (size_t i = 0; i < 3; i++)
		free(parts->bytes[i]);
}

/* Takes a token apart, part by part.  Free it also after false. */
static inline bool
parts_of(const char *text, size_t size, struct parts *out)
{
	size_t at = 0;

	*out = (struct parts){.signed_size = 0};
	for (size_t i = 0; i < 3; i++)
	{
		const char *part = text + at;
		size_t length = 0;

		while (at + length < size && part[length] != '.')
			length++;
		out->size[i] = base64url_decoded_length(length);
		out->bytes[i] = calloc(1, out->size[i] + 1);
		if (length == 0 || (i < 2) != (at + length < size) ||
			!base64url_decode_bytes(part, length, out->bytes[i]))
			return false;
		if (i == 1)
			out->signed_size = at + length;
		at += length + 1;
	}
	return true;
}

/* A text that grows. */
struct compact
{
	char *text;
	size_t size;
};

static inline void
compact_add(struct compact *token, const void *bytes, size_t size)
{
	size_t length = base64url_encoded_length(size);

	token->text = realloc(token->text, token->size + length + 1);
	base64url_encode_bytes(bytes, size, token->text + token->size);
	token->size += length;
}

static inline void
compact_add_dot(struct compact *token)
{
	token->text[token->size++] = '.';
}

/*
 * header.payload of an input: up to its first LF, and behind it.  The caller
 * adds a signature and frees the text.
 */
static inline struct compact
compact_begin(const uint8_t *data, size_t size)
{
	struct compact token = {NULL, 0};
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t header = end ? (size_t) (end - data) : size;

	compact_add(&token, data, header);
	compact_add_dot(&token);
	if (end)
		compact_add(&token, end + 1, size - header - 1);
	return token;
}

static inline void
compact_end(struct compact *token, const uint8_t *signature, size_t size)
{
	token->text = realloc(token->text, token->size + 1);
	compact_add_dot(token);
	compact_add(token, signature, size);
}

#endif /* E2EMSG_COMPACT_JWS_H */
