/*
 * limit.h
 *		How often somebody may ask: a bounded table of token buckets.
 *
 * A bucket belongs to a key of 16 bytes: a user's id, or an address.  It
 * holds a minute's worth of calls and fills up steadily.  Where the table is
 * full, a new caller takes the place of whoever asked least.
 */
#ifndef E2EMSG_LIMIT_H
#define E2EMSG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_KEY_SIZE 16
#define LIMIT_WINDOW_S 60
#define LIMIT_PER_MINUTE_MAX 100000

struct limit;

/* How things are for one caller after a call. */
struct limit_state
{
	bool refused;
	long left; /* calls that may be made at once */
	/*
	 * Until the bucket is full, or, with none left, until it holds a call
	 * again: seconds, rounded up.
	 */
	int reset_s;
};

/* A table without a limit yet.  NULL without memory or random numbers. */
extern struct limit *limit_new(void);

extern void limit_free(struct limit *limit);

/* From now on so many calls a minute, up to LIMIT_PER_MINUTE_MAX; 0: all. */
extern void limit_set(struct limit *limit, long per_minute);

/* What was set. */
extern long limit_per_minute(const struct limit *limit);

/*
 * Counts one call at "now_us", of clock_us(); one that is refused costs
 * nothing.  Threads may share the table.
 */
extern void limit_take(struct limit *limit, const uint8_t key[LIMIT_KEY_SIZE],
					   int64_t now_us, struct limit_state *state);

#endif /* E2EMSG_LIMIT_H */
