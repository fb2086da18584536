/*
 * backup_account.c
 *		The account as its backup tells of it: a JSON object.
 */
#include <stdio.h>
#include <string.h>

#include "backup.h"
#include "backup_account.h"
#include "field.h"

/* Is it one whose identity is worth keeping? */
static bool
is_kept(const struct account *account, const struct contact *contact)
{
	return contact->has_identity &&
		   (!contact->changed || contact_differs(contact)) &&
		   strcmp(contact->username, account->username) != 0;
}

/* The order of their kinds, since not all may fit. */
enum rank
{
	RANK_DIFFERS,
	RANK_VERIFIED,
	RANK_OTHER,
	RANKS
};

static enum rank
rank_of(const struct contact *contact)
{
	if (contact_differs(contact))
		return RANK_DIFFERS;
	return contact->verified ? RANK_VERIFIED : RANK_OTHER;
}

/* NULL when memory is out. */
static json_t *
contact_json(const struct contact *contact)
{
	json_t *object =
		json_pack("{s:s, s:o, s:o, s:I, s:b}", "username", contact->username,
				  "userId", field_from_uuid(&contact->id), "identityKey",
				  field_from_key(&contact->identity), "keyVersion",
				  (json_int_t) contact->met, "verified", contact->verified);

	if (contact->differs > 0)
		json_object_set_new(object, "differs", json_integer(contact->differs));
	return object;
}

/* Adds the kept ones of one rank, newest first. */
static bool
add_contacts(json_t *list, const struct account *account,
			 const struct contacts *contacts, enum rank rank)
{
	for (size_t i = contacts->count; i > 0; i--)
	{
		const struct contact *contact = &contacts->list[i - 1];

		if (!is_kept(account, contact) || rank_of(contact) != rank ||
			json_array_size(list) >= BACKUP_CONTACTS)
			continue;
		if (json_array_append_new(list, contact_json(contact)) != 0)
			return false;
	}
	return true;
}

json_t *
backup_account_json(const struct account *account, uint32_t version,
					const struct log_pin *log, const struct contacts *contacts)
{
	char verifier[NOTE_VERIFIER_TEXT_SIZE];
	json_t *list = json_array();

	if (log_is_pinned(log))
		note_verifier_format(&log->verifier, verifier);
	for (enum rank rank = 0; rank < RANKS; rank++)
		if (!add_contacts(list, account, contacts, rank))
		{
			json_decref(list);
			return NULL;
		}
	return json_pack(
		"{s:s, s:o, s:s, s:I, s:s?, s:o}", "username", account->username,
		"userId", field_from_uuid(&account->id), "service", account->service,
		"keyVersion", (json_int_t) version, "verifier",
		log_is_pinned(log) ? verifier : NULL, "contacts", list);
}

/* A contact whose keys are yet to be met. */
static bool
take_contact(const json_t *entry, struct contact *out)
{
	memset(out, 0, sizeof(*out));
	if (!field_username(entry, "username", out->username) ||
		!field_uuid(entry, "userId", &out->id) ||
		!field_version(entry, "keyVersion", &out->met) ||
		!field_key(entry, "identityKey", JWK_IDENTITY, &out->identity) ||
		(field_present(entry, "differs") &&
		 !field_version(entry, "differs", &out->differs)))
		return false;
	out->has_identity = true;
	jwk_thumbprint(&out->identity, out->identity_thumbprint);
	out->verified = json_is_true(json_object_get(entry, "verified")) &&
					!contact_differs(out);
	out->suite = SUITE_E2EMSG;
	return true;
}

/* False when memory is out. */
static bool
take_contacts(const json_t *list, struct contacts *out)
{
	size_t i;
	json_t *entry;

	/* Backwards, so that the newest one is the last one here, too. */
	for (i = json_array_size(list); i > 0; i--)
	{
		struct contact contact, *added;

		entry = json_array_get(list, i - 1);
		if (i > BACKUP_CONTACTS || !take_contact(entry, &contact) ||
			contacts_by_name(out, contact.username) != NULL ||
			contacts_by_id(out, &contact.id) != NULL)
			continue;
		added = contacts_add(out);
		if (added == NULL)
			return false;
		*added = contact;
	}
	return true;
}

static const char *
read_object(const json_t *object, const char *service, const char *username,
			uint32_t version, struct backup_account *out)
{
	const char *text, *verifier;
	char name[USERNAME_TEXT_SIZE];
	struct note_verifier unused;

	if (!field_username(object, "username", name) ||
		strcmp(name, username) != 0)
		return "it is the backup of another user";
	if (!field_text(object, "service", 1, ACCOUNT_SERVICE_MAX, &text) ||
		strcmp(text, service) != 0)
		return "it is a backup of another service";
	if (!field_version(object, "keyVersion", &out->version) ||
		out->version != version)
		return "its newest key is missing";
	if (!field_uuid(object, "userId", &out->id))
		return "it has no user id";
	if (field_present(object, "verifier"))
	{
		if (!field_text(object, "verifier", 1, sizeof(out->verifier) - 1,
						&verifier) ||
			!note_verifier_parse(verifier, &unused))
			return "its verifier of the key log is none";
		snprintf(out->verifier, sizeof(out->verifier), "%s", verifier);
	}
	return take_contacts(json_object_get(object, "contacts"), &out->contacts)
			   ? NULL
			   : "out of memory";
}

const char *
backup_account_read(const char *text, size_t size, const char *service,
					const char *username, uint32_t version,
					struct backup_account *out)
{
	json_t *object = field_parse(text, size);
	const char *problem = "its account is not a JSON object";

	*out = (struct backup_account){0};
	if (object != NULL)
		problem = read_object(object, service, username, version, out);
	json_decref(object);
	return problem;
}
