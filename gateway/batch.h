/*
 * batch.h
 *		Many envelopes in one database call.
 */
#ifndef E2EMSG_BATCH_H
#define E2EMSG_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"
#include "submission.h"

struct db_connection;

#define BATCH_MAX 256 /* envelopes */

/* An envelope on its way; it lives on the stack of the worker that waits. */
struct ticket
{
	const struct submission *submission;
	struct ticket *next;   /* in a queue */
	int64_t busy_until_ms; /* when waiting for its mailbox ends */
	bool done;
	enum status status; /* STATUS_OK: stored, body tells */
	bool repeated;		/* stored before, by an earlier request */
	char *body;			/* JSON from the database, malloc'd, or NULL */
};

struct batch
{
	struct db_connection *connection;
	struct ticket *tickets[BATCH_MAX];
	int count;
	bool wait; /* for mailboxes that are locked; else they come back busy */
};

/*
 * Stores the envelopes and fills status, repeated and body of each ticket.
 * When it returns, what is STATUS_OK is committed.
 */
extern void batch_store(struct batch *batch);

#endif /* E2EMSG_BATCH_H */
