/*
 * test_routes.c
 *		Methods and paths.
 */
#include <string.h>

#include "handlers.h"
#include "routes.h"
#include "tap.h"

static bool
goes_to(const char *method, const char *path, const char *pattern,
		const char *segment)
{
	char found[ROUTE_SEGMENT_SIZE];
	const char *allow = NULL;
	const struct route *route = routes_find(method, path, 0, found, &allow);

	return route && strcmp(route->pattern, pattern) == 0 &&
		   strcmp(found, segment) == 0;
}

/* Is this route there, with these ones hidden? */
static bool
is_served(const char *path, unsigned hidden)
{
	char found[ROUTE_SEGMENT_SIZE];
	const char *allow = "";

	return routes_find("GET", path, hidden, found, &allow) || allow;
}

/* allow NULL: the path is unknown. */
static bool
goes_nowhere(const char *method, const char *path, const char *allow)
{
	char found[ROUTE_SEGMENT_SIZE];
	const char *said = NULL;

	if (routes_find(method, path, 0, found, &said))
		return false;
	return allow ? said && strcmp(said, allow) == 0 : said == NULL;
}

int
main(void)
{
	static const char *const nowhere[] = {"",
										  "/index.html",
										  "/web",
										  "/web/",
										  "/users/",
										  "/user",
										  "/users/a",
										  "/users//public-key",
										  "/users/a/public-key/",
										  "/users/a/b/public-key",
										  "/messages/",
										  "/messages/ack/x",
										  "//messages",
										  "/Messages",
										  "/messages/../users",
										  "/sessions/x"};
	char longest[200] = "/users/";
	struct tap tap = {0};

	tap_ok(&tap, goes_to("POST", "/users", "/users", ""), "register");
	tap_ok(&tap,
		   goes_to("GET", "/users/bob/public-key", "/users/{who}/public-key",
				   "bob"),
		   "a key");
	tap_ok(&tap,
		   goes_to("PUT", "/users/bob/public-key", "/users/{id}/public-key",
				   "bob"),
		   "rotate");
	tap_ok(&tap, goes_to("POST", "/messages/ack", "/messages/ack", ""),
		   "acknowledge");
	tap_ok(&tap,
		   goes_to("POST", "/sessions/challenge", "/sessions/challenge", ""),
		   "challenge");
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
		tap_ok(&tap, goes_nowhere("GET", nowhere[i], NULL), nowhere[i]);
	tap_ok(&tap, goes_nowhere("DELETE", "/messages", "GET, POST"),
		   "Allow: GET, POST");
	tap_ok(&tap, goes_nowhere("POST", "/users/x/public-key", "GET, PUT"),
		   "Allow: GET, PUT");
	tap_ok(&tap, goes_nowhere("HEAD", "/messages/ack", "POST"), "Allow: POST");
	tap_ok(&tap, goes_nowhere("GET", "/users/x/identity-key", "PUT"),
		   "Allow: PUT");
	tap_ok(&tap, goes_nowhere("POST", "/blocks/x", "PUT, DELETE"),
		   "Allow: PUT, DELETE");
	tap_ok(&tap, goes_nowhere("DELETE", "/blocks", "GET"),
		   "no route deletes all blocks");
	tap_ok(&tap, goes_to("DELETE", "/blocks/x", "/blocks/{id}", "x"),
		   "unblock");
	tap_ok(&tap,
		   goes_to("GET", "/web/page/chat.js", "/web/{file*}", "page/chat.js"),
		   "a file of the client");
	tap_ok(&tap, goes_nowhere("POST", "/", "GET"), "a page: Allow: GET");
	tap_ok(&tap, is_served("/demo", 0) && is_served("/demo", OCTETS),
		   "a page of the demonstration");
	tap_ok(&tap, !is_served("/demo", DEMO) && !is_served("/demo", WEB),
		   "... hidden");
	tap_ok(&tap, is_served("/docs", DEMO) && !is_served("/docs", WEB),
		   "another page");
	memset(longest + 7, 'x', 65);
	strncpy(longest + 72, "/public-key", 12);
	tap_ok(&tap, goes_nowhere("GET", longest, NULL), "65 characters");
	memmove(longest + 71, longest + 72, 12);
	tap_ok(&tap, !goes_nowhere("GET", longest, NULL), "64 characters");
	return tap_end(&tap);
}
