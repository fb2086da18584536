/*
 * audit_origin.c
 *		Whose log is it, and is its checkpoint one of it?
 */
#include <inttypes.h>
#include <string.h>

#include "audit_origin.h"
#include "log_succession.h"

static void
alarm_log(struct audit_state *state, const char *problem, const char *name)
{
	audit_list_add(&state->alarms, AUDIT_NO_LEAF, NULL, "%s %s", problem,
				   name);
}

/* The checkpoint of the log that is pinned. */
static bool
open_checkpoint(struct audit_state *state, const struct note_verifier *pinned,
				const char *note, struct checkpoint *out)
{
	switch (checkpoint_open(note, strlen(note), pinned, out))
	{
		case NOTE_FINE:
			return true;
		case NOTE_MALFORMED:
			alarm_log(state, "the checkpoint is malformed; it should be of",
					  pinned->name);
			break;
		case NOTE_UNSIGNED:
			alarm_log(state, "the checkpoint is not signed by the key of",
					  pinned->name);
			break;
		case NOTE_FORGED:
			alarm_log(state, "the checkpoint has a wrong signature of",
					  pinned->name);
			break;
		case NOTE_OTHER_ORIGIN:
			alarm_log(state, "the checkpoint is of another log, signed by",
					  pinned->name);
			break;
	}
	return false;
}

/* What the old log is said to have ended with, and what was audited of it. */
static void
compare_end(struct audit_state *state, const struct log_succession *succession)
{
	uint8_t root[MERKLE_HASH_SIZE];

	merkle_edge_root(&state->edge, root);
	if (succession->old_size < state->edge.size)
		audit_list_add(&state->alarms, AUDIT_NO_LEAF, NULL,
					   "the old log is said to have ended with %" PRIu64
					   " entries, but %" PRIu64 " were signed",
					   succession->old_size, state->edge.size);
	else if (succession->old_size == state->edge.size &&
			 memcmp(succession->old_root, root, sizeof(root)) != 0)
		audit_list_add(&state->alarms, AUDIT_NO_LEAF, NULL,
					   "the old log is said to have ended with another root "
					   "than the one of its %" PRIu64 " entries",
					   state->edge.size);
}

/* Pins the log that succeeds the pinned one, if one does. */
static bool
succeed(struct audit_state *state, struct note_verifier *pinned,
		const struct note_verifier *shown, const struct log_view *view,
		struct audit_list *remarks)
{
	struct log_succession first;

	if (!log_succession_find(view->successions, pinned, shown, &first))
	{
		alarm_log(state,
				  "this is another key log, and the pinned key does not say "
				  "that it succeeds:",
				  shown->name);
		return false;
	}
	compare_end(state, &first);
	audit_list_add(remarks, AUDIT_NO_LEAF, NULL,
				   "the operator started a new key log, %s, and says so; it "
				   "is audited from its first entry",
				   shown->name);
	audit_state_restart(state, view->verifier);
	if (log_succession_same_key(&first.next, shown))
	{
		state->begin_size = first.new_size;
		memcpy(state->begin_root, first.new_root, sizeof(state->begin_root));
	}
	*pinned = *shown;
	return true;
}

bool
audit_origin_open(struct audit_state *state, const struct log_view *view,
				  struct audit_list *remarks, struct checkpoint *out)
{
	struct note_verifier pinned, shown;

	if (!note_verifier_parse(view->verifier, &shown))
	{
		alarm_log(state, "the server shows no verifier of a key log", "");
		return false;
	}
	if (state->verifier[0] == '\0')
		memcpy(state->verifier, view->verifier, sizeof(state->verifier));
	if (!note_verifier_parse(state->verifier, &pinned))
		return false; /* it was checked when it was pinned */
	if (strcmp(state->verifier, view->verifier) != 0 &&
		!succeed(state, &pinned, &shown, view, remarks))
		return false;
	if (!open_checkpoint(state, &pinned, view->checkpoint, out))
		return false;
	if (out->size >= state->begin_size)
		return true;
	audit_list_add(&state->alarms, AUDIT_NO_LEAF, NULL,
				   "the log has fewer entries, %" PRIu64
				   ", than it is said to begin with, %" PRIu64,
				   out->size, state->begin_size);
	return false;
}
