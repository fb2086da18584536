/*
 * test_inbox.c
 *		Readers that come and go while mail comes: in order, without a gap,
 *		nothing twice, and nobody waits for ever.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "db.h"
#include "inbox.h"
#include "reply.h"
#include "tap.h"

#define MAILS 20000
#define READERS 4
#define MAILERS 3
#define MAX_ROWS (READERS * 50)
#define LEAVES 4000000
#define GIVE_UP_S 120 /* when something hangs */

#define DAMAGED (3 * MAILS) /* position in a mailbox that can't be read */

/* A mailbox, and who reads it. */
struct box
{
	struct inbox *inbox;
	atomic_long stored; /* messages 1 to this are in the mailbox */
	pthread_mutex_t mutex;
	struct reader *readers[READERS]; /* NULL: away */
};

static const uint8_t mailbox[UUID_SIZE] = {1}, other[UUID_SIZE] = {2};

static struct box box = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* What went to the socket of each reader, whose number it has. */
static struct text sockets[READERS];

/* --- in the place of the database --- */

static struct
{
	pthread_mutex_t gate; /* no call is answered while somebody has it */
	int count, readers[MAX_ROWS];
	long seqs[MAX_ROWS];
	char fields[3][24]; /* of the row last given */
} rows = {.gate = PTHREAD_MUTEX_INITIALIZER};

struct db_connection *
db_connection_new(struct db *db)
{
	return (struct db_connection *) db;
}

void
db_connection_free(struct db_connection *connection)
{
	(void) connection;
}

/* The nth of an array of eight bytes each, in PostgreSQL's binary form. */
static long
number_of(const char *array, int n)
{
	long number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | (uint8_t) array[20 + 12 * n + 4 + i];
	return number;
}

enum status
db_connection_call(struct db_connection *connection, const char *sql,
				   const struct db_params *params, struct db_answer *answer)
{
	long stored = atomic_load(&box.stored);
	int count = (params->sizes[1] - 20) / 12;

	(void) connection, (void) sql, (void) answer;
	pthread_mutex_lock(&rows.gate);
	pthread_mutex_unlock(&rows.gate);
	rows.count = 0;
	for (int i = 0; i < count; i++)
		if (number_of(params->values[1], i) == DAMAGED)
			return STATUS_INTERNAL_ERROR;
	for (int i = 0; i < count; i++)
		for (long seq = number_of(params->values[1], i) + 1, n = 0;
			 seq <= stored && n < 50; seq++, n++)
		{
			rows.readers[rows.count] = i + 1;
			rows.seqs[rows.count++] = seq;
		}
	return STATUS_OK;
}

void
db_param_binary(struct db_params *params, const void *bytes, size_t size)
{
	params->values[params->count] = bytes;
	params->sizes[params->count++] = (int) size;
}

int
db_answer_rows(const struct db_answer *answer)
{
	(void) answer;
	return rows.count;
}

const char *
db_answer_field(const struct db_answer *answer, int row, int column,
				size_t *size)
{
	char *field = rows.fields[column];

	(void) answer;
	snprintf(field, sizeof(rows.fields[column]), "%ld",
			 column == 0 ? rows.readers[row] : rows.seqs[row]);
	if (size)
		*size = strlen(field);
	return field;
}

void
db_answer_free(struct db_answer *answer)
{
	(void) answer;
}

/* --- in the place of the sockets --- */

/* Now and then one takes only a part. */
size_t
reply_try_events(int fd, const char *bytes, size_t size)
{
	size_t taken = size % 7 == 3 ? size / 2 : size;

	if (taken > 0)
		text_add_bytes(&sockets[fd], bytes, taken);
	return taken;
}

/* --- who stores, and who reads --- */

static void *
send_mails(void *context)
{
	long seq;

	while ((seq = atomic_fetch_add(&box.stored, 1) + 1) <= MAILS)
	{
		struct mail mail = {
			.mailbox = mailbox, .seq = seq, .json = "x", .size = 1};

		pthread_mutex_lock(&box.mutex);
		for (int i = 0; i < READERS; i++)
			if (box.readers[i])
				inbox_mail(box.inbox, box.readers[i],
						   seq % 5 == 0 ? NULL : &mail);
		pthread_mutex_unlock(&box.mutex);
	}
	return context;
}

static void
join(int number, struct reader *reader)
{
	pthread_mutex_lock(&box.mutex);
	box.readers[number] = reader;
	pthread_mutex_unlock(&box.mutex);
}

/* What is left of a page, and the next ones while it is full. */
static void
write_pages(struct reader *reader)
{
	for (;;)
	{
		if (reader->written < reader->events.size)
			text_add_bytes(&sockets[reader->fd],
						   reader->events.bytes + reader->written,
						   reader->events.size - reader->written);
		text_free(&reader->events);
		if (!reader->is_full)
			return;
		inbox_read(box.inbox, reader);
	}
}

/* The last number that went to the socket; -1 unless all came in order. */
static long
check_socket(int number, long seen)
{
	char *at = sockets[number].bytes;
	char *end = at + sockets[number].size;

	while (at < end && seen >= 0)
	{
		char event[80];
		size_t size = (size_t) snprintf(
			event, sizeof(event), "id: %ld\nevent: message\ndata: ", seen + 1);

		if ((size_t) (end - at) < size || memcmp(at, event, size) != 0)
			return -1;
		at = memmem(at, (size_t) (end - at), "\n\n", 2);
		seen = at ? seen + 1 : -1;
		at += 2;
	}
	sockets[number].size = 0;
	return seen;
}

