/*
 * hints.c
 *		The thread that tells and hears hints.
 *
 * A notification holds hints (hint.h), or a greeting: "?" from a gateway that
 * begins to listen, and has told nobody what came before; the others look, and
 * answer.  "!" says "I listen", in that answer and every GREETING_MS.
 */
#include "hints.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "db.h"
#include "hint.h"
#include "log.h"
#include "wakeup.h"

#define QUEUE_SIZE 4096		/* mailboxes */
#define INTERVAL_MS 2		/* between two notifications */
#define GREETING_MS 20000	/* between two signs of life */
#define ANSWER_MS 50		/* until a greeting is answered */
#define LOOK_MS 1000		/* between two looks at all mailboxes */
#define ALONE_MS 60000		/* without any from others: there are none */
#define ECHO_MS 5000		/* for our own greeting to come back */
#define FIRST_PAUSE_MS 250	/* before a lost connection is tried again; */
#define LAST_PAUSE_MS 10000 /* doubled up to this */

#define LISTEN_SQL "LISTEN e2emsg_mail"

/* A hint may be lost, so nobody waits until it is on a disk or a standby. */
#define NOTIFY_SQL                                                     \
	"SELECT pg_catalog.set_config('synchronous_commit', 'off', true)," \
	" pg_catalog.pg_notify('e2emsg_mail', $1)"

struct hints
{
	const struct secret *secret;
	struct wakeups *wakeups;
	struct log *log;
	int event; /* eventfd: the queue is no longer empty, or the end */
	pthread_t thread;
	atomic_bool has_others; /* there is somebody to tell */
	atomic_ulong sent, received, dropped;

	pthread_mutex_t mutex; /* for this block */
	uint8_t queue[QUEUE_SIZE][UUID_SIZE];
	size_t queued;
	bool listens;
	bool stopping;

	/* The thread's own */
	struct db_connection *connection;
	int backend;	 /* that LISTEN was said to */
	int64_t sent_at; /* all on the clock of clock_ms() */
	int64_t greet_at;
	int64_t others_until;
	bool heard_others; /* since LISTEN */
	int64_t look_at;   /* 0: no look at all mailboxes is due */
	int64_t looked_at;
	int64_t echo_until; /* 0 once it came */
	int pause_ms;
};

void
hints_tell(struct hints *hints, const uint8_t mailbox[UUID_SIZE])
{
	bool first = false, full;

	if (!hints || !atomic_load(&hints->has_others))
		return;
	pthread_mutex_lock(&hints->mutex);
	full = !hints->listens || hints->queued == QUEUE_SIZE;
	if (!full)
	{
		first = hints->queued == 0;
		memcpy(hints->queue[hints->queued++], mailbox, UUID_SIZE);
	}
	pthread_mutex_unlock(&hints->mutex);
	if (full)
		atomic_fetch_add(&hints->dropped, 1);
	if (first)
		eventfd_write(hints->event, 1);
}

/* Lets hints in, or drops those that wait and all that come. */
static void
set_listens(struct hints *hints, bool listens)
{
	size_t dropped = 0;

	pthread_mutex_lock(&hints->mutex);
	hints->listens = listens;
	if (!listens)
	{
		dropped = hints->queued;
		hints->queued = 0;
	}
	pthread_mutex_unlock(&hints->mutex);
	atomic_fetch_add(&hints->dropped, dropped);
}

static bool
notify(struct hints *hints, const char *text)
{
	struct db_params params = {0};
	struct db_answer answer = {0};
	enum status status;

	db_param_text(&params, text);
	status =
		db_connection_call(hints->connection, NOTIFY_SQL, &params, &answer);
	db_answer_free(&answer);
	return status == STATUS_OK;
}

/* A notification that was lost is made good by looking again. */
static void
greet(struct hints *hints, const char *greeting)
{
	hints->greet_at = clock_ms() + GREETING_MS;
	if (!notify(hints, greeting))
		log_line(hints->log, LOG_LEVEL_WARN,
				 "other gateways were not told "
				 "that this one listens");
}

