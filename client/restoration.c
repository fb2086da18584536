/*
 * restoration.c
 *		An account made of its backup.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "assertion.h"
#include "backup_contents.h"
#include "keyring.h"
#include "log_check.h"
#include "log_file.h"
#include "log_follow.h"
#include "recovery.h"
#include "restoration.h"
#include "server.h"

#define DRAFT_PREFIX ".restoring-"

/* A restore under way. */
struct attempt
{
	struct session *session;
	struct recovery_keys keys;
	struct server_backup stored;
	struct backup backup;
	struct backup_file file; /* with the backup key */
	struct backup_account account;
};

static enum result
refuse_backup(const char *problem, struct fault *fault)
{
	return fault_set(fault, RESULT_UNREADABLE, NULL,
					 "the backup that the server gave can't be used: %s",
					 problem);
}

enum result
restoration_check(const char *home, const char *username, struct fault *fault)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", home, username);
	if (access(path, F_OK) != 0)
		return RESULT_OK;
	return fault_set(fault, RESULT_REFUSED,
					 "Put that folder away first, or use another --home.",
					 "there is an account at %s already", path);
}

/* Opens the draft's folder, emptied of what an earlier try left. */
static enum result
open_draft(const char *home, const char *username, struct session *session,
		   struct fault *fault)
{
	char draft[STORE_NAME_MAX];
	enum result result = restoration_check(home, username, fault);

	if (result != RESULT_OK)
		return result;
	snprintf(draft, sizeof(draft), DRAFT_PREFIX "%s", username);
	result = store_open(home, draft, true, &session->store, fault);
	if (result != RESULT_OK || !store_has(&session->store, "identity.pem"))
		return result;
	store_discard(&session->store);
	store_close(&session->store);
	return store_open(home, draft, true, &session->store, fault);
}

static enum result
prepare(const char *home, const struct restoration *wanted,
		struct session *session, struct fault *fault)
{
	struct account *account = &session->account;
	enum result result = open_draft(home, wanted->username, session, fault);

	if (result != RESULT_OK)
		return result;
	snprintf(account->username, sizeof(account->username), "%s",
			 wanted->username);
	account->has_identity = true;
	if (wanted->service != NULL)
		snprintf(account->service, sizeof(account->service), "%s",
				 wanted->service);
	result = http_open(wanted->server, &session->http, fault);
	if (result == RESULT_OK)
		memcpy(account->server, session->http.base, sizeof(account->server));
	return result;
}

/* Learns the service name, and fetches what lies under the code. */
static enum result
fetch(struct attempt *attempt, const char *code, struct fault *fault)
{
	struct session *session = attempt->session;
	uint8_t secret[RECOVERY_SECRET_SIZE];
	char nonce[ASSERTION_NONCE_MAX + 1];
	const char *problem = recovery_read(code, secret);
	enum result result;

	if (problem != NULL)
		return fault_set(fault, RESULT_USAGE,
						 "It is seven groups of four characters: "
						 "XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX.",
						 "this is not a recovery code: %s", problem);
	result = session_challenge(session, nonce, sizeof(nonce), fault);
	if (result == RESULT_OK &&
		!recovery_derive(secret, session->account.service,
						 session->account.username, &attempt->keys))
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "OpenSSL could not derive a key");
	OPENSSL_cleanse(secret, sizeof(secret));
	if (result == RESULT_OK)
		result = server_restore(session, attempt->keys.locator,
								&attempt->stored, fault);
	return result;
}

/* Opens the backup key. */
static const char *
open_key(struct attempt *attempt)
{
	struct backup_part part =
		backup_part_of(&attempt->session->account, BACKUP_KIND_KEY, 0);
	const char *problem = backup_parse(attempt->stored.bytes,
									   attempt->stored.size, &attempt->backup);

	if (problem != NULL)
		return problem;
	if (!backup_open(attempt->keys.opener, &part, attempt->backup.key,
					 attempt->file.key))
		return "it does not open with this recovery code";
	memcpy(attempt->file.sealed_key, attempt->backup.key.at,
		   BACKUP_SEALED_KEY_SIZE);
	attempt->file.version = attempt->stored.version;
	return NULL;
}

