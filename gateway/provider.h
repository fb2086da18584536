/*
 * provider.h
 *		An external identity provider: who may register under which name.
 *
 * With idp_issuer, idp_audience and idp_jwks_file a registration needs a JWT
 * (RFC 7519) of the provider, whose claim idp_username_claim is the username.
 *
 *		header		alg ES256 or RS256, which only has to agree with the key;
 *					kid chooses the key; typ, if there, JWT or at+jwt in any
 *					case; x5t and x5t#S256 are ignored; nothing else (crit,
 *					b64, jwk, jku, x5c, x5u ...)
 *		claims		iss and aud (a string or a list that holds ours) exactly;
 *					exp in the future; nbf and iat, if there, not in the
 *					future, but for a clock that is a little ahead; dates are
 *					integers
 *
 * Keys are read at the start and at SIGHUP and kept as OpenSSL wants them;
 * nothing is fetched.  The gateway's own tokens are HS256 and never pass here,
 * and those of the provider never pass token_verify().
 */
#ifndef E2EMSG_PROVIDER_H
#define E2EMSG_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "jwks.h"
#include "token.h"

#define PROVIDER_TOKEN_MAX 8192 /* characters; refused unread beyond */
#define PROVIDER_HEADER_MAX 1024
#define PROVIDER_LEEWAY_S 60 /* for nbf and iat */
#define PROVIDER_USERNAME_SIZE 64

struct provider;

/* What a good token says. */
struct provider_identity
{
	char username[PROVIDER_USERNAME_SIZE];
};

/* What is wrong with these settings together?  A sentence, or NULL. */
extern const char *provider_settings_problem(const struct config *config);

/* Do they name a provider? */
extern bool provider_is_set(const struct config *config);

/*
 * Reads the keys.  NULL, and one sentence in problem, when they can't be
 * used.  The settings are copied.
 */
extern struct provider *provider_open(const struct config *config,
									  char problem[JWKS_PROBLEM_SIZE])
	__attribute__((warn_unused_result));
extern void provider_close(struct provider *provider);

/*
 * Reads the keys again, while threads verify.  False, with the old keys still
 * there, when that fails.
 */
extern bool provider_reload(struct provider *provider,
							char problem[JWKS_PROBLEM_SIZE])
	__attribute__((warn_unused_result));

/* How many keys there are, and where they come from. */
extern size_t provider_key_count(struct provider *provider);

/*
 * Checks a token; fills *identity when it is good, and otherwise says in
 * *why, one static sentence, what is wrong.  "now" in seconds.
 */
extern enum token_result
provider_verify(struct provider *provider, const char *text, size_t size,
				int64_t now, struct provider_identity *identity,
				const char **why) __attribute__((warn_unused_result));

/*
 * The first half of it: header and signature.  The payload, of at most
 * PROVIDER_TOKEN_MAX bytes, is to be believed when it returns NULL; otherwise
 * it returns what is wrong.
 */
extern const char *
provider_check_signature(const struct jwks *keys, const char *text,
						 size_t size, uint8_t *payload, size_t *payload_size)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_PROVIDER_H */
