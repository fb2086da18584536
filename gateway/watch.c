/*
 * watch.c
 *		Waiting for mail.
 */
#include "watch.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "connection.h"
#include "gateway.h"
#include "hint.h"
#include "reply.h"
#include "routes.h"
#include "socket.h"

#define UNHEARD_MS 30000   /* of a peer that answers nothing any more */
#define CAPACITY_RETRY_S 5 /* when too many wait */

/* A peer whose machine is gone does not say so. */
static void
notice_lost_peer(int fd)
{
	unsigned ms = UNHEARD_MS;

	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

static bool
refuse(struct reply *reply, enum status status)
{
	reply_problem(reply, status, NULL, NULL, NULL);
	if (status == STATUS_STREAM_CAPACITY)
		reply->retry_after_s = CAPACITY_RETRY_S;
	return false;
}

bool
watch_begin(struct watch *watch, struct request *request,
			void (*wake)(void *, const struct mail *), void *context,
			struct reply *reply)
{
	*watch = (struct watch){
		.request = request,
		.gateway = request->gateway,
		.fd = connection_fd(request->connection),
	};
	if (!uuid_parse(request->caller, strlen(request->caller), watch->mailbox))
		return refuse(reply, STATUS_INVALID_TOKEN);
	if (watch->fd < 0)
		return refuse(reply, STATUS_REQUEST_TIMEOUT); /* its peer is gone */
	if (!waiter_init(&watch->waiter, wake, context))
		return refuse(reply, STATUS_OVERLOADED);
	socket_mark(watch->gateway->sockets, watch->waiter.event, true);
	notice_lost_peer(watch->fd);
	return true;
}

bool
watch_join(struct watch *watch, struct reply *reply)
{
	enum status status = STATUS_OVERLOADED;
	uint64_t hint;

	if (hint_of(&watch->gateway->secret, watch->mailbox, &hint))
		status = wakeups_join(watch->gateway->wakeups, &watch->waiter,
							  watch->mailbox, hint);
	if (status == STATUS_OK)
		return true;
	watch_end(watch);
	return refuse(reply, status);
}

void
watch_leave(struct watch *watch)
{
	wakeups_leave(watch->gateway->wakeups, &watch->waiter);
}

void
watch_end(struct watch *watch)
{
	socket_mark(watch->gateway->sockets, watch->waiter.event, false);
	waiter_close(&watch->waiter);
}

/* With "wake" the event is not for mail, and resetting it not ours. */
void
watch_look(struct watch *watch)
{
	if (!watch->waiter.wake)
		waiter_reset(&watch->waiter);
	watch->is_called = false;
	watch->recheck_at = clock_ms() + watch->gateway->config.recheck_s * 1000;
}

bool
watch_wait(struct watch *watch, int64_t until)
{
	struct pollfd pollers[2] = {{.fd = watch->waiter.event, .events = POLLIN},
								{.fd = watch->fd, .events = POLLRDHUP}};
	int64_t left;

	if (watch->recheck_at < until)
		until = watch->recheck_at;
	left = until - clock_ms();
	poll(pollers, 2, left > 0 ? (int) left : 0);
	watch->is_called = pollers[0].revents != 0;
	return pollers[1].revents == 0;
}

/*
 * The event alone decides: a call that falls into waiter_reset() leaves it
 * readable, but nothing in "woken".
 */
bool
watch_is_due(const struct watch *watch)
{
	return (watch->is_called && !watch->waiter.wake) ||
		   clock_ms() >= watch->recheck_at;
}

bool
watch_must_end(const struct watch *watch)
{
	return atomic_load(&watch->gateway->draining);
}
