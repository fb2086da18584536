/*
 * rotation.c
 *		A new encryption key: made, stored, then announced.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup_sync.h"
#include "endorsement.h"
#include "field.h"
#include "key_object.h"
#include "keyring.h"
#include "log_check.h"
#include "rotation.h"
#include "server.h"

#define THROUGH_UNKNOWN (-1)
#define LOG_TRIES 4 /* a second apart, for the key log to hold the key */

/* Signs the statement for the new version into the body. */
static enum result
endorse(const struct session *session, uint32_t version,
		const struct keypair *fresh, json_t *body, struct fault *fault)
{
	const struct account *account = &session->account;
	struct keypair identity = {0}, before = {0};
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE], previous[JWK_THUMBPRINT_SIZE];
	uint8_t statement[ENDORSEMENT_SIZE];
	uint8_t signature[ES256_SIZE];
	enum result result =
		keyring_load(&session->store, KEYRING_IDENTITY, &identity, fault);

	if (result == RESULT_OK)
		result = keyring_load(&session->store, version - 1, &before, fault);
	if (result != RESULT_OK)
		goto end;
	jwk_thumbprint(&fresh->public_key, thumbprint);
	jwk_thumbprint(&before.public_key, previous);
	endorsement_statement(account->service, account->username, version,
						  thumbprint, previous, statement);
	if (!keypair_sign(&identity, statement, sizeof(statement), signature) ||
		json_object_set_new(body, "signature",
							field_from_bytes(signature, sizeof(signature))) !=
			0)
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "the new key could not be signed");

end:
	keypair_free(&identity);
	keypair_free(&before);
	return result;
}

/* The server has the new key: notes it here. */
static enum result
finish(struct session *session, uint32_t version, int64_t through,
	   struct fault *fault)
{
	struct account *account = &session->account;
	enum result result = RESULT_OK;

	if (through != THROUGH_UNKNOWN)
		result =
			account_set_through(account, account->version, through, fault);
	account->version = version;
	return result == RESULT_OK ? account_save(&session->store, account, fault)
							   : result;
}

/* Asks the server which version it has; *done: is it the new key? */
static enum result
compare(struct session *session, uint32_t version, const struct keypair *fresh,
		bool *done, struct fault *fault)
{
	struct key_object seen;
	enum result result = server_own_key(session, &seen, fault);

	if (result != RESULT_OK)
		return result;
	*done = seen.version == version &&
			memcmp(&seen.key, &fresh->public_key, sizeof(seen.key)) == 0;
	if (*done || seen.version == session->account.version)
		return RESULT_OK;
	return fault_set(fault, RESULT_UNTRUSTED,
					 "Another copy of this account may have rotated: copy its "
					 "key files here. Or the server replaced your key.",
					 "the server has key version %u for you, which was not "
					 "made here",
					 seen.version);
}

/* Sends the body, again and again while the key log does not hold the key. */
static enum result
put(struct session *session, const json_t *body, enum rotation_answer *answer,
	int64_t *through, struct fault *fault)
{
	for (int tries = 1;; tries++)
	{
		enum result result =
			server_rotate(session, body, answer, through, fault);

		if (result != RESULT_OK || *answer != ROTATION_WAITING)
			return result;
		if (tries == LOG_TRIES)
			return fault_set(fault, RESULT_NETWORK, NULL,
							 "the server took the new key, but the key log "
							 "does not hold it yet");
		sleep(1);
	}
}

/* Signs a key of this account as that version and sends it. */
static enum result
send_key(struct session *session, uint32_t version, const struct keypair *key,
		 enum rotation_answer *answer, int64_t *through, struct fault *fault)
{
	json_t *body =
		json_pack("{s:o, s:I}", "publicKey", field_from_key(&key->public_key),
				  "keyVersion", (json_int_t) version);
	enum result result = RESULT_OK;

	if (session->account.has_identity)
		result = endorse(session, version, key, body, fault);
	if (result == RESULT_OK)
		result = put(session, body, answer, through, fault);
	json_decref(body);
	return result;
}

/* Announces the new key.  *conflict: the server says that it can't follow. */
static enum result
announce(struct session *session, uint32_t version,
		 const struct keypair *fresh, bool *conflict, struct fault *fault)
{
	int64_t through = THROUGH_UNKNOWN;
	enum rotation_answer answer = ROTATION_TAKEN;
	enum result result =
		send_key(session, version, fresh, &answer, &through, fault);

	if (result == RESULT_NETWORK)
		snprintf(fault->hint, sizeof(fault->hint),
				 "Run e2emsg rotate" AS
				 " again: it finds out whether the server "
				 "took it.");
	*conflict = answer == ROTATION_CONFLICT;
	if (result != RESULT_OK || *conflict)
		return result;
	return finish(session, version, through, fault);
}

/* The key file of a version that the server has lost. */
static enum result
announce_again(struct session *session, uint32_t version, struct fault *fault)
{
	int64_t through = THROUGH_UNKNOWN;
	enum rotation_answer answer = ROTATION_TAKEN;
	struct keypair key = {0};
	enum result result = keyring_load(&session->store, version, &key, fault);

	if (result == RESULT_OK)
		result = send_key(session, version, &key, &answer, &through, fault);
	if (result == RESULT_OK && answer == ROTATION_CONFLICT)
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "the server does not take key version %u again",
						   version);
	keypair_free(&key);
	return result;
}

enum result
rotation_restore(struct session *session, uint32_t known, struct fault *fault)
{
	enum result result = RESULT_OK;

	for (uint32_t version = known + 1;
		 version <= session->account.version && result == RESULT_OK; version++)
		result = announce_again(session, version, fault);
	return result;
}

/*
 * The next key: here, and in the backup if there is one, which may show that
 * another device was faster.
 */
static enum result
prepare(struct session *session, uint32_t *version, struct keypair *fresh,
		struct fault *fault)
{
	enum result result;

	do
	{
		*version = session->account.version + 1;
		result = keyring_load_or_make(&session->store, *version, fresh, fault);
		keypair_free(fresh);
		if (result == RESULT_OK)
			result = backup_update(session, fault);
	} while (result == RESULT_OK && *version <= session->account.version);
	return result == RESULT_OK
			   ? keyring_load(&session->store, *version, fresh, fault)
			   : result;
}

/*
 * Makes a rotation, or finishes one that an earlier run began: the same key
 * again is harmless, and a server that won't have it twice says so.
 */
static enum result
rotate(struct session *session, struct fault *fault)
{
	uint32_t version;
	bool done = false, conflict = false;
	struct keypair fresh = {0};
	enum result result = prepare(session, &version, &fresh, fault);

	if (result == RESULT_OK)
		result = announce(session, version, &fresh, &conflict, fault);
	if (result == RESULT_OK && conflict)
	{
		result = compare(session, version, &fresh, &done, fault);
		if (result == RESULT_OK && !done)
			result = fault_set(fault, RESULT_REFUSED, NULL,
							   "the server did not take the new key");
		if (result == RESULT_OK)
		{
			session_notice(session, "an earlier try had reached the server");
			result = finish(session, version, THROUGH_UNKNOWN, fault);
		}
	}
	keypair_free(&fresh);
	return result;
}

enum result
rotation_run(struct session *session, struct fault *fault)
{
	enum result result = rotate(session, fault);

	return result == RESULT_OK ? log_check_after(session, fault) : result;
}
