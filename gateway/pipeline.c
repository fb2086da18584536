/*
 * pipeline.c
 *		Batches of envelopes, one after the other over one connection.
 */
#include "pipeline.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "db.h"
#include "futex.h"
#include "metrics.h"

#define MAX_FLYING 2 /* one runs, one lies behind it in the server */

static const struct histogram_scale envelopes = {
	.count = 9, .bounds = {1, 2, 4, 8, 16, 32, 64, 128, BATCH_MAX}};

struct pipeline
{
	pthread_mutex_t mutex;		/* for all of this block */
	struct batch *first, *last; /* queued, in order */
	struct batch *spare;		/* for reuse */
	int wanted;					/* envelopes that are worth a call; 0: none */
	bool stopping;

	int enough; /* eventfd: so many have come */
	struct db_connection *connection;
	pthread_t thread;
	struct batch *flying[MAX_FLYING]; /* sent, not received */
	int flying_count;
	int returned;			/* envelopes of the batch that was answered last */
	struct histogram sizes; /* of batches that were answered */
};

/* --- the workers' side --- */

/* An empty batch, from the spare ones if there is one; NULL without memory. */
static struct batch *
new_batch(struct pipeline *pipeline)
{
	struct batch *batch = pipeline->spare;

	if (batch)
		pipeline->spare = batch->next;
	else
		batch = malloc(sizeof(*batch));
	if (batch)
		batch_init(batch);
	return batch;
}

/* The batch that takes the next envelope; NULL without memory. */
static struct batch *
open_batch(struct pipeline *pipeline)
{
	struct batch *batch;

	if (pipeline->last && !batch_is_full(pipeline->last))
		return pipeline->last;
	batch = new_batch(pipeline);
	if (!batch)
		return NULL;
	if (pipeline->last)
		pipeline->last->next = batch;
	else
		pipeline->first = batch;
	pipeline->last = batch;
	return batch;
}

/* Is the first batch worth a call? */
static bool
is_enough(const struct pipeline *pipeline)
{
	const struct batch *batch = pipeline->first;

	return batch && pipeline->wanted > 0 &&
		   (batch->count >= pipeline->wanted || batch_is_full(batch));
}

/* Adds a ticket to a batch; NULL without memory. */
static struct batch *
join_batch(struct pipeline *pipeline, struct ticket *ticket)
{
	struct batch *batch;

	pthread_mutex_lock(&pipeline->mutex);
	batch = open_batch(pipeline);
	if (batch)
	{
		batch_add(batch, ticket);
		if (is_enough(pipeline))
		{
			pipeline->wanted = 0; /* once is enough, too */
			eventfd_write(pipeline->enough, 1);
		}
	}
	pthread_mutex_unlock(&pipeline->mutex);
	return batch;
}

/* The last worker that leaves a batch hands it back. */
static void
leave_batch(struct pipeline *pipeline, struct batch *batch)
{
	if (atomic_fetch_sub(&batch->waiting, 1) != 1)
		return;
	pthread_mutex_lock(&pipeline->mutex);
	batch->next = pipeline->spare;
	pipeline->spare = batch;
	pthread_mutex_unlock(&pipeline->mutex);
}

void
pipeline_send(struct pipeline *pipeline, struct ticket *ticket)
{
	struct batch *batch = join_batch(pipeline, ticket);

	if (!batch)
		return;
	futex_wait(&batch->answered, 0);
	leave_batch(pipeline, batch);
}

/* --- the thread's side --- */

/*
 * The next batch to send, if it is worth a call: any is while the connection
 * is idle; behind another one it is when nobody else is likely to join.
 */
static struct batch *
take_batch(struct pipeline *pipeline)
{
	struct batch *batch = NULL;

	pthread_mutex_lock(&pipeline->mutex);
	pipeline->wanted = 1;
	if (pipeline->flying_count > 0 && pipeline->returned > 1)
		pipeline->wanted = pipeline->returned;
	if (is_enough(pipeline))
	{
		batch = pipeline->first;
		pipeline->first = batch->next;
		if (!pipeline->first)
			pipeline->last = NULL;
		pipeline->wanted = 0;
	}
	pthread_mutex_unlock(&pipeline->mutex);
	return batch;
}

/* One futex wakes the whole batch. */
static void
answer_batch(struct pipeline *pipeline, struct batch *batch)
{
	pipeline->returned = batch->count;
	histogram_add(&pipeline->sizes, &envelopes, (uint64_t) batch->count);
	futex_set(&batch->answered, 1);
}

