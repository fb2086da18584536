/*
 * session.c
 *		POST /sessions/challenge, POST /sessions, POST /sessions/refresh.
 *
 * The gateway checks what it made itself, the nonce, and what the assertion
 * says; whether the user's identity key signed it is the extension's matter,
 * and so is that a nonce works once.
 */
#include "session.h"

#include <string.h>
#include <time.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "clock.h"
#include "db.h"
#include "gateway.h"
#include "jsontext.h"
#include "jws.h"
#include "nonce.h"
#include "reply.h"
#include "routes.h"

bool
session_make(const struct gateway *gateway, const char *user_id,
			 struct session *session)
{
	int64_t now = (int64_t) time(NULL);

	clock_iso((now + TOKEN_LIFETIME_S) * 1000, session->expires_at);
	return token_issue(&gateway->secret, user_id, now, session->token) > 0;
}

static void
reply_session(struct gateway *gateway, const struct route *route,
			  const char *user_id, struct reply *reply)
{
	struct session session;
	struct text *body;

	if (!session_make(gateway, user_id, &session))
	{
		reply_problem(reply, STATUS_INTERNAL_ERROR, NULL, NULL, NULL);
		return;
	}
	body = reply_begin(reply, route->success);
	text_add(body, "{\"token\":\"");
	text_add(body, session.token);
	text_add(body, "\",\"expiresAt\":\"");
	text_add(body, session.expires_at);
	text_add(body, "\"}");
	OPENSSL_cleanse(&session, sizeof(session));
}

/*
 * A body that is an object with one string member.  Returns it in *object,
 * which the caller releases, or writes the refusal.
 */
static const char *
only_string(const struct request *request, const char *name, json_t **object,
			struct reply *reply)
{
	const char *value;

	*object = jsontext_parse(request->body.text, request->body.size);
	value = json_string_value(json_object_get(*object, name));
	if (!*object)
		reply_problem(reply, STATUS_BAD_JSON,
					  "the body is no JSON object, nests too deeply or has a "
					  "member twice",
					  NULL, NULL);
	else if (!value || json_object_size(*object) != 1)
	{
		reply_problem(reply, STATUS_INVALID_REQUEST,
					  strcmp(name, "username") == 0
						  ? "the body must be an object with the string "
							"member \"username\" alone"
						  : "the body must be an object with the string "
							"member \"assertion\" alone",
					  NULL, NULL);
		value = NULL;
	}
	return value;
}

/* The name that this service signs and is signed for, owned by *answer. */
static enum status
service_name(struct gateway *gateway, struct db_answer *answer)
{
	static const char sql[] = "SELECT e2emsg.service_name()";
	struct db_params params = {0};
	enum status status = db_call(gateway->db, DB_READ, sql, &params, answer);

	if (status == STATUS_OK && !db_answer_field(answer, 0, 0, NULL))
		status = STATUS_INTERNAL_ERROR;
	return status;
}

void
serve_challenge(struct request *request, const struct route *route,
				struct reply *reply)
{
	struct gateway *gateway = request->gateway;
	json_t *object;
	const char *username = only_string(request, "username", &object, reply);
	char nonce[NONCE_CHARS + 1];
	struct db_answer name = {0};
	enum status status;

	if (!username)
		goto end;
	status = STATUS_INVALID_USERNAME;
	if (strlen(username) <= NONCE_USERNAME_LIMIT)
		status = service_name(gateway, &name);
	if (status == STATUS_OK &&
		!nonce_make(&gateway->secret, username, (int64_t) time(NULL), nonce))
		status = STATUS_INTERNAL_ERROR;
	if (status == STATUS_OK)
		reply_json(reply, route->success,
				   json_pack("{s:s, s:s, s:i}", "nonce", nonce, "audience",
							 db_answer_field(&name, 0, 0, NULL), "expiresIn",
							 NONCE_LIFETIME_S));
	else
		reply_problem(reply, status, NULL, NULL, NULL);
end:
	db_answer_free(&name);
	json_decref(object);
}

/* What an assertion claims, after its form was checked. */
struct claims
{
	json_t *payload;
	const char *username, *audience, *nonce; /* owned by payload */
	int64_t expires_at;
};

/* Compact JWS, ES256, the exact header, and a nonce that we gave this name. */
static bool
read_assertion(const struct secret *secret, const char *text, struct jws *jws,
			   struct claims *claims)
{
	static const struct jws_policy policy = {.alg = "ES256",
											 .signature_size = 64,
											 .typ = "e2emsg-session+jwt",
											 .typ_exact = true};

	if (!jws_parse(text, strlen(text), &policy, jws))
		return false;
	claims->payload = jsontext_parse(jws->payload, jws->payload_size);
	claims->username =
		json_string_value(json_object_get(claims->payload, "sub"));
	claims->audience =
		json_string_value(json_object_get(claims->payload, "aud"));
	claims->nonce =
		json_string_value(json_object_get(claims->payload, "nonce"));
	return claims->username && claims->audience && claims->nonce &&
		   nonce_check(secret, claims->username, claims->nonce,
					   (int64_t) time(NULL), &claims->expires_at);
}

/* Has the extension verify the signature and spend the nonce. */
static enum status
open_session(struct gateway *gateway, const struct jws *jws,
			 const struct claims *claims, struct db_answer *answer)
{
	static const char sql[] =
		"SELECT e2emsg.open_session($1, $2, $3, $4, $5)::text";
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char expires_at[CLOCK_ISO_SIZE];
	struct db_params params = {0};

	SHA256((const uint8_t *) claims->nonce, NONCE_CHARS, hash);
	clock_iso(claims->expires_at * 1000, expires_at);
	db_param_text(&params, claims->username);
	db_param_binary(&params, jws->signed_text, jws->signed_size);
	db_param_binary(&params, jws->signature, 64);
	db_param_binary(&params, hash, sizeof(hash));
	db_param_text(&params, expires_at);
	return db_call(gateway->db, DB_WRITE, sql, &params, answer);
}

void
serve_session(struct request *request, const struct route *route,
			  struct reply *reply)
{
	struct gateway *gateway = request->gateway;
	json_t *object;
	const char *text = only_string(request, "assertion", &object, reply);
	struct db_answer name = {0}, user = {0};
	struct claims claims = {0};
	struct jws jws;
	enum status status = STATUS_INVALID_ASSERTION;

	if (!text)
		goto end;
	if (read_assertion(&gateway->secret, text, &jws, &claims))
		status = service_name(gateway, &name);
	if (status == STATUS_OK &&
		strcmp(claims.audience, db_answer_field(&name, 0, 0, NULL)) != 0)
		status = STATUS_INVALID_ASSERTION;
	if (status == STATUS_OK)
		status = open_session(gateway, &jws, &claims, &user);
	if (status == STATUS_OK)
		reply_session(gateway, route, db_answer_field(&user, 0, 0, NULL),
					  reply);
	else
		reply_problem(reply, status, NULL, NULL, NULL);
end:
	json_decref(claims.payload);
	json_decref(object);
	db_answer_free(&name);
	db_answer_free(&user);
}

/* No further token for a user who is gone. */
void
serve_refresh(struct request *request, const struct route *route,
			  struct reply *reply)
{
	struct db_params params = {0};
	struct db_answer user = {0};
	enum status status;

	db_param_text(&params, request->caller);
	status = db_call(request->gateway->db, DB_READ,
					 "SELECT e2emsg.find_user($1)::text", &params, &user);
	if (status == STATUS_OK)
		reply_session(request->gateway, route, request->caller, reply);
	else
		reply_problem(reply, status, NULL, NULL, NULL);
	db_answer_free(&user);
}
