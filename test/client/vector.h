/*
 * vector.h
 *		Members of test vectors: texts, hexadecimal, base64url, keys.
 *
 * A vector that lacks what a test asks for ends the run: the file is ours.
 */
#ifndef E2EMSG_VECTOR_H
#define E2EMSG_VECTOR_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base64url.h"
#include "keypair.h"
#include "tap.h"
#include "uuid.h"

#define VECTOR_MAX 70000 /* bytes of the longest member */

/* Bytes of a member; the test frees them. */
struct bytes
{
	uint8_t *at;
	size_t size;
};

static inline void
vector_need(bool good, const char *name)
{
	if (good)
		return;
	printf("Bail out! a vector has no usable %s\n", name);
	exit(EXIT_FAILURE);
}

static inline const char *
vector_text(const json_t *vector, const char *name)
{
	const char *text = json_string_value(json_object_get(vector, name));

	vector_need(text != NULL, name);
	return text;
}

static inline bool
vector_true(const json_t *vector, const char *name)
{
	return json_is_true(json_object_get(vector, name));
}

static inline uint32_t
vector_number(const json_t *vector, const char *name)
{
	return (uint32_t) json_integer_value(json_object_get(vector, name));
}

static inline struct bytes
vector_hex(const json_t *vector, const char *name)
{
	const char *text = vector_text(vector, name);
	struct bytes out = {malloc(strlen(text) / 2 + 1), strlen(text) / 2};

	vector_need(out.at != NULL, name);
	for (size_t i = 0; i < out.size; i++)
	{
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

		out.at[i] = (uint8_t) strtoul(pair, NULL, 16);
	}
	return out;
}

static inline struct bytes
vector_bytes(const json_t *vector, const char *name)
{
	const char *text = vector_text(vector, name);
	size_t size = base64url_decoded_length(strlen(text));
	struct bytes out = {malloc(size + 1), size};

	vector_need(out.at != NULL &&
					base64url_decode_bytes(text, strlen(text), out.at),
				name);
	return out;
}

/* base64url of exactly "size" bytes. */
static inline void
vector_fixed(const json_t *vector, const char *name, uint8_t *out, size_t size)
{
	struct bytes bytes = vector_bytes(vector, name);

	vector_need(bytes.size == size, name);
	memcpy(out, bytes.at, size);
	free(bytes.at);
}

static inline void
vector_uuid(const json_t *vector, const char *name, struct uuid *out)
{
	vector_need(uuid_parse(vector_text(vector, name), out), name);
}

/* A private JWK, or its public half. */
static inline void
vector_pair(const json_t *jwk, struct keypair *out)
{
	uint8_t scalar[KEYPAIR_SCALAR_SIZE];

	vector_fixed(jwk, "d", scalar, sizeof(scalar));
	vector_need(keypair_from_scalar(scalar, out), "d");
}

static inline void
vector_jwk(const json_t *jwk, struct jwk *out)
{
	vector_fixed(jwk, "x", out->x, sizeof(out->x));
	vector_fixed(jwk, "y", out->y, sizeof(out->y));
}

static inline bool
vector_equal(const struct bytes *expected, const uint8_t *bytes, size_t size)
{
	return expected->size == size &&
		   (size == 0 || memcmp(expected->at, bytes, size) == 0);
}

#endif /* E2EMSG_VECTOR_H */
