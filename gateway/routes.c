/*
 * routes.c
 *		The table of routes.
 */
#include "routes.h"

#include <string.h>

#define FROM_E2EMSG(columns, call) "SELECT " columns " FROM e2emsg." call

static const struct route routes[] = {
	{.method = "POST",
	 .pattern = "/users",
	 .audience = REGISTRATION,
	 .limit = RATE_REGISTER,
	 .success = 201,
	 .serve = serve_registration,
	 .sql =
		 FROM_E2EMSG("body::text, waits, user_id::text", "rest_register($1)"),
	 .params = {BODY},
	 .flags = LOGGED | REGISTERS},
	{.method = "GET",
	 .pattern = "/users/{who}/public-key",
	 .audience = TOKEN,
	 .limit = RATE_LOOKUP,
	 .success = 200,
	 .serve = serve_sql,
	 .sql =
		 FROM_E2EMSG("body::text, etag, immutable", "rest_public_key($1, $2)"),
	 .params = {PATH, QUERY_1},
	 .query = {"version"},
	 .flags = HAS_ETAG},
	{.method = "PUT",
	 .pattern = "/users/{id}/public-key",
	 .audience = TOKEN,
	 .limit = RATE_REGISTER,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text, waits, key_version",
						"rest_rotate_key($1, $2, $3)"),
	 .params = {CALLER, PATH, BODY},
	 .logged_sql = FROM_E2EMSG("body::text, waits", "rest_rotated($1, $2)"),
	 .logged_params = {CALLER, COLUMN_3},
	 .flags = LOGGED},
	{.method = "PUT",
	 .pattern = "/users/{id}/identity-key",
	 .audience = TOKEN,
	 .limit = RATE_REGISTER,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text, waits", "rest_identity_key($1, $2, $3)"),
	 .params = {CALLER, PATH, BODY},
	 .logged_sql =
		 FROM_E2EMSG("body::text, false", "rest_public_key($1, NULL)"),
	 .logged_params = {PATH},
	 .flags = LOGGED},
	{.method = "GET",
	 .pattern = "/users/{who}/key-rotations",
	 .audience = TOKEN,
	 .limit = RATE_LOOKUP,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_key_rotations($1, $2)"),
	 .params = {PATH, QUERY_1},
	 .query = {"from"}},
	{.method = "POST",
	 .pattern = "/sessions/challenge",
	 .audience = ANYONE,
	 .limit = RATE_SESSION,
	 .success = 200,
	 .serve = serve_challenge},
	{.method = "POST",
	 .pattern = "/sessions",
	 .audience = ANYONE,
	 .limit = RATE_SESSION,
	 .success = 201,
	 .serve = serve_session},
	{.method = "POST",
	 .pattern = "/sessions/refresh",
	 .audience = TOKEN,
	 .limit = RATE_SESSION,
	 .success = 201,
	 .serve = serve_refresh,
	 .flags = EMPTY_BODY},
	{.method = "POST",
	 .pattern = "/messages",
	 .audience = TOKEN,
	 .limit = RATE_SEND,
	 .success = 201,
	 .serve = serve_send},
	{.method = "GET",
	 .pattern = "/messages",
	 .audience = TOKEN,
	 .limit = RATE_READ,
	 .success = 200,
	 .serve = serve_inbox,
	 .sql = FROM_E2EMSG("body::text", "rest_inbox($1, $2, $3)"),
	 .params = {CALLER, QUERY_1, QUERY_2},
	 .query = {"after", "limit", "wait"}},
	{.method = "GET",
	 .pattern = "/messages/stream",
	 .audience = TOKEN,
	 .limit = RATE_READ,
	 .success = 200,
	 .serve = serve_stream,
	 .query = {"after"}},
	{.method = "POST",
	 .pattern = "/messages/ack",
	 .audience = TOKEN,
	 .limit = RATE_READ,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_acknowledge($1, $2)"),
	 .params = {CALLER, BODY}},
	{.method = "GET",
	 .pattern = "/blocks",
	 .audience = TOKEN,
	 .limit = RATE_BLOCK,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_blocks($1)"),
	 .params = {CALLER}},
	{.method = "PUT",
	 .pattern = "/blocks/{id}",
	 .audience = TOKEN,
	 .limit = RATE_BLOCK,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_block($1, $2)"),
	 .params = {CALLER, PATH},
	 .flags = EMPTY_BODY},
	{.method = "DELETE",
	 .pattern = "/blocks/{id}",
	 .audience = TOKEN,
	 .limit = RATE_BLOCK,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_unblock($1, $2)"),
	 .params = {CALLER, PATH}},
	{.method = "PUT",
	 .pattern = "/backup",
	 .audience = TOKEN,
	 .limit = RATE_BACKUP,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_put_backup($1, $2)"),
	 .params = {CALLER, BODY}},
	{.method = "GET",
	 .pattern = "/backup",
	 .audience = TOKEN,
	 .limit = RATE_BACKUP,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_backup($1)"),
	 .params = {CALLER}},
	{.method = "POST",
	 .pattern = "/backup/restore",
	 .audience = ANYONE,
	 .limit = RATE_RESTORE,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_restore($1)"),
	 .params = {BODY}},
	{.method = "GET",
	 .pattern = "/key-log",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_key_log()"),
	 .flags = PUBLIC},
	{.method = "GET",
	 .pattern = "/key-log/checkpoint",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body", "rest_checkpoint()"),
	 .flags = PUBLIC | PLAIN},
	{.method = "GET",
	 .pattern = "/key-log/tile/{tile*}",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("encode(body, 'hex')", "rest_tile($1)"),
	 .params = {PATH},
	 .flags = PUBLIC | FOREVER | OCTETS},
	{.method = "GET",
	 .pattern = "/key-log/proof/inclusion",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_inclusion_proof($1, $2)"),
	 .params = {QUERY_1, QUERY_2},
	 .query = {"leaf", "size"},
	 .flags = PUBLIC | FOREVER},
	{.method = "GET",
	 .pattern = "/key-log/proof/consistency",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_consistency_proof($1, $2)"),
	 .params = {QUERY_1, QUERY_2},
	 .query = {"from", "to"},
	 .flags = PUBLIC | FOREVER},
	{.method = "GET",
	 .pattern = "/key-log/entries",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = FROM_E2EMSG("body::text", "rest_log_entries($1, $2)"),
	 .params = {QUERY_1, QUERY_2},
	 .query = {"from", "limit"},
	 .flags = PUBLIC},
	{.method = "GET",
	 .pattern = "/",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_web,
	 .file = "index.html",
	 .flags = WEB},
	{.method = "GET",
	 .pattern = "/demo",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_web,
	 .file = "demo.html",
	 .flags = WEB | DEMO},
	{.method = "GET",
	 .pattern = "/docs",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_web,
	 .file = "docs.html",
	 .flags = WEB},
	{.method = "GET",
	 .pattern = "/web/{file*}",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_web,
	 .flags = WEB},
	{.method = "GET",
	 .pattern = "/demo/rows",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = "SELECT body::text FROM e2emsg_demo.rows($1, $2)",
	 .params = {QUERY_1, QUERY_2},
	 .query = {"of", "and"},
	 .flags = DEMO},
	{.method = "POST",
	 .pattern = "/demo/evil",
	 .audience = ANYONE,
	 .success = 200,
	 .serve = serve_sql,
	 .sql = "SELECT body::text, mailbox::text FROM e2emsg_demo.evil($1)",
	 .params = {BODY},
	 .flags = DEMO | SAYS_JSON | WAKES},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

