/*
 * backup_sync.h
 *		Keeping the backup on the server up to date.
 *
 * An account that was backed up once keeps the backup key, so that its backup
 * can follow without the recovery code: a new key before it is announced, all
 * else when there is a call to the server anyway.
 */
#ifndef E2EMSG_BACKUP_SYNC_H
#define E2EMSG_BACKUP_SYNC_H

#include "session.h"

/*
 * Makes the backup, or the present one openable by a new recovery code, which
 * it writes.  "force": in the place of one that this account can't open.
 */
extern CHECKED enum result backup_renew(struct session *session, bool force,
										char *code, uint32_t *version,
										struct fault *fault);

/*
 * Writes the backup under the recovery code that it has, which stays unknown
 * here.  *kept: there is one; without one, nothing was written.
 */
extern CHECKED enum result backup_keep(struct session *session, bool *kept,
									   uint32_t *version, struct fault *fault);

/*
 * Brings the backup up to date when it is not; nothing to do without one.
 * When another device wrote it meanwhile, takes over the keys that are new in
 * it, and writes again.
 */
extern CHECKED enum result backup_update(struct session *session,
										 struct fault *fault);

/* The same, with a remark in place of a failure. */
extern void backup_try(struct session *session);

/* The same after something else: only if this run has called the server. */
extern void backup_follow(struct session *session);

/*
 * Looks what another device left in the backup: newer keys, and what it found
 * out of the peers known here.  RESULT_OK when that is here now, or when there
 * is nothing to take: also because the backup is gone or does not open here,
 * unless it "must" be there.
 */
extern CHECKED enum result backup_take_over(struct session *session, bool must,
											struct fault *fault);

/* The same for a sign-in, which does not hang on it: a failure is a remark. */
extern void backup_look(struct session *session);

/*
 * Sees that the private key of a version is here: of one that another device
 * made, by a look into the backup, once for each version in a run.
 * RESULT_UNREADABLE and why, when it is in neither; RESULT_NETWORK or
 * RESULT_AUTH when that can't be known now.
 */
extern CHECKED enum result backup_fetch_key(struct session *session,
											uint32_t version,
											struct fault *fault);

#endif /* E2EMSG_BACKUP_SYNC_H */
