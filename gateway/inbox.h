/*
 * inbox.h
 *		Many mailboxes read by one call, for streams.
 *
 * Under load most looks find one message, and a call for each would be most
 * of the work.  So they are queued, and a thread with a connection of its own
 * makes one call for all that wait; while it is at the database, the next
 * ones gather.
 */
#ifndef E2EMSG_INBOX_H
#define E2EMSG_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "status.h"
#include "submission.h"
#include "text.h"

struct db;
struct inbox;

/* A look into a mailbox; it lives on the stack of the worker that waits. */
struct look
{
	uint8_t mailbox[UUID_SIZE];
	int64_t after; /* seq; goes past what was found */

	/* What came of it */
	enum status status;
	struct text events; /* the messages as server-sent events; free it */
	bool is_full;		/* there may be more */

	/* The inbox's own */
	int count;
	atomic_uint done; /* futex */
	struct look *next;
};

/* Starts the thread.  NULL when that fails. */
extern struct inbox *inbox_start(struct db *db);
extern void inbox_stop(struct inbox *inbox);

/* Looks, and waits for what comes of it. */
extern void inbox_look(struct inbox *inbox, struct look *look);

#endif /* E2EMSG_INBOX_H */
