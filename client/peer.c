/*
 * peer.c
 *		Keys of peers: fetched, verified, judged, remembered.
 */
#include <string.h>

#include "backup_sync.h"
#include "blocks.h"
#include "keyring.h"
#include "log_check.h"
#include "peer.h"
#include "server.h"

static enum result
save(struct session *session, struct fault *fault)
{
	return contacts_save(&session->store, &session->contacts, fault);
}

/*
 * Is a key of the user's own name the one in the keyring?  That of another
 * device comes with the backup.
 */
static enum result
check_own(struct session *session, const struct key_object *seen,
		  struct fault *fault)
{
	struct keypair own = {0};
	bool same;
	enum result result;

	if (strcmp(seen->username, session->account.username) != 0)
		return RESULT_OK;
	result = backup_fetch_key(session, seen->version, fault);
	if (result == RESULT_OK)
		result = keyring_load(&session->store, seen->version, &own, fault);
	if (result != RESULT_OK && result != RESULT_UNREADABLE)
		return result;
	same = result == RESULT_OK &&
		   memcmp(&own.public_key, &seen->key, sizeof(seen->key)) == 0;
	keypair_free(&own);
	return same ? RESULT_OK
				: fault_set(fault, RESULT_UNTRUSTED, NULL,
							"the server gives a key for %s that is not yours",
							seen->username);
}

/* Meets a peer for the first time, and says so. */
static enum result
begin(struct session *session, const struct key_object *seen,
	  struct contact **out, struct fault *fault)
{
	bool own = strcmp(seen->username, session->account.username) == 0;

	*out = contacts_add(&session->contacts);
	if (*out == NULL)
		return fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	contact_begin(*out, seen);
	(*out)->accepted = own && !seen->has_identity;
	if (own)
		session_notice(session, "this is your own mailbox");
	else if (seen->has_identity)
		session_notice(session,
					   "first contact with %s; compare the safety number: "
					   "e2emsg verify %s" AS,
					   seen->username, seen->username);
	else
		session_notice(session,
					   "first contact with %s, who has no identity key: the "
					   "server could have made up this key",
					   seen->username);
	return save(session, fault);
}

/*
 * Applies the verdict on a key object to the contact.  "version" is what was
 * asked for, 0 for the current one.
 */
static enum result
apply(struct session *session, struct contact *contact,
	  const struct key_object *seen, uint32_t version, enum verdict verdict,
	  struct fault *fault)
{
	if (verdict == VERDICT_CONFLICT ||
		(verdict == VERDICT_OLDER && version == 0))
		return contact_refuse(contact, verdict, fault);
	if (verdict == VERDICT_KNOWN && contact_has_newest(contact))
		return RESULT_OK;
	if (verdict == VERDICT_ROTATED && contact->key_count > 0)
		session_notice(session, "%s rotated to key version %u", seen->username,
					   seen->version);
	if (verdict == VERDICT_KNOWN || verdict == VERDICT_ROTATED ||
		verdict == VERDICT_OLDER)
		contact_learn(contact, seen);
	else if (version == 0 || version > contact->met)
	{
		contact->changed = true;
		session_notice(session, "%s: %s; see e2emsg trust %s" AS,
					   seen->username, verdict_meaning(verdict),
					   seen->username);
	}
	return save(session, fault);
}

/* Is it the key of the user and the version that were asked for? */
static enum result
check_asked(const struct session *session, const char *who, uint32_t version,
			const struct key_object *seen, struct fault *fault)
{
	const struct contact *owner =
		contacts_by_id(&session->contacts, &seen->user_id);
	char id[UUID_TEXT_SIZE];

	uuid_print(&seen->user_id, id);
	if ((owner != NULL && strcmp(owner->username, seen->username) != 0) ||
		(strcmp(seen->username, who) != 0 && strcmp(id, who) != 0) ||
		(version != 0 && version != seen->version))
		return fault_set(fault, RESULT_UNTRUSTED, NULL,
						 "the server sent another key than the one asked for");
	return RESULT_OK;
}

/* Is it logged, and not a stranger's in the user's own name? */
static enum result
check_seen(struct session *session, const json_t *object,
		   const struct key_object *seen, struct fault *fault)
{
	enum result result = log_check_key(session, object, seen, fault);

	return result == RESULT_OK ? check_own(session, seen, fault) : result;
}

/* Fetches a key and verifies it. */
static enum result
fetch(struct session *session, const char *who, uint32_t version,
	  struct key_object *out, struct fault *fault)
{
	json_t *object;
	enum result result = server_key(session, who, version, &object, fault);

	if (result != RESULT_OK)
		return result;
	if (object == NULL && version == 0)
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "there is no user %s on this server", who);
	if (object == NULL)
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "the server has no key of version %u for %s", version,
						 who);
	result = key_object_read(object, session->account.service, out, fault);
	if (result == RESULT_OK)
		result = check_asked(session, who, version, out, fault);
	if (result == RESULT_OK)
		result = check_seen(session, object, out, fault);
	json_decref(object);
	return result;
}

