/*
 * hints.h
 *		Telling the other gateways of mail, and hearing from them.
 *
 * Mailboxes that got mail are queued and told in one notification every few
 * milliseconds, over one direct connection that also listens.  Hints may be
 * lost: with the connection, or when too many wait.  So whoever waits for
 * mail looks again when the connection is back, and now and then.  A gateway
 * that hears of no other one tells nothing.
 */
#ifndef E2EMSG_HINTS_H
#define E2EMSG_HINTS_H

#include <stdint.h>

#include "submission.h"

struct db;
struct hints;
struct log;
struct secret;
struct wakeups;

/* Starts the thread.  NULL when that fails. */
extern struct hints *hints_start(struct db *db, const struct secret *secret,
								 struct wakeups *wakeups, struct log *log);
extern void hints_stop(struct hints *hints);

/* The mailbox got mail; almost free without another gateway.  NULL: off. */
extern void hints_tell(struct hints *hints, const uint8_t mailbox[UUID_SIZE]);

struct hint_figures
{
	uint64_t sent, received;
	uint64_t dropped; /* no connection, or too many at once */
};

extern void hints_figures(struct hints *hints, struct hint_figures *out);

#endif /* E2EMSG_HINTS_H */
