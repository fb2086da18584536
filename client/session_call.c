/*
 * session_call.c
 *		Signing in, and calls with the token.
 */
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "assertion.h"
#include "backup_sync.h"
#include "field.h"
#include "keyring.h"
#include "log_check.h"
#include "session.h"

#define TOKEN_MARGIN 60	  /* seconds before its end: it counts as over */
#define RENEW_MARGIN 1800 /* seconds before its end to renew without a key */
#define TRIES 3
#define RETRY_SECONDS_MAX 5

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
	(void) fault_set(fault, RESULT_UNTRUSTED, NULL,
					 "the server says that it is \"%s\", not \"%s\"", audience,
					 account->service);
	snprintf(fault->hint, sizeof(fault->hint),
			 "Nothing was signed. Is %.150s the right server? --server comes "
			 "first, then E2EMSG_SERVER, then that of the account.",
			 session->http.base);
	return RESULT_UNTRUSTED;
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
			 strspn(text, SESSION_TOKEN_CHARACTERS) != strlen(text) ||
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

enum result
session_login(struct session *session, struct fault *fault)
{
	enum result result;

	if (!session->account.has_identity)
	{
		result = renew(session, fault);
		return result == RESULT_OK ? log_check_after(session, fault) : result;
	}
	result = sign_in(session, fault);
	if (result != RESULT_OK)
		return result;
	backup_look(session);
	result = log_check_own(session, fault);
	if (result != RESULT_OK && session->log.problem[0] == '\0')
		session_forget_token(session);
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
is_decided(const struct http_reply *reply)
{
	enum result result = http_result(reply);

	return result == RESULT_OK || result == RESULT_REFUSED;
}

/* Waits before another try: what the server asked for, within reason. */
static void
wait_before_retry(const struct session *session, const char *why, long asked,
				  int tries)
{
	long seconds = asked > 0 ? asked : tries;

	session_notice(session, "%s; trying again", why);
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
		session->called = session->called || result == RESULT_OK;
		if (result == RESULT_OK && !is_decided(reply))
		{
			asked = reply->retry_after;
			result = http_fault(reply, fault);
			http_reply_free(reply);
		}
		if (result != RESULT_NETWORK || repeat == REPEAT_NEVER ||
			tries == TRIES || session->http.too_often ||
			http_is_stopped(&session->http))
			return result;
		wait_before_retry(session, fault->message, asked, tries);
	}
}
