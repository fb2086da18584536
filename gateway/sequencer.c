/*
 * sequencer.c
 *		The thread that puts committed rows into the key log, a round at a
 *		time, and has them signed when this gateway is the signer.
 */
#include "sequencer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "key_log.h"
#include "log.h"
#include "signer.h"

#define WAIT_MS 1000	   /* of a request, before it is told "not yet" */
#define IDLE_MS 50		   /* between looks for rows that SQL has written */
#define GATHER_FROM 4	   /* requests of the round before, from which on to */
#define GATHER_US 10000	   /* wait for more before the next */
#define ANOTHER_US 1000	   /* while another gateway makes a round */
#define SIGNED_US 3000	   /* between looks for another's checkpoint */
#define PAUSE_US 100000	   /* after a round that failed */
#define COMPLAINT_MS 60000 /* between two lines that say the same */

struct sequencer
{
	struct log *log;
	struct signer *signer; /* NULL: another gateway signs */
	struct db_connection *connection;
	pthread_t thread;
	pthread_mutex_t mutex; /* for all below, but never during a call */
	pthread_cond_t asked_more, done_more;
	uint64_t asked;					  /* requests that want a round */
	uint64_t done;					  /* those that got one */
	struct sequencer_ticket *tickets; /* of those who wait */
	bool stopping;
	struct sequencer_figures figures;

	/* Of the thread alone. */
	bool signs;		   /* its key is the one that counts */
	bool told_off;	   /* said that the log is off */
	uint64_t gathered; /* requests that the last round served */
	int64_t complained_ms;
	char complaint[SIGNER_PROBLEM_SIZE];
};

/* --- what went wrong --- */

/* A loud line, once a minute for the same thing. */
static void
complain(struct sequencer *sequencer, const char *problem)
{
	int64_t now = clock_ms();

	if (strcmp(sequencer->complaint, problem) == 0 &&
		now - sequencer->complained_ms < COMPLAINT_MS)
		return;
	snprintf(sequencer->complaint, sizeof(sequencer->complaint), "%s",
			 problem);
	sequencer->complained_ms = now;
	log_line(sequencer->log, LOG_LEVEL_ERROR,
			 "THE KEY LOG IS NOT SIGNED%s: %s",
			 sequencer->signs ? "" : " HERE", problem);
}

static void
set_refused(struct sequencer *sequencer, bool refused)
{
	pthread_mutex_lock(&sequencer->mutex);
	sequencer->figures.refused = refused;
	pthread_mutex_unlock(&sequencer->mutex);
}

static void
set_sizes(struct sequencer *sequencer, uint64_t size, uint64_t signed_size)
{
	pthread_mutex_lock(&sequencer->mutex);
	sequencer->figures.size = size;
	sequencer->figures.signed_size = signed_size;
	pthread_mutex_unlock(&sequencer->mutex);
}

/* --- signing --- */

static bool
refuse(struct sequencer *sequencer, const char *problem)
{
	set_refused(sequencer, true);
	complain(sequencer, problem);
	return false;
}

/*
 * Is it this gateway's key that signs?  False when the database shows more
 * than the key has ever signed.
 */
static bool
find_place(struct sequencer *sequencer, const struct key_log_state *state)
{
	char problem[SIGNER_PROBLEM_SIZE];
	const char *ours;
	uint64_t last;

	if (!sequencer->signer && state->verifier[0] == '\0')
		complain(sequencer,
				 "no gateway has ever signed it, so that no key counts; set "
				 "log_signer on exactly one, or do without the log: ALTER "
				 "DATABASE ... SET e2emsg.key_log = off");
	if (!sequencer->signer)
		return true;
	ours = signer_verifier(sequencer->signer);
	last = signer_last(sequencer->signer)->size;
	sequencer->signs =
		state->verifier[0] == '\0' || strcmp(state->verifier, ours) == 0;
	if (!sequencer->signs)
	{
		snprintf(problem, sizeof(problem),
				 "its signer is %.120s, and the key of log_signer is %.120s; "
				 "exactly one gateway may sign",
				 state->verifier, ours);
		refuse(sequencer, problem);
		return true; /* the other one does it */
	}
	if (state->signed_size <= last)
		return true;
	snprintf(problem, sizeof(problem),
			 "the database shows %" PRIu64 " entries signed by this key, the "
			 "file .last beside it knows of %" PRIu64 SIGNER_AFTER_RESTORE,
			 state->signed_size, last);
	return refuse(sequencer, problem);
}

