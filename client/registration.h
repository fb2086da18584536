/*
 * registration.h
 *		Making an account, here and on the server.
 *
 * Keys are on the disk before the server hears of them.  When the answer was
 * lost, running it again finds out by the thumbprint whether the server took
 * the registration, and finishes it.
 */
#ifndef E2EMSG_REGISTRATION_H
#define E2EMSG_REGISTRATION_H

#include "session.h"

struct registration
{
	const char *username;
	const char *server;	  /* URL */
	const char *service;  /* expected service name, or NULL: ask the server */
	const char *id_token; /* of the service's identity provider, or NULL */
	bool without_identity;
};

/*
 * Registers and opens a session, which the caller closes in any case.  A
 * failure with an account version above 0 is the key log's: the account is
 * made.
 */
extern CHECKED enum result
registration_run(const char *home, const struct registration *wanted,
				 FILE *notices, struct session *session, struct fault *fault);

#endif /* E2EMSG_REGISTRATION_H */
