/*
 * log.h
 *		One line an event on stderr; nothing secret in it.
 *
 *		text	TIME LEVEL MESSAGE
 *				TIME access METHOD ROUTE STATUS 1.23ms
 *		json	{"time":"…","level":"…","message":"…"}
 *				{"time":"…","level":"access","method":"…","route":"…",
 *				"status":200,"ms":1.23}
 *
 * Tokens, keys, bodies and the raw paths of unknown routes never get here:
 * a request is logged by the template of its route.
 */
#ifndef E2EMSG_LOG_H
#define E2EMSG_LOG_H

#include <stdatomic.h>
#include <stdint.h>

#define LOG_PACE_MS 60000

enum log_level
{
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

enum log_format
{
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON
};

struct log
{
	atomic_int level; /* lines above it are left out */
	atomic_int format;
};

/*
 * Writes one line, of UTF-8 whatever its parts are; cut at 1 kB, control
 * characters become spaces.
 */
extern void log_line(struct log *log, enum log_level level, const char *format,
					 ...) __attribute__((format(printf, 3, 4)));

/* Of a line that would come over and over; zero at first. */
struct log_pace
{
	atomic_int_fast64_t next_ms; /* when it may come again */
	atomic_long held;			 /* how often it could not, since it did */
};

/*
 * The same once in LOG_PACE_MS for all that share the pace, with how many
 * were left out since the one before.
 */
extern void log_line_paced(struct log *log, struct log_pace *pace,
						   enum log_level level, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * The access line: method, route template, status, milliseconds since
 * clock_us() said began_us.
 */
extern void log_access(struct log *log, const char *method,
					   const char *template, int status, int64_t began_us);

#endif /* E2EMSG_LOG_H */
