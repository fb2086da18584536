/*
 * reply.h
 *		Answers, and the only writer to a connection.
 */
#ifndef E2EMSG_REPLY_H
#define E2EMSG_REPLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "status.h"
#include "text.h"

struct cors_origin;
struct rate_report;
struct mg_connection;
struct web_file;

#define REPLY_LOCATION_SIZE 80
#define REPLY_ETAG_SIZE 80

/* Zero is an empty answer; reply_free() it once it was sent. */
struct reply
{
	int http;		  /* status */
	struct text text; /* room for the head, then the body; empty for none */
	const struct web_file *file; /* the body instead, or NULL */
	bool problem;				 /* application/problem+json */
	bool close;					 /* the connection ends with this answer */
	bool shared;				 /* a cache may keep it, for whoever asks */
	bool immutable; /* may be kept for ever, by the client itself or shared */
	bool unauthorized; /* WWW-Authenticate: Bearer */
	bool events;	   /* of server-sent events; its head is out */
	int retry_after_s; /* 0 for none */
	const char *allow; /* static, or NULL */
	const struct cors_origin *origin; /* NULL when nobody asked */
	const struct rate_report *limit;  /* NULL for none */
	const char *allow_methods;		  /* of a preflight; static, or NULL */
	const char *type; /* of a success, static; NULL for application/json */
	char location[REPLY_LOCATION_SIZE];
	char etag[REPLY_ETAG_SIZE]; /* with its quotes, or empty */
};

/*
 * Begins a success and returns the text that its JSON body is to be added
 * to.  When that fails, reply_send() says that there is too much to do.
 */
extern struct text *reply_begin(struct reply *reply, int http);

/* A success with a body, JSON unless reply->type is set, which is copied. */
extern void reply_text(struct reply *reply, int http, const char *text,
					   size_t size);

/* A success with a file of the browser client, with its type and ETag. */
extern void reply_file(struct reply *reply, int http,
					   const struct web_file *file);

/* A success with a JSON value, whose reference it takes. */
extern void reply_json(struct reply *reply, int http, json_t *json);

/*
 * A problem (RFC 9457).  detail and hint may be NULL; the hint is then the
 * table's.  "current" is a key object to repair with, or NULL.
 */
extern void reply_problem(struct reply *reply, enum status status,
						  const char *detail, const char *hint,
						  json_t *current);

/* 204: a browser may call with these methods. */
extern void reply_preflight(struct reply *reply, const char *methods);

/* 304 if the client's If-None-Match names our etag. */
extern void reply_not_modified(struct reply *reply, const char *if_none_match);

/*
 * Writes head and body in one piece; without the body for HEAD.  Tells
 * CivetWeb when the connection is to end.
 */
extern void reply_send(struct mg_connection *connection, struct reply *reply,
					   bool head_only);

/*
 * An answer that goes on until its connection ends: server-sent events.
 * After its head the handler writes the events itself; reply_send() then only
 * ends the connection.  False when the peer is gone or too slow; while the
 * gateway drains, it waits for nobody.
 */
extern bool reply_begin_events(struct reply *reply,
							   const struct cors_origin *origin, int fd,
							   const atomic_bool *draining)
	__attribute__((warn_unused_result));
extern bool reply_write_events(int fd, const char *bytes, size_t size,
							   const atomic_bool *draining)
	__attribute__((warn_unused_result));

/* The same without waiting; returns how many bytes went out. */
extern size_t reply_try_events(int fd, const char *bytes, size_t size)
	__attribute__((warn_unused_result));

extern void reply_free(struct reply *reply);

#endif /* E2EMSG_REPLY_H */
