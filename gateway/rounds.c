/*
 * rounds.c
 *		Rounds of the key log: rows come into the tree, and a checkpoint is
 *		signed when this gateway is the signer.
 */
#include "rounds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "key_log.h"
#include "log.h"
#include "signer.h"

#define PATIENCE_MS 1000   /* with other gateways */
#define ANOTHER_US 1000	   /* while another one makes a round */
#define SIGNED_US 3000	   /* between looks for another's checkpoint */
#define UNSIGNED_MS 5000   /* before the other gateway is missed */
#define COMPLAINT_MS 60000 /* between two lines that say the same */

/* What there is to complain of; several may last at the same time. */
enum complaint
{
	COMPLAINT_PLACE, /* this gateway's place among those of the log */
	COMPLAINT_AWAY,	 /* the gateway that signs */
	COMPLAINT_COUNT
};

struct rounds
{
	struct log *log;
	struct signer *signer; /* NULL: another gateway signs */
	struct db_connection *connection;
	struct round_figures figures;
	bool signs;			   /* its key is the one that counts */
	bool told_off;		   /* said that the log is off */
	uint64_t waiting_size; /* since when another gateway signed no more */
	int64_t waiting_since_ms;
	struct
	{
		int64_t said_ms;
		char text[SIGNER_PROBLEM_SIZE];
	} complaints[COMPLAINT_COUNT]; /* the last of each */
};

/* --- what went wrong --- */

/* A loud line, once a minute for the same thing. */
static void
complain(struct rounds *rounds, enum complaint kind, const char *problem)
{
	int64_t now = clock_ms(), *said_ms = &rounds->complaints[kind].said_ms;
	char *text = rounds->complaints[kind].text;

	if (strcmp(text, problem) == 0 && now - *said_ms < COMPLAINT_MS)
		return;
	snprintf(text, SIGNER_PROBLEM_SIZE, "%s", problem);
	*said_ms = now;
	log_line(rounds->log, LOG_LEVEL_ERROR, "THE KEY LOG IS NOT SIGNED%s: %s",
			 rounds->signs ? "" : " HERE", problem);
}

/* --- signing --- */

static bool
refuse(struct rounds *rounds, const char *problem)
{
	rounds->figures.refused = true;
	complain(rounds, COMPLAINT_PLACE, problem);
	return false;
}

/*
 * Is it this gateway's key that signs?  False when the database shows more
 * than the key has ever signed.
 */
static bool
find_place(struct rounds *rounds, const struct key_log_state *state)
{
	char problem[SIGNER_PROBLEM_SIZE];
	const char *ours;
	uint64_t last;

	if (!rounds->signer && state->verifier[0] == '\0')
		complain(rounds, COMPLAINT_PLACE,
				 "no gateway has ever signed it, so that no key counts; set "
				 "log_signer on exactly one, or do without the log: ALTER "
				 "DATABASE ... SET e2emsg.key_log = off");
	if (!rounds->signer)
		return true;
	ours = signer_verifier(rounds->signer);
	last = signer_last(rounds->signer)->size;
	rounds->signs =
		state->verifier[0] == '\0' || strcmp(state->verifier, ours) == 0;
	if (!rounds->signs)
	{
		snprintf(problem, sizeof(problem),
				 "its signer is %.120s, and the key of log_signer is %.120s; "
				 "exactly one gateway may sign",
				 state->verifier, ours);
		refuse(rounds, problem);
		return true; /* the other one does it */
	}
	if (!signer_fits(rounds->signer, &state->head, problem))
		return refuse(rounds, problem);
	if (state->signed_size <= last)
		return true;
	snprintf(problem, sizeof(problem),
			 "the database shows %" PRIu64 " entries signed by this key, the "
			 "file .last beside it knows of %" PRIu64 SIGNER_AFTER_RESTORE,
			 state->signed_size, last);
	return refuse(rounds, problem);
}

/* Signs the head, if it continues what was signed last, and shows it. */
static bool
sign(struct rounds *rounds, const struct log_head *head,
	 struct db_answer *rotated)
{
	uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE];
	char note[NOTE_MAX_SIZE + 1], problem[SIGNER_PROBLEM_SIZE];
	const struct log_head *last = signer_last(rounds->signer);
	size_t count = 0;
	bool good;

	if (last->size > 0 && last->size < head->size &&
		key_log_consistency(rounds->connection, last->size, head->size, proof,
							&count) != STATUS_OK)
		return false;
	good = signer_sign(rounds->signer, head,
					   (const uint8_t(*)[MERKLE_HASH_SIZE]) proof, count, note,
					   problem);
	if (!good)
		return refuse(rounds, problem);
	rounds->figures.refused = false;
	good = key_log_publish(rounds->connection, signer_verifier(rounds->signer),
						   head, note, rotated) == STATUS_OK;
	if (good)
	{
		rounds->figures.size = head->size;
		rounds->figures.signed_size = head->size;
	}
	return good;
}