/* Gives waiting rotations their answers. */
static void
answer_rotated(struct sequencer *sequencer, const struct db_answer *rotated)
{
	pthread_mutex_lock(&sequencer->mutex);
	for (int row = 0; row < db_answer_rows(rotated); row++)
	{
		const char *user = db_answer_field(rotated, row, 0, NULL);
		const char *version = db_answer_field(rotated, row, 1, NULL);
		const char *body = db_answer_field(rotated, row, 2, NULL);

		for (struct sequencer_ticket *ticket = sequencer->tickets; ticket;
			 ticket = ticket->next)
			if (!ticket->body && ticket->user && ticket->version &&
				strcmp(ticket->user, user) == 0 &&
				strcmp(ticket->version, version) == 0)
				ticket->body = strdup(body);
	}
	pthread_mutex_unlock(&sequencer->mutex);
}

/* Signs the head, if it continues what was signed last, and shows it. */
static bool
sign(struct sequencer *sequencer, const struct log_head *head)
{
	uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE];
	char note[NOTE_MAX_SIZE + 1], problem[SIGNER_PROBLEM_SIZE];
	const struct log_head *last = signer_last(sequencer->signer);
	struct db_answer rotated = {0};
	size_t count = 0;
	bool good;

	if (last->size > 0 && last->size < head->size &&
		key_log_consistency(sequencer->connection, last->size, head->size,
							proof, &count) != STATUS_OK)
		return false;
	good = signer_sign(sequencer->signer, head,
					   (const uint8_t(*)[MERKLE_HASH_SIZE]) proof, count, note,
					   problem);
	if (!good)
		return refuse(sequencer, problem);
	set_refused(sequencer, false);
	good = key_log_publish(sequencer->connection,
						   signer_verifier(sequencer->signer), head, note,
						   &rotated) == STATUS_OK;
	if (good)
	{
		answer_rotated(sequencer, &rotated);
		set_sizes(sequencer, head->size, head->size);
	}
	db_answer_free(&rotated);
	return good;
}

