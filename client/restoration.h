/*
 * restoration.h
 *		An account made of its backup.
 *
 * All is put together in a folder of another name, which gets the account's
 * name in the end: a restore that does not end leaves no account.
 */
#ifndef E2EMSG_RESTORATION_H
#define E2EMSG_RESTORATION_H

#include "session.h"

struct restoration
{
	const char *username;
	const char *server;	 /* URL */
	const char *service; /* expected service name, or NULL: ask the server */
	const char *code;	 /* as it was typed */
};

/* RESULT_REFUSED when there is an account of that name already. */
extern CHECKED enum result
restoration_check(const char *home, const char *username, struct fault *fault);

/*
 * Restores and opens a session, which the caller closes in any case.  A
 * failure with an account version above 0 is that of the account's history or
 * key log: the account is there, to read with, and sends nothing.
 */
extern CHECKED enum result
restoration_run(const char *home, const struct restoration *wanted,
				FILE *notices, struct session *session, struct fault *fault);

#endif /* E2EMSG_RESTORATION_H */