/* Waits for the gateway that signs. */
static bool
wait_for_signer(struct rounds *rounds, const struct log_head *head)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	struct key_log_state state;

	while (key_log_state(rounds->connection, &state) == STATUS_OK)
	{
		rounds->figures.size = state.head.size;
		rounds->figures.signed_size = state.signed_size;
		if (state.signed_size >= head->size)
			return true;
		if (clock_ms() >= deadline)
			break;
		usleep(SIGNED_US);
	}
	return false;
}

/* --- rounds --- */

/* Takes all that is committed by now. */
static bool
take_rows(struct rounds *rounds, struct log_head *head)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	enum status status = STATUS_OK;
	bool more = true;

	while (more && status == STATUS_OK)
	{
		status = key_log_round(rounds->connection, &more, head);
		if (status == STATUS_MAILBOX_BUSY && clock_ms() < deadline)
		{
			usleep(ANOTHER_US);
			status = STATUS_OK;
			more = true;
		}
	}
	return status == STATUS_OK;
}

bool
rounds_make(struct rounds *rounds, struct db_answer *rotated)
{
	struct log_head head;

	if (!take_rows(rounds, &head))
		return false;
	rounds->figures.rounds += head.size > rounds->figures.size;
	rounds->figures.size = head.size;
	if (!rounds->signs)
		return wait_for_signer(rounds, &head);
	if (head.size == 0 || (head.size == signer_last(rounds->signer)->size &&
						   head.size == rounds->figures.signed_size))
		return true;
	return sign(rounds, &head, rotated);
}

/* The other gateway, if there ever was one, should have signed long ago. */
static void
tell_unsigned(struct rounds *rounds, const struct key_log_state *state)
{
	char problem[SIGNER_PROBLEM_SIZE];
	int64_t now = clock_ms();

	if (state->signed_size != rounds->waiting_size)
		rounds->waiting_since_ms = now;
	rounds->waiting_size = state->signed_size;
	if (state->verifier[0] == '\0' ||
		now - rounds->waiting_since_ms < UNSIGNED_MS)
		return;
	snprintf(
		problem, sizeof(problem),
		"the gateway that signs it is away; new keys do not count (%.120s)",
		state->verifier);
	complain(rounds, COMPLAINT_AWAY, problem);
}

/* Once: this is not what one gets without asking for it. */
static void
tell_off(struct rounds *rounds)
{
	if (!rounds->told_off)
		log_line(rounds->log, LOG_LEVEL_WARN,
				 "the key log is off (e2emsg.key_log): nobody can see that a "
				 "key was swapped");
	rounds->told_off = true;
}

bool
rounds_look(struct rounds *rounds, struct db_answer *rotated)
{
	struct key_log_state state;

	if (key_log_state(rounds->connection, &state) != STATUS_OK)
		return false;
	rounds->figures.size = state.head.size;
	rounds->figures.signed_size = state.signed_size;
	if (!state.is_on)
	{
		tell_off(rounds);
		return true;
	}
	if (!find_place(rounds, &state))
		return false;
	if (!state.pending && state.head.size == state.signed_size)
		return true;
	/* what the other gateway has still to sign is looked at again soon */
	if (!rounds->signs)
		tell_unsigned(rounds, &state);
	if (!state.pending && !rounds->signs)
		return false;
	return rounds_make(rounds, rotated);
}

static bool
open_signer(const struct config *config, struct log *log,
			struct signer **signer)
{
	char problem[SIGNER_PROBLEM_SIZE];

	*signer = NULL;
	if (config->log_signer[0] == '\0')
		return true;
	*signer = signer_open(config->log_signer, true, problem);
	if (*signer)
		log_line(log, LOG_LEVEL_INFO, "log_signer: %s",
				 signer_verifier(*signer));
	else
		log_line(log, LOG_LEVEL_ERROR, "%s", problem);
	return *signer != NULL;
}

struct rounds *
rounds_open(const struct config *config, struct db *db, struct log *log)
{
	struct rounds *rounds = calloc(1, sizeof(*rounds));

	if (!rounds)
		return NULL;
	rounds->log = log;
	rounds->connection = db_connection_new(db);
	if (rounds->connection && open_signer(config, log, &rounds->signer))
		return rounds;
	rounds_close(rounds);
	return NULL;
}

void
rounds_close(struct rounds *rounds)
{
	if (!rounds)
		return;
	db_connection_free(rounds->connection);
	signer_close(rounds->signer);
	free(rounds);
}

const struct round_figures *
rounds_figures(const struct rounds *rounds)
{
	return &rounds->figures;
}
