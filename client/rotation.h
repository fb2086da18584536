/*
 * rotation.h
 *		A new encryption key: made, stored, then announced.
 */
#ifndef E2EMSG_ROTATION_H
#define E2EMSG_ROTATION_H

#include "session.h"

/*
 * Rotates to the next key version.  A key that an earlier run stored is used
 * again: when the server has it already, the rotation is only finished here.
 * RESULT_UNTRUSTED when the server has a key for that version that was not
 * made here.  On success account.version is the new version.
 */
extern CHECKED enum result rotation_run(struct session *session,
										struct fault *fault);

/*
 * Announces the versions after "known" again, up to the account's: a server
 * that was restored from a backup has lost them.
 */
extern CHECKED enum result
rotation_restore(struct session *session, uint32_t known, struct fault *fault);

#endif /* E2EMSG_ROTATION_H */
