/*
 * serve.c
 *		The handlers of routes: one for whatever is a call of SQL, one for
 *		sending.
 */
#include "routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "batch.h"
#include "db.h"
#include "gateway.h"
#include "guard.h"
#include "hints.h"
#include "outbox.h"
#include "reply.h"
#include "sequencer.h"
#include "session.h"
#include "submission.h"
#include "wakeup.h"

/* "row" is that of the call before, or NULL. */
static const char *
source_value(const struct request *request, enum source source,
			 const struct db_answer *row)
{
	switch (source)
	{
		case CALLER:
			return request->caller;
		case PATH:
			return request->segment;
		case BODY:
			return request->body.text;
		case QUERY_1:
			return request->query[0];
		case QUERY_2:
			return request->query[1];
		case COLUMN_3:
			return db_answer_field(row, 0, 2, NULL);
		default:
			return NULL;
	}
}

static enum status
call(const struct request *request, enum db_access access, const char *sql,
	 const enum source params[ROUTE_MAX_PARAMS], const struct db_answer *row,
	 struct db_answer *answer)
{
	struct db_params values = {0};

	for (int i = 0; i < ROUTE_MAX_PARAMS && params[i] != NOTHING; i++)
		db_param_text(&values, source_value(request, params[i], row));
	return db_call(request->gateway->db, access, sql, &values, answer);
}

static bool
set_string(json_t *object, const char *name, const char *value)
{
	return json_object_set_new(object, name, json_string(value)) == 0;
}

/* {id, username, keyVersion} becomes {..., token, expiresAt}. */
static void
reply_registered(struct request *request, int http, const char *body,
				 const char *user_id, struct reply *reply)
{
	json_t *answer = json_loads(body, 0, NULL);
	struct session session;

	if (user_id && session_make(request->gateway, user_id, &session) &&
		set_string(answer, "token", session.token) &&
		set_string(answer, "expiresAt", session.expires_at))
	{
		reply_json(reply, http, answer);
		snprintf(reply->location, sizeof(reply->location), "/users/%s",
				 user_id);
	}
	else
	{
		json_decref(answer);
		reply_problem(reply, STATUS_INTERNAL_ERROR, NULL, NULL, NULL);
	}
	OPENSSL_cleanse(&session, sizeof(session));
}

static void
add_etag(const struct request *request, const struct db_answer *answer,
		 struct reply *reply)
{
	const char *etag = db_answer_field(answer, 0, 1, NULL);
	const char *immutable = db_answer_field(answer, 0, 2, NULL);
	char known[512];

	snprintf(reply->etag, sizeof(reply->etag), "%s", etag ? etag : "");
	reply->immutable = immutable && immutable[0] == 't';
	if (guard_value(request->head, "if-none-match", known, sizeof(known)))
		reply_not_modified(reply, known);
}

/* A bytea in hexadecimal digits, as bytes. */
static void
reply_octets(struct reply *reply, int http, const char *digits, size_t size)
{
	long count = 0;
	uint8_t *bytes = OPENSSL_hexstr2buf(digits, &count);

	if (bytes && (size_t) count == size / 2)
		reply_text(reply, http, (const char *) bytes, (size_t) count);
	else
		reply_problem(reply, STATUS_INTERNAL_ERROR, NULL, NULL, NULL);
	OPENSSL_free(bytes);
}

/* A body as it comes, and who may keep it. */
static void
reply_body(const struct route *route, int http, const char *body, size_t size,
		   struct reply *reply)
{
	if (route->flags & OCTETS)
		reply_octets(reply, http, body, size);
	else
		reply_text(reply, http, body, size);
	if (route->flags & OCTETS)
		reply->type = "application/octet-stream";
	else if (route->flags & PLAIN)
		reply->type = "text/plain; charset=utf-8";
	reply->shared = (route->flags & PUBLIC) != 0;
	reply->immutable = (route->flags & FOREVER) != 0;
}

/* Hands the call's row to the reply. */
static void
reply_row(struct request *request, const struct route *route, int http,
		  const struct db_answer *answer, struct reply *reply)
{
	size_t size = 0;
	const char *body = db_answer_field(answer, 0, 0, &size);

	if (!body)
		reply_problem(reply, STATUS_INTERNAL_ERROR, NULL, NULL, NULL);
	else if (route->flags & REGISTERS)
		reply_registered(request, http, body,
						 db_answer_field(answer, 0, 2, NULL), reply);
	else
		reply_body(route, http, body, size, reply);
	if (body && (route->flags & HAS_ETAG))
		add_etag(request, answer, reply);
}

/* What the extension said; PostgreSQL's own messages are not for clients. */
static void
reply_refusal(struct reply *reply, enum status status,
			  const struct db_answer *answer)
{
	const char *detail = db_answer_detail(answer);

	if (detail && strcasecmp(detail, status_row(status)->title) == 0)
		detail = NULL;
	reply_problem(reply, status, detail, db_answer_hint(answer), NULL);
}

