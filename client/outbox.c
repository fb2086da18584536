/*
 * outbox.c
 *		Mail on its way out, kept until the server has answered.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "blocks.h"
#include "document.h"
#include "field.h"
#include "frame.h"
#include "log_check.h"
#include "mail.h"
#include "outbox.h"
#include "peer.h"
#include "sealing.h"
#include "server.h"
#include "suite.h"

#define PREFIX "outgoing-"
#define ROUNDS_MAX 4 /* of sealing again, when the peer rotates as we send */
#define SAME_SEND_SECONDS (6 * 86400) /* a server forgets ids after 7 days */

/* A name that sorts after those of entries made before. */
static void
make_name(char name[STORE_NAME_MAX])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(name, STORE_NAME_MAX, PREFIX "%012lld%09ld.json",
			 (long long) now.tv_sec, now.tv_nsec);
}

/* Seals and stores a new entry that says "what"; frees that. */
static enum result
put(struct session *session, const struct contact *contact, int suite,
	const char *member, json_t *what, char name[STORE_NAME_MAX],
	struct fault *fault)
{
	uint8_t id[FRAME_ID_SIZE];
	json_t *entry = NULL;
	enum result result = log_check_sending(session, fault);

	if (result == RESULT_OK && RAND_bytes(id, sizeof(id)) != 1)
		result =
			fault_set(fault, RESULT_REFUSED, NULL, "there is no randomness");
	if (result == RESULT_OK)
	{
		entry = json_pack("{s:s, s:i, s:o, s:O}", "peer", contact->username,
						  "suite", suite, "clientMessageId",
						  field_from_bytes(id, sizeof(id)), member, what);
		make_name(name);
		result = entry ? sealing_seal(session, contact, entry, name, fault)
					   : fault_set(fault, RESULT_USAGE, NULL,
								   "the text is not UTF-8, or memory is out");
	}
	json_decref(entry);
	json_decref(what);
	return result;
}

enum result
outbox_put(struct session *session, const struct contact *contact, int suite,
		   const char *text, size_t size, char name[STORE_NAME_MAX],
		   struct fault *fault)
{
	return put(session, contact, suite, "text", json_stringn(text, size), name,
			   fault);
}

enum result
outbox_put_receipt(struct session *session, const struct contact *contact,
				   enum receipt_kind kind, const char *message_id,
				   char name[STORE_NAME_MAX], struct fault *fault)
{
	json_t *receipt = json_pack("{s:s, s:s}", "kind",
								kind == RECEIPT_READ ? "read" : "delivered",
								"messageId", message_id);

	return put(session, contact, SUITE_E2EMSG, "receipt", receipt, name,
			   fault);
}

enum result
outbox_list(const struct session *session, char ***names, size_t *count,
			struct fault *fault)
{
	return store_list(&session->store, PREFIX, names, count, fault);
}

/*
 * Is the envelope young enough for the server to know it again?  An older one
 * may have been stored and forgotten since.
 */
static bool
is_recent(const json_t *entry)
{
	int64_t sealed_at;

	return field_number(entry, "sealedAt", 0, &sealed_at) &&
		   time(NULL) - sealed_at <= SAME_SEND_SECONDS;
}

static bool
is_for(const json_t *entry, const char *peer)
{
	const char *to = json_string_value(json_object_get(entry, "peer"));

	return to != NULL && strcmp(to, peer) == 0;
}

/* Is the entry a try to send this text to this peer? */
static bool
is_same_send(const json_t *entry, const char *peer, const char *text,
			 size_t size)
{
	const json_t *kept = json_object_get(entry, "text");

	return is_recent(entry) && is_for(entry, peer) && json_is_string(kept) &&
		   json_string_length(kept) == size &&
		   memcmp(json_string_value(kept), text, size) == 0;
}

enum result
outbox_find(const struct session *session, const char *peer, const char *text,
			size_t size, char name[STORE_NAME_MAX], struct fault *fault)
{
	char **names;
	size_t count;
	enum result result = outbox_list(session, &names, &count, fault);

	name[0] = '\0';
	for (size_t i = 0; i < count && result == RESULT_OK; i++)
	{
		json_t *entry;

		result = document_load(&session->store, names[i], &entry, fault);
		if (result == RESULT_OK && is_same_send(entry, peer, text, size))
			snprintf(name, STORE_NAME_MAX, "%s", names[i]);
		json_decref(entry);
	}
	store_list_free(names, count);
	return result;
}

