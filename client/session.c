/*
 * session.c
 *		An account in use: its folder, its contacts, the server, the token.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "blocks.h"
#include "document.h"
#include "field.h"
#include "log_file.h"
#include "session.h"
#include "term.h"

#define TOKEN_FILE "token.json"
#define GOOD_SECONDS 3600 /* no token counts longer */
#define FRESH_SECONDS 360 /* a new one counts this long, whatever it says */

void
session_notice(const struct session *session, const char *format, ...)
{
	char text[512];
	va_list args;

	if (session->notices == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fputs("e2emsg: ", session->notices);
	term_advice(session->notices, text, session->as);
	fputc('\n', session->notices);
}

/* Takes the kept token when it is this server's. */
static enum result
load_token(struct session *session, struct fault *fault)
{
	json_t *file;
	const char *token, *server;
	int64_t expires;
	enum result result =
		document_load(&session->store, TOKEN_FILE, &file, fault);

	if (file != NULL &&
		field_text(file, "token", 1, SESSION_TOKEN_MAX, &token) &&
		field_text(file, "server", 1, ACCOUNT_URL_MAX, &server) &&
		field_number(file, "expires", 0, &expires) &&
		strcmp(server, session->http.base) == 0)
	{
		memcpy(session->token, token, strlen(token) + 1);
		session->token_expires = (time_t) expires;
	}
	json_decref(file);
	return result;
}

enum result
session_open(const char *home, const char *username, const char *server,
			 FILE *notices, struct session *out, struct fault *fault)
{
	enum result result;

	*out = SESSION_CLOSED;
	out->notices = notices;
	home_options(home, NULL, out->as); /* before it is known to be there */
	result = store_open(home, username, false, &out->store, fault);
	if (result == RESULT_OK)
		home_options(home, username, out->as);
	if (result == RESULT_OK)
		result = account_load(&out->store, &out->account, fault);
	if (result == RESULT_OK && out->account.version == 0)
		result = fault_set(fault, RESULT_USAGE,
						   "Run e2emsg register again, with the same name.",
						   "the registration of %s did not end", username);
	if (result == RESULT_OK)
		result = contacts_load(&out->store, &out->contacts, fault);
	if (result == RESULT_OK)
		result = blocks_load(&out->store, &out->blocks, fault);
	if (result == RESULT_OK)
		result = log_file_load(&out->store, &out->log, fault);
	out->http.unreachable_hint = "Has it moved? e2emsg login --server URL" AS;
	if (result == RESULT_OK)
		result = http_open(server ? server : out->account.server, &out->http,
						   fault);
	if (result == RESULT_OK)
		result = load_token(out, fault);
	if (result != RESULT_OK)
		session_close(out);
	return result;
}

void
session_close(struct session *session)
{
	OPENSSL_cleanse(session->token, sizeof(session->token));
	http_close(&session->http);
	json_decref(session->blocks);
	session->blocks = NULL;
	contacts_free(&session->contacts);
	account_free(&session->account);
	store_close(&session->store);
}

/*
 * When to sign in again: in time to look at the own history, and not at once
 * when the clock here is wrong.
 */
static time_t
bounded(time_t expires)
{
	time_t now = time(NULL);

	if (expires > now + GOOD_SECONDS)
		return now + GOOD_SECONDS;
	return expires < now + FRESH_SECONDS ? now + FRESH_SECONDS : expires;
}

enum result
session_take_token(struct session *session, const json_t *answer,
				   struct fault *fault)
{
	const char *token;
	time_t expires;

	if (!field_text(answer, "token", 1, SESSION_TOKEN_MAX, &token) ||
		strspn(token, SESSION_TOKEN_CHARACTERS) != strlen(token) ||
		!field_time(answer, "expiresAt", &expires))
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "the server sent something that is not a token");
	memcpy(session->token, token, strlen(token) + 1);
	session->token_expires = bounded(expires);
	return document_save(&session->store, TOKEN_FILE,
						 json_pack("{s:s, s:I, s:s}", "token", token,
								   "expires",
								   (json_int_t) session->token_expires,
								   "server", session->http.base),
						 fault);
}

void
session_forget_token(struct session *session)
{
	struct fault unused;

	OPENSSL_cleanse(session->token, sizeof(session->token));
	(void) (store_remove(&session->store, TOKEN_FILE, &unused) == RESULT_OK);
}
