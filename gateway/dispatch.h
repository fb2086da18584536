/*
 * dispatch.h
 *		The one handler: guard, route, caller, body, call, reply.
 */
#ifndef E2EMSG_DISPATCH_H
#define E2EMSG_DISPATCH_H

struct mg_connection;

/* CivetWeb's begin_request: answers every request of the API. */
extern int dispatch_request(struct mg_connection *connection);

/* CivetWeb's http_error: what it refuses by itself, as a problem. */
extern int dispatch_http_error(struct mg_connection *connection, int http,
							   const char *message);

#endif /* E2EMSG_DISPATCH_H */
