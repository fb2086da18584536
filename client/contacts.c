/*
 * contacts.c
 *		All peers that an account has met, kept in contacts.json.
 */
#include <stdlib.h>
#include <string.h>

#include "contacts.h"
#include "document.h"
#include "envelope.h"
#include "field.h"

#define FILE_NAME "contacts.json"

static bool
take_keys(const json_t *keys, struct contact *out)
{
	size_t i;
	json_t *entry;

	if (!json_is_array(keys) || json_array_size(keys) > CONTACT_KEYS_MAX)
		return false;
	json_array_foreach(keys, i, entry)
	{
		struct contact_key *key = &out->keys[out->key_count++];

		if (!field_version(entry, "keyVersion", &key->version) ||
			!field_key(entry, "publicKey", JWK_ENCRYPTION, &key->key))
			return false;
		jwk_thumbprint(&key->key, key->thumbprint);
	}
	return true;
}

/* The highest version met; without a key of it only after a restore. */
static bool
take_met(const json_t *entry, struct contact *out)
{
	out->met = out->keys[0].version;
	if (field_present(entry, "met"))
		return field_version(entry, "met", &out->met);
	return out->key_count > 0;
}

static bool
is_set(const json_t *entry, const char *name)
{
	return json_is_true(json_object_get(entry, name));
}

static bool
take_contact(const json_t *entry, struct contact *out)
{
	int64_t suite, differs = 0;

	memset(out, 0, sizeof(*out));
	if (!field_username(entry, "username", out->username) ||
		!field_uuid(entry, "userId", &out->id) ||
		!field_number(entry, "suite", SUITE_TUTORIAL, &suite) ||
		suite > SUITE_E2EMSG ||
		(field_present(entry, "differs") &&
		 !field_number(entry, "differs", 0, &differs)) ||
		differs > CONTACT_DIFFERS_MAX ||
		!take_keys(json_object_get(entry, "keys"), out) ||
		!take_met(entry, out))
		return false;
	out->suite = (int) suite;
	out->differs = (uint32_t) differs;
	out->verified = is_set(entry, "verified");
	out->untold = is_set(entry, "untold");
	out->changed = is_set(entry, "changed");
	out->accepted = is_set(entry, "accepted");
	out->has_identity = field_present(entry, "identityKey");
	if (!out->has_identity)
		return true;
	if (!field_key(entry, "identityKey", JWK_IDENTITY, &out->identity))
		return false;
	jwk_thumbprint(&out->identity, out->identity_thumbprint);
	return true;
}

enum result
contacts_load(const struct store *store, struct contacts *out,
			  struct fault *fault)
{
	json_t *file;
	json_t *entry;
	size_t i;
	enum result result = document_load(store, FILE_NAME, &file, fault);

	*out = (struct contacts){0};
	json_array_foreach(json_object_get(file, "contacts"), i, entry)
	{
		struct contact *contact = contacts_add(out);

		if (contact == NULL || !take_contact(entry, contact))
		{
			contacts_free(out);
			result = document_damaged(store, FILE_NAME, fault);
			break;
		}
	}
	json_decref(file);
	return result;
}

static json_t *
contact_json(const struct contact *contact)
{
	json_t *keys = json_array();

	for (size_t i = 0; i < contact->key_count; i++)
		json_array_append_new(
			keys, json_pack("{s:I, s:o}", "keyVersion",
							(json_int_t) contact->keys[i].version, "publicKey",
							field_from_key(&contact->keys[i].key)));
	return json_pack("{s:s, s:o, s:o, s:b, s:I, s:b, s:b, s:b, s:i, s:I, s:o}",
					 "username", contact->username, "userId",
					 field_from_uuid(&contact->id), "identityKey",
					 contact->has_identity ? field_from_key(&contact->identity)
										   : json_null(),
					 "verified", contact->verified, "differs",
					 (json_int_t) contact->differs, "untold", contact->untold,
					 "changed", contact->changed, "accepted",
					 contact->accepted, "suite", contact->suite, "met",
					 (json_int_t) contact->met, "keys", keys);
}

enum result
contacts_save(const struct store *store, const struct contacts *contacts,
			  struct fault *fault)
{
	json_t *list = json_array();

	for (size_t i = 0; i < contacts->count; i++)
		json_array_append_new(list, contact_json(&contacts->list[i]));
	return document_save(store, FILE_NAME,
						 json_pack("{s:o}", "contacts", list), fault);
}

void
contacts_free(struct contacts *contacts)
{
	free(contacts->list);
	*contacts = (struct contacts){0};
}

struct contact *
contacts_by_name(const struct contacts *contacts, const char *username)
{
	for (size_t i = 0; i < contacts->count; i++)
		if (strcmp(contacts->list[i].username, username) == 0)
			return &contacts->list[i];
	return NULL;
}

struct contact *
contacts_by_id(const struct contacts *contacts, const struct uuid *id)
{
	for (size_t i = 0; i < contacts->count; i++)
		if (uuid_equal(&contacts->list[i].id, id))
			return &contacts->list[i];
	return NULL;
}

struct contact *
contacts_add(struct contacts *contacts)
{
	struct contact *grown = reallocarray(contacts->list, contacts->count + 1,
										 sizeof(*contacts->list));

	if (grown == NULL)
		return NULL;
	contacts->list = grown;
	memset(&grown[contacts->count], 0, sizeof(*grown));
	return &grown[contacts->count++];
}

bool
contacts_hear(struct contacts *contacts, const struct contacts *others)
{
	bool changed = false;

	for (size_t i = 0; i < others->count; i++)
	{
		const struct contact *other = &others->list[i];
		struct contact *known = contacts_by_name(contacts, other->username);

		if (known != NULL && contact_merge(known, other))
			changed = true;
	}
	return changed;
}

bool
contacts_merge(struct contacts *contacts, const struct contacts *others,
			   bool *changed)
{
	*changed = contacts_hear(contacts, others);
	for (size_t i = 0; i < others->count; i++)
	{
		const struct contact *other = &others->list[i];
		struct contact *known = contacts_by_name(contacts, other->username);

		if (known != NULL || contacts_by_id(contacts, &other->id) != NULL)
			continue;
		known = contacts_add(contacts);
		if (known == NULL)
			return false;
		*known = *other;
		*changed = true;
	}
	return true;
}
