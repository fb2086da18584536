/*
 * opening.c
 *		One delivered message becomes one record of the mail.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "backup_sync.h"
#include "field.h"
#include "frame.h"
#include "keyring.h"
#include "log_check.h"
#include "opening.h"
#include "peer.h"
#include "suite.h"
#include "utf8.h"

#define SENDER_VERSIONS_MAX 32 /* tried when the message names none */

static const char *const states[] = {
	[OPENING_OPENED] = "opened",
	[OPENING_FLAGGED] = "opened",
	[OPENING_TAMPERED] = "tampered",
	[OPENING_MALFORMED] = "malformed",
	[OPENING_UNKNOWN] = "unknown_suite",
	[OPENING_NO_KEY] = "no_private_key",
	[OPENING_FORGOTTEN] = "no_private_key",
	[OPENING_UNTRUSTED] = "untrusted_key",
	[OPENING_REPEATED] = "repeated",
	[OPENING_AGAIN] = "again",
	[OPENING_BLOCKED] = "blocked",
};

/* A message in the course of being opened. */
struct attempt
{
	const struct sealed *sealed;
	struct keypair mine;
	struct peer_key sender;
	uint8_t *plaintext;		 /* sealed->size bytes */
	const uint8_t *log_head; /* in the plaintext, or NULL */
	bool is_again;			 /* the same message as in another envelope */
};

/* The record's members that every message has. */
static json_t *
new_record(const struct sealed *sealed)
{
	return json_pack("{s:s, s:I, s:o, s:o, s:I, s:I, s:s}", "direction", "in",
					 "seq", (json_int_t) sealed->seq, "messageId",
					 field_from_uuid(&sealed->id), "peerId",
					 field_from_uuid(&sealed->sender), "suite",
					 (json_int_t) sealed->suite, "keyVersion",
					 (json_int_t) sealed->version, "sentAt", sealed->sent_at);
}

json_t *
opening_pass_over(const struct sealed *sealed, enum opening opening)
{
	json_t *record = new_record(sealed);

	json_object_set_new(record, "state", json_string(states[opening]));
	return record;
}

/* What the envelope is bound to, with the sender's key at hand. */
static void
make_context(const struct session *session, const struct attempt *attempt,
			 struct suite_context *out)
{
	out->sender.id = attempt->sealed->sender;
	out->sender.version = attempt->sender.key.version;
	memcpy(out->sender.thumbprint, attempt->sender.key.thumbprint,
		   JWK_THUMBPRINT_SIZE);
	out->receiver.id = session->account.id;
	out->receiver.version = attempt->sealed->version;
	jwk_thumbprint(&attempt->mine.public_key, out->receiver.thumbprint);
}

/*
 * Opens with the sender's key of the named version; when none is named (the
 * tutorial's clients), with the current one and then backwards.
 */
static enum result
open_with_sender(struct session *session, struct attempt *attempt,
				 struct fault *fault)
{
	const struct sealed *sealed = attempt->sealed;
	uint32_t version = sealed->sender_version;

	for (int tries = 0; tries < SENDER_VERSIONS_MAX; tries++)
	{
		struct suite_context context;
		enum result result = peer_sender_key(session, &sealed->sender, version,
											 &attempt->sender, fault);

		if (result != RESULT_OK)
			return result;
		make_context(session, attempt, &context);
		if (suite_open((int) sealed->suite, &attempt->mine,
					   &attempt->sender.key.key, &context, sealed->iv,
					   sealed->ciphertext, sealed->size, sealed->tag,
					   attempt->plaintext))
			return RESULT_OK;
		version = attempt->sender.key.version - 1;
		if (sealed->sender_version != 0 || version == 0)
			break;
	}
	return fault_set(fault, RESULT_UNREADABLE, NULL,
					 "tampered with, or not sealed for this key");
}

static void
set_text(json_t *record, const uint8_t *text, size_t size)
{
	json_object_set_new(record, "text",
						json_stringn((const char *) text, size));
}

static void
set_receipt(json_t *record, const struct frame *frame)
{
	struct uuid id;

	memcpy(id.bytes, frame->receipt_id, sizeof(id.bytes));
	json_object_set_new(
		record, "receipt",
		json_pack("{s:s, s:o}", "kind",
				  frame->receipt == RECEIPT_READ ? "read" : "delivered",
				  "messageId", field_from_uuid(&id)));
}

