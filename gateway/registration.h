/*
 * registration.h
 *		Who may register; the handler of POST /users stands in routes.h.
 */
#ifndef E2EMSG_REGISTRATION_H
#define E2EMSG_REGISTRATION_H

#include <stdbool.h>

struct reply;
struct request;

/*
 * Before the body is read: is registration open, and does the request have a
 * token of the identity provider, if there is one?  Fills the request's
 * identity, or the reply with the refusal.
 */
extern bool registration_may_call(struct request *request, struct reply *reply)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_REGISTRATION_H */
