/*
 * log_history.h
 *		What the key log says of this account, against what was done here.
 *
 * Each entry of the account's own must link to the one before, and each key
 * in it must be one that was made here: nobody else notices a key that the
 * server adds to somebody's name.
 */
#ifndef E2EMSG_LOG_HISTORY_H
#define E2EMSG_LOG_HISTORY_H

#include "log_pin.h"
#include "session.h"

/*
 * Asks for the account's entries from the newest checked one on, and checks
 * them all.  The pin, which need not be the session's and is not saved, moves
 * forward; what is wrong becomes its problem.  Its number stays 0 while the
 * log does not hold the account yet.  When the user is accepting the log, a
 * history may end before the account's version, as after a restore, and hold
 * changes of the identity that end with the account's own.
 */
extern CHECKED enum result log_history_check(struct session *session,
											 struct log_pin *pin,
											 bool accepting,
											 struct fault *fault);

#endif /* E2EMSG_LOG_HISTORY_H */
