/*
 * backup_account.h
 *		The account as its backup tells of it: a JSON object.
 */
#ifndef E2EMSG_BACKUP_ACCOUNT_H
#define E2EMSG_BACKUP_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "account.h"
#include "contacts.h"
#include "log_pin.h"
#include "note.h"

struct backup_account
{
	struct uuid id;
	uint32_t version;						/* the highest in the backup */
	char verifier[NOTE_VERIFIER_TEXT_SIZE]; /* of the key log; or empty */
	struct contacts contacts;				/* without keys */
};

/*
 * Writes the object; "version" is the highest that the backup has.  Of the
 * contacts it takes the signed ones, of a changed identity the one before,
 * those whose number differs first, then verified ones, then newest,
 * BACKUP_CONTACTS at most. NULL when memory is out.
 */
extern json_t *backup_account_json(const struct account *account,
								   uint32_t version, const struct log_pin *log,
								   const struct contacts *contacts);

/*
 * Reads it, for an account whose backup has keys up to "version".  Returns
 * NULL, or what is wrong with it as one static sentence; unknown members, and
 * contacts that make no sense, are passed over.  Free out->contacts in any
 * case.
 */
extern const char *backup_account_read(const char *text, size_t size,
									   const char *service,
									   const char *username, uint32_t version,
									   struct backup_account *out)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_BACKUP_ACCOUNT_H */
