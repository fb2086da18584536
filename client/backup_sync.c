/*
 * backup_sync.c
 *		The backup on the server: written, renewed, and what other devices left
 *		in it.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "backup_contents.h"
#include "backup_sync.h"
#include "keyring.h"
#include "recovery.h"
#include "server.h"

#define TRIES 4 /* to write it while other devices do */

/* The backup says of all contacts what is said of them here. */
static enum result
note_told(struct session *session, struct fault *fault)
{
	bool changed = false;

	for (size_t i = 0; i < session->contacts.count; i++)
	{
		struct contact *contact = &session->contacts.list[i];

		changed = changed || contact->untold;
		contact->untold = false;
	}
	return changed ? contacts_save(&session->store, &session->contacts, fault)
				   : RESULT_OK;
}

/*
 * Writes the backup as the next version and remembers that.  *conflict: the
 * server has another one.
 */
static enum result
put(struct session *session, struct backup_file *file,
	const struct backup_contents *contents, const uint8_t *locator,
	bool *conflict, struct fault *fault)
{
	struct backup_writer *writer = malloc(sizeof(*writer));
	enum result result;

	*conflict = false;
	if (writer == NULL ||
		!backup_contents_write(session, file, contents, writer))
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
	result = note_told(session, fault);
	return result == RESULT_OK ? backup_file_save(&session->store, file, fault)
							   : result;
}

