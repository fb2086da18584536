/*
 * registration.c
 *		Making an account, here and on the server.
 */
#include <string.h>
#include <unistd.h>

#include "assertion.h"
#include "endorsement.h"
#include "field.h"
#include "key_object.h"
#include "keyring.h"
#include "log_check.h"
#include "log_file.h"
#include "log_follow.h"
#include "registration.h"
#include "server.h"

#define FIRST_VERSION 1

/* A registration under way. */
struct attempt
{
	struct session *session;
	const char *id_token;
	struct keypair identity; /* empty for an unsigned account */
	struct keypair key;
	bool resumed; /* an earlier run may have reached the server */
};

/* The folder holds an account of this name, whatever its server knows now. */
static enum result
refuse_second(struct session *session, struct fault *fault)
{
	struct account *account = &session->account;

	account->version = 0; /* not by this registration */
	(void) fault_set(fault, RESULT_REFUSED, NULL,
					 "%s is registered already, at %s", account->username,
					 account->server);
	snprintf(fault->hint, sizeof(fault->hint),
			 "To begin anew, put its folder away first (%.200s), or take "
			 "another one with --home.",
			 session->store.path);
	return RESULT_REFUSED;
}

/* Opens the folder; a new account gets what the user wants. */
static enum result
prepare_account(const char *home, const struct registration *wanted,
				struct attempt *attempt, struct fault *fault)
{
	struct session *session = attempt->session;
	struct account *account = &session->account;
	enum result result =
		store_open(home, wanted->username, true, &session->store, fault);

	if (result == RESULT_OK)
		result = account_load(&session->store, account, fault);
	if (result == RESULT_OK)
		result = log_file_load(&session->store, &session->log, fault);
	if (result != RESULT_OK)
		return result;
	if (account->version > 0)
		return refuse_second(session, fault);
	attempt->resumed = account->username[0] != '\0';
	if (!attempt->resumed)
	{
		memcpy(account->username, wanted->username,
			   strlen(wanted->username) + 1);
		account->has_identity = !wanted->without_identity;
		if (wanted->service != NULL)
			snprintf(account->service, sizeof(account->service), "%s",
					 wanted->service);
	}
	result = http_open(wanted->server, &session->http, fault);
	if (result == RESULT_OK)
		memcpy(account->server, session->http.base, sizeof(account->server));
	return result;
}

/* Learns the service name, then stores the account and its keys. */
static enum result
prepare_keys(struct attempt *attempt, struct fault *fault)
{
	struct session *session = attempt->session;
	char nonce[ASSERTION_NONCE_MAX + 1];
	enum result result =
		session_challenge(session, nonce, sizeof(nonce), fault);

	if (result == RESULT_OK)
		result = account_save(&session->store, &session->account, fault);
	if (result == RESULT_OK && session->account.has_identity)
		result = keyring_load_or_make(&session->store, KEYRING_IDENTITY,
									  &attempt->identity, fault);
	if (result == RESULT_OK)
		result = keyring_load_or_make(&session->store, FIRST_VERSION,
									  &attempt->key, fault);
	return result;
}

/* The body of POST /users; NULL when signing fails or memory is out. */
static json_t *
make_body(const struct attempt *attempt)
{
	const struct account *account = &attempt->session->account;
	const uint8_t none[JWK_THUMBPRINT_SIZE] = {0};
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	uint8_t statement[ENDORSEMENT_SIZE];
	uint8_t signature[ES256_SIZE];
	json_t *body =
		json_pack("{s:s, s:o}", "username", account->username, "publicKey",
				  field_from_key(&attempt->key.public_key));

	if (!account->has_identity)
		return body;
	jwk_thumbprint(&attempt->key.public_key, thumbprint);
	endorsement_statement(account->service, account->username, FIRST_VERSION,
						  thumbprint, none, statement);
	if (keypair_sign(&attempt->identity, statement, sizeof(statement),
					 signature) &&
		json_object_set_new(body, "identityKey",
							field_from_key(&attempt->identity.public_key)) ==
			0 &&
		json_object_set_new(body, "signature",
							field_from_bytes(signature, sizeof(signature))) ==
			0)
		return body;
	json_decref(body);
	return NULL;
}

/* Notes that the server has the account. */
static enum result
finish(struct session *session, const struct uuid *id, struct fault *fault)
{
	session->account.id = *id;
	session->account.version = FIRST_VERSION;
	return account_save(&session->store, &session->account, fault);
}

/* Takes id and token of the answer to a registration. */
static enum result
take_answer(struct session *session, const json_t *answer, struct fault *fault)
{
	struct uuid id;
	uint32_t version;
	enum result result;

	if (!field_uuid(answer, "id", &id) ||
		!field_version(answer, "keyVersion", &version) ||
		version != FIRST_VERSION)
		return fault_set(fault, RESULT_REFUSED, "Run e2emsg register again.",
						 "the server's answer is not that to a registration");
	result = session_take_token(session, answer, fault);
	return result == RESULT_OK ? finish(session, &id, fault) : result;
}

