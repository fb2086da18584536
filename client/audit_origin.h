/*
 * audit_origin.h
 *		Whose log is it, and is its checkpoint one of it?
 */
#ifndef E2EMSG_AUDIT_ORIGIN_H
#define E2EMSG_AUDIT_ORIGIN_H

#include <stdbool.h>

#include "audit_state.h"
#include "checkpoint.h"
#include "log_server.h"

/*
 * Pins the verifier that the server shows when there is none yet, and opens
 * the newest checkpoint.  A log that succeeds the pinned one, by the pinned
 * key's own word, is pinned in its place and begins anew, with a remark.
 * False, with an alarm, when the checkpoint can't be used.
 */
extern bool audit_origin_open(struct audit_state *state,
							  const struct log_view *view,
							  struct audit_list *remarks,
							  struct checkpoint *out) NOTE_CHECKED;

#endif /* E2EMSG_AUDIT_ORIGIN_H */
