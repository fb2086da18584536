/*
 * audit_state_test.c
 *		What an auditor remembers: written, read again, damaged.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "audit_state.h"
#include "tap.h"

#define FILE_NAME "log-0"
#define USERS 3

/* A state with something in every place. */
static void
fill(struct audit_state *state)
{
	struct audit_user user = {.number = 7,
							  .version = 3,
							  .deleted = true,
							  .without_key = UINT64_MAX / 5};
	uint8_t hash[MERKLE_HASH_SIZE] = {9};

	strcpy(state->verifier, "msg.test/log+00000000+x");
	for (int i = 0; i < 11; i++)
		if (!merkle_edge_append(&state->edge, hash))
			abort();
	state->rounds = 5;
	state->begin_size = UINT64_MAX / 3;
	memset(state->service, 1, sizeof(state->service));
	memset(state->begin_root, 2, sizeof(state->begin_root));
	audit_list_add(&state->alarms, 4, "alice", "an alarm");
	audit_list_add(&state->alarms, AUDIT_NO_LEAF, NULL, "another");
	for (uint8_t i = 0; i < USERS; i++)
	{
		hash[0] = user.id[0] = user.leaf_hash[31] = user.identity.y[0] = i;
		snprintf(user.username, sizeof(user.username), "user%d", i);
		if (audit_users_add(&state->users, &user) == NULL)
			abort();
	}
}

static bool
same_list(const struct audit_list *a, const struct audit_list *b)
{
	bool good = a->count == b->count && a->total == b->total;

	for (size_t i = 0; good && i < a->count; i++)
		good = a->items[i].leaf == b->items[i].leaf &&
			   strcmp(a->items[i].username, b->items[i].username) == 0 &&
			   strcmp(a->items[i].text, b->items[i].text) == 0;
	return good;
}

static bool
same_user(const struct audit_user *a, const struct audit_user *b)
{
	return memcmp(a->id, b->id, sizeof(a->id)) == 0 &&
		   strcmp(a->username, b->username) == 0 && a->deleted == b->deleted &&
		   a->number == b->number && a->version == b->version &&
		   a->without_key == b->without_key &&
		   memcmp(&a->identity, &b->identity, sizeof(a->identity)) == 0 &&
		   memcmp(a->leaf_hash, b->leaf_hash, sizeof(a->leaf_hash)) == 0;
}

static bool
same_users(const struct audit_users *a, const struct audit_users *b)
{
	bool good = a->count == b->count;

	for (size_t i = 0; good && i < a->count; i++)
		good = same_user(audit_users_at(a, i),
						 audit_users_find(b, audit_users_at(a, i)->id));
	return good;
}

static bool
same_state(const struct audit_state *a, const struct audit_state *b)
{
	uint8_t one[MERKLE_HASH_SIZE], other[MERKLE_HASH_SIZE];

	merkle_edge_root(&a->edge, one);
	merkle_edge_root(&b->edge, other);
	return strcmp(a->verifier, b->verifier) == 0 &&
		   a->edge.size == b->edge.size &&
		   memcmp(one, other, sizeof(one)) == 0 && a->rounds == b->rounds &&
		   memcmp(a->service, b->service, sizeof(a->service)) == 0 &&
		   a->begin_size == b->begin_size &&
		   memcmp(a->begin_root, b->begin_root, sizeof(one)) == 0 &&
		   same_list(&a->alarms, &b->alarms) &&
		   same_users(&a->users, &b->users);
}

static enum result
load(const struct store *store, struct audit_state *out)
{
	struct fault fault;

	return audit_state_load(store, FILE_NAME, out, &fault);
}

static void
write_file(const struct store *store, const struct store_text *text,
		   size_t size)
{
	struct fault fault;

	if (store_write(store, FILE_NAME, text->bytes, size, &fault) != RESULT_OK)
		abort();
}

/* Is the file refused, and nothing left in the state? */
static bool
is_refused(const struct store *store)
{
	struct audit_state state;

	return load(store, &state) == RESULT_REFUSED &&
		   state.verifier[0] == '\0' && state.users.count == 0;
}

static void
check_damage(struct tap *tap, const struct store *store,
			 const struct store_text *text)
{
	bool good = true;

	for (size_t i = 0; i < text->size; i += 61)
	{
		text->bytes[i] ^= 1;
		write_file(store, text, text->size);
		good &= is_refused(store);
		text->bytes[i] ^= 1;
		write_file(store, text, i);
		good &= is_refused(store);
	}
	tap_ok(tap, good, "a byte changed, a file cut off");
}

/* Damage with the right hash is refused, or read as what it says. */
static void
check_forgery(struct tap *tap, const struct store *store,
			  const struct store_text *text)
{
	size_t body = text->size - SHA256_DIGEST_LENGTH;
	size_t refused = 0;

	for (size_t i = 0; i < body; i += 11)
	{
		struct audit_state state;
		char before = text->bytes[i];

		text->bytes[i] = (char) 0xFF;
		SHA256((const uint8_t *) text->bytes, body,
			   (uint8_t *) text->bytes + body);
		write_file(store, text, text->size);
		refused += load(store, &state) != RESULT_OK;
		audit_state_free(&state);
		text->bytes[i] = before;
	}
	tap_ok(tap, refused > 0 && refused < body / 11,
		   "damage with the right hash");
}

static void
check_all(struct tap *tap, const struct store *store)
{
	struct audit_state state = {0}, again;
	struct store_text text;
	struct fault fault;

	tap_ok(tap, load(store, &again) == RESULT_OK && again.edge.size == 0,
		   "no file is an empty state");
	fill(&state);
	tap_ok(tap,
		   audit_state_save(store, FILE_NAME, &state, &fault) == RESULT_OK &&
			   load(store, &again) == RESULT_OK && same_state(&state, &again),
		   "written and read again");
	audit_state_free(&again);
	if (store_read(store, FILE_NAME, &text, &fault) != RESULT_OK)
		abort();
	check_damage(tap, store, &text);
	check_forgery(tap, store, &text);
	store_release(&text);
	audit_state_restart(&state, "other");
	tap_ok(tap,
		   strcmp(state.verifier, "other") == 0 && state.edge.size == 0 &&
			   state.users.count == 0 && state.alarms.total == 2,
		   "a new beginning forgets all but the alarms");
	audit_state_free(&state);
}

int
main(void)
{
	struct tap tap = {0};
	struct store store;
	struct fault fault;
	const char *folder = getenv("TMPDIR");
	char home[PATH_MAX];

	snprintf(home, sizeof(home), "%s/e2emsg-audit.XXXXXX",
			 folder ? folder : "/tmp");
	if (mkdtemp(home) == NULL ||
		store_open(home, ".audit", true, &store, &fault) != RESULT_OK)
		return EXIT_FAILURE;
	check_all(&tap, &store);
	if (store_remove(&store, FILE_NAME, &fault) != RESULT_OK ||
		store_remove(&store, "lock", &fault) != RESULT_OK)
		return EXIT_FAILURE;
	rmdir(store.path);
	store_close(&store);
	rmdir(home);
	return tap_end(&tap);
}
