/*
 * jws.h
 *		Compact JSON Web Signatures (RFC 7515), strictly.
 *
 * The caller says beforehand which algorithm, type and key id it takes; the
 * header only has to agree.  It may hold alg, typ and kid and nothing else.
 */
#ifndef E2EMSG_JWS_H
#define E2EMSG_JWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JWS_MAX_SIZE 2048 /* characters; refused unread beyond */
#define JWS_MAX_PART (JWS_MAX_SIZE / 4 * 3) /* bytes, of a decoded part */
#define JWS_SIGNATURE_MAX 64

struct jws_policy
{
	const char *alg;
	size_t signature_size; /* bytes */
	const char *typ;
	bool typ_exact;	 /* typ must stand there in this spelling; otherwise
					  * it may be absent or in another case */
	const char *kid; /* the only one listed, or NULL for none */
};

struct jws
{
	const char *signed_text; /* header.payload, points into the input */
	size_t signed_size;
	uint8_t payload[JWS_MAX_PART];
	size_t payload_size; /* bytes */
	uint8_t signature[JWS_SIGNATURE_MAX];
};

/* The three parts as they stand in the text, in base64url. */
struct jws_parts
{
	const char *header, *payload, *signature;
	size_t header_size, payload_size, signature_size; /* characters */
	size_t signed_size; /* header.payload, from the text's beginning */
};

/* Finds the parts; false when there are not just three, none of them empty. */
extern bool jws_split(const char *text, size_t size, struct jws_parts *parts)
	__attribute__((warn_unused_result));

/*
 * Takes the text apart under the policy.  It does not look at the signature
 * beyond its size: the payload is not to be believed before that is checked.
 */
extern bool jws_parse(const char *text, size_t size,
					  const struct jws_policy *policy, struct jws *jws)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_JWS_H */