/* Waits for the gateway that signs. */
static bool
wait_for_signer(struct sequencer *sequencer, const struct log_head *head)
{
	int64_t deadline = clock_ms() + WAIT_MS;
	struct key_log_state state;

	while (key_log_state(sequencer->connection, &state) == STATUS_OK)
	{
		set_sizes(sequencer, state.head.size, state.signed_size);
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
take_rows(struct sequencer *sequencer, struct log_head *head)
{
	int64_t deadline = clock_ms() + WAIT_MS;
	enum status status = STATUS_OK;
	bool more = true;

	while (more && status == STATUS_OK)
	{
		status = key_log_round(sequencer->connection, &more, head);
		if (status == STATUS_MAILBOX_BUSY && clock_ms() < deadline)
		{
			usleep(ANOTHER_US);
			status = STATUS_OK;
			more = true;
		}
	}
	return status == STATUS_OK;
}

/* True when all that was committed before is in a signed checkpoint. */
static bool
make_round(struct sequencer *sequencer)
{
	struct log_head head;

	if (!take_rows(sequencer, &head))
		return false;
	pthread_mutex_lock(&sequencer->mutex);
	sequencer->figures.rounds++;
	pthread_mutex_unlock(&sequencer->mutex);
	if (!sequencer->signs)
		return wait_for_signer(sequencer, &head);
	if (head.size == 0 || (head.size == signer_last(sequencer->signer)->size &&
						   head.size == sequencer->figures.signed_size))
		return true;
	return sign(sequencer, &head);
}

/* Once: this is not what one gets without asking for it. */
static void
tell_off(struct sequencer *sequencer)
{
	if (!sequencer->told_off)
		log_line(sequencer->log, LOG_LEVEL_WARN,
				 "the key log is off (e2emsg.key_log): nobody can see that a "
				 "key was swapped");
	sequencer->told_off = true;
}

/*
 * Nobody asks: rows that SQL has written, and rounds of gateways that do not
 * sign.  Also the first look, and the one after a failure.
 */
static bool
look(struct sequencer *sequencer)
{
	struct key_log_state state;

	if (key_log_state(sequencer->connection, &state) != STATUS_OK)
		return false;
	set_sizes(sequencer, state.head.size, state.signed_size);
	if (!state.is_on)
	{
		tell_off(sequencer);
		return true;
	}
	if (!find_place(sequencer, &state))
		return false;
	if (!state.pending &&
		(!sequencer->signs || state.head.size == state.signed_size))
		return true;
	return make_round(sequencer);
}

/* Waits until somebody asks, or for a while; false at the end. */
static bool
wait_to_be_asked(struct sequencer *sequencer, bool *is_asked, uint64_t *asked)
{
	struct timespec deadline = clock_deadline(IDLE_MS);
	int waited = 0;

	pthread_mutex_lock(&sequencer->mutex);
	while (!sequencer->stopping && sequencer->asked == sequencer->done &&
		   waited == 0)
		waited = pthread_cond_timedwait(&sequencer->asked_more,
										&sequencer->mutex, &deadline);
	*asked = sequencer->asked;
	*is_asked = sequencer->asked != sequencer->done;
	pthread_mutex_unlock(&sequencer->mutex);
	return !sequencer->stopping;
}

static void
answer(struct sequencer *sequencer, uint64_t asked)
{
	pthread_mutex_lock(&sequencer->mutex);
	sequencer->done = asked;
	pthread_cond_broadcast(&sequencer->done_more);
	pthread_mutex_unlock(&sequencer->mutex);
}

/* Under load one round for many costs less than a round for each. */
static void
gather(struct sequencer *sequencer, uint64_t *asked)
{
	if (sequencer->gathered < GATHER_FROM)
		return;
	usleep(GATHER_US);
	pthread_mutex_lock(&sequencer->mutex);
	*asked = sequencer->asked;
	pthread_mutex_unlock(&sequencer->mutex);
}

static void *
run(void *context)
{
	struct sequencer *sequencer = context;
	bool is_asked, good = false; /* the first time look around */
	uint64_t asked;

	while (wait_to_be_asked(sequencer, &is_asked, &asked))
	{
		gather(sequencer, &asked);
		sequencer->gathered = asked - sequencer->done;
		good = good && is_asked ? make_round(sequencer) : look(sequencer);
		if (good)
			answer(sequencer, asked);
		else
			usleep(PAUSE_US);
	}
	return NULL;
}

/* Takes a ticket out of the list; the caller holds the mutex. */
static void
leave(struct sequencer *sequencer, const struct sequencer_ticket *ticket)
{
	struct sequencer_ticket **at = &sequencer->tickets;

	while (*at != ticket)
		at = &(*at)->next;
	*at = ticket->next;
}

bool
sequencer_wait(struct sequencer *sequencer, struct sequencer_ticket *ticket)
{
	struct timespec deadline = clock_deadline(WAIT_MS);
	int waited = 0;
	bool done;

	pthread_mutex_lock(&sequencer->mutex);
	ticket->number = ++sequencer->asked;
	ticket->next = sequencer->tickets;
	sequencer->tickets = ticket;
	pthread_cond_signal(&sequencer->asked_more);
	while (sequencer->done < ticket->number && waited == 0 &&
		   !sequencer->stopping)
		waited = pthread_cond_timedwait(&sequencer->done_more,
										&sequencer->mutex, &deadline);
	done = sequencer->done >= ticket->number;
	leave(sequencer, ticket);
	pthread_mutex_unlock(&sequencer->mutex);
	return done;
}

void
sequencer_figures(struct sequencer *sequencer, struct sequencer_figures *out)
{
	pthread_mutex_lock(&sequencer->mutex);
	*out = sequencer->figures;
	pthread_mutex_unlock(&sequencer->mutex);
}

/* --- beginning and end --- */

static bool
open_signer(const struct config *config, struct log *log,
			struct signer **signer)
{
	char problem[SIGNER_PROBLEM_SIZE];

	*signer = NULL;
	if (config->log_signer[0] == '\0')
		return true;
	*signer = signer_open(config->log_signer, problem);
	if (!*signer)
		log_line(log, LOG_LEVEL_ERROR, "%s", problem);
	return *signer != NULL;
}

static void
free_sequencer(struct sequencer *sequencer)
{
	db_connection_free(sequencer->connection);
	signer_close(sequencer->signer);
	free(sequencer);
}

struct sequencer *
sequencer_start(const struct config *config, struct db *db, struct log *log)
{
	struct sequencer *sequencer = calloc(1, sizeof(*sequencer));
	pthread_condattr_t monotonic;

	if (!sequencer)
		return NULL;
	sequencer->log = log;
	sequencer->connection = db_connection_new(db);
	pthread_mutex_init(&sequencer->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&sequencer->asked_more, &monotonic);
	pthread_cond_init(&sequencer->done_more, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (!sequencer->connection ||
		!open_signer(config, log, &sequencer->signer) ||
		pthread_create(&sequencer->thread, NULL, run, sequencer) != 0)
	{
		free_sequencer(sequencer);
		return NULL;
	}
	return sequencer;
}

void
sequencer_stop(struct sequencer *sequencer)
{
	if (!sequencer)
		return;
	pthread_mutex_lock(&sequencer->mutex);
	sequencer->stopping = true;
	pthread_cond_signal(&sequencer->asked_more);
	pthread_cond_broadcast(&sequencer->done_more);
	pthread_mutex_unlock(&sequencer->mutex);
	pthread_join(sequencer->thread, NULL);
	free_sequencer(sequencer);
}