/* Anybody can greet, as often as he likes: one look for all of a second. */
static void
look_soon(struct hints *hints)
{
	if (hints->look_at == 0)
		hints->look_at = hints->looked_at + LOOK_MS; /* or at once */
}

static void
look(struct hints *hints)
{
	hints->look_at = 0;
	hints->looked_at = clock_ms();
	wakeups_all(hints->wakeups);
}

static void
hear(struct hints *hints, const char *text)
{
	uint64_t heard[HINT_MAX_COUNT];
	bool is_beginning = strcmp(text, "?") == 0;
	size_t count;

	hints->others_until = clock_ms() + ALONE_MS;
	atomic_store(&hints->has_others, true);
	if (!hints->heard_others || is_beginning)
		look_soon(hints); /* for what was not told before */
	hints->heard_others = true;
	if (is_beginning && hints->greet_at > clock_ms() + ANSWER_MS)
		hints->greet_at = clock_ms() + ANSWER_MS; /* once for many */
	count = hint_read(text, heard);
	for (size_t i = 0; i < count; i++)
		wakeups_hint(hints->wakeups, heard[i]);
	atomic_fetch_add(&hints->received, count);
}

/* Also those in an answer, which no longer show on the socket. */
static void
take_notifications(struct hints *hints)
{
	PGnotify *notification;

	while ((notification = db_connection_notification(hints->connection)))
	{
		if (notification->be_pid == hints->backend)
			hints->echo_until = 0;
		else
			hear(hints, notification->extra);
		PQfreemem(notification);
	}
}

static bool
is_listening(const struct hints *hints)
{
	return hints->backend != 0 &&
		   db_connection_backend(hints->connection) == hints->backend;
}

/* On a new connection; what came meanwhile nobody told us of. */
static void
begin_listening(struct hints *hints)
{
	struct db_params params = {0};
	struct db_answer answer = {0};
	enum status status;

	set_listens(hints, false);
	hints->backend = 0;
	status =
		db_connection_call(hints->connection, LISTEN_SQL, &params, &answer);
	db_answer_free(&answer);
	if (status != STATUS_OK)
		return;
	hints->backend = db_connection_backend(hints->connection);
	hints->pause_ms = FIRST_PAUSE_MS;
	hints->heard_others = false;
	set_listens(hints, true);
	hints->echo_until = clock_ms() + ECHO_MS;
	greet(hints, "?");
	take_notifications(hints);
	look(hints);
}

/* Before the next attempt. */
static void
pause_listening(struct hints *hints)
{
	struct pollfd poller = {.fd = hints->event, .events = POLLIN};

	poll(&poller, 1, hints->pause_ms);
	if (hints->pause_ms < LAST_PAUSE_MS)
		hints->pause_ms *= 2;
}

