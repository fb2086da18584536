/*
 * backup_file.h
 *		What is known here of the account's backup: backup.json.
 */
#ifndef E2EMSG_BACKUP_FILE_H
#define E2EMSG_BACKUP_FILE_H

#include "backup.h"
#include "store.h"

#define BACKUP_FILE_NAME "backup.json"

/* Wipe it after use. */
struct backup_file
{
	uint32_t version; /* that was stored last; 0: there is no backup yet */
	uint8_t key[BACKUP_KEY_SIZE];
	uint8_t sealed_key[BACKUP_SEALED_KEY_SIZE]; /* under the newest opener */
	uint8_t contents[32]; /* SHA-256 of what was stored last, or zeros */
};

/* All zeros when there is no backup yet. */
extern CHECKED enum result backup_file_load(const struct store *store,
											struct backup_file *out,
											struct fault *fault);

extern CHECKED enum result backup_file_save(const struct store *store,
											const struct backup_file *file,
											struct fault *fault);

#endif /* E2EMSG_BACKUP_FILE_H */
