/*
 * submission.c
 *		Parsing POST /messages.
 */
#include "submission.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base64url.h"
#include "jsontext.h"

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
uuid_parse(const char *text, uint8_t out[UUID_SIZE])
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t digits = 0;

	memset(out, 0, UUID_SIZE);
	for (size_t i = 0; form[i]; i++)
	{
		int value = hex_value(text[i]);

		if (form[i] == '-' ? text[i] != '-' : value < 0)
			return false;
		if (form[i] == 'x')
		{
			out[digits / 2] = (uint8_t) (out[digits / 2] << 4 | value);
			digits++;
		}
	}
	return text[sizeof(form) - 1] == '\0';
}

#define MISSING(name)                              \
	{                                              \
		name, "the member \"" name "\" is missing" \
	}

static const struct
{
	const char *name;
	const char *missing; /* what to say then; NULL if it may be */
} members[] = {
	MISSING("receiverId"), MISSING("ciphertext"), MISSING("iv"),
	MISSING("authTag"),	   MISSING("keyVersion"), {"senderKeyVersion", NULL},
	{"suite", NULL},
};

#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

static bool
is_member(const char *name)
{
	for (size_t i = 0; i < MEMBER_COUNT; i++)
		if (strcmp(name, members[i].name) == 0)
			return true;
	return false;
}

/* Are all members there that must be, and none that is not known? */
static const char *
check_members(json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		if (!is_member(name))
			return "the body has a member that this call does not know; it "
				   "takes receiverId, ciphertext, iv, authTag, keyVersion, "
				   "senderKeyVersion and suite";
	}
	for (size_t i = 0; i < MEMBER_COUNT; i++)
		if (members[i].missing && !json_object_get(object, members[i].name))
			return members[i].missing;
	return NULL;
}

/* An integer member within the range of its SQL type. */
static enum status
take_integer(json_t *value, int64_t min, int64_t max, int64_t *out)
{
	if (!json_is_integer(value))
		return STATUS_INVALID_REQUEST;
	*out = json_integer_value(value);
	return *out < min || *out > max ? STATUS_INVALID_ENVELOPE : STATUS_OK;
}

static enum status
take_numbers(json_t *object, struct submission *submission, const char **why)
{
	json_t *suite = json_object_get(object, "suite");
	json_t *from = json_object_get(object, "senderKeyVersion");
	int64_t number = 0;
	enum status status;

	*why = "keyVersion must be a whole number";
	status = take_integer(json_object_get(object, "keyVersion"), INT32_MIN,
						  INT32_MAX, &number);
	submission->key_version = (int32_t) number;
	if (status != STATUS_OK)
		return status;
	*why = "suite must be a whole number";
	number = 0;
	if (suite)
		status = take_integer(suite, INT16_MIN, INT16_MAX, &number);
	submission->suite = (int16_t) number;
	if (status != STATUS_OK)
		return status;
	*why = "senderKeyVersion must be a whole number";
	submission->has_sender_key_version = from != NULL;
	if (from)
		status = take_integer(from, INT32_MIN, INT32_MAX, &number);
	submission->sender_key_version = (int32_t) number;
	return status;
}

/* Decodes one member behind what bytes holds already. */
static enum status
take_bytes(json_t *object, const char *name, uint8_t *bytes, size_t *size)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_string(value))
		return STATUS_INVALID_REQUEST;
	*size = base64url_decoded_length(json_string_length(value));
	return base64url_decode_bytes(json_string_value(value),
								  json_string_length(value), bytes)
			   ? STATUS_OK
			   : STATUS_INVALID_BASE64URL;
}

static enum status
take_envelope(json_t *object, struct submission *s, const char **why)
{
	enum status status;

	*why = "iv must be a base64url string";
	status = take_bytes(object, "iv", s->bytes, &s->iv_size);
	if (status != STATUS_OK)
		return status;
	*why = "ciphertext must be a base64url string";
	status = take_bytes(object, "ciphertext", s->bytes + s->iv_size,
						&s->ciphertext_size);
	if (status != STATUS_OK)
		return status;
	*why = "authTag must be a base64url string";
	return take_bytes(object, "authTag",
					  s->bytes + s->iv_size + s->ciphertext_size,
					  &s->auth_tag_size);
}

static enum status
take_object(json_t *object, struct submission *submission, const char **why)
{
	json_t *receiver = json_object_get(object, "receiverId");
	enum status status;

	*why = "the body must be a JSON object";
	if (!json_is_object(object))
		return STATUS_INVALID_REQUEST;
	*why = check_members(object);
	if (*why)
		return STATUS_INVALID_REQUEST;
	*why = "receiverId must be a UUID";
	if (!json_is_string(receiver) ||
		!uuid_parse(json_string_value(receiver), submission->receiver))
		return STATUS_INVALID_REQUEST;
	status = take_numbers(object, submission, why);
	return status == STATUS_OK ? take_envelope(object, submission, why)
							   : status;
}

enum status
submission_parse(const char *text, size_t size, struct submission *submission,
				 const char **why)
{
	json_t *object = jsontext_parse(text, size);
	enum status status = STATUS_BAD_JSON;

	memset(submission, 0, sizeof(*submission));
	*why = "the body is no JSON object, nests too deeply or has a member "
		   "twice";
	if (!object)
		return status;
	submission->bytes = malloc(size + 1); /* decoded text is never longer */
	status = submission->bytes ? take_object(object, submission, why)
							   : STATUS_OVERLOADED;
	json_decref(object);
	if (status != STATUS_OK)
		submission_free(submission);
	return status;
}

void
submission_free(struct submission *submission)
{
	free(submission->bytes);
	submission->bytes = NULL;
}
