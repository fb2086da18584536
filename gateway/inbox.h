/*
 * inbox.h
 *		Many mailboxes read by one call, for streams.
 *
 * Under load most looks find one message, and a call and a thread's waking
 * for each would be most of the work.  So readers who got mail are queued,
 * and one thread with a connection of its own makes one call for all of them
 * and writes to their sockets what each one's reads.  While it is at the
 * database, the next ones gather.  Mail that was stored through this gateway
 * and is the very next of a resting reader needs no call: who stored it writes
 * it.  Nobody waits for a socket: what does not fit is handed to the worker
 * that the stream has.
 */
#ifndef E2EMSG_INBOX_H
#define E2EMSG_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "status.h"
#include "submission.h"
#include "text.h"
#include "wakeup.h"

struct db;
struct inbox;

/*
 * A reader.  Either its worker holds it, then nobody else touches it; or it
 * rests, or is queued, then it is the inbox's.
 */
struct reader
{
	uint8_t mailbox[UUID_SIZE];
	int64_t after; /* seq; goes past what was read */
	int fd;		   /* where the inbox writes to */
	int event;	   /* eventfd: its worker is about to hold it again */

	/* What its worker is to write */
	enum status status;
	struct text events; /* server-sent events; the worker frees them */
	size_t written;		/* bytes of these that are out already */
	bool is_full;		/* there may be more in the mailbox */

	/* The inbox's own */
	atomic_uint state;	  /* futex */
	bool is_asked;		  /* its worker waits and wants the events itself */
	atomic_uint answered; /* futex, for that */
	int count;
	int64_t last; /* seq of what was read */
	struct reader *next;
};

/* Starts the thread.  NULL when that fails. */
extern struct inbox *inbox_start(struct db *db);
extern void inbox_stop(struct inbox *inbox);

/* A reader that its worker holds. */
extern void inbox_join(struct reader *reader, const uint8_t mailbox[UUID_SIZE],
					   int64_t after, int fd, int event);

/*
 * By the worker, which holds it for good then: inbox_mail() has no effect any
 * more.
 */
extern void inbox_leave(struct reader *reader);

/* By a worker that holds it: reads, and waits for what comes of it. */
extern void inbox_read(struct inbox *inbox, struct reader *reader);

/* Gives it to the inbox, which writes what came meanwhile and comes later. */
extern void inbox_release(struct inbox *inbox, struct reader *reader);

/* Takes a resting one back.  False when something is on its way to it. */
extern bool inbox_hold(struct reader *reader);

/* Was it handed back, because of what could not be written? */
extern bool inbox_is_held(const struct reader *reader);

/*
 * By anybody: there may be mail for it.  When that is at hand and the very
 * next one in the mailbox, it goes to the socket at once.
 */
extern void inbox_mail(struct inbox *inbox, struct reader *reader,
					   const struct mail *mail);

/* How often a mailbox was looked into for a reader. */
extern unsigned long inbox_looks(const struct inbox *inbox);

#endif /* E2EMSG_INBOX_H */
