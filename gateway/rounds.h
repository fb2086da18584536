/*
 * rounds.h
 *		Rounds of the key log: rows come into the tree, and a checkpoint is
 *		signed when this gateway is the signer.
 *
 * One thread at a time uses these.
 */
#ifndef E2EMSG_ROUNDS_H
#define E2EMSG_ROUNDS_H

#include <stdbool.h>
#include <stdint.h>

#include "db.h"

struct config;
struct db;
struct log;
struct rounds;

/* For the operator's port. */
struct round_figures
{
	uint64_t size;		  /* leaves in the key log */
	uint64_t signed_size; /* leaves that a checkpoint covers */
	uint64_t rounds;	  /* made by this gateway */
	bool refused;		  /* the signer does not sign what it sees */
};

/* NULL after a line in the log: no memory, or no usable key. */
extern struct rounds *rounds_open(const struct config *config, struct db *db,
								  struct log *log);
extern void rounds_close(struct rounds *rounds);

/*
 * Takes all that is committed by now.  True when a signed checkpoint covers
 * it.  *rotated, which the caller frees, has a row for each rotation that
 * counts now: user id, version, what to answer.
 */
extern bool rounds_make(struct rounds *rounds, struct db_answer *rotated)
	__attribute__((warn_unused_result));

/*
 * The same, but looks first whether there is anything to do: when nobody
 * asks, rows that SQL has written, and rounds of gateways that do not sign.
 * Also for the first time, and after a failure.
 */
extern bool rounds_look(struct rounds *rounds, struct db_answer *rotated)
	__attribute__((warn_unused_result));

extern const struct round_figures *rounds_figures(const struct rounds *rounds);

#endif /* E2EMSG_ROUNDS_H */
