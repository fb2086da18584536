/*
 * token.h
 *		Session tokens: JWT (RFC 7519) signed with HS256, valid for one hour.
 */
#ifndef E2EMSG_TOKEN_H
#define E2EMSG_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "secret.h"

#define TOKEN_ISSUER "e2emsg"
#define TOKEN_AUDIENCE "e2emsg-api"
#define TOKEN_LIFETIME_S 3600
#define TOKEN_SUBJECT_SIZE 64 /* with its NUL */
#define TOKEN_SIZE 512		  /* of our own tokens, with NUL */

/* Who holds a good token, and until when. */
struct token_bearer
{
	char subject[TOKEN_SUBJECT_SIZE];
	int64_t expires_at; /* seconds */
};

enum token_result
{
	TOKEN_GOOD,
	TOKEN_BAD,
	TOKEN_EXPIRED /* good in every other way */
};

/*
 * Checks the claims: iss, aud (a string or an array that holds ours), sub,
 * exp, and nbf and iat if present.  Dates are integers.  "now" in seconds.
 */
extern enum token_result token_claims(const uint8_t *payload, size_t size,
									  int64_t now, struct token_bearer *bearer)
	__attribute__((warn_unused_result));

/* Checks a token; fills *bearer when it is good. */
extern enum token_result token_verify(const struct secret *secret,
									  const char *text, size_t size,
									  int64_t now, struct token_bearer *bearer)
	__attribute__((warn_unused_result));

/* A token that was found good; zeros for none. */
struct token_memo
{
	char text[TOKEN_SIZE];
	size_t size;
	int64_t checked_at; /* the "now" of then */
	struct token_bearer bearer;
};

/*
 * The same as token_verify(), but the token of the memo is not checked twice
 * in one second: the answer could not be another.
 */
extern enum token_result token_recall(const struct secret *secret,
									  struct token_memo *memo,
									  const char *text, size_t size,
									  int64_t now, struct token_bearer *bearer)
	__attribute__((warn_unused_result));

/* Writes a token for the subject.  Returns its length, 0 on failure. */
extern size_t token_issue(const struct secret *secret, const char *subject,
						  int64_t now, char out[TOKEN_SIZE])
	__attribute__((warn_unused_result));

#endif /* E2EMSG_TOKEN_H */