/* Reads to the end, on many streams one after the other. */
static void *
read_mails(void *context)
{
	int number = (int) ((struct text *) context - sockets);
	int event = eventfd(0, EFD_NONBLOCK);
	long seen = 0;

	for (int round = 0; seen >= 0 && seen < MAILS; round++)
	{
		struct reader reader;

		inbox_join(&reader, mailbox, seen, number, event);
		join(number, &reader);
		inbox_read(box.inbox, &reader);
		write_pages(&reader);
		inbox_release(box.inbox, &reader);
		for (int i = 0; i < round % 50; i++)
			if (inbox_is_held(&reader))
			{
				write_pages(&reader);
				inbox_release(box.inbox, &reader);
			}
		inbox_leave(&reader);
		reader.is_full = false;
		write_pages(&reader);
		join(number, NULL);
		seen = check_socket(number, seen);
	}
	close(event);
	return seen < 0 ? NULL : context;
}

static void
test_reading(struct tap *tap)
{
	pthread_t mailers[MAILERS], readers[READERS];
	void *result;

	for (int i = 0; i < READERS; i++)
		pthread_create(&readers[i], NULL, read_mails, &sockets[i]);
	for (int i = 0; i < MAILERS; i++)
		pthread_create(&mailers[i], NULL, send_mails, NULL);
	for (int i = 0; i < MAILERS; i++)
		pthread_join(mailers[i], NULL);
	for (int i = 0; i < READERS; i++)
	{
		pthread_join(readers[i], &result);
		tap_ok(tap, result != NULL, "no gap, nothing twice, to the end");
		text_free(&sockets[i]);
	}
}

/* A reader that has it all already is told again and again. */
struct told
{
	struct reader reader;
	atomic_bool is_over;
};

static void *
tell(void *context)
{
	struct told *told = context;
	const struct mail mail = {.mailbox = mailbox, .seq = 0};

	while (!atomic_load(&told->is_over))
		inbox_mail(box.inbox, &told->reader, &mail);
	return NULL;
}

/* Whatever happens in the moment that it leaves. */
static void
test_leaving(struct tap *tap)
{
	struct told told = {.is_over = false};
	pthread_t threads[2];

	inbox_join(&told.reader, mailbox, 2 * MAILS, 0, -1);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, tell, &told);
	for (int i = 0; i < LEAVES; i++)
	{
		inbox_release(box.inbox, &told.reader);
		for (int spin = 0; spin < i % 40; spin++)
			inbox_is_held(&told.reader);
		inbox_leave(&told.reader);
	}
	atomic_store(&told.is_over, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	tap_ok(tap, inbox_is_held(&told.reader), "who leaves comes to its end");
}

/* Two mailboxes may share the hash that waiters are found by. */
static void
test_strangers(struct tap *tap)
{
	static const struct mail own = {mailbox, 2 * MAILS + 1, "own", 3};
	static const struct mail strange = {other, 2 * MAILS + 2, "strange", 7};
	struct reader reader;

	sockets[0].size = 0;
	inbox_join(&reader, mailbox, 2 * MAILS, 0, -1);
	inbox_release(box.inbox, &reader);
	inbox_mail(box.inbox, &reader, &own);
	tap_ok(tap, memmem(sockets[0].bytes, sockets[0].size, "own", 3) != NULL,
		   "its own mail goes to a reader");
	inbox_mail(box.inbox, &reader, &strange);
	inbox_leave(&reader);
	tap_ok(tap,
		   memmem(sockets[0].bytes, sockets[0].size, "strange", 7) == NULL,
		   "that of another mailbox does not");
	text_free(&sockets[0]);
}

static void *
read_once(void *context)
{
	inbox_read(box.inbox, context);
	return NULL;
}

/* One whose mailbox is damaged does not keep the others from theirs. */
static void
test_damage(struct tap *tap)
{
	static const int64_t after[] = {0, DAMAGED, 0, DAMAGED};
	struct reader readers[4];
	pthread_t threads[4];

	pthread_mutex_lock(&rows.gate); /* so that they gather */
	for (int i = 0; i < 4; i++)
	{
		inbox_join(&readers[i], mailbox, after[i], 0, -1);
		pthread_create(&threads[i], NULL, read_once, &readers[i]);
		usleep(20000);
	}
	pthread_mutex_unlock(&rows.gate);
	for (int i = 0; i < 4; i++)
	{
		pthread_join(threads[i], NULL);
		tap_ok(tap, (readers[i].status == STATUS_OK) == (after[i] == 0),
			   after[i] == 0 ? "read" : "a damaged mailbox is not read");
		text_free(&readers[i].events);
	}
}

int
main(void)
{
	struct tap tap = {0};

	alarm(GIVE_UP_S);
	box.inbox = inbox_start((struct db *) &box);
	test_reading(&tap);
	test_leaving(&tap);
	test_strangers(&tap);
	test_damage(&tap);
	inbox_stop(box.inbox);
	return tap_end(&tap);
}
