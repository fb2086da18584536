/*
 * sealed.c
 *		An envelope as it travels: members of a JSON object, both ways.
 */
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "sealed.h"

static bool
read_ciphertext(const json_t *message, struct sealed *out)
{
	out->ciphertext = malloc(ENVELOPE_MAX_CIPHERTEXT);
	return out->ciphertext != NULL &&
		   field_blob(message, "ciphertext", out->ciphertext,
					  ENVELOPE_MAX_CIPHERTEXT, &out->size);
}

static bool
read_envelope(const json_t *message, struct sealed *out)
{
	return field_uuid(message, "senderId", &out->sender) &&
		   field_uuid(message, "receiverId", &out->receiver) &&
		   field_number(message, "suite", 0, &out->suite) &&
		   field_version(message, "keyVersion", &out->version) &&
		   (!field_present(message, "senderKeyVersion") ||
			field_version(message, "senderKeyVersion",
						  &out->sender_version)) &&
		   field_bytes(message, "iv", out->iv, sizeof(out->iv)) &&
		   field_bytes(message, "authTag", out->tag, sizeof(out->tag)) &&
		   read_ciphertext(message, out);
}

bool
sealed_read(const json_t *message, struct sealed *out)
{
	time_t unused;

	*out = (struct sealed){0};
	if (!json_is_object(message) || !read_envelope(message, out) ||
		!field_uuid(message, "messageId", &out->id) ||
		!field_number(message, "seq", 1, &out->seq) ||
		!field_time(message, "sentAt", &unused))
		return false;
	memcpy(out->sent_at, json_string_value(json_object_get(message, "sentAt")),
		   SEALED_TIME_SIZE);
	return true;
}

void
sealed_free(struct sealed *sealed)
{
	free(sealed->ciphertext);
	*sealed = (struct sealed){0};
}

json_t *
sealed_json(const struct sealed *sealed)
{
	return json_pack(
		"{s:o, s:i, s:I, s:I, s:o, s:o, s:o}", "receiverId",
		field_from_uuid(&sealed->receiver), "suite", (int) sealed->suite,
		"keyVersion", (json_int_t) sealed->version, "senderKeyVersion",
		(json_int_t) sealed->sender_version, "iv",
		field_from_bytes(sealed->iv, sizeof(sealed->iv)), "ciphertext",
		field_from_bytes(sealed->ciphertext, sealed->size), "authTag",
		field_from_bytes(sealed->tag, sizeof(sealed->tag)));
}
