/*
 * backup_contents.c
 *		What an account's backup holds.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "backup_contents.h"
#include "field.h"
#include "keyring.h"
#include "wire.h"

struct backup_part
backup_part_of(const struct account *account, enum backup_kind kind,
			   uint32_t version)
{
	return (struct backup_part){.service = account->service,
								.username = account->username,
								.kind = kind,
								.version = version};
}

void
backup_contents_free(struct backup_contents *contents)
{
	if (contents == NULL)
		return;
	keypair_free(&contents->identity);
	for (size_t i = 0; i < contents->count; i++)
		keypair_free(&contents->keys[i]);
	free(contents->account);
	free(contents);
}

/* The newest keys of the keyring. */
static enum result
collect_keys(const struct store *store, struct backup_contents *out,
			 struct fault *fault)
{
	uint32_t *versions;
	size_t count;
	enum result result = keyring_versions(store, &versions, &count, fault);

	if (result != RESULT_OK)
		return result;
	if (count > BACKUP_PRIVATE_KEYS)
		count = BACKUP_PRIVATE_KEYS;
	if (count == 0)
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "there is no encryption key in %s", store->path);
	for (size_t i = count; i > 0 && result == RESULT_OK; i--)
	{
		out->versions[out->count] = versions[i - 1];
		result = keyring_load(store, versions[i - 1], &out->keys[out->count],
							  fault);
		out->count += result == RESULT_OK;
	}
	free(versions);
	return result;
}

/* By which it is known whether something changed. */
static bool
hash_contents(struct backup_contents *contents)
{
	json_t *keys = json_array();
	json_t *all;
	char *text;
	bool done;

	for (size_t i = 0; i < contents->count; i++)
		json_array_append_new(
			keys, json_pack("[I, o]", (json_int_t) contents->versions[i],
							field_from_key(&contents->keys[i].public_key)));
	all = json_pack("{s:s, s:o, s:o}", "account", contents->account,
					"identity", field_from_key(&contents->identity.public_key),
					"keys", keys);
	text = all ? json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	done = text != NULL && SHA256((const uint8_t *) text, strlen(text),
								  contents->hash) != NULL;
	json_decref(all);
	free(text);
	return done;
}

enum result
backup_contents_collect(const struct session *session,
						struct backup_contents **out, struct fault *fault)
{
	struct backup_contents *contents = calloc(1, sizeof(*contents));
	json_t *account = NULL;
	enum result result;

	*out = contents;
	if (contents == NULL)
		return fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	result = keyring_load(&session->store, KEYRING_IDENTITY,
						  &contents->identity, fault);
	if (result == RESULT_OK)
		result = collect_keys(&session->store, contents, fault);
	if (result != RESULT_OK)
		return result;
	account = backup_account_json(&session->account,
								  contents->versions[contents->count - 1],
								  &session->log, &session->contacts);
	contents->account = account ? json_dumps(account, JSON_COMPACT) : NULL;
	json_decref(account);
	if (contents->account == NULL || !hash_contents(contents))
		result = fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	return result;
}

/* Seals bytes under the backup key as the next field. */
static bool
add_sealed(struct backup_writer *writer, const struct backup_file *file,
		   enum backup_type type, const struct backup_part *part,
		   const void *plaintext, size_t size)
{
	size_t before = type == BACKUP_ENCRYPTION ? sizeof(uint32_t) : 0;
	uint8_t *value =
		backup_add(writer, type, before + size + BACKUP_SEALED_EXTRA);
	uint8_t iv[ENVELOPE_IV_SIZE];

	if (value == NULL || RAND_bytes(iv, sizeof(iv)) != 1)
		return false;
	if (before > 0)
		wire_put_u32(value, part->version);
	return backup_seal(file->key, part, iv, plaintext, size, value + before);
}

static bool
add_key(struct backup_writer *writer, const struct backup_file *file,
		enum backup_type type, const struct backup_part *part,
		const struct keypair *pair)
{
	uint8_t der[KEYPAIR_DER_MAX];
	size_t size;
	bool done = keypair_write_der(pair, der, &size) &&
				add_sealed(writer, file, type, part, der, size);

	OPENSSL_cleanse(der, sizeof(der));
	return done;
}

bool
backup_contents_write(const struct session *session,
					  const struct backup_file *file,
					  const struct backup_contents *contents,
					  struct backup_writer *writer)
{
	struct backup_part part =
		backup_part_of(&session->account, BACKUP_KIND_ACCOUNT, 0);
	uint8_t *value;

	backup_begin(writer);
	value = backup_add(writer, BACKUP_KEY, sizeof(file->sealed_key));
	if (value == NULL)
		return false;
	memcpy(value, file->sealed_key, sizeof(file->sealed_key));
	if (!add_sealed(writer, file, BACKUP_ACCOUNT, &part, contents->account,
					strlen(contents->account)))
		return false;
	part.kind = BACKUP_KIND_IDENTITY;
	if (!add_key(writer, file, BACKUP_IDENTITY, &part, &contents->identity))
		return false;
	part.kind = BACKUP_KIND_ENCRYPTION;
	for (size_t i = 0; i < contents->count; i++)
	{
		part.version = contents->versions[i];
		if (!add_key(writer, file, BACKUP_ENCRYPTION, &part,
					 &contents->keys[i]))
			return false;
	}
	return true;
}

bool
backup_open_key(const struct backup_file *file, const struct backup_part *part,
				struct backup_span sealed, struct keypair *out)
{
	uint8_t der[KEYPAIR_DER_MAX];
	size_t size = sealed.size - BACKUP_SEALED_EXTRA;
	bool done = size <= sizeof(der) &&
				backup_open(file->key, part, sealed, der) &&
				keypair_read_der(der, size, out);

	OPENSSL_cleanse(der, sizeof(der));
	return done;
}

/* The highest key version in a backup. */
static uint32_t
highest_version(const struct backup *backup)
{
	struct backup_span unused;
	uint32_t version, highest = 0;
	size_t offset = 1;

	while (backup_next(backup, &offset, &version, &unused))
		if (version > highest)
			highest = version;
	return highest;
}

const char *
backup_open_account(const struct account *account,
					const struct backup_file *file,
					const struct backup *backup, struct backup_account *out)
{
	struct backup_part part = backup_part_of(account, BACKUP_KIND_ACCOUNT, 0);
	struct backup_span sealed = backup->account;
	char *text = malloc(sealed.size);
	const char *problem = "its account does not open";

	*out = (struct backup_account){0};
	if (text != NULL &&
		backup_open(file->key, &part, sealed, (uint8_t *) text))
		problem = backup_account_read(text, sealed.size - BACKUP_SEALED_EXTRA,
									  account->service, account->username,
									  highest_version(backup), out);
	if (text != NULL)
		OPENSSL_cleanse(text, sealed.size);
	free(text);
	return problem;
}
