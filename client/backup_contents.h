/*
 * backup_contents.h
 *		What an account's backup holds: gathered, sealed, opened.
 */
#ifndef E2EMSG_BACKUP_CONTENTS_H
#define E2EMSG_BACKUP_CONTENTS_H

#include <openssl/sha.h>

#include "backup_account.h"
#include "backup_file.h"
#include "keypair.h"
#include "session.h"

/* What is to go into a backup. */
struct backup_contents
{
	char *account; /* JSON */
	struct keypair identity;
	struct keypair keys[BACKUP_PRIVATE_KEYS]; /* lowest version first */
	uint32_t versions[BACKUP_PRIVATE_KEYS];
	size_t count;
	uint8_t hash[SHA256_DIGEST_LENGTH]; /* changes when anything does */
};

/* Gathers what the account has now.  *out is to be freed in any case. */
extern CHECKED enum result
backup_contents_collect(const struct session *session,
						struct backup_contents **out, struct fault *fault);

/* Wipes and frees; NULL will do. */
extern void backup_contents_free(struct backup_contents *contents);

/* Writes the whole backup; false when OpenSSL fails or it does not fit. */
extern bool backup_contents_write(const struct session *session,
								  const struct backup_file *file,
								  const struct backup_contents *contents,
								  struct backup_writer *writer)
	__attribute__((warn_unused_result));

/* Whose part it is. */
extern struct backup_part backup_part_of(const struct account *account,
										 enum backup_kind kind,
										 uint32_t version);

/*
 * Opens and reads the account in a backup.  NULL, or what is wrong as one
 * static sentence.  Free out->contacts in any case.
 */
extern const char *backup_open_account(const struct account *account,
									   const struct backup_file *file,
									   const struct backup *backup,
									   struct backup_account *out)
	__attribute__((warn_unused_result));

/* Opens an encryption key of a backup. */
extern bool backup_open_key(const struct backup_file *file,
							const struct backup_part *part,
							struct backup_span sealed, struct keypair *out)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_BACKUP_CONTENTS_H */
