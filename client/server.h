/*
 * server.h
 *		The REST routes that a signed-in user calls, one function each.
 *
 * Shapes are those of docs/api.md.  JSON values that come back belong to the
 * caller.
 */
#ifndef E2EMSG_SERVER_H
#define E2EMSG_SERVER_H

#include "key_object.h"
#include "session.h"

/*
 * GET /users/{who}/public-key: the key object of a username or id; version
 * 0 asks for the current one.  RESULT_OK and NULL when there is no such user
 * or version.
 */
extern CHECKED enum result server_key(struct session *session, const char *who,
									  uint32_t version, json_t **out,
									  struct fault *fault);

/*
 * The account's own current key, as the server has it, read and checked
 * against the key log.
 */
extern CHECKED enum result server_own_key(struct session *session,
										  struct key_object *out,
										  struct fault *fault);

/*
 * GET /users/{who}/key-rotations: the account's own entries in the key log,
 * from a number on (0: all), {"rotations": [...], "log"}.
 */
extern CHECKED enum result server_history(struct session *session,
										  uint32_t from, json_t **out,
										  struct fault *fault);

/* What the server says to a new key. */
enum rotation_answer
{
	ROTATION_TAKEN,
	ROTATION_WAITING, /* taken, but the key log does not hold it yet (202) */
	ROTATION_CONFLICT /* another version is current (409) */
};

/* PUT /users/{id}/public-key.  *through: -1 when the server does not say. */
extern CHECKED enum result server_rotate(struct session *session,
										 const json_t *body,
										 enum rotation_answer *answer,
										 int64_t *through,
										 struct fault *fault);

/*
 * POST /messages.  The reply is the caller's to look at and to free: 201 or
 * 200 when it is stored, or a problem, and then it is not.
 */
extern CHECKED enum result server_send(struct session *session,
									   const json_t *body,
									   struct http_reply *reply,
									   struct fault *fault);

/* GET /messages?after=: one page of mail, {"messages": [...], "next"}. */
extern CHECKED enum result server_mail(struct session *session, int64_t after,
									   json_t **out, struct fault *fault);

/* POST /messages/ack.  *now: what the server has, which never goes back. */
extern CHECKED enum result server_acknowledge(struct session *session,
											  int64_t through, int64_t *now,
											  struct fault *fault);

/*
 * PUT or DELETE /blocks/{id}: the mailbox takes no mail of that user any more,
 * or takes it again.
 */
extern CHECKED enum result server_block(struct session *session,
										const struct uuid *sender,
										bool blocked, struct fault *fault);

/* GET /blocks: {"blocks": [{"senderId", "createdAt"}]}. */
extern CHECKED enum result server_blocks(struct session *session, json_t **out,
										 struct fault *fault);

/* GET /backup, read; RESULT_OK and NULL bytes when there is none. */
struct server_backup
{
	uint32_t version;
	uint8_t *bytes; /* the caller frees it */
	size_t size;
};

extern CHECKED enum result server_backup(struct session *session,
										 struct server_backup *out,
										 struct fault *fault);

/*
 * PUT /backup; without a locator (NULL) it stays where it lies.  *conflict:
 * the server has another version than the one before.
 */
extern CHECKED enum result
server_put_backup(struct session *session, uint32_t version,
				  const uint8_t *locator, const uint8_t *bytes, size_t size,
				  bool *conflict, struct fault *fault);

/* POST /backup/restore, without a token; RESULT_REFUSED when there is none. */
extern CHECKED enum result server_restore(struct session *session,
										  const uint8_t *locator,
										  struct server_backup *out,
										  struct fault *fault);

#endif /* E2EMSG_SERVER_H */
