/*
 * wakeup.c
 *		Two hash tables of waiters: by mailbox and by hint.
 *
 * Each bucket has a lock of its own, which is not even taken when the bucket
 * is empty: so whoever stores mail is not slowed down by those who wait for
 * other mail.
 */
#include "wakeup.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define GENTLE_COUNT 16 /* waiters that are woken at once */
#define GENTLE_PAUSE_US 1000

struct bucket
{
	pthread_mutex_t mutex;
	struct wakeup_link *_Atomic first;
};

struct wakeups
{
	long limit, mailbox_limit;
	atomic_long count;
	size_t buckets; /* of each table; a power of two */
	struct bucket *by_mailbox, *by_hint;
};

/* Ids are random but for a few bits; what two share is a look for nothing. */
static uint64_t
mailbox_key(const uint8_t mailbox[UUID_SIZE])
{
	uint64_t halves[2];

	memcpy(halves, mailbox, sizeof(halves));
	return halves[0] * 0x9e3779b97f4a7c15u ^ halves[1];
}

static struct bucket *
bucket_of(const struct wakeups *wakeups, struct bucket *table, uint64_t key)
{
	return &table[(key ^ key >> 32) & (wakeups->buckets - 1)];
}

/* Adds a link unless its key stands there "limit" times already. */
static bool
insert(struct bucket *bucket, struct wakeup_link *link, long limit)
{
	struct wakeup_link *other;
	long same = 0;

	pthread_mutex_lock(&bucket->mutex);
	for (other = atomic_load(&bucket->first); other; other = other->next)
		same += other->key == link->key;
	link->next = atomic_load(&bucket->first);
	if (same < limit)
		atomic_store(&bucket->first, link);
	pthread_mutex_unlock(&bucket->mutex);
	return same < limit;
}

static void
take_out(struct bucket *bucket, struct wakeup_link *link)
{
	struct wakeup_link *before;

	pthread_mutex_lock(&bucket->mutex);
	before = atomic_load(&bucket->first);
	if (before == link)
		atomic_store(&bucket->first, link->next);
	else
	{
		while (before->next != link)
			before = before->next;
		before->next = link->next;
	}
	pthread_mutex_unlock(&bucket->mutex);
}

/* Once is enough until it looks. */
static void
wake(struct waiter *waiter, const struct mail *mail)
{
	if (waiter->wake)
		waiter->wake(waiter->context, mail);
	else if (!atomic_exchange(&waiter->woken, true))
		eventfd_write(waiter->event, 1);
}

static void
wake_key(const struct wakeups *wakeups, struct bucket *table, uint64_t key,
		 const struct mail *mail)
{
	struct bucket *bucket = bucket_of(wakeups, table, key);
	struct wakeup_link *link;

	if (!atomic_load(&bucket->first))
		return;
	pthread_mutex_lock(&bucket->mutex);
	for (link = atomic_load(&bucket->first); link; link = link->next)
		if (link->key == key)
			wake(link->waiter, mail);
	pthread_mutex_unlock(&bucket->mutex);
}

bool
waiter_init(struct waiter *waiter,
			void (*wake)(void *context, const struct mail *mail),
			void *context)
{
	*waiter = (struct waiter){
		.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.wake = wake,
		.context = context,
		.by_mailbox = {.waiter = waiter},
		.by_hint = {.waiter = waiter},
	};
	return waiter->event >= 0;
}

void
waiter_close(struct waiter *waiter)
{
	close(waiter->event);
}

enum status
wakeups_join(struct wakeups *wakeups, struct waiter *waiter,
			 const uint8_t mailbox[UUID_SIZE], uint64_t hint)
{
	struct wakeup_link *link = &waiter->by_mailbox;

	link->key = mailbox_key(mailbox);
	waiter->by_hint.key = hint;
	if (atomic_fetch_add(&wakeups->count, 1) < wakeups->limit &&
		insert(bucket_of(wakeups, wakeups->by_mailbox, link->key), link,
			   wakeups->mailbox_limit))
	{
		insert(bucket_of(wakeups, wakeups->by_hint, hint), &waiter->by_hint,
			   wakeups->limit);
		return STATUS_OK;
	}
	atomic_fetch_sub(&wakeups->count, 1);
	return STATUS_STREAM_CAPACITY;
}

