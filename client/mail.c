/*
 * mail.c
 *		The mail that this account has stored.
 */
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "document.h"
#include "field.h"
#include "frame.h"
#include "mail.h"

#define FILE_NAME "mail.jsonl"

/* A name in "seen" for a sender's own message id: "uuid/base64url". */
#define CLIENT_ID_CHARS 22
#define CLIENT_ID_NAME_SIZE (UUID_TEXT_SIZE + CLIENT_ID_CHARS + 1)

static void
client_id_name(const struct uuid *sender, const char *id,
			   char out[CLIENT_ID_NAME_SIZE])
{
	char text[UUID_TEXT_SIZE];

	uuid_print(sender, text);
	snprintf(out, CLIENT_ID_NAME_SIZE, "%s/%.*s", text, CLIENT_ID_CHARS, id);
}

static void
envelope_name(const struct uuid *mailbox, const struct uuid *sender,
			  const uint8_t iv[ENVELOPE_IV_SIZE], char out[UUID_TEXT_SIZE])
{
	struct uuid id;

	envelope_message_id(mailbox->bytes, sender->bytes, iv, id.bytes);
	uuid_print(&id, out);
}

/* Our own envelope, as it would look if it came back to us. */
static bool
note_reflection(struct mail *mail, const struct account *account,
				const json_t *record)
{
	struct uuid peer;
	uint8_t iv[ENVELOPE_IV_SIZE];
	char name[UUID_TEXT_SIZE];

	if (!field_uuid(record, "peerId", &peer) ||
		!field_bytes(record, "iv", iv, sizeof(iv)) ||
		uuid_equal(&peer, &account->id))
		return true;
	envelope_name(&account->id, &peer, iv, name);
	return json_object_set_new(mail->seen, name, json_true()) == 0;
}

static bool
note_received(struct mail *mail, const json_t *record, const char *id)
{
	const char *client_id;
	struct uuid peer;
	int64_t seq;
	char name[CLIENT_ID_NAME_SIZE];

	if (field_number(record, "seq", 1, &seq) && seq > mail->last_seq)
		mail->last_seq = seq;
	if (json_object_set_new(mail->seen, id, json_true()) != 0)
		return false;
	if (!field_text(record, "clientMessageId", CLIENT_ID_CHARS,
					CLIENT_ID_CHARS, &client_id) ||
		!field_uuid(record, "peerId", &peer))
		return true;
	client_id_name(&peer, client_id, name);
	return json_object_set_new(mail->seen, name, json_true()) == 0;
}

/* Is it about an envelope that came twice?  The first record stays. */
static bool
is_repeat(const json_t *record)
{
	const char *state;

	return field_text(record, "state", 1, 32, &state) &&
		   strcmp(state, "repeated") == 0;
}

/* Knows one record; false when memory is out. */
static bool
index_record(struct mail *mail, const struct account *account, json_t *record)
{
	const char *id, *direction;

	if (!field_text(record, "messageId", UUID_TEXT_SIZE - 1,
					UUID_TEXT_SIZE - 1, &id) ||
		!field_text(record, "direction", 2, 3, &direction))
		return true;
	if (!is_repeat(record) && json_object_set(mail->records, id, record) != 0)
		return false;
	return strcmp(direction, "out") == 0
			   ? note_reflection(mail, account, record)
			   : note_received(mail, record, id);
}

/* Knows the record of each line; texts may hold U+0000. */
static bool
index_lines(struct mail *mail, const struct account *account,
			const struct store_text *text)
{
	const char *line = text->bytes;
	const char *end = text->bytes + text->size;

	while (line < end)
	{
		const char *stop = memchr(line, '\n', (size_t) (end - line));
		size_t size = (size_t) ((stop ? stop : end) - line);
		json_t *record = json_loadb(line, size, JSON_ALLOW_NUL, NULL);
		bool done = record == NULL || index_record(mail, account, record);

		json_decref(record);
		if (!done)
			return false;
		line += size + 1;
	}
	return true;
}

enum result
mail_load(const struct store *store, const struct account *account,
		  struct mail *out, struct fault *fault)
{
	struct store_text text;
	enum result result = store_read(store, FILE_NAME, &text, fault);

	if (result != RESULT_OK)
		return result;
	*out = (struct mail){.records = json_object(),
						 .seen = json_object(),
						 .fresh = json_array()};
	if (!out->records || !out->seen || !out->fresh ||
		(text.bytes != NULL && !index_lines(out, account, &text)))
	{
		mail_free(out);
		result = fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	}
	store_release(&text);
	return result;
}

void
mail_free(struct mail *mail)
{
	json_decref(mail->records);
	json_decref(mail->seen);
	json_decref(mail->fresh);
	*mail = (struct mail){0};
}

enum result
mail_add(struct mail *mail, const struct account *account, json_t *record,
		 struct fault *fault)
{
	if (json_array_append_new(mail->fresh, record) == 0 &&
		index_record(mail, account, record))
		return RESULT_OK;
	return fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
}

enum result
mail_flush(const struct store *store, struct mail *mail, struct fault *fault)
{
	enum result result = document_append(store, FILE_NAME, mail->fresh, fault);

	if (result == RESULT_OK)
		json_array_clear(mail->fresh);
	return result;
}

enum result
mail_store_sent(const struct store *store, const json_t *record,
				struct fault *fault)
{
	json_t *alone = json_pack("[O]", record);
	enum result result = document_append(store, FILE_NAME, alone, fault);

	json_decref(alone);
	return result;
}

bool
mail_has_envelope(const struct mail *mail, const struct sealed *sealed)
{
	char name[UUID_TEXT_SIZE];

	envelope_name(&sealed->receiver, &sealed->sender, sealed->iv, name);
	return json_object_get(mail->seen, name) != NULL;
}

bool
mail_has_client_id(const struct mail *mail, const struct uuid *sender,
				   const uint8_t id[16])
{
	char text[CLIENT_ID_CHARS];
	char name[CLIENT_ID_NAME_SIZE];

	base64url_encode_bytes(id, FRAME_ID_SIZE, text);
	client_id_name(sender, text, name);
	return json_object_get(mail->seen, name) != NULL;
}

bool
mail_has_later(const struct mail *mail, const struct uuid *peer, int64_t seq)
{
	const char *id;
	json_t *record;

	json_object_foreach(mail->records, id, record)
	{
		const char *state;
		struct uuid from;
		int64_t number;

		if (field_number(record, "seq", seq + 1, &number) &&
			field_text(record, "state", 1, 32, &state) &&
			strcmp(state, "opened") == 0 &&
			field_uuid(record, "peerId", &from) && uuid_equal(&from, peer))
			return true;
	}
	return false;
}

bool
mail_wrote_to(const struct mail *mail, const struct uuid *peer)
{
	const char *id;
	json_t *record;

	json_object_foreach(mail->records, id, record)
	{
		const char *direction =
			json_string_value(json_object_get(record, "direction"));
		struct uuid to;

		if (direction && strcmp(direction, "out") == 0 &&
			field_present(record, "sentAt") &&
			field_uuid(record, "peerId", &to) && uuid_equal(&to, peer))
			return true;
	}
	return false;
}