/* Keeps fields that this client does not know, for a later one. */
static void
set_other_fields(json_t *record, const uint8_t *plaintext, size_t size)
{
	json_t *others = json_array();
	struct frame_field field;
	size_t offset = 1;

	while (frame_next(plaintext, size, &offset, &field))
		if (field.type > FRAME_LOG_HEAD)
			json_array_append_new(
				others,
				json_pack("{s:i, s:o}", "type", (int) field.type, "value",
						  field_from_bytes(field.value, field.size)));
	if (json_array_size(others) > 0)
		json_object_set(record, "fields", others);
	json_decref(others);
}

/* Puts what a frame says into the record; what is wrong, or NULL. */
static const char *
describe_frame(const struct mail *mail, struct attempt *attempt,
			   json_t *record)
{
	const struct sealed *sealed = attempt->sealed;
	struct frame frame;
	const char *problem =
		frame_parse(attempt->plaintext, sealed->size, &frame);

	if (problem != NULL)
		return problem;
	attempt->is_again = frame.id != NULL &&
						mail_has_client_id(mail, &sealed->sender, frame.id);
	if (attempt->is_again)
		return NULL;
	if (frame.text != NULL)
		set_text(record, frame.text, frame.text_size);
	if (frame.id != NULL)
		json_object_set_new(record, "clientMessageId",
							field_from_bytes(frame.id, FRAME_ID_SIZE));
	if (frame.receipt != RECEIPT_NONE)
		set_receipt(record, &frame);
	set_other_fields(record, attempt->plaintext, sealed->size);
	attempt->log_head = frame.log_head;
	return NULL;
}

/* Puts the plaintext into the record; what is wrong, or NULL. */
static const char *
describe(const struct mail *mail, struct attempt *attempt, json_t *record)
{
	if (attempt->sealed->suite != SUITE_TUTORIAL)
		return describe_frame(mail, attempt, record);
	if (!utf8_valid((const char *) attempt->plaintext, attempt->sealed->size))
		return "the text is not UTF-8";
	set_text(record, attempt->plaintext, attempt->sealed->size);
	return NULL;
}

/* Remembers in which suite to answer: that of the newest message. */
static enum result
remember_suite(struct session *session, const struct mail *mail,
			   const struct attempt *attempt, struct fault *fault)
{
	struct contact *contact = attempt->sender.contact;
	int suite = (int) attempt->sealed->suite;

	if (attempt->sender.flagged || contact->suite == suite ||
		mail_has_later(mail, &contact->id, attempt->sealed->seq))
		return RESULT_OK;
	contact->suite = suite;
	return contacts_save(&session->store, &session->contacts, fault);
}

/*
 * Compares what the sender saw of the key log.  A difference is put into the
 * record and does not stop reading; a server that gives no answer does.
 */
static enum result
compare_log(struct session *session, const struct attempt *attempt,
			json_t *record, struct fault *fault)
{
	const struct contact *sender = attempt->sender.contact;
	enum result result;

	if (attempt->log_head == NULL)
		return RESULT_OK;
	result = log_check_head(session, sender->username,
							sender->verified && !attempt->sender.flagged,
							attempt->log_head, fault);
	if (result != RESULT_UNTRUSTED)
		return result;
	json_object_set_new(record, "logProblem", json_string(fault->message));
	return RESULT_OK;
}

/* Was there a private key of this version, which is gone? */
static bool
is_forgotten(const struct session *session, uint32_t version)
{
	return version < session->account.version &&
		   !keyring_has(&session->store, version);
}

/* Loads the private key of a version, which may be another device's. */
static enum result
load_mine(struct session *session, uint32_t version, struct keypair *out,
		  struct fault *fault)
{
	enum result result = backup_fetch_key(session, version, fault);

	return result == RESULT_OK
			   ? keyring_load(&session->store, version, out, fault)
			   : result;
}

/* Keys, then suite, then plaintext.  A reason in fault->message unless OK. */
static enum result
open_fully(struct session *session, const struct mail *mail,
		   struct attempt *attempt, json_t *record, enum opening *opening,
		   struct fault *fault)
{
	const struct sealed *sealed = attempt->sealed;
	const char *problem;
	enum result result;

