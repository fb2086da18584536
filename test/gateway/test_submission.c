/*
 * test_submission.c
 *		Bodies of POST /messages.
 */
#include <ctype.h>
#include <string.h>

#include "envelope.h"
#include "jsontext.h"
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
	{"white space everywhere",
	 " {\t\"receiverId\" :\n\"" RECEIVER "\"\r, " SEALED
	 " , \"keyVersion\" : 1 } \n",
	 STATUS_OK},
	{"escapes in a name and a value",
	 BODY("\"c\\u0069phertext\":\"\\u0061GVsbG8\",\"iv\":\"\",\"authTag\":"
		  "\"\",\"keyVersion\":1"),
	 STATUS_OK},
	{"a minus", BODY(SEALED ",\"keyVersion\":-1"), STATUS_OK},
	{"ten digits", BODY(SEALED ",\"keyVersion\":2147483647"), STATUS_OK},
	{"a leading 0", BODY(SEALED ",\"keyVersion\":01"), STATUS_BAD_JSON},
	{"an exponent", BODY(SEALED ",\"keyVersion\":1e0"),
	 STATUS_INVALID_REQUEST},
	{"no digits", BODY(SEALED ",\"keyVersion\":"), STATUS_BAD_JSON},
	{"a comma too many", BODY(SEALED ",\"keyVersion\":1,"), STATUS_BAD_JSON},
	{"a second object", BODY(SEALED ",\"keyVersion\":1") "{}",
	 STATUS_BAD_JSON},
	{"no end", "{\"receiverId\":\"" RECEIVER "\"," SEALED ",\"keyVersion\":1",
	 STATUS_BAD_JSON},
	{"a TAB at the end of a string",
	 "{\"receiverId\":\"" RECEIVER "\t\"," SEALED ",\"keyVersion\":1}",
	 STATUS_BAD_JSON},
	{"bad base64url",
	 BODY("\"ciphertext\":\"a=\",\"iv\":\"\",\"authTag\":\"\","
		  "\"keyVersion\":1"),
	 STATUS_INVALID_BASE64URL},
	{"other letters than ASCII",
	 BODY("\"ciphertext\":\"\xc3\xa9\",\"iv\":\"\",\"authTag\":\"\","
		  "\"keyVersion\":1"),
	 STATUS_INVALID_BASE64URL},
	{"a single letter of Latin-1",
	 BODY("\"ciphertext\":\"\xe9\",\"iv\":\"\",\"authTag\":\"\","
		  "\"keyVersion\":1"),
	 STATUS_BAD_JSON},
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
parse(const char *body, struct submission *submission, const char **why)
{
	size_t size = strlen(body);
	char *exact = malloc(size + (size == 0));
	enum status status;

	memcpy(exact, body, size);
	status = submission_parse(exact, size, submission, why);
	free(exact);
	return status;
}

static void
test_samples(struct tap *tap)
{
	struct submission submission;
	const char *why;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
	{
		enum status status = parse(samples[i].body, &submission, &why);

		tap_ok(tap, status == samples[i].status, samples[i].name);
		if (status == STATUS_OK)
			submission_free(&submission);
	}
}

/* body.c takes no NUL; this part does not rely on it. */
static void
test_nul_in_name(struct tap *tap)
{
	static const char body[] =
		BODY(SEALED ",\"keyVersion\":1,\"suite\0\0\0\0\0\0\0\":1");
	struct submission submission;
	const char *why;

	tap_ok(tap,
		   submission_parse(body, sizeof(body) - 1, &submission, &why) ==
			   STATUS_BAD_JSON,
		   "NUL in a name");
}

