/*
 * reply.c
 *		Making and writing answers.
 */
#include "reply.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <civetweb.h>

#include "clock.h"
#include "cors.h"
#include "rate_limit.h"
#include "web.h"

#define HEAD_SIZE 896 /* bytes; more than all fields at their longest */

#define EVENTS_WRITE_MS 10000 /* for what is written at once */
#define EVENTS_POLL_MS 250	  /* between looks whether the gateway drains */

#define FILE_HEAD_SIZE 1792 /* the same with file_fields */

/*
 * What a browser is told about each file of the client.  A page runs only
 * scripts of this gateway, talks only to it and is nobody's frame; no text
 * becomes markup or code.
 */
static const char file_fields[] =
	"Content-Security-Policy: default-src 'none'; script-src 'self'; "
	"style-src 'self'; img-src 'self'; connect-src 'self'; "
	"manifest-src 'self'; base-uri 'none'; form-action 'none'; "
	"frame-ancestors 'none'; require-trusted-types-for 'script'; "
	"trusted-types 'none'\r\n"
	"Vary: Accept-Encoding\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"Permissions-Policy: camera=(), display-capture=(), geolocation=(), "
	"microphone=(), payment=(), usb=()\r\n";

/* Most bodies fit; with the head, it is still a size that malloc caches. */
#define SMALL_BODY 128

static struct text *
begin(struct reply *reply, int http, size_t size)
{
	reply_free(reply);
	reply->http = http;
	if (text_reserve(&reply->text, HEAD_SIZE + size))
		reply->text.size = HEAD_SIZE;
	return &reply->text;
}

struct text *
reply_begin(struct reply *reply, int http)
{
	return begin(reply, http, SMALL_BODY);
}

static size_t
body_size(const struct reply *reply)
{
	if (reply->file)
		return (size_t) (reply->file->end - reply->file->bytes);
	return reply->text.size > HEAD_SIZE && !reply->text.failed
			   ? reply->text.size - HEAD_SIZE
			   : 0;
}

void
reply_text(struct reply *reply, int http, const char *text, size_t size)
{
	text_add_bytes(begin(reply, http, size), text, size);
}

void
reply_file(struct reply *reply, int http, const struct web_file *file)
{
	reply_free(reply);
	reply->http = http;
	reply->file = file;
	reply->type = file->type;
	reply->shared = true;
	snprintf(reply->etag, sizeof(reply->etag), "%s", file->etag);
}

void
reply_json(struct reply *reply, int http, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (text)
		reply_text(reply, http, text, strlen(text));
	else
		reply_problem(reply, STATUS_OVERLOADED, NULL, NULL, NULL);
	free(text);
}

/* ,"name":"value", or nothing without a value */
static void
add_member(struct text *text, const char *name, const char *value)
{
	if (!value)
		return;
	text_add(text, ",");
	text_add_json(text, name);
	text_add(text, ":");
	text_add_json(text, value);
}

static void
add_current(struct text *text, json_t *current)
{
	char *json = json_dumps(current, JSON_COMPACT);

	text_add(text, ",\"current\":");
	text_add(text, json ? json : "null");
	free(json);
}

void
reply_problem(struct reply *reply, enum status status, const char *detail,
			  const char *hint, json_t *current)
{
	const struct status_row *row = status_row(status);
	struct text *text = reply_begin(reply, row->http);

	reply->problem = true;
	reply->unauthorized = row->http == 401;
	reply->retry_after_s = row->http == 503 ? 1 : 0;
	text_add(text, "{\"type\":\"about:blank\"");
	add_member(text, "title", row->title);
	text_add(text, ",\"status\":");
	text_add_number(text, row->http);
	add_member(text, "code", row->code);
	add_member(text, "detail", detail);
	add_member(text, "hint", hint ? hint : row->hint);
	if (current)
		add_current(text, current);
	text_add(text, "}");
}

void
reply_preflight(struct reply *reply, const char *methods)
{
	begin(reply, 204, 0);
	reply->allow_methods = methods;
}

