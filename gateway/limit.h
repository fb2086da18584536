/*
 * limit.h
 *		How often somebody may ask: a bounded table of token buckets.
 *
 * A bucket belongs to an address and a name, of which only a keyed hash is
 * kept.  It holds a minute's worth of calls and fills up steadily.  When the
 * table is full, a new caller takes the place of whoever asked least.
 */
#ifndef E2EMSG_LIMIT_H
#define E2EMSG_LIMIT_H

#include <stdint.h>

struct limit;

/* For "per_minute" calls, 0 for no limit.  NULL without memory or OpenSSL. */
extern struct limit *limit_new(long per_minute);

extern void limit_free(struct limit *limit);

/*
 * Counts one call at "now_us", of clock_us().  Returns 0 if it may go on,
 * else the seconds after which it may be tried again; such a call costs
 * nothing.  Threads may share the table.
 */
extern int limit_take(struct limit *limit, const char *address,
					  const char *name, int64_t now_us)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_LIMIT_H */
