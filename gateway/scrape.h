/*
 * scrape.h
 *		GET /metrics: what the gateway and the database say of themselves.
 */
#ifndef E2EMSG_SCRAPE_H
#define E2EMSG_SCRAPE_H

struct gateway;
struct text;

/*
 * Writes every metric in the text format of Prometheus.  The database is
 * asked once; without its answer, which is waited for a bounded time, its
 * metrics are left out.
 */
extern void scrape_write(struct gateway *gateway, struct text *text);

#endif /* E2EMSG_SCRAPE_H */