/* Is the row one that the key log must hold first? */
static bool
is_waiting(const struct route *route, const struct db_answer *answer)
{
	const char *waits = db_answer_field(answer, 0, 1, NULL);

	return (route->flags & LOGGED) && waits && waits[0] == 't';
}

/* The answer once the key log holds the row: the same, unless there is SQL. */
static enum status
answer_logged(struct request *request, const struct route *route,
			  struct db_answer *answer, struct reply *reply)
{
	struct db_answer logged;
	enum status status = STATUS_OK;

	if (route->logged_sql)
	{
		status = call(request, DB_READ, route->logged_sql,
					  route->logged_params, answer, &logged);
		db_answer_free(answer);
		*answer = logged;
	}
	if (status == STATUS_OK)
		reply_row(request, route,
				  route->logged_sql && is_waiting(route, answer)
					  ? 202
					  : route->success,
				  answer, reply);
	return status;
}

/*
 * What was stored is not shown before the key log holds it, and answered then;
 * 202 when the log takes too long.
 */
static enum status
wait_for_log(struct request *request, const struct route *route,
			 struct db_answer *answer, struct reply *reply)
{
	struct sequencer_ticket ticket = {.user = request->caller,
									  .version =
										  db_answer_field(answer, 0, 2, NULL)};
	enum status status = STATUS_OK;

	if (!sequencer_wait(request->gateway->sequencer, &ticket))
		reply_row(request, route, 202, answer, reply);
	else if (ticket.body)
		reply_text(reply, route->success, ticket.body, strlen(ticket.body));
	else
		status = answer_logged(request, route, answer, reply);
	free(ticket.body);
	return status;
}

/* Wakes who waits for the mailbox's mail, everywhere.  NULL: not at hand. */
static void
wake(struct gateway *gateway, const uint8_t mailbox[UUID_SIZE],
	 const struct mail *mail)
{
	wakeups_mail(gateway->wakeups, mailbox, mail);
	hints_tell(gateway->hints, mailbox);
}

static void
wake_for_row(struct request *request, const struct route *route,
			 const struct db_answer *answer)
{
	uint8_t mailbox[UUID_SIZE];
	size_t size = 0;
	const char *text = db_answer_field(answer, 0, 1, &size);

	if ((route->flags & WAKES) && text && uuid_parse(text, size, mailbox))
		wake(request->gateway, mailbox, NULL);
}

void
serve_sql(struct request *request, const struct route *route,
		  struct reply *reply)
{
	struct db_answer answer;
	enum db_access access =
		strcmp(route->method, "GET") == 0 ? DB_READ : DB_WRITE;
	enum status status =
		call(request, access, route->sql, route->params, NULL, &answer);

	if (status == STATUS_OK && is_waiting(route, &answer))
		status = wait_for_log(request, route, &answer, reply);
	else if (status == STATUS_OK)
		reply_row(request, route, route->success, &answer, reply);
	if (status == STATUS_OK)
		wake_for_row(request, route, &answer);
	else
		reply_refusal(reply, status, &answer);
	db_answer_free(&answer);
}

/*
 * Stores it and tells who waits for it; also of what was stored before, as
 * perhaps nobody was told then: its sender got no answer.
 */
static void
send_submission(struct gateway *gateway, const struct submission *submission,
				struct reply *reply)
{
	struct ticket ticket = {
		.submission = submission,
		.is_awaited = wakeups_awaits(gateway->wakeups, submission->receiver)};
	struct mail mail = {.size = 0};

	outbox_send(gateway->outbox, &ticket, reply);
	if (ticket.message)
		mail = (struct mail){.mailbox = submission->receiver,
							 .seq = ticket.seq,
							 .json = ticket.message,
							 .size = strlen(ticket.message)};
	if (ticket.status == STATUS_OK)
		wake(gateway, submission->receiver, ticket.message ? &mail : NULL);
	ticket_clear(&ticket);
}

void
serve_send(struct request *request, const struct route *route,
		   struct reply *reply)
{
	struct submission submission;
	const char *why;
	enum status status = submission_parse(
		request->body.text, request->body.size, &submission, &why);

	(void) route; /* stored now or before decides the status */
	if (status == STATUS_OK &&
		!uuid_parse(request->caller, strlen(request->caller),
					submission.sender))
	{
		submission_free(&submission);
		status = STATUS_INVALID_TOKEN;
		why = NULL;
	}
	if (status != STATUS_OK)
	{
		reply_problem(reply, status, why, NULL, NULL);
		return;
	}
	send_submission(request->gateway, &submission, reply);
	submission_free(&submission);
}
