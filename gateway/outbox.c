/*
 * outbox.c
 *		Envelopes on their way, and those to held mailboxes.
 */
#include "outbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "batch.h"
#include "clock.h"
#include "config.h"
#include "db.h"
#include "metrics.h"
#include "pipeline.h"

#define RETRY_PAUSE_US 10000 /* before held mailboxes are tried again */
#define IN_PASSING_MS 50	 /* that a mailbox is held at most */

/* Envelopes to mailboxes that somebody else holds, in order. */
struct held
{
	struct ticket *first, **last;
};

struct outbox
{
	const struct config *config;
	atomic_long waiting; /* workers with an envelope on its way */
	struct pipeline *pipeline;
	pthread_mutex_t mutex; /* for all below, but never during a call */
	pthread_cond_t held_came, held_answered;
	struct held held;
	long held_count; /* workers that wait for a mailbox */
	bool stopping;
	pthread_t held_thread;
	struct db_connection *held_connection;
};

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
			ticket_clear(ticket);
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
 * How long to wait for a mailbox.  Once half of the workers that streams leave
 * do, the others are for those whose mailbox nobody holds for long.
 */
static long
time_to_wait(const struct outbox *outbox)
{
	const struct config *config = outbox->config;
	long many = (config->threads - config->streams) / 2;

	return outbox->held_count < many || config->lock_timeout_ms < IN_PASSING_MS
			   ? config->lock_timeout_ms
			   : IN_PASSING_MS;
}

/* Somebody else holds the mailbox: the second connection tries on. */
static void
wait_for_mailbox(struct outbox *outbox, struct ticket *ticket)
{
	ticket_clear(ticket);
	pthread_mutex_lock(&outbox->mutex);
	ticket->give_up_ms = clock_ms() + time_to_wait(outbox);
	outbox->held_count++;
	push(&outbox->held, ticket);
	pthread_cond_signal(&outbox->held_came);
	while (ticket->give_up_ms != 0)
		pthread_cond_wait(&outbox->held_answered, &outbox->mutex);
	outbox->held_count--;
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
outbox_send(struct outbox *outbox, struct ticket *ticket, struct reply *reply)
{
	ticket->status = STATUS_OVERLOADED;
	if (atomic_fetch_add(&outbox->waiting, 1) < outbox->config->queue_limit)
		pipeline_send(outbox->pipeline, ticket);
	if (ticket->status == STATUS_MAILBOX_BUSY)
		wait_for_mailbox(outbox, ticket);
	atomic_fetch_sub(&outbox->waiting, 1);
	write_reply(ticket, reply);
}

void
outbox_write_metrics(const struct outbox *outbox, struct text *text)
{
	long waiting = atomic_load(&outbox->waiting);

	metrics_number(text, "e2emsg_send_queue_length", "gauge",
				   "Envelopes that wait to be stored, or are being stored.",
				   waiting > 0 ? (uint64_t) waiting : 0);
	pipeline_write_metrics(outbox->pipeline, text);
}

struct outbox *
outbox_start(const struct config *config, struct db *db)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));

	if (!outbox)
		return NULL;
	outbox->config = config;
	pthread_mutex_init(&outbox->mutex, NULL);
	pthread_cond_init(&outbox->held_came, NULL);
	pthread_cond_init(&outbox->held_answered, NULL);
	outbox->held.last = &outbox->held.first;
	outbox->held_connection = db_connection_new(db);
	outbox->pipeline = pipeline_start(db);
	if (!outbox->held_connection || !outbox->pipeline ||
		pthread_create(&outbox->held_thread, NULL, run_held, outbox) != 0)
		return NULL; /* the process ends at once */
	return outbox;
}

void
outbox_stop(struct outbox *outbox)
{
	if (!outbox)
		return;
	pipeline_stop(outbox->pipeline);
	pthread_mutex_lock(&outbox->mutex);
	outbox->stopping = true;
	pthread_cond_signal(&outbox->held_came);
	pthread_mutex_unlock(&outbox->mutex);
	pthread_join(outbox->held_thread, NULL);
	db_connection_free(outbox->held_connection);
	pthread_cond_destroy(&outbox->held_came);
	pthread_cond_destroy(&outbox->held_answered);
	pthread_mutex_destroy(&outbox->mutex);
	free(outbox);
}
