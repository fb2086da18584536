/*
 * outbox.c
 *		The batches that are filled, and the threads that store them.
 */
#include "outbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "batch.h"
#include "clock.h"
#include "config.h"
#include "db.h"
#include "futex.h"

#define RETRY_PAUSE_US 10000 /* before held mailboxes are tried again */

/* Batches in order; workers add to the last one. */
struct fresh
{
	struct batch *first, *last;
	struct batch *spare; /* for reuse */
};

/* Envelopes to mailboxes that somebody else holds, in order. */
struct held
{
	struct ticket *first, **last;
};

struct outbox
{
	const struct config *config;
	pthread_mutex_t mutex; /* for all below, but never during a call */
	pthread_cond_t fresh_came, held_came, held_answered;
	struct fresh fresh;
	struct held held;
	long waiting; /* workers with an envelope on its way */
	bool stopping;
	pthread_t fresh_thread, held_thread;
	struct db_connection *fresh_connection, *held_connection;
};

/* An empty batch, from the spare ones if there is one; NULL without memory. */
static struct batch *
new_batch(struct fresh *fresh)
{
	struct batch *batch = fresh->spare;

	if (batch)
		fresh->spare = batch->next;
	else
		batch = malloc(sizeof(*batch));
	if (!batch)
		return NULL;
	batch->count = 0;
	batch->bytes = 0;
	batch->next = NULL;
	atomic_init(&batch->answered, 0);
	atomic_init(&batch->waiting, 0);
	return batch;
}

/* The batch that takes the next envelope; NULL without memory. */
static struct batch *
open_batch(struct fresh *fresh)
{
	struct batch *batch;

	if (fresh->last && !batch_is_full(fresh->last))
		return fresh->last;
	batch = new_batch(fresh);
	if (!batch)
		return NULL;
	if (fresh->last)
		fresh->last->next = batch;
	else
		fresh->first = batch;
	fresh->last = batch;
	return batch;
}

static struct batch *
take_batch(struct fresh *fresh)
{
	struct batch *batch = fresh->first;

	fresh->first = batch->next;
	if (!fresh->first)
		fresh->last = NULL;
	return batch;
}

/* One futex wakes the whole batch. */
static void *
run_fresh(void *context)
{
	struct outbox *outbox = context;
	struct batch *batch;

	pthread_mutex_lock(&outbox->mutex);
	for (;;)
	{
		while (!outbox->fresh.first && !outbox->stopping)
			pthread_cond_wait(&outbox->fresh_came, &outbox->mutex);
		if (!outbox->fresh.first)
			break;
		batch = take_batch(&outbox->fresh);
		pthread_mutex_unlock(&outbox->mutex);
		batch_store(batch, outbox->fresh_connection);
		futex_set(&batch->answered, 1);
		pthread_mutex_lock(&outbox->mutex);
	}
	pthread_mutex_unlock(&outbox->mutex);
	return NULL;
}

static void
push(struct held *held, struct ticket *ticket)
{
	ticket->next = NULL;
	*held->last = ticket;
	held->last = &ticket->next;
}

/* Takes what waits, within the bounds of a batch. */
static void
take_held(struct held *held, struct batch *batch)
{
	batch->count = 0;
	batch->bytes = 0;
	while (held->first && !batch_is_full(batch))
	{
		batch_add(batch, held->first);
		held->first = held->first->next;
	}
	if (!held->first)
		held->last = &held->first;
}

/*
 * Answers what is decided or waited too long; the rest goes to the end of
 * the queue.  Returns whether there is such a rest.
 */
static bool
answer_held(struct outbox *outbox, const struct batch *batch)
{
	int64_t now = clock_ms();
	bool rest = false;

	for (int i = 0; i < batch->count; i++)
	{
		struct ticket *ticket = batch->tickets[i];

		if (ticket->status == STATUS_MAILBOX_BUSY && ticket->give_up_ms > now)
		{
			free(ticket->body);
			ticket->body = NULL;
			push(&outbox->held, ticket);
			rest = true;
		}
		else
			ticket->give_up_ms = 0;
	}
	pthread_cond_broadcast(&outbox->held_answered);
	return rest;
}

/*
 * Tries held mailboxes again and again, and never blocks on one: so a
 * mailbox that stays locked holds up no other.
 */
static void *
run_held(void *context)
{
	struct outbox *outbox = context;
	struct batch batch = {.count = 0};
	bool rest;

	pthread_mutex_lock(&outbox->mutex);
	for (;;)
	{
		while (!outbox->held.first && !outbox->stopping)
			pthread_cond_wait(&outbox->held_came, &outbox->mutex);
		if (!outbox->held.first)
			break;
		take_held(&outbox->held, &batch);
		pthread_mutex_unlock(&outbox->mutex);
		batch_store(&batch, outbox->held_connection);
		pthread_mutex_lock(&outbox->mutex);
		rest = answer_held(outbox, &batch);
		pthread_mutex_unlock(&outbox->mutex);
		if (rest)
			usleep(RETRY_PAUSE_US);
		pthread_mutex_lock(&outbox->mutex);
	}
	pthread_mutex_unlock(&outbox->mutex);
	return NULL;
}

