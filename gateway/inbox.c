/*
 * inbox.c
 *		Reading many mailboxes at once.
 */
#include "inbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "db.h"
#include "futex.h"
#include "pgarray.h"
#include "reply.h"

#define MAX_READERS 64	   /* in one call */
#define PAGE_MESSAGES 50   /* of a page that may not be the last one; the */
#define PAGE_BYTES 131072u /* numbers of rest_streams() */

static const char read_sql[] =
	"SELECT reader, seq, message FROM e2emsg.rest_streams($1, $2)";

struct inbox
{
	pthread_mutex_t mutex; /* for this block */
	pthread_cond_t came;
	struct reader *first, **last;
	bool stopping;

	pthread_t thread;
	struct db_connection *connection;
	atomic_ulong looks; /* readers that were read for */
};

/*
 * The state of a reader is one word, so that nobody looks at it after it may
 * be gone: whose it is, and two flags.
 */
#define RESTING 0u
#define QUEUED 1u  /* or being read */
#define HELD 2u	   /* by its worker */
#define OWNER 3u   /* the bits of these */
#define AGAIN 4u   /* mail came since it is no longer resting */
#define LEAVING 8u /* its worker waits for it to be no longer queued */

static void
push(struct inbox *inbox, struct reader *reader)
{
	reader->next = NULL;
	pthread_mutex_lock(&inbox->mutex);
	*inbox->last = reader;
	inbox->last = &reader->next;
	pthread_cond_signal(&inbox->came);
	pthread_mutex_unlock(&inbox->mutex);
}

void
inbox_join(struct reader *reader, const uint8_t mailbox[UUID_SIZE],
		   int64_t after, int fd, int event)
{
	*reader = (struct reader){.after = after, .fd = fd, .event = event};
	memcpy(reader->mailbox, mailbox, UUID_SIZE);
	atomic_init(&reader->state, HELD);
}

void
inbox_read(struct inbox *inbox, struct reader *reader)
{
	reader->is_asked = true;
	atomic_store(&reader->answered, 0);
	push(inbox, reader);
	futex_wait(&reader->answered, 0);
	reader->is_asked = false;
}

bool
inbox_hold(struct reader *reader)
{
	unsigned state = RESTING;

	return atomic_compare_exchange_strong(&reader->state, &state, HELD);
}

bool
inbox_is_held(const struct reader *reader)
{
	return (atomic_load(&reader->state) & OWNER) == HELD;
}

/* To rest, or back into the queue when mail came meanwhile. */
void
inbox_release(struct inbox *inbox, struct reader *reader)
{
	unsigned state = atomic_load(&reader->state), next;

	do
		next = (state & (AGAIN | LEAVING)) == AGAIN ? QUEUED : RESTING;
	while (!atomic_compare_exchange_weak(&reader->state, &state, next));
	if (next == QUEUED)
		push(inbox, reader);
	else if (state & LEAVING)
		futex_wake(&reader->state);
}

/* Only a queued one is marked: who has it then says when that is over. */
void
inbox_leave(struct reader *reader)
{
	unsigned state;

	while (((state = atomic_load(&reader->state)) & OWNER) != HELD)
	{
		unsigned marked = state | LEAVING;

		if ((state & OWNER) == RESTING)
			inbox_hold(reader);
		else if (atomic_compare_exchange_strong(&reader->state, &state,
												marked))
			futex_wait(&reader->state, marked);
	}
}

/* What was not written is its worker's matter. */
static void
hand_back(struct reader *reader)
{
	unsigned state = atomic_load(&reader->state);

	eventfd_write(reader->event, 1); /* while it is there for sure */
	while (!atomic_compare_exchange_weak(&reader->state, &state,
										 HELD | (state & AGAIN)))
		;
	if (state & LEAVING)
		futex_wake(&reader->state);
}

/* Waits for readers and takes what one call can do; 0 at the end. */
static int
take_readers(struct inbox *inbox, struct reader *readers[MAX_READERS])
{
	int count = 0;

	pthread_mutex_lock(&inbox->mutex);
	while (!inbox->first && !inbox->stopping)
		pthread_cond_wait(&inbox->came, &inbox->mutex);
	for (; inbox->first && count < MAX_READERS; count++)
	{
		readers[count] = inbox->first;
		inbox->first = inbox->first->next;
	}
	if (!inbox->first)
		inbox->last = &inbox->first;
	pthread_mutex_unlock(&inbox->mutex);
	return count;
}

static void
begin_page(struct reader *reader)
{
	reader->status = STATUS_OK;
	reader->events = (struct text){.bytes = NULL};
	reader->written = 0;
	reader->count = 0;
	reader->last = reader->after;
}

static enum status
call(struct inbox *inbox, struct reader *const *readers, int count,
	 struct db_answer *answer)
{
	size_t size = (size_t) count;
	struct pgarray mailboxes = {0}, positions = {0};
	struct db_params params = {0};
	enum status status = STATUS_OVERLOADED;