/* Weak comparison (RFC 9110 section 13.1.2) with each tag of the list. */
void
reply_not_modified(struct reply *reply, const char *if_none_match)
{
	size_t size = strlen(reply->etag);

	while (size > 0 && *if_none_match)
	{
		if_none_match += strspn(if_none_match, " ,");
		if (strncmp(if_none_match, "W/", 2) == 0)
			if_none_match += 2;
		if (strcmp(if_none_match, "*") == 0 ||
			(strncmp(if_none_match, reply->etag, size) == 0 &&
			 strchr(" ,", if_none_match[size])))
		{
			text_free(&reply->text);
			reply->http = 304;
			return;
		}
		if_none_match += strcspn(if_none_match, ",");
	}
}

static const char *
cache_control(const struct reply *reply)
{
	if (reply->problem)
		return "no-store";
	if (reply->immutable)
		return reply->shared ? "public, max-age=31536000, immutable"
							 : "private, max-age=31536000, immutable";
	if (reply->shared)
		return "public, no-cache";
	return reply->etag[0] ? "private, no-cache" : "no-store";
}

static const char *
content_type(const struct reply *reply)
{
	if (reply->problem)
		return "application/problem+json";
	return reply->type ? reply->type : "application/json";
}

static void
add_field(struct text *head, const char *name, const char *value)
{
	text_add(head, name);
	text_add(head, ": ");
	text_add(head, value);
	text_add(head, "\r\n");
}

static void
add_number_field(struct text *head, const char *name, size_t number)
{
	text_add(head, name);
	text_add(head, ": ");
	text_add_number(head, (int64_t) number);
	text_add(head, "\r\n");
}

static void
add_status_line(struct text *head, int http)
{
	text_add(head, "HTTP/1.1 ");
	text_add_number(head, http);
	text_add(head, " ");
	text_add(head, mg_get_response_code_text(NULL, http));
	text_add(head, "\r\n");
}

/* What pages of other sites may see, and what they may send. */
static void
add_cors_fields(struct text *head, const struct reply *reply)
{
	if (!reply->origin)
		return;
	if (reply->origin->varies)
		add_field(head, "Vary", "Origin");
	if (!reply->origin->is_listed)
		return;
	add_field(head, "Access-Control-Allow-Origin", reply->origin->text);
	if (!reply->allow_methods)
	{
		add_field(head, "Access-Control-Expose-Headers",
				  "ETag, Location, RateLimit, RateLimit-Policy, Retry-After");
		return;
	}
	add_field(head, "Access-Control-Allow-Methods", reply->allow_methods);
	add_field(head, "Access-Control-Allow-Headers",
			  "Authorization, Content-Type, If-None-Match, Last-Event-ID");
	add_field(head, "Access-Control-Max-Age", "7200");
}

/* ;NAME=NUMBER */
static void
add_parameter(struct text *head, const char *name, long number)
{
	text_add(head, name);
	text_add_number(head, number);
}

/* draft-ietf-httpapi-ratelimit-headers-11 */
static void
add_limit_fields(struct text *head, const struct rate_report *limit)
{
	if (!limit || !limit->name)
		return;
	text_add(head, "RateLimit-Policy: \"");
	text_add(head, limit->name);
	add_parameter(head, "\";q=", limit->per_minute);
	add_parameter(head, ";w=", LIMIT_WINDOW_S);
	text_add(head, "\r\nRateLimit: \"");
	text_add(head, limit->name);
	add_parameter(head, "\";r=", limit->state.left);
	add_parameter(head, ";t=", limit->state.reset_s);
	text_add(head, "\r\n");
}

/* Does an answer with this status have a body? */
static bool
has_body(int http)
{
	return http != 204 && http != 304;
}

