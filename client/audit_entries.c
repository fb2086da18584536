/*
 * audit_entries.c
 *		Takes the entries of a key log into the state of its audit, one by one.
 */
#include <inttypes.h>
#include <string.h>

#include "audit_entries.h"
#include "plural.h"

/* No service removes the keys of a deleted user sooner. */
#define DELETED_KEYS_SECONDS (7 * INT64_C(86400))

static const uint8_t no_service[LOG_SERVICE_SIZE];

/* The service is the same in all entries; the first one says which. */
static void
check_service(struct audit_state *state, const struct log_entry *entry)
{
	if (memcmp(state->service, no_service, sizeof(no_service)) == 0)
		memcpy(state->service, entry->service, sizeof(state->service));
	if (memcmp(state->service, entry->service, sizeof(state->service)) != 0)
		audit_list_add(&state->alarms, state->edge.size, NULL,
					   "it is of another service than the entries before");
}

static void
take_round(struct audit_state *state, const struct log_round_entry *round)
{
	if (round->round - 1 != state->rounds)
		audit_list_add(&state->alarms, state->edge.size, NULL,
					   "it ends round %" PRIu64 ", after round %" PRIu64,
					   round->round, state->rounds);
	state->rounds = round->round;
}

/* A name belongs to the first user who has it. */
static void
check_name(struct audit_state *state, const struct log_user_entry *entry)
{
	const struct audit_user *owner =
		audit_users_named(&state->users, entry->username);

	if (owner != NULL &&
		memcmp(owner->id, entry->user_id, sizeof(owner->id)) != 0)
		audit_list_add(&state->alarms, state->edge.size, entry->username,
					   "the name belongs to another user id");
}

/* The user after the entry, NULL when memory is out. */
static struct audit_user *
follow(struct audit_state *state, struct audit_user *user,
	   const struct audit_event *event, const struct log_row *row)
{
	struct audit_user fresh = {0};

	audit_rules_follow(event, row->leaf_hash, user ? user : &fresh);
	return user ? user : audit_users_add(&state->users, &fresh);
}

/*
 * A deletion that is old enough explains why no identity key is given any
 * more: until then everybody could see that the signatures were right.
 */
static void
note_key(const struct audit_state *state, const struct log_user_entry *entry,
		 bool without_key, time_t now, struct audit_user *user)
{
	int64_t age = (int64_t) now - entry->time / 1000;

	if (entry->event == LOG_EVENT_DELETED)
	{
		if (age >= DELETED_KEYS_SECONDS)
			user->without_key = 0;
	}
	else if (without_key && user->without_key == 0)
		user->without_key = state->edge.size + 1;
}

static bool
take_user(struct audit_state *state, const struct log_row *row,
		  const struct log_entry *entry, time_t now,
		  struct audit_list *remarks)
{
	const struct audit_event event = {
		.entry = &entry->user,
		.service = entry->service,
		.identity = row->has_identity ? &row->identity : NULL};
	struct audit_user *user =
		audit_users_find(&state->users, entry->user.user_id);
	const char *remark = audit_rules_remark(&entry->user);
	const char *username = entry->user.username;
	struct audit_findings findings;

	audit_rules_judge(user, &event, &findings);
	for (size_t i = 0; i < findings.count; i++)
		audit_list_add(&state->alarms, state->edge.size, username, "%s",
					   findings.problems[i]);
	check_name(state, &entry->user);
	if (remark != NULL)
		audit_list_add(remarks, state->edge.size, username, "%s", remark);
	user = follow(state, user, &event, row);
	if (user != NULL)
		note_key(state, &entry->user, findings.without_key, now, user);
	return user != NULL;
}

/* An entry whose bytes are there. */
static bool
take_entry(struct audit_state *state, const struct log_row *row, time_t now,
		   struct audit_list *remarks)
{
	struct log_entry entry;

	if (!log_entry_decode(row->bytes, row->size, &entry))
	{
		audit_list_add(&state->alarms, state->edge.size, NULL,
					   "it is not an entry of a key log, but %zu byte%s",
					   row->size, PLURAL(row->size, "", "s"));
		return true;
	}
	check_service(state, &entry);
	if (entry.kind == LOG_ENTRY_USER)
		return take_user(state, row, &entry, now, remarks);
	if (row->has_identity)
		audit_list_add(&state->alarms, state->edge.size, NULL,
					   "the end of a round comes with an identity key");
	take_round(state, &entry.round);
	return true;
}

/* After which entries a log that succeeded another must have which root. */
static void
check_beginning(struct audit_state *state)
{
	uint8_t root[MERKLE_HASH_SIZE];

	if (state->edge.size != state->begin_size)
		return;
	merkle_edge_root(&state->edge, root);
	if (memcmp(root, state->begin_root, sizeof(root)) != 0)
		audit_list_add(&state->alarms, AUDIT_NO_LEAF, NULL,
					   "the log does not begin with the %" PRIu64
					   " entries that it is said to begin with",
					   state->begin_size);
}

bool
audit_entries_take(struct audit_state *state, const struct log_row *row,
				   time_t now, struct audit_list *remarks)
{
	bool done = true;

	if (row->size > 0)
		done = take_entry(state, row, now, remarks);
	else
		audit_list_add(&state->alarms, state->edge.size, NULL,
					   "the entry is withheld: nobody can see what it is");
	if (!done || !merkle_edge_append(&state->edge, row->leaf_hash))
		return false;
	check_beginning(state);
	return true;
}

void
audit_entries_end(struct audit_state *state)
{
	for (size_t i = 0; i < state->users.count; i++)
	{
		struct audit_user *user = audit_users_at(&state->users, i);

		if (user->without_key == 0)
			continue;
		audit_list_add(&state->alarms, user->without_key - 1, user->username,
					   "the identity key that it names is withheld");
		user->without_key = 0;
	}
}
