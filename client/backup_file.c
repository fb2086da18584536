/*
 * backup_file.c
 *		The backup of an account: what is known of it here, in backup.json, and
 *		the one on the server.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "backup_account.h"
#include "backup_file.h"
#include "document.h"
#include "field.h"
#include "keyring.h"
#include "recovery.h"
#include "server.h"
#include "wire.h"

#define TRIES 4 /* to write it while other devices do */

static enum result
load(const struct store *store, struct backup_file *out, struct fault *fault)
{
	json_t *file;
	int64_t version;
	enum result result = document_load(store, BACKUP_FILE_NAME, &file, fault);

	*out = (struct backup_file){0};
	if (result == RESULT_OK && file != NULL &&
		(!field_number(file, "version", 0, &version) ||
		 version > FIELD_VERSION_MAX ||
		 !field_bytes(file, "backupKey", out->key, sizeof(out->key)) ||
		 !field_bytes(file, "sealedKey", out->sealed_key,
					  sizeof(out->sealed_key)) ||
		 !field_bytes(file, "contents", out->contents, sizeof(out->contents))))
		result = document_damaged(store, BACKUP_FILE_NAME, fault);
	else if (result == RESULT_OK && file != NULL)
		out->version = (uint32_t) version;
	json_decref(file);
	return result;
}

enum result
backup_file_save(const struct store *store, const struct backup_file *file,
				 struct fault *fault)
{
	return document_save(
		store, BACKUP_FILE_NAME,
		json_pack("{s:I, s:o, s:o, s:o}", "version",
				  (json_int_t) file->version, "backupKey",
				  field_from_bytes(file->key, sizeof(file->key)), "sealedKey",
				  field_from_bytes(file->sealed_key, sizeof(file->sealed_key)),
				  "contents",
				  field_from_bytes(file->contents, sizeof(file->contents))),
		fault);
}

/* What is to go into a backup. */
struct contents
{
	char *account; /* JSON */
	struct keypair identity;
	struct keypair keys[BACKUP_PRIVATE_KEYS]; /* lowest version first */
	uint32_t versions[BACKUP_PRIVATE_KEYS];
	size_t count;
	uint8_t hash[SHA256_DIGEST_LENGTH];
};

