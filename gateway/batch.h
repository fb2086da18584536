/*
 * batch.h
 *		Many envelopes in one database call.
 */
#ifndef E2EMSG_BATCH_H
#define E2EMSG_BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "status.h"
#include "submission.h"

struct db_connection;

#define BATCH_MAX 256			   /* envelopes */
#define BATCH_MAX_BYTES (4u << 20) /* of iv, ciphertext and tag */

/* An envelope on its way; it lives on the stack of the worker that waits. */
struct ticket
{
	const struct submission *submission;
	bool is_awaited;	 /* a reader here wants it as soon as it is stored */
	struct ticket *next; /* in the queue of locked mailboxes */
	int64_t give_up_ms;	 /* when waiting for its mailbox ends; then 0 */
	enum status status;	 /* STATUS_OK: stored, body tells */
	bool repeated;		 /* stored before, by an earlier request */
	char *body;			 /* JSON from the database, malloc'd, or NULL */
	int64_t seq;		 /* with message: its number in the mailbox */
	char *message;		 /* what the reader gets, the same way */
};

/* Frees what came from the database. */
extern void ticket_clear(struct ticket *ticket);

struct batch
{
	struct ticket *tickets[BATCH_MAX];
	int count;
	size_t bytes;		  /* of iv, ciphertext and tag */
	atomic_uint answered; /* futex: 1 when all tickets have their answer */
	atomic_int waiting;	  /* workers that have not yet taken theirs */
	struct batch *next;
};

static inline bool
batch_is_full(const struct batch *batch)
{
	return batch->count == BATCH_MAX || batch->bytes >= BATCH_MAX_BYTES;
}

extern void batch_init(struct batch *batch); /* empty */
extern void batch_add(struct batch *batch, struct ticket *ticket);

/*
 * Stores the envelopes and fills status, repeated and body of each ticket.
 * When it returns, what is STATUS_OK is committed.  What goes to a mailbox
 * that somebody else holds comes back at once, as STATUS_MAILBOX_BUSY.
 */
extern void batch_store(struct batch *batch, struct db_connection *connection);

/*
 * The same in two halves, see db_connection_send().  False when nothing was
 * sent; each ticket then has its status.
 */
extern bool batch_send(struct batch *batch, struct db_connection *connection)
	__attribute__((warn_unused_result));

/* STATUS_OK, or what to give to batch_bisect() when nothing is on the way. */
extern enum status batch_receive(struct batch *batch,
								 struct db_connection *connection)
	__attribute__((warn_unused_result));
extern void batch_bisect(struct batch *batch, struct db_connection *connection,
						 enum status status);

#endif /* E2EMSG_BATCH_H */