/* Sends what is worth it. */
static void
fill(struct pipeline *pipeline)
{
	struct batch *batch;

	while (pipeline->flying_count < MAX_FLYING &&
		   (batch = take_batch(pipeline)) != NULL)
		if (batch_send(batch, pipeline->connection))
			pipeline->flying[pipeline->flying_count++] = batch;
		else
			answer_batch(pipeline, batch);
}

/* Takes the answer of the batch that was sent first. */
static struct batch *
receive(struct pipeline *pipeline, enum status *status)
{
	struct batch *batch = pipeline->flying[0];

	*status = batch_receive(batch, pipeline->connection);
	pipeline->flying_count--;
	for (int i = 0; i < pipeline->flying_count; i++)
		pipeline->flying[i] = pipeline->flying[i + 1];
	return batch;
}

/*
 * After a failure nothing is sent before all that flies has been received: a
 * new connection must not answer for a lost one, and halves are tried alone.
 */
static void
land(struct pipeline *pipeline)
{
	struct batch *batches[MAX_FLYING];
	enum status statuses[MAX_FLYING];
	int count = 1;

	batches[0] = receive(pipeline, &statuses[0]);
	if (statuses[0] != STATUS_OK)
		for (; pipeline->flying_count > 0; count++)
			batches[count] = receive(pipeline, &statuses[count]);
	else if (pipeline->flying_count > 0 ||
			 db_connection_is_up(pipeline->connection))
		fill(pipeline); /* first, so that the server does not wait for us */
	for (int i = 0; i < count; i++)
	{
		if (statuses[i] != STATUS_OK)
			batch_bisect(batches[i], pipeline->connection, statuses[i]);
		answer_batch(pipeline, batches[i]);
	}
}

/* Waits for the first envelope; false at the end. */
static bool
wait_for_envelope(struct pipeline *pipeline)
{
	eventfd_t count;
	bool stopping;

	pthread_mutex_lock(&pipeline->mutex);
	stopping = pipeline->stopping && !pipeline->first;
	pthread_mutex_unlock(&pipeline->mutex);
	if (!stopping)
		eventfd_read(pipeline->enough, &count);
	return !stopping;
}

static void *
run(void *context)
{
	struct pipeline *pipeline = context;
	eventfd_t count;

	for (;;)
	{
		fill(pipeline);
		if (pipeline->flying_count == 0 && !wait_for_envelope(pipeline))
			break;
		if (pipeline->flying_count == MAX_FLYING ||
			(pipeline->flying_count > 0 &&
			 db_connection_wait(pipeline->connection, pipeline->enough)))
			land(pipeline);
		else if (pipeline->flying_count > 0)
			eventfd_read(pipeline->enough, &count);
	}
	return NULL;
}

void
pipeline_write_metrics(const struct pipeline *pipeline, struct text *text)
{
	metrics_family(text, "e2emsg_send_batch_envelopes", "histogram",
				   "Envelopes in a database call that stored some.");
	metrics_histogram(text, "e2emsg_send_batch_envelopes", &metrics_no_labels,
					  &envelopes, &pipeline->sizes);
}

struct pipeline *
pipeline_start(struct db *db)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

	if (!pipeline)
		return NULL;
	pthread_mutex_init(&pipeline->mutex, NULL);
	pipeline->enough = eventfd(0, EFD_CLOEXEC);
	pipeline->connection = db_connection_new(db);
	if (pipeline->enough < 0 || !pipeline->connection ||
		pthread_create(&pipeline->thread, NULL, run, pipeline) != 0)
		return NULL; /* the process ends at once */
	return pipeline;
}

void
pipeline_stop(struct pipeline *pipeline)
{
	struct batch *batch;

	pthread_mutex_lock(&pipeline->mutex);
	pipeline->stopping = true;
	pthread_mutex_unlock(&pipeline->mutex);
	eventfd_write(pipeline->enough, 1);
	pthread_join(pipeline->thread, NULL);
	while ((batch = pipeline->spare) != NULL)
	{
		pipeline->spare = batch->next;
		free(batch);
	}
	db_connection_free(pipeline->connection);
	close(pipeline->enough);
	pthread_mutex_destroy(&pipeline->mutex);
	free(pipeline);
}
