/*
 * test_guard_rules.c
 *		The guard against requests as CivetWeb 1.15 hands them over.
 */
#include <string.h>

#include "civet.h"
#include "guard.h"
#include "tap.h"

#define HOST "Host: localhost\r\n"

/* What becomes of a request: a status of guard_check(), or not whole. */
static enum status
judge(const char *request)
{
	struct civet_head *parsed = malloc(sizeof(*parsed));
	struct guard_framing framing;
	const char *why;
	enum status status = STATUS_BAD_REQUEST_FRAMING;

	if (civet_parse(parsed, request, strlen(request)) &&
		(parsed->head.field_count == 0 ||
		 parsed->head.field_count > GUARD_MAX_FIELDS ||
		 guard_is_whole(&parsed->head)))
		status = guard_check(&parsed->head, &framing, &why);
	free(parsed);
	return status;
}

struct sample
{
	const char *name;
	const char *request;
	enum status status;
};

#define GOOD STATUS_OK
#define BAD STATUS_BAD_REQUEST_FRAMING

static const struct sample samples[] = {
	{"plain", "GET /messages HTTP/1.1\r\n" HOST "\r\n", GOOD},
	{"with a query", "GET /a?b=c&d HTTP/1.1\r\n" HOST "\r\n", GOOD},
	{"empty value", "GET / HTTP/1.1\r\n" HOST "A:\r\nB: c\r\n\r\n", GOOD},
	{"spaces around a value", "GET / HTTP/1.1\r\nHost:   a  \r\n\r\n", GOOD},
	{"no space before a value", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", GOOD},
	{"a port", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", GOOD},
	{"1.0 with a Host", "GET / HTTP/1.0\r\n" HOST "\r\n", GOOD},
	{"a body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n", GOOD},
	{"no body in a POST",
	 "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", GOOD},
	{"h2c offered",
	 "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
	 GOOD},
	{"no Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", BAD},
	{"no Host in 1.0", "GET / HTTP/1.0\r\nA: b\r\n\r\n", BAD},
	{"no field at all", "GET / HTTP/1.1\r\n\r\n", BAD},
	{"two Hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", BAD},
	{"Host and host", "GET / HTTP/1.1\r\n" HOST "hOST: b\r\n\r\n", BAD},
	{"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", BAD},
	{"a path in the Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BAD},
	{"two words in the Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", BAD},
	{"a user in the Host", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", BAD},
	{"version 1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", BAD},
	{"version 2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", BAD},
	{"absolute target", "GET http://a/ HTTP/1.1\r\n" HOST "\r\n", BAD},
	{"asterisk target", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", BAD},
	{"percent sign", "GET /a%2e HTTP/1.1\r\n" HOST "\r\n", BAD},
	{"backslash", "GET /a\\b HTTP/1.1\r\n" HOST "\r\n", BAD},
	{"fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", BAD},
	{"fragment in the query", "GET /a?b#c HTTP/1.1\r\n" HOST "\r\n", BAD},
	{"two spaces before the target", "GET  / HTTP/1.1\r\n" HOST "\r\n", BAD},
	{"two spaces before the version", "GET /  HTTP/1.1\r\n" HOST "\r\n", BAD},
	{"a space after the version", "GET / HTTP/1.1 \r\n" HOST "\r\n", BAD},
	{"bare LF after the request line", "GET / HTTP/1.1\n" HOST "\r\n", BAD},
	{"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n", BAD},
	{"bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", BAD},
	{"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\nB: c\n\r\n", BAD},
	{"space before a colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", BAD},
	{"folded first field", "GET / HTTP/1.1\r\n " HOST "\r\n", BAD},
	{"folded line", "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", BAD},
	{"folded last line", "GET / HTTP/1.1\r\n" HOST " c\r\n\r\n", BAD},
	{"line that begins with a colon",
	 "GET / HTTP/1.1\r\n" HOST ": x\r\nB: c\r\n\r\n", BAD},
	{"colon line before all others", "GET / HTTP/1.0\r\n: x\r\n" HOST "\r\n",
	 BAD},
	{"line without a colon", "GET / HTTP/1.1\r\n" HOST "abc\r\n\r\n", BAD},
	{"non-ASCII name", "GET / HTTP/1.1\r\n" HOST "\xe9: x\r\n\r\n", BAD},
	{"bracket in a name", "GET / HTTP/1.1\r\n" HOST "A[b]: x\r\n\r\n", BAD},
	{"TAB in a value", "GET / HTTP/1.1\r\n" HOST "A: b\tc\r\n\r\n", BAD},
	{"DEL in a value", "GET / HTTP/1.1\r\n" HOST "A: b\x7f\r\n\r\n", BAD},
	{"high bytes in a value", "GET / HTTP/1.1\r\n" HOST "A: \xff\r\n\r\n",
	 BAD},
	{"Transfer-Encoding",
	 "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
	 STATUS_LENGTH_REQUIRED},
	{"Transfer-Encoding: identity",
	 "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n",
	 STATUS_LENGTH_REQUIRED},
	{"Transfer-Encoding and Content-Length",
	 "POST / HTTP/1.1\r\n" HOST
	 "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
	 BAD},
	{"Transfer_Encoding",
	 "POST / HTTP/1.1\r\n" HOST
	 "Content-Length: 3\r\nTransfer_Encoding: chunked\r\n\r\n",
	 BAD},
	{"Content_Length beside it",
	 "POST / HTTP/1.1\r\n" HOST
	 "Content-Length: 3\r\nContent_Length: 4\r\n\r\n",
	 BAD},
	{"no length", "POST / HTTP/1.1\r\n" HOST "\r\n", STATUS_LENGTH_REQUIRED},
	{"no length in a PUT", "PUT / HTTP/1.1\r\n" HOST "\r\n",
	 STATUS_LENGTH_REQUIRED},
	{"two equal lengths",
	 "POST / HTTP/1.1\r\n" HOST
	 "Content-Length: 3\r\nContent-Length: 3\r\n\r\n",
	 BAD},
	{"a list of lengths",
	 "POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\n", BAD},
	{"length +3", "POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\n",
	 BAD},
	{"length -3", "POST / HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\n",
	 BAD},
	{"length 0x3", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\n",
	 BAD},
	{"length 3 3", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3 3\r\n\r\n",
	 BAD},
	{"length 3.0", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3.0\r\n\r\n",
	 BAD},
	{"empty length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
	 BAD},
	{"eight digits",
	 "POST / HTTP/1.1\r\n" HOST "Content-Length: 10000000\r\n\r\n", BAD},
	{"seven digits",
	 "POST / HTTP/1.1\r\n" HOST "Content-Length: 9999999\r\n\r\n", GOOD},
	{"a body in a GET", "GET / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n",
	 BAD},
	{"length 0 in a GET",
	 "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", GOOD},
	{"Expect",
	 "POST / HTTP/1.1\r\n" HOST
	 "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n",
	 BAD},
	{"websocket", "GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n\r\n", BAD},
	{"websocket behind h2c",
	 "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nUpgrade: websocket\r\n\r\n",
	 BAD},
	{"two tokens",
	 "GET / HTTP/1.1\r\n" HOST
	 "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
	 BAD},
};

static void
test_samples(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		tap_ok(tap, judge(samples[i].request) == samples[i].status,
			   samples[i].name);
}

/* A Host and count - 1 other fields. */
static enum status
judge_fields(int count)
{
	char request[4096] = "GET / HTTP/1.1\r\n" HOST;
	size_t size = strlen(request);

	for (int i = 1; i < count; i++)
		size += (size_t) snprintf(request + size, sizeof(request) - size,
								  "X-%d: 1\r\n", i);
	snprintf(request + size, sizeof(request) - size, "\r\n");
	return judge(request);
}

static void
test_counts(struct tap *tap)
{
	char path[GUARD_MAX_TARGET + 1], request[3000];

	tap_ok(tap, judge_fields(63) == GOOD, "63 fields");
	tap_ok(tap, judge_fields(64) == STATUS_HEADERS_TOO_LARGE, "64 fields");
	tap_ok(tap, judge_fields(80) == STATUS_HEADERS_TOO_LARGE, "80 fields");
	memset(path, 'a', sizeof(path));
	for (int i = -1; i <= 0; i++)
	{
		snprintf(request, sizeof(request),
				 "GET /%.*s HTTP/1.1\r\n" HOST "\r\n", GUARD_MAX_TARGET + i,
				 path);
		tap_ok(tap, judge(request) == (i < 0 ? GOOD : BAD),
			   i < 0 ? "the longest path" : "one character more");
	}
}

static bool
keeps_alive(const char *version, const char *connection)
{
	struct guard_field fields[] = {{"Host", "a"}, {"Connection", connection}};
	const struct guard_head head = {.method = "GET",
									.target = "/",
									.version = version,
									.fields = fields,
									.field_count = connection ? 2 : 1};
	struct guard_framing framing;
	const char *why;

	return guard_check(&head, &framing, &why) == STATUS_OK &&
		   framing.keep_alive;
}

static void
test_keep_alive(struct tap *tap)
{
	tap_ok(tap, keeps_alive("1.1", NULL), "1.1 stays open");
	tap_ok(tap, keeps_alive("1.1", "keep-alive"), "keep-alive");
	tap_ok(tap, keeps_alive("1.1", "a, Keep-Alive"), "keep-alive in a list");
	tap_ok(tap, !keeps_alive("1.1", "close"), "close");
	tap_ok(tap, !keeps_alive("1.1", "keep-alive, close"), "both");
	tap_ok(tap, !keeps_alive("1.1", "keep-alivex"), "another word");
	tap_ok(tap, !keeps_alive("1.1", "Upgrade"), "an upgrade");
	tap_ok(tap, !keeps_alive("1.0", NULL), "1.0 does not");
	tap_ok(tap, !keeps_alive("1.0", "keep-alive"), "not even when asked");
}

static void
test_values(struct tap *tap)
{
	struct guard_field fields[] = {{"A", "  b c  "}, {"E", ""}, {"S", "   "}};
	const struct guard_head head = {.fields = fields, .field_count = 3};
	char value[4];

	tap_ok(tap,
		   guard_value(&head, "a", value, sizeof(value)) &&
			   strcmp(value, "b c") == 0,
		   "white space around a value is cut");
	tap_ok(tap, !guard_value(&head, "a", value, 3), "no room");
	tap_ok(tap, guard_value(&head, "e", value, 1) && !*value, "empty");
	tap_ok(tap, guard_value(&head, "s", value, 1) && !*value, "only spaces");
	tap_ok(tap, !guard_value(&head, "b", value, 4), "absent");
}

int
main(void)
{
	struct tap tap = {0};

	test_samples(&tap);
	test_counts(&tap);
	test_keep_alive(&tap);
	test_values(&tap);
	return tap_end(&tap);
}
