/*
 * batch.c
 *		Storing a batch, and finding whose fault it is when that fails.
 */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "pgarray.h"

static const char send_sql[] =
	"SELECT code, body, seq, message FROM e2emsg.rest_send_messages($1, $2,"
	" $3, $4, $5, $6, $7, $8, $9)";

/* The parameters of the call; arrays that live as long as it. */
enum array
{
	SENDERS,
	RECEIVERS,
	SUITES,
	SENDER_KEY_VERSIONS,
	KEY_VERSIONS,
	IVS,
	CIPHERTEXTS,
	AUTH_TAGS,
	AWAITED,
	ARRAYS
};

/* Where a run of a batch goes. */
struct run
{
	struct ticket *const *tickets;
	int count;
	struct db_connection *connection;
};

void
ticket_clear(struct ticket *ticket)
{
	free(ticket->body);
	free(ticket->message);
	ticket->body = ticket->message = NULL;
}

void
batch_init(struct batch *batch)
{
	batch->count = 0;
	batch->bytes = 0;
	batch->next = NULL;
	atomic_init(&batch->answered, 0);
	atomic_init(&batch->waiting, 0);
}

void
batch_add(struct batch *batch, struct ticket *ticket)
{
	batch->tickets[batch->count++] = ticket;
	batch->bytes += ticket->submission->iv_size +
					ticket->submission->ciphertext_size +
					ticket->submission->auth_tag_size;
	atomic_fetch_add(&batch->waiting, 1);
}

static bool
begin_arrays(struct pgarray arrays[ARRAYS], struct ticket *const *tickets,
			 size_t count)
{
	size_t ivs = 0, ciphertexts = 0, auth_tags = 0;

	for (size_t i = 0; i < count; i++)
	{
		ivs += tickets[i]->submission->iv_size;
		ciphertexts += tickets[i]->submission->ciphertext_size;
		auth_tags += tickets[i]->submission->auth_tag_size;
	}
	return pgarray_begin(&arrays[SENDERS], PGARRAY_UUID, count,
						 count * UUID_SIZE) &&
		   pgarray_begin(&arrays[RECEIVERS], PGARRAY_UUID, count,
						 count * UUID_SIZE) &&
		   pgarray_begin(&arrays[SUITES], PGARRAY_INT2, count, count * 2) &&
		   pgarray_begin(&arrays[SENDER_KEY_VERSIONS], PGARRAY_INT4, count,
						 count * 4) &&
		   pgarray_begin(&arrays[KEY_VERSIONS], PGARRAY_INT4, count,
						 count * 4) &&
		   pgarray_begin(&arrays[IVS], PGARRAY_BYTEA, count, ivs) &&
		   pgarray_begin(&arrays[CIPHERTEXTS], PGARRAY_BYTEA, count,
						 ciphertexts) &&
		   pgarray_begin(&arrays[AUTH_TAGS], PGARRAY_BYTEA, count,
						 auth_tags) &&
		   pgarray_begin(&arrays[AWAITED], PGARRAY_BOOL, count, count);
}

static void
fill_arrays(struct pgarray arrays[ARRAYS], const struct ticket *ticket)
{
	const struct submission *s = ticket->submission;
	const uint8_t *ciphertext = s->bytes + s->iv_size;

	pgarray_add_bytes(&arrays[SENDERS], s->sender, UUID_SIZE);
	pgarray_add_bytes(&arrays[RECEIVERS], s->receiver, UUID_SIZE);
	pgarray_add_int2(&arrays[SUITES], s->suite);
	if (s->has_sender_key_version)
		pgarray_add_int4(&arrays[SENDER_KEY_VERSIONS], s->sender_key_version);
	else
		pgarray_add_null(&arrays[SENDER_KEY_VERSIONS]);
	pgarray_add_int4(&arrays[KEY_VERSIONS], s->key_version);
	pgarray_add_bytes(&arrays[IVS], s->bytes, s->iv_size);
	pgarray_add_bytes(&arrays[CIPHERTEXTS], ciphertext, s->ciphertext_size);
	pgarray_add_bytes(&arrays[AUTH_TAGS], ciphertext + s->ciphertext_size,
					  s->auth_tag_size);
	pgarray_add_bool(&arrays[AWAITED], ticket->is_awaited);
}

