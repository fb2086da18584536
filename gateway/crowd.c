/*
 * crowd.c
 *		Cutting off connections whose peers let them wait.
 *
 * CivetWeb keeps its sockets to itself until a head is whole.  But it gives a
 * connection up when a signal ends its poll(), so a worker that reads is cut
 * off by a signal; one that writes, which begins again, by shutting its
 * socket.
 */
#include "crowd.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"
#include "connection.h"
#include "metrics.h"

#define CUT_SIGNAL SIGURG /* ignored unless somebody asks for it */

#define TICK_MS 20
#define PATIENCE_MS 100		/* nobody is cut off sooner */
#define ASKED_BONUS_MS 5000 /* for a connection that had an answer */

#define STATE_BITS 2

struct crowd
{
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool stopping;
	long full, many; /* workers taken */
	atomic_long size;
	atomic_uint_fast64_t cut;
	struct crowd_member all; /* head of a ring */
	pthread_t thread;
};

static int64_t
waits(int64_t since_ms, enum crowd_state state)
{
	return since_ms << STATE_BITS | (int64_t) state;
}

static enum crowd_state
state_of(int64_t waits)
{
	return (enum crowd_state)(waits & ((1 << STATE_BITS) - 1));
}

static int64_t
since_of(int64_t waits)
{
	return waits >> STATE_BITS;
}

/* How long a member has tried our patience; -1 when it does not. */
static int64_t
tried_ms(struct crowd_member *member, int64_t waits, int64_t now)
{
	enum crowd_state state = state_of(waits);

	if (state != CROWD_READS && state != CROWD_WRITES)
		return -1;
	return now - since_of(waits) -
		   (atomic_load(&member->has_asked) ? ASKED_BONUS_MS : 0);
}

/* A signal may come before poll() does, so those cut off get another one. */
static void
remind(struct crowd *crowd)
{
	for (struct crowd_member *member = crowd->all.next; member != &crowd->all;
		 member = member->next)
		if (state_of(atomic_load(&member->waits)) == CROWD_CUT)
			pthread_kill(member->worker, CUT_SIGNAL);
}

/* The one that has waited longest, and long enough; or NULL. */
static struct crowd_member *
find_longest(struct crowd *crowd, int64_t now, int64_t *found)
{
	struct crowd_member *longest = NULL;
	int64_t most = PATIENCE_MS - 1;

	for (struct crowd_member *member = crowd->all.next; member != &crowd->all;
		 member = member->next)
	{
		int64_t waits = atomic_load(&member->waits);
		int64_t ms = tried_ms(member, waits, now);

		if (ms > most)
		{
			most = ms;
			longest = member;
			*found = waits;
		}
	}
	return longest;
}

/* Unless its peer has just sent something. */
static void
cut(struct crowd *crowd, struct crowd_member *member, int64_t found)
{
	if (!atomic_compare_exchange_strong(&member->waits, &found,
										waits(0, CROWD_CUT)))
		return;
	counter_add(&crowd->cut, 1);
	if (state_of(found) == CROWD_WRITES)
		shutdown(connection_fd(member->connection), SHUT_RDWR);
	else
		pthread_kill(member->worker, CUT_SIGNAL);
}

static void
make_room(struct crowd *crowd)
{
	int64_t now = clock_ms(), found = 0;
	long over = atomic_load(&crowd->size) - crowd->many;
	struct crowd_member *member;

	remind(crowd);
	while (over-- > 0 && (member = find_longest(crowd, now, &found)))
		cut(crowd, member, found);
}

static void *
watch(void *context)
{
	struct crowd *crowd = context;

	pthread_mutex_lock(&crowd->mutex);
	while (!crowd->stopping)
	{
		struct timespec tick = clock_deadline(TICK_MS);

		if (atomic_load(&crowd->size) <= crowd->many)
		{
			pthread_cond_wait(&crowd->wake, &crowd->mutex);
			continue;
		}
		make_room(crowd);
		pthread_cond_timedwait(&crowd->wake, &crowd->mutex, &tick);
	}
	pthread_mutex_unlock(&crowd->mutex);
	return NULL;
}

static void
do_nothing(int number)
{
	(void) number;
}

struct crowd *
crowd_start(long workers)
{
	struct sigaction action = {.sa_handler = do_nothing};
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	pthread_condattr_t monotonic;

	if (!crowd)
		return NULL;
	crowd->all.next = crowd->all.previous = &crowd->all;
	crowd->many = workers - workers / 8;
	crowd->full = workers - workers / 16;
	sigaction(CUT_SIGNAL, &action, NULL);
	pthread_mutex_init(&crowd->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&crowd->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&crowd->thread, NULL, watch, crowd) == 0)
		return crowd;
	free(crowd);
	return NULL;
}

void
crowd_stop(struct crowd *crowd)
{
	if (!crowd)
		return;
	pthread_mutex_lock(&crowd->mutex);
	crowd->stopping = true;
	pthread_cond_signal(&crowd->wake);
	pthread_mutex_unlock(&crowd->mutex);
	pthread_join(crowd->thread, NULL);
	pthread_cond_destroy(&crowd->wake);
	pthread_mutex_destroy(&crowd->mutex);
	free(crowd);
}

void
crowd_enter(struct crowd *crowd, struct crowd_member *member,
			const struct mg_connection *connection)
{
	member->connection = connection;
	member->worker = pthread_self();
	crowd_wait(member, CROWD_READS);
	pthread_mutex_lock(&crowd->mutex);
	member->next = &crowd->all;
	member->previous = crowd->all.previous;
	member->previous->next = member;
	crowd->all.previous = member;
	if (atomic_fetch_add(&crowd->size, 1) == crowd->many)
		pthread_cond_signal(&crowd->wake);
	pthread_mutex_unlock(&crowd->mutex);
}

void
crowd_leave(struct crowd *crowd, struct crowd_member *member)
{
	pthread_mutex_lock(&crowd->mutex);
	member->previous->next = member->next;
	member->next->previous = member->previous;
	atomic_fetch_sub(&crowd->size, 1);
	pthread_mutex_unlock(&crowd->mutex);
}

void
crowd_wait(struct crowd_member *member, enum crowd_state state)
{
	atomic_store(&member->waits, waits(clock_ms(), state));
}

/* After it nobody signals the worker: who does that holds the mutex. */
bool
crowd_serve(struct crowd *crowd, struct crowd_member *member)
{
	int64_t before = atomic_exchange(&member->waits, waits(0, CROWD_SERVES));

	if (state_of(before) != CROWD_CUT)
		return true;
	pthread_mutex_lock(&crowd->mutex);
	pthread_mutex_unlock(&crowd->mutex);
	return false;
}

bool
crowd_is_full(const struct crowd *crowd)
{
	return atomic_load(&crowd->size) >= crowd->full;
}

void
crowd_figures(const struct crowd *crowd, struct crowd_figures *figures)
{
	long size = atomic_load(&crowd->size);

	figures->size = size > 0 ? (uint64_t) size : 0;
	figures->cut = counter_value(&crowd->cut);
}
