/*
 * session.c
 *		An account in use: its folder, its contacts, the server, the token.
 */
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "assertion.h"
#include "document.h"
#include "field.h"
#include "keyring.h"
#include "log_check.h"
#include "log_file.h"
#include "session.h"
#include "term.h"

#define TOKEN_FILE "token.json"
#define TOKEN_MARGIN                                        \
	60 /* seconds before its end at which it counts as over \
		*/
#define RENEW_MARGIN 1800 /* seconds before its end to renew without a key */
#define TRIES 3
#define RETRY_SECONDS_MAX 5
#define NONCE_CHARACTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"

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
	term_line(session->notices, text);
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
	result = store_open(home, username, false, &out->store, fault);
	if (result == RESULT_OK)
		result = account_load(&out->store, &out->account, fault);
	if (result == RESULT_OK && out->account.version == 0)
		result = fault_set(fault, RESULT_USAGE,
						   "Run e2emsg register again, with the same name.",
						   "the registration of %s did not end", username);
	if (result == RESULT_OK)
		result = contacts_load(&out->store, &out->contacts, fault);
	if (result == RESULT_OK)
		result = log_file_load(&out->store, &out->log, fault);
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
	contacts_free(&session->contacts);
	account_free(&session->account);
	store_close(&session->store);
}

enum result
session_take_token(struct session *session, const json_t *answer,
				   struct fault *fault)
{
	const char *token;
	time_t expires;

	if (!field_text(answer, "token", 1, SESSION_TOKEN_MAX, &token) ||
		strspn(token, NONCE_CHARACTERS) != strlen(token) ||
		!field_time(answer, "expiresAt", &expires))
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "the server sent something that is not a token");
	memcpy(session->token, token, strlen(token) + 1);
	session->token_expires = expires;
	return document_save(&session->store, TOKEN_FILE,
						 json_pack("{s:s, s:I, s:s}", "token", token,
								   "expires", (json_int_t) expires, "server",
								   session->http.base),
						 fault);
}

/* The service name of the answer is the pinned one, or becomes it. */
static enum result
pin_service(struct session *session, const char *audience, struct fault *fault)
{
	struct account *account = &session->account;

	if (!account_service_valid(audience))
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "the server's service name is not usable");
	if (account->service[0] == '\0')
		memcpy(account->service, audience, strlen(audience) + 1);
	if (strcmp(account->service, audience) == 0)
		return RESULT_OK;
	return fault_set(fault, RESULT_UNTRUSTED,
					 "Nothing was signed. Is --server the right one?",
					 "the server says that it is \"%s\", not \"%s\"", audience,
					 account->service);
}

enum result
session_challenge(struct session *session, char *nonce, size_t nonce_size,
				  struct fault *fault)
{
	struct http_reply reply = {0};
	const char *text, *audience;
	json_t *body = json_pack("{s:s}", "username", session->account.username);
	enum result result =
		http_call(&session->http, "POST", "/sessions/challenge", body, NULL,
				  &reply, fault);

	json_decref(body);
	if (result != RESULT_OK)
		return result;
	if (reply.status >= 300)
		result = http_fault(&reply, fault);
	else if (!field_text(reply.body, "nonce", 1, nonce_size - 1, &text) ||
			 strspn(text, NONCE_CHARACTERS) != strlen(text) ||
			 !field_text(reply.body, "audience", 1, ACCOUNT_SERVICE_MAX,
						 &audience))
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "the server sent something that is not a "
						   "challenge");
	else
	{
		memcpy(nonce, text, strlen(text) + 1);
		result = pin_service(session, audience, fault);
	}
	http_reply_free(&reply);
	return result;
}

/* Sends the body, if any, to a route that answers with a token. */
static enum result
fetch_token(struct session *session, const char *path, json_t *body,
			const char *token, struct fault *fault)
{
	struct http_reply reply = {0};
	enum result result =
		http_call(&session->http, "POST", path, body, token, &reply, fault);

	if (result == RESULT_OK && reply.status >= 300)
		result = http_fault(&reply, fault);
	else if (result == RESULT_OK)
		result = session_take_token(session, reply.body, fault);
	http_reply_free(&reply);
	json_decref(body);
	return result;
}

/* What an account without identity key has to be told in the end. */
static enum result
token_is_over(const struct session *session, struct fault *fault)
{
	return fault_set(fault, RESULT_AUTH,
					 "An account without identity key can't sign in again "
					 "once an hour went by without use: register another "
					 "name.",
					 "the token of %s is over", session->account.username);
}

/* Renews a token that is still good: the only way without identity key. */
static enum result
renew(struct session *session, struct fault *fault)
{
	enum result result = session->token[0] == '\0'
							 ? RESULT_AUTH
							 : fetch_token(session, "/sessions/refresh", NULL,
										   session->token, fault);

	return result == RESULT_AUTH ? token_is_over(session, fault) : result;
}

