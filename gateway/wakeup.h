/*
 * wakeup.h
 *		Who waits for mail, and waking them.
 *
 * A waiter joins, then looks into the mailbox, then waits.  Mail that is
 * committed after it joined wakes it, so that none falls between the two.
 * To be woken for nothing is harmless: it looks again.
 */
#ifndef E2EMSG_WAKEUP_H
#define E2EMSG_WAKEUP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "status.h"
#include "submission.h"

struct wakeups;
struct waiter;

/* A message that was stored just now, as its receiver gets it. */
struct mail
{
	const uint8_t *mailbox; /* UUID_SIZE bytes */
	int64_t seq;
	const char *json;
	size_t size;
};

/* A waiter's place in one of the two tables. */
struct wakeup_link
{
	uint64_t key;
	struct waiter *waiter;
	struct wakeup_link *next;
};

/* It lives on the stack of the worker that waits. */
struct waiter
{
	int event; /* eventfd: can be read once there may be mail */
	/* Instead of that, unless NULL; the mail is NULL when not at hand. */
	void (*wake)(void *context, const struct mail *mail);
	void *context;
	atomic_bool woken;
	struct wakeup_link by_mailbox, by_hint;
};

/* For so many waiters in all, and so many of one mailbox.  NULL: no memory. */
extern struct wakeups *wakeups_new(long limit, long mailbox_limit);
extern void wakeups_free(struct wakeups *wakeups);

/* False without a descriptor for the event. */
extern bool waiter_init(struct waiter *waiter,
						void (*wake)(void *context, const struct mail *mail),
						void *context) __attribute__((warn_unused_result));
extern void waiter_close(struct waiter *waiter);

/*
 * Joins, to be woken by mail to the mailbox or by its hint.
 * STATUS_STREAM_CAPACITY when too many wait already.
 */
extern enum status wakeups_join(struct wakeups *wakeups, struct waiter *waiter,
								const uint8_t mailbox[UUID_SIZE],
								uint64_t hint)
	__attribute__((warn_unused_result));
extern void wakeups_leave(struct wakeups *wakeups, struct waiter *waiter);

/* Before each look: what comes from now on wakes again. */
extern void waiter_reset(struct waiter *waiter);

/* May somebody wait for the mailbox's mail?  Almost free. */
extern bool wakeups_awaits(const struct wakeups *wakeups,
						   const uint8_t mailbox[UUID_SIZE]);

/* The mailbox got mail: this, unless NULL.  As free when nobody waits. */
extern void wakeups_mail(struct wakeups *wakeups,
						 const uint8_t mailbox[UUID_SIZE],
						 const struct mail *mail);

/* Another gateway says that a mailbox with this hint got mail. */
extern void wakeups_hint(struct wakeups *wakeups, uint64_t hint);

/* All are to look again, a few at a time. */
extern void wakeups_all(struct wakeups *wakeups);

/* All are to notice something else: makes their events readable. */
extern void wakeups_end(struct wakeups *wakeups);

/* How many wait. */
extern long wakeups_count(const struct wakeups *wakeups);

#endif /* E2EMSG_WAKEUP_H */
