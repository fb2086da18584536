/*
 * cors.h
 *		Which other sites' pages may use the service (Fetch, 3.2: CORS).
 *
 * Closed unless the operator lists origins.  A page of the service's own site
 * needs none of this.  Tokens travel in a header that pages set themselves,
 * never in cookies, so Access-Control-Allow-Credentials is not sent.
 */
#ifndef E2EMSG_CORS_H
#define E2EMSG_CORS_H

#include <stdbool.h>
#include <stddef.h>

#define CORS_ORIGIN_SIZE 200 /* of an origin, with NUL */
#define CORS_METHODS_SIZE 32

struct cors;
struct guard_head;
struct log;

/* What a request says of its origin, and what its answer is to say. */
struct cors_origin
{
	char text[CORS_ORIGIN_SIZE]; /* what the request says; empty: nothing */
	bool is_listed;
	bool varies; /* other origins get another answer */
};

/*
 * What is wrong with this list of origins, parted by spaces, as a sentence in
 * "problem"; false when nothing is.
 */
extern bool cors_problem(const char *list, char *problem, size_t size);

/* The origins of that list.  NULL without memory. */
extern struct cors *cors_new(const char *list);
extern void cors_free(struct cors *cors);

/* Another list from now on; requests may come meanwhile. */
extern void cors_set(struct cors *cors, const char *list);

extern void cors_look(struct cors *cors, const struct guard_head *head,
					  struct cors_origin *origin);

/* Does a browser ask beforehand whether it may call? */
extern bool cors_is_preflight(const struct guard_head *head,
							  const struct cors_origin *origin);

/*
 * Does a page of another site ask that may not?  A request that needs no
 * preflight, like that for a module, is answered all the same: the browser
 * keeps the answer from the page, and names no reason.
 */
extern bool cors_is_refused(const struct guard_head *head,
							const struct cors_origin *origin);

/* Tells the operator of that, some times a minute. */
extern void cors_log_refusal(struct cors *cors, struct log *log,
							 const struct cors_origin *origin);

#endif /* E2EMSG_CORS_H */
