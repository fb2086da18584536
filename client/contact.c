/*
 * contact.c
 *		A peer as this account remembers it, and the rules of trust.
 */
#include <stdio.h>
#include <string.h>

#include "contact.h"
#include "envelope.h"

static bool
same_thumbprint(const uint8_t a[JWK_THUMBPRINT_SIZE],
				const uint8_t b[JWK_THUMBPRINT_SIZE])
{
	return memcmp(a, b, JWK_THUMBPRINT_SIZE) == 0;
}

/* Is it the remembered identity?  VERDICT_KNOWN when it is. */
static enum verdict
judge_identity(const struct contact *known, const struct key_object *seen)
{
	if (known->has_identity && !seen->has_identity)
		return VERDICT_VANISHED;
	if (!known->has_identity && seen->has_identity)
		return VERDICT_APPEARED;
	if (!uuid_equal(&known->id, &seen->user_id))
		return VERDICT_CHANGED;
	if (known->has_identity && !same_thumbprint(known->identity_thumbprint,
												seen->identity_thumbprint))
		return VERDICT_CHANGED;
	return VERDICT_KNOWN;
}

enum verdict
contact_judge(const struct contact *known, const struct key_object *seen)
{
	const struct contact_key *same = contact_key(known, seen->version);
	const struct contact_key *before = contact_key(known, seen->version - 1);
	enum verdict verdict = judge_identity(known, seen);

	if (verdict != VERDICT_KNOWN)
		return verdict;
	if (same != NULL && !same_thumbprint(same->thumbprint, seen->thumbprint))
		return VERDICT_CONFLICT;
	if (before != NULL &&
		!same_thumbprint(before->thumbprint, seen->previous_thumbprint))
		return VERDICT_CONFLICT;
	if (seen->version == known->met)
		return VERDICT_KNOWN;
	return seen->version > known->met ? VERDICT_ROTATED : VERDICT_OLDER;
}

const char *
verdict_meaning(enum verdict verdict)
{
	switch (verdict)
	{
		case VERDICT_KNOWN:
			return "nothing changed";
		case VERDICT_ROTATED:
			return "the same identity has a newer encryption key";
		case VERDICT_OLDER:
			return "the key version went back";
		case VERDICT_CHANGED:
			return "the identity key is another one";
		case VERDICT_VANISHED:
			return "the identity key vanished";
		case VERDICT_APPEARED:
			return "there is an identity key now";
		case VERDICT_CONFLICT:
			return "a key that was met before was replaced";
	}
	return "";
}

/* Puts a key in its place by version; the lowest one falls out. */
static void
insert_key(struct contact *contact, const struct key_object *seen)
{
	struct contact_key *keys = contact->keys;
	size_t at = 0;

	while (at < contact->key_count && keys[at].version > seen->version)
		at++;
	if (at == CONTACT_KEYS_MAX ||
		(at < contact->key_count && keys[at].version == seen->version))
		return;
	if (contact->key_count < CONTACT_KEYS_MAX)
		contact->key_count++;
	memmove(&keys[at + 1], &keys[at],
			(contact->key_count - 1 - at) * sizeof(keys[0]));
	keys[at].version = seen->version;
	keys[at].key = seen->key;
	memcpy(keys[at].thumbprint, seen->thumbprint, JWK_THUMBPRINT_SIZE);
	if (seen->version > contact->met)
		contact->met = seen->version;
}

void
contact_begin(struct contact *out, const struct key_object *seen)
{
	memset(out, 0, sizeof(*out));
	out->id = seen->user_id;
	memcpy(out->username, seen->username, sizeof(out->username));
	out->has_identity = seen->has_identity;
	out->identity = seen->identity;
	memcpy(out->identity_thumbprint, seen->identity_thumbprint,
		   JWK_THUMBPRINT_SIZE);
	out->suite = SUITE_E2EMSG;
	insert_key(out, seen);
}

