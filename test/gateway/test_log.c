/*
 * test_log.c
 *		Lines of the log: text and JSON, whatever stands in them.
 */
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "tap.h"
#include "utf8.h"

#define OUTPUT_SIZE 8192

/* Sends stderr into a file from now on. */
static FILE *
catch_stderr(void)
{
	FILE *file = tmpfile();

	if (!file || dup2(fileno(file), STDERR_FILENO) < 0)
		exit(EXIT_FAILURE);
	return file;
}

/* What was written since the last time. */
static const char *
caught(FILE *file, char out[OUTPUT_SIZE])
{
	size_t size;

	lseek(STDERR_FILENO, 0, SEEK_SET);
	size = (size_t) read(STDERR_FILENO, out, OUTPUT_SIZE - 1);
	out[size] = '\0';
	if (ftruncate(fileno(file), 0) != 0)
		exit(EXIT_FAILURE);
	lseek(STDERR_FILENO, 0, SEEK_SET);
	return out;
}

/* One line, of UTF-8 without control characters but its end. */
static bool
is_one_line(const char *output)
{
	size_t size = strlen(output);

	for (size_t i = 0; i + 1 < size; i++)
		if ((unsigned char) output[i] < 0x20)
			return false;
	return size > 0 && output[size - 1] == '\n' && utf8_valid(output, size);
}

/* Does this message come out as the other one, in both formats? */
static bool
says(FILE *file, const char *message, const char *expected)
{
	struct log text = {.level = LOG_LEVEL_INFO};
	struct log json = {.level = LOG_LEVEL_INFO, .format = LOG_FORMAT_JSON};
	char output[OUTPUT_SIZE];
	json_t *line;
	bool good;

	log_line(&text, LOG_LEVEL_WARN, "%s", message);
	caught(file, output);
	good = is_one_line(output) && strncmp(output + 24, " warn ", 6) == 0 &&
		   strncmp(output + 30, expected, strlen(expected)) == 0 &&
		   strcmp(output + 30 + strlen(expected), "\n") == 0;
	log_line(&json, LOG_LEVEL_WARN, "%s", message);
	caught(file, output);
	line = json_loads(output, JSON_REJECT_DUPLICATES, NULL);
	good = good && is_one_line(output) && json_object_size(line) == 3 &&
		   json_string_length(json_object_get(line, "time")) == 24 &&
		   strcmp(json_string_value(json_object_get(line, "level")), "warn") ==
			   0 &&
		   strcmp(json_string_value(json_object_get(line, "message")),
				  expected) == 0;
	json_decref(line);
	return good;
}