/*
 * Matches a whole path; a {segment} is one to 64 characters but "/", {rest*}
 * may have these, too.
 */
static bool
matches(const char *pattern, const char *path,
		char segment[ROUTE_SEGMENT_SIZE])
{
	segment[0] = '\0';
	while (*pattern)
	{
		if (*pattern == '{')
		{
			const char *end = strchr(pattern, '}');
			size_t size = strcspn(path, end[-1] == '*' ? "" : "/");

			if (size == 0 || size >= ROUTE_SEGMENT_SIZE)
				return false;
			memcpy(segment, path, size);
			segment[size] = '\0';
			path += size;
			pattern = end + 1;
		}
		else if (*pattern++ != *path++)
			return false;
	}
	return *path == '\0';
}

/* The methods that routes have, as bits. */
static unsigned
method_bit(const char *method)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};

	for (unsigned i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(method, methods[i]) == 0)
			return 1u << i;
	return 0;
}

/* Methods as a static list; NULL for none. */
static const char *
allow_list(unsigned methods)
{
	static const char *const lists[] = {
		NULL,
		"GET",
		"POST",
		"GET, POST",
		"PUT",
		"GET, PUT",
		"POST, PUT",
		"GET, POST, PUT",
		"DELETE",
		"GET, DELETE",
		"POST, DELETE",
		"GET, POST, DELETE",
		"PUT, DELETE",
		"GET, PUT, DELETE",
		"POST, PUT, DELETE",
		"GET, POST, PUT, DELETE",
	};

	return lists[methods];
}

