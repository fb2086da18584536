/*
 * deadline.h
 *		Cutting off connections that are late.
 *
 * A worker that blocks inside CivetWeb can't look at the clock.  It notes
 * until when it wants to be there; a watchdog thread shuts the reading side
 * of its socket when that has passed, so that CivetWeb sees an end and
 * returns, while an answer can still be written.
 */
#ifndef E2EMSG_DEADLINE_H
#define E2EMSG_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct deadlines;

/* A stretch of blocking work; it lives on the worker's stack. */
struct deadline
{
	int fd;
	int64_t at_ms; /* on the monotonic clock */
	bool passed;
	struct deadline *previous, *next;
};

/* Starts the watchdog.  NULL when that fails. */
extern struct deadlines *deadlines_start(void);
extern void deadlines_stop(struct deadlines *deadlines);

/* From now on the socket is shut when "ms" have passed (to within 0.1 s). */
extern void deadline_begin(struct deadlines *deadlines,
						   struct deadline *deadline, int fd, long ms);

/* Ends that.  False when the time had passed and the socket is shut. */
extern bool deadline_end(struct deadlines *deadlines,
						 struct deadline *deadline);

#endif /* E2EMSG_DEADLINE_H */
