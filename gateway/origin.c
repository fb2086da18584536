/*
 * origin.c
 *		A new origin of the key log, after a restore.
 */
#include "origin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "key_log.h"
#include "log.h"
#include "signer.h"

/* Makes the key, shows the origin, then puts the key in its place. */
static bool
begin(struct db_connection *connection, struct signer *old,
	  const struct key_log_state *state, struct log *log)
{
	const struct log_head *head = &state->head;
	struct succession succession = {0};
	char problem[SIGNER_PROBLEM_SIZE];
	bool good = signer_prepare_succession(old, head, &succession, problem);
	enum status status;

	if (good)
	{
		status = key_log_begin_origin(
			connection, signer_verifier(succession.fresh),
			signer_last(old)->size > 0 ? succession.note : NULL,
			state->signed_size, head, succession.checkpoint);
		if (status != STATUS_OK)
			snprintf(problem, sizeof(problem), "the database said %s",
					 status_row(status)->code);
		good =
			status == STATUS_OK && signer_succeed(old, &succession, problem);
	}
	if (good)
		printf("The key log goes on at size %" PRIu64 " under a new "
			   "origin:\n%s\nClients stop and ask their users. Restart the "
			   "gateways, and empty caches that keep /key-log.\n",
			   head->size, signer_verifier(succession.fresh));
	else
		log_line(log, LOG_LEVEL_ERROR, "no new origin: %s", problem);
	succession_free(&succession);
	return good;
}

/* Does the database continue what was signed?  Then it goes on as it is. */
static bool
is_in_order(struct db_connection *connection, const struct signer *signer,
			const struct log_head *head)
{
	uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE];
	char problem[SIGNER_PROBLEM_SIZE];
	uint64_t last = signer_last(signer)->size;
	size_t count = 0;

	if (last == 0 || last > head->size)
		return false;
	if (last < head->size && key_log_consistency(connection, last, head->size,
												 proof, &count) != STATUS_OK)
		return false;
	return signer_continues(signer, head,
							(const uint8_t(*)[MERKLE_HASH_SIZE]) proof, count,
							problem);
}

bool
origin_begin(const struct config *config, struct db *db, struct log *log)
{
	char problem[SIGNER_PROBLEM_SIZE] = "log_signer is not set";
	struct signer *old = config->log_signer[0] != '\0'
							 ? signer_open(config->log_signer, false, problem)
							 : NULL;
	struct db_connection *connection = db_connection_new(db);
	struct key_log_state state;
	bool good = false;

	if (!old)
		log_line(log, LOG_LEVEL_ERROR, "%s", problem);
	else if (!connection || key_log_state(connection, &state) != STATUS_OK)
		log_line(log, LOG_LEVEL_ERROR,
				 "the database does not answer, or lacks the extension");
	else if (!state.is_on || state.head.size == 0)
		log_line(log, LOG_LEVEL_ERROR,
				 "the database's key log is off, or empty: there is nothing "
				 "to go on from");
	else if (strcmp(state.verifier, signer_verifier(old)) != 0)
		log_line(log, LOG_LEVEL_ERROR,
				 "the key of log_signer is not the one that signs: that is %s",
				 state.verifier);
	else if (is_in_order(connection, old, &state.head))
		log_line(log, LOG_LEVEL_ERROR,
				 "nothing was restored: the database's key log continues what "
				 "this key has signed");
	else
		good = begin(connection, old, &state, log);
	db_connection_free(connection);
	signer_close(old);
	return good;
}