/* The parameters of a call; false without memory.  Free them in any case. */
static bool
make_params(struct pgarray arrays[ARRAYS], struct db_params *params,
			const struct run *run)
{
	if (!begin_arrays(arrays, run->tickets, (size_t) run->count))
		return false;
	for (int i = 0; i < run->count; i++)
		fill_arrays(arrays, run->tickets[i]);
	for (int i = 0; i < ARRAYS; i++)
		db_param_binary(params, arrays[i].bytes, arrays[i].size);
	return true;
}

/* Sends the call, and waits for the answer unless that is NULL. */
static enum status
call(const struct run *run, struct db_answer *answer)
{
	struct pgarray arrays[ARRAYS] = {0};
	struct db_params params = {0};
	enum status status = STATUS_OVERLOADED;

	if (make_params(arrays, &params, run))
		status = answer
					 ? db_connection_call(run->connection, send_sql, &params,
										  answer)
					 : db_connection_send(run->connection, send_sql, &params);
	for (int i = 0; i < ARRAYS; i++)
		pgarray_free(&arrays[i]);
	return status;
}

static char *
copy_field(const struct db_answer *answer, int row, int column)
{
	const char *value = db_answer_field(answer, row, column, NULL);

	return value ? strdup(value) : NULL;
}

/* What the database said about one envelope, copied. */
static void
take_row(struct ticket *ticket, const struct db_answer *answer, int row)
{
	const char *code = db_answer_field(answer, row, 0, NULL);
	const char *seq = db_answer_field(answer, row, 2, NULL);

	ticket->repeated = code && strcmp(code, "repeated") == 0;
	ticket->status =
		!code || ticket->repeated ? STATUS_OK : status_of_code(code);
	ticket->body = copy_field(answer, row, 1);
	ticket->seq = seq ? strtoll(seq, NULL, 10) : 0;
	ticket->message = copy_field(answer, row, 3);
	if (ticket->status == STATUS_OK && !ticket->body)
		ticket->status = STATUS_OVERLOADED;
}

/* Gives each ticket its row, when there is one for each. */
static enum status
take_rows(const struct run *run, enum status status,
		  const struct db_answer *answer)
{
	if (status == STATUS_OK && db_answer_rows(answer) != run->count)
		status = STATUS_INTERNAL_ERROR;
	if (status == STATUS_OK)
		for (int i = 0; i < run->count; i++)
			take_row(run->tickets[i], answer, i);
	return status;
}

static void store_run(const struct run *run);

/*
 * An error that nobody expects is one envelope's doing, and takes the others
 * with it: both halves are tried by themselves, until it stands alone.  What
 * passes by itself (503) is nobody's doing.
 */
static void
bisect(const struct run *run, enum status status)
{
	struct run left = *run, right = *run;

	if (run->count > 1 && status_row(status)->http != 503)
	{
		left.count = run->count / 2;
		right.count = run->count - left.count;
		right.tickets += left.count;
		store_run(&left);
		store_run(&right);
		return;
	}
	for (int i = 0; i < run->count; i++)
		run->tickets[i]->status = status;
}

static void
store_run(const struct run *run)
{
	struct db_answer answer = {0};
	enum status status = take_rows(run, call(run, &answer), &answer);

	db_answer_free(&answer);
	if (status != STATUS_OK)
		bisect(run, status);
}

static struct run
whole(struct batch *batch, struct db_connection *connection)
{
	return (struct run){.tickets = batch->tickets,
						.count = batch->count,
						.connection = connection};
}

void
batch_store(struct batch *batch, struct db_connection *connection)
{
	struct run run = whole(batch, connection);

	store_run(&run);
}

bool
batch_send(struct batch *batch, struct db_connection *connection)
{
	struct run run = whole(batch, connection);
	enum status status = call(&run, NULL);

	for (int i = 0; status != STATUS_OK && i < batch->count; i++)
		batch->tickets[i]->status = status;
	return status == STATUS_OK;
}

enum status
batch_receive(struct batch *batch, struct db_connection *connection)
{
	struct run run = whole(batch, connection);
	struct db_answer answer;
	enum status status = db_connection_receive(connection, &answer);

	status = take_rows(&run, status, &answer);
	db_answer_free(&answer);
	return status;
}

void
batch_bisect(struct batch *batch, struct db_connection *connection,
			 enum status status)
{
	struct run run = whole(batch, connection);

	bisect(&run, status);
}