void
contact_learn(struct contact *contact, const struct key_object *seen)
{
	if (seen->version > contact->met)
		contact->accepted = false;
	insert_key(contact, seen);
}

bool
contact_differs(const struct contact *contact)
{
	return contact->differs % 2 == 1;
}

/* Counts on when the user says another thing than before. */
static void
say_differs(struct contact *contact, bool differs)
{
	if (contact_differs(contact) == differs)
		return;
	if (contact->differs < CONTACT_DIFFERS_MAX)
		contact->differs++;
	else
		contact->differs--;
	contact->untold = differs;
}

void
contact_compared(struct contact *contact, bool same)
{
	contact->verified = same;
	say_differs(contact, !same);
}

bool
contact_merge(struct contact *contact, const struct contact *other)
{
	bool was_verified = contact->verified;

	if (!contact->has_identity || !other->has_identity ||
		!same_thumbprint(contact->identity_thumbprint,
						 other->identity_thumbprint) ||
		other->differs < contact->differs)
		return false;
	if (other->differs == contact->differs)
	{
		contact->verified |= other->verified;
		return contact->verified != was_verified;
	}
	contact->differs = other->differs;
	contact->verified = other->verified;
	/* What was taken back there is not what was said here, at once. */
	if (contact->untold)
		contact_compared(contact, false);
	return true;
}

enum result
contact_accept(struct contact *contact, const struct key_object *seen,
			   struct fault *fault)
{
	enum verdict verdict = contact_judge(contact, seen);
	int suite = contact->suite;

	if (verdict == VERDICT_OLDER ||
		(verdict == VERDICT_CONFLICT && contact->has_identity))
		return contact_refuse(contact, verdict, fault);
	if (verdict == VERDICT_KNOWN || verdict == VERDICT_ROTATED)
		contact_learn(contact, seen);
	else
		contact_begin(contact, seen);
	contact->suite = suite;
	contact->changed = false;
	say_differs(contact, false);
	contact->accepted = !contact->has_identity;
	return RESULT_OK;
}

enum result
contact_refuse(const struct contact *contact, enum verdict verdict,
			   struct fault *fault)
{
	return fault_set(fault, RESULT_UNTRUSTED,
					 "The server shows another history than before: it may "
					 "have been restored, or it may lie. A later rotation of "
					 "the peer heals an honest one.",
					 "the key of %s is refused: %s (version %u was met)",
					 contact->username, verdict_meaning(verdict),
					 contact->met);
}

const struct contact_key *
contact_key(const struct contact *contact, uint32_t version)
{
	for (size_t i = 0; i < contact->key_count; i++)
		if (contact->keys[i].version == version)
			return &contact->keys[i];
	return NULL;
}

bool
contact_has_newest(const struct contact *contact)
{
	return contact->key_count > 0 && contact->keys[0].version >= contact->met;
}

const char *
contact_standing(const struct contact *contact)
{
	if (contact->changed)
		return "changed";
	if (!contact->has_identity)
		return "unsigned";
	if (contact_differs(contact))
		return "differs";
	return contact->verified ? "verified" : "signed";
}

enum result
contact_may_receive(const struct contact *contact, bool unsigned_ok,
					struct fault *fault)
{
	if (contact->changed)
		return fault_set(fault, RESULT_UNTRUSTED, NULL,
						 "the identity of %s changed; nothing was sent",
						 contact->username);
	if (contact_differs(contact))
		return fault_set(fault, RESULT_UNTRUSTED, NULL,
						 "the safety number of %s was compared, and was "
						 "another one; nothing was sent",
						 contact->username);
	if (contact->has_identity || contact->accepted || unsigned_ok)
		return RESULT_OK;
	return fault_set(fault, RESULT_UNTRUSTED, NULL,
					 "%s has no identity key, so the server could have made "
					 "up key version %u; nothing was sent",
					 contact->username, contact->keys[0].version);
}
