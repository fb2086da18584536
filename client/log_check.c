/*
 * log_check.c
 *		What a session checks against the key log, and remembers of it.
 */
#include "field.h"
#include "key_proof.h"
#include "log_check.h"
#include "log_file.h"
#include "log_follow.h"
#include "log_history.h"

/* Saves the pin; a failure that is there already is the one to tell of. */
static enum result
keep(struct session *session, enum result result, struct fault *fault)
{
	struct fault saving;
	enum result saved = log_file_save(&session->store, &session->log, &saving);

	if (result != RESULT_OK || saved == RESULT_OK)
		return result;
	*fault = saving;
	return saved;
}

static enum result
refuse_key(const struct key_object *key, const char *problem,
		   struct fault *fault)
{
	return fault_set(fault, RESULT_UNTRUSTED,
					 "The server may have made up the key for you alone. "
					 "Nothing was sealed to it.",
					 "version %u of the key of %s is not usable: %s",
					 key->version, key->username, problem);
}

/* Pins the log that a key object speaks of. */
static enum result
need_pin(struct session *session, const struct key_object *key,
		 struct fault *fault)
{
	bool off = false;
	enum result result =
		log_is_pinned(&session->log)
			? RESULT_OK
			: log_begin(&session->http, &session->log, &off, fault);

	return off ? refuse_key(key,
							"it comes with a proof, but the server says "
							"that it keeps no key log",
							fault)
			   : result;
}

/* The steps of log_check_key(), for a key that has a member "log". */
static enum result
check_member(struct session *session, const json_t *member,
			 const struct key_object *key, struct fault *fault)
{
	struct key_proof proof;
	struct checkpoint checkpoint;
	const char *problem;
	enum result result;

	if (!key_proof_read(member, &proof))
		return refuse_key(key, "its member \"log\" is not a proof", fault);
	problem = key_proof_compare(&proof.entry, key, session->account.service);
	if (problem != NULL)
		return refuse_key(key, problem, fault);
	result = need_pin(session, key, fault);
	if (result == RESULT_OK)
		result = log_follow(&session->http, &session->log, proof.checkpoint,
							&checkpoint, fault);
	if (result != RESULT_OK)
		return result;
	problem = key_proof_verify(&proof, &checkpoint);
	return problem ? refuse_key(key, problem, fault) : RESULT_OK;
}

enum result
log_check_key(struct session *session, const json_t *object,
			  const struct key_object *key, struct fault *fault)
{
	enum result result = RESULT_OK;

	if (field_present(object, "log"))
		result =
			check_member(session, json_object_get(object, "log"), key, fault);
	else if (log_is_pinned(&session->log))
		result = log_vanished(&session->log, fault);
	return keep(session, result, fault);
}

/* Pins the log if there is one and it can be looked at. */
static enum result
pin_first(struct session *session, struct fault *fault)
{
	bool off;
	enum result result = log_begin(&session->http, &session->log, &off, fault);

	if (result != RESULT_NETWORK)
		return result;
	session_notice(session, "the key log can't be looked at now: %s",
				   fault->message);
	return RESULT_OK;
}

enum result
log_check_own(struct session *session, struct fault *fault)
{
	struct log_pin *pin = &session->log;
	enum result result = RESULT_OK;

	if (session->checking || session->account.version == 0)
		return RESULT_OK;
	session->checking = true;
	if (!log_is_pinned(pin))
		result = pin_first(session, fault);
	if (result == RESULT_OK && log_is_pinned(pin))
		result = log_history_check(session, pin, false, fault);
	session->checking = false;
	return keep(session, result, fault);
}

enum result
log_check_after(struct session *session, struct fault *fault)
{
	enum result result = log_check_own(session, fault);

	if (result == RESULT_NETWORK)
	{
		session_notice(session, "the key log can't be looked at now: %s",
					   fault->message);
		return RESULT_OK;
	}
	if (result == RESULT_OK && log_is_pinned(&session->log) &&
		session->log.version < session->account.version)
		session_notice(session,
					   "the key log does not hold the new key yet; until then "
					   "nobody else gets it");
	return result;
}

enum result
log_check_head(struct session *session, const char *peer, bool word_counts,
			   const uint8_t *head, struct fault *fault)
{
	return keep(session,
				log_compare(&session->http, &session->log, peer, word_counts,
							head, fault),
				fault);
}

enum result
log_check_sending(struct session *session, struct fault *fault)
{
	struct log_pin *pin = &session->log;
	enum result result = RESULT_OK;

	if (pin->problem[0] == '\0' && log_is_pinned(pin) && pin->number == 0)
		result = log_check_own(session, fault);
	if (pin->problem[0] != '\0')
		return fault_set(fault, RESULT_UNTRUSTED,
						 "e2emsg log" AS " shows the key log; e2emsg log "
						 "accept" AS " ends this.",
						 "nothing is sent: %s", pin->problem);
	if (result == RESULT_OK && log_is_pinned(pin) && pin->number == 0)
		return fault_set(fault, RESULT_NETWORK, "Try again a little later.",
						 "the key log does not hold your key yet, so that "
						 "nobody could verify what you send");
	return result;
}