/* Removes the folder and what a registration puts there. */
static void
remove_account(struct session *session)
{
	static const char *const files[] = {"account.json", "identity.pem",
										"key-1.pem",	"token.json",
										LOG_FILE_NAME,	"lock"};
	struct fault unused;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		(void) (store_remove(&session->store, files[i], &unused) == RESULT_OK);
	rmdir(session->store.path);
}

/* Takes back what was made here for a name that somebody else has. */
static enum result
give_up(struct session *session, struct fault *fault)
{
	remove_account(session);
	return fault_set(fault, RESULT_REFUSED, "Choose another name.",
					 "the username %s is taken", session->account.username);
}

/* Is the key that the server has for this name the one made here? */
static enum result
adopt(struct attempt *attempt, struct fault *fault)
{
	struct session *session = attempt->session;
	struct key_object seen;
	enum result result = server_own_key(session, &seen, fault);

	if (result != RESULT_OK)
		return result;
	if (seen.version != FIRST_VERSION ||
		memcmp(&seen.key, &attempt->key.public_key, sizeof(seen.key)) != 0)
		return fault_set(fault, RESULT_UNTRUSTED, NULL,
						 "the server has another key for %s than the one "
						 "made here",
						 session->account.username);
	session_notice(session, "an earlier try had reached the server");
	return finish(session, &seen.user_id, fault);
}

/* The name is taken: by an earlier try of ours, or by somebody else? */
static enum result
find_out(struct attempt *attempt, struct fault *fault)
{
	struct session *session = attempt->session;
	enum result result;

	if (!attempt->resumed)
		return give_up(session, fault);
	if (!session->account.has_identity)
		return fault_set(fault, RESULT_REFUSED,
						 "Without identity key nobody can tell whether it was "
						 "you. Choose another name.",
						 "the username %s is taken",
						 session->account.username);
	result = session_login(session, fault);
	if (result == RESULT_AUTH)
		return give_up(session, fault);
	return result == RESULT_OK ? adopt(attempt, fault) : result;
}

/* Announces the account to the server. */
static enum result
announce(struct attempt *attempt, struct fault *fault)
{
	struct http_reply reply = {0};
	json_t *body = make_body(attempt);
	enum result result;

	if (body == NULL)
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "the registration could not be signed");
	result = http_call(&attempt->session->http, "POST", "/users", body,
					   attempt->id_token, &reply, fault);
	json_decref(body);
	if (result == RESULT_NETWORK)
		snprintf(fault->hint, sizeof(fault->hint),
				 "Run the same command again: it finds out whether the server "
				 "took it.");
	if (result != RESULT_OK)
		return result;
	if (reply.status < 300)
		result = take_answer(attempt->session, reply.body, fault);
	else if (strcmp(http_code(&reply), "username_taken") == 0)
		result = find_out(attempt, fault);
	else
		result = http_fault(&reply, fault);
	if (reply.status == 401 && result == RESULT_AUTH)
		snprintf(fault->hint, sizeof(fault->hint),
				 "The service's identity provider says who may register: see "
				 "--id-token.");
	http_reply_free(&reply);
	return result;
}

/* The account is made: pins the key log, and says what it says of it. */
static enum result
look_at_log(struct session *session, struct fault *fault)
{
	bool off = false;
	enum result result = RESULT_OK;

	if (!log_is_pinned(&session->log))
		result = log_begin(&session->http, &session->log, &off, fault);
	if (off)
		session_notice(session,
					   "the server keeps no key log: it could show others "
					   "another key for you, unnoticed");
	if (result == RESULT_NETWORK)
		session_notice(session, "the key log can't be looked at now: %s",
					   fault->message);
	if (off || result == RESULT_NETWORK)
		return RESULT_OK;
	return result == RESULT_OK ? log_check_after(session, fault) : result;
}

enum result
registration_run(const char *home, const struct registration *wanted,
				 FILE *notices, struct session *session, struct fault *fault)
{
	struct attempt attempt = {.session = session,
							  .id_token = wanted->id_token};
	enum result result;

	*session = SESSION_CLOSED;
	session->notices = notices;
	home_options(home, wanted->username, session->as);
	result = prepare_account(home, wanted, &attempt, fault);
	if (result == RESULT_OK)
		result = prepare_keys(&attempt, fault);
	if (result == RESULT_OK)
		result = announce(&attempt, fault);
	if (result == RESULT_OK)
		result = look_at_log(session, fault);
	if (result != RESULT_OK && session->store.lock >= 0 &&
		!store_has(&session->store, "account.json"))
		remove_account(session);
	keypair_free(&attempt.identity);
	keypair_free(&attempt.key);
	return result;
}
