/*
 * log_history.c
 *		What the key log says of this account, against what was done here.
 */
#include <string.h>

#include "backup_sync.h"
#include "key_proof.h"
#include "keyring.h"
#include "log_follow.h"
#include "log_history.h"
#include "server.h"

#define PAGE_MAX 500 /* rows of one answer */

/* A history in the course of being checked. */
struct history
{
	struct session *session;
	uint8_t service[LOG_SERVICE_SIZE];
	uint8_t identity[JWK_THUMBPRINT_SIZE]; /* zeros: no identity key */

	bool accepting; /* the user says yes to whatever it is, but for the end */

	/* The newest entry that was checked; number 0: none. */
	uint32_t number, version;
	uint8_t shown_identity[JWK_THUMBPRINT_SIZE];
	uint8_t leaf_hash[MERKLE_HASH_SIZE];
};

/* The thumbprint of a key file; zeros and RESULT_OK when it is not there. */
static enum result
own_thumbprint(const struct session *session, uint32_t version,
			   uint8_t out[JWK_THUMBPRINT_SIZE], struct fault *fault)
{
	struct keypair pair = {0};
	enum result result;

	memset(out, 0, JWK_THUMBPRINT_SIZE);
	if (!keyring_has(&session->store, version))
		return RESULT_OK;
	result = keyring_load(&session->store, version, &pair, fault);
	if (result == RESULT_OK)
		jwk_thumbprint(&pair.public_key, out);
	keypair_free(&pair);
	return result;
}

static bool
is_zero(const uint8_t bytes[JWK_THUMBPRINT_SIZE])
{
	static const uint8_t zeros[JWK_THUMBPRINT_SIZE];

	return memcmp(bytes, zeros, sizeof(zeros)) == 0;
}

/*
 * Is the key of a version the one made here?  One that was forgotten passes
 * for the right one; one that never was here does not.
 */
static const char *
check_key(const struct history *history, const struct log_user_entry *user,
		  const uint8_t mine[JWK_THUMBPRINT_SIZE])
{
	if (is_zero(mine))
		return user->key_version < history->session->account.version
				   ? NULL
				   : "has a key version that was not made here";
	return memcmp(user->thumbprint, mine, sizeof(user->thumbprint)) == 0
			   ? NULL
			   : "has another key than the one made here";
}

/*
 * Is it what this client does: one version after the other?  It never changes
 * an identity; that somebody did is for the user to accept.
 */
static bool
is_expected(const struct history *history, const struct log_user_entry *user)
{
	switch (user->event)
	{
		case LOG_EVENT_REGISTERED:
			return user->number == 1 && user->key_version == 1;
		case LOG_EVENT_ROTATED:
			return user->key_version == history->version + 1;
		case LOG_EVENT_IDENTITY_ADDED:
		case LOG_EVENT_IDENTITY_REPLACED:
		case LOG_EVENT_IDENTITY_RESET:
			return history->accepting && user->key_version == history->version;
		default:
			return false;
	}
}

/* What is wrong with the next entry, or NULL. */
static const char *
check_entry(const struct history *history, const struct log_entry *entry,
			const uint8_t mine[JWK_THUMBPRINT_SIZE])
{
	const struct account *account = &history->session->account;
	const struct log_user_entry *user = &entry->user;

	if (memcmp(entry->service, history->service, LOG_SERVICE_SIZE) != 0 ||
		strcmp(user->username, account->username) != 0 ||
		memcmp(user->user_id, account->id.bytes, sizeof(user->user_id)) != 0)
		return "is that of somebody else";
	if (user->number != history->number + 1)
		return "does not have the next number";
	if (memcmp(user->previous_entry, history->leaf_hash, MERKLE_HASH_SIZE) !=
		0)
		return "does not link to the one before";
	if (!history->accepting &&
		memcmp(user->identity_thumbprint, history->identity,
			   sizeof(history->identity)) != 0)
		return "has another identity key than yours";
	if (!is_expected(history, user))
		return "is something that was not done here";
	return check_key(history, user, mine);
}

/* This is the newest entry that was checked. */
static void
go_on(struct history *history, const struct log_user_entry *user,
	  const uint8_t leaf_hash[MERKLE_HASH_SIZE])
{
	history->number = user->number;
	history->version = user->key_version;
	memcpy(history->shown_identity, user->identity_thumbprint,
		   JWK_THUMBPRINT_SIZE);
	memcpy(history->leaf_hash, leaf_hash, MERKLE_HASH_SIZE);
}

/* A version that is not here may be another device's, and in the backup. */
static enum result
look_for_key(struct session *session, uint32_t version, struct fault *fault)
{
	if (version <= session->account.version ||
		keyring_has(&session->store, version))
		return RESULT_OK;
	return backup_take_over(session, false, fault);
}

/* Checks the next entry and goes on to it. */
static enum result
take_entry(struct history *history, struct log_pin *pin, const json_t *row,
		   struct fault *fault)
{
	uint8_t mine[JWK_THUMBPRINT_SIZE];
	uint8_t leaf_hash[MERKLE_HASH_SIZE];
	struct log_entry entry;
	const char *problem;
	enum result result;

