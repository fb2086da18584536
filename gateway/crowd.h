/*
 * crowd.h
 *		Who may keep a worker when workers run short.
 *
 * Each connection holds a worker thread, also while its peer sends nothing:
 * within a head or a body, between two requests, or while it does not read.
 * A thousand silent peers would hold them all.  So, once seven eighths of the
 * workers are taken, the connections that have waited longest for their peers
 * are cut off, until no more than that are taken.  Who sends what it has to
 * say at once is never among them.
 */
#ifndef E2EMSG_CROWD_H
#define E2EMSG_CROWD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct crowd;
struct mg_connection;

/* What a worker does with its connection. */
enum crowd_state
{
	CROWD_SERVES,
	CROWD_READS,  /* a head, a body, or nothing */
	CROWD_WRITES, /* an answer */
	CROWD_CUT	  /* what it waited for will not come */
};

/* One connection's place; it lives as long as the connection. */
struct crowd_member
{
	const struct mg_connection *connection;
	pthread_t worker;
	_Atomic int64_t waits; /* since when, and an enum crowd_state */
	atomic_bool has_asked; /* one request at least was answered */
	struct crowd_member *next, *previous;
};

/* Starts the thread that cuts off.  NULL when that fails. */
extern struct crowd *crowd_start(long workers);
extern void crowd_stop(struct crowd *crowd);

/* The calling worker has a connection, and reads its first head. */
extern void crowd_enter(struct crowd *crowd, struct crowd_member *member,
						const struct mg_connection *connection);

/* Before the connection is closed. */
extern void crowd_leave(struct crowd *crowd, struct crowd_member *member);

/* From now on the worker waits for its peer: CROWD_READS or CROWD_WRITES. */
extern void crowd_wait(struct crowd_member *member, enum crowd_state state);

/*
 * And from now on it does not.  False when it was cut off meanwhile: what came
 * may be answered, but nothing more will come.
 */
extern bool crowd_serve(struct crowd *crowd, struct crowd_member *member)
	__attribute__((warn_unused_result));

/*
 * Are nearly all workers taken in spite of that?  Then a connection must end
 * with its answer.
 */
extern bool crowd_is_full(const struct crowd *crowd);

struct crowd_figures
{
	uint64_t size; /* connections */
	uint64_t cut;  /* so far */
};

extern void crowd_figures(const struct crowd *crowd,
						  struct crowd_figures *figures);

#endif /* E2EMSG_CROWD_H */
