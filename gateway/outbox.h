/*
 * outbox.h
 *		The hot path: many POST /messages stored by one call and one commit.
 *
 * Worker threads put envelopes into a batch and wait; a pipeline (pipeline.h)
 * stores batch after batch, each with a single set-based call, and wakes the
 * waiters, each with an answer of its own.  Mailboxes that somebody else
 * holds locked are left to a second thread with a connection of its own,
 * which tries them again and again without waiting, so that they hold up
 * nobody.  An answer is given only after the commit.
 */
#ifndef E2EMSG_OUTBOX_H
#define E2EMSG_OUTBOX_H

#include "reply.h"

struct config;
struct db;
struct outbox;
struct text;
struct ticket;

/* Starts the two threads.  NULL when that fails. */
extern struct outbox *outbox_start(const struct config *config, struct db *db);

/* Stores what is queued, then ends the threads. */
extern void outbox_stop(struct outbox *outbox);

/*
 * Queues a ticket with an envelope, waits until that is stored or refused, and
 * says which.  ticket_clear() it then.
 */
extern void outbox_send(struct outbox *outbox, struct ticket *ticket,
						struct reply *reply);

/* Writes the length of the queue and the sizes of batches. */
extern void outbox_write_metrics(const struct outbox *outbox,
								 struct text *text);

#endif /* E2EMSG_OUTBOX_H */
