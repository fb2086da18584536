/*
 * log.c
 *		Writing the log.
 */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"
#include "utf8.h"

#define MESSAGE_SIZE 1024
#define LINE_SIZE (2 * MESSAGE_SIZE + 128) /* with each character escaped */

/*
 * Whatever a client wrote, a line stays one, and UTF-8: control characters,
 * those of Unicode and its line ends, too, become spaces, other bytes "?".
 */
static void
clean(char *text)
{
	size_t left = strlen(text);

	while (left > 0)
	{
		uint32_t c = 0;
		size_t size = utf8_next(text, left, &c);

		if (size == 0)
			*text = '?';
		else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
				 c == 0x2029)
			memset(text, ' ', size);
		size = size == 0 ? 1 : size;
		text += size;
		left -= size;
	}
}

/* Looked at once for a line, which SIGHUP can't make half of each then. */
static bool
wants_json(struct log *log)
{
	return atomic_load(&log->format) == LOG_FORMAT_JSON;
}

/* The time and the level. */
static void
begin(struct text *line, bool json, const char *level)
{
	char now[CLOCK_ISO_SIZE];
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	clock_iso((int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000, now);
	text_add(line, json ? "{\"time\":\"" : "");
	text_add(line, now);
	text_add(line, json ? "\",\"level\":\"" : " ");
	text_add(line, level);
	text_add(line, json ? "\"" : "");
}

/* One write a line, so that threads do not mix theirs. */
static void
end(struct text *line, bool json)
{
	ssize_t written;

	text_add(line, json ? "}\n" : "\n");
	if (line->failed)
		return;
	written = write(STDERR_FILENO, line->bytes, line->size);
	(void) written; /* a log that cannot be written has nobody to tell */
}

static void
write_message(struct log *log, enum log_level level, char *message)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	char bytes[LINE_SIZE];
	struct text line = TEXT_IN(bytes);
	bool json = wants_json(log);

	clean(message);
	begin(&line, json, names[level]);
	if (json)
	{
		text_add(&line, ",\"message\":");
		text_add_json(&line, message);
	}
	else
	{
		text_add(&line, " ");
		text_add(&line, message);
	}
	end(&line, json);
}

void
log_line(struct log *log, enum log_level level, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	va_list args;

	if ((int) level > atomic_load(&log->level))
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	write_message(log, level, message);
}

/* Of threads that come at the same time, one may. */
static bool
is_due(struct log_pace *pace)
{
	int_fast64_t next = atomic_load(&pace->next_ms), now = clock_ms();

	return now >= next && atomic_compare_exchange_strong(&pace->next_ms, &next,
														 now + LOG_PACE_MS);
}

void
log_line_paced(struct log *log, struct log_pace *pace, enum log_level level,
			   const char *format, ...)
{
	char message[MESSAGE_SIZE];
	size_t size;
	long held;
	va_list args;

	if ((int) level > atomic_load(&log->level))
		return;
	if (!is_due(pace))
	{
		atomic_fetch_add(&pace->held, 1);
		return;
	}
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	for (size = strlen(message); size > 0 && message[size - 1] == '\n';)
		message[--size] = '\0';
	held = atomic_exchange(&pace->held, 0);
	if (held > 0)
		snprintf(message + size, sizeof(message) - size,
				 " (%ld more since the last such line)", held);
	write_message(log, level, message);
}

void
log_access(struct log *log, const char *method, const char *template,
		   int status, int64_t began_us)
{
	double ms = (double) (clock_us() - began_us) / 1000;
	char bytes[LINE_SIZE], rest[64];
	struct text line = TEXT_IN(bytes);
	bool json = wants_json(log);

	if (atomic_load(&log->level) < LOG_LEVEL_INFO)
		return;
	begin(&line, json, "access");
	text_add(&line, json ? ",\"method\":\"" : " ");
	text_add(&line, method);
	text_add(&line, json ? "\",\"route\":\"" : " ");
	text_add(&line, template);
	snprintf(rest, sizeof(rest),
			 json ? "\",\"status\":%d,\"ms\":%.2f" : " %d %.2fms", status, ms);
	text_add(&line, rest);
	end(&line, json);
}
