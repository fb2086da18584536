/*
 * session.h
 *		Sessions; the handlers of their routes stand in routes.h.
 */
#ifndef E2EMSG_SESSION_H
#define E2EMSG_SESSION_H

#include <stdbool.h>

#include <jansson.h>

struct gateway;

/* Adds "token" and "expiresAt" of a new session to an answer. */
extern bool session_add_token(struct gateway *gateway, const char *user_id,
							  json_t *answer)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_SESSION_H */
