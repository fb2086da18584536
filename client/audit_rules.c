/*
 * audit_rules.c
 *		The rules of the key log: does an entry follow from the user's last?
 */
#include <string.h>

#include "audit_rules.h"
#include "signature.h"
#include "username.h"

/* Where the service's hash stands in both statements (endorsement.h). */
#define STATEMENT_SERVICE_AT 32

static const uint8_t zeros[LOG_SIGNATURE_SIZE];

static bool
is_zero(const uint8_t *bytes, size_t size)
{
	return memcmp(bytes, zeros, size) == 0;
}

static bool
same(const uint8_t a[32], const uint8_t b[32])
{
	return memcmp(a, b, 32) == 0;
}

static void
need(struct audit_findings *findings, bool good, const char *problem)
{
	if (!good && findings->count < AUDIT_FINDINGS_MAX)
		findings->problems[findings->count++] = problem;
}

static bool
has_identity(const struct log_user_entry *entry)
{
	return !is_zero(entry->identity_thumbprint, JWK_THUMBPRINT_SIZE);
}

/* Signatures. */

/* The log has the hash of the service's name, not the name. */
static void
put_service(const struct audit_event *event, uint8_t *statement)
{
	memcpy(statement + STATEMENT_SERVICE_AT, event->service, LOG_SERVICE_SIZE);
}

static bool
is_signed(const struct audit_event *event)
{
	const struct log_user_entry *entry = event->entry;
	uint8_t statement[ENDORSEMENT_SIZE];

	endorsement_statement("", entry->username, entry->key_version,
						  entry->thumbprint, entry->previous_thumbprint,
						  statement);
	put_service(event, statement);
	return es256_verify(event->identity, statement, sizeof(statement),
						entry->signature);
}

/* Was the identity key given? */
static bool
has_key(const struct audit_user *user)
{
	return !is_zero(user->identity.x, sizeof(user->identity.x)) ||
		   !is_zero(user->identity.y, sizeof(user->identity.y));
}

static bool
is_endorsed(const struct audit_user *user, const struct audit_event *event)
{
	const struct log_user_entry *entry = event->entry;
	uint8_t statement[IDENTITY_CHANGE_SIZE];

	identity_change_statement("", entry->username, entry->identity_thumbprint,
							  user->identity_thumbprint, statement);
	put_service(event, statement);
	return es256_verify(&user->identity, statement, sizeof(statement),
						entry->endorsement);
}

static bool
is_key_of(const struct jwk *key, const uint8_t thumbprint[JWK_THUMBPRINT_SIZE])
{
	uint8_t computed[JWK_THUMBPRINT_SIZE];

	jwk_thumbprint(key, computed);
	return same(computed, thumbprint);
}

/* Without the identity key nothing can be said of the signature. */
static void
judge_signature(const struct audit_event *event, struct audit_findings *out)
{
	const struct log_user_entry *entry = event->entry;

	if (!has_identity(entry))
	{
		need(out, is_zero(entry->signature, LOG_SIGNATURE_SIZE),
			 "it has a signature but no identity key");
		need(out, event->identity == NULL,
			 "an identity key is given that it does not name");
	}
	else if (event->identity == NULL)
		out->without_key = true;
	else if (!is_key_of(event->identity, entry->identity_thumbprint))
		need(out, false, "the identity key given is not the one it names");
	else
		need(out, is_signed(event),
			 "the signature is not that of its identity key");
}

/* What an entry must have by itself. */

static void
judge_fields(const struct audit_event *event, struct audit_findings *out)
{
	const struct log_user_entry *entry = event->entry;
	bool is_first = is_zero(entry->previous_thumbprint, JWK_THUMBPRINT_SIZE);

	need(out, username_valid(entry->username), "its username is none");
	need(out, !is_zero(entry->thumbprint, JWK_THUMBPRINT_SIZE),
		 "it has no encryption key");
	need(out, (entry->key_version == 1) == is_first,
		 "version and previous thumbprint contradict each other");
	need(out, !same(entry->thumbprint, entry->identity_thumbprint),
		 "identity key and encryption key are the same");
	need(out,
		 entry->event == LOG_EVENT_IDENTITY_REPLACED ||
			 is_zero(entry->endorsement, LOG_SIGNATURE_SIZE),
		 "it has an endorsement but replaces no identity key");
}

/* How it follows from the one before. */

static void
judge_link(const struct audit_user *user, const struct log_user_entry *entry,
		   struct audit_findings *out)
{
	need(out, entry->number - 1 == user->number,
		 "its number is not the next one");
	need(out, same(entry->previous_entry, user->leaf_hash),
		 "it does not carry the leaf hash of the entry before");
}

static void
judge_same_key(const struct audit_user *user,
			   const struct log_user_entry *entry, struct audit_findings *out)
{
	need(out, entry->key_version == user->version,
		 "the key version changed without a rotation");
	need(out,
		 same(entry->thumbprint, user->thumbprint) &&
			 same(entry->previous_thumbprint, user->previous_thumbprint),
		 "the encryption key changed without a rotation");
}

