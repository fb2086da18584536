/*
 * test_watch.c
 *		When it is time to look for mail.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "clock.h"
#include "connection.h"
#include "gateway.h"
#include "reply.h"
#include "socket.h"
#include "tap.h"
#include "watch.h"

/* What watch.c calls, but not here. */
int
connection_fd(const struct mg_connection *civetweb)
{
	(void) civetweb;
	abort();
}

void
reply_problem(struct reply *reply, enum status status, const char *detail,
			  const char *hint, json_t *current)
{
	(void) reply, (void) status, (void) detail, (void) hint, (void) current;
	abort();
}

void
socket_mark(struct socket_map *map, int fd, bool is_known)
{
	(void) map, (void) fd, (void) is_known;
	abort();
}

static struct gateway gateway = {.config = {.recheck_s = 3600}};

static void
no_call(void *context, const struct mail *mail)
{
	(void) context, (void) mail;
}

static void
begin(struct watch *watch, void (*wake)(void *, const struct mail *))
{
	*watch = (struct watch){.gateway = &gateway, .fd = -1};
	if (!waiter_init(&watch->waiter, wake, NULL))
		exit(EXIT_FAILURE);
	watch_look(watch);
}

static bool
is_readable(const struct watch *watch)
{
	struct pollfd poller = {.fd = watch->waiter.event, .events = POLLIN};

	return poll(&poller, 1, 0) == 1;
}

static bool
waits(struct watch *watch, int64_t ms)
{
	return watch_wait(watch, clock_ms() + ms);
}

static void
test_calls(struct tap *tap)
{
	struct watch watch;

	begin(&watch, NULL);
	tap_ok(tap, waits(&watch, 1) && !watch_is_due(&watch),
		   "nothing came: not due");
	/* what a call right within waiter_reset() leaves */
	eventfd_write(watch.waiter.event, 1);
	atomic_store(&watch.waiter.woken, false);
	tap_ok(tap, waits(&watch, 10000) && watch_is_due(&watch),
		   "due when the event says so, whatever the flag says");
	watch_look(&watch);
	tap_ok(tap, !is_readable(&watch) && !watch_is_due(&watch),
		   "not after the look");
	watch.recheck_at = clock_ms();
	tap_ok(tap, waits(&watch, 10000) && watch_is_due(&watch),
		   "due after a while by itself");
	waiter_close(&watch.waiter);
}

/* A stream's event says that there is something to write. */
static void
test_other_event(struct tap *tap)
{
	struct watch watch;

	begin(&watch, no_call);
	eventfd_write(watch.waiter.event, 1);
	tap_ok(tap, waits(&watch, 10000) && !watch_is_due(&watch),
		   "an event for something else makes no look due");
	watch_look(&watch);
	tap_ok(tap, is_readable(&watch), "and a look leaves it alone");
	waiter_close(&watch.waiter);
}

int
main(void)
{
	struct tap tap = {0};

	test_calls(&tap);
	test_other_event(&tap);
	return tap_end(&tap);
}
