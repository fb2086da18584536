/*
 * audit_state.c
 *		What an auditor remembers of a key log between two runs.
 *
 * The file: MAGIC, verifier, tree, rounds, service, beginning, alarms, users,
 * SHA-256 of all that.  Integers are big-endian, texts padded with zeros to
 * the size of their arrays.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "audit_state.h"
#include "document.h"
#include "wire.h"

#define MAGIC "e2emsg audit 2\n"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)

/* Bytes of the parts. */
#define HEAD_SIZE                                                          \
	(MAGIC_SIZE + NOTE_VERIFIER_TEXT_SIZE + 8 + 8 + LOG_SERVICE_SIZE + 8 + \
	 MERKLE_HASH_SIZE + 8 + 4 + 4)
#define ALARM_SIZE (8 + AUDIT_NAME_MAX + 1 + AUDIT_TEXT_MAX + 1)
#define USER_SIZE                                          \
	(LOG_USER_ID_SIZE + USERNAME_MAX + 1 + 1 + 4 + 4 + 8 + \
	 3 * JWK_THUMBPRINT_SIZE + 2 * JWK_COORDINATE_SIZE + MERKLE_HASH_SIZE)

/*
 * A place in the file, which moves: one walk over the fields writes them, the
 * same walk reads them.
 */
struct cursor
{
	uint8_t *at;
	const uint8_t *end;
	bool writing;
	bool good; /* so far: nothing ran past the end, nothing is odd */
};

static void
walk_bytes(struct cursor *cursor, void *bytes, size_t size)
{
	if ((size_t) (cursor->end - cursor->at) < size)
	{
		cursor->good = false;
		return;
	}
	if (cursor->writing)
		memcpy(cursor->at, bytes, size);
	else
		memcpy(bytes, cursor->at, size);
	cursor->at += size;
}

/* A text in an array of "size" bytes, with a NUL. */
static void
walk_text(struct cursor *cursor, char *text, size_t size)
{
	walk_bytes(cursor, text, size);
	cursor->good &= memchr(text, '\0', size) != NULL;
	if (!cursor->good)
		text[0] = '\0';
}

static void
walk_u32(struct cursor *cursor, uint32_t *number)
{
	uint8_t bytes[4];

	wire_put_u32(bytes, *number);
	walk_bytes(cursor, bytes, sizeof(bytes));
	*number = wire_get_u32(bytes);
}

static void
walk_u64(struct cursor *cursor, uint64_t *number)
{
	uint32_t high = (uint32_t) (*number >> 32);
	uint32_t low = (uint32_t) *number;

	walk_u32(cursor, &high);
	walk_u32(cursor, &low);
	*number = (uint64_t) high << 32 | low;
}

static void
walk_bool(struct cursor *cursor, bool *value)
{
	uint8_t byte = *value;

	walk_bytes(cursor, &byte, 1);
	cursor->good &= byte <= 1;
	*value = byte == 1;
}

/* How many there are of what follows the head. */
struct counts
{
	uint32_t alarms, users;
};

static void
walk_head(struct cursor *cursor, struct audit_state *state,
		  struct counts *counts)
{
	char magic[MAGIC_SIZE];

	memcpy(magic, MAGIC, MAGIC_SIZE);
	walk_bytes(cursor, magic, MAGIC_SIZE);
	cursor->good &= memcmp(magic, MAGIC, MAGIC_SIZE) == 0;
	walk_text(cursor, state->verifier, sizeof(state->verifier));
	walk_u64(cursor, &state->edge.size);
	walk_u64(cursor, &state->rounds);
	walk_bytes(cursor, state->service, sizeof(state->service));
	walk_u64(cursor, &state->begin_size);
	walk_bytes(cursor, state->begin_root, sizeof(state->begin_root));
	walk_u64(cursor, &state->alarms.total);
	walk_u32(cursor, &counts->alarms);
	walk_u32(cursor, &counts->users);
	walk_bytes(cursor, state->edge.hashes,
			   merkle_edge_count(state->edge.size) * MERKLE_HASH_SIZE);
}

static void
walk_alarm(struct cursor *cursor, struct audit_item *alarm)
{
	walk_u64(cursor, &alarm->leaf);
	walk_text(cursor, alarm->username, sizeof(alarm->username));
	walk_text(cursor, alarm->text, sizeof(alarm->text));
}

static void
walk_user(struct cursor *cursor, struct audit_user *user)
{
	walk_bytes(cursor, user->id, sizeof(user->id));
	walk_text(cursor, user->username, sizeof(user->username));
	walk_bool(cursor, &user->deleted);
	walk_u32(cursor, &user->number);
	walk_u32(cursor, &user->version);
	walk_bytes(cursor, user->thumbprint, sizeof(user->thumbprint));
	walk_bytes(cursor, user->previous_thumbprint,
			   sizeof(user->previous_thumbprint));
	walk_bytes(cursor, user->identity_thumbprint,
			   sizeof(user->identity_thumbprint));
	walk_bytes(cursor, user->identity.x, sizeof(user->identity.x));
	walk_bytes(cursor, user->identity.y, sizeof(user->identity.y));
	walk_bytes(cursor, user->leaf_hash, sizeof(user->leaf_hash));
	walk_u64(cursor, &user->without_key);
}