static void
free_contents(struct contents *contents)
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
collect_keys(const struct store *store, struct contents *out,
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
hash_contents(struct contents *contents)
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

/* Gathers what the account has now. */
static enum result
collect(const struct session *session, struct contents **out,
		struct fault *fault)
{
	struct contents *contents = calloc(1, sizeof(*contents));
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

/* Whose part it is. */
static struct backup_part
part_of(const struct session *session, enum backup_kind kind, uint32_t version)
{
	return (struct backup_part){.service = session->account.service,
								.username = session->account.username,
								.kind = kind,
								.version = version};
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

/* Writes the whole backup; false when OpenSSL fails or it does not fit. */
static bool
write_backup(const struct session *session, const struct backup_file *file,
			 const struct contents *contents, struct backup_writer *writer)
{
	struct backup_part part = part_of(session, BACKUP_KIND_ACCOUNT, 0);
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

/*
 * Writes the backup as the next version and remembers that.  *conflict: the
 * server has another one.
 */
static enum result
put(struct session *session, struct backup_file *file,
	const struct contents *contents, const uint8_t *locator, bool *conflict,
	struct fault *fault)
{
	struct backup_writer *writer = malloc(sizeof(*writer));
	enum result result;

	*conflict = false;
	if (writer == NULL || !write_backup(session, file, contents, writer))
	{
		free(writer);
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "the backup could not be written");
	}
	result = server_put_backup(session, file->version + 1, locator,
							   writer->bytes, writer->size, conflict, fault);
	free(writer);
	if (result != RESULT_OK || *conflict)
		return result;
	file->version++;
	memcpy(file->contents, contents->hash, sizeof(file->contents));
	return backup_file_save(&session->store, file, fault);
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

/* Takes the keys of versions that were not announced from here. */
static enum result
take_keys(struct session *session, const struct backup_file *file,
		  const struct backup *backup, bool *taken, struct fault *fault)
{
	struct backup_part part = part_of(session, BACKUP_KIND_ENCRYPTION, 0);
	struct backup_span sealed;
	size_t offset = 1;
	enum result result = RESULT_OK;

	while (result == RESULT_OK &&
		   backup_next(backup, &offset, &part.version, &sealed))
	{
		struct keypair key = {0};

		if (part.version <= session->account.version)
			continue;
		if (!backup_open_key(file, &part, sealed, &key))
			return fault_set(fault, RESULT_UNREADABLE, NULL,
							 "the backup's key of version %u does not open",
							 part.version);
		result = keyring_put(&session->store, part.version, &key, fault);
		*taken = result == RESULT_OK;
		keypair_free(&key);
	}
	return result;
}

/* The newest key is another device's, and announced: it is current here. */
static enum result
follow_version(struct session *session, struct fault *fault)
{
	struct key_object seen;
	struct keypair mine = {0};
	bool same = false;
	enum result result = server_own_key(session, &seen, fault);

	if (result != RESULT_OK || seen.version <= session->account.version ||
		!keyring_has(&session->store, seen.version))
		return result;
	result = keyring_load(&session->store, seen.version, &mine, fault);
	if (result == RESULT_OK)
		same = memcmp(&mine.public_key, &seen.key, sizeof(seen.key)) == 0;
	keypair_free(&mine);
	if (!same)
		return result;
	session->account.version = seen.version;
	session_notice(session,
				   "another device of yours rotated to key version %u; the "
				   "key came with the backup",
				   seen.version);
	return account_save(&session->store, &session->account, fault);
}

/* Can the account's part be opened with the backup key of this account? */
static bool
is_own(const struct session *session, const struct backup_file *file,
	   const struct backup *backup)
{
	struct backup_part part = part_of(session, BACKUP_KIND_ACCOUNT, 0);
	uint8_t *text = malloc(backup->account.size);
	bool own =
		text != NULL && backup_open(file->key, &part, backup->account, text);

	if (text != NULL)
		OPENSSL_cleanse(text, backup->account.size);
	free(text);
	return own;
}

static enum result
refuse_foreign(struct fault *fault)
{
	return fault_set(
		fault, RESULT_UNTRUSTED,
		"If its recovery code is at hand, restore it elsewhere and look what "
		"is in it. e2emsg backup --force replaces it.",
		"the backup on the server was made anew by another device: it does "
		"not open with the backup key that is here");
}

static enum result
refuse_gone(struct fault *fault)
{
	return fault_set(fault, RESULT_REFUSED,
					 "Run e2emsg backup: it makes a new one, and a new "
					 "recovery code.",
					 "the server has no backup of this account any more");
}

/* The backup that another device wrote: takes over its keys and its code. */
static enum result
take_stored(struct session *session, struct backup_file *file,
			const struct server_backup *stored, bool force,
			struct fault *fault)
{
	struct backup backup;
	bool taken = false;
	enum result result;

	if (backup_parse(stored->bytes, stored->size, &backup) != NULL ||
		!is_own(session, file, &backup))
		return force ? RESULT_OK : refuse_foreign(fault);
	memcpy(file->sealed_key, backup.key.at, backup.key.size);
	result = take_keys(session, file, &backup, &taken, fault);
	return result == RESULT_OK && taken ? follow_version(session, fault)
										: result;
}

/*
 * Goes on from the backup that is on the server.  "anew": under a new code, so
 * that one which is gone is no obstacle; "force": nor one that can't be
 * opened.
 */
static enum result
pull(struct session *session, struct backup_file *file, bool anew, bool force,
	 struct fault *fault)
{
	struct server_backup stored;
	enum result result = server_backup(session, &stored, fault);

	if (result != RESULT_OK)
		return result;
	file->version = stored.version;
	if (stored.bytes != NULL)
		result = take_stored(session, file, &stored, force, fault);
	else if (!anew)
		result = refuse_gone(fault);
	free(stored.bytes);
	return result;
}

/*
 * Writes until no other device is in the way.  "sealed_key" and "locator" of a
 * new code, or NULL.
 */
static enum result
push(struct session *session, struct backup_file *file,
	 const uint8_t *sealed_key, const uint8_t *locator, bool force,
	 struct fault *fault)
{
	session->backup_tried = true;
	for (int tries = 1;; tries++)
	{
		struct contents *contents;
		bool conflict = false;
		enum result result = collect(session, &contents, fault);

		if (sealed_key != NULL)
			memcpy(file->sealed_key, sealed_key, sizeof(file->sealed_key));
		if (result == RESULT_OK)
			result = put(session, file, contents, locator, &conflict, fault);
		free_contents(contents);
		if (result != RESULT_OK || !conflict)
			return result;
		if (tries == TRIES)
			return fault_set(fault, RESULT_NETWORK, "Try again.",
							 "other devices keep writing the backup");
		result = pull(session, file, locator != NULL, force, fault);
		if (result != RESULT_OK)
			return result;
	}
}

/* A new code, and the backup key sealed under what it opens. */
static enum result
make_code(const struct session *session, const struct backup_file *file,
		  char *code, struct recovery_keys *keys,
		  uint8_t sealed_key[BACKUP_SEALED_KEY_SIZE], struct fault *fault)
{
	const struct account *account = &session->account;
	struct backup_part part = part_of(session, BACKUP_KIND_KEY, 0);
	uint8_t secret[RECOVERY_SECRET_SIZE], iv[ENVELOPE_IV_SIZE];
	bool done =
		RAND_bytes(secret, sizeof(secret)) == 1 &&
		RAND_bytes(iv, sizeof(iv)) == 1 && recovery_write(secret, code) &&
		recovery_derive(secret, account->service, account->username, keys) &&
		backup_seal(keys->opener, &part, iv, file->key, sizeof(file->key),
					sealed_key);

	OPENSSL_cleanse(secret, sizeof(secret));
	return done ? RESULT_OK
				: fault_set(fault, RESULT_REFUSED, NULL,
							"OpenSSL could not make a recovery code");
}

/* The backup key, made when there is none; on the disk before it is used. */
static enum result
need_key(struct session *session, struct backup_file *file,
		 struct fault *fault)
{
	enum result result = load(&session->store, file, fault);

	if (result != RESULT_OK || store_has(&session->store, BACKUP_FILE_NAME))
		return result;
	if (RAND_bytes(file->key, sizeof(file->key)) != 1)
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "there is no randomness");
	return backup_file_save(&session->store, file, fault);
}

enum result
backup_renew(struct session *session, bool force, char *code,
			 uint32_t *version, struct fault *fault)
{
	struct backup_file file = {0};
	struct recovery_keys keys = {0};
	uint8_t sealed_key[BACKUP_SEALED_KEY_SIZE];
	enum result result;

	if (!session->account.has_identity)
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "an account without identity key has no backup: "
						 "nobody could sign in with it");
	result = need_key(session, &file, fault);
	if (result == RESULT_OK)
		result = make_code(session, &file, code, &keys, sealed_key, fault);
	if (result == RESULT_OK)
		result = push(session, &file, sealed_key, keys.locator, force, fault);
	*version = file.version;
	OPENSSL_cleanse(&file, sizeof(file));
	OPENSSL_cleanse(&keys, sizeof(keys));
	return result;
}

enum result
backup_update(struct session *session, struct fault *fault)
{
	struct backup_file file;
	struct contents *contents = NULL;
	bool same;
	enum result result = load(&session->store, &file, fault);
	if (result != RESULT_OK || file.version == 0)
		return result;
	result = collect(session, &contents, fault);
	same = result == RESULT_OK &&
		   memcmp(contents->hash, file.contents, sizeof(file.contents)) == 0;
	free_contents(contents);
	if (result == RESULT_OK && !same)
		result = push(session, &file, NULL, NULL, false, fault);
	OPENSSL_cleanse(&file, sizeof(file));
	return result;
}

void
backup_follow(struct session *session)
{
	struct fault fault;

	if (!session->called || session->backup_tried ||
		session->log.problem[0] != '\0' || session->token[0] == '\0')
		return;
	if (backup_update(session, &fault) != RESULT_OK)
		session_notice(session, "the backup is not up to date: %s",
					   fault.message);
}

enum result
backup_take_over(struct session *session, struct fault *fault)
{
	struct backup_file file;
	enum result result;

	result = load(&session->store, &file, fault);
	if (result == RESULT_OK && file.version > 0)
		result = pull(session, &file, true, true, fault);
	OPENSSL_cleanse(&file, sizeof(file));
	return result;
}
