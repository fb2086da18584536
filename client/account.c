/*
 * account.c
 *		What an account is, kept in its file account.json.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "document.h"
#include "field.h"
#include "term.h"
#include "utf8.h"

#define FILE_NAME "account.json"

/* Copies a text of at most "max" bytes. */
static bool
take_text(const json_t *file, const char *name, char *out, size_t max)
{
	const char *text;

	if (!field_text(file, name, 1, max, &text))
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool
take_account(const json_t *file, struct account *out)
{
	int64_t version;

	if (!field_username(file, "username", out->username) ||
		!take_text(file, "server", out->server, ACCOUNT_URL_MAX) ||
		!take_text(file, "service", out->service, ACCOUNT_SERVICE_MAX) ||
		!field_number(file, "keyVersion", 0, &version) ||
		version > FIELD_VERSION_MAX ||
		!field_number(file, "shown", 0, &out->shown) ||
		!field_number(file, "acknowledged", 0, &out->acknowledged))
		return false;
	out->version = (uint32_t) version;
	out->has_identity = json_is_true(json_object_get(file, "identity"));
	out->through = json_incref(json_object_get(file, "through"));
	return json_is_object(out->through) &&
		   (version == 0 || field_uuid(file, "userId", &out->id));
}

enum result
account_load(const struct store *store, struct account *out,
			 struct fault *fault)
{
	json_t *file;
	enum result result = document_load(store, FILE_NAME, &file, fault);

	*out = (struct account){0};
	if (result == RESULT_OK && file != NULL && !take_account(file, out))
	{
		account_free(out);
		result = document_damaged(store, FILE_NAME, fault);
	}
	json_decref(file);
	return result;
}

enum result
account_save(const struct store *store, const struct account *account,
			 struct fault *fault)
{
	json_t *file = json_pack(
		"{s:s, s:s, s:s, s:b, s:I, s:o, s:I, s:I, s:o}", "username",
		account->username, "server", account->server, "service",
		account->service, "identity", account->has_identity, "keyVersion",
		(json_int_t) account->version, "userId",
		account->version > 0 ? field_from_uuid(&account->id) : json_null(),
		"shown", (json_int_t) account->shown, "acknowledged",
		(json_int_t) account->acknowledged, "through",
		account->through ? json_incref(account->through) : json_object());

	return document_save(store, FILE_NAME, file, fault);
}

void
account_free(struct account *account)
{
	json_decref(account->through);
	*account = (struct account){0};
}

int64_t
account_through(const struct account *account, uint32_t version)
{
	char name[16];
	int64_t seq;

	snprintf(name, sizeof(name), "%u", version);
	return field_number(account->through, name, 0, &seq) ? seq : -1;
}

enum result
account_set_through(struct account *account, uint32_t version, int64_t seq,
					struct fault *fault)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", version);
	if (account->through == NULL)
		account->through = json_object();
	if (json_object_set_new(account->through, name, json_integer(seq)) != 0)
		return fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	return RESULT_OK;
}

bool
account_service_valid(const char *text)
{
	size_t size = strlen(text);

	if (size == 0 || size > ACCOUNT_SERVICE_MAX)
		return false;
	while (size > 0)
	{
		uint32_t character;
		size_t length = utf8_next(text, size, &character);

		if (length == 0 || character == '\n' || character == '\t' ||
			!term_harmless(character))
			return false;
		text += length;
		size -= length;
	}
	return true;
}
