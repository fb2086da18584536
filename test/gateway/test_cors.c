/*
 * test_cors.c
 *		Which origins can be listed, which are.
 */
#include <string.h>

#include "cors.h"
#include "guard.h"
#include "tap.h"

static void
test_lists(struct tap *tap)
{
	static const char *const good[] = {
		"",
		" ",
		"https://chat.example.org",
		"http://localhost:3000 https://a.b",
		"  https://a.b   http://127.0.0.1:8080 ",
		"https://a.b:8443",
		"http://a.b:443",
		"https://a.b:80",
		"https://a.b:65535",
		"http://[::1]:3000",
		"capacitor://localhost",
		"chrome-extension://abcdefghijklmnop",
		"https://xn--bcher-kva.example"};
	static const char *const bad[] = {
		"*",
		"null",
		"https://*",
		"https://*.example.org",
		"https://a.b/",
		"https://a.b/path",
		"https://A.b",
		"HTTPS://a.b",
		"a.b",
		"//a.b",
		"https:a.b",
		"https://",
		"https://:80",
		"https://a.b:",
		"https://a.b:443",
		"http://a.b:80",
		"https://a.b:0",
		"https://a.b:08443",
		"https://a.b:65536",
		"https://a.b:123456",
		"https://a.b:+1",
		"https://a.b:8443/",
		"https://user@a.b",
		"https://a.b?x",
		"https://a.b#x",
		"https://a.b,https://c.d",
		"https://a.b;https://c.d",
		"https://a.b\thttps://c.d",
		"https://a.b\n",
		"http://[::1",
		"http://[]",
		"http://[::1]x",
		"http://[g::1]",
		"1http://a.b",
		"+http://a.b",
		"https://b\xc3\xbc"
		"cher.example",
		"https://good.example https://bad.example/"};
	char problem[300];
	char text[400] = "https://";

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		tap_ok(tap, !cors_problem(good[i], problem, sizeof(problem)), good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(tap, cors_problem(bad[i], problem, sizeof(problem)),
			   "a bad origin");
	cors_problem("https://a.b ftp:/x", problem, sizeof(problem));
	tap_ok(tap, strstr(problem, "\"ftp:/x\"") != NULL, "the bad one is named");
	memset(text + 8, 'a', CORS_ORIGIN_SIZE - 9);
	tap_ok(tap, !cors_problem(text, problem, sizeof(problem)),
		   "the longest origin");
	memset(text + 8, 'a', CORS_ORIGIN_SIZE - 8);
	tap_ok(tap, cors_problem(text, problem, sizeof(problem)),
		   "one character more");
	memset(text + 8, '/', sizeof(text) - 9);
	tap_ok(tap, cors_problem(text, problem, sizeof(problem)), "a long word");
}

/* A request's head with this Origin, or without. */
static struct cors_origin
look(struct cors *cors, const char *method, const char *origin, bool asks)
{
	const struct guard_field fields[] = {
		{"Host", "x"},
		{origin ? "Origin" : "Other", origin ? origin : "y"},
		{asks ? "Access-Control-Request-Method" : "Accept", "GET"}};
	const struct guard_head head = {
		.method = method, .fields = fields, .field_count = 3};
	struct cors_origin found;

	cors_look(cors, &head, &found);
	if (asks && !cors_is_preflight(&head, &found))
		found.text[0] = '!';
	return found;
}

static void
test_requests(struct tap *tap)
{
	struct cors *cors = cors_new("https://a.b http://c.d:3000");
	char longest[CORS_ORIGIN_SIZE + 100];
	struct cors_origin found;

	found = look(cors, "GET", "https://a.b", false);
	tap_ok(tap, found.is_listed && found.varies, "the first of the list");
	tap_ok(tap, strcmp(found.text, "https://a.b") == 0, "its text");
	found = look(cors, "GET", "http://c.d:3000", false);
	tap_ok(tap, found.is_listed, "the last of the list");
	found = look(cors, "GET", " http://c.d:3000 ", false);
	tap_ok(tap, found.is_listed, "spaces around it");
	found = look(cors, "GET", "https://a.b http://c.d:3000", false);
	tap_ok(tap, !found.is_listed, "the whole list");
	found = look(cors, "GET", "https://a", false);
	tap_ok(tap, !found.is_listed && found.varies, "a prefix");
	found = look(cors, "GET", "https://a.b.evil", false);
	tap_ok(tap, !found.is_listed, "something longer");
	found = look(cors, "GET", "HTTPS://A.B", false);
	tap_ok(tap, !found.is_listed, "other letters");
	found = look(cors, "GET", "", false);
	tap_ok(tap, !found.is_listed, "an empty one");
	found = look(cors, "GET", NULL, false);
	tap_ok(tap, !found.is_listed && found.text[0] == '\0', "none");
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	found = look(cors, "OPTIONS", longest, true);
	tap_ok(tap, !found.is_listed && strcmp(found.text, "?") == 0,
		   "one that is too long is a preflight, too");
	found = look(cors, "OPTIONS", "https://evil", true);
	tap_ok(tap, found.text[0] == 'h', "a preflight");
	found = look(cors, "POST", "https://evil", true);
	tap_ok(tap, found.text[0] == '!', "POST is none");
	cors_set(cors, "");
	found = look(cors, "GET", "https://a.b", false);
	tap_ok(tap, !found.is_listed && !found.varies, "after another list");
	cors_free(cors);
}

int
main(void)
{
	struct tap tap = {0};

	test_lists(&tap);
	test_requests(&tap);
	return tap_end(&tap);
}
