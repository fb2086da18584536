/*
 * log.c
 *		Writing the log.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define LINE_SIZE 1024

/* One write a line, so that threads do not mix theirs. */
static void
emit(const char *level, const char *text)
{
	char line[LINE_SIZE + 64];
	char now[CLOCK_ISO_SIZE];
	struct timespec ts;
	ssize_t written;
	int size;

	clock_gettime(CLOCK_REALTIME, &ts);
	clock_iso((int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000, now);
	size = snprintf(line, sizeof(line), "%s %s %s\n", now, level, text);
	if (size < 0)
		return;
	written = write(STDERR_FILENO, line, (size_t) size);
	(void) written; /* a log that cannot be written has nobody to tell */
}

void
log_line(struct log *log, enum log_level level, const char *format, ...)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	char text[LINE_SIZE];
	va_list args;

	if ((int) level > atomic_load(&log->level))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; *c; c++)
		if ((unsigned char) *c < 0x20 || *c == 0x7f)
			*c = ' ';
	emit(names[level], text);
}

void
log_access(struct log *log, const char *method, const char *template,
		   int status, int64_t began_us)
{
	char text[160];

	if (atomic_load(&log->level) < LOG_LEVEL_INFO)
		return;
	snprintf(text, sizeof(text), "%s %s %d %.2fms", method, template, status,
			 (double) (clock_us() - began_us) / 1000);
	emit("access", text);
}
