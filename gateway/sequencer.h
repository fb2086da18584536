/*
 * sequencer.h
 *		The thread that makes rounds of the key log, and those who wait for
 *		them.
 *
 * A round takes everything that was committed before it began.  So a request
 * whose row is committed waits for a round that begins after it asked, and
 * whose size a checkpoint covers: one round serves all that wait.
 */
#ifndef E2EMSG_SEQUENCER_H
#define E2EMSG_SEQUENCER_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct db;
struct log;
struct round_figures;
struct sequencer;

/* NULL after a line in the log: no memory, or no usable key. */
extern struct sequencer *sequencer_start(const struct config *config,
										 struct db *db, struct log *log);
extern void sequencer_stop(struct sequencer *sequencer);

/* What a request waits for. */
struct sequencer_ticket
{
	const char *user, *version; /* of a rotation, whose answer is wanted */
	char *body; /* that answer, when it came along; the caller frees it */

	/* The sequencer's own. */
	uint64_t number;
	struct sequencer_ticket *next;
};

/*
 * Waits until the key log shows what the caller has committed, a second at
 * most.  False when it does not yet.
 */
extern bool sequencer_wait(struct sequencer *sequencer,
						   struct sequencer_ticket *ticket)
	__attribute__((warn_unused_result));

extern void sequencer_figures(struct sequencer *sequencer,
							  struct round_figures *out);

#endif /* E2EMSG_SEQUENCER_H */