static void
test_fields(struct tap *tap)
{
	static const uint8_t id[] = {0xa1, 0x3b, 0xf2, 0xec, 0x2b, 0xb7,
								 0x85, 0x03, 0x96, 0x2c, 0xd1, 0xf5,
								 0xac, 0x38, 0x9d, 0xf1};
	struct submission s;
	const char *why;

	if (parse(samples[1].body, &s, &why) != STATUS_OK)
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
	const char *why;
	bool good = false;

	if (parse(text, &s, &why) == STATUS_OK)
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

/*
 * The same JSON in a form that only jansson reads: the first member's name
 * begins with an escape.  NULL when the body is no object with members, or
 * has no plain name there.
 */
static char *
unusual_form(const char *body)
{
	json_t *object = jsontext_parse(body, strlen(body));
	char *text = json_is_object(object) ? json_dumps(object, 0) : NULL;
	char *unusual = NULL;

	if (text && isalpha((unsigned char) text[2]))
	{
		size_t size = strlen(text) + 6;

		unusual = malloc(size);
		snprintf(unusual, size, "{\"\\u%04x%s", (unsigned) text[2], text + 3);
	}
	free(text);
	json_decref(object);
	return unusual;
}

static bool
same_submission(const struct submission *a, const struct submission *b)
{
	size_t size = a->iv_size + a->ciphertext_size + a->auth_tag_size;

	return memcmp(a->receiver, b->receiver, UUID_SIZE) == 0 &&
		   a->suite == b->suite && a->key_version == b->key_version &&
		   a->has_sender_key_version == b->has_sender_key_version &&
		   a->sender_key_version == b->sender_key_version &&
		   a->iv_size == b->iv_size &&
		   a->ciphertext_size == b->ciphertext_size &&
		   a->auth_tag_size == b->auth_tag_size &&
		   memcmp(a->bytes, b->bytes, size) == 0;
}

/* Is it all the same which of the two ways takes the body? */
static bool
ways_agree(const char *body)
{
	struct submission s, t;
	const char *why, *other_why;
	char *unusual = unusual_form(body);
	json_t *any = jsontext_parse(body, strlen(body));
	enum status status = parse(body, &s, &why);
	bool agree = (status == STATUS_BAD_JSON) == (any == NULL);

	if (unusual)
	{
		enum status other = parse(unusual, &t, &other_why);

		agree =
			agree && other == status &&
			(status == STATUS_OK ? same_submission(&s, &t) : why == other_why);
		if (other == STATUS_OK)
			submission_free(&t);
	}
	if (status == STATUS_OK)
		submission_free(&s);
	json_decref(any);
	free(unusual);
	return agree;
}

/* Changes one byte, takes one out, puts one in or says a stretch twice. */
static void
mutate(char *body, size_t room, unsigned *random)
{
	static const char pieces[] =
		"{}[]\",:\\ \t\n\r\v\x01\x7f\xc3u0159-+.eEaQtfn_=/";
	size_t size = strlen(body), at;
	char piece;

	*random = *random * 1103515245u + 12345u;
	at = (*random >> 8) % (size + 1);
	piece = pieces[(*random >> 20) % (sizeof(pieces) - 1)];
	switch ((*random >> 4) % 4)
	{
		case 0:
			if (at < size)
				body[at] = piece;
			break;
		case 1:
			memmove(body + at, body + at + (at < size),
					size + 1 - at - (at < size));
			break;
		case 2:
			if (size + 2 < room)
			{
				memmove(body + at + 1, body + at, size + 1 - at);
				body[at] = piece;
			}
			break;
		default:
			if (size + 21 < room && at >= 20)
			{
				memmove(body + at + 20, body + at, size + 1 - at);
				memcpy(body + at, body + at - 20, 20);
			}
	}
}

static void
test_two_ways(struct tap *tap)
{
	bool agree = true;
	unsigned random = 1;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
	{
		agree = agree && ways_agree(samples[i].body);
		for (int k = 0; k < 2000 && agree; k++)
		{
			char body[512];
			int changes = 1 + k % 3;

			snprintf(body, sizeof(body), "%s", samples[i].body);
			while (changes-- > 0)
				mutate(body, sizeof(body), &random);
			agree = ways_agree(body);
			if (!agree)
				printf("# %s\n", body);
		}
	}
	tap_ok(tap, agree, "both ways take and refuse the same bodies");
}

int
main(void)
{
	struct tap tap = {0};

	test_samples(&tap);
	test_nul_in_name(&tap);
	test_fields(&tap);
	test_shared_cases(&tap);
	test_two_ways(&tap);
	return tap_end(&tap);
}