static void
judge_same_identity(const struct audit_user *user,
					const struct log_user_entry *entry,
					struct audit_findings *out)
{
	need(out, same(entry->identity_thumbprint, user->identity_thumbprint),
		 "the identity key changed without an event that says so");
}

static void
judge_rotation(const struct audit_user *user,
			   const struct log_user_entry *entry, struct audit_findings *out)
{
	need(out, entry->key_version - 1 == user->version,
		 "the key version is not the next one");
	need(out, same(entry->previous_thumbprint, user->thumbprint),
		 "the previous thumbprint is not that of the version before");
	judge_same_identity(user, entry, out);
}

static void
judge_identity_change(const struct audit_user *user,
					  const struct audit_event *event,
					  struct audit_findings *out)
{
	const struct log_user_entry *entry = event->entry;
	bool had_one = !is_zero(user->identity_thumbprint, JWK_THUMBPRINT_SIZE);

	judge_same_key(user, entry, out);
	need(out, has_identity(entry), "the identity key is missing");
	if (entry->event == LOG_EVENT_IDENTITY_ADDED)
		need(out, !had_one,
			 "an identity key was added where there was one already");
	if (entry->event != LOG_EVENT_IDENTITY_REPLACED)
		return;
	need(out,
		 had_one &&
			 !same(entry->identity_thumbprint, user->identity_thumbprint),
		 "it replaces no identity key by another");
	need(out, had_one && (!has_key(user) || is_endorsed(user, event)),
		 "the old identity key did not endorse the new one");
}

/* An entry of a user who was met before. */
static void
judge_next(const struct audit_user *user, const struct audit_event *event,
		   struct audit_findings *out)
{
	const struct log_user_entry *entry = event->entry;

	need(out, !user->deleted, "the user was deleted before");
	need(out, strcmp(entry->username, user->username) == 0,
		 "the user had another name before");
	judge_link(user, entry, out);
	switch (entry->event)
	{
		case LOG_EVENT_REGISTERED:
			need(out, false, "the user was registered before");
			break;
		case LOG_EVENT_ROTATED:
			judge_rotation(user, entry, out);
			break;
		case LOG_EVENT_IDENTITY_ADDED:
		case LOG_EVENT_IDENTITY_REPLACED:
		case LOG_EVENT_IDENTITY_RESET:
			judge_identity_change(user, event, out);
			break;
		case LOG_EVENT_DELETED:
			judge_same_key(user, entry, out);
			judge_same_identity(user, entry, out);
			break;
	}
}

/* The first entry of a user. */
static void
judge_first(const struct log_user_entry *entry, struct audit_findings *out)
{
	need(out, entry->number == 1, "the user's first entry has another number");
	need(out, entry->event == LOG_EVENT_REGISTERED,
		 "the user's first entry is not a registration");
	need(out, entry->key_version == 1,
		 "the user's first key has another version than 1");
	need(out, is_zero(entry->previous_entry, MERKLE_HASH_SIZE),
		 "the user's first entry carries a leaf hash");
}

void
audit_rules_judge(const struct audit_user *user,
				  const struct audit_event *event, struct audit_findings *out)
{
	*out = (struct audit_findings){.count = 0};
	judge_fields(event, out);
	if (user == NULL)
		judge_first(event->entry, out);
	else
		judge_next(user, event, out);
	judge_signature(event, out);
}

void
audit_rules_follow(const struct audit_event *event,
				   const uint8_t leaf_hash[MERKLE_HASH_SIZE],
				   struct audit_user *user)
{
	const struct log_user_entry *entry = event->entry;

	if (event->identity != NULL &&
		is_key_of(event->identity, entry->identity_thumbprint))
		user->identity = *event->identity;
	else if (!same(user->identity_thumbprint, entry->identity_thumbprint))
		memset(&user->identity, 0, sizeof(user->identity));
	memcpy(user->id, entry->user_id, sizeof(user->id));
	if (user->username[0] == '\0')
		memcpy(user->username, entry->username, sizeof(user->username));
	user->deleted = user->deleted || entry->event == LOG_EVENT_DELETED;
	user->number = entry->number;
	user->version = entry->key_version;
	memcpy(user->thumbprint, entry->thumbprint, JWK_THUMBPRINT_SIZE);
	memcpy(user->previous_thumbprint, entry->previous_thumbprint,
		   JWK_THUMBPRINT_SIZE);
	memcpy(user->identity_thumbprint, entry->identity_thumbprint,
		   JWK_THUMBPRINT_SIZE);
	memcpy(user->leaf_hash, leaf_hash, MERKLE_HASH_SIZE);
}

const char *
audit_rules_remark(const struct log_user_entry *entry)
{
	if (entry->event == LOG_EVENT_IDENTITY_RESET)
		return "the operator put another identity key in place (reset)";
	if (entry->event == LOG_EVENT_DELETED)
		return "the user was deleted";
	return NULL;
}
