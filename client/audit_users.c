/*
 * audit_users.c
 *		All users of a key log, found by id and by name.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "audit_users.h"

#define CHUNK 1024 /* users */

static int
compare_ids(const void *a, const void *b)
{
	const struct audit_user *one = a, *other = b;

	return memcmp(one->id, other->id, sizeof(one->id));
}

static int
compare_names(const void *a, const void *b)
{
	const struct audit_user *one = a, *other = b;

	return strcmp(one->username, other->username);
}

/* What tfind() points to: a pointer to the user. */
static struct audit_user *
found(void *node)
{
	return node != NULL ? *(struct audit_user **) node : NULL;
}

struct audit_user *
audit_users_find(const struct audit_users *users,
				 const uint8_t id[LOG_USER_ID_SIZE])
{
	struct audit_user wanted;

	memcpy(wanted.id, id, sizeof(wanted.id));
	return found(tfind(&wanted, &users->by_id, compare_ids));
}

struct audit_user *
audit_users_named(const struct audit_users *users, const char *username)
{
	struct audit_user wanted = {0};

	strncpy(wanted.username, username, sizeof(wanted.username) - 1);
	return found(tfind(&wanted, &users->by_name, compare_names));
}

struct audit_user *
audit_users_at(const struct audit_users *users, size_t index)
{
	return &users->chunks[index / CHUNK][index % CHUNK];
}

/* Makes room for one more user. */
static bool
make_room(struct audit_users *users)
{
	size_t chunk = users->count / CHUNK;
	struct audit_user **grown;

	if (users->count >= AUDIT_USERS_MAX)
		return false;
	if (users->count % CHUNK != 0)
		return true;
	grown = reallocarray(users->chunks, chunk + 1, sizeof(*grown));
	if (grown == NULL)
		return false;
	users->chunks = grown;
	grown[chunk] = calloc(CHUNK, sizeof(*grown[chunk]));
	return grown[chunk] != NULL;
}

struct audit_user *
audit_users_add(struct audit_users *users, const struct audit_user *user)
{
	struct audit_user *added;

	if (!make_room(users))
		return NULL;
	added = audit_users_at(users, users->count);
	*added = *user;
	users->count++;
	if (tsearch(added, &users->by_id, compare_ids) == NULL ||
		tsearch(added, &users->by_name, compare_names) == NULL)
		return NULL;
	return added;
}

/* The users go with their chunks. */
static void
keep(void *user)
{
	(void) user;
}

void
audit_users_free(struct audit_users *users)
{
	size_t chunks = (users->count + CHUNK - 1) / CHUNK;

	tdestroy(users->by_id, keep);
	tdestroy(users->by_name, keep);
	for (size_t i = 0; i < chunks; i++)
		free(users->chunks[i]);
	free(users->chunks);
	*users = (struct audit_users){0};
}