/* Opens a private key and stores it. */
static enum result
take_key(struct attempt *attempt, const struct backup_part *part,
		 struct backup_span sealed, uint32_t version, struct fault *fault)
{
	struct keypair key = {0};
	enum result result;

	if (!backup_open_key(&attempt->file, part, sealed, &key))
		return refuse_backup("a private key in it does not open", fault);
	result = keyring_put(&attempt->session->store, version, &key, fault);
	keypair_free(&key);
	return result;
}

static enum result
take_keys(struct attempt *attempt, struct fault *fault)
{
	struct backup_part part =
		backup_part_of(&attempt->session->account, BACKUP_KIND_IDENTITY, 0);
	struct backup_span sealed;
	size_t offset = 1;
	enum result result = take_key(attempt, &part, attempt->backup.identity,
								  KEYRING_IDENTITY, fault);

	part.kind = BACKUP_KIND_ENCRYPTION;
	while (result == RESULT_OK &&
		   backup_next(&attempt->backup, &offset, &part.version, &sealed))
		result = take_key(attempt, &part, sealed, part.version, fault);
	return result;
}

/* Takes everything out of the backup into the draft. */
static enum result
unpack(struct attempt *attempt, struct fault *fault)
{
	struct session *session = attempt->session;
	const char *problem = open_key(attempt);
	enum result result;

	if (problem != NULL)
		return refuse_backup(problem, fault);
	result = take_keys(attempt, fault);
	if (result != RESULT_OK)
		return result;
	problem = backup_open_account(&session->account, &attempt->file,
								  &attempt->backup, &attempt->account);
	if (problem != NULL)
		return refuse_backup(problem, fault);
	session->account.id = attempt->account.id;
	session->account.version = attempt->account.version;
	session->contacts = attempt->account.contacts;
	attempt->account.contacts = (struct contacts){0};
	result = contacts_save(&session->store, &session->contacts, fault);
	return result == RESULT_OK
			   ? backup_file_save(&session->store, &attempt->file, fault)
			   : result;
}

/* Pins the key log, which must be the one that the backup knows. */
static enum result
meet_log(struct attempt *attempt, struct fault *fault)
{
	struct log_pin *log = &attempt->session->log;
	const char *known = attempt->account.verifier;
	char shown[NOTE_VERIFIER_TEXT_SIZE] = "";
	bool off = false;
	enum result result = log_begin(&attempt->session->http, log, &off, fault);

	if (result != RESULT_OK)
		return result;
	if (!off)
		note_verifier_format(&log->verifier, shown);
	if (known[0] == '\0' || strcmp(known, shown) == 0)
		return RESULT_OK;
	if (off)
		return fault_set(fault, RESULT_UNTRUSTED, NULL,
						 "the server shows no key log, but the account had "
						 "seen one: nothing was restored");
	return log_break(log, fault,
					 "the server shows another key log than the one in the "
					 "backup");
}

static enum result
sign_in(struct session *session, struct fault *fault)
{
	enum result result = session_login(session, fault);

	if (result == RESULT_AUTH)
		return fault_set(fault, RESULT_AUTH,
						 "The identity key in the backup is no longer that of "
						 "the account: it was replaced since.",
						 "the server does not let %s in",
						 session->account.username);
	return result;
}

/*
 * Which version is current: the newest of the backup, or the one before if a
 * rotation did not end.
 */
