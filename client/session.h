/*
 * session.h
 *		An account in use: its folder, its contacts, the server, the token.
 */
#ifndef E2EMSG_SESSION_H
#define E2EMSG_SESSION_H

#include <stdio.h>
#include <time.h>

#include "account.h"
#include "contacts.h"
#include "home.h"
#include "http.h"
#include "log_pin.h"
#include "result.h"
#include "store.h"
#include "username.h"

#define SESSION_TOKEN_MAX 4096 /* bytes of a token */

/* Of tokens and nonces. */
#define SESSION_TOKEN_CHARACTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"

/* Start with SESSION_CLOSED, end with session_close(). */
struct session
{
	struct store store;
	struct account account;
	struct contacts contacts;
	json_t *blocks; /* blocks.h; NULL: none */
	struct http http;
	char token[SESSION_TOKEN_MAX + 1]; /* empty: none */
	time_t token_expires;
	bool renewal_tried; /* before it was urgent: once a session */
	struct log_pin log;
	uint32_t looked_for; /* the newest key version looked for in the backup */
	bool called;		 /* the server answered a call with the token */
	bool backup_tried;	 /* to write the backup, in this run */
	bool looking;		 /* into the backup: no sign-in looks again */
	bool checking;		 /* the own history: no sign-in checks it again */
	char as[HOME_OPTIONS_SIZE]; /* for AS */
	FILE *notices;				/* where remarks for the user go, or NULL */
};

#define SESSION_CLOSED        \
	(struct session)          \
	{                         \
		.store = STORE_CLOSED \
	}

/* May a failed call be made again without harm? */
enum repeat
{
	REPEAT_NEVER,
	REPEAT_HARMLESS
};

/*
 * Opens an account.  "server" (or NULL) stands in for the account's own.
 * RESULT_USAGE when there is none or its registration did not end.
 */
extern CHECKED enum result session_open(const char *home, const char *username,
										const char *server, FILE *notices,
										struct session *out,
										struct fault *fault);

/* Closes and wipes. */
extern void session_close(struct session *session);

/* Takes token and expiresAt of an answer and keeps them. */
extern CHECKED enum result session_take_token(struct session *session,
											  const json_t *answer,
											  struct fault *fault);

/* Gives up the token, so that the next call has to sign in. */
extern void session_forget_token(struct session *session);

/* A remark for the user, printf style, one line, made safe to print. */
extern void session_notice(const struct session *session, const char *format,
						   ...) __attribute__((format(printf, 2, 3)));

/* session_call.c */

/*
 * Asks for a nonce; checks that the server's "audience" is the service that
 * the account pinned, or pins it when there is none yet.
 */
extern CHECKED enum result session_challenge(struct session *session,
											 char *nonce, size_t nonce_size,
											 struct fault *fault);

/*
 * Signs in and keeps the token: with the identity key, or for an unsigned
 * account by renewing a token that is still good.  After signing in, what the
 * key log says of the account is checked; RESULT_UNTRUSTED, and a token all
 * the same, when that is wrong.  Without an answer to that there is no token.
 */
extern CHECKED enum result session_login(struct session *session,
										 struct fault *fault);

/* Signs in unless there is a token that is good for another minute. */
extern CHECKED enum result session_need_token(struct session *session,
											  struct fault *fault);

/*
 * A call with the token.  Signs in again after 401, and makes a harmless
 * call up to three times while the server can't be reached.  RESULT_OK when
 * the server has decided: an answer below 400, or a problem that no other
 * try would change.  The caller looks at the status and frees *reply then,
 * and only then.
 */
extern CHECKED enum result session_call(struct session *session,
										const char *method, const char *path,
										const json_t *body, enum repeat repeat,
										struct http_reply *reply,
										struct fault *fault);

#endif /* E2EMSG_SESSION_H */
