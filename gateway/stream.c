/*
 * stream.c
 *		GET /messages/stream: mail as server-sent events.
 *
 * Its messages are those of GET /messages, in order, without a gap and none
 * twice: each look begins where the one before ended.  An event's id is its
 * seq, so that a reader goes on where it was.
 */
#include "routes.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "gateway.h"
#include "guard.h"
#include "inbox.h"
#include "reply.h"
#include "watch.h"

#define COMMENT_MS 15000 /* between two signs of life */
#define CHUNK_SIZE 65536 /* bytes with a time limit of their own */
#define SEQ_DIGITS 15	 /* at most, as in SQL */

struct stream
{
	struct watch watch;
	int64_t after;		/* seq of the last message that was written */
	int64_t comment_at; /* clock_ms() */
};

/* A page of what is past stream->after; free its events. */
static enum status
look_for_mail(struct stream *stream, struct look *look)
{
	memcpy(look->mailbox, stream->watch.mailbox, UUID_SIZE);
	look->after = stream->after;
	watch_look(&stream->watch);
	inbox_look(stream->watch.gateway->inbox, look);
	return look->status;
}

static bool
write_bytes(struct stream *stream, const char *bytes, size_t size)
{
	stream->comment_at = clock_ms() + COMMENT_MS;
	return reply_write_events(stream->watch.fd, bytes, size);
}

static bool
write_line(struct stream *stream, const char *line)
{
	return write_bytes(stream, line, strlen(line));
}

/* Why the stream is to end now, as its last event, or NULL. */
static const char *
end_of(const struct stream *stream)
{
	if (watch_must_end(&stream->watch))
		return "event: end\ndata: {\"code\":\"draining\"}\n\n";
	if ((int64_t) time(NULL) >= stream->watch.request->token_expires_at)
		return "event: end\ndata: {\"code\":\"expired_token\"}\n\n";
	return NULL;
}

/* Writes a page and goes past it.  False: the peer is gone or too slow. */
static bool
write_page(struct stream *stream, const struct look *look)
{
	const char *at = look->events.bytes;
	size_t left = look->events.size;
	bool there = true;

	while (there && left > 0)
	{
		size_t size = left < CHUNK_SIZE ? left : CHUNK_SIZE;

		there = write_bytes(stream, at, size);
		at += size;
		left -= size;
	}
	stream->after = look->after;
	return there;
}

/*
 * Writes what a look has found; when the page was full, looks for the next
 * one, and so on.  False: the peer is gone.
 */
static bool
pass_on(struct stream *stream, struct look *look)
{
	bool there = write_page(stream, look);

	while (there && look->is_full && !end_of(stream))
	{
		text_free(&look->events);
		if (look_for_mail(stream, look) == STATUS_OK)
			there = write_page(stream, look);
		else
			watch_retry(&stream->watch);
	}
	return there;
}

/* When there is something to do at the latest. */
static int64_t
next_time(const struct stream *stream)
{
	int64_t left =
		stream->watch.request->token_expires_at - (int64_t) time(NULL);
	int64_t end = clock_ms() + left * 1000;

	return end < stream->comment_at ? end : stream->comment_at;
}

/* Waits for mail once, and passes it on.  False: the peer is gone. */
static bool
step(struct stream *stream)
{
	struct look look;
	bool there = watch_wait(&stream->watch, next_time(stream));

	if (!there || end_of(stream))
		return there;
	if (watch_is_due(&stream->watch))
	{
		if (look_for_mail(stream, &look) == STATUS_OK)
			there = pass_on(stream, &look);
		else
			watch_retry(&stream->watch);
		text_free(&look.events);
	}
	if (there && clock_ms() >= stream->comment_at)
		there = write_line(stream, ":\n\n");
	return there;
}

/* Writes events until the peer is gone or the stream must end. */
static void
run(struct stream *stream, struct look *first)
{
	atomic_int *streams = &stream->watch.gateway->streams;
	const char *end;
	bool there;

	atomic_fetch_add(streams, 1);
	there = write_line(stream, "retry: 2000\n:\n\n") && pass_on(stream, first);
	text_free(&first->events);
	while (there && !(end = end_of(stream)))
		there = step(stream);
	if (there)
		there = write_line(stream, end);
	(void) there; /* it ends either way */
	atomic_fetch_sub(streams, 1);
}

/* A whole number as SQL takes it. */
static bool
read_seq(const char *text, int64_t *seq)
{
	size_t size = strlen(text);

	if (size < 1 || size > SEQ_DIGITS || strspn(text, "0123456789") != size ||
		(text[0] == '0' && size > 1))
		return false;
	*seq = strtoll(text, NULL, 10);
	return true;
}

/* Where the stream begins: Last-Event-ID wins.  False after a refusal. */
static bool
take_position(struct stream *stream, const struct request *request,
			  struct reply *reply)
{
	char value[SEQ_DIGITS + 2];
	const char *why = "Last-Event-ID must be the id of an event";
	bool good = true;

	if (guard_has(request->head, "last-event-id"))
		good = guard_value(request->head, "last-event-id", value,
						   sizeof(value)) &&
			   read_seq(value, &stream->after);
	else if (request->query[0])
	{
		good = read_seq(request->query[0], &stream->after);
		why = "\"after\" must be a whole number from 0, of at most 15 digits";
	}
	if (!good)
		reply_problem(reply, STATUS_INVALID_REQUEST, why, NULL, NULL);
	return good;
}

void
serve_stream(struct request *request, const struct route *route,
			 struct reply *reply)
{
	struct stream stream = {.after = 0};
	struct look look;
	enum status status;

	(void) route; /* there is no other success */
	if (!take_position(&stream, request, reply) ||
		!watch_begin(&stream.watch, request, reply))
		return;
	status = look_for_mail(&stream, &look);
	if (status != STATUS_OK)
		reply_problem(reply, status, NULL, NULL, NULL);
	else if (reply_begin_events(reply, request->origin, stream.watch.fd))
		run(&stream, &look);
	text_free(&look.events);
	watch_end(&stream.watch);
}