/*
 * Adds a ticket to a batch.  Returns NULL when the outbox takes no more, and
 * counts the worker in otherwise.
 */
static struct batch *
join_batch(struct outbox *outbox, struct ticket *ticket)
{
	struct batch *batch = NULL;

	pthread_mutex_lock(&outbox->mutex);
	if (outbox->waiting < outbox->config->queue_limit && !outbox->stopping)
		batch = open_batch(&outbox->fresh);
	if (batch)
	{
		outbox->waiting++;
		batch_add(batch, ticket);
		if (batch->count == 1)
			pthread_cond_signal(&outbox->fresh_came);
	}
	pthread_mutex_unlock(&outbox->mutex);
	return batch;
}

/* The last worker that leaves a batch hands it back. */
static void
leave_batch(struct outbox *outbox, struct batch *batch)
{
	if (atomic_fetch_sub(&batch->waiting, 1) != 1)
		return;
	pthread_mutex_lock(&outbox->mutex);
	outbox->waiting -= batch->count;
	batch->next = outbox->fresh.spare;
	outbox->fresh.spare = batch;
	pthread_mutex_unlock(&outbox->mutex);
}

/* Somebody else holds the mailbox: the second connection tries on. */
static void
wait_for_mailbox(struct outbox *outbox, struct ticket *ticket)
{
	free(ticket->body);
	ticket->body = NULL;
	ticket->give_up_ms = clock_ms() + outbox->config->lock_timeout_ms;
	pthread_mutex_lock(&outbox->mutex);
	if (outbox->waiting < outbox->config->queue_limit && !outbox->stopping)
	{
		outbox->waiting++;
		push(&outbox->held, ticket);
		pthread_cond_signal(&outbox->held_came);
		while (ticket->give_up_ms != 0)
			pthread_cond_wait(&outbox->held_answered, &outbox->mutex);
		outbox->waiting--;
	}
	pthread_mutex_unlock(&outbox->mutex);
}

/* Turns a ticket's result into the answer to its request. */
static void
write_reply(const struct ticket *ticket, struct reply *reply)
{
	json_t *said;

	if (ticket->status == STATUS_OK)
	{
		reply_text(reply, ticket->repeated ? 200 : 201, ticket->body,
				   strlen(ticket->body));
		return;
	}
	said = ticket->body ? json_loads(ticket->body, 0, NULL) : NULL;
	reply_problem(reply, ticket->status,
				  json_string_value(json_object_get(said, "detail")),
				  json_string_value(json_object_get(said, "hint")),
				  json_object_get(said, "current"));
	json_decref(said);
}

void
outbox_send(struct outbox *outbox, const struct submission *submission,
			struct reply *reply)
{
	struct ticket ticket = {.submission = submission,
							.status = STATUS_OVERLOADED};
	struct batch *batch = join_batch(outbox, &ticket);

	if (batch)
	{
		futex_wait(&batch->answered, 0);
		leave_batch(outbox, batch);
	}
	if (ticket.status == STATUS_MAILBOX_BUSY)
		wait_for_mailbox(outbox, &ticket);
	write_reply(&ticket, reply);
	free(ticket.body);
}

struct outbox *
outbox_start(const struct config *config, struct db *db)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));

	if (!outbox)
		return NULL;
	outbox->config = config;
	pthread_mutex_init(&outbox->mutex, NULL);
	pthread_cond_init(&outbox->fresh_came, NULL);
	pthread_cond_init(&outbox->held_came, NULL);
	pthread_cond_init(&outbox->held_answered, NULL);
	outbox->held.last = &outbox->held.first;
	outbox->fresh_connection = db_connection_new(db);
	outbox->held_connection = db_connection_new(db);
	if (!outbox->fresh_connection || !outbox->held_connection ||
		pthread_create(&outbox->fresh_thread, NULL, run_fresh, outbox) != 0 ||
		pthread_create(&outbox->held_thread, NULL, run_held, outbox) != 0)
		return NULL; /* the process ends at once */
	return outbox;
}

/* Ends one thread; what it holds is stored first. */
static void
stop_thread(struct outbox *outbox, pthread_cond_t *came, pthread_t thread)
{
	pthread_mutex_lock(&outbox->mutex);
	outbox->stopping = true;
	pthread_cond_broadcast(came);
	pthread_mutex_unlock(&outbox->mutex);
	pthread_join(thread, NULL);
}

void
outbox_stop(struct outbox *outbox)
{
	struct batch *batch;

	if (!outbox)
		return;
	stop_thread(outbox, &outbox->fresh_came, outbox->fresh_thread);
	stop_thread(outbox, &outbox->held_came, outbox->held_thread);
	db_connection_free(outbox->fresh_connection);
	db_connection_free(outbox->held_connection);
	while ((batch = outbox->fresh.spare) != NULL)
	{
		outbox->fresh.spare = batch->next;
		free(batch);
	}
	pthread_cond_destroy(&outbox->fresh_came);
	pthread_cond_destroy(&outbox->held_came);
	pthread_cond_destroy(&outbox->held_answered);
	pthread_mutex_destroy(&outbox->mutex);
	free(outbox);
}