	*opening = OPENING_FORGOTTEN;
	if (is_forgotten(session, sealed->version))
		return fault_set(fault, RESULT_UNREADABLE, NULL,
						 "the key of version %u was forgotten; this can't be "
						 "opened any more",
						 sealed->version);
	*opening = OPENING_NO_KEY;
	result = load_mine(session, sealed->version, &attempt->mine, fault);
	if (result != RESULT_OK)
		return result;
	result = open_with_sender(session, attempt, fault);
	*opening =
		result == RESULT_UNTRUSTED ? OPENING_UNTRUSTED : OPENING_TAMPERED;
	if (result != RESULT_OK)
		return result;
	*opening = OPENING_MALFORMED;
	problem = describe(mail, attempt, record);
	if (problem != NULL)
		return fault_set(fault, RESULT_UNREADABLE, NULL, "%s", problem);
	*opening = OPENING_AGAIN;
	if (attempt->is_again)
		return RESULT_OK;
	*opening = attempt->sender.flagged ? OPENING_FLAGGED : OPENING_OPENED;
	result = compare_log(session, attempt, record, fault);
	return result == RESULT_OK ? remember_suite(session, mail, attempt, fault)
							   : result;
}

/* Is it an envelope that this client can try to open?  A reason if not. */
static const char *
check_outside(const struct session *session, const struct sealed *sealed,
			  enum opening *opening)
{
	struct uuid id;

	*opening = OPENING_UNKNOWN;
	if (sealed->suite != SUITE_TUTORIAL && sealed->suite != SUITE_E2EMSG)
		return "sealed in a way that this client does not know";
	*opening = OPENING_MALFORMED;
	envelope_message_id(sealed->receiver.bytes, sealed->sender.bytes,
						sealed->iv, id.bytes);
	if (!uuid_equal(&sealed->receiver, &session->account.id))
		return "addressed to somebody else";
	if (!uuid_equal(&sealed->id, &id))
		return "delivered under a wrong message id";
	return envelope_check((int) sealed->suite,
						  sealed->sender_version > 0
							  ? (int64_t) sealed->sender_version
							  : SENDER_KEY_VERSION_LEFT_OUT,
						  sealed->version, sizeof(sealed->iv), sealed->size,
						  sizeof(sealed->tag));
}

/* Adds the outcome to the record. */
static void
finish_record(const struct session *session, json_t *record,
			  const struct attempt *attempt, enum opening opening,
			  const char *problem, json_t *message)
{
	const struct contact *contact = attempt->sender.contact;
	bool opened = opening == OPENING_OPENED || opening == OPENING_FLAGGED;

	if (contact == NULL)
		contact = contacts_by_id(&session->contacts, &attempt->sealed->sender);
	json_object_set_new(record, "state", json_string(states[opening]));
	if (contact != NULL)
		json_object_set_new(record, "peer", json_string(contact->username));
	if (opened)
	{
		json_object_set_new(record, "senderKeyVersion",
							json_integer(attempt->sender.key.version));
		json_object_set_new(record, "trust",
							json_string(opening == OPENING_FLAGGED
											? "changed"
											: contact_standing(contact)));
		return;
	}
	if (opening == OPENING_AGAIN)
		return;
	json_object_set_new(record, "problem", json_string(problem));
	json_object_set(record, "envelope", message);
}

enum result
opening_try(struct session *session, const struct mail *mail, json_t *message,
			const struct sealed *sealed, enum opening *opening,
			json_t **record, struct fault *fault)
{
	struct attempt attempt = {.sealed = sealed,
							  .plaintext = malloc(sealed->size + 1)};
	const char *problem = check_outside(session, sealed, opening);
	enum result result = RESULT_OK;

	*record = new_record(sealed);
	if (attempt.plaintext == NULL || *record == NULL)
		result = fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	else if (problem == NULL)
		result = open_fully(session, mail, &attempt, *record, opening, fault);
	if (result == RESULT_UNREADABLE || result == RESULT_UNTRUSTED)
	{
		problem = fault->message;
		result = RESULT_OK;
	}
	if (result == RESULT_OK)
		finish_record(session, *record, &attempt, *opening, problem, message);
	else
	{
		json_decref(*record);
		*record = NULL;
	}
	keypair_free(&attempt.mine);
	if (attempt.plaintext != NULL)
		OPENSSL_cleanse(attempt.plaintext, sealed->size);
	free(attempt.plaintext);
	return result;
}
