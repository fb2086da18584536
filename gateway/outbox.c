/*
 * outbox.c
 *		Batching envelopes.
 */
#include "outbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "clock.h"
#include "config.h"
#include "db.h"
#include "log.h"
#include "pgarray.h"

#define BATCH_MAX 256			   /* envelopes */
#define BATCH_MAX_BYTES (4u << 20) /* of ciphertext */
#define BUSY_ROUNDS 2 /* how many lock timeouts an envelope waits at most */

static const char send_sql[] =
	"SELECT ordinal, code, body::text FROM e2emsg.rest_send_messages($1, $2,"
	" $3, $4, $5, $6, $7, $8, $9) ORDER BY ordinal";

/* An envelope on its way; it lives on the stack of the worker that waits. */
struct ticket
{
	const struct submission *submission;
	struct ticket *next;
	int64_t busy_until_ms; /* when waiting for its mailbox ends */
	bool done;
	enum status status; /* STATUS_OK: stored, body tells */
	bool repeated;
	char *body; /* JSON from the database, malloc'd, or NULL */
};

struct queue
{
	struct ticket *first, **last;
	pthread_cond_t filled;
};

struct outbox
{
	const struct config *config;
	struct log *log;
	pthread_mutex_t mutex;
	pthread_cond_t answered;
	struct queue fresh, busy;
	long waiting; /* tickets in both queues and on their way */
	bool stopping;
	pthread_t fresh_thread, busy_thread;
	struct db_connection *fresh_connection, *busy_connection;
};

/* A run of tickets that one call stores. */
struct batch
{
	struct outbox *outbox;
	struct db_connection *connection;
	struct ticket *tickets[BATCH_MAX];
	int count;
	bool wait; /* for locked mailboxes */
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

/* The parameters of the call; arrays that live as long as it. */
enum array
{
	SENDERS,
	RECEIVERS,
	SUITES,
	SENDER_KEY_VERSIONS,
	KEY_VERSIONS,
	IVS,
	CIPHERTEXTS,
	AUTH_TAGS,
	ARRAYS
};

static bool
begin_arrays(struct pgarray arrays[ARRAYS], struct ticket *const *tickets,
			 size_t count)
{
	size_t ivs = 0, ciphertexts = 0, auth_tags = 0;

	for (size_t i = 0; i < count; i++)
	{
		ivs += tickets[i]->submission->iv_size;
		ciphertexts += tickets[i]->submission->ciphertext_size;
		auth_tags += tickets[i]->submission->auth_tag_size;
	}
	return pgarray_begin(&arrays[SENDERS], PGARRAY_UUID, count,
						 count * UUID_SIZE) &&
		   pgarray_begin(&arrays[RECEIVERS], PGARRAY_UUID, count,
						 count * UUID_SIZE) &&
		   pgarray_begin(&arrays[SUITES], PGARRAY_INT2, count, count * 2) &&
		   pgarray_begin(&arrays[SENDER_KEY_VERSIONS], PGARRAY_INT4, count,
						 count * 4) &&
		   pgarray_begin(&arrays[KEY_VERSIONS], PGARRAY_INT4, count,
						 count * 4) &&
		   pgarray_begin(&arrays[IVS], PGARRAY_BYTEA, count, ivs) &&
		   pgarray_begin(&arrays[CIPHERTEXTS], PGARRAY_BYTEA, count,
						 ciphertexts) &&
		   pgarray_begin(&arrays[AUTH_TAGS], PGARRAY_BYTEA, count, auth_tags);
}

static void
fill_arrays(struct pgarray arrays[ARRAYS], const struct submission *s)
{
	const uint8_t *ciphertext = s->bytes + s->iv_size;

	pgarray_add_bytes(&arrays[SENDERS], s->sender, UUID_SIZE);
	pgarray_add_bytes(&arrays[RECEIVERS], s->receiver, UUID_SIZE);
	pgarray_add_int2(&arrays[SUITES], s->suite);
	if (s->has_sender_key_version)
		pgarray_add_int4(&arrays[SENDER_KEY_VERSIONS], s->sender_key_version);
	else
		pgarray_add_null(&arrays[SENDER_KEY_VERSIONS]);
	pgarray_add_int4(&arrays[KEY_VERSIONS], s->key_version);
	pgarray_add_bytes(&arrays[IVS], s->bytes, s->iv_size);
	pgarray_add_bytes(&arrays[CIPHERTEXTS], ciphertext, s->ciphertext_size);
	pgarray_add_bytes(&arrays[AUTH_TAGS], ciphertext + s->ciphertext_size,
					  s->auth_tag_size);
}

static enum status
call(struct batch *batch, int first, int count, struct db_answer *answer)
{
	struct ticket *const *tickets = batch->tickets + first;
	struct pgarray arrays[ARRAYS] = {0};
	struct db_params params = {0};
	enum status status = STATUS_OVERLOADED;

	answer->result = NULL;
	if (!begin_arrays(arrays, tickets, (size_t) count))
		goto end;
	for (int i = 0; i < count; i++)
		fill_arrays(arrays, tickets[i]->submission);
	for (int i = 0; i < ARRAYS; i++)
		db_param_binary(&params, arrays[i].bytes, arrays[i].size);
	db_param_text(&params, batch->wait ? "t" : "f");
	status = db_connection_call(batch->connection, send_sql, &params, answer);
end:
	for (int i = 0; i < ARRAYS; i++)
		pgarray_free(&arrays[i]);
	return status;
}

/* What the database said about one envelope, copied. */
static void
take_row(struct ticket *ticket, const struct db_answer *answer, int row)
{
	const char *code = db_answer_field(answer, row, 1, NULL);
	const char *body = db_answer_field(answer, row, 2, NULL);

	ticket->repeated = code && strcmp(code, "repeated") == 0;
	ticket->status =
		!code || ticket->repeated ? STATUS_OK : status_of_code(code);
	ticket->body = body ? strdup(body) : NULL;
	if (ticket->status == STATUS_OK && !ticket->body)
		ticket->status = STATUS_OVERLOADED;
}

/*
 * Stores tickets[first .. first + count).  An error that nobody expects is
 * one envelope's doing, and takes the others with it: both halves are tried
 * by themselves, until it stands alone.
 */
static void
store(struct batch *batch, int first, int count)
{
	struct db_answer answer;
	enum status status = call(batch, first, count, &answer);

	if (status == STATUS_OK && db_answer_rows(&answer) != count)
		status = STATUS_INTERNAL_ERROR;
	if (status == STATUS_OK)
		for (int i = 0; i < count; i++)
			take_row(batch->tickets[first + i], &answer, i);
	db_answer_free(&answer);
	if (status == STATUS_OK)
		return;
	if (count > 1 && status != STATUS_DATABASE_UNAVAILABLE &&
		status != STATUS_MAILBOX_BUSY)
	{
		store(batch, first, count / 2);
		store(batch, first + count / 2, count - count / 2);
		return;
	}
	for (int i = 0; i < count; i++)
		batch->tickets[first + i]->status = status;
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
	struct batch batch = {.outbox = outbox,
						  .connection = outbox->fresh_connection,
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
		store(&batch, 0, batch.count);
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
	struct batch batch = {.outbox = outbox,
						  .connection = outbox->busy_connection,
						  .wait = true};

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
			store(&batch, 0, batch.count);
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
outbox_start(const struct config *config, struct db *db, struct log *log)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));

	if (!outbox)
		return NULL;
	outbox->config = config;
	outbox->log = log;
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
