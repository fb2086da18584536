/*
 * field_test.c
 *		Names, identifiers, times and addresses that others write.
 */
#include <string.h>

#include "field.h"
#include "http.h"
#include "sealed.h"
#include "tap.h"
#include "username.h"
#include "uuid.h"

static void
check_usernames(struct tap *tap)
{
	static const char *const good[] = {"bob", "a.b", "x_y-z.0",
									   "a234567890123456789012345678901z"};
	static const char *const bad[] = {
		"",
		"ab",
		"Bob",
		"1ab",
		".ab",
		"a/b",
		"a b",
		"../x",
		"bob\n",
		"b\xc3\xb6"
		"b",
		"a23456789012345678901234567890123",
		"abcdefabcdefabcdefabcdefabcdefab",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		tap_ok(tap, username_valid(good[i]), good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		tap_ok(tap, !username_valid(bad[i]), "a bad username");
}

static void
check_uuids(struct tap *tap)
{
	static const char text[] = "1f7ccdaf-e29a-8b89-83ad-b01873cf5ad5";
	char printed[UUID_TEXT_SIZE];
	struct uuid id;

	tap_ok(tap, uuid_parse(text, &id), "a UUID");
	uuid_print(&id, printed);
	tap_ok(tap, strcmp(text, printed) == 0, "prints as it was");
	tap_ok(tap, !uuid_parse("1F7CCDAF-E29A-8B89-83AD-B01873CF5AD5", &id),
		   "not in capitals");
	tap_ok(tap, !uuid_parse("1f7ccdafe29a8b8983adb01873cf5ad5", &id),
		   "not without hyphens");
	tap_ok(tap, !uuid_parse("1f7ccdaf-e29a-8b89-83ad-b01873cf5ad55", &id),
		   "not too long");
	tap_ok(tap, !uuid_parse("1f7ccdaf-e29a", &id), "not too short");
	tap_ok(tap, !uuid_parse("", &id), "not empty");
}

static void
check_time(struct tap *tap, const char *text, bool expected)
{
	json_t *object = json_pack("{s:s}", "at", text);
	time_t at = 0;

	tap_ok(tap, field_time(object, "at", &at) == expected, text);
	json_decref(object);
}

static void
check_times(struct tap *tap)
{
	check_time(tap, "2026-01-31T12:00:00.123Z", true);
	check_time(tap, "2026-13-31T12:00:00.123Z", false);
	check_time(tap, "2026-01-31T25:00:00.123Z", false);
	check_time(tap, "2026-01-31T12:00:00Z", false);
	check_time(tap, "2026-01-31 12:00:00.123Z", false);
	check_time(tap, "2026-01-31T12:00:00.123+", false);
	check_time(tap, "", false);
}

static void
check_url(struct tap *tap, const char *url, bool good, bool plain)
{
	char out[ACCOUNT_URL_MAX + 1];
	struct fault fault;
	bool is_plain;
	bool taken = http_check_url(url, out, &is_plain, &fault) == RESULT_OK;

	tap_ok(tap, taken == good && (!good || is_plain == plain), url);
}

static void
check_urls(struct tap *tap)
{
	check_url(tap, "https://msg.example.org", true, false);
	check_url(tap, "https://msg.example.org:8443/e2emsg/", true, false);
	check_url(tap, "http://127.0.0.1:8080", true, false);
	check_url(tap, "http://localhost:8080/", true, false);
	check_url(tap, "http://[::1]:8080", true, false);
	check_url(tap, "http://msg.example.org", true, true);
	check_url(tap, "http://127.0.0.1.example.org", true, true);
	check_url(tap, "http://localhost.example.org", true, true);
	check_url(tap, "ftp://msg.example.org", false, false);
	check_url(tap, "file:///etc/passwd", false, false);
	check_url(tap, "https://user:secret@msg.example.org", false, false);
	check_url(tap, "https://msg.example.org/?a=b", false, false);
	check_url(tap, "https://msg.example.org/#a", false, false);
	check_url(tap, "msg.example.org", false, false);
	check_url(tap, "", false, false);
}

static void
check_json(struct tap *tap, const char *text, bool good)
{
	json_t *object = field_parse(text, strlen(text));

	tap_ok(tap, (object != NULL) == good, text);
	json_decref(object);
}

static void
check_jsons(struct tap *tap)
{
	check_json(tap, "{\"a\": 1}", true);
	check_json(tap, "{\"a\": 1, \"a\": 2}", false);
	check_json(tap, "{\"a\": \"\\u0000\"}", false);
	check_json(tap, "{\"a\": \"\\ud800\"}", false);
	check_json(tap, "[1]", false);
	check_json(tap, "{} x", false);
	check_json(tap, "", false);
}

/* A delivered message with one member changed. */
static void
check_message(struct tap *tap, const char *name, json_t *value, bool good,
			  const char *what)
{
	static const char id[] = "1f7ccdaf-e29a-8b89-83ad-b01873cf5ad5";
	json_t *message = json_pack(
		"{s:s, s:i, s:s, s:s, s:i, s:i, s:i, s:s, s:s, s:s, s:s}", "messageId",
		id, "seq", 1, "senderId", id, "receiverId", id, "suite", 1,
		"keyVersion", 1, "senderKeyVersion", 1, "iv", "AAAAAAAAAAAAAAAA",
		"ciphertext", "AAAA", "authTag", "AAAAAAAAAAAAAAAAAAAAAA", "sentAt",
		"2026-01-31T12:00:00.123Z");
	struct sealed sealed;

	json_object_set_new(message, name, value);
	tap_ok(tap, sealed_read(message, &sealed) == good, what);
	sealed_free(&sealed);
	json_decref(message);
}

static void
check_messages(struct tap *tap)
{
	char *large = calloc(1, 87384 + 1);

	check_message(tap, "ciphertext", json_string(""), true,
				  "an empty ciphertext");
	memset(large, 'A', 87382);
	check_message(tap, "ciphertext", json_string(large), true,
				  "a ciphertext of 65536 bytes");
	memset(large, 'A', 87384);
	check_message(tap, "ciphertext", json_string(large), false,
				  "a larger one");
	check_message(tap, "ciphertext", json_string("AA=="), false, "padding");
	check_message(tap, "ciphertext", json_string("AB"), false,
				  "spare bits that are set");
	check_message(tap, "iv", json_string("AAAAAAAAAAAAAAA"), false,
				  "an iv of 11 bytes");
	check_message(tap, "authTag", json_string("AAAAAAAAAAAAAAAA"), false,
				  "a tag of 12 bytes");
	check_message(tap, "seq", json_integer(0), false, "number 0");
	check_message(tap, "seq", json_real(1.0), false, "number 1.0");
	check_message(tap, "seq", json_string("1"), false, "a number in quotes");
	check_message(tap, "suite", json_integer(7), true,
				  "an unknown suite is let through");
	check_message(tap, "suite", json_integer(-1), false, "suite -1");
	check_message(tap, "senderKeyVersion", json_null(), true,
				  "no sender's version");
	check_message(tap, "senderKeyVersion", json_integer(0), false,
				  "sender's version 0");
	check_message(tap, "keyVersion", json_integer(2147483648), false,
				  "a version of 2^31");
	check_message(tap, "sentAt", json_string("\x1b[31m"), false,
				  "a time that is none");
	free(large);
}

int
main(void)
{
	struct tap tap = {0};

	check_usernames(&tap);
	check_uuids(&tap);
	check_times(&tap);
	check_urls(&tap);
	check_jsons(&tap);
	check_messages(&tap);
	return tap_end(&tap);
}