	answer->result = NULL;
	if (pgarray_begin(&mailboxes, PGARRAY_UUID, size, size * UUID_SIZE) &&
		pgarray_begin(&positions, PGARRAY_INT8, size, size * 8))
	{
		for (int i = 0; i < count; i++)
		{
			pgarray_add_bytes(&mailboxes, readers[i]->mailbox, UUID_SIZE);
			pgarray_add_int8(&positions, readers[i]->after);
		}
		db_param_binary(&params, mailboxes.bytes, mailboxes.size);
		db_param_binary(&params, positions.bytes, positions.size);
		status =
			db_connection_call(inbox->connection, read_sql, &params, answer);
	}
	pgarray_free(&mailboxes);
	pgarray_free(&positions);
	return status;
}

/* Adds a message to what its reader gets. */
static void
add_event(struct reader *reader, const struct mail *mail)
{
	struct text *events = &reader->events;

	text_add(events, "id: ");
	text_add_number(events, mail->seq);
	text_add(events, "\nevent: message\ndata: ");
	text_add_bytes(events, mail->json, mail->size);
	text_add(events, "\n\n");
	reader->count++;
	reader->last = mail->seq;
}

static void
take_row(struct reader *const *readers, int count,
		 const struct db_answer *answer, int row)
{
	struct mail mail = {.size = 0};
	const char *number = db_answer_field(answer, row, 0, NULL);
	const char *seq = db_answer_field(answer, row, 1, NULL);
	long n = number ? strtol(number, NULL, 10) : 0;

	mail.json = db_answer_field(answer, row, 2, &mail.size);
	if (n < 1 || n > count || !seq || !mail.json)
		return;
	mail.seq = strtoll(seq, NULL, 10);
	add_event(readers[n - 1], &mail);
}

/* Writes what it can of a reader's events; true when all is out. */
static bool
write_events(struct reader *reader)
{
	if (reader->status != STATUS_OK)
		return false;
	reader->written = reply_try_events(reader->fd, reader->events.bytes,
									   reader->events.size);
	return reader->written == reader->events.size;
}

static void
answer_reader(struct inbox *inbox, struct reader *reader, enum status status)
{
	reader->status = status;
	if (reader->events.failed)
	{
		text_free(&reader->events);
		reader->status = STATUS_OVERLOADED;
	}
	else
		reader->after = reader->last;
	reader->is_full =
		reader->count >= PAGE_MESSAGES || reader->events.size >= PAGE_BYTES;
	if (reader->is_asked)
		futex_set(&reader->answered, 1);
	else if (!write_events(reader))
		hand_back(reader);
	else
	{
		text_free(&reader->events);
		if (reader->is_full)
			atomic_fetch_or(&reader->state, AGAIN);
		inbox_release(inbox, reader);
	}
}

/* The very next one of its mailbox?  Who waits is found by a hash of that. */
static bool
is_next(const struct reader *reader, const struct mail *mail)
{
	return mail->seq == reader->after + 1 &&
		   memcmp(mail->mailbox, reader->mailbox, UUID_SIZE) == 0;
}

/*
 * A page of one message that nobody has to read; any other is what follows a
 * gap, and the mailbox is looked into.
 */
static void
deliver(struct inbox *inbox, struct reader *reader, const struct mail *mail)
{
	if (mail->seq <= reader->after)
		inbox_release(inbox, reader); /* it has it already */
	else if (!is_next(reader, mail))
		push(inbox, reader);
	else
	{
		begin_page(reader);
		add_event(reader, mail);
		answer_reader(inbox, reader, STATUS_OK);
	}
}

void
inbox_mail(struct inbox *inbox, struct reader *reader, const struct mail *mail)
{
	unsigned state = RESTING;

	while (!atomic_compare_exchange_weak(
		&reader->state, &state, state == RESTING ? QUEUED : state | AGAIN))
		;
	if (state == RESTING && mail)
		deliver(inbox, reader, mail);
	else if (state == RESTING)
		push(inbox, reader);
}

/*
 * Reads for these.  An error that nobody expects is one mailbox's doing, and
 * must not take the others with it for as long as it lasts.
 */
static void
look(struct inbox *inbox, struct reader *const *readers, int count)
{
	struct db_answer answer;
	enum status status;

	for (int i = 0; i < count; i++)
		begin_page(readers[i]);
	status = call(inbox, readers, count, &answer);
	for (int row = 0; status == STATUS_OK && row < db_answer_rows(&answer);
		 row++)
		take_row(readers, count, &answer, row);
	db_answer_free(&answer);
	if (count > 1 && status == STATUS_INTERNAL_ERROR)
		for (int i = 0; i < count; i++)
			look(inbox, &readers[i], 1);
	else
		for (int i = 0; i < count; i++)
			answer_reader(inbox, readers[i], status);
}

static void *
run(void *context)
{
	struct inbox *inbox = context;
	struct reader *readers[MAX_READERS];
	int count;

	while ((count = take_readers(inbox, readers)) > 0)
	{
		/* mail that comes from now on is not sure to be read */
		for (int i = 0; i < count; i++)
			atomic_fetch_and(&readers[i]->state, ~AGAIN);
		atomic_fetch_add(&inbox->looks, (unsigned long) count);
		look(inbox, readers, count);
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

unsigned long
inbox_looks(const struct inbox *inbox)
{
	return atomic_load(&inbox->looks);
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