/* Takes the user's own newest key from the keyring, after a rotation. */
static enum result
follow_own(struct session *session, struct contact *own, struct fault *fault)
{
	struct key_object seen = {.version = session->account.version};
	struct keypair pair = {0};
	enum result result =
		keyring_load(&session->store, seen.version, &pair, fault);

	if (result != RESULT_OK)
		return result;
	seen.key = pair.public_key;
	jwk_thumbprint(&seen.key, seen.thumbprint);
	keypair_free(&pair);
	contact_learn(own, &seen);
	own->accepted = !own->has_identity;
	return save(session, fault);
}

enum result
peer_find(struct session *session, const char *username, struct contact **out,
		  struct fault *fault)
{
	struct key_object seen;
	enum result result;

	*out = contacts_by_name(&session->contacts, username);
	if (*out != NULL && strcmp(username, session->account.username) == 0 &&
		(*out)->keys[0].version < session->account.version)
		return follow_own(session, *out, fault);
	if (*out != NULL && contact_has_newest(*out))
		return RESULT_OK;
	result = fetch(session, username, 0, &seen, fault);
	if (result != RESULT_OK)
		return result;
	return *out == NULL ? begin(session, &seen, out, fault)
						: apply(session, *out, &seen, 0,
								contact_judge(*out, &seen), fault);
}

enum result
peer_may_receive(const struct session *session, const struct contact *contact,
				 bool unsigned_ok, struct fault *fault)
{
	const char *name = contact->username;
	enum result result;

	if (blocks_have(session->blocks, &contact->id))
	{
		(void) fault_set(fault, RESULT_REFUSED, NULL,
						 "you block %s; nothing was sent", name);
		snprintf(fault->hint, sizeof(fault->hint),
				 "Unblock first: e2emsg unblock %s" AS, name);
		return RESULT_REFUSED;
	}
	result = contact_may_receive(contact, unsigned_ok, fault);
	if (result == RESULT_OK)
		return result;
	if (contact->changed)
		snprintf(fault->hint, sizeof(fault->hint),
				 "Ask %s by another way, then: e2emsg trust %s" AS, name,
				 name);
	else if (contact_differs(contact))
		snprintf(fault->hint, sizeof(fault->hint),
				 "Compare again, by another way: e2emsg verify %s" AS
				 ". To write all the same: e2emsg trust %s" AS,
				 name, name);
	else
		snprintf(fault->hint, sizeof(fault->hint),
				 "Accept the key with: e2emsg trust %s" AS
				 "  (or send --unsigned-ok)",
				 name);
	return result;
}

enum result
peer_look(struct session *session, const char *username,
		  struct key_object *out, struct fault *fault)
{
	return fetch(session, username, 0, out, fault);
}

enum result
peer_update(struct session *session, struct contact *contact,
			const json_t *object, struct fault *fault)
{
	struct key_object seen;
	enum result result =
		key_object_read(object, session->account.service, &seen, fault);

	if (result != RESULT_OK)
		return result;
	if (strcmp(seen.username, contact->username) != 0)
		return fault_set(fault, RESULT_UNTRUSTED, NULL,
						 "the server sent the key of %s in place of %s",
						 seen.username, contact->username);
	result = check_seen(session, object, &seen, fault);
	if (result != RESULT_OK)
		return result;
	return apply(session, contact, &seen, 0, contact_judge(contact, &seen),
				 fault);
}

/* Fetches a sender's key and finds, or makes, the contact it belongs to. */
static enum result
fetch_sender(struct session *session, const struct uuid *sender,
			 uint32_t version, struct peer_key *out, struct fault *fault)
{
	char id[UUID_TEXT_SIZE];
	struct key_object seen;
	enum verdict verdict = VERDICT_KNOWN;
	enum result result;

	uuid_print(sender, id);
	result = fetch(session, id, version, &seen, fault);
	if (result != RESULT_OK) /* the server's no is one to this message */
		return result == RESULT_REFUSED ? RESULT_UNTRUSTED : result;
	out->contact = contacts_by_name(&session->contacts, seen.username);
	if (out->contact == NULL)
		result = begin(session, &seen, &out->contact, fault);
	else
	{
		verdict = contact_judge(out->contact, &seen);
		result = apply(session, out->contact, &seen, version, verdict, fault);
	}
	if (result != RESULT_OK)
		return result;
	out->key.version = seen.version;
	out->key.key = seen.key;
	memcpy(out->key.thumbprint, seen.thumbprint, JWK_THUMBPRINT_SIZE);
	out->flagged = out->contact->changed || verdict == VERDICT_CHANGED ||
				   verdict == VERDICT_VANISHED || verdict == VERDICT_APPEARED;
	return RESULT_OK;
}

enum result
peer_sender_key(struct session *session, const struct uuid *sender,
				uint32_t version, struct peer_key *out, struct fault *fault)
{
	struct contact *contact = contacts_by_id(&session->contacts, sender);
	const struct contact_key *kept =
		contact ? contact_key(contact, version) : NULL;

	if (kept != NULL)
	{
		out->contact = contact;
		out->key = *kept;
		out->flagged = contact->changed;
		return RESULT_OK;
	}
	return fetch_sender(session, sender, version, out, fault);
}
