/*
 * stream.c
 *		Mail as it comes: GET /messages?wait= and GET /messages/stream.
 *
 * Whoever waits holds a worker thread but no database connection.  It joins
 * the waiters before it looks, so that mail that comes after the look wakes
 * it.  Nobody has to tell it of mail: it looks by itself every recheck_s.
 */
#include "routes.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>

#include "clock.h"
#include "connection.h"
#include "db.h"
#include "gateway.h"
#include "guard.h"
#include "hint.h"
#include "reply.h"
#include "wakeup.h"

#define MAX_WAIT_S 25
#define COMMENT_MS 15000   /* between two signs of life */
#define RETRY_MS 1000	   /* when a look failed */
#define CHUNK_SIZE 65536   /* bytes that are written at once, at least */
#define UNHEARD_MS 30000   /* of a peer that answers nothing any more */
#define CAPACITY_RETRY_S 5 /* when too many wait */
#define POSITION_SIZE 24   /* of a seq as text */
#define PAGE_MESSAGES 50   /* of a page that may not be the last one; the */
#define PAGE_BYTES 262144  /* numbers of rest_stream() */

/* Somebody who waits for mail. */
struct watch
{
	struct request *request;
	struct gateway *gateway;
	int fd;
	struct waiter waiter;
	int64_t recheck_at; /* clock_ms() */
	int64_t comment_at;
	char after[POSITION_SIZE]; /* seq of what was written last */
};

static void
refuse(struct reply *reply, enum status status, const char *why)
{
	reply_problem(reply, status, why, NULL, NULL);
	if (status == STATUS_STREAM_CAPACITY)
		reply->retry_after_s = CAPACITY_RETRY_S;
}

