/*
 * audit_users.h
 *		All users of a key log, found by id and by name.
 *
 * About 280 bytes of memory each.  The tables are hashed with a random key, so
 * that ids and names that somebody chose with care cost no more than others.
 */
#ifndef E2EMSG_AUDIT_USERS_H
#define E2EMSG_AUDIT_USERS_H

#include <stddef.h>

#include "audit_rules.h"

#define AUDIT_USERS_KEY_SIZE 16 /* bytes, random and secret */
#define AUDIT_USERS_MAX 4000000

/* Open addressing: numbers of users plus 1, and 0 for an empty slot. */
struct audit_index
{
	uint32_t *slots;
	size_t size; /* a power of two, or 0 */
};

/* Start with {0}, end with audit_users_free(). */
struct audit_users
{
	struct audit_user **chunks; /* so that users never move */
	size_t count;
	struct audit_index by_id, by_name;
	uint8_t key[AUDIT_USERS_KEY_SIZE]; /* of the tables, made with them */
};

/* The user of this id, or NULL. */
extern struct audit_user *audit_users_find(const struct audit_users *users,
										   const uint8_t id[LOG_USER_ID_SIZE]);

/* The first user who had this name, or NULL. */
extern struct audit_user *audit_users_named(const struct audit_users *users,
											const char *username);

/*
 * Adds a copy of a user whose id is not there yet; NULL when memory is out or
 * there are AUDIT_USERS_MAX.  Id and name must not change from then on.
 */
extern struct audit_user *audit_users_add(struct audit_users *users,
										  const struct audit_user *user);

/* The users in the order in which they were added, from 0. */
extern struct audit_user *audit_users_at(const struct audit_users *users,
										 size_t index);

extern void audit_users_free(struct audit_users *users);

#endif /* E2EMSG_AUDIT_USERS_H */
