/*
 * deadline.c
 *		Cutting off connections that are late.
 */
#include "deadline.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"

#define TICK_MS 100

struct deadlines
{
	pthread_mutex_t mutex;
	pthread_cond_t stop;
	bool stopping;
	struct deadline all; /* head of a ring */
	pthread_t thread;
};

static void
cut_late_ones(struct deadlines *deadlines)
{
	int64_t now = clock_ms();
	struct deadline *one = deadlines->all.next;

	for (; one != &deadlines->all; one = one->next)
		if (!one->passed && one->at_ms <= now)
		{
			one->passed = true;
			shutdown(one->fd, SHUT_RD);
		}
}

static void *
watch(void *context)
{
	struct deadlines *deadlines = context;

	pthread_mutex_lock(&deadlines->mutex);
	while (!deadlines->stopping)
	{
		struct timespec tick = clock_deadline(TICK_MS);

		pthread_cond_timedwait(&deadlines->stop, &deadlines->mutex, &tick);
		cut_late_ones(deadlines);
	}
	pthread_mutex_unlock(&deadlines->mutex);
	return NULL;
}

struct deadlines *
deadlines_start(void)
{
	struct deadlines *deadlines = calloc(1, sizeof(*deadlines));
	pthread_condattr_t monotonic;

	if (!deadlines)
		return NULL;
	deadlines->all.next = deadlines->all.previous = &deadlines->all;
	pthread_mutex_init(&deadlines->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&deadlines->stop, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&deadlines->thread, NULL, watch, deadlines) == 0)
		return deadlines;
	free(deadlines);
	return NULL;
}

void
deadlines_stop(struct deadlines *deadlines)
{
	if (!deadlines)
		return;
	pthread_mutex_lock(&deadlines->mutex);
	deadlines->stopping = true;
	pthread_cond_signal(&deadlines->stop);
	pthread_mutex_unlock(&deadlines->mutex);
	pthread_join(deadlines->thread, NULL);
	pthread_cond_destroy(&deadlines->stop);
	pthread_mutex_destroy(&deadlines->mutex);
	free(deadlines);
}

void
deadline_begin(struct deadlines *deadlines, struct deadline *deadline, int fd,
			   long ms)
{
	*deadline = (struct deadline){.fd = fd, .at_ms = clock_ms() + ms};
	pthread_mutex_lock(&deadlines->mutex);
	deadline->next = &deadlines->all;
	deadline->previous = deadlines->all.previous;
	deadline->previous->next = deadline;
	deadlines->all.previous = deadline;
	pthread_mutex_unlock(&deadlines->mutex);
}

bool
deadline_end(struct deadlines *deadlines, struct deadline *deadline)
{
	pthread_mutex_lock(&deadlines->mutex);
	deadline->previous->next = deadline->next;
	deadline->next->previous = deadline->previous;
	pthread_mutex_unlock(&deadlines->mutex);
	return !deadline->passed;
}
