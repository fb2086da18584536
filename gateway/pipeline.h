/*
 * pipeline.h
 *		Batches of envelopes, one after the other over one connection.
 *
 * Workers add to the last batch.  While one batch runs in the database the
 * next one is sent behind it as soon as it has as many envelopes as came
 * back last: waiting longer would gain nothing, and so the server goes on
 * without a pause.  An answer is given only after its commit.
 */
#ifndef E2EMSG_PIPELINE_H
#define E2EMSG_PIPELINE_H

#include "batch.h"

struct db;
struct pipeline;
struct text;

/* Starts its thread.  NULL when that fails. */
extern struct pipeline *pipeline_start(struct db *db);

/* Stores what is queued, then ends the thread. */
extern void pipeline_stop(struct pipeline *pipeline);

/*
 * Queues a ticket and waits for its answer.  Without memory the ticket stays
 * as it is.
 */
extern void pipeline_send(struct pipeline *pipeline, struct ticket *ticket);

/* Writes the sizes of batches. */
extern void pipeline_write_metrics(const struct pipeline *pipeline,
								   struct text *text);

#endif /* E2EMSG_PIPELINE_H */
