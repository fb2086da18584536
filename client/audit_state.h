/*
 * audit_state.h
 *		What an auditor remembers of a key log between two runs.
 *
 * One file of the folder .audit (store.h), named after the server, replaced
 * whole.  It is checked when it is read: a file that is damaged is refused.
 */
#ifndef E2EMSG_AUDIT_STATE_H
#define E2EMSG_AUDIT_STATE_H

#include "audit_list.h"
#include "audit_users.h"
#include "merkle.h"
#include "note.h"
#include "result.h"
#include "store.h"

/* Start with {0}, end with audit_state_free(). */
struct audit_state
{
	char verifier[NOTE_VERIFIER_TEXT_SIZE]; /* pinned; "" before the first
											 * run */
	struct merkle_edge edge;				/* of all entries audited */
	uint64_t rounds;						/* number of the newest one */
	uint8_t service[LOG_SERVICE_SIZE];		/* zeros before an entry */

	/*
	 * What the log was said to begin with when it succeeded another; size 0:
	 * it did not.
	 */
	uint64_t begin_size;
	uint8_t begin_root[MERKLE_HASH_SIZE];

	struct audit_users users;
	struct audit_list alarms; /* all there ever were for this log */
};

/* Reads the file; leaves *out empty when there is none. */
extern CHECKED enum result audit_state_load(const struct store *store,
											const char *name,
											struct audit_state *out,
											struct fault *fault);

extern CHECKED enum result audit_state_save(const struct store *store,
											const char *name,
											const struct audit_state *state,
											struct fault *fault);

/*
 * Forgets the entries, not the alarms, and pins another verifier: the log
 * begins anew.
 */
extern void audit_state_restart(struct audit_state *state,
								const char *verifier);

extern void audit_state_free(struct audit_state *state);

#endif /* E2EMSG_AUDIT_STATE_H */