const struct route *
routes_find(const char *method, const char *path, unsigned hidden,
			char segment[ROUTE_SEGMENT_SIZE], const char **allow)
{
	unsigned methods = 0;

	for (size_t i = 0; i < ROUTE_COUNT; i++)
	{
		if ((routes[i].flags & hidden) ||
			!matches(routes[i].pattern, path, segment))
			continue;
		if (strcmp(routes[i].method, method) == 0)
			return &routes[i];
		methods |= method_bit(routes[i].method);
	}
	*allow = allow_list(methods);
	return NULL;
}

size_t
routes_count(void)
{
	return ROUTE_COUNT;
}

const struct route *
routes_at(size_t number)
{
	return number < ROUTE_COUNT ? &routes[number] : NULL;
}

size_t
routes_number(const struct route *route)
{
	return (size_t) (route - routes);
}

/* A word of a list, with a comma if it is not the first one. */
static void
print_word(FILE *out, const char *word, bool *first)
{
	fprintf(out, "%s%s", *first ? "" : ",", word);
	*first = false;
}

static void
print_successes(FILE *out, const struct route *route)
{
	fprintf(out, "%d", route->success);
	if (route->flags & LOGGED)
		fputs(",202", out);
	if ((route->flags & (HAS_ETAG | WEB)) != 0)
		fputs(",304", out);
}

static void
print_query(FILE *out, const struct route *route)
{
	bool first = true;

	for (int i = 0; i < ROUTE_MAX_QUERY && route->query[i]; i++)
		print_word(out, route->query[i], &first);
	fputs(first ? "-" : "", out);
}

static void
print_settings(FILE *out, const struct route *route)
{
	bool first = true;

	if (route->flags & WEB)
		print_word(out, "web", &first);
	if (route->flags & DEMO)
		print_word(out, "demo", &first);
	fputs(first ? "-" : "", out);
}

void
routes_print(FILE *out)
{
	static const char *const audiences[] = {
		[ANYONE] = "anyone",
		[REGISTRATION] = "registration",
		[TOKEN] = "token",
	};

	for (size_t i = 0; i < ROUTE_COUNT; i++)
	{
		fprintf(out, "%s\t%s\t%s\t", routes[i].method, routes[i].pattern,
				audiences[routes[i].audience]);
		print_successes(out, &routes[i]);
		fputs("\t", out);
		print_query(out, &routes[i]);
		fputs("\t", out);
		print_settings(out, &routes[i]);
		fprintf(out, "\t%s\n", rate_limit_name(routes[i].limit));
	}
}
