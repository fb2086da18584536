/*
 * log.h
 *		One line an event on stderr; nothing secret in it.
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

struct log
{
	atomic_int level; /* lines above it are left out */
};

/* Writes one line; cut at 1 kB, line breaks become spaces. */
extern void log_line(struct log *log, enum log_level level, const char *format,
					 ...) __attribute__((format(printf, 3, 4)));

/*
 * The access line: method, route template, status, milliseconds since
 * clock_us() said began_us.
 */
extern void log_access(struct log *log, const char *method,
					   const char *template, int status, int64_t began_us);

#endif /* E2EMSG_LOG_H */
