/*
 * outbox.c
 *		The queues of envelopes and the threads that empty them.
 */
#include "outbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "batch.h"
#include "clock.h"
#include "config.h"
#include "db.h"

#define BATCH_MAX_BYTES (4u << 20) /* of ciphertext */
#define BUSY_ROUNDS 2 /* how many lock timeouts an envelope waits at most */

struct queue
{
	struct ticket *first, **last;
	pthread_cond_t filled;
};

struct outbox
{
	const struct config *config;
	pthread_mutex_t mutex;
	pthread_cond_t answered;
	struct queue fresh, busy;
	long waiting; /* tickets in both queues and on their way */
	bool stopping;
	pthread_t fresh_thread, busy_thread;
	struct db_connection *fresh_connection, *busy_connection;
};

static void
push(struct queue *queue, struct ticket *ticket)
{
	ticket->next = NULL;
	*queue->last = ticket;
	queue->last = &ticket->next;
	pthread_cond_signal(&queue->filled);
}

static struct ticket *
pop(struct queue *queue)
{
	struct ticket *ticket = queue->first;

	queue->first = ticket->next;
	if (!queue->first)
		queue->last = &queue->first;
	return ticket;
}

/*
 * Gives the answers, under the mutex.  Whoever met a locked mailbox and may
 * still wait goes to the second queue.
 */
static void
answer(struct outbox *outbox, struct batch *batch)
{
	int64_t now = clock_ms();

	for (int i = 0; i < batch->count; i++)
	{
		struct ticket *ticket = batch->tickets[i];

		if (ticket->status == STATUS_MAILBOX_BUSY && !batch->wait)
		{
			ticket->busy_until_ms =
				now + BUSY_ROUNDS * outbox->config->lock_timeout_ms;
			free(ticket->body);
			ticket->body = NULL;
			push(&outbox->busy, ticket);
			continue;
		}
		ticket->done = true;
		outbox->waiting--;
	}
	pthread_cond_broadcast(&outbox->answered);
}

/* Takes what is queued, within the bounds of a batch. */
static void
take_fresh(struct outbox *outbox, struct batch *batch)
{
	size_t bytes = 0;

	batch->count = 0;
	while (outbox->fresh.first && batch->count < BATCH_MAX &&
		   bytes < BATCH_MAX_BYTES)
	{
		struct ticket *ticket = pop(&outbox->fresh);

		bytes += ticket->submission->ciphertext_size;
		batch->tickets[batch->count++] = ticket;
	}
}

/*
 * Takes the first that waits and all others for the same mailbox, so that a
 * lock that does not come free holds up one mailbox only.
 */
static void
take_busy(struct outbox *outbox, struct batch *batch)
{
	struct queue *queue = &outbox->busy;
	struct queue rest = {.first = NULL};
	const uint8_t *mailbox = queue->first->submission->receiver;

	rest.last = &rest.first;
	batch->count = 0;
	while (queue->first)
	{
		struct ticket *ticket = pop(queue);

		if (batch->count < BATCH_MAX &&
			memcmp(ticket->submission->receiver, mailbox, UUID_SIZE) == 0)
			batch->tickets[batch->count++] = ticket;
		else
		{
			ticket->next = NULL;
			*rest.last = ticket;
			rest.last = &ticket->next;
		}
	}
	queue->first = rest.first;
	queue->last = rest.first ? rest.last : &queue->first;
}

/* Have all of a batch waited long enough for their mailbox? */
static bool
all_too_late(const struct batch *batch)
{
	int64_t now = clock_ms();

	for (int i = 0; i < batch->count; i++)
		if (batch->tickets[i]->busy_until_ms > now)
			return false;
	return true;
}

static void *
run_fresh(void *context)
{
	struct outbox *outbox = context;
	struct batch batch = {.connection = outbox->fresh_connection,
						  .wait = false};

	pthread_mutex_lock(&outbox->mutex);
	for (;;)
	{
		while (!outbox->fresh.first && !outbox->stopping)
			pthread_cond_wait(&outbox->fresh.filled, &outbox->mutex);
		if (!outbox->fresh.first)
			break;
		take_fresh(outbox, &batch);
		pthread_mutex_unlock(&outbox->mutex);
		batch_store(&batch);
		pthread_mutex_lock(&outbox->mutex);
		answer(outbox, &batch);
	}
	pthread_mutex_unlock(&outbox->mutex);
	return NULL;
}

static void *
run_busy(void *context)
{
	struct outbox *outbox = context;
	struct batch batch = {.connection = outbox->busy_connection, .wait = true};

	pthread_mutex_lock(&outbox->mutex);
	for (;;)
	{
		while (!outbox->busy.first && !outbox->stopping)
			pthread_cond_wait(&outbox->busy.filled, &outbox->mutex);
		if (!outbox->busy.first)
			break;
		take_busy(outbox, &batch);
		pthread_mutex_unlock(&outbox->mutex);
		if (!all_too_late(&batch))
			batch_store(&batch);
		pthread_mutex_lock(&outbox->mutex);
		answer(outbox, &batch);
	}
	pthread_mutex_unlock(&outbox->mutex);
	return NULL;
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

	pthread_mutex_lock(&outbox->mutex);
	if (outbox->waiting < outbox->config->queue_limit && !outbox->stopping)
	{
		outbox->waiting++;
		push(&outbox->fresh, &ticket);
		while (!ticket.done)
			pthread_cond_wait(&outbox->answered, &outbox->mutex);
	}
	pthread_mutex_unlock(&outbox->mutex);
	write_reply(&ticket, reply);
	free(ticket.body);
}

static void
queue_init(struct queue *queue)
{
	queue->last = &queue->first;
	pthread_cond_init(&queue->filled, NULL);
}

struct outbox *
outbox_start(const struct config *config, struct db *db)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));

	if (!outbox)
		return NULL;
	outbox->config = config;
	pthread_mutex_init(&outbox->mutex, NULL);
	pthread_cond_init(&outbox->answered, NULL);
	queue_init(&outbox->fresh);
	queue_init(&outbox->busy);
	outbox->fresh_connection = db_connection_new(db, 0);
	outbox->busy_connection = db_connection_new(db, config->lock_timeout_ms);
	if (!outbox->fresh_connection || !outbox->busy_connection ||
		pthread_create(&outbox->fresh_thread, NULL, run_fresh, outbox) != 0 ||
		pthread_create(&outbox->busy_thread, NULL, run_busy, outbox) != 0)
		return NULL; /* the process ends at once */
	return outbox;
}

/* Ends one thread; what it holds is stored first. */
static void
stop_thread(struct outbox *outbox, struct queue *queue, pthread_t thread)
{
	pthread_mutex_lock(&outbox->mutex);
	outbox->stopping = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_mutex_unlock(&outbox->mutex);
	pthread_join(thread, NULL);
}

void
outbox_stop(struct outbox *outbox)
{
	if (!outbox)
		return;
	stop_thread(outbox, &outbox->fresh, outbox->fresh_thread);
	stop_thread(outbox, &outbox->busy, outbox->busy_thread);
	db_connection_free(outbox->fresh_connection);
	db_connection_free(outbox->busy_connection);
	pthread_cond_destroy(&outbox->fresh.filled);
	pthread_cond_destroy(&outbox->busy.filled);
	pthread_cond_destroy(&outbox->answered);
	pthread_mutex_destroy(&outbox->mutex);
	free(outbox);
}
