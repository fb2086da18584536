/*
 * routes_fuzz.c
 *		routes.c: methods and paths.
 *
 * The input is a method, a space and a path.  The patterns, as the gateway
 * prints them, become regular expressions; the first that fits is the route.
 */
#include <regex.h>

#include "fuzz.h"
#include "handlers.h"
#include "routes.h"

#define MAX_RULES 100

struct rule
{
	char method[8], pattern[80];
	regex_t path;
};

static struct rule rules[MAX_RULES];
static size_t rule_count;

/* A {name} is one to 64 characters but "/", a {name*} may have these. */
static void
make_path(struct rule *rule)
{
	char form[200] = "^";

	for (const char *at = rule->pattern; *at; at++)
	{
		const char *end = *at == '{' ? strchr(at, '}') : NULL;
		char plain[] = {'[', *at, ']', '\0'};

		strncat(form,
				!end			 ? plain
				: end[-1] == '*' ? "(.{1,64})"
								 : "([^/]{1,64})",
				sizeof(form) - strlen(form) - 1);
		at = end ? end : at;
	}
	strncat(form, "$", sizeof(form) - strlen(form) - 1);
	must(regcomp(&rule->path, form, REG_EXTENDED) == 0);
}

static void
read_rules(void)
{
	char *text = NULL, *at, *line;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	routes_print(out);
	fclose(out);
	for (at = text; (line = strsep(&at, "\n")) != NULL && *line;)
	{
		struct rule *rule = &rules[rule_count++];

		must(rule_count < MAX_RULES &&
			 sscanf(line, "%7s %79s", rule->method, rule->pattern) == 2);
		make_path(rule);
	}
	free(text);
}

/* The first rule for it. */
static const struct rule *
find(const char *method, const char *path, regmatch_t found[2])
{
	for (size_t i = 0; i < rule_count; i++)
		if (strcmp(rules[i].method, method) == 0 &&
			regexec(&rules[i].path, path, 2, found, 0) == 0)
			return &rules[i];
	return NULL;
}

/* The methods of a path as a list; empty for none. */
static void
list_methods(const char *path, char list[64])
{
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
	regmatch_t unused[2];

	list[0] = '\0';
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (find(methods[i], path, unused))
		{
			strncat(list, list[0] ? ", " : "", 3);
			strncat(list, methods[i], 8);
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size), *path = text, *method;
	char segment[ROUTE_SEGMENT_SIZE], list[64];
	const char *allow = NULL;
	const struct route *route;
	const struct rule *rule;
	regmatch_t found[2];

	if (rule_count == 0)
		read_rules();
	method = strsep(&path, " ");
	path = path ? path : method + strlen(method);
	rule = find(method, path, found);
	route = routes_find(method, path, 0, segment, &allow);
	list_methods(path, list);
	must((route != NULL) == (rule != NULL));
	if (route)
	{
		must(strcmp(route->method, rule->method) == 0 &&
			 strcmp(route->pattern, rule->pattern) == 0);
		must(found[1].rm_so < 0
				 ? segment[0] == '\0'
				 : same_bytes(segment, strlen(segment), path + found[1].rm_so,
							  (size_t) (found[1].rm_eo - found[1].rm_so)));
	}
	else
		must(strcmp(allow ? allow : "", list) == 0);
	free(text);
	return 0;
}