static int
compare_hints(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* The hints of the mailboxes, each once. */
static size_t
make_hints(const struct hints *hints, uint8_t mailboxes[][UUID_SIZE],
		   size_t count, uint64_t out[HINT_MAX_COUNT])
{
	size_t made = 0, different = 0;

	for (size_t i = 0; i < count; i++)
		if (hint_of(hints->secret, mailboxes[i], &out[made]))
			made++;
	qsort(out, made, sizeof(*out), compare_hints);
	for (size_t i = 0; i < made; i++)
		if (i == 0 || out[i] != out[i - 1])
			out[different++] = out[i];
	return different;
}

/* Takes what a notification can hold from the end of the queue. */
static size_t
take_queued(struct hints *hints, uint8_t mailboxes[HINT_MAX_COUNT][UUID_SIZE])
{
	size_t count;

	pthread_mutex_lock(&hints->mutex);
	count = hints->queued < HINT_MAX_COUNT ? hints->queued : HINT_MAX_COUNT;
	hints->queued -= count;
	memcpy(mailboxes, hints->queue[hints->queued], count * UUID_SIZE);
	pthread_mutex_unlock(&hints->mutex);
	return count;
}

static void
send_hints(struct hints *hints)
{
	uint8_t mailboxes[HINT_MAX_COUNT][UUID_SIZE];
	uint64_t made[HINT_MAX_COUNT];
	char text[HINT_TEXT_SIZE];
	size_t count;

	while (is_listening(hints) && (count = take_queued(hints, mailboxes)) > 0)
	{
		count = make_hints(hints, mailboxes, count, made);
		hint_write(made, count, text);
		atomic_fetch_add(notify(hints, text) ? &hints->sent : &hints->dropped,
						 count);
	}
	hints->sent_at = clock_ms();
}

/* A transaction pooler takes LISTEN and forgets it. */
static void
check_echo(struct hints *hints)
{
	if (hints->echo_until == 0 || clock_ms() < hints->echo_until)
		return;
	hints->echo_until = 0;
	log_line(hints->log, LOG_LEVEL_WARN,
			 "LISTEN has no effect on the connection for hints; set "
			 "hint_database to one that no pooler is in the way of");
}

/* Is anything queued? */
static bool
has_queued(struct hints *hints)
{
	bool has;

	pthread_mutex_lock(&hints->mutex);
	has = hints->queued > 0;
	pthread_mutex_unlock(&hints->mutex);
	return has;
}

/* Until there is something to do by itself. */
static int
time_left(struct hints *hints)
{
	int64_t now = clock_ms(), next = hints->greet_at;

	if (hints->echo_until != 0 && hints->echo_until < next)
		next = hints->echo_until;
	if (hints->look_at != 0 && hints->look_at < next)
		next = hints->look_at;
	if (has_queued(hints) && hints->sent_at + INTERVAL_MS < next)
		next = hints->sent_at + INTERVAL_MS;
	return next > now ? (int) (next - now) : 0;
}

/* Waits for something and does it. */
static void
step(struct hints *hints)
{
	eventfd_t count;

	if (!db_connection_listen(hints->connection, hints->event,
							  time_left(hints)))
	{
		hints->backend = 0;
		return;
	}
	eventfd_read(hints->event, &count);
	take_notifications(hints);
	check_echo(hints);
	if (clock_ms() >= hints->others_until)
		atomic_store(&hints->has_others, false);
	if (hints->look_at != 0 && clock_ms() >= hints->look_at)
		look(hints);
	if (clock_ms() >= hints->greet_at)
		greet(hints, "!");
	if (clock_ms() >= hints->sent_at + INTERVAL_MS)
		send_hints(hints);
	take_notifications(hints); /* that came along with answers */
}

static bool
is_stopping(struct hints *hints)
{
	bool stopping;

	pthread_mutex_lock(&hints->mutex);
	stopping = hints->stopping;
	pthread_mutex_unlock(&hints->mutex);
	return stopping;
}

static void *
run(void *context)
{
	struct hints *hints = context;

	while (!is_stopping(hints))
	{
		if (!is_listening(hints))
			begin_listening(hints);
		if (is_listening(hints))
			step(hints);
		else
			pause_listening(hints);
	}
	return NULL;
}

struct hints *
hints_start(struct db *db, const struct secret *secret,
			struct wakeups *wakeups, struct log *log)
{
	struct hints *hints = calloc(1, sizeof(*hints));

	if (!hints)
		return NULL;
	hints->secret = secret;
	hints->wakeups = wakeups;
	hints->log = log;
	hints->pause_ms = FIRST_PAUSE_MS;
	pthread_mutex_init(&hints->mutex, NULL);
	hints->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	hints->connection = db_connection_new_direct(db);
	if (hints->event < 0 || !hints->connection ||
		pthread_create(&hints->thread, NULL, run, hints) != 0)
		return NULL; /* the process ends at once */
	return hints;
}

void
hints_stop(struct hints *hints)
{
	if (!hints)
		return;
	pthread_mutex_lock(&hints->mutex);
	hints->stopping = true;
	pthread_mutex_unlock(&hints->mutex);
	eventfd_write(hints->event, 1);
	pthread_join(hints->thread, NULL);
	db_connection_free(hints->connection);
	close(hints->event);
	pthread_mutex_destroy(&hints->mutex);
	free(hints);
}

void
hints_figures(struct hints *hints, struct hint_figures *out)
{
	*out = (struct hint_figures){0};
	if (!hints)
		return;
	out->sent = atomic_load(&hints->sent);
	out->received = atomic_load(&hints->received);
	out->dropped = atomic_load(&hints->dropped);
}
