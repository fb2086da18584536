/*
 * sealing.c
 *		An entry of the outbox becomes an envelope.
 */
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "document.h"
#include "field.h"
#include "frame.h"
#include "keyring.h"
#include "mail.h"
#include "sealed.h"
#include "sealing.h"
#include "suite.h"

/* Takes the entry's receipt, if it is one, into the frame. */
static void
take_receipt(const json_t *entry, struct frame *frame, struct uuid *about)
{
	const json_t *receipt = json_object_get(entry, "receipt");
	const char *kind = json_string_value(json_object_get(receipt, "kind"));

	if (kind == NULL || !field_uuid(receipt, "messageId", about))
		return;
	frame->receipt =
		strcmp(kind, "read") == 0 ? RECEIPT_READ : RECEIPT_DELIVERED;
	frame->receipt_id = about->bytes;
}

/* Writes the plaintext for the suite; false when the text is too long. */
static bool
make_plaintext(const struct log_pin *log, int suite, const json_t *entry,
			   uint8_t out[FRAME_SIZE_MAX], size_t *size)
{
	const json_t *text = json_object_get(entry, "text");
	uint8_t id[FRAME_ID_SIZE];
	uint8_t head[FRAME_HEAD_SIZE];
	struct uuid about;
	struct frame frame = {
		.text = (const uint8_t *) json_string_value(text),
		.text_size = json_string_length(text),
		.id = id,
		.log_head = log_pin_write_head(log, head) ? head : NULL,
	};

	if (suite == SUITE_TUTORIAL)
	{
		*size = frame.text_size;
		if (*size <= FRAME_SIZE_MAX)
			memcpy(out, frame.text, *size);
		return *size <= FRAME_SIZE_MAX;
	}
	take_receipt(entry, &frame, &about);
	*size = frame_padded_size(&frame);
	if (*size == 0 || !field_bytes(entry, "clientMessageId", id, sizeof(id)))
		return false;
	frame_build(&frame, out);
	return true;
}

/* Who seals for whom: our current key, the contact's newest. */
static void
make_context(const struct session *session, const struct contact *contact,
			 const struct keypair *mine, struct suite_context *out)
{
	out->sender.id = session->account.id;
	out->sender.version = session->account.version;
	jwk_thumbprint(&mine->public_key, out->sender.thumbprint);
	out->receiver.id = contact->id;
	out->receiver.version = contact->keys[0].version;
	memcpy(out->receiver.thumbprint, contact->keys[0].thumbprint,
		   JWK_THUMBPRINT_SIZE);
}

/* Seals the plaintext with a fresh iv into the entry's "envelope". */
static bool
seal_plaintext(const struct session *session, const struct contact *contact,
			   const struct keypair *mine, int suite, const uint8_t *plaintext,
			   size_t size, json_t *entry)
{
	uint8_t ciphertext[FRAME_SIZE_MAX];
	struct suite_context context;
	struct sealed sealed = {.receiver = contact->id,
							.suite = suite,
							.version = contact->keys[0].version,
							.sender_version = session->account.version,
							.ciphertext = ciphertext,
							.size = size};

	make_context(session, contact, mine, &context);
	return RAND_bytes(sealed.iv, sizeof(sealed.iv)) == 1 &&
		   suite_seal(suite, mine, &contact->keys[0].key, &context, sealed.iv,
					  plaintext, size, ciphertext, sealed.tag) &&
		   json_object_set_new(entry, "envelope", sealed_json(&sealed)) == 0;
}

bool
sealing_expect_id(const struct session *session, const json_t *envelope,
				  struct uuid *out)
{
	struct uuid receiver;
	uint8_t iv[ENVELOPE_IV_SIZE];

	if (!field_uuid(envelope, "receiverId", &receiver) ||
		!field_bytes(envelope, "iv", iv, sizeof(iv)))
		return false;
	envelope_message_id(receiver.bytes, session->account.id.bytes, iv,
						out->bytes);
	return true;
}

/*
 * Suite 0 lets an envelope pass for the peer's.  So that this one does not, it
 * is remembered before the server hears of it, whatever becomes of it.
 */
static enum result
note_sealed(const struct session *session, const json_t *entry,
			struct fault *fault)
{
	const json_t *envelope = json_object_get(entry, "envelope");
	struct uuid id;
	json_t *record;
	enum result result;

	if (json_integer_value(json_object_get(envelope, "suite")) !=
			SUITE_TUTORIAL ||
		!sealing_expect_id(session, envelope, &id))
		return RESULT_OK;
	record = json_pack("{s:s, s:s, s:o, s:O, s:O}", "direction", "out",
					   "state", "sealed", "messageId", field_from_uuid(&id),
					   "peerId", json_object_get(envelope, "receiverId"), "iv",
					   json_object_get(envelope, "iv"));
	result = mail_store_sent(&session->store, record, fault);
	json_decref(record);
	return result;
}

enum result
sealing_seal(const struct session *session, const struct contact *contact,
			 json_t *entry, const char *name, struct fault *fault)
{
	int suite = (int) json_integer_value(json_object_get(entry, "suite"));
	uint8_t plaintext[FRAME_SIZE_MAX];
	size_t size;
	struct keypair mine = {0};
	enum result result =
		keyring_load(&session->store, session->account.version, &mine, fault);

	if (result == RESULT_OK &&
		!make_plaintext(&session->log, suite, entry, plaintext, &size))
		result = fault_set(fault, RESULT_USAGE, NULL,
						   "the text is too long: at most %d bytes",
						   FRAME_TEXT_MAX);
	if (result == RESULT_OK &&
		(!seal_plaintext(session, contact, &mine, suite, plaintext, size,
						 entry) ||
		 json_object_set_new(entry, "sealedAt", json_integer(time(NULL))) !=
			 0))
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "the message could not be sealed");
	OPENSSL_cleanse(plaintext, sizeof(plaintext));
	keypair_free(&mine);
	if (result == RESULT_OK)
		result = note_sealed(session, entry, fault);
	return result == RESULT_OK ? document_save(&session->store, name,
											   json_incref(entry), fault)
							   : result;
}
