/*
 * test_submission.c
 *		Bodies of POST /messages.
 */
#include <string.h>

#include "envelope.h"
#include "submission.h"
#include "tap.h"

#define RECEIVER "a13bf2ec-2bb7-8503-962c-d1f5ac389df1"
#define BODY(rest) "{\"receiverId\":\"" RECEIVER "\"," rest "}"
#define SEALED                                                \
	"\"ciphertext\":\"aGVsbG8\",\"iv\":\"AAECAwQFBgcICQoL\"," \
	"\"authTag\":\"AAECAwQFBgcICQoLDA0ODw\""

struct sample
{
	const char *name;
	const char *body;
	enum status status;
};

static const struct sample samples[] = {
	{"the tutorial's", BODY(SEALED ",\"keyVersion\":1"), STATUS_OK},
	{"all members",
	 BODY(SEALED ",\"keyVersion\":3,\"senderKeyVersion\":2,\"suite\":1"),
	 STATUS_OK},
	{"capitals in the UUID",
	 "{\"receiverId\":\"A13BF2EC-2BB7-8503-962C-D1F5AC389DF1\"," SEALED
	 ",\"keyVersion\":1}",
	 STATUS_OK},
	{"an empty body", "", STATUS_BAD_JSON},
	{"a number", "1", STATUS_BAD_JSON},
	{"a list", "[]", STATUS_INVALID_REQUEST},
	{"no members", "{}", STATUS_INVALID_REQUEST},
	{"a member twice", BODY(SEALED ",\"keyVersion\":1,\"keyVersion\":1"),
	 STATUS_BAD_JSON},
	{"an unknown member", BODY(SEALED ",\"keyVersion\":1,\"a\":1"),
	 STATUS_INVALID_REQUEST},
	{"no keyVersion", BODY(SEALED), STATUS_INVALID_REQUEST},
	{"keyVersion as text", BODY(SEALED ",\"keyVersion\":\"1\""),
	 STATUS_INVALID_REQUEST},
	{"keyVersion as a fraction", BODY(SEALED ",\"keyVersion\":1.0"),
	 STATUS_INVALID_REQUEST},
	{"keyVersion null", BODY(SEALED ",\"keyVersion\":null"),
	 STATUS_INVALID_REQUEST},
	{"keyVersion past its type", BODY(SEALED ",\"keyVersion\":2147483648"),
	 STATUS_INVALID_ENVELOPE},
	{"keyVersion past 64 bits",
	 BODY(SEALED ",\"keyVersion\":9223372036854775808"), STATUS_BAD_JSON},
	{"suite past its type", BODY(SEALED ",\"keyVersion\":1,\"suite\":32768"),
	 STATUS_INVALID_ENVELOPE},
	{"senderKeyVersion null",
	 BODY(SEALED ",\"keyVersion\":1,\"senderKeyVersion\":null"),
	 STATUS_INVALID_REQUEST},
	{"receiverId no UUID",
	 "{\"receiverId\":\"bob\"," SEALED ",\"keyVersion\":1}",
	 STATUS_INVALID_REQUEST},
	{"receiverId with braces",
	 "{\"receiverId\":\"{" RECEIVER "}\"," SEALED ",\"keyVersion\":1}",
	 STATUS_INVALID_REQUEST},
	{"receiverId a number", "{\"receiverId\":1," SEALED ",\"keyVersion\":1}",
	 STATUS_INVALID_REQUEST},
	{"NUL in the receiverId",
	 "{\"receiverId\":\"" RECEIVER "\\u0000\"," SEALED ",\"keyVersion\":1}",
	 STATUS_BAD_JSON},
};

static enum status
parse(const char *body, struct submission *submission)
{
	size_t size = strlen(body);
	char *exact = malloc(size + (size == 0));
	const char *why;
	enum status status;

	memcpy(exact, body, size);
	status = submission_parse(exact, size, submission, &why);
	free(exact);
	return status;
}

static void
test_samples(struct tap *tap)
{
	struct submission submission;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
	{
		enum status status = parse(samples[i].body, &submission);

		tap_ok(tap, status == samples[i].status, samples[i].name);
		if (status == STATUS_OK)
			submission_free(&submission);
	}
}

static void
test_fields(struct tap *tap)
{
	static const uint8_t id[] = {0xa1, 0x3b, 0xf2, 0xec, 0x2b, 0xb7,
								 0x85, 0x03, 0x96, 0x2c, 0xd1, 0xf5,
								 0xac, 0x38, 0x9d, 0xf1};
	struct submission s;

	if (parse(samples[1].body, &s) != STATUS_OK)
		exit(EXIT_FAILURE);
	tap_ok(tap, memcmp(s.receiver, id, UUID_SIZE) == 0, "receiver");
	tap_ok(tap,
		   s.key_version == 3 && s.has_sender_key_version &&
			   s.sender_key_version == 2 && s.suite == 1,
		   "versions and suite");
	tap_ok(tap,
		   s.iv_size == 12 && s.ciphertext_size == 5 && s.auth_tag_size == 16,
		   "sizes");
	tap_ok(tap,
		   s.bytes[0] == 0 && s.bytes[11] == 11 &&
			   memcmp(s.bytes + 12, "hello", 5) == 0 && s.bytes[32] == 15,
		   "iv, ciphertext and tag in a row");
	submission_free(&s);
}

/* Would the whole way refuse this: the parse, or the extension's check? */
static bool
is_good_envelope(json_t *one)
{
	json_t *body = json_pack(
		"{s:s, s:O, s:O, s:O, s:i}", "receiverId", RECEIVER, "iv",
		json_object_get(one, "iv"), "authTag", json_object_get(one, "authTag"),
		"ciphertext", json_object_get(one, "ciphertext"), "keyVersion", 1);
	char *text = json_dumps(body, 0);
	struct submission s;
	bool good = false;

	if (parse(text, &s) == STATUS_OK)
	{
		good = s.iv_size == ENVELOPE_IV_SIZE &&
			   s.auth_tag_size == ENVELOPE_TAG_SIZE;
		submission_free(&s);
	}
	free(text);
	json_decref(body);
	return good;
}

static void
test_shared_cases(struct tap *tap)
{
	json_t *file = tap_vectors("envelope/envelope_fields.json");
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(file, "tests"), i, one)
	{
		char name[200];

		snprintf(name, sizeof(name), "envelope %zu: %.150s", i + 1,
				 json_string_value(json_object_get(one, "why")));
		tap_ok(tap,
			   is_good_envelope(one) ==
				   json_is_true(json_object_get(one, "valid")),
			   name);
	}
	json_decref(file);
}

int
main(void)
{
	struct tap tap = {0};

	test_samples(&tap);
	test_fields(&tap);
	test_shared_cases(&tap);
	return tap_end(&tap);
}
