/*
 * test_proxies.c
 *		Addresses, networks, and whom a request comes from.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "proxies.h"
#include "tap.h"

/* Does it read as this address, of IPv6 notation?  NULL: as none. */
static bool
reads_as(const char *text, const char *wanted)
{
	struct address address;
	struct in6_addr there;

	if (!address_parse(text, strlen(text), &address))
		return wanted == NULL;
	return wanted && inet_pton(AF_INET6, wanted, &there) == 1 &&
		   memcmp(&there, address.bytes, 16) == 0;
}

static void
addresses(struct tap *tap)
{
	static const char *const none[] = {
		"",
		" ",
		"unknown",
		"_hidden",
		"1.2.3",
		"1.2.3.4.5",
		"256.1.1.1",
		"01.2.3.4x",
		"1.2.3.4:",
		"1.2.3.4:x",
		"1.2.3.4:123456",
		"1.2.3.4:1:2",
		"[1.2.3.4",
		"[::1",
		"[::1]x",
		"[::1]:",
		"[::1]:x",
		"[]",
		"]",
		":",
		":1",
		"::1%eth0",
		"fe80::1%1",
		"1:2:3:4:5:6:7:8:9",
		"\"1.2.3.4\"",
		"for=1.2.3.4",
		"1.2.3.4/8",
		"127.1",
		"0x7f.1.1.1",
		"2130706433",
		"1.2.3.4 5.6.7.8",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"};

	tap_ok(tap, reads_as("1.2.3.4", "::ffff:1.2.3.4"), "IPv4");
	tap_ok(tap, reads_as("1.2.3.4:80", "::ffff:1.2.3.4"), "with a port");
	tap_ok(tap, reads_as("[1.2.3.4]:80", "::ffff:1.2.3.4"), "in brackets");
	tap_ok(tap, reads_as("2001:db8::1", "2001:db8::1"), "IPv6");
	tap_ok(tap, reads_as("[2001:DB8::1]", "2001:db8::1"), "in brackets");
	tap_ok(tap, reads_as("[2001:db8::1]:65535", "2001:db8::1"), "and a port");
	tap_ok(tap, reads_as("::ffff:1.2.3.4", "::ffff:1.2.3.4"), "mapped IPv4");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		tap_ok(tap, reads_as(none[i], NULL), none[i]);
}

static void
lists(struct tap *tap)
{
	static const char *const wrong[] = {
		"10.0.0.0/33",		"10.0.0.0/",	  "10.0.0.0/x",
		"10.0.0.0/-1",		"10.0.0.0/0x8",	  "/8",
		"10.0.0/8",			"10.0.0.1:80",	  "[::1]",
		"::1/129",			"10.0.0.0/8/8",	  "10.0.0.1,10.0.0.2",
		"localhost",		"10.0.0.0/0008",  "10.0.0.1/8",
		"10.0.0.0/4",		"1.2.3.5/31",	  "0.0.0.1/31x",
		"128.0.0.1/1",		"2001:db8::1/32", "2001:db8:8000::/32",
		"::1/127",			"0.0.0.0/0",	  "::/0",
		"::ffff:0.0.0.0/0", "1.2.3.4/0",	  "::ffff:10.0.0.1/8"};
	static const char *const right[] = {
		"10.0.0.1/32", "1.2.3.4/30",	"128.0.0.0/1",
		"0.0.0.0/1",   "::1/128",		"::2/127",
		"8000::/1",	   "2001:db8::/33", "::ffff:10.0.0.0/8"};
	char many[PROXIES_MAX * 8 + 16] = "";
	struct proxies proxies;

	tap_ok(tap, proxies_parse("", &proxies) && proxies.count == 0, "none");
	tap_ok(tap,
		   proxies_parse(" 10.0.0.0/8  127.0.0.1 2001:db8::/32 ", &proxies) &&
			   proxies.count == 3,
		   "three");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		tap_ok(tap, !proxies_parse(wrong[i], &proxies), wrong[i]);
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		tap_ok(tap, proxies_parse(right[i], &proxies), right[i]);
	for (int i = 0; i < PROXIES_MAX; i++)
		strcat(many, "1.1.1.1 ");
	tap_ok(tap, proxies_parse(many, &proxies), "as many as there may be");
	strcat(many, "1.1.1.1");
	tap_ok(tap, !proxies_parse(many, &proxies), "one more");
}

/* What the operator is told of a list. */
static void
problems(struct tap *tap)
{
	static const char *const cases[][2] = {
		{"10.0.0.1, 10.0.0.2", "trusted_proxies: \"10.0.0.1,\" is no address"},
		{"::1 10.0.0.1/8 x", "\"10.0.0.1/8\" is an address in a network"},
		{"10.0.0.0/33", "\"10.0.0.0/33\" is no address"},
		{" ::/0", "\"::/0\" is everybody"}};
	char many[PROXIES_MAX * 8 + 16] = "", problem[300] = "";
	char longest[500] = "";

	tap_ok(
		tap,
		!proxies_problem("", problem, sizeof(problem)) &&
			!proxies_problem(" ::1  10.0.0.0/8 ", problem, sizeof(problem)) &&
			problem[0] == '\0',
		"nothing");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_ok(tap,
			   proxies_problem(cases[i][0], problem, sizeof(problem)) &&
				   strstr(problem, cases[i][1]),
			   cases[i][0]);
	for (int i = 0; i < PROXIES_MAX; i++)
		strcat(many, "1.1.1.1 ");
	strcat(many, "2.2.2.2");
	tap_ok(tap,
		   proxies_problem(many, problem, sizeof(problem)) &&
			   strstr(problem, "\"2.2.2.2\" is one too many"),
		   "the one too many");
	memset(longest, 'x', sizeof(longest) - 1);
	tap_ok(tap,
		   proxies_problem(longest, problem, sizeof(problem)) &&
			   strlen(problem) < 200,
		   "a long word is cut");
}

/* A request: its peer, and pairs of field names and values. */
struct sent
{
	const char *peer;
	const char *fields[8];
};

static struct address
client_of(const char *trusted, const struct sent *sent, bool *ignored)
{
	struct guard_field fields[4];
	struct guard_head head = {.fields = fields};
	struct proxies proxies;

	if (!proxies_parse(trusted, &proxies))
		exit(EXIT_FAILURE);
	for (; head.field_count < 4 && sent->fields[2 * head.field_count];
		 head.field_count++)
		fields[head.field_count] =
			(struct guard_field){sent->fields[2 * head.field_count],
								 sent->fields[2 * head.field_count + 1]};
	return proxies_client(&proxies, sent->peer, &head, ignored);
}

static void
comes_from(struct tap *tap, const char *trusted, struct sent sent,
		   const char *wanted, const char *name)
{
	bool ignored;
	struct address client = client_of(trusted, &sent, &ignored);
	struct in6_addr there;

	tap_ok(tap,
		   inet_pton(AF_INET6, wanted, &there) == 1 &&
			   memcmp(&there, client.bytes, 16) == 0,
		   name);
}

#define XFF "X-Forwarded-For"

static void
clients(struct tap *tap)
{
	static const char trusted[] = "127.0.0.1 10.0.0.0/8 2001:db8:1::/48";
	static const char local[] = "127.0.0.1";

	comes_from(tap, "", (struct sent){local, {XFF, "6.6.6.6"}},
			   "::ffff:127.0.0.1", "nobody is trusted");
	comes_from(tap, trusted, (struct sent){"9.9.9.9", {XFF, "6.6.6.6"}},
			   "::ffff:9.9.9.9", "this peer is not");
	comes_from(tap, trusted, (struct sent){local, {"Host", "x"}},
			   "::ffff:127.0.0.1", "a proxy that says nothing");
	comes_from(tap, trusted, (struct sent){local, {XFF, "1.2.3.4"}},
			   "::ffff:1.2.3.4", "the client");
	comes_from(tap, trusted, (struct sent){local, {XFF, "6.6.6.6, 1.2.3.4"}},
			   "::ffff:1.2.3.4", "and not what it says itself");
	comes_from(tap, trusted,
			   (struct sent){local, {XFF, "6.6.6.6,1.2.3.4 , 10.0.0.7"}},
			   "::ffff:1.2.3.4", "two proxies");
	comes_from(tap, trusted,
			   (struct sent){local, {XFF, "6.6.6.6, 1.2.3.4, 10.0.0.7:4711"}},
			   "::ffff:1.2.3.4", "one of which names a port");
	comes_from(tap, trusted,
			   (struct sent){local, {XFF, "6.6.6.6, 11.0.0.1, 10.0.0.7"}},
			   "::ffff:11.0.0.1", "the first that is not trusted");
	comes_from(tap, trusted,
			   (struct sent){local, {XFF, "1.2.3.4, 2001:db8:1:9::1"}},
			   "::ffff:1.2.3.4", "a proxy with IPv6");
	comes_from(tap, trusted,
			   (struct sent){local, {XFF, "1.2.3.4, 2001:db8:2:9::1"}},
			   "2001:db8:2:9::", "another's /64");
	comes_from(tap, trusted,
			   (struct sent){local, {XFF, "2001:db8:9:1:2:3:4:5"}},
			   "2001:db8:9:1::", "an IPv6 address is its /64");
	comes_from(tap, trusted, (struct sent){local, {XFF, "::ffff:1.2.3.4"}},
			   "::ffff:1.2.3.4", "IPv4 in IPv6 is IPv4");
	comes_from(tap, trusted, (struct sent){local, {XFF, "10.0.0.1, 10.0.0.2"}},
			   "::ffff:10.0.0.1", "all are trusted: the first of them");
	comes_from(tap, trusted,
			   (struct sent){local, {XFF, "6.6.6.6", XFF, "1.2.3.4"}},
			   "::ffff:1.2.3.4", "two fields: the last one counts first");
	comes_from(
		tap, trusted,
		(struct sent){local, {"x-forwarded-FOR", "1.2.3.4", XFF, "10.0.0.1"}},
		"::ffff:1.2.3.4", "and then the one before");
	comes_from(
		tap, trusted,
		(struct sent){local, {XFF, "1.2.3.4", "X_Forwarded_For", "6.6.6.6"}},
		"::ffff:1.2.3.4", "a name with underscores is another");
	comes_from(tap, trusted,
			   (struct sent){local, {"Forwarded", "for=1.2.3.4"}},
			   "::ffff:127.0.0.1", "Forwarded is not read");
}

static void
garbage(struct tap *tap)
{
	static const char *const values[] = {"",
										 " ",
										 ",",
										 ",,,,",
										 "unknown",
										 "6.6.6.6,",
										 "6.6.6.6, x",
										 "6.6.6.6 ,\"",
										 "6.6.6.6, 1.2.3.4.5",
										 "6.6.6.6, [::1",
										 "6.6.6.6; 7.7.7.7",
										 "6.6.6.6 7.7.7.7"};
	char *longest = malloc(16001);
	bool ignored;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		comes_from(tap, "127.0.0.1",
				   (struct sent){"127.0.0.1", {XFF, values[i]}},
				   "::ffff:127.0.0.1", values[i]);
	comes_from(tap, "127.0.0.1",
			   (struct sent){"127.0.0.1", {XFF, "6.6.6.6, ?, 127.0.0.1"}},
			   "::ffff:127.0.0.1", "it ends the way");
	comes_from(tap, "127.0.0.1", (struct sent){"?", {XFF, "6.6.6.6"}},
			   "::ffff:0.0.0.0", "a peer without an address");
	if (!longest)
		exit(EXIT_FAILURE);
	memset(longest, ',', 16000);
	longest[16000] = '\0';
	comes_from(tap, "127.0.0.1", (struct sent){"127.0.0.1", {XFF, longest}},
			   "::ffff:127.0.0.1", "16,000 commas");
	memset(longest, '9', 16000);
	comes_from(tap, "127.0.0.1", (struct sent){"127.0.0.1", {XFF, longest}},
			   "::ffff:127.0.0.1", "16,000 digits");
	free(longest);
	client_of("", &(struct sent){"127.0.0.1", {XFF, "6.6.6.6"}}, &ignored);
	tap_ok(tap, ignored, "what is ignored is told");
	client_of("127.0.0.1", &(struct sent){"127.0.0.1", {XFF, "?"}}, &ignored);
	tap_ok(tap, !ignored, "garbage of a proxy is not");
	client_of("", &(struct sent){"127.0.0.1", {"Host", "x"}}, &ignored);
	tap_ok(tap, !ignored, "nor is nothing");
}

int
main(void)
{
	struct tap tap = {0};

	addresses(&tap);
	lists(&tap);
	problems(&tap);
	clients(&tap);
	garbage(&tap);
	return tap_end(&tap);
}