static void
write_head(struct text *head, const struct reply *reply)
{
	char date[CLOCK_HTTP_SIZE];

	clock_http((int64_t) time(NULL), date);
	add_status_line(head, reply->http);
	add_field(head, "Date", date);
	if (has_body(reply->http))
		add_field(head, "Content-Type", content_type(reply));
	if (reply->events)
		add_field(head, "X-Accel-Buffering", "no");
	else if (has_body(reply->http))
		add_number_field(head, "Content-Length", body_size(reply));
	add_field(head, "Cache-Control", cache_control(reply));
	add_field(head, "X-Content-Type-Options", "nosniff");
	if (reply->file && reply->file->encoding && has_body(reply->http))
		add_field(head, "Content-Encoding", reply->file->encoding);
	if (reply->file)
		text_add(head, file_fields);
	else
		add_field(head, "Content-Security-Policy", "default-src 'none'");
	if (reply->location[0])
		add_field(head, "Location", reply->location);
	if (reply->etag[0])
		add_field(head, "ETag", reply->etag);
	if (reply->allow)
		add_field(head, "Allow", reply->allow);
	if (reply->unauthorized)
		add_field(head, "WWW-Authenticate", "Bearer");
	if (reply->retry_after_s)
		add_number_field(head, "Retry-After", (size_t) reply->retry_after_s);
	add_limit_fields(head, reply->limit);
	add_cors_fields(head, reply);
	if (reply->close)
		add_field(head, "Connection", "close");
	text_add(head, "\r\n");
}

/* Puts the head right before the body, so that both go out in one call. */
static bool
write_reply(struct mg_connection *connection, const struct reply *reply,
			bool head_only)
{
	char bytes[HEAD_SIZE], *begin = bytes;
	struct text head = TEXT_IN(bytes);
	size_t size = head_only ? 0 : body_size(reply);

	write_head(&head, reply);
	if (size > 0)
		begin = memcpy(reply->text.bytes + HEAD_SIZE - head.size, bytes,
					   head.size);
	return !head.failed && mg_write(connection, begin, head.size + size) > 0;
}

/* A file goes out from where it lies. */
static bool
write_file(struct mg_connection *connection, const struct reply *reply,
		   bool head_only)
{
	char bytes[FILE_HEAD_SIZE];
	struct text head = TEXT_IN(bytes);
	size_t size = head_only || reply->http == 304 ? 0 : body_size(reply);

	write_head(&head, reply);
	return !head.failed && mg_write(connection, bytes, head.size) > 0 &&
		   (size == 0 || mg_write(connection, reply->file->bytes, size) > 0);
}

void
reply_send(struct mg_connection *connection, struct reply *reply,
		   bool head_only)
{
	const struct cors_origin *origin = reply->origin;
	const struct rate_report *limit = reply->limit;
	bool close = reply->close;

	if (reply->events)
	{
		mg_disable_connection_keep_alive(connection);
		return;
	}
	if (reply->text.failed)
		reply_problem(reply, STATUS_OVERLOADED, NULL, NULL, NULL);
	reply->close = close;
	reply->origin = origin;
	reply->limit = limit;
	if (!(reply->file ? write_file : write_reply)(connection, reply,
												  head_only) ||
		close)
		mg_disable_connection_keep_alive(connection);
}

/* A while, until the socket takes more; false when its peer is gone. */
static bool
wait_for_room(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLOUT | POLLRDHUP};

	poll(&poller, 1, EVENTS_POLL_MS);
	return (poller.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0;
}

size_t
reply_try_events(int fd, const char *bytes, size_t size)
{
	ssize_t sent =
		size > 0 ? send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

	return sent > 0 ? (size_t) sent : 0;
}

/* Past CivetWeb, whose time limit begins anew with each byte taken. */
bool
reply_write_events(int fd, const char *bytes, size_t size,
				   const atomic_bool *draining)
{
	int64_t deadline = clock_ms() + EVENTS_WRITE_MS;
	size_t sent = reply_try_events(fd, bytes, size);

	while (sent < size)
	{
		if (atomic_load(draining) || clock_ms() >= deadline ||
			!wait_for_room(fd))
			return false;
		sent += reply_try_events(fd, bytes + sent, size - sent);
	}
	return true;
}

bool
reply_begin_events(struct reply *reply, const struct cors_origin *origin,
				   int fd, const atomic_bool *draining)
{
	char bytes[HEAD_SIZE];
	struct text head = TEXT_IN(bytes);

	reply->http = 200;
	reply->type = "text/event-stream";
	reply->events = true;
	reply->origin = origin;
	reply->close = true;
	write_head(&head, reply);
	return !head.failed && reply_write_events(fd, bytes, head.size, draining);
}

void
reply_free(struct reply *reply)
{
	text_free(&reply->text);
	*reply = (struct reply){0};
}
