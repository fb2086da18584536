/*
 * traffic.h
 *		Requests that were answered, counted by route and HTTP status.
 */
#ifndef E2EMSG_TRAFFIC_H
#define E2EMSG_TRAFFIC_H

#include <stdint.h>

struct route;
struct text;
struct traffic;

/* For the table of routes.  NULL: no memory. */
extern struct traffic *traffic_new(void);
extern void traffic_free(struct traffic *traffic);

/* An answered request, how long it took; route NULL: none was found. */
extern void traffic_add(struct traffic *traffic, const struct route *route,
						int http, int64_t took_us);

/* Writes all of it as metrics. */
extern void traffic_write(const struct traffic *traffic, struct text *text);

#endif /* E2EMSG_TRAFFIC_H */