void
wakeups_leave(struct wakeups *wakeups, struct waiter *waiter)
{
	take_out(bucket_of(wakeups, wakeups->by_hint, waiter->by_hint.key),
			 &waiter->by_hint);
	take_out(bucket_of(wakeups, wakeups->by_mailbox, waiter->by_mailbox.key),
			 &waiter->by_mailbox);
	atomic_fetch_sub(&wakeups->count, 1);
}

/* In this order: a wake-up between the two is older than the look. */
void
waiter_reset(struct waiter *waiter)
{
	eventfd_t count;

	eventfd_read(waiter->event, &count);
	atomic_store(&waiter->woken, false);
}

bool
wakeups_awaits(const struct wakeups *wakeups, const uint8_t mailbox[UUID_SIZE])
{
	return atomic_load(&wakeups->count) > 0 &&
		   atomic_load(
			   &bucket_of(wakeups, wakeups->by_mailbox, mailbox_key(mailbox))
					->first);
}

void
wakeups_mail(struct wakeups *wakeups, const uint8_t mailbox[UUID_SIZE],
			 const struct mail *mail)
{
	if (atomic_load(&wakeups->count) > 0)
		wake_key(wakeups, wakeups->by_mailbox, mailbox_key(mailbox), mail);
}

void
wakeups_hint(struct wakeups *wakeups, uint64_t hint)
{
	wake_key(wakeups, wakeups->by_hint, hint, NULL);
}

/* Does it to all waiters of a bucket; returns how many these are. */
static int
each_of(struct bucket *bucket, void (*act)(struct waiter *waiter))
{
	struct wakeup_link *link;
	int count = 0;

	pthread_mutex_lock(&bucket->mutex);
	for (link = atomic_load(&bucket->first); link; link = link->next, count++)
		act(link->waiter);
	pthread_mutex_unlock(&bucket->mutex);
	return count;
}

static void
look_again(struct waiter *waiter)
{
	wake(waiter, NULL);
}

void
wakeups_all(struct wakeups *wakeups)
{
	int woken = 0;

	for (size_t i = 0; i < wakeups->buckets; i++)
	{
		woken += each_of(&wakeups->by_mailbox[i], look_again);
		if (woken < GENTLE_COUNT)
			continue;
		usleep(GENTLE_PAUSE_US);
		woken = 0;
	}
}

static void
end(struct waiter *waiter)
{
	eventfd_write(waiter->event, 1);
}

void
wakeups_end(struct wakeups *wakeups)
{
	for (size_t i = 0; i < wakeups->buckets; i++)
		each_of(&wakeups->by_mailbox[i], end);
}

long
wakeups_count(const struct wakeups *wakeups)
{
	return atomic_load(&wakeups->count);
}

static struct bucket *
new_table(size_t buckets)
{
	struct bucket *table = calloc(buckets, sizeof(*table));

	for (size_t i = 0; table && i < buckets; i++)
		pthread_mutex_init(&table[i].mutex, NULL);
	return table;
}

static void
free_table(struct bucket *table, size_t buckets)
{
	for (size_t i = 0; table && i < buckets; i++)
		pthread_mutex_destroy(&table[i].mutex);
	free(table);
}

struct wakeups *
wakeups_new(long limit, long mailbox_limit)
{
	struct wakeups *wakeups = calloc(1, sizeof(*wakeups));

	if (!wakeups)
		return NULL;
	wakeups->limit = limit;
	wakeups->mailbox_limit = mailbox_limit;
	for (wakeups->buckets = 16; wakeups->buckets < (size_t) limit;)
		wakeups->buckets *= 2;
	wakeups->by_mailbox = new_table(wakeups->buckets);
	wakeups->by_hint = new_table(wakeups->buckets);
	if (wakeups->by_mailbox && wakeups->by_hint)
		return wakeups;
	wakeups_free(wakeups);
	return NULL;
}

void
wakeups_free(struct wakeups *wakeups)
{
	if (!wakeups)
		return;
	free_table(wakeups->by_mailbox, wakeups->buckets);
	free_table(wakeups->by_hint, wakeups->buckets);
	free(wakeups);
}
