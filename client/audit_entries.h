/*
 * audit_entries.h
 *		Takes the entries of a key log into the state of its audit, one by one.
 */
#ifndef E2EMSG_AUDIT_ENTRIES_H
#define E2EMSG_AUDIT_ENTRIES_H

#include "audit_state.h"
#include "log_server.h"

/*
 * The next entry of the log, whose leaf is state->edge.size.  What is wrong
 * with it becomes alarms, and what should be known remarks; either way the
 * state moves on.  False when memory is out or there are too many users.
 */
extern bool audit_entries_take(struct audit_state *state,
							   const struct log_row *row,
							   struct audit_list *remarks) MERKLE_CHECKED;

#endif /* E2EMSG_AUDIT_ENTRIES_H */
