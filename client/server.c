/*
 * server.c
 *		The REST routes that a signed-in user calls, one function each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "field.h"
#include "log_check.h"
#include "recovery.h"
#include "server.h"

#define PATH_SIZE 160 /* bytes of the longest path */
#define PAGE 64		  /* messages asked for at once */

/* Makes a problem a failure; frees the reply then. */
static enum result
refuse_problem(struct http_reply *reply, struct fault *fault)
{
	enum result result;

	if (reply->status < 400)
		return RESULT_OK;
	result = http_fault(reply, fault);
	http_reply_free(reply);
	return result;
}

enum result
server_key(struct session *session, const char *who, uint32_t version,
		   json_t **out, struct fault *fault)
{
	char path[PATH_SIZE];
	struct http_reply reply;
	enum result result;
	int used = snprintf(path, sizeof(path), "/users/%s/public-key", who);

	*out = NULL;
	if (version > 0)
		snprintf(path + used, sizeof(path) - (size_t) used, "?version=%u",
				 version);
	result = session_call(session, "GET", path, NULL, REPEAT_HARMLESS, &reply,
						  fault);
	if (result != RESULT_OK)
		return result;
	if (reply.status != 404)
	{
		result = refuse_problem(&reply, fault);
		*out = json_incref(reply.body);
	}
	http_reply_free(&reply);
	return result;
}

enum result
server_own_key(struct session *session, struct key_object *out,
			   struct fault *fault)
{
	json_t *object = NULL;
	enum result result =
		server_key(session, session->account.username, 0, &object, fault);

	if (result == RESULT_OK)
		result = key_object_read(object, session->account.service, out, fault);
	if (result == RESULT_OK)
		result = log_check_key(session, object, out, fault);
	json_decref(object);
	return result;
}

/* GET that gives an object, which the caller frees. */
static enum result
get_object(struct session *session, const char *path, json_t **out,
		   struct fault *fault)
{
	struct http_reply reply;
	enum result result = session_call(session, "GET", path, NULL,
									  REPEAT_HARMLESS, &reply, fault);

	if (result == RESULT_OK)
		result = refuse_problem(&reply, fault);
	if (result != RESULT_OK)
		return result;
	*out = json_incref(reply.body);
	http_reply_free(&reply);
	return RESULT_OK;
}

enum result
server_history(struct session *session, uint32_t from, json_t **out,
			   struct fault *fault)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/users/%s/key-rotations?from=%u",
			 session->account.username, from > 0 ? from : 1);
	return get_object(session, path, out, fault);
}

enum result
server_rotate(struct session *session, const json_t *body,
			  enum rotation_answer *answer, int64_t *through,
			  struct fault *fault)
{
	char path[PATH_SIZE];
	char id[UUID_TEXT_SIZE];
	struct http_reply reply;
	enum result result;

	*answer = ROTATION_TAKEN;
	uuid_print(&session->account.id, id);
	snprintf(path, sizeof(path), "/users/%s/public-key", id);
	result =
		session_call(session, "PUT", path, body, REPEAT_NEVER, &reply, fault);
	if (result != RESULT_OK)
		return result;
	if (reply.status == 409)
		*answer = ROTATION_CONFLICT;
	else if (reply.status == 202)
		*answer = ROTATION_WAITING;
	else
		result = refuse_problem(&reply, fault);
	if (result == RESULT_OK &&
		!field_number(reply.body, "throughSeq", 0, through))
		*through = -1;
	http_reply_free(&reply);
	return result;
}

enum result
server_send(struct session *session, const json_t *body,
			struct http_reply *reply, struct fault *fault)
{
	return session_call(session, "POST", "/messages", body, REPEAT_HARMLESS,
						reply, fault);
}

enum result
server_mail(struct session *session, int64_t after, json_t **out,
			struct fault *fault)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/messages?after=%lld&limit=%d",
			 (long long) after, PAGE);
	return get_object(session, path, out, fault);
}

enum result
server_acknowledge(struct session *session, int64_t through, int64_t *now,
				   struct fault *fault)
{
	struct http_reply reply;
	json_t *body = json_pack("{s:I}", "through", (json_int_t) through);
	enum result result = session_call(session, "POST", "/messages/ack", body,
									  REPEAT_HARMLESS, &reply, fault);