/* Renews before it is urgent; a failure is no obstacle yet, but is said. */
static void
renew_early(struct session *session)
{
	struct fault fault;
	enum result result;

	if (session->renewal_tried)
		return;
	session->renewal_tried = true;
	result = renew(session, &fault);
	if (result != RESULT_OK && result != RESULT_NETWORK)
		session_notice(session, "the token could not be renewed: %s",
					   fault.message);
}

/* Signs in with the identity key. */
static enum result
sign_in(struct session *session, struct fault *fault)
{
	char nonce[ASSERTION_NONCE_MAX + 1];
	char assertion[ASSERTION_MAX];
	struct keypair identity = {0};
	enum result result;

	OPENSSL_cleanse(session->token, sizeof(session->token));
	result = session_challenge(session, nonce, sizeof(nonce), fault);
	if (result != RESULT_OK)
		return result;
	result = keyring_load(&session->store, KEYRING_IDENTITY, &identity, fault);
	if (result != RESULT_OK)
		return result;
	if (assertion_make(&identity, session->account.username,
					   session->account.service, nonce, assertion))
		result = fetch_token(session, "/sessions",
							 json_pack("{s:s}", "assertion", assertion), NULL,
							 fault);
	else
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "the assertion could not be signed");
	OPENSSL_cleanse(assertion, sizeof(assertion));
	keypair_free(&identity);
	return result;
}

/* Gives up a token, so that the next command has to sign in. */
static void
forget_token(struct session *session)
{
	struct fault unused;

	OPENSSL_cleanse(session->token, sizeof(session->token));
	(void) (store_remove(&session->store, TOKEN_FILE, &unused) == RESULT_OK);
}

enum result
session_login(struct session *session, struct fault *fault)
{
	enum result result;

	if (!session->account.has_identity)
		return renew(session, fault);
	result = sign_in(session, fault);
	if (result != RESULT_OK)
		return result;
	result = log_check_own(session, fault);
	if (result != RESULT_OK && session->log.problem[0] == '\0')
		forget_token(session);
	return result;
}

enum result
session_need_token(struct session *session, struct fault *fault)
{
	time_t left = session->token_expires - time(NULL);
	bool is_good = session->token[0] != '\0' && left > TOKEN_MARGIN;

	if (!is_good)
		return session_login(session, fault);
	if (!session->account.has_identity && left <= RENEW_MARGIN)
		renew_early(session);
	return RESULT_OK;
}

/* A wrong key log does not stop what only reads. */
static bool
may_call(const struct session *session, enum result signed_in,
		 const char *method)
{
	return signed_in == RESULT_OK ||
		   (signed_in == RESULT_UNTRUSTED && session->log.problem[0] != '\0' &&
			session->token[0] != '\0' && strcmp(method, "GET") == 0);
}

/* One call with the token, and one more after signing in again. */
static enum result
call_signed_in(struct session *session, const char *method, const char *path,
			   const json_t *body, struct http_reply *reply,
			   struct fault *fault)
{
	enum result result = session_need_token(session, fault);

	if (may_call(session, result, method))
		result = http_call(&session->http, method, path, body, session->token,
						   reply, fault);
	if (result != RESULT_OK || reply->status != 401)
		return result;
	http_reply_free(reply);
	if (!session->account.has_identity)
		return token_is_over(session, fault);
	result = session_login(session, fault);
	if (may_call(session, result, method))
		result = http_call(&session->http, method, path, body, session->token,
						   reply, fault);
	return result;
}

/* Did the server take the request, or say no to it for good? */
static bool
is_decided(long status)
{
	return status < 500 && status != 401 && status != 403 && status != 408 &&
		   status != 429;
}

/* Waits before another try: what the server asked for, within reason. */
static void
wait_before_retry(const struct session *session, long asked, int tries)
{
	long seconds = asked > 0 ? asked : tries;

	session_notice(session, "no answer; trying again");
	sleep((unsigned) (seconds < RETRY_SECONDS_MAX ? seconds
												  : RETRY_SECONDS_MAX));
}

enum result
session_call(struct session *session, const char *method, const char *path,
			 const json_t *body, enum repeat repeat, struct http_reply *reply,
			 struct fault *fault)
{
	enum result result = RESULT_OK;

	for (int tries = 1;; tries++)
	{
		long asked = 0;

		*reply = (struct http_reply){0};
		result = call_signed_in(session, method, path, body, reply, fault);
		if (result == RESULT_OK && !is_decided(reply->status))
		{
			asked = reply->retry_after;
			result = http_fault(reply, fault);
			http_reply_free(reply);
		}
		if (result != RESULT_NETWORK || repeat == REPEAT_NEVER ||
			tries == TRIES)
			return result;
		wait_before_retry(session, asked, tries);
	}
}
