/*
 * reply.c
 *		Making and writing answers.
 */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <civetweb.h>

#include "clock.h"

#define HEAD_SIZE 1024

void
reply_text(struct reply *reply, int http, const char *json, size_t size)
{
	reply_free(reply);
	reply->http = http;
	reply->body = malloc(size ? size : 1);
	if (!reply->body)
	{
		reply_problem(reply, STATUS_OVERLOADED, NULL, NULL, NULL);
		return;
	}
	memcpy(reply->body, json, size);
	reply->size = size;
}

void
reply_json(struct reply *reply, int http, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (!text)
	{
		reply_problem(reply, STATUS_OVERLOADED, NULL, NULL, NULL);
		return;
	}
	reply_free(reply);
	reply->http = http;
	reply->body = text;
	reply->size = strlen(text);
}

void
reply_problem(struct reply *reply, enum status status, const char *detail,
			  const char *hint, json_t *current)
{
	const struct status_row *row = status_row(status);
	json_t *problem = json_pack(
		"{s:s, s:s, s:i, s:s, s:s*, s:s, s:O*}", "type", "about:blank",
		"title", row->title, "status", row->http, "code", row->code, "detail",
		detail, "hint", hint ? hint : row->hint, "current", current);

	reply_free(reply);
	reply->http = row->http;
	reply->problem = true;
	reply->unauthorized = row->http == 401;
	reply->retry_after_s = row->http == 503 ? 1 : 0;
	if (problem)
		reply->body = json_dumps(problem, JSON_COMPACT);
	reply->size = reply->body ? strlen(reply->body) : 0;
	json_decref(problem);
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
			free(reply->body);
			reply->body = NULL;
			reply->size = 0;
			reply->http = 304;
			return;
		}
		if_none_match += strcspn(if_none_match, ",");
	}
}

/* A head under construction; what does not fit is an error of ours. */
struct head
{
	char text[HEAD_SIZE];
	size_t size;
};

static void __attribute__((format(printf, 2, 3)))
add(struct head *head, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(head->text + head->size, HEAD_SIZE - head->size, format,
					 args);
	va_end(args);
	if (size > 0 && (size_t) size < HEAD_SIZE - head->size)
		head->size += (size_t) size;
}

static const char *
cache_control(const struct reply *reply)
{
	if (reply->immutable)
		return "private, max-age=31536000, immutable";
	return reply->etag[0] ? "private, no-cache" : "no-store";
}

static void
write_head(struct head *head, const struct reply *reply)
{
	char date[CLOCK_HTTP_SIZE];

	clock_http((int64_t) time(NULL), date);
	add(head, "HTTP/1.1 %d %s\r\nDate: %s\r\n", reply->http,
		mg_get_response_code_text(NULL, reply->http), date);
	if (reply->http != 304)
		add(head,
			"Content-Type: application/%sjson\r\nContent-Length: %zu\r\n",
			reply->problem ? "problem+" : "", reply->size);
	add(head,
		"Cache-Control: %s\r\nX-Content-Type-Options: nosniff\r\n"
		"Content-Security-Policy: default-src 'none'\r\n",
		cache_control(reply));
	if (reply->location[0])
		add(head, "Location: %s\r\n", reply->location);
	if (reply->etag[0])
		add(head, "ETag: %s\r\n", reply->etag);
	if (reply->allow)
		add(head, "Allow: %s\r\n", reply->allow);
	if (reply->unauthorized)
		add(head, "WWW-Authenticate: Bearer\r\n");
	if (reply->retry_after_s)
		add(head, "Retry-After: %d\r\n", reply->retry_after_s);
	add(head, "%s\r\n", reply->close ? "Connection: close\r\n" : "");
}

void
reply_send(struct mg_connection *connection, const struct reply *reply,
		   bool head_only)
{
	struct head head = {.size = 0};
	size_t body_size = head_only ? 0 : reply->size;
	char *whole;

	if (reply->close)
		mg_disable_connection_keep_alive(connection);
	write_head(&head, reply);
	whole = malloc(head.size + body_size);
	if (!whole)
	{
		mg_disable_connection_keep_alive(connection);
		return;
	}
	memcpy(whole, head.text, head.size);
	if (body_size)
		memcpy(whole + head.size, reply->body, body_size);
	if (mg_write(connection, whole, head.size + body_size) <= 0)
		mg_disable_connection_keep_alive(connection);
	free(whole);
}

void
reply_free(struct reply *reply)
{
	free(reply->body);
	*reply = (struct reply){0};
}
