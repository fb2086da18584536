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
uuid_parse(const char *text, size_t size, uint8_t out[UUID_SIZE])
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t digits = 0;

	if (size != sizeof(form) - 1)
		return false;
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
	return true;
}

enum member
{
	RECEIVER,
	CIPHERTEXT,
	IV,
	AUTH_TAG,
	KEY_VERSION,
	SENDER_KEY_VERSION,
	SUITE,
	MEMBER_COUNT /* also for a name that is none of them */
};

#define MISSING(name)                              \
	{                                              \
		name, "the member \"" name "\" is missing" \
	}

static const struct
{
	const char *name;
	const char *missing; /* what to say then; NULL if it may be */
} members[] = {
	[RECEIVER] = MISSING("receiverId"),
	[CIPHERTEXT] = MISSING("ciphertext"),
	[IV] = MISSING("iv"),
	[AUTH_TAG] = MISSING("authTag"),
	[KEY_VERSION] = MISSING("keyVersion"),
	[SENDER_KEY_VERSION] = {"senderKeyVersion", NULL},
	[SUITE] = {"suite", NULL},
};

static enum member
member_of(const char *name, size_t size)
{
	enum member member = 0;

	while (member < MEMBER_COUNT &&
		   (strlen(members[member].name) != size ||
			memcmp(name, members[member].name, size) != 0))
		member++;
	return member;
}

/* A member's value; strings lie in the body or in what jansson made of it. */
struct value
{
	enum
	{
		ABSENT,
		STRING,
		INTEGER,
		OTHER
	} kind;
	const char *text;
	size_t size;
	int64_t number;
};

/*
 * The usual body in one pass: an object of known members, each once, with
 * strings and small numbers.  The functions return false for whatever else
 * they meet, be it good JSON or none.
 */
struct scan
{
	const char *at, *end;
};

static void
skip_space(struct scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' ||
									*scan->at == '\n' || *scan->at == '\r'))
		scan->at++;
}

/* Goes past this character and white space before it. */
static bool
scan_char(struct scan *scan, char c)
{
	skip_space(scan);
	if (scan->at == scan->end || *scan->at != c)
		return false;
	scan->at++;
	return true;
}

/*
 * A string, from behind its first quote to the next one.  What it holds is
 * not looked at: neither a name, nor a UUID, nor base64url has an escape or
 * another character that JSON would not take as it is.
 */
static bool
scan_string(struct scan *scan, struct value *value)
{
	const char *quote = memchr(scan->at, '"', (size_t) (scan->end - scan->at));

	if (!quote)
		return false;
	*value = (struct value){
		.kind = STRING, .text = scan->at, .size = (size_t) (quote - scan->at)};
	scan->at = quote + 1;
	return true;
}

/* Up to nine digits; a character too many is noticed by whoever goes on. */
static bool
scan_integer(struct scan *scan, struct value *value)
{
	const char *begin = scan->at;

	*value = (struct value){.kind = INTEGER};
	while (scan->at < scan->end && scan->at < begin + 9 && *scan->at >= '0' &&
		   *scan->at <= '9')
		value->number = 10 * value->number + (*scan->at++ - '0');
	return scan->at > begin && (*begin != '0' || scan->at == begin + 1);
}

static bool
scan_member(struct scan *scan, struct value values[MEMBER_COUNT])
{
	struct value name;
	enum member member;

	if (!scan_char(scan, '"') || !scan_string(scan, &name) ||
		!scan_char(scan, ':'))
		return false;
	member = member_of(name.text, name.size);
	if (member == MEMBER_COUNT || values[member].kind != ABSENT)
		return false;
	return scan_char(scan, '"') ? scan_string(scan, &values[member])
								: scan_integer(scan, &values[member]);
}

static bool
scan_body(const char *text, size_t size, struct value values[MEMBER_COUNT])
{
	struct scan scan = {text, text + size};

	if (!scan_char(&scan, '{'))
		return false;
	do
	{
		if (!scan_member(&scan, values))
			return false;
	} while (scan_char(&scan, ','));
	if (!scan_char(&scan, '}'))
		return false;
	skip_space(&scan);
	return scan.at == scan.end;
}

static struct value
value_of(const json_t *json)
{
	if (json_is_string(json))
		return (struct value){.kind = STRING,
							  .text = json_string_value(json),
							  .size = json_string_length(json)};
	if (json_is_integer(json))
		return (struct value){.kind = INTEGER,
							  .number = json_integer_value(json)};
	return (struct value){.kind = OTHER};
}

/* The values of any object.  Returns what is wrong with it, or NULL. */
static const char *
take_object(json_t *object, struct value values[MEMBER_COUNT])
{
	const char *name;
	json_t *json;

	if (!json_is_object(object))
		return "the body must be a JSON object";
	json_object_foreach(object, name, json)
	{
		enum member member = member_of(name, strlen(name));

		if (member == MEMBER_COUNT)
			return "the body has a member that this call does not know; it "
				   "takes receiverId, ciphertext, iv, authTag, keyVersion, "
				   "senderKeyVersion and suite";
		values[member] = value_of(json);
	}
	return NULL;
}

