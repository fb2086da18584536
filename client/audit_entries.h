/*
 * audit_entries.h
 *		Takes the entries of a key log into the state of its audit, one by one.
 */
#ifndef E2EMSG_AUDIT_ENTRIES_H
#define E2EMSG_AUDIT_ENTRIES_H

#include <time.h>

#include "audit_state.h"
#include "log_server.h"

/*
 * The next entry of the log, whose leaf is state->edge.size.  What is wrong
 * with it becomes alarms, and what should be known remarks; either way the
 * state moves on.  False when memory is out or there are too many users.
 * "now" is by the auditor's clock.
 */
extern bool audit_entries_take(struct audit_state *state,
							   const struct log_row *row, time_t now,
							   struct audit_list *remarks) MERKLE_CHECKED;

/*
 * All entries up to a checkpoint were taken: whose identity key was not given,
 * and no deletion followed, becomes an alarm.
 */
extern void audit_entries_end(struct audit_state *state);

#endif /* E2EMSG_AUDIT_ENTRIES_H */
