/*
 * routes.h
 *		The REST interface, a row for each route.
 */
#ifndef E2EMSG_ROUTES_H
#define E2EMSG_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "body.h"
#include "provider.h"
#include "rate_limit.h"
#include "token.h"

struct cors_origin;
struct gateway;
struct guard_head;
struct mg_connection;
struct reply;
struct request;

enum audience
{
	ANYONE,
	REGISTRATION, /* anyone, unless the operator closed it or leaves it to an
				   * identity provider */
	TOKEN		  /* whoever holds a token; its subject is the caller */
};

/* Where a parameter of a route's SQL comes from. */
enum source
{
	NOTHING,
	CALLER, /* the token's subject */
	PATH,	/* the path's {segment} */
	BODY,
	QUERY_1, /* value of the route's first query name, or NULL */
	QUERY_2,
	COLUMN_3 /* of the call's row; for the call afterwards */
};

enum route_flag
{
	HAS_ETAG = 1,	  /* columns 2 and 3: etag, immutable */
	REGISTERS = 2,	  /* column 2: the new user's id; answer with a token */
	EMPTY_BODY = 4,	  /* POST or PUT with nothing in it */
	LOGGED = 8,		  /* column 2: wait for the key log */
	PUBLIC = 16,	  /* an answer without a secret, for any cache */
	FOREVER = 32,	  /* ... that never changes */
	PLAIN = 64,		  /* text/plain */
	OCTETS = 128,	  /* application/octet-stream, from a bytea */
	WEB = 256,		  /* only with the setting web = on */
	DEMO = 512,		  /* only with demo = on */
	SAYS_JSON = 1024, /* Content-Type must be there: no other site's page can
					   * send that without asking first */
	WAKES = 2048	  /* column 2: a mailbox that may have mail now */
};

#define ROUTE_MAX_PARAMS 3
#define ROUTE_MAX_QUERY 3
#define ROUTE_SEGMENT_SIZE 65 /* of the {segment}, with NUL */

struct route
{
	const char *method;
	const char *pattern; /* one {segment} at most, or {rest*} of the path; also
						  * its name in the log */
	enum audience audience;
	enum rate_limit limit;
	int success; /* HTTP status */
	void (*serve)(struct request *request, const struct route *route,
				  struct reply *reply);
	const char *sql; /* one row; column 1 is the answer's body */
	enum source params[ROUTE_MAX_PARAMS];
	const char *logged_sql; /* the answer once the key log holds the row, or
							 * NULL when it is the same */
	enum source logged_params[ROUTE_MAX_PARAMS];
	const char *query[ROUTE_MAX_QUERY]; /* names that it takes */
	const char
		*file; /* that serve_web gives; NULL: the one that the path names */
	unsigned flags;
};

/* A request that passed the guard, as its handler gets it. */
struct request
{
	struct gateway *gateway;
	struct mg_connection *connection;
	const struct guard_head *head;
	const struct cors_origin *origin;
	char segment[ROUTE_SEGMENT_SIZE];
	char query_text[256]; /* copy that the values point into */
	const char *query[ROUTE_MAX_QUERY];
	const char *address;			   /* of the peer */
	struct provider_identity identity; /* of a registration with a provider */
	char caller[TOKEN_SUBJECT_SIZE];
	int64_t token_expires_at; /* seconds */
	struct body body;
};

/*
 * Finds the route of a method and path and copies the path's {segment};
 * routes with a flag of "hidden" are as if they were not there.
 * Otherwise returns NULL; *allow is then what an Allow header should say, or
 * NULL when the path has no route at all.
 */
extern const struct route *routes_find(const char *method, const char *path,
									   unsigned hidden,
									   char segment[ROUTE_SEGMENT_SIZE],
									   const char **allow);

/* The table by number, from 0; NULL past its end. */
extern size_t routes_count(void);
extern const struct route *routes_at(size_t number);
extern size_t routes_number(const struct route *route);

/*
 * Prints the table, a line for each route, with TABs between: method,
 * pattern, who may call it, statuses of success, query names, settings that
 * it depends on, limit.  Lists have commas; "-" is an empty one.
 */
extern void routes_print(FILE *out);

/* The handler that calls a route's SQL and answers with its row. */
extern void serve_sql(struct request *request, const struct route *route,
					  struct reply *reply);

/* The handler of POST /users, in registration.c. */
extern void serve_registration(struct request *request,
							   const struct route *route, struct reply *reply);

/* The handler of POST /messages. */
extern void serve_send(struct request *request, const struct route *route,
					   struct reply *reply);

/* The handlers of GET /messages, in wait.c, and of /messages/stream. */
extern void serve_inbox(struct request *request, const struct route *route,
						struct reply *reply);
extern void serve_stream(struct request *request, const struct route *route,
						 struct reply *reply);
/* The handler of the browser client's files, in web.c. */
extern void serve_web(struct request *request, const struct route *route,
					  struct reply *reply);

/* The handlers of /sessions, in session.c. */
extern void serve_challenge(struct request *request, const struct route *route,
							struct reply *reply);
extern void serve_session(struct request *request, const struct route *route,
						  struct reply *reply);
extern void serve_refresh(struct request *request, const struct route *route,
						  struct reply *reply);

#endif /* E2EMSG_ROUTES_H */