/* Writing. */

static size_t
file_size(const struct audit_state *state)
{
	return HEAD_SIZE + merkle_edge_count(state->edge.size) * MERKLE_HASH_SIZE +
		   state->alarms.count * ALARM_SIZE + state->users.count * USER_SIZE +
		   SHA256_DIGEST_LENGTH;
}

/* Everything but the hash at the end; only reads the state. */
static void
write_state(struct cursor *cursor, struct audit_state *state)
{
	struct counts counts = {.alarms = (uint32_t) state->alarms.count,
							.users = (uint32_t) state->users.count};

	walk_head(cursor, state, &counts);
	for (size_t i = 0; i < state->alarms.count; i++)
		walk_alarm(cursor, &state->alarms.items[i]);
	for (size_t i = 0; i < state->users.count; i++)
		walk_user(cursor, audit_users_at(&state->users, i));
}

enum result
audit_state_save(const struct store *store, const char *name,
				 const struct audit_state *state, struct fault *fault)
{
	size_t size = file_size(state);
	uint8_t *bytes = size <= STORE_FILE_MAX ? malloc(size) : NULL;
	struct audit_state copy = *state; /* the walk takes no const */
	struct cursor cursor = {.at = bytes, .writing = true, .good = true};
	enum result result;

	if (bytes == NULL)
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "out of memory for the state of the audit");
	cursor.end = bytes + size;
	write_state(&cursor, &copy);
	SHA256(bytes, (size_t) (cursor.at - bytes), cursor.at);
	result = store_write(store, name, bytes, size, fault);
	free(bytes);
	return result;
}

/* Reading. */

/* Are there as many bytes as the counts ask for? */
static bool
counts_fit(const struct cursor *cursor, const struct counts *counts)
{
	uint64_t left = (uint64_t) (cursor->end - cursor->at);

	return counts->alarms <= AUDIT_LIST_MAX &&
		   counts->users <= AUDIT_USERS_MAX &&
		   left == counts->alarms * (uint64_t) ALARM_SIZE +
					   counts->users * (uint64_t) USER_SIZE;
}

static bool
read_alarms(struct cursor *cursor, uint32_t count, struct audit_list *out)
{
	out->items = calloc(count + 1u, sizeof(*out->items));
	if (out->items == NULL)
		return false;
	for (; out->count < count; out->count++)
		walk_alarm(cursor, &out->items[out->count]);
	return out->total >= count;
}

static bool
read_users(struct cursor *cursor, uint32_t count, struct audit_users *out)
{
	for (uint32_t i = 0; i < count; i++)
	{
		struct audit_user user = {0};

		walk_user(cursor, &user);
		if (audit_users_find(out, user.id) != NULL ||
			audit_users_add(out, &user) == NULL)
			return false;
	}
	return true;
}

/* Reads all but the hash at the end, which was right. */
static bool
read_state(struct cursor *cursor, struct audit_state *out)
{
	struct counts counts = {0};

	walk_head(cursor, out, &counts);
	return cursor->good && out->edge.size <= MERKLE_MAX_SIZE &&
		   counts_fit(cursor, &counts) &&
		   read_alarms(cursor, counts.alarms, &out->alarms) &&
		   read_users(cursor, counts.users, &out->users) && cursor->good;
}

/* Does the file end with the hash of all before? */
static bool
is_whole(const struct store_text *text)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	size_t size;

	if (text->size < sizeof(hash))
		return false;
	size = text->size - sizeof(hash);
	SHA256((const uint8_t *) text->bytes, size, hash);
	return memcmp(hash, text->bytes + size, sizeof(hash)) == 0;
}

enum result
audit_state_load(const struct store *store, const char *name,
				 struct audit_state *out, struct fault *fault)
{
	struct store_text text;
	struct cursor cursor = {.good = true};
	enum result result = store_read(store, name, &text, fault);

	*out = (struct audit_state){0};
	if (result != RESULT_OK || text.bytes == NULL)
		return result;
	cursor.at = (uint8_t *) text.bytes;
	cursor.end = cursor.at + text.size - SHA256_DIGEST_LENGTH;
	if (!is_whole(&text) || !read_state(&cursor, out))
	{
		result = document_damaged(store, name, fault);
		audit_state_free(out);
	}
	store_release(&text);
	return result;
}

/* All but the alarms. */
static void
forget_entries(struct audit_state *state)
{
	struct audit_list alarms = state->alarms;

	audit_users_free(&state->users);
	*state = (struct audit_state){.alarms = alarms};
}

void
audit_state_restart(struct audit_state *state, const char *verifier)
{
	forget_entries(state);
	memcpy(state->verifier, verifier, strlen(verifier) + 1);
}

void
audit_state_free(struct audit_state *state)
{
	forget_entries(state);
	audit_list_free(&state->alarms);
}