static const char *
missing_member(const struct value values[MEMBER_COUNT])
{
	for (enum member i = 0; i < MEMBER_COUNT; i++)
		if (members[i].missing && values[i].kind == ABSENT)
			return members[i].missing;
	return NULL;
}

/* An integer member within the range of its SQL type; 0 when absent. */
static enum status
take_integer(const struct value *value, int64_t min, int64_t max, int64_t *out)
{
	*out = value->number;
	if (value->kind != INTEGER && value->kind != ABSENT)
		return STATUS_INVALID_REQUEST;
	return *out < min || *out > max ? STATUS_INVALID_ENVELOPE : STATUS_OK;
}

static enum status
take_numbers(const struct value values[MEMBER_COUNT], struct submission *s,
			 const char **why)
{
	int64_t number;
	enum status status;

	*why = "keyVersion must be a whole number";
	status = take_integer(&values[KEY_VERSION], INT32_MIN, INT32_MAX, &number);
	s->key_version = (int32_t) number;
	if (status != STATUS_OK)
		return status;
	*why = "suite must be a whole number";
	status = take_integer(&values[SUITE], INT16_MIN, INT16_MAX, &number);
	s->suite = (int16_t) number;
	if (status != STATUS_OK)
		return status;
	*why = "senderKeyVersion must be a whole number";
	status = take_integer(&values[SENDER_KEY_VERSION], INT32_MIN, INT32_MAX,
						  &number);
	s->sender_key_version = (int32_t) number;
	s->has_sender_key_version = values[SENDER_KEY_VERSION].kind != ABSENT;
	return status;
}

/* Decodes one member behind what bytes holds already. */
static enum status
take_bytes(const struct value *value, uint8_t *bytes, size_t *size)
{
	if (value->kind != STRING)
		return STATUS_INVALID_REQUEST;
	*size = base64url_decoded_length(value->size);
	return base64url_decode_bytes(value->text, value->size, bytes)
			   ? STATUS_OK
			   : STATUS_INVALID_BASE64URL;
}

static enum status
take_envelope(const struct value values[MEMBER_COUNT], struct submission *s,
			  const char **why)
{
	enum status status;

	*why = "iv must be a base64url string";
	status = take_bytes(&values[IV], s->bytes, &s->iv_size);
	if (status != STATUS_OK)
		return status;
	*why = "ciphertext must be a base64url string";
	status = take_bytes(&values[CIPHERTEXT], s->bytes + s->iv_size,
						&s->ciphertext_size);
	if (status != STATUS_OK)
		return status;
	*why = "authTag must be a base64url string";
	return take_bytes(&values[AUTH_TAG],
					  s->bytes + s->iv_size + s->ciphertext_size,
					  &s->auth_tag_size);
}

static enum status
take_values(const struct value values[MEMBER_COUNT], struct submission *s,
			const char **why)
{
	const struct value *receiver = &values[RECEIVER];
	enum status status;

	*why = missing_member(values);
	if (*why)
		return STATUS_INVALID_REQUEST;
	*why = "receiverId must be a UUID";
	if (receiver->kind != STRING ||
		!uuid_parse(receiver->text, receiver->size, s->receiver))
		return STATUS_INVALID_REQUEST;
	status = take_numbers(values, s, why);
	return status == STATUS_OK ? take_envelope(values, s, why) : status;
}

/* Takes a good body of the usual form. */
static bool
take_usual(const char *text, size_t size, struct submission *submission)
{
	struct value values[MEMBER_COUNT] = {0};
	const char *why;

	return scan_body(text, size, values) &&
		   take_values(values, submission, &why) == STATUS_OK;
}

/* Takes any other, and says what is wrong with a bad one. */
static enum status
take_any(const char *text, size_t size, struct submission *submission,
		 const char **why)
{
	struct value values[MEMBER_COUNT] = {0};
	json_t *object = jsontext_parse(text, size);
	enum status status = STATUS_BAD_JSON;

	*why = "the body is no JSON object, nests too deeply or has a member "
		   "twice";
	if (object)
	{
		*why = take_object(object, values);
		status = *why ? STATUS_INVALID_REQUEST
					  : take_values(values, submission, why);
	}
	json_decref(object);
	return status;
}

enum status
submission_parse(const char *text, size_t size, struct submission *submission,
				 const char **why)
{
	enum status status;

	memset(submission, 0, sizeof(*submission));
	*why = NULL;
	submission->bytes = malloc(size + 1); /* decoded text is never longer */
	if (!submission->bytes)
		return STATUS_OVERLOADED;
	if (take_usual(text, size, submission))
		return STATUS_OK;
	status = take_any(text, size, submission, why);
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
