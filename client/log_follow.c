/*
 * log_follow.c
 *		Follows the server's key log from the pinned checkpoint on.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log_follow.h"
#include "log_succession.h"

void
log_name(const struct note_verifier *verifier, char out[LOG_NAME_SIZE])
{
	const uint8_t *id = verifier->key_id;

	snprintf(out, LOG_NAME_SIZE, "%s (key %02x%02x%02x%02x)", verifier->name,
			 id[0], id[1], id[2], id[3]);
}

enum result
log_break(struct log_pin *pin, struct fault *fault, const char *format, ...)
{
	char problem[LOG_PROBLEM_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(problem, sizeof(problem), format, args);
	va_end(args);
	log_pin_break(pin, problem);
	return fault_set(fault, RESULT_UNTRUSTED, LOG_BROKEN_HINT, "%s", problem);
}

enum result
log_doubt(struct log_pin *pin, bool word_counts, struct fault *fault,
		  const char *format, ...)
{
	char problem[LOG_PROBLEM_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(problem, sizeof(problem), format, args);
	va_end(args);
	if (word_counts)
		return log_break(pin, fault, "%s", problem);
	memcpy(pin->hearsay, problem, sizeof(problem));
	return fault_set(fault, RESULT_UNTRUSTED, NULL, "%s", problem);
}

enum result
log_vanished(struct log_pin *pin, struct fault *fault)
{
	char name[LOG_NAME_SIZE];

	log_name(&pin->verifier, name);
	return log_break(pin, fault,
					 "the server shows no key log any more; %s had %" PRIu64
					 " entries",
					 name, pin->size);
}

enum result
log_begin(struct http *http, struct log_pin *pin, bool *off,
		  struct fault *fault)
{
	struct log_view view;
	enum result result = log_server_view(http, &view, off, fault);

	if (result == RESULT_OK && !*off &&
		!log_pin_begin(pin, view.verifier, view.checkpoint))
		result = fault_set(fault, RESULT_UNTRUSTED, NULL,
						   "the key log that the server shows is not signed "
						   "by the key that it names");
	log_view_free(&view);
	return result;
}

/* The server's log has another key: does the old one vouch for it? */
static enum result
meet_other_log(struct log_pin *pin, const struct note_verifier *now,
			   const json_t *successions, struct fault *fault)
{
	char old_name[LOG_NAME_SIZE], new_name[LOG_NAME_SIZE];
	struct log_succession said;

	log_name(&pin->verifier, old_name);
	log_name(now, new_name);
	if (!log_succession_find(successions, &pin->verifier, now, &said))
		return log_break(pin, fault,
						 "the server shows another key log, %s, than %s, and "
						 "nobody vouches for it",
						 new_name, old_name);
	return log_break(
		pin, fault,
		"the operator started a new key log, %s, and says so by "
		"the key of %s: that ended at %" PRIu64 " entries (%" PRIu64
		" were seen here), the new one begins with %" PRIu64,
		new_name, old_name, said.old_size, pin->size, said.new_size);
}

/* Asks for the server's log, which must be the pinned one. */
static enum result
view_pinned(struct http *http, struct log_pin *pin, struct log_view *view,
			struct fault *fault)
{
	struct note_verifier now;
	bool off;
	enum result result = log_server_view(http, view, &off, fault);

	if (result != RESULT_OK)
		return result;
	if (off)
		return log_vanished(pin, fault);
	if (!note_verifier_parse(view->verifier, &now))
		return fault_set(fault, RESULT_UNTRUSTED, NULL,
						 "the server names a key of its key log that is none");
	if (!log_succession_same_key(&now, &pin->verifier))
		return meet_other_log(pin, &now, view->successions, fault);
	return RESULT_OK;
}

/* Fetches and verifies the proof between the pinned size and another one. */
static enum result
ask_proof(struct http *http, struct log_pin *pin,
		  const struct checkpoint *seen, bool *proved, struct fault *fault)
{
	bool newer = seen->size > pin->size;
	struct log_consistency proof;
	bool off, none;
	enum result result = log_server_consistency(
		http, newer ? pin->size : seen->size, newer ? seen->size : pin->size,
		&proof, &off, &none, fault);

	*proved = false;
	if (result != RESULT_OK)
		return result;
	if (off)
		return log_vanished(pin, fault);
	*proved = !none && log_pin_proves(pin, seen->size, seen->root, proof.proof,
									  proof.count);
	return RESULT_OK;
}

/* Does the log that the server shows go on from the pinned one? */
static enum result
prove(struct http *http, struct log_pin *pin, const struct checkpoint *seen,
	  struct fault *fault)
{
	bool newer = seen->size > pin->size;
	bool proved;
	enum result result = ask_proof(http, pin, seen, &proved, fault);

	if (result != RESULT_OK || proved)
		return result;
	return log_break(
		pin, fault,
		newer ? "the server shows a key log of %" PRIu64
				" entries that does not continue the %" PRIu64 " seen before"
			  : "the key log went back to %" PRIu64
				" entries, which do not lead to the %" PRIu64 " seen before",
		seen->size, pin->size);
}

static enum result
refuse_checkpoint(const struct log_pin *pin, enum log_sight sight,
				  struct fault *fault)
{
	char name[LOG_NAME_SIZE];

