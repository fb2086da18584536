/*
 * clock.h
 *		Time: one clock for waiting, one for the calendar.
 */
#ifndef E2EMSG_CLOCK_H
#define E2EMSG_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds and microseconds of a clock that never jumps. */
extern int64_t clock_ms(void);
extern int64_t clock_us(void);

/* The same clock's time "ms" from now, for pthread_cond_timedwait(). */
extern struct timespec clock_deadline(int64_t ms);

/* Dates are of 1970 to 9999. */

/* "2026-01-31T12:00:00.000Z": 24 characters and a NUL. */
#define CLOCK_ISO_SIZE 25
extern void clock_iso(int64_t epoch_ms, char out[CLOCK_ISO_SIZE]);

/* "Sat, 31 Jan 2026 12:00:00 GMT" (RFC 9110 section 5.6.7). */
#define CLOCK_HTTP_SIZE 30
extern void clock_http(int64_t epoch, char out[CLOCK_HTTP_SIZE]);

#endif /* E2EMSG_CLOCK_H */
