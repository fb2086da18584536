/*
 * log_check.h
 *		What a session checks against the key log, and remembers of it.
 *
 * A server without a log is taken as it is, as long as none was pinned.  What
 * speaks against the log is written to log.json and stops sending until the
 * user accepts it; a key that is not in the log is refused each time.
 */
#ifndef E2EMSG_LOG_CHECK_H
#define E2EMSG_LOG_CHECK_H

#include "key_object.h"
#include "session.h"

/* Is a key that the server gave, as an object and as it was read, logged? */
extern CHECKED enum result log_check_key(struct session *session,
										 const json_t *object,
										 const struct key_object *key,
										 struct fault *fault);

/*
 * Checks the account's own history (log_history.h); pins the log on first
 * use.
 */
extern CHECKED enum result log_check_own(struct session *session,
										 struct fault *fault);

/*
 * The same after something that succeeded: that a look at the log failed, or
 * that it does not hold the account yet, is no more than a remark.
 */
extern CHECKED enum result log_check_after(struct session *session,
										   struct fault *fault);

/*
 * Compares the head that a peer put into a message (FRAME_HEAD_SIZE bytes).
 * RESULT_UNTRUSTED when it differs.  That stops sending when the log's key
 * signed it; when it did not, only if the peer's word counts.
 */
extern CHECKED enum result log_check_head(struct session *session,
										  const char *peer, bool word_counts,
										  const uint8_t *head,
										  struct fault *fault);

/*
 * May mail be sent?  Not while there is a problem (RESULT_UNTRUSTED), nor
 * before the log holds the account itself (RESULT_NETWORK).
 */
extern CHECKED enum result log_check_sending(struct session *session,
											 struct fault *fault);

#endif /* E2EMSG_LOG_CHECK_H */