	log_name(&pin->verifier, name);
	return fault_set(fault, RESULT_UNTRUSTED, NULL,
					 sight == LOG_FOREIGN
						 ? "the server sent a checkpoint of the key log that "
						   "%s did not sign"
						 : "the server sent a checkpoint of %s that is "
						   "malformed, or whose signature is wrong",
					 name);
}

/* Does what a checkpoint asks for. */
static enum result
settle(struct http *http, struct log_pin *pin, const char *note,
	   enum log_sight sight, const struct checkpoint *seen,
	   struct fault *fault)
{
	enum result result;

	switch (sight)
	{
		case LOG_SAME:
			return RESULT_OK;
		case LOG_OLDER:
			return prove(http, pin, seen, fault);
		case LOG_NEWER:
			result = prove(http, pin, seen, fault);
			if (result == RESULT_OK)
				log_pin_move(pin, note, seen);
			return result;
		case LOG_FORKED:
			return log_break(pin, fault,
							 "the server signed two different key logs of "
							 "%" PRIu64 " entries: one is shown now, the "
							 "other one was seen before",
							 seen->size);
		case LOG_FOREIGN:
		case LOG_UNFIT:
			break;
	}
	return refuse_checkpoint(pin, sight, fault);
}

enum result
log_follow(struct http *http, struct log_pin *pin, const char *note,
		   struct checkpoint *seen, struct fault *fault)
{
	enum log_sight sight = log_pin_judge(pin, note, seen);
	struct log_view view;
	enum result result = RESULT_OK;

	if (sight == LOG_FOREIGN)
	{
		result = view_pinned(http, pin, &view, fault);
		log_view_free(&view);
	}
	return result == RESULT_OK ? settle(http, pin, note, sight, seen, fault)
							   : result;
}

enum result
log_look(struct http *http, struct log_pin *pin, struct fault *fault)
{
	struct log_view view;
	struct checkpoint seen;
	enum result result = view_pinned(http, pin, &view, fault);

	if (result == RESULT_OK)
		result =
			settle(http, pin, view.checkpoint,
				   log_pin_judge(pin, view.checkpoint, &seen), &seen, fault);
	log_view_free(&view);
	return result;
}

/* A peer saw a smaller log: was it the beginning of this one? */
static enum result
compare_older(struct http *http, struct log_pin *pin, const char *peer,
			  const struct checkpoint *seen, struct fault *fault)
{
	bool proved;
	enum result result = ask_proof(http, pin, seen, &proved, fault);

	if (result != RESULT_OK || proved)
		return result;
	return log_break(pin, fault,
					 "%s saw a key log of %" PRIu64
					 " entries that is not the beginning of the %" PRIu64
					 " seen here",
					 peer, seen->size, pin->size);
}

/* What is left to say once the newest checkpoint is pinned. */
static enum result
compare_now(struct http *http, struct log_pin *pin, const char *peer,
			bool word_counts, const uint8_t *head, struct fault *fault)
{
	char name[LOG_NAME_SIZE];
	struct checkpoint seen;

	log_name(&pin->verifier, name);
	switch (log_pin_judge_head(pin, head, &seen))
	{
		case LOG_SAME:
			return RESULT_OK;
		case LOG_OLDER:
			return compare_older(http, pin, peer, &seen, fault);
		case LOG_NEWER:
			return log_break(pin, fault,
							 "the server shows a smaller key log than %s saw: "
							 "%" PRIu64 " entries, not %" PRIu64,
							 peer, pin->size, seen.size);
		case LOG_FORKED:
			return log_break(pin, fault,
							 "%s saw another key log of %" PRIu64
							 " entries than this account",
							 peer, seen.size);
		case LOG_FOREIGN:
			return log_doubt(pin, word_counts, fault,
							 "%s saw a key log of another key "
							 "(%02x%02x%02x%02x) than %s",
							 peer, head[0], head[1], head[2], head[3], name);
		case LOG_UNFIT:
			break;
	}
	return log_doubt(pin, word_counts, fault,
					 "%s sent a head of the key log that %s did not sign",
					 peer, name);
}

enum result
log_compare(struct http *http, struct log_pin *pin, const char *peer,
			bool word_counts, const uint8_t *head, struct fault *fault)
{
	struct checkpoint seen;
	enum log_sight sight = log_pin_judge_head(pin, head, &seen);
	bool off = false;
	enum result result = RESULT_OK;

	if (sight == LOG_SAME)
		return RESULT_OK;
	if (!log_is_pinned(pin))
		result = log_begin(http, pin, &off, fault);
	else if (sight == LOG_NEWER || sight == LOG_FOREIGN)
		result = log_look(http, pin, fault);
	if (off)
		return log_doubt(pin, word_counts, fault,
						 "%s saw a key log, but the server shows none here",
						 peer);
	if (result == RESULT_UNTRUSTED && !pin->broken)
		return log_doubt(pin, word_counts || sight == LOG_NEWER, fault,
						 "what %s saw can't be compared: %s", peer,
						 fault->message);
	return result == RESULT_OK
			   ? compare_now(http, pin, peer, word_counts, head, fault)
			   : result;
}