/* A peer whose machine is gone does not say so. */
static void
notice_lost_peer(int fd)
{
	unsigned ms = UNHEARD_MS;

	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

/* Joins the waiters; leave with wakeups_leave(). */
static enum status
begin_watch(struct watch *watch, struct request *request)
{
	uint8_t mailbox[UUID_SIZE];
	uint64_t hint;

	*watch = (struct watch){
		.request = request,
		.gateway = request->gateway,
		.fd = connection_fd(request->connection),
	};
	if (!uuid_parse(request->caller, strlen(request->caller), mailbox))
		return STATUS_INVALID_TOKEN;
	if (watch->fd < 0)
		return STATUS_REQUEST_TIMEOUT; /* its peer is gone already */
	if (!hint_of(&watch->gateway->secret, mailbox, &hint))
		return STATUS_OVERLOADED;
	notice_lost_peer(watch->fd);
	return wakeups_join(watch->gateway->wakeups, &watch->waiter, mailbox,
						hint);
}

static void
end_watch(struct watch *watch)
{
	wakeups_leave(watch->gateway->wakeups, &watch->waiter);
}

static void
begin_look(struct watch *watch)
{
	waiter_reset(&watch->waiter);
	watch->recheck_at = clock_ms() + watch->gateway->config.recheck_s * 1000;
}

/*
 * Waits until there may be mail or the time has come.  False when the peer
 * is gone, which closing its side for writing means, too.
 */
static bool
wait_for_mail(const struct watch *watch, int64_t until)
{
	struct pollfd pollers[2] = {{.fd = watch->waiter.event, .events = POLLIN},
								{.fd = watch->fd, .events = POLLRDHUP}};
	int64_t left;

	if (watch->recheck_at < until)
		until = watch->recheck_at;
	left = until - clock_ms();
	poll(pollers, 2, left > 0 ? (int) left : 0);
	return pollers[1].revents == 0;
}

/* After waiting: is it time to look? */
static bool
may_be_mail(struct watch *watch)
{
	return atomic_load(&watch->waiter.woken) ||
		   clock_ms() >= watch->recheck_at;
}

/* --- GET /messages?wait= --- */

/* The inbox; column 2: is there a message? */
static enum status
look_into_inbox(struct watch *watch, struct db_answer *answer)
{
	static const char sql[] =
		"SELECT body::text, body #> '{messages,0}' IS NOT NULL"
		" FROM e2emsg.rest_inbox($1, $2, $3)";
	struct db_params params = {0};

	db_param_text(&params, watch->request->caller);
	db_param_text(&params, watch->request->query[0]);
	db_param_text(&params, watch->request->query[1]);
	begin_look(watch);
	return db_call(watch->gateway->db, sql, &params, answer);
}

static bool
has_mail(const struct db_answer *answer)
{
	const char *has = db_answer_field(answer, 0, 1, NULL);

	return has && has[0] == 't';
}

/* Looks until there is mail, or the time is over, or there was an error. */
static enum status
look_until(struct watch *watch, int64_t until, struct db_answer *answer)
{
	enum status status = look_into_inbox(watch, answer);

	while (status == STATUS_OK && !has_mail(answer) && clock_ms() < until &&
		   !atomic_load(&watch->gateway->draining) &&
		   wait_for_mail(watch, until) && clock_ms() < until)
	{
		db_answer_free(answer);
		status = look_into_inbox(watch, answer);
	}
	return status;
}

/* 0 to 25, in plain digits; -1 for anything else. */
static int
read_wait(const char *text)
{
	size_t size = strlen(text);
	int seconds = 0;

	if (size < 1 || size > 2 || strspn(text, "0123456789") != size ||
		(size == 2 && text[0] == '0'))
		return -1;
	while (*text)
		seconds = 10 * seconds + (*text++ - '0');
	return seconds <= MAX_WAIT_S ? seconds : -1;
}

static void
serve_wait(struct request *request, const struct route *route, int seconds,
		   struct reply *reply)
{
	struct watch watch;
	struct db_answer answer = {0};
	enum status status = begin_watch(&watch, request);
	const char *body;
	size_t size = 0;

	if (status != STATUS_OK)
	{
		refuse(reply, status, NULL);
		return;
	}
	atomic_fetch_add(&request->gateway->waits, 1);
	status = look_until(&watch, clock_ms() + seconds * 1000, &answer);
	atomic_fetch_sub(&request->gateway->waits, 1);
	end_watch(&watch);
	body = db_answer_field(&answer, 0, 0, &size);
	if (status == STATUS_OK && body)
		reply_text(reply, route->success, body, size);
	else
		refuse(reply, status == STATUS_OK ? STATUS_INTERNAL_ERROR : status,
			   db_answer_detail(&answer));
	db_answer_free(&answer);
}

void
serve_inbox(struct request *request, const struct route *route,
			struct reply *reply)
{
	int seconds = request->query[2] ? read_wait(request->query[2]) : 0;

	if (seconds < 0)
		refuse(reply, STATUS_INVALID_REQUEST,
			   "\"wait\" must be a whole number of seconds from 0 to 25");
	else if (seconds == 0)
		serve_sql(request, route, reply);
	else
		serve_wait(request, route, seconds, reply);
}

/* --- GET /messages/stream --- */

/* A page of messages past watch->after: a row of seq and message for each. */
static enum status
look_into_mailbox(struct watch *watch, struct db_answer *answer)
{
	static const char sql[] =
		"SELECT seq, message::text FROM e2emsg.rest_stream($1, $2)";
	struct db_params params = {0};

	db_param_text(&params, watch->request->caller);
	db_param_text(&params, watch->after);
	begin_look(watch);
	return db_call(watch->gateway->db, sql, &params, answer);
}

static bool
write_bytes(struct watch *watch, const char *bytes, size_t size)
{
	watch->comment_at = clock_ms() + COMMENT_MS;
	return reply_write_events(watch->fd, bytes, size);
}

static bool
write_line(struct watch *watch, const char *line)
{
	return write_bytes(watch, line, strlen(line));
}

/* Why the stream is to end now, as its last event, or NULL. */
static const char *
end_of(const struct watch *watch)
{
	if (atomic_load(&watch->gateway->draining))
		return "event: end\ndata: {\"code\":\"draining\"}\n\n";
	if ((int64_t) time(NULL) >= watch->request->token_expires_at)
		return "event: end\ndata: {\"code\":\"expired_token\"}\n\n";
	return NULL;
}

static void
add_event(struct text *text, const char *seq, const struct db_answer *page,
		  int row)
{
	size_t size = 0;
	const char *message = db_answer_field(page, row, 1, &size);

	text_add(text, "id: ");
	text_add(text, seq);
	text_add(text, "\nevent: message\ndata: ");
	text_add_bytes(text, message, size);
	text_add(text, "\n\n");
}

/* Writes a page, in chunks, and goes past it.  False: the peer is gone. */
static bool
write_page(struct watch *watch, const struct db_answer *page, size_t *size)
{
	struct text text = {.bytes = NULL};
	bool good = true;

	*size = 0;
	for (int row = 0; good && row < db_answer_rows(page); row++)
	{
		const char *seq = db_answer_field(page, row, 0, NULL);

		snprintf(watch->after, sizeof(watch->after), "%s", seq);
		add_event(&text, seq, page, row);
		if (text.size >= CHUNK_SIZE || row == db_answer_rows(page) - 1)
		{
			*size += text.size;
			good = !text.failed && write_bytes(watch, text.bytes, text.size);
			text.size = 0;
		}
	}
	text_free(&text);
	return good;
}

/*
 * Writes what a look has found; when the page was full, looks for the next
 * one, and so on.  False: the peer is gone.
 */
static bool
pass_on(struct watch *watch, struct db_answer *page)
{
	enum status status = STATUS_OK;
	size_t size = 0;
	bool there = true, full = true;

	while (there && full && status == STATUS_OK)
	{
		there = write_page(watch, page, &size);
		full = size >= PAGE_BYTES || db_answer_rows(page) >= PAGE_MESSAGES;
		db_answer_free(page);
		if (there && full && !end_of(watch))
			status = look_into_mailbox(watch, page);
	}
	if (status != STATUS_OK)
		watch->recheck_at = clock_ms() + RETRY_MS;
	return there;
}

/* When there is something to do at the latest. */
static int64_t
next_time(const struct watch *watch)
{
	int64_t left = watch->request->token_expires_at - (int64_t) time(NULL);
	int64_t end = clock_ms() + left * 1000;

	return end < watch->comment_at ? end : watch->comment_at;
}

/* Waits for mail once, and passes it on.  False: the peer is gone. */
static bool
step(struct watch *watch)
{
	struct db_answer page = {0};
	bool there = wait_for_mail(watch, next_time(watch));

	if (!there || end_of(watch))
		return there;
	if (may_be_mail(watch))
	{
		if (look_into_mailbox(watch, &page) == STATUS_OK)
			there = pass_on(watch, &page);
		else
			watch->recheck_at = clock_ms() + RETRY_MS;
		db_answer_free(&page);
	}
	if (there && clock_ms() >= watch->comment_at)
		there = write_line(watch, ":\n\n");
	return there;
}

/* Writes events until the peer is gone or the stream must end. */
static void
run(struct watch *watch, struct db_answer *first_page)
{
	atomic_int *streams = &watch->gateway->streams;
	const char *end;
	bool there;

	atomic_fetch_add(streams, 1);
	there =
		write_line(watch, "retry: 2000\n:\n\n") && pass_on(watch, first_page);

	while (there && !(end = end_of(watch)))
		there = step(watch);
	if (there)
		there = write_line(watch, end);
	(void) there; /* it ends either way */
	atomic_fetch_sub(streams, 1);
}

/* Digits, as SQL takes them. */
static bool
is_seq(const char *text)
{
	size_t size = strlen(text);

	return size >= 1 && size <= 15 && strspn(text, "0123456789") == size &&
		   (text[0] != '0' || size == 1);
}

/* Where the stream begins; what "after" says is checked in SQL. */
static bool
take_position(struct watch *watch)
{
	const struct guard_head *head = watch->request->head;
	const char *after = watch->request->query[0];

	if (guard_has(head, "last-event-id"))
		return guard_value(head, "last-event-id", watch->after,
						   sizeof(watch->after)) &&
			   is_seq(watch->after);
	snprintf(watch->after, sizeof(watch->after), "%s", after ? after : "0");
	return true;
}

void
serve_stream(struct request *request, const struct route *route,
			 struct reply *reply)
{
	struct watch watch;
	struct db_answer page = {0};
	enum status status = begin_watch(&watch, request);

	(void) route; /* there is no other success */
	if (status != STATUS_OK)
	{
		refuse(reply, status, NULL);
		return;
	}
	if (!take_position(&watch))
		refuse(reply, STATUS_INVALID_REQUEST,
			   "Last-Event-ID must be the id of an event");
	else if ((status = look_into_mailbox(&watch, &page)) != STATUS_OK)
		refuse(reply, status, db_answer_detail(&page));
	else if (reply_begin_events(reply, watch.fd))
		run(&watch, &page);
	db_answer_free(&page);
	end_watch(&watch);
}
