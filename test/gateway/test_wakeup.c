/*
 * test_wakeup.c
 *		Waiters: who is woken, who is not, and how many there may be.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "wakeup.h"

#define LIMIT 40
#define MAILBOX_LIMIT 3

static const uint8_t alice[UUID_SIZE] = {1}, bob[UUID_SIZE] = {2};

static bool
is_woken(const struct waiter *waiter)
{
	struct pollfd poller = {.fd = waiter->event, .events = POLLIN};

	return poll(&poller, 1, 0) == 1;
}

static enum status
join(struct wakeups *wakeups, struct waiter *waiter,
	 const uint8_t mailbox[UUID_SIZE], uint64_t hint)
{
	enum status status;

	if (!waiter_init(waiter, NULL, NULL))
		return STATUS_OVERLOADED;
	status = wakeups_join(wakeups, waiter, mailbox, hint);
	if (status != STATUS_OK)
		waiter_close(waiter);
	return status;
}

static void
leave(struct wakeups *wakeups, struct waiter *waiter)
{
	wakeups_leave(wakeups, waiter);
	waiter_close(waiter);
}

struct calls
{
	int count;
	const struct mail *mail; /* of the last one */
};

static void
count_call(void *context, const struct mail *mail)
{
	struct calls *calls = context;

	calls->count++;
	calls->mail = mail;
}

/* Who wants to be told in another way. */
static void
test_calls(struct tap *tap)
{
	struct wakeups *wakeups = wakeups_new(LIMIT, MAILBOX_LIMIT);
	struct waiter waiter;
	struct calls calls = {0};
	const struct mail mail = {.seq = 1};
	if (!waiter_init(&waiter, count_call, &calls) ||
		wakeups_join(wakeups, &waiter, alice, 1) != STATUS_OK)
		exit(EXIT_FAILURE);
	tap_ok(tap, wakeups_awaits(wakeups, alice), "somebody waits");
	wakeups_mail(wakeups, alice, &mail);
	tap_ok(tap, calls.mail == &mail, "the mail is handed over");
	wakeups_mail(wakeups, bob, &mail);
	wakeups_hint(wakeups, 1);
	tap_ok(tap, !calls.mail, "a hint has none");
	wakeups_all(wakeups);
	tap_ok(tap, calls.count == 3 && !is_woken(&waiter),
		   "called each time instead");
	wakeups_end(wakeups);
	tap_ok(tap, calls.count == 3 && is_woken(&waiter), "but at the end");
	leave(wakeups, &waiter);
	tap_ok(tap, !wakeups_awaits(wakeups, alice), "nobody waits any more");
	wakeups_mail(wakeups, alice, NULL);
	tap_ok(tap, calls.count == 3, "and not after it has left");
	wakeups_free(wakeups);
}

static void
test_waking(struct tap *tap)
{
	struct wakeups *wakeups = wakeups_new(LIMIT, MAILBOX_LIMIT);
	struct waiter a, b, c;

	wakeups_mail(wakeups, alice, NULL); /* nobody waits */
	tap_ok(tap,
		   join(wakeups, &a, alice, 11) == STATUS_OK &&
			   join(wakeups, &b, bob, 12) == STATUS_OK &&
			   join(wakeups, &c, alice, 11) == STATUS_OK,
		   "three wait");
	tap_ok(tap, wakeups_count(wakeups) == 3, "and are counted");
	tap_ok(tap, !is_woken(&a) && !is_woken(&b), "nothing woke them");
	wakeups_mail(wakeups, alice, NULL);
	tap_ok(tap, is_woken(&a) && is_woken(&c) && !is_woken(&b),
		   "mail wakes all who wait for it, and nobody else");
	waiter_reset(&a);
	tap_ok(tap, !is_woken(&a), "until it looks again");
	wakeups_mail(wakeups, alice, NULL);
	wakeups_mail(wakeups, alice, NULL);
	tap_ok(tap, is_woken(&a), "then mail wakes it again");
	waiter_reset(&a);
	tap_ok(tap, !is_woken(&a), "once, however much there was");
	wakeups_hint(wakeups, 12);
	tap_ok(tap, is_woken(&b) && !is_woken(&a), "a hint wakes its mailbox");
	leave(wakeups, &c);
	waiter_reset(&a);
	wakeups_mail(wakeups, alice, NULL);
	tap_ok(tap, is_woken(&a), "the one that stays is woken");
	waiter_reset(&a);
	waiter_reset(&b);
	wakeups_all(wakeups);
	tap_ok(tap, is_woken(&a) && is_woken(&b), "all are woken");
	leave(wakeups, &a);
	leave(wakeups, &b);
	wakeups_mail(wakeups, alice, NULL);
	tap_ok(tap, wakeups_count(wakeups) == 0, "all have left");
	wakeups_free(wakeups);
}

