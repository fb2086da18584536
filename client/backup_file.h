/*
 * backup_file.h
 *		The backup of an account: what is known of it here, in backup.json, and
 *		the one on the server.
 *
 * An account that was backed up once keeps the backup key, so that its backup
 * can follow without the recovery code: a new key before it is announced, all
 * else when there is a call to the server anyway.
 */
#ifndef E2EMSG_BACKUP_FILE_H
#define E2EMSG_BACKUP_FILE_H

#include "backup.h"
#include "keypair.h"
#include "session.h"

#define BACKUP_FILE_NAME "backup.json"

/* Wipe it after use. */
struct backup_file
{
	uint32_t version; /* that was stored last; 0: there is no backup yet */
	uint8_t key[BACKUP_KEY_SIZE];
	uint8_t sealed_key[BACKUP_SEALED_KEY_SIZE]; /* under the newest opener */
	uint8_t contents[32]; /* SHA-256 of what was stored last, or zeros */
};

extern CHECKED enum result backup_file_save(const struct store *store,
											const struct backup_file *file,
											struct fault *fault);

/*
 * Makes the backup, or the present one openable by a new recovery code, which
 * it writes.  "force": in the place of one that this account can't open.
 */
extern CHECKED enum result backup_renew(struct session *session, bool force,
										char *code, uint32_t *version,
										struct fault *fault);

/*
 * Brings the backup up to date when it is not; nothing to do without one.
 * When another device wrote it meanwhile, takes over the keys that are new in
 * it, and writes again.
 */
extern CHECKED enum result backup_update(struct session *session,
										 struct fault *fault);

/*
 * The same after something else, with a remark in place of a failure; only
 * if this run has called the server already.
 */
extern void backup_follow(struct session *session);

/*
 * Looks whether another device left newer keys in the backup.  RESULT_OK when
 * they are here now, or when there is nothing to take.
 */
extern CHECKED enum result backup_take_over(struct session *session,
											struct fault *fault);

/* Opens an encryption key of a backup. */
extern bool backup_open_key(const struct backup_file *file,
							const struct backup_part *part,
							struct backup_span sealed, struct keypair *out)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_BACKUP_FILE_H */
