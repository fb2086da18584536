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
 * log does not hold the account yet.  A history that ends before the account's
 * version is wrong, unless it may lack something: after a restore.
 */
extern CHECKED enum result log_history_check(struct session *session,
											 struct log_pin *pin,
											 bool may_lack,
											 struct fault *fault);

#endif /* E2EMSG_LOG_HISTORY_H */
