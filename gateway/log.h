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

/*
 * The access line: method, route template, status, milliseconds since
 * clock_us() said began_us.
 */
extern void log_access(struct log *log, const char *method,
					   const char *template, int status, int64_t began_us);

#endif /* E2EMSG_LOG_H */
