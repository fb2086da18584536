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
#define RETRY_MS 1000	 /* after a look that failed */
#define CHUNK_SIZE 65536 /* bytes with a time limit of their own */
#define SEQ_DIGITS 15	 /* at most, as in SQL */

struct stream
{
	struct watch watch;
	struct inbox *inbox;
	struct reader reader;
	int64_t comment_at; /* all on the clock of clock_ms() */
	int64_t retry_at;	/* held until then; 0: no look has failed */
};

/* What wakes a stream is mail, which is the inbox's matter. */
static void
mail_came(void *context, const struct mail *mail)
{
	struct stream *stream = context;

	inbox_mail(stream->inbox, &stream->reader, mail);
}

static bool
write_bytes(struct stream *stream, const char *bytes, size_t size)
{
	return reply_write_events(stream->watch.fd, bytes, size,
							  &stream->watch.gateway->draining);
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

/* Writes what is left of a page.  False: the peer is gone or too slow. */
static bool
write_page(struct stream *stream)
{
	struct reader *reader = &stream->reader;
	bool there = true;

	while (there && reader->written < reader->events.size)
	{
		size_t left = reader->events.size - reader->written;
		size_t size = left < CHUNK_SIZE ? left : CHUNK_SIZE;

		there =
			write_bytes(stream, reader->events.bytes + reader->written, size);
		reader->written += size;
	}
	text_free(&reader->events);
	return there;
}

/*
 * Writes the reader's page; when it was full, the next one, and so on.  False:
 * the peer is gone.
 */
static bool
pass_on(struct stream *stream)
{
	struct reader *reader = &stream->reader;
	bool there = write_page(stream);

	while (there && reader->status == STATUS_OK && reader->is_full &&
		   !end_of(stream))
	{
		inbox_read(stream->inbox, reader);
		there = write_page(stream);
	}
	if (reader->status != STATUS_OK)
		stream->retry_at = clock_ms() + RETRY_MS;
	else if (there)
		inbox_release(stream->inbox, reader);
	return there;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When there is something to do at the latest. */
static int64_t
next_time(const struct stream *stream)
{
	int64_t left =
		stream->watch.request->token_expires_at - (int64_t) time(NULL);
	int64_t next = sooner(clock_ms() + left * 1000, stream->comment_at);

	return stream->retry_at != 0 ? sooner(next, stream->retry_at) : next;
}

/* After a look that failed another one, by the inbox. */
static void
retry(struct stream *stream)
{
	stream->retry_at = 0;
	inbox_mail(stream->inbox, &stream->reader, NULL);
	inbox_release(stream->inbox, &stream->reader);
}

/*
 * A sign of life, also while looks fail.  Not while the inbox looks for mail:
 * that may be one, or else there is time for it right after.
 */
static bool
comment(struct stream *stream)
{
	bool is_held = stream->retry_at != 0, there;

	stream->comment_at = clock_ms() + RETRY_MS;
	if (!is_held && !inbox_hold(&stream->reader))
		return true;
	there = write_line(stream, ":\n\n");
	stream->comment_at = clock_ms() + COMMENT_MS;
	if (!is_held)
		inbox_release(stream->inbox, &stream->reader);
	return there;
}

/* Waits for something to do, and does it.  False: the peer is gone. */
static bool
step(struct stream *stream)
{
	bool there = watch_wait(&stream->watch, next_time(stream));
	int64_t now = clock_ms();

	if (!there || end_of(stream))
		return there;
	if (stream->retry_at != 0 && now >= stream->retry_at)
		retry(stream);
	else if (stream->retry_at == 0 && inbox_is_held(&stream->reader))
	{
		waiter_reset(&stream->watch.waiter);
		there = pass_on(stream);
	}
	if (watch_is_due(&stream->watch))
	{
		watch_look(&stream->watch);
		mail_came(stream, NULL);
	}
	return there && now >= stream->comment_at ? comment(stream) : there;
}

/* Writes events until the peer is gone or the stream must end. */
static void
run(struct stream *stream)
{
	atomic_int *streams = &stream->watch.gateway->streams;
	const char *end = NULL;
	bool there;

	atomic_fetch_add(streams, 1);
	stream->comment_at = clock_ms() + COMMENT_MS;
	there = write_line(stream, "retry: 2000\n:\n\n") && pass_on(stream);
	while (there && !(end = end_of(stream)))
		there = step(stream);
	inbox_leave(&stream->reader);
	if (there)
		there = write_page(stream) && write_line(stream, end);
	(void) there;				 /* it ends either way */
	watch_leave(&stream->watch); /* it counted as long as it had a thread */
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
take_position(const struct request *request, int64_t *after,
			  struct reply *reply)
{
	char value[SEQ_DIGITS + 2];
	const char *why = "Last-Event-ID must be the id of an event";
	bool good = true;

	*after = 0;
	if (guard_has(request->head, "last-event-id"))
		good = guard_value(request->head, "last-event-id", value,
						   sizeof(value)) &&
			   read_seq(value, after);
	else if (request->query[0])
	{
		good = read_seq(request->query[0], after);
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
	struct stream stream = {.inbox = request->gateway->inbox};
	struct reader *reader = &stream.reader;
	int64_t after;

	(void) route; /* there is no other success */
	if (!take_position(request, &after, reply) ||
		!watch_begin(&stream.watch, request, mail_came, &stream, reply))
		return;
	inbox_join(reader, stream.watch.mailbox, after, stream.watch.fd,
			   stream.watch.waiter.event);
	if (!watch_join(&stream.watch, reply))
		return;
	watch_look(&stream.watch);
	inbox_read(stream.inbox, reader);
	if (reader->status == STATUS_OK &&
		reply_begin_events(reply, request->origin, stream.watch.fd,
						   &request->gateway->draining))
		run(&stream);
	else
		watch_leave(&stream.watch);
	if (reader->status != STATUS_OK && !reply->events)
		reply_problem(reply, reader->status, NULL, NULL, NULL);
	text_free(&reader->events);
	watch_end(&stream.watch);
}