/* Takes the keys of versions that were not announced from here. */
static enum result
take_keys(struct session *session, const struct backup_file *file,
		  const struct backup *backup, bool *taken, struct fault *fault)
{
	struct backup_part part =
		backup_part_of(&session->account, BACKUP_KIND_ENCRYPTION, 0);
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

static enum result
refuse_foreign(struct fault *fault)
{
	return fault_set(
		fault, RESULT_UNTRUSTED,
		"If its recovery code is at hand, restore it elsewhere and look what "
		"is in it. e2emsg backup --force" AS " replaces it.",
		"the backup on the server was made anew by another device: it does "
		"not open with the backup key that is here");
}

static enum result
refuse_gone(struct fault *fault)
{
	return fault_set(fault, RESULT_REFUSED,
					 "Run e2emsg backup" AS ": it makes a new one, and a new "
					 "recovery code.",
					 "the server has no backup of this account any more");
}

/* The backup that another device wrote: takes over its keys and its code. */
static enum result
take_stored(struct session *session, struct backup_file *file,
			const struct server_backup *stored, bool force,
			struct backup_account *theirs, struct fault *fault)
{
	struct backup backup;
	bool taken = false;
	enum result result;

	if (backup_parse(stored->bytes, stored->size, &backup) != NULL ||
		backup_open_account(&session->account, file, &backup, theirs) != NULL)
		return force ? RESULT_OK : refuse_foreign(fault);
	memcpy(file->sealed_key, backup.key.at, backup.key.size);
	result = take_keys(session, file, &backup, &taken, fault);
	return result == RESULT_OK && taken ? follow_version(session, fault)
										: result;
}

/*
 * Goes on from the backup that is on the server.  "anew": under a new code, so
 * that one which is gone is no obstacle; "force": nor one that can't be
 * opened.  *theirs: the account in it, whose contacts are to be freed.
 */
static enum result
pull(struct session *session, struct backup_file *file, bool anew, bool force,
	 struct backup_account *theirs, struct fault *fault)
{
	struct server_backup stored;
	enum result result = server_backup(session, &stored, fault);

	*theirs = (struct backup_account){0};
	if (result != RESULT_OK)
		return result;
	file->version = stored.version;
	if (stored.bytes != NULL)
		result = take_stored(session, file, &stored, force, theirs, fault);
	else if (!anew)
		result = refuse_gone(fault);
	free(stored.bytes);
	return result;
}

/* The same, and takes over the peers that the other device knows. */
static enum result
merge(struct session *session, struct backup_file *file, bool anew, bool force,
	  struct fault *fault)
{
	struct backup_account theirs;
	bool changed = false;
	enum result result = pull(session, file, anew, force, &theirs, fault);

	if (result == RESULT_OK &&
		!contacts_merge(&session->contacts, &theirs.contacts, &changed))
		result = fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	if (result == RESULT_OK && changed)
		result = contacts_save(&session->store, &session->contacts, fault);
	contacts_free(&theirs.contacts);
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
		struct backup_contents *contents;
		bool conflict = false;
		enum result result =
			backup_contents_collect(session, &contents, fault);

		if (sealed_key != NULL)
			memcpy(file->sealed_key, sealed_key, sizeof(file->sealed_key));
		if (result == RESULT_OK)
			result = put(session, file, contents, locator, &conflict, fault);
		backup_contents_free(contents);
		if (result != RESULT_OK || !conflict)
			return result;
		if (tries == TRIES)
			return fault_set(fault, RESULT_NETWORK, "Try again.",
							 "other devices keep writing the backup");
		result = merge(session, file, locator != NULL, force, fault);
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
	struct backup_part part =
		backup_part_of(&session->account, BACKUP_KIND_KEY, 0);
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
	enum result result = backup_file_load(&session->store, file, fault);

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
backup_keep(struct session *session, bool *kept, uint32_t *version,
			struct fault *fault)
{
	struct backup_file file;
	uint8_t before[BACKUP_SEALED_KEY_SIZE];
	enum result result = backup_file_load(&session->store, &file, fault);

	*kept = false;
	if (result != RESULT_OK || file.version == 0)
		return result;
	memcpy(before, file.sealed_key, sizeof(before));
	result = merge(session, &file, true, false, fault);
	*kept = result == RESULT_OK && file.version > 0;
	if (*kept && memcmp(before, file.sealed_key, sizeof(before)) != 0)
		session_notice(session, "its recovery code was changed since, by "
								"another device or without an answer");
	if (*kept)
		result = push(session, &file, NULL, NULL, false, fault);
	*version = file.version;
	OPENSSL_cleanse(&file, sizeof(file));
	return result;
}

enum result
backup_update(struct session *session, struct fault *fault)
{
	struct backup_file file;
	struct backup_contents *contents = NULL;
	bool same;
	enum result result = backup_file_load(&session->store, &file, fault);
	if (result != RESULT_OK || file.version == 0)
		return result;
	result = backup_contents_collect(session, &contents, fault);
	same = result == RESULT_OK &&
		   memcmp(contents->hash, file.contents, sizeof(file.contents)) == 0;
	backup_contents_free(contents);
	if (result == RESULT_OK && !same)
		result = push(session, &file, NULL, NULL, false, fault);
	OPENSSL_cleanse(&file, sizeof(file));
	return result;
}

void
backup_follow(struct session *session)
{
	if (session->called && session->token[0] != '\0')
		backup_try(session);
}

void
backup_try(struct session *session)
{
	struct fault fault;

	if (session->backup_tried || session->log.problem[0] != '\0')
		return;
	if (backup_update(session, &fault) != RESULT_OK)
		session_notice(session, "the backup is not up to date: %s",
					   fault.message);
}

enum result
backup_take_over(struct session *session, bool must, struct fault *fault)
{
	struct backup_file file;
	struct backup_account theirs = {0};
	enum result result = backup_file_load(&session->store, &file, fault);

	if (result == RESULT_OK && file.version > 0)
		result = pull(session, &file, !must, !must, &theirs, fault);
	/* No more than that: somebody may hold one of ours. */
	if (result == RESULT_OK &&
		contacts_hear(&session->contacts, &theirs.contacts))
		result = contacts_save(&session->store, &session->contacts, fault);
	contacts_free(&theirs.contacts);
	OPENSSL_cleanse(&file, sizeof(file));
	return result;
}

void
backup_look(struct session *session)
{
	struct fault fault;

	if (session->looking)
		return;
	session->looking = true;
	if (backup_take_over(session, false, &fault) != RESULT_OK)
		session_notice(session, "the backup can't be looked at now: %s",
					   fault.message);
	session->looking = false;
}

enum result
backup_fetch_key(struct session *session, uint32_t version,
				 struct fault *fault)
{
	struct fault why = {0};
	enum result result = RESULT_OK;

	if (keyring_has(&session->store, version))
		return RESULT_OK;
	if (version > session->looked_for)
	{
		session->looked_for = version;
		result = backup_take_over(session, true, &why);
	}
	if (result == RESULT_NETWORK || result == RESULT_AUTH)
	{
		*fault = why;
		return result;
	}
	if (keyring_has(&session->store, version))
		return RESULT_OK;
	return fault_set(fault, RESULT_UNREADABLE, NULL,
					 "the key of version %u is not here, nor in a backup%s%s",
					 version, result == RESULT_OK ? "" : ": ", why.message);
}
