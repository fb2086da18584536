/*
 * sequencer.c
 *		The thread that makes rounds of the key log, and those who wait for
 *		them.
 */
#include "sequencer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "rounds.h"

#define WAIT_MS 1000	/* of a request, before it is told "not yet" */
#define IDLE_MS 50		/* between looks for rows that SQL has written */
#define GATHER_FROM 4	/* requests of the round before, from which on to */
#define GATHER_US 10000 /* wait for more before the next */
#define PAUSE_US 100000 /* after a round that failed */

struct sequencer
{
	struct rounds *rounds; /* of the thread alone, as is gathered */
	uint64_t gathered;	   /* requests that the last round served */
	pthread_t thread;
	pthread_mutex_t mutex; /* for all below, but never during a call */
	pthread_cond_t asked_more, done_more;
	uint64_t asked;					  /* requests that want a round */
	uint64_t done;					  /* those that got one */
	struct sequencer_ticket *tickets; /* of those who wait */
	bool stopping;
	struct round_figures figures;
};

/* Waits until somebody asks, or for a while; false at the end. */
static bool
wait_to_be_asked(struct sequencer *sequencer, bool *is_asked, uint64_t *asked)
{
	struct timespec deadline = clock_deadline(IDLE_MS);
	int waited = 0;

	pthread_mutex_lock(&sequencer->mutex);
	while (!sequencer->stopping && sequencer->asked == sequencer->done &&
		   waited == 0)
		waited = pthread_cond_timedwait(&sequencer->asked_more,
										&sequencer->mutex, &deadline);
	*asked = sequencer->asked;
	*is_asked = sequencer->asked != sequencer->done;
	pthread_mutex_unlock(&sequencer->mutex);
	return !sequencer->stopping;
}

/* Gives waiting rotations their answers; the caller holds the mutex. */
static void
answer_rotated(struct sequencer *sequencer, const struct db_answer *rotated)
{
	for (int row = 0; row < db_answer_rows(rotated); row++)
	{
		const char *user = db_answer_field(rotated, row, 0, NULL);
		const char *version = db_answer_field(rotated, row, 1, NULL);
		const char *body = db_answer_field(rotated, row, 2, NULL);

		for (struct sequencer_ticket *ticket = sequencer->tickets; ticket;
			 ticket = ticket->next)
			if (!ticket->body && ticket->user && ticket->version &&
				strcmp(ticket->user, user) == 0 &&
				strcmp(ticket->version, version) == 0)
				ticket->body = strdup(body);
	}
}

/* After a round: who asked before it is served, if it was a good one. */
static void
answer(struct sequencer *sequencer, uint64_t asked, bool good,
	   const struct db_answer *rotated)
{
	pthread_mutex_lock(&sequencer->mutex);
	sequencer->figures = *rounds_figures(sequencer->rounds);
	answer_rotated(sequencer, rotated);
	if (good)
		sequencer->done = asked;
	pthread_cond_broadcast(&sequencer->done_more);
	pthread_mutex_unlock(&sequencer->mutex);
}

/* Under load one round for many costs less than a round for each. */
static void
gather(struct sequencer *sequencer, uint64_t *asked)
{
	if (sequencer->gathered < GATHER_FROM)
		return;
	usleep(GATHER_US);
	pthread_mutex_lock(&sequencer->mutex);
	*asked = sequencer->asked;
	pthread_mutex_unlock(&sequencer->mutex);
}

static void *
run(void *context)
{
	struct sequencer *sequencer = context;
	bool is_asked, good = false; /* the first time look around */
	uint64_t asked;

	while (wait_to_be_asked(sequencer, &is_asked, &asked))
	{
		struct db_answer rotated = {0};

		gather(sequencer, &asked);
		sequencer->gathered = asked - sequencer->done;
		good = good && is_asked ? rounds_make(sequencer->rounds, &rotated)
								: rounds_look(sequencer->rounds, &rotated);
		answer(sequencer, asked, good, &rotated);
		db_answer_free(&rotated);
		if (!good)
			usleep(PAUSE_US);
	}
	return NULL;
}

/* Takes a ticket out of the list; the caller holds the mutex. */
static void
leave(struct sequencer *sequencer, const struct sequencer_ticket *ticket)
{
	struct sequencer_ticket **at = &sequencer->tickets;

	while (*at != ticket)
		at = &(*at)->next;
	*at = ticket->next;
}

bool
sequencer_wait(struct sequencer *sequencer, struct sequencer_ticket *ticket)
{
	struct timespec deadline = clock_deadline(WAIT_MS);
	int waited = 0;
	bool done;

	pthread_mutex_lock(&sequencer->mutex);
	ticket->number = ++sequencer->asked;
	ticket->next = sequencer->tickets;
	sequencer->tickets = ticket;
	pthread_cond_signal(&sequencer->asked_more);
	while (sequencer->done < ticket->number && waited == 0 &&
		   !sequencer->stopping)
		waited = pthread_cond_timedwait(&sequencer->done_more,
										&sequencer->mutex, &deadline);
	done = sequencer->done >= ticket->number;
	leave(sequencer, ticket);
	pthread_mutex_unlock(&sequencer->mutex);
	return done;
}

void
sequencer_figures(struct sequencer *sequencer, struct round_figures *out)
{
	pthread_mutex_lock(&sequencer->mutex);
	*out = sequencer->figures;
	pthread_mutex_unlock(&sequencer->mutex);
}

struct sequencer *
sequencer_start(const struct config *config, struct db *db, struct log *log)
{
	struct sequencer *sequencer = calloc(1, sizeof(*sequencer));
	pthread_condattr_t monotonic;

	if (!sequencer)
		return NULL;
	pthread_mutex_init(&sequencer->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&sequencer->asked_more, &monotonic);
	pthread_cond_init(&sequencer->done_more, &monotonic);
	pthread_condattr_destroy(&monotonic);
	sequencer->rounds = rounds_open(config, db, log);
	if (sequencer->rounds &&
		pthread_create(&sequencer->thread, NULL, run, sequencer) == 0)
		return sequencer;
	rounds_close(sequencer->rounds);
	free(sequencer);
	return NULL;
}

void
sequencer_stop(struct sequencer *sequencer)
{
	if (!sequencer)
		return;
	pthread_mutex_lock(&sequencer->mutex);
	sequencer->stopping = true;
	pthread_cond_signal(&sequencer->asked_more);
	pthread_cond_broadcast(&sequencer->done_more);
	pthread_mutex_unlock(&sequencer->mutex);
	pthread_join(sequencer->thread, NULL);
	rounds_close(sequencer->rounds);
	free(sequencer);
}
