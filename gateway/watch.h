/*
 * watch.h
 *		A request that waits for mail.
 *
 * It holds a worker thread but no database connection.  It joins the waiters
 * before it looks, so that mail that comes after the look wakes it.  Nobody
 * has to tell it of mail: it looks by itself every recheck_s.
 */
#ifndef E2EMSG_WATCH_H
#define E2EMSG_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"
#include "wakeup.h"

struct gateway;
struct reply;
struct request;

/* It lives on the stack of its worker. */
struct watch
{
	struct request *request;
	struct gateway *gateway;
	int fd;
	uint8_t mailbox[UUID_SIZE];
	struct waiter waiter;
	bool is_called;		/* the waiter's event could be read */
	int64_t recheck_at; /* clock_ms() */
};

/*
 * Begins, then joins the waiters.  False after the refusal was written and
 * all is undone.  "wake" as in struct waiter.
 */
extern bool watch_begin(struct watch *watch, struct request *request,
						void (*wake)(void *, const struct mail *),
						void *context, struct reply *reply)
	__attribute__((warn_unused_result));
extern bool watch_join(struct watch *watch, struct reply *reply)
	__attribute__((warn_unused_result));

/* Nobody wakes it any more; then its end. */
extern void watch_leave(struct watch *watch);
extern void watch_end(struct watch *watch);

/* Before each look. */
extern void watch_look(struct watch *watch);

/*
 * Waits until there may be mail or clock_ms() says "until".  False when the
 * peer is gone, which closing its side for writing means, too.
 */
extern bool watch_wait(struct watch *watch, int64_t until)
	__attribute__((warn_unused_result));

/* Is it time to look? */
extern bool watch_is_due(const struct watch *watch);

/* Is the gateway about to end? */
extern bool watch_must_end(const struct watch *watch);

#endif /* E2EMSG_WATCH_H */