static void
test_limits(struct tap *tap)
{
	struct wakeups *wakeups = wakeups_new(LIMIT, MAILBOX_LIMIT);
	struct waiter waiters[LIMIT + 1];
	uint8_t mailbox[UUID_SIZE] = {0};
	bool good = true;

	for (int i = 0; i < MAILBOX_LIMIT; i++)
		good = good && join(wakeups, &waiters[i], alice, 0) == STATUS_OK;
	tap_ok(tap, good, "three for a mailbox");
	tap_ok(tap,
		   join(wakeups, &waiters[LIMIT], alice, 0) == STATUS_STREAM_CAPACITY,
		   "the fourth is refused");
	tap_ok(tap, wakeups_count(wakeups) == MAILBOX_LIMIT, "and not counted");
	for (int i = MAILBOX_LIMIT; i < LIMIT; i++)
	{
		mailbox[3] = (uint8_t) i;
		good = good && join(wakeups, &waiters[i], mailbox, 0) == STATUS_OK;
	}
	tap_ok(tap, good, "forty in all");
	tap_ok(tap,
		   join(wakeups, &waiters[LIMIT], bob, 0) == STATUS_STREAM_CAPACITY,
		   "one more is refused");
	leave(wakeups, &waiters[0]);
	tap_ok(tap, join(wakeups, &waiters[0], alice, 0) == STATUS_OK,
		   "until somebody leaves");
	for (int i = 0; i < LIMIT; i++)
		leave(wakeups, &waiters[i]);
	wakeups_free(wakeups);
}

/* A mailbox that counts, and who waits for it until it has counted to 2000. */
#define MAILS 2000

struct counting
{
	struct wakeups *wakeups;
	atomic_int mails;
	atomic_int missed;
};

static void *
wait_for_mails(void *context)
{
	struct counting *counting = context;
	struct waiter waiter;

	if (join(counting->wakeups, &waiter, alice, 1) != STATUS_OK)
		return NULL;
	for (int seen = -1; seen < MAILS;)
	{
		struct pollfd poller = {.fd = waiter.event, .events = POLLIN};

		waiter_reset(&waiter);
		seen = atomic_load(&counting->mails);
		if (seen < MAILS && poll(&poller, 1, 20000) != 1)
		{
			atomic_fetch_add(&counting->missed, 1);
			break;
		}
	}
	leave(counting->wakeups, &waiter);
	return NULL;
}

/* Without a lost wake-up all see the last mail. */
static void
test_races(struct tap *tap)
{
	struct counting counting = {.wakeups = wakeups_new(LIMIT, LIMIT)};
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, wait_for_mails, &counting);
	for (int i = 0; i < MAILS; i++)
	{
		atomic_fetch_add(&counting.mails, 1);
		wakeups_mail(counting.wakeups, alice, NULL);
	}
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	tap_ok(tap, atomic_load(&counting.missed) == 0, "no wake-up is lost");
	tap_ok(tap, wakeups_count(counting.wakeups) == 0, "all have left");
	wakeups_free(counting.wakeups);
}

int
main(void)
{
	struct tap tap = {0};

	test_waking(&tap);
	test_calls(&tap);
	test_limits(&tap);
	test_races(&tap);
	return tap_end(&tap);
}
