/*
 * submission_fuzz.c
 *		submission.c: the body of POST /messages, on its fast path and on the
 *		other one.
 *
 * Both come to the same: a body is written again with each name escaped,
 * which the fast path does not take, and without white space, which it does.
 */
#include <strings.h>

#include "base64url.h"
#include "fuzz.h"
#include "slow_json.h"
#include "submission.h"

/* ---- what is accepted stands in the body ---- */

static bool
is_uuid(const uint8_t id[UUID_SIZE], const char *text)
{
	char hex[UUID_TEXT_SIZE];
	size_t at = 0;

	for (size_t i = 0; i < UUID_SIZE; i++)
		at += (size_t) snprintf(hex + at, sizeof(hex) - at, "%s%02x",
								strchr("\4\6\10\12", (int) i) && i ? "-" : "",
								id[i]);
	return strcasecmp(hex, text) == 0;
}

static bool
is_base64url(const uint8_t *bytes, size_t size, json_t *object,
			 const char *name)
{
	json_t *text = json_object_get(object, name);
	size_t length = base64url_encoded_length(size);
	char *again = malloc(length + 1);
	bool same;

	base64url_encode_bytes(bytes, size, again);
	same = same_bytes(again, length, json_string_value(text),
					  json_string_length(text));
	free(again);
	return json_is_string(text) && same;
}

static void
check_good(const struct submission *s, const char *text, size_t size)
{
	json_t *object = slow_json(text, size);
	json_int_t version, sender = 0, suite = 0;
	const char *receiver, *unused;

	must(json_unpack_ex(object, NULL, JSON_STRICT,
						"{s:s, s:s, s:s, s:s, s:I, s?:I, s?:I}", "receiverId",
						&receiver, "ciphertext", &unused, "iv", &unused,
						"authTag", &unused, "keyVersion", &version,
						"senderKeyVersion", &sender, "suite", &suite) == 0);
	must(is_uuid(s->receiver, receiver));
	must(s->key_version == version && s->sender_key_version == sender &&
		 s->suite == suite);
	must(s->has_sender_key_version ==
		 (json_object_get(object, "senderKeyVersion") != NULL));
	must(is_base64url(s->bytes, s->iv_size, object, "iv"));
	must(is_base64url(s->bytes + s->iv_size, s->ciphertext_size, object,
					  "ciphertext"));
	must(is_base64url(s->bytes + s->iv_size + s->ciphertext_size,
					  s->auth_tag_size, object, "authTag"));
	json_decref(object);
}

static enum status
check_body(const char *text, size_t size)
{
	struct submission submission;
	const char *why;
	enum status status = submission_parse(text, size, &submission, &why);

	if (status == STATUS_OK)
	{
		check_good(&submission, text, size);
		submission_free(&submission);
	}
	else
		must(why != NULL && submission.bytes == NULL);
	return status;
}

/* ---- the other path ---- */

/* Writes each member; with "escape" the first character of its name as one. */
static char *
write_again(json_t *object, bool escape)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *name, *separator = "{";
	json_t *value;

	json_object_foreach(object, name, value)
	{
		json_t *rest = json_string(name + (escape && *name ? 1 : 0));
		char *quoted = json_dumps(rest, JSON_ENCODE_ANY);
		char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

		fprintf(out, "%s\"", separator);
		if (escape && *name)
			fprintf(out, "\\u%04x", (unsigned char) *name);
		fprintf(out, "%s:%s", quoted + 1, dump);
		free(quoted);
		free(dump);
		json_decref(rest);
		separator = ",";
	}
	fputs(separator[0] == '{' ? "{}" : "}", out);
	fclose(out);
	return text;
}

static bool
is_ascii_named(json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		if (*name & 0x80)
			return false;
	}
	return json_is_object(object);
}

static void
check_paths(const char *text, size_t size, enum status status)
{
	json_t *object = slow_json(text, size);

	must((status == STATUS_BAD_JSON) == (object == NULL));
	for (int escape = 0; is_ascii_named(object) && escape < 2; escape++)
	{
		char *again = write_again(object, escape == 1);

		must(check_body(again, strlen(again)) == status);
		free(again);
	}
	json_decref(object);
}

static void
check_uuid(const char *text, size_t size)
{
	uint8_t id[UUID_SIZE];
	char *copy = text_of((const uint8_t *) text, size);

	must(!uuid_parse(text, size, id) ||
		 (strlen(copy) == size && is_uuid(id, copy)));
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;

	check_paths(text, size, check_body(text, size));
	check_uuid(text, size);
	return 0;
}