	if (!key_proof_read_entry(row, &entry, leaf_hash))
		return log_break(pin, fault,
						 "the server sent something that is not an entry "
						 "after entry %u of your history",
						 history->number);
	result = look_for_key(history->session, entry.user.key_version, fault);
	if (result == RESULT_OK)
		result = own_thumbprint(history->session, entry.user.key_version, mine,
								fault);
	if (result != RESULT_OK)
		return result;
	problem = check_entry(history, &entry, mine);
	if (problem != NULL)
		return log_break(pin, fault,
						 "your own history in the key log is wrong: what "
						 "follows entry %u, number %u with key version %u of "
						 "%s, %s",
						 history->number, entry.user.number,
						 entry.user.key_version, entry.user.username, problem);
	go_on(history, &entry.user, leaf_hash);
	return RESULT_OK;
}

/* The first row must be the newest entry that was checked before. */
static enum result
take_known(struct history *history, struct log_pin *pin, const json_t *row,
		   struct fault *fault)
{
	uint8_t leaf_hash[MERKLE_HASH_SIZE];
	struct log_entry entry;

	if (key_proof_read_entry(row, &entry, leaf_hash) &&
		memcmp(leaf_hash, history->leaf_hash, sizeof(leaf_hash)) == 0)
	{
		go_on(history, &entry.user, leaf_hash);
		return RESULT_OK;
	}
	return log_break(pin, fault,
					 "entry %u of your history in the key log is not the one "
					 "that was seen before",
					 history->number);
}

/* Is the last row's entry in the log? */
static enum result
check_proof(const struct history *history, struct log_pin *pin,
			const json_t *answer, struct fault *fault)
{
	const json_t *log = json_object_get(answer, "log");
	struct checkpoint checkpoint;
	struct key_proof proof;
	enum result result;

	if (log == NULL || json_is_null(log))
		return log_vanished(pin, fault);
	if (!key_proof_read(log, &proof) ||
		memcmp(proof.leaf_hash, history->leaf_hash, MERKLE_HASH_SIZE) != 0)
		return log_break(pin, fault,
						 "the server gives no proof for entry %u of your "
						 "history in the key log",
						 history->number);
	result = log_follow(&history->session->http, pin, proof.checkpoint,
						&checkpoint, fault);
	if (result == RESULT_OK && key_proof_verify(&proof, &checkpoint) != NULL)
		result = log_break(pin, fault,
						   "entry %u of your history is not in the key log: "
						   "the proof does not lead to the signed root",
						   history->number);
	return result;
}

/* Checks the rows of one answer and the proof of the last one. */
static enum result
take_rows(struct history *history, struct log_pin *pin, const json_t *answer,
		  const json_t *rows, struct fault *fault)
{
	enum result result = RESULT_OK;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		result = i == 0 && history->number > 0
					 ? take_known(history, pin, row, fault)
					 : take_entry(history, pin, row, fault);
		if (result != RESULT_OK)
			return result;
	}
	result = check_proof(history, pin, answer, fault);
	if (result == RESULT_OK && history->number != pin->number)
	{
		pin->number = history->number;
		memcpy(pin->leaf_hash, history->leaf_hash, sizeof(pin->leaf_hash));
		pin->changed = true;
	}
	return result;
}

/* One answer; *more: there may be another one. */
static enum result
take_page(struct history *history, struct log_pin *pin, bool *more,
		  struct fault *fault)
{
	json_t *answer = NULL;
	json_t *rows;
	size_t count;
	enum result result =
		server_history(history->session, pin->number, &answer, fault);

	if (result != RESULT_OK)
		return result;
	rows = json_object_get(answer, "rotations");
	count = json_array_size(rows);
	if (!json_is_array(rows) || count > PAGE_MAX)
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "the server sent something that is not a history");
	else if (count > 0)
		result = take_rows(history, pin, answer, rows, fault);
	else if (pin->number > 0)
		result = log_break(pin, fault,
						   "entry %u of your history, which was seen before, "
						   "is no longer in the key log",
						   pin->number);
	*more = count == PAGE_MAX;
	json_decref(answer);
	return result;
}

static enum result
begin(struct session *session, const struct log_pin *pin, struct history *out,
	  struct fault *fault)
{
	*out = (struct history){.session = session, .number = pin->number};
	if (pin->number > 0)
		memcpy(out->leaf_hash, pin->leaf_hash, sizeof(out->leaf_hash));
	if (!log_entry_service(session->account.service, out->service))
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "OpenSSL could not hash");
	return session->account.has_identity
			   ? own_thumbprint(session, KEYRING_IDENTITY, out->identity,
								fault)
			   : RESULT_OK;
}

enum result
log_history_check(struct session *session, struct log_pin *pin, bool accepting,
				  struct fault *fault)
{
	struct history history;
	bool more = true;
	enum result result = begin(session, pin, &history, fault);

	history.accepting = accepting;
	while (result == RESULT_OK && more)
		result = take_page(&history, pin, &more, fault);
	pin->version = history.version;
	if (result != RESULT_OK || pin->number == 0)
		return result;
	if (accepting && memcmp(history.shown_identity, history.identity,
							sizeof(history.identity)) != 0)
		return log_break(pin, fault,
						 "your newest entry in the key log has another "
						 "identity key than this account: identity.pem here "
						 "is no longer yours");
	if (accepting || pin->version >= session->account.version)
		return RESULT_OK;
	return log_break(pin, fault,
					 "your history in the key log ends with key version %u: "
					 "the server dropped version %u, which it had taken",
					 pin->version, session->account.version);
}
