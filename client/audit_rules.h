/*
 * audit_rules.h
 *		The rules of the key log: does an entry follow from the user's last?
 *
 * Pure: no file, no server.  Whether the entry is in the log is for the
 * caller, and so is what needs more than one user: that a name belongs to one
 * of them.
 */
#ifndef E2EMSG_AUDIT_RULES_H
#define E2EMSG_AUDIT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jwk.h"
#include "log_entry.h"
#include "merkle.h"

/* A user after the newest entry. */
struct audit_user
{
	uint8_t id[LOG_USER_ID_SIZE];
	char username[USERNAME_MAX + 1];
	bool deleted;
	uint32_t number; /* of the newest entry */
	uint32_t version;
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	uint8_t previous_thumbprint[JWK_THUMBPRINT_SIZE];
	uint8_t identity_thumbprint[JWK_THUMBPRINT_SIZE]; /* or zeros */
	struct jwk identity; /* zeros when there is none, or it was not given */
	uint8_t leaf_hash[MERKLE_HASH_SIZE]; /* of the newest entry */

	/*
	 * 1 + the leaf of the first entry whose identity key was not given, which
	 * is good only of a user who was deleted later; 0: there is none.
	 */
	uint64_t without_key;
};

/* An entry of a user, and the identity key that comes with it. */
struct audit_event
{
	const struct log_user_entry *entry;
	const uint8_t *service;		/* LOG_SERVICE_SIZE bytes */
	const struct jwk *identity; /* or NULL */
};

/* What is wrong: static sentences, without a full stop. */
#define AUDIT_FINDINGS_MAX 24
struct audit_findings
{
	const char *problems[AUDIT_FINDINGS_MAX];
	size_t count;
	bool without_key; /* the identity key that it names is not given */
};

/*
 * Judges an entry.  "user" is what the entries before made of the user, NULL
 * for one never met.
 */
extern void audit_rules_judge(const struct audit_user *user,
							  const struct audit_event *event,
							  struct audit_findings *out);

/*
 * The user after this entry, right or wrong; {0} before the first.  The name
 * stays what it was at first.
 */
extern void audit_rules_follow(const struct audit_event *event,
							   const uint8_t leaf_hash[MERKLE_HASH_SIZE],
							   struct audit_user *user);

/* What is no mistake, but should be known; NULL: nothing. */
extern const char *audit_rules_remark(const struct log_user_entry *entry);

#endif /* E2EMSG_AUDIT_RULES_H */