enum result
outbox_unseal(const struct session *session, const char *peer,
			  struct fault *fault)
{
	char **names;
	size_t count;
	enum result result = outbox_list(session, &names, &count, fault);

	for (size_t i = 0; i < count && result == RESULT_OK; i++)
	{
		json_t *entry;

		result = document_load(&session->store, names[i], &entry, fault);
		if (result == RESULT_OK && is_for(entry, peer) &&
			json_object_del(entry, "envelope") == 0)
			result = document_save(&session->store, names[i],
								   json_incref(entry), fault);
		json_decref(entry);
	}
	store_list_free(names, count);
	return result;
}

/* The record of what was sent, for mail.jsonl. */
static json_t *
sent_record(const json_t *entry, const struct outbox_receipt *receipt)
{
	const json_t *envelope = json_object_get(entry, "envelope");

	return json_pack(
		"{s:s, s:o, s:s, s:O, s:i, s:I, s:O, s:O, s:s, s:O, s:O*, s:O*}",
		"direction", "out", "messageId", field_from_uuid(&receipt->id), "peer",
		receipt->peer, "peerId", json_object_get(envelope, "receiverId"),
		"suite", receipt->suite, "keyVersion", (json_int_t) receipt->version,
		"senderKeyVersion", json_object_get(envelope, "senderKeyVersion"),
		"iv", json_object_get(envelope, "iv"), "sentAt", receipt->sent_at,
		"clientMessageId", json_object_get(entry, "clientMessageId"), "text",
		json_object_get(entry, "text"), "receipt",
		json_object_get(entry, "receipt"));
}

/* The server said no for good: the text stays, as what was not sent. */
static enum result
give_up(struct session *session, const char *name, const json_t *entry,
		struct fault *fault)
{
	const json_t *envelope = json_object_get(entry, "envelope");
	const json_t *text = json_object_get(entry, "text");
	struct fault keeping;
	struct uuid id;
	json_t *record = NULL;
	enum result result = RESULT_OK;

	if (text != NULL && sealing_expect_id(session, envelope, &id))
		record = json_pack("{s:s, s:s, s:o, s:O, s:O, s:O, s:O, s:s}",
						   "direction", "out", "state", "refused", "messageId",
						   field_from_uuid(&id), "peer",
						   json_object_get(entry, "peer"), "peerId",
						   json_object_get(envelope, "receiverId"), "iv",
						   json_object_get(envelope, "iv"), "text", text,
						   "problem", fault->message);
	if (record != NULL)
		result = mail_store_sent(&session->store, record, &keeping);
	json_decref(record);
	if (result == RESULT_OK)
		result = store_remove(&session->store, name, &keeping);
	if (result != RESULT_OK)
		*fault = keeping;
	return result;
}

/* The server has it: record it, and take it out of the outbox. */
static enum result
finish(struct session *session, const char *name, const json_t *entry,
	   const json_t *answer, struct outbox_receipt *out, struct fault *fault)
{
	const json_t *envelope = json_object_get(entry, "envelope");
	const char *peer, *sent_at;
	struct uuid given;
	time_t unused;
	json_t *record;
	enum result result;

	if (!field_time(answer, "sentAt", &unused) ||
		!field_text(answer, "sentAt", 1, sizeof(out->sent_at) - 1, &sent_at) ||
		!field_text(entry, "peer", 1, USERNAME_MAX, &peer) ||
		!field_version(envelope, "keyVersion", &out->version) ||
		!field_uuid(answer, "messageId", &given) ||
		!sealing_expect_id(session, envelope, &out->id) ||
		!uuid_equal(&given, &out->id))
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "the server's answer does not fit the message; it "
						 "is kept in the outbox");
	out->suite = (int) json_integer_value(json_object_get(envelope, "suite"));
	snprintf(out->peer, sizeof(out->peer), "%s", peer);
	snprintf(out->sent_at, sizeof(out->sent_at), "%s", sent_at);
	record = sent_record(entry, out);
	result = mail_store_sent(&session->store, record, fault);
	json_decref(record);
	return result == RESULT_OK ? store_remove(&session->store, name, fault)
							   : result;
}

/* Whom the entry is for. */
static enum result
find_peer(const struct session *session, const json_t *entry,
		  struct contact **out, struct fault *fault)
{
	const char *peer = json_string_value(json_object_get(entry, "peer"));

