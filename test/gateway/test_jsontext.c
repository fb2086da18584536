/*
 * test_jsontext.c
 *		JSON of clients: RFC 8259 as JSONTestSuite sees it, with our limits.
 */
#include <dirent.h>
#include <string.h>

#include "jsontext.h"
#include "tap.h"

static bool
accepts(const char *text, size_t size)
{
	char *exact = malloc(size + (size == 0));
	json_t *value;
	bool good;

	memcpy(exact, text, size);
	value = jsontext_parse(exact, size);
	good = value != NULL;
	json_decref(value);
	free(exact);
	return good;
}

/* n open brackets, and as many closed ones. */
static bool
accepts_depth(size_t depth)
{
	char *text = malloc(2 * depth);
	bool good;

	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	good = accepts(text, 2 * depth);
	free(text);
	return good;
}

/* Reads a file of the suite; the caller frees. */
static char *
read_file(const char *folder, const char *name, size_t *size)
{
	char path[4096];
	FILE *file;
	char *text = malloc(1 << 20);

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file || !text)
		exit(EXIT_FAILURE);
	*size = fread(text, 1, 1 << 20, file);
	fclose(file);
	return text;
}

/*
 * y_ must be taken unless it is no object or array, is nested too deeply,
 * repeats a member or escapes NUL; n_ must be refused; i_ may be either.
 */
static bool
may_refuse_y(const char *name, const char *text, size_t size)
{
	size_t start = 0;

	while (start < size && strchr(" \t\r\n", text[start]))
		start++;
	return (start < size && text[start] != '[' && text[start] != '{') ||
		   strstr(name, "duplicated_key") || strstr(name, "null_escape") ||
		   strstr(name, "escaped_null");
}

static void
test_suite(struct tap *tap)
{
	const char *vectors = getenv("E2EMSG_VECTORS");
	char folder[2048];
	struct dirent *entry;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/jsontestsuite/test_parsing",
			 vectors ? vectors : "test/vectors");
	dir = opendir(folder);
	if (!dir)
	{
		printf("Bail out! no %s\n", folder);
		exit(EXIT_FAILURE);
	}
	while ((entry = readdir(dir)) != NULL)
	{
		size_t size;
		char *text;
		bool good;

		if (entry->d_name[0] == '.')
			continue;
		text = read_file(folder, entry->d_name, &size);
		good = accepts(text, size);
		if (entry->d_name[0] == 'y')
			good = good || may_refuse_y(entry->d_name, text, size);
		else
			good = entry->d_name[0] == 'i' || !good;
		tap_ok(tap, good, entry->d_name);
		free(text);
	}
	closedir(dir);
}

int
main(void)
{
	static const char quoted[] = "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
								 "[[[\\\"{{{{{{{{{{{{{{{{{{{{{{{{{\"}";
	struct tap tap = {0};

	test_suite(&tap);
	tap_ok(&tap, accepts_depth(JSONTEXT_MAX_DEPTH), "the deepest allowed");
	tap_ok(&tap, !accepts_depth(JSONTEXT_MAX_DEPTH + 1), "one level more");
	tap_ok(&tap, !accepts_depth(20000), "20000 levels");
	tap_ok(&tap, accepts(quoted, sizeof(quoted) - 1),
		   "brackets in strings do not count");
	tap_ok(&tap, !accepts("{\"a\":1,\"a\":1}", 13), "a member twice");
	tap_ok(&tap, !accepts("{\"a\":\"\\u0000\"}", 14), "the escape of NUL");
	return tap_end(&tap);
}
