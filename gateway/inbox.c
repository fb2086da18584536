/*
 * inbox.c
 *		Reading many mailboxes at once.
 */
#include "inbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "futex.h"
#include "pgarray.h"

#define MAX_LOOKS 64	   /* in one call */
#define PAGE_MESSAGES 50   /* of a page that may not be the last one; the */
#define PAGE_BYTES 131072u /* numbers of rest_streams() */

static const char read_sql[] =
	"SELECT reader, seq, message FROM e2emsg.rest_streams($1, $2)";

struct inbox
{
	pthread_mutex_t mutex; /* for this block */
	pthread_cond_t came;
	struct look *first, **last;
	bool stopping;

	pthread_t thread;
	struct db_connection *connection;
};

void
inbox_look(struct inbox *inbox, struct look *look)
{
	look->status = STATUS_OK;
	look->events = (struct text){.bytes = NULL};
	look->is_full = false;
	look->count = 0;
	look->next = NULL;
	atomic_init(&look->done, 0);
	pthread_mutex_lock(&inbox->mutex);
	*inbox->last = look;
	inbox->last = &look->next;
	pthread_cond_signal(&inbox->came);
	pthread_mutex_unlock(&inbox->mutex);
	futex_wait(&look->done, 0);
}

/* Waits for looks and takes what one call can do; 0 at the end. */
static int
take_looks(struct inbox *inbox, struct look *looks[MAX_LOOKS])
{
	int count = 0;

	pthread_mutex_lock(&inbox->mutex);
	while (!inbox->first && !inbox->stopping)
		pthread_cond_wait(&inbox->came, &inbox->mutex);
	for (; inbox->first && count < MAX_LOOKS; count++)
	{
		looks[count] = inbox->first;
		inbox->first = inbox->first->next;
	}
	if (!inbox->first)
		inbox->last = &inbox->first;
	pthread_mutex_unlock(&inbox->mutex);
	return count;
}

static enum status
call(struct inbox *inbox, struct look *const *looks, int count,
	 struct db_answer *answer)
{
	size_t size = (size_t) count;
	struct pgarray readers = {0}, positions = {0};
	struct db_params params = {0};
	enum status status = STATUS_OVERLOADED;

	answer->result = NULL;
	if (pgarray_begin(&readers, PGARRAY_UUID, size, size * UUID_SIZE) &&
		pgarray_begin(&positions, PGARRAY_INT8, size, size * 8))
	{
		for (int i = 0; i < count; i++)
		{
			pgarray_add_bytes(&readers, looks[i]->mailbox, UUID_SIZE);
			pgarray_add_int8(&positions, looks[i]->after);
		}
		db_param_binary(&params, readers.bytes, readers.size);
		db_param_binary(&params, positions.bytes, positions.size);
		status =
			db_connection_call(inbox->connection, read_sql, &params, answer);
	}
	pgarray_free(&readers);
	pgarray_free(&positions);
	return status;
}

/* Adds a row to the look that it belongs to. */
static void
take_row(struct look *const *looks, int count, const struct db_answer *answer,
		 int row)
{
	size_t size = 0;
	const char *reader = db_answer_field(answer, row, 0, NULL);
	const char *seq = db_answer_field(answer, row, 1, NULL);
	const char *message = db_answer_field(answer, row, 2, &size);
	long number = reader ? strtol(reader, NULL, 10) : 0;
	struct look *look;

	if (number < 1 || number > count || !seq || !message)
		return;
	look = looks[number - 1];
	look->after = strtoll(seq, NULL, 10);
	look->count++;
	text_add(&look->events, "id: ");
	text_add(&look->events, seq);
	text_add(&look->events, "\nevent: message\ndata: ");
	text_add_bytes(&look->events, message, size);
	text_add(&look->events, "\n\n");
}

static void
answer_looks(struct look *const *looks, int count, enum status status)
{
	for (int i = 0; i < count; i++)
	{
		looks[i]->status =
			looks[i]->events.failed ? STATUS_OVERLOADED : status;
		looks[i]->is_full = looks[i]->count >= PAGE_MESSAGES ||
							looks[i]->events.size >= PAGE_BYTES;
		futex_set(&looks[i]->done, 1);
	}
}

static void *
run(void *context)
{
	struct inbox *inbox = context;
	struct look *looks[MAX_LOOKS];
	struct db_answer answer;
	enum status status;
	int count;

	while ((count = take_looks(inbox, looks)) > 0)
	{
		status = call(inbox, looks, count, &answer);
		for (int row = 0; status == STATUS_OK && row < db_answer_rows(&answer);
			 row++)
			take_row(looks, count, &answer, row);
		db_answer_free(&answer);
		answer_looks(looks, count, status);
	}
	return NULL;
}

struct inbox *
inbox_start(struct db *db)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));

	if (!inbox)
		return NULL;
	pthread_mutex_init(&inbox->mutex, NULL);
	pthread_cond_init(&inbox->came, NULL);
	inbox->last = &inbox->first;
	inbox->connection = db_connection_new(db);
	if (!inbox->connection ||
		pthread_create(&inbox->thread, NULL, run, inbox) != 0)
		return NULL; /* the process ends at once */
	return inbox;
}

void
inbox_stop(struct inbox *inbox)
{
	if (!inbox)
		return;
	pthread_mutex_lock(&inbox->mutex);
	inbox->stopping = true;
	pthread_cond_signal(&inbox->came);
	pthread_mutex_unlock(&inbox->mutex);
	pthread_join(inbox->thread, NULL);
	db_connection_free(inbox->connection);
	pthread_cond_destroy(&inbox->came);
	pthread_mutex_destroy(&inbox->mutex);
	free(inbox);
}
