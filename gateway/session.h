/*
 * session.h
 *		Sessions; the handlers of their routes stand in routes.h.
 */
#ifndef E2EMSG_SESSION_H
#define E2EMSG_SESSION_H

#include <stdbool.h>

#include "clock.h"
#include "token.h"

struct gateway;

/* What a client gets of one: a secret, so wipe it after use. */
struct session
{
	char token[TOKEN_SIZE];
	char expires_at[CLOCK_ISO_SIZE];
};

/* Makes a session for the user.  False when OpenSSL fails. */
extern bool session_make(const struct gateway *gateway, const char *user_id,
						 struct session *session)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_SESSION_H */