static void
test_messages(struct tap *tap, FILE *file)
{
	char large[5000], expected[1024];

	tap_ok(tap, says(file, "ready", "ready"), "a message");
	tap_ok(tap, says(file, "", ""), "an empty one");
	tap_ok(tap, says(file, "a \"b\" \\ c", "a \"b\" \\ c"),
		   "quotes and backslashes");
	tap_ok(tap,
		   says(file, "x\",\"level\":\"error\",\"y\":\"",
				"x\",\"level\":\"error\",\"y\":\""),
		   "what would be members");
	tap_ok(tap,
		   says(file, "one\n2026-01-01T00:00:00.000Z error two\r\n\t\x1b[2J",
				"one 2026-01-01T00:00:00.000Z error two    [2J"),
		   "what would be another line, or orders for a terminal");
	tap_ok(tap,
		   says(file, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x98",
				"gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x98"),
		   "UTF-8");
	tap_ok(tap, says(file, "a\xff\xc3", "a??"), "what is none");
	tap_ok(tap, says(file, "\xed\xa0\x80\xc0\x8a", "?????"),
		   "half a pair, a long form of a line feed");
	tap_ok(tap, says(file, "a\xc2\x9b\xc2\x85z\x7f", "a    z "),
		   "control characters of Unicode");
	tap_ok(tap, says(file, "a\xe2\x80\xa8z", "a   z"), "its line ends");
	memset(large, '"', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	memset(expected, '"', sizeof(expected) - 1);
	expected[sizeof(expected) - 1] = '\0';
	tap_ok(tap, says(file, large, expected), "a long one is cut");
	memcpy(large + 1022, "\xc3\xa9", 2);
	expected[1022] = '?';
	tap_ok(tap, says(file, large, expected), "also within a character");
}

static void
test_levels(struct tap *tap, FILE *file)
{
	struct log log = {.level = LOG_LEVEL_WARN, .format = LOG_FORMAT_JSON};
	char output[OUTPUT_SIZE];

	log_line(&log, LOG_LEVEL_INFO, "left out");
	log_access(&log, "GET", "/messages", 200, 0);
	tap_ok(tap, strcmp(caught(file, output), "") == 0,
		   "lines above the level are left out");
}

/* Each pace is one of its own; what it holds back is counted. */
static void
test_pace(struct tap *tap, FILE *file)
{
	struct log log = {.level = LOG_LEVEL_WARN};
	struct log_pace pace = {0}, other = {0};
	char output[OUTPUT_SIZE];

	log_line_paced(&log, &pace, LOG_LEVEL_INFO, "left out");
	tap_ok(tap, strcmp(caught(file, output), "") == 0,
		   "a line above the level takes no turn");
	log_line_paced(&log, &pace, LOG_LEVEL_ERROR, "port %d\n", 1);
	tap_ok(tap, strcmp(caught(file, output) + 24, " error port 1\n") == 0,
		   "the first one comes");
	for (int i = 0; i < 3; i++)
		log_line_paced(&log, &pace, LOG_LEVEL_ERROR, "port 2");
	tap_ok(tap, strcmp(caught(file, output), "") == 0, "not the next ones");
	log_line_paced(&log, &other, LOG_LEVEL_ERROR, "port 3");
	tap_ok(tap, strcmp(caught(file, output) + 24, " error port 3\n") == 0,
		   "another kind does");
	atomic_store(&pace.next_ms, 0);
	log_line_paced(&log, &pace, LOG_LEVEL_ERROR, "port 4\n");
	tap_ok(tap,
		   strcmp(caught(file, output) + 24,
				  " error port 4 (3 more since the last such line)\n") == 0,
		   "after a minute it comes with their number");
	tap_ok(tap, pace.held == 0 && pace.next_ms > 0, "and all begins again");
}

static void
test_access(struct tap *tap, FILE *file)
{
	struct log log = {.level = LOG_LEVEL_INFO};
	char output[OUTPUT_SIZE];
	json_t *line;

	log_access(&log, "GET", "/users/{who}/public-key", 304, 0);
	caught(file, output);
	tap_ok(tap,
		   is_one_line(output) &&
			   strncmp(output + 24, " access GET /users/{who}/public-key 304 ",
					   40) == 0 &&
			   strcmp(output + strlen(output) - 3, "ms\n") == 0,
		   "a request as text");
	log.format = LOG_FORMAT_JSON;
	log_access(&log, "-", "-", 400, 0);
	caught(file, output);
	line = json_loads(output, JSON_REJECT_DUPLICATES, NULL);
	tap_ok(tap,
		   is_one_line(output) && json_object_size(line) == 6 &&
			   json_integer_value(json_object_get(line, "status")) == 400 &&
			   json_is_real(json_object_get(line, "ms")) &&
			   strcmp(json_string_value(json_object_get(line, "route")),
					  "-") == 0 &&
			   strcmp(json_string_value(json_object_get(line, "level")),
					  "access") == 0,
		   "and as JSON");
	json_decref(line);
}

int
main(void)
{
	struct tap tap = {0};
	FILE *file = catch_stderr();

	test_messages(&tap, file);
	test_levels(&tap, file);
	test_pace(&tap, file);
	test_access(&tap, file);
	fclose(file);
	return tap_end(&tap);
}