	*out = peer ? contacts_by_name(&session->contacts, peer) : NULL;
	return *out != NULL
			   ? RESULT_OK
			   : fault_set(fault, RESULT_REFUSED, NULL,
						   "the outbox names a peer who is not a contact");
}

/* Seals again, for the contact's newest key, if that may be. */
static enum result
seal_again(struct session *session, const char *name, json_t *entry,
		   const struct contact *contact, bool unsigned_ok,
		   struct fault *fault)
{
	enum result result =
		peer_may_receive(session, contact, unsigned_ok, fault);

	if (result == RESULT_OK)
		result = sealing_seal(session, contact, entry, name, fault);
	if (result == RESULT_OK)
		session_notice(session, "sealed again for key version %u of %s",
					   contact->keys[0].version, contact->username);
	return result;
}

/*
 * Sees to it that the entry's envelope may go out: one for an identity that
 * is accepted and did not differ, and that the server knows again if it has
 * it.
 */
static enum result
prepare(struct session *session, const char *name, json_t *entry,
		bool unsigned_ok, struct fault *fault)
{
	struct contact *contact;
	enum result result = find_peer(session, entry, &contact, fault);

	if (result != RESULT_OK ||
		(!contact->changed && !contact_differs(contact) &&
		 !blocks_have(session->blocks, &contact->id) && is_recent(entry) &&
		 json_is_object(json_object_get(entry, "envelope"))))
		return result;
	return seal_again(session, name, entry, contact, unsigned_ok, fault);
}

/* Seals again after a refusal: for a newer key, or since the iv was used. */
static enum result
repair(struct session *session, const char *name, json_t *entry,
	   const struct http_reply *reply, bool unsigned_ok, struct fault *fault)
{
	struct contact *contact;
	enum result result = find_peer(session, entry, &contact, fault);

	if (result == RESULT_OK &&
		strcmp(http_code(reply), "stale_key_version") == 0)
		result = peer_update(session, contact,
							 json_object_get(reply->body, "current"), fault);
	return result == RESULT_OK
			   ? seal_again(session, name, entry, contact, unsigned_ok, fault)
			   : result;
}

/* One round with the server.  *again: sealed anew, send that. */
static enum result
post_once(struct session *session, const char *name, json_t *entry,
		  bool unsigned_ok, bool *again, struct outbox_receipt *out,
		  struct fault *fault)
{
	struct http_reply reply;
	const char *code;
	enum result result = log_check_sending(session, fault);

	*again = false;
	if (result == RESULT_OK)
		result = server_send(session, json_object_get(entry, "envelope"),
							 &reply, fault);
	if (result != RESULT_OK)
		return result;
	code = http_code(&reply);
	if (reply.status < 300)
		result = finish(session, name, entry, reply.body, out, fault);
	else if (strcmp(code, "stale_key_version") == 0 ||
			 strcmp(code, "iv_reused") == 0)
	{
		result = repair(session, name, entry, &reply, unsigned_ok, fault);
		*again = result == RESULT_OK;
	}
	else
	{
		enum result kept = RESULT_OK;

		result = http_fault(&reply, fault);
		if (code[0] != '\0') /* or else it is none of a gateway's */
			kept = give_up(session, name, entry, fault);
		if (kept != RESULT_OK)
			result = kept;
	}
	http_reply_free(&reply);
	return result;
}

enum result
outbox_deliver(struct session *session, const char *name, bool unsigned_ok,
			   struct outbox_receipt *out, struct fault *fault)
{
	json_t *entry;
	bool again = true;
	enum result result = document_load(&session->store, name, &entry, fault);

	*out = (struct outbox_receipt){0};
	if (result == RESULT_OK) /* may hear that the number differs */
		result = session_need_token(session, fault);
	if (result == RESULT_OK || session->log.problem[0] != '\0')
		result = prepare(session, name, entry, unsigned_ok, fault);
	for (int round = 0; result == RESULT_OK && again; round++)
	{
		if (round == ROUNDS_MAX)
			result = fault_set(fault, RESULT_NETWORK, NULL,
							   "the server keeps asking for another key; the "
							   "message is kept in the outbox");
		else
			result = post_once(session, name, entry, unsigned_ok, &again, out,
							   fault);
	}
	json_decref(entry);
	return result;
}