	json_decref(body);
	if (result == RESULT_OK)
		result = refuse_problem(&reply, fault);
	if (result != RESULT_OK)
		return result;
	if (!field_number(reply.body, "acknowledged", 0, now))
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "the server's answer is not that to an "
						   "acknowledgement");
	http_reply_free(&reply);
	return result;
}

enum result
server_block(struct session *session, const struct uuid *sender, bool blocked,
			 struct fault *fault)
{
	char path[PATH_SIZE];
	char id[UUID_TEXT_SIZE];
	struct http_reply reply;
	enum result result;

	uuid_print(sender, id);
	snprintf(path, sizeof(path), "/blocks/%s", id);
	result = session_call(session, blocked ? "PUT" : "DELETE", path, NULL,
						  REPEAT_HARMLESS, &reply, fault);
	if (result == RESULT_OK)
		result = refuse_problem(&reply, fault);
	if (result == RESULT_OK)
		http_reply_free(&reply);
	return result;
}

enum result
server_blocks(struct session *session, json_t **out, struct fault *fault)
{
	return get_object(session, "/blocks", out, fault);
}

/* Reads version and backup of an answer. */
static enum result
take_backup(const json_t *answer, struct server_backup *out,
			struct fault *fault)
{
	out->bytes = malloc(BACKUP_MAX);
	if (out->bytes != NULL &&
		field_version(answer, "version", &out->version) &&
		field_blob(answer, "backup", out->bytes, BACKUP_MAX, &out->size))
		return RESULT_OK;
	free(out->bytes);
	out->bytes = NULL;
	return fault_set(fault, RESULT_REFUSED, NULL,
					 "the server sent something that is not a backup");
}

enum result
server_backup(struct session *session, struct server_backup *out,
			  struct fault *fault)
{
	struct http_reply reply;
	enum result result = session_call(session, "GET", "/backup", NULL,
									  REPEAT_HARMLESS, &reply, fault);

	*out = (struct server_backup){0};
	if (result != RESULT_OK)
		return result;
	if (reply.status < 400)
		result = take_backup(reply.body, out, fault);
	else if (strcmp(http_code(&reply), "no_backup") != 0)
		result = http_fault(&reply, fault);
	http_reply_free(&reply);
	return result;
}

enum result
server_put_backup(struct session *session, uint32_t version,
				  const uint8_t *locator, const uint8_t *bytes, size_t size,
				  bool *conflict, struct fault *fault)
{
	struct http_reply reply;
	json_t *body = json_pack(
		"{s:I, s:o, s:o*}", "version", (json_int_t) version, "backup",
		field_from_bytes(bytes, size), "locator",
		locator ? field_from_bytes(locator, RECOVERY_KEY_SIZE) : NULL);
	enum result result = session_call(session, "PUT", "/backup", body,
									  REPEAT_HARMLESS, &reply, fault);

	*conflict = false;
	json_decref(body);
	if (result != RESULT_OK)
		return result;
	*conflict = strcmp(http_code(&reply), "version_conflict") == 0;
	if (reply.status >= 400 && !*conflict)
		result = http_fault(&reply, fault);
	http_reply_free(&reply);
	return result;
}

enum result
server_restore(struct session *session, const uint8_t *locator,
			   struct server_backup *out, struct fault *fault)
{
	struct http_reply reply = {0};
	json_t *body =
		json_pack("{s:s, s:o}", "username", session->account.username,
				  "locator", field_from_bytes(locator, RECOVERY_KEY_SIZE));
	enum result result = http_call(&session->http, "POST", "/backup/restore",
								   body, NULL, &reply, fault);

	*out = (struct server_backup){0};
	json_decref(body);
	if (result != RESULT_OK)
		return result;
	if (reply.status < 400)
		result = take_backup(reply.body, out, fault);
	else if (strcmp(http_code(&reply), "no_backup") == 0)
		result = fault_set(fault, RESULT_REFUSED,
						   "Check the name and the code. A newer code takes "
						   "the place of an older one.",
						   "no backup of %s lies under this recovery code",
						   session->account.username);
	else
		result = http_fault(&reply, fault);
	http_reply_free(&reply);
	return result;
}
