/*
 * jwk.h
 *		P-256 public keys as JSON Web Keys (RFC 7517, RFC 7518 section 6.2).
 *
 * Pure C: the extension and the client compile this file.  It does not parse
 * JSON.  Whoever does (PostgreSQL's parser in the extension, jansson in the
 * client) hands over the members one by one, in the order of the text, with
 * names and strings unescaped:
 *
 *		jwk_read_begin(&reader);
 *		jwk_read_string(&reader, name, name_len, value, len);   -- each member
 *		jwk_read_key_op(...), jwk_read_other(...)
 *		problem = jwk_read_end(&reader, purpose, &key);
 */
#ifndef E2EMSG_JWK_H
#define E2EMSG_JWK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JWK_COORDINATE_SIZE 32 /* bytes, RFC 7518 section 6.2.1.2 */
#define JWK_THUMBPRINT_SIZE 32 /* bytes, SHA-256 */
#define JWK_MAX_TEXT 8192	   /* bytes of JSON text that may hold a key */
#define JWK_MAX_DEPTH 32	   /* nesting of unknown members */

/* A point that was found to be on the curve, big-endian coordinates. */
struct jwk
{
	uint8_t x[JWK_COORDINATE_SIZE];
	uint8_t y[JWK_COORDINATE_SIZE];
};

/* What the key will be used for: ECDH (encryption) or ES256 (identity). */
enum jwk_purpose
{
	JWK_ENCRYPTION,
	JWK_IDENTITY,
	JWK_ANY_PURPOSE /* use, alg and key_ops are not compared */
};

/* State of one reading; fill it with jwk_read_begin(). */
struct jwk_reader
{
	unsigned seen;		 /* bit set of known members */
	unsigned key_ops;	 /* bit set of known operations */
	unsigned purposes;	 /* bit set of what use and alg allow */
	const char *problem; /* the first one, or NULL */
	struct jwk key;
};

extern void jwk_read_begin(struct jwk_reader *reader);

/* A member whose value is a string.  Neither text needs a NUL at its end. */
extern void jwk_read_string(struct jwk_reader *reader, const char *name,
							size_t name_len, const char *value, size_t len);

/*
 * A member with any other value.  For "key_ops" call it once with is_array
 * true, then jwk_read_key_op() for each element.
 */
extern void jwk_read_other(struct jwk_reader *reader, const char *name,
						   size_t name_len, bool is_array);

/* An element of "key_ops"; op is NULL when it is not a string. */
extern void jwk_read_key_op(struct jwk_reader *reader, const char *op,
							size_t len);

/*
 * Ends the reading.  Returns NULL and fills *key, or returns what is wrong:
 * one static sentence without any byte of the key.
 */
extern const char *jwk_read_end(struct jwk_reader *reader,
								enum jwk_purpose purpose, struct jwk *key);

/* Is (x, y) a point of P-256, with both coordinates below p? */
extern bool jwk_on_curve(const struct jwk *key);

/* The canonical text of RFC 7638, JWK_CANONICAL_SIZE characters, no NUL. */
#define JWK_CANONICAL_SIZE 126
extern void jwk_canonical(const struct jwk *key, char out[JWK_CANONICAL_SIZE]);

/* RFC 7638 thumbprint: SHA-256 of the canonical text. */
extern void jwk_thumbprint(const struct jwk *key,
						   uint8_t out[JWK_THUMBPRINT_SIZE]);

#endif /* E2EMSG_JWK_H */
