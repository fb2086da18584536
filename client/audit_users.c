/*
 * audit_users.c
 *		All users of a key log, found by id and by name.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>
#include <openssl/sha.h>

#include "audit_users.h"

#define CHUNK 1024		 /* users */
#define FIRST_SLOTS 4096 /* of a table that was just made */

/* Is this the user with that id, or that name? */
typedef bool is_wanted(const struct audit_user *user, const void *wanted);

static bool
has_id(const struct audit_user *user, const void *wanted)
{
	return memcmp(user->id, wanted, sizeof(user->id)) == 0;
}

static bool
has_name(const struct audit_user *user, const void *wanted)
{
	return strcmp(user->username, wanted) == 0;
}

/* Keyed, so that no server can choose names that meet in one slot. */
static uint64_t
hash(const struct audit_users *users, const void *bytes, size_t size)
{
	uint8_t keyed[AUDIT_USERS_KEY_SIZE + USERNAME_MAX];
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint64_t first;

	memcpy(keyed, users->key, AUDIT_USERS_KEY_SIZE);
	memcpy(keyed + AUDIT_USERS_KEY_SIZE, bytes, size);
	SHA256(keyed, AUDIT_USERS_KEY_SIZE + size, digest);
	memcpy(&first, digest, sizeof(first));
	return first;
}

static uint64_t
hash_id(const struct audit_users *users, const uint8_t id[LOG_USER_ID_SIZE])
{
	return hash(users, id, LOG_USER_ID_SIZE);
}

static uint64_t
hash_name(const struct audit_users *users, const char *username)
{
	return hash(users, username, strlen(username));
}

/* The slot of the user, or the empty one where he belongs. */
static uint32_t *
find_slot(const struct audit_users *users, const struct audit_index *index,
		  uint64_t hash, is_wanted *is_it, const void *wanted)
{
	size_t at = hash & (index->size - 1);

	while (index->slots[at] != 0 &&
		   !is_it(audit_users_at(users, index->slots[at] - 1), wanted))
		at = (at + 1) & (index->size - 1);
	return &index->slots[at];
}

static struct audit_user *
find(const struct audit_users *users, const struct audit_index *index,
	 uint64_t hash, is_wanted *is_it, const void *wanted)
{
	uint32_t slot;

	if (index->size == 0)
		return NULL;
	slot = *find_slot(users, index, hash, is_it, wanted);
	return slot != 0 ? audit_users_at(users, slot - 1) : NULL;
}

struct audit_user *
audit_users_find(const struct audit_users *users,
				 const uint8_t id[LOG_USER_ID_SIZE])
{
	return find(users, &users->by_id, hash_id(users, id), has_id, id);
}

struct audit_user *
audit_users_named(const struct audit_users *users, const char *username)
{
	return find(users, &users->by_name, hash_name(users, username), has_name,
				username);
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

/* Puts a user into both tables; a name stays that of its first user. */
static void
enter(struct audit_users *users, size_t number)
{
	const struct audit_user *user = audit_users_at(users, number);
	uint32_t *by_id = find_slot(users, &users->by_id, hash_id(users, user->id),
								has_id, user->id);
	uint32_t *by_name =
		find_slot(users, &users->by_name, hash_name(users, user->username),
				  has_name, user->username);

	*by_id = (uint32_t) number + 1;
	if (*by_name == 0)
		*by_name = (uint32_t) number + 1;
}

static bool
make_slots(struct audit_index *index, size_t size)
{
	free(index->slots);
	index->slots = calloc(size, sizeof(*index->slots));
	index->size = index->slots != NULL ? size : 0;
	return index->slots != NULL;
}

/* Keeps the tables at most half full. */
static bool
grow_tables(struct audit_users *users)
{
	size_t size = users->by_id.size;

	if (2 * (users->count + 1) <= size)
		return true;
	if (size == 0 && RAND_bytes(users->key, sizeof(users->key)) != 1)
		return false;
	size = size > 0 ? 2 * size : FIRST_SLOTS;
	if (!make_slots(&users->by_id, size) || !make_slots(&users->by_name, size))
		return false;
	for (size_t i = 0; i < users->count; i++)
		enter(users, i);
	return true;
}

struct audit_user *
audit_users_add(struct audit_users *users, const struct audit_user *user)
{
	struct audit_user *added;

	if (!grow_tables(users) || !make_room(users))
		return NULL;
	added = audit_users_at(users, users->count);
	*added = *user;
	enter(users, users->count++);
	return added;
}

void
audit_users_free(struct audit_users *users)
{
	size_t chunks = (users->count + CHUNK - 1) / CHUNK;

	for (size_t i = 0; i < chunks; i++)
		free(users->chunks[i]);
	free(users->chunks);
	free(users->by_id.slots);
	free(users->by_name.slots);
	*users = (struct audit_users){0};
}