static enum result
find_version(struct session *session, struct fault *fault)
{
	struct key_object seen;
	struct keypair mine = {0};
	bool same = false;
	enum result result = server_own_key(session, &seen, fault);

	if (result != RESULT_OK || seen.version > session->account.version)
		return result;
	if (keyring_has(&session->store, seen.version))
		result = keyring_load(&session->store, seen.version, &mine, fault);
	if (mine.private_key != NULL)
		same = memcmp(&mine.public_key, &seen.key, sizeof(seen.key)) == 0;
	keypair_free(&mine);
	if (result != RESULT_OK || !same)
		return result;
	if (seen.version < session->account.version)
		session_notice(session,
					   "key version %u in the backup was not announced yet: "
					   "e2emsg rotate" AS " ends that rotation",
					   session->account.version);
	session->account.version = seen.version;
	return RESULT_OK;
}

/* The history must be one's own; the log's problem if it is not. */
static enum result
check_history(struct session *session, struct fault *fault)
{
	struct key_object seen;
	enum result result = log_check_own(session, fault);

	if (result != RESULT_OK || log_is_pinned(&session->log))
		return result;
	result = server_own_key(session, &seen, fault);
	if (result == RESULT_OK && seen.version > session->account.version)
		result = fault_set(fault, RESULT_UNTRUSTED, NULL,
						   "the server has key version %u of this account, "
						   "the backup ends with %u",
						   seen.version, session->account.version);
	return result;
}

/* What to tell of a history that is not one's own. */
static void
explain(struct fault *fault)
{
	snprintf(fault->hint, sizeof(fault->hint),
			 "The account was restored to read with; it sends nothing. Either "
			 "the server gave an old backup, or a key was announced that this "
			 "backup never had.");
}

/* Signs in and looks whether the server's account is the one in the backup. */
static enum result
meet_server(struct attempt *attempt, struct fault *fault)
{
	struct session *session = attempt->session;
	enum result result;

	session->checking = true; /* until the current version is known */
	result = meet_log(attempt, fault);
	if (result == RESULT_OK)
		result = sign_in(session, fault);
	if (result == RESULT_OK)
		result = find_version(session, fault);
	if (result == RESULT_OK)
		result = server_acknowledge(session, 0, &session->account.acknowledged,
									fault);
	session->checking = false;
	if (result == RESULT_OK)
		result = check_history(session, fault);
	return result;
}

/* The draft becomes the account. */
static enum result
finish(const char *home, struct session *session, struct fault *fault)
{
	enum result result =
		account_save(&session->store, &session->account, fault);

	if (result == RESULT_OK)
		result = log_file_save(&session->store, &session->log, fault);
	if (result == RESULT_OK)
		result = store_rename(&session->store, home, session->account.username,
							  fault);
	return result;
}

/*
 * Keeps what was restored: all of it, or an account to read with when it is
 * the history or the log that is wrong.
 */
static enum result
keep(const char *home, struct session *session, enum result met,
	 struct fault *fault)
{
	bool broken = session->log.problem[0] != '\0';
	struct fault saving;
	enum result kept = met;

	if (met == RESULT_OK || broken)
		kept = finish(home, session, &saving);
	if (kept == RESULT_OK)
	{
		if (broken)
			explain(fault);
		return met;
	}
	if (met == RESULT_OK || broken)
		*fault = saving;
	store_discard(&session->store);
	session->account.version = 0;
	return kept;
}

enum result
restoration_run(const char *home, const struct restoration *wanted,
				FILE *notices, struct session *session, struct fault *fault)
{
	struct attempt attempt = {.session = session};
	enum result result;

	*session = SESSION_CLOSED;
	session->notices = notices;
	home_options(home, wanted->username, session->as);
	result = prepare(home, wanted, session, fault);
	if (result == RESULT_OK)
		result = fetch(&attempt, wanted->code, fault);
	if (result == RESULT_OK)
		result = unpack(&attempt, fault);
	if (result == RESULT_OK)
		result = meet_server(&attempt, fault);
	if (session->store.folder >= 0)
		result = keep(home, session, result, fault);
	free(attempt.stored.bytes);
	contacts_free(&attempt.account.contacts);
	OPENSSL_cleanse(&attempt.keys, sizeof(attempt.keys));
	OPENSSL_cleanse(&attempt.file, sizeof(attempt.file));
	return result;
}
