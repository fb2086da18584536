/*
 * pg_message.c
 *		Sending: what becomes of each envelope of a call.
 *
 * The mailboxes are locked in one statement and looked into by later ones,
 * whose snapshots see what the holders before us committed.  What stands in
 * between is a pass over an array; all access to tables is plain SQL, planned
 * once in each session.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "envelope.h"
#include "errors.h"

PG_FUNCTION_INFO_V1(send_messages);

/* The arguments of send_messages(), which the statements take as they are. */
enum argument
{
	SENDER_IDS,
	RECEIVER_IDS,
	SUITES,
	SENDER_KEY_VERSIONS,
	KEY_VERSIONS,
	IVS,
	CIPHERTEXTS,
	AUTH_TAGS,
	ARRAYS,
	WAIT = ARRAYS
};

static const Oid element_types[ARRAYS] = {
	UUIDOID, UUIDOID, INT2OID, INT4OID, INT4OID, BYTEAOID, BYTEAOID, BYTEAOID};

/* What becomes of an envelope, and its name in error_codes(). */
enum verdict
{
	FRESH, /* stored now, or not judged yet */
	REPEATED,
	INVALID_ENVELOPE,
	UNKNOWN_RECEIVER,
	MAILBOX_BUSY,
	IV_REUSED,
	STALE_KEY_VERSION
};

static const char *const codes[] = {
	[FRESH] = NULL,
	[REPEATED] = "repeated",
	[INVALID_ENVELOPE] = "invalid_envelope",
	[UNKNOWN_RECEIVER] = "unknown_receiver",
	[MAILBOX_BUSY] = "mailbox_busy",
	[IV_REUSED] = "iv_reused",
	[STALE_KEY_VERSION] = "stale_key_version",
};

/* A mailbox that this call has locked. */
struct mailbox
{
	pg_uuid_t id;
	int32 key_version;
	int64 last_seq;
	bool counted; /* last_seq has moved */
};

/* What identifies a sealed envelope, here or in the table. */
struct envelope
{
	int ordinal;
	pg_uuid_t *sender, *receiver; /* NULL when NULL */
	bytea *iv, *ciphertext, *auth_tag;
	int32 suite, sender_key_version, key_version;
	bool has_suite, has_sender_key_version, has_key_version;
	struct mailbox *mailbox; /* NULL when not locked */
	enum verdict verdict;
	const char *problem; /* what makes it invalid, or NULL */
	int64 seq;
	TimestampTz sent_at; /* when it was stored, now or before */
};

/* One call on its way through this file. */
struct sending
{
	Datum arrays[ARRAYS];
	struct envelope *envelopes;
	int count;
	struct mailbox *mailboxes; /* sorted by id */
	int mailbox_count;
	TimestampTz now;
};

/* --- the statements ---------------------------------------------------- */

enum statement
{
	LOCK,
	LOCK_FREE,
	FIND_HELD,
	FIND_KNOWN,
	STORE,
	COUNT,
	STATEMENTS
};

#define MAX_PARAMETERS 10

static const struct
{
	const char *sql;
	int count;
	Oid types[MAX_PARAMETERS];
} statements[STATEMENTS] = {
	[LOCK] = {"SELECT m.id, m.key_version, m.last_seq"
			  " FROM e2emsg.mailboxes m WHERE m.id = ANY ($1)"
			  " ORDER BY m.id FOR NO KEY UPDATE",
			  1,
			  {UUIDARRAYOID}},
	[LOCK_FREE] = {"SELECT m.id, m.key_version, m.last_seq"
				   " FROM e2emsg.mailboxes m WHERE m.id = ANY ($1)"
				   " ORDER BY m.id FOR NO KEY UPDATE SKIP LOCKED",
				   1,
				   {UUIDARRAYOID}},
	[FIND_HELD] = {"SELECT m.id FROM e2emsg.mailboxes m WHERE m.id = ANY ($1)"
				   " ORDER BY m.id",
				   1,
				   {UUIDARRAYOID}},
	[FIND_KNOWN] =
		{"SELECT e.ordinal::integer, m.suite, m.sender_key_version,"
		 " m.key_version, m.ciphertext, m.auth_tag, m.sent_at"
		 " FROM unnest($1, $2, $3) WITH ORDINALITY"
		 " AS e (sender_id, mailbox_id, iv, ordinal)"
		 " CROSS JOIN LATERAL (SELECT * FROM e2emsg.messages m"
		 " WHERE m.mailbox_id = e.mailbox_id AND m.sender_id = e.sender_id"
		 " AND m.iv = e.iv LIMIT 1) m",
		 3,
		 {UUIDARRAYOID, UUIDARRAYOID, BYTEAARRAYOID}},
	[STORE] = {"INSERT INTO e2emsg.messages (sender_id, mailbox_id, suite,"
			   " sender_key_version, key_version, iv, ciphertext, auth_tag,"
			   " seq, sent_at)"
			   " SELECT e.*, $10 FROM unnest($1, $2, $3, $4, $5, $6, $7, $8,"
			   " $9) e (sender_id, mailbox_id, suite, sender_key_version,"
			   " key_version, iv, ciphertext, auth_tag, seq)"
			   " WHERE e.seq IS NOT NULL",
			   10,
			   {UUIDARRAYOID, UUIDARRAYOID, INT2ARRAYOID, INT4ARRAYOID,
				INT4ARRAYOID, BYTEAARRAYOID, BYTEAARRAYOID, BYTEAARRAYOID,
				INT8ARRAYOID, TIMESTAMPTZOID}},
	[COUNT] = {"UPDATE e2emsg.mailboxes m SET last_seq = c.last_seq"
			   " FROM unnest($1, $2) c (id, last_seq) WHERE m.id = c.id",
			   2,
			   {UUIDARRAYOID, INT8ARRAYOID}},
};

/*
 * Runs a statement; what it returns stands in SPI_tuptable.  The plan is made
 * once and does not look at the values: it goes by the indexes, whatever the
 * statistics say (see the settings of send_messages()).
 */
static void
run(enum statement statement, const Datum *values)
{
	static SPIPlanPtr plans[STATEMENTS];
	int result;

	if (plans[statement] == NULL)
	{
		SPIPlanPtr plan = SPI_prepare_cursor(
			statements[statement].sql, statements[statement].count,
			(Oid *) statements[statement].types, CURSOR_OPT_GENERIC_PLAN);

		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare statement %d of send_messages",
				 (int) statement);
		plans[statement] = plan;
	}
	result =
		SPI_execute_plan(plans[statement], (Datum *) values, NULL, false, 0);
	if (result < 0)
		elog(ERROR, "statement %d of send_messages: %s", (int) statement,
			 SPI_result_code_string(result));
}

static Datum
field(int row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
						 column, isnull);
}

/* For a column that is NOT NULL. */
static Datum
value(int row, int column)
{
	bool isnull;

	return field(row, column, &isnull);
}

/* --- reading the arguments ----------------------------------------------- */

static void
refuse(const char *why)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_REQUEST), errmsg("%s", why),
					errhint("Compare the members and their types with the "
							"documentation.")));
}

static void
take_element(struct envelope *envelope, enum argument argument, Datum value)
{
	switch (argument)
	{
		case SENDER_IDS:
			envelope->sender = DatumGetUUIDP(value);
			break;
		case RECEIVER_IDS:
			envelope->receiver = DatumGetUUIDP(value);
			break;
		case SUITES:
			envelope->suite = DatumGetInt16(value);
			envelope->has_suite = true;
			break;
		case SENDER_KEY_VERSIONS:
			envelope->sender_key_version = DatumGetInt32(value);
			envelope->has_sender_key_version = true;
			break;
		case KEY_VERSIONS:
			envelope->key_version = DatumGetInt32(value);
			envelope->has_key_version = true;
			break;
		case IVS:
			envelope->iv = DatumGetByteaPP(value);
			break;
		case CIPHERTEXTS:
			envelope->ciphertext = DatumGetByteaPP(value);
			break;
		case AUTH_TAGS:
			envelope->auth_tag = DatumGetByteaPP(value);
			break;
		default:
			break;
	}
}

static void
take_array(struct sending *sending, enum argument argument)
{
	ArrayType *array = DatumGetArrayTypeP(sending->arrays[argument]);
	Oid type = element_types[argument];
	Datum *values;
	bool *nulls;
	int16 length;
	bool by_value;
	char align;
	int count;

	sending->arrays[argument] = PointerGetDatum(array);
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, &values, &nulls,
					  &count);
	if (sending->envelopes == NULL)
	{
		sending->envelopes = palloc0(sizeof(struct envelope) * (count + 1));
		sending->count = count;
	}
	if (count != sending->count)
		refuse("the arrays differ in length");
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			take_element(&sending->envelopes[i], argument, values[i]);
}

static const char *
problem_of(const struct envelope *envelope)
{
	if (!envelope->has_suite || !envelope->has_key_version || !envelope->iv ||
		!envelope->ciphertext || !envelope->auth_tag)
		return ENVELOPE_INCOMPLETE;
	return envelope_check(
		envelope->suite,
		envelope->has_sender_key_version ? envelope->sender_key_version
										 : SENDER_KEY_VERSION_LEFT_OUT,
		envelope->key_version, VARSIZE_ANY_EXHDR(envelope->iv),
		VARSIZE_ANY_EXHDR(envelope->ciphertext),
		VARSIZE_ANY_EXHDR(envelope->auth_tag));
}

static void
take_envelopes(struct sending *sending)
{
	for (int i = 0; i < ARRAYS; i++)
		take_array(sending, i);
	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		envelope->ordinal = i + 1;
		envelope->problem = problem_of(envelope);
		if (envelope->problem || !envelope->sender)
			envelope->verdict = INVALID_ENVELOPE;
	}
}

/* --- the rules, in their order ---------------------------------------------
 */

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN); /* the id comes first in a mailbox */
}

/* Locked in the order of their ids, so that two calls can't wait in a circle.
 */
static void
lock_mailboxes(struct sending *sending, bool wait)
{
	run(wait ? LOCK : LOCK_FREE, &sending->arrays[RECEIVER_IDS]);
	sending->mailbox_count = SPI_processed;
	sending->mailboxes = palloc(sizeof(struct mailbox) * (SPI_processed + 1));
	for (int i = 0; i < sending->mailbox_count; i++)
		sending->mailboxes[i] =
			(struct mailbox){.id = *DatumGetUUIDP(value(i, 1)),
							 .key_version = DatumGetInt32(value(i, 2)),
							 .last_seq = DatumGetInt64(value(i, 3))};
	SPI_freetuptable(SPI_tuptable);
	sending->now = GetCurrentTimestamp();
	for (int i = 0; i < sending->count; i++)
		sending->envelopes[i].sent_at = sending->now;
}

/* A mailbox that could not be locked: is it held, or is there none? */
static void
judge_without_mailbox(struct sending *sending)
{
	run(FIND_HELD, &sending->arrays[RECEIVER_IDS]);
	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (envelope->mailbox || envelope->verdict != FRESH)
			continue;
		envelope->verdict = UNKNOWN_RECEIVER;
		for (int row = 0; row < SPI_processed && envelope->receiver; row++)
			if (compare_ids(envelope->receiver,
							DatumGetUUIDP(value(row, 1))) == 0)
				envelope->verdict = MAILBOX_BUSY;
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
find_mailboxes(struct sending *sending)
{
	bool missing = false;

	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (envelope->receiver)
			envelope->mailbox = bsearch(envelope->receiver, sending->mailboxes,
										sending->mailbox_count,
										sizeof(struct mailbox), compare_ids);
		missing |= !envelope->mailbox && envelope->verdict == FRESH;
	}
	if (missing)
		judge_without_mailbox(sending);
}

static bool
same_bytes(const bytea *a, const bytea *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		   memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/*
 * The iv was used before: by the same envelope, or by another one?  A sender's
 * version may be left out in the retry.
 */
static void
judge_again(struct envelope *again, const struct envelope *stored)
{
	bool same_sender_key_version =
		!again->has_sender_key_version ||
		(stored->has_sender_key_version &&
		 again->sender_key_version == stored->sender_key_version);

	if (again->suite == stored->suite &&
		again->key_version == stored->key_version && same_sender_key_version &&
		same_bytes(again->ciphertext, stored->ciphertext) &&
		same_bytes(again->auth_tag, stored->auth_tag))
		again->verdict = REPEATED;
	else
		again->verdict = IV_REUSED;
	again->sent_at = stored->sent_at;
}

/* A retry gets its first answer, whatever has changed since. */
static void
judge_known(struct sending *sending)
{
	const Datum values[] = {sending->arrays[SENDER_IDS],
							sending->arrays[RECEIVER_IDS],
							sending->arrays[IVS]};

	run(FIND_KNOWN, values);
	for (int row = 0; row < SPI_processed; row++)
	{
		struct envelope *envelope =
			&sending->envelopes[DatumGetInt32(value(row, 1)) - 1];
		struct envelope stored = {.suite = DatumGetInt16(value(row, 2)),
								  .key_version = DatumGetInt32(value(row, 4)),
								  .ciphertext = DatumGetByteaPP(value(row, 5)),
								  .auth_tag = DatumGetByteaPP(value(row, 6)),
								  .sent_at =
									  DatumGetTimestampTz(value(row, 7))};
		bool isnull;

		stored.sender_key_version = DatumGetInt32(field(row, 3, &isnull));
		stored.has_sender_key_version = !isnull;
		if (envelope->verdict == FRESH)
			judge_again(envelope, &stored);
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
judge_version(struct sending *sending)
{
	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (envelope->verdict == FRESH &&
			envelope->key_version != envelope->mailbox->key_version)
			envelope->verdict = STALE_KEY_VERSION;
	}
}

/* Receiver, sender, iv: what names a message; 0 when these are equal. */
static int
compare_names(const struct envelope *a, const struct envelope *b)
{
	int order = compare_ids(a->receiver, b->receiver);

	if (order == 0)
		order = compare_ids(a->sender, b->sender);
	if (order == 0)
		order =
			memcmp(VARDATA_ANY(a->iv), VARDATA_ANY(b->iv), ENVELOPE_IV_SIZE);
	return order;
}

static int
compare_envelopes(const void *a, const void *b)
{
	const struct envelope *const *left = a, *const *right = b;
	int order = compare_names(*left, *right);

	return order != 0 ? order : (*left)->ordinal - (*right)->ordinal;
}

/* Of equal envelopes in one call the first is stored. */
static void
judge_equal(struct sending *sending)
{
	struct envelope **fresh =
		palloc(sizeof(struct envelope *) * (sending->count + 1));
	struct envelope *first;
	int count = 0;

	for (int i = 0; i < sending->count; i++)
		if (sending->envelopes[i].verdict == FRESH)
			fresh[count++] = &sending->envelopes[i];
	qsort(fresh, count, sizeof *fresh, compare_envelopes);
	for (int i = 1, from = 0; i < count; i++)
	{
		first = fresh[from];
		if (compare_names(first, fresh[i]) != 0)
			from = i;
		else
			judge_again(fresh[i], first);
	}
}

/* --- what is left is stored
 * -------------------------------------------------- */

/* Numbers without gaps, in the order of the call.  Returns how many. */
static int
number(struct sending *sending)
{
	int fresh = 0;

	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (envelope->verdict != FRESH)
			continue;
		envelope->seq = ++envelope->mailbox->last_seq;
		envelope->mailbox->counted = true;
		fresh++;
	}
	return fresh;
}

static void
store(struct sending *sending)
{
	Datum values[MAX_PARAMETERS];
	Datum *numbers = palloc(sizeof(Datum) * sending->count);
	bool *nulls = palloc(sizeof(bool) * sending->count);
	int lower_bound = 1;

	for (int i = 0; i < sending->count; i++)
	{
		numbers[i] = Int64GetDatum(sending->envelopes[i].seq);
		nulls[i] = sending->envelopes[i].verdict != FRESH;
	}
	memcpy(values, sending->arrays, sizeof sending->arrays);
	values[ARRAYS] = PointerGetDatum(construct_md_array(
		numbers, nulls, 1, &sending->count, &lower_bound, INT8OID,
		sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	values[ARRAYS + 1] = TimestampTzGetDatum(sending->now);
	run(STORE, values);
}

static void
count_mailboxes(struct sending *sending)
{
	Datum *ids = palloc(sizeof(Datum) * sending->mailbox_count);
	Datum *numbers = palloc(sizeof(Datum) * sending->mailbox_count);
	Datum values[2];
	int count = 0;

	for (int i = 0; i < sending->mailbox_count; i++)
	{
		struct mailbox *mailbox = &sending->mailboxes[i];

		if (!mailbox->counted)
			continue;
		ids[count] = UUIDPGetDatum(&mailbox->id);
		numbers[count++] = Int64GetDatum(mailbox->last_seq);
	}
	values[0] = PointerGetDatum(
		construct_array(ids, count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
	values[1] =
		PointerGetDatum(construct_array(numbers, count, INT8OID, sizeof(int64),
										FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	run(COUNT, values);
}

/* --- the answer
 * ---------------------------------------------------------------- */

/* (ordinal integer, code text, detail text, message_id uuid, sent_at
 * timestamptz) */
static void
answer(const struct sending *sending, const struct envelope *envelope,
	   ReturnSetInfo *result)
{
	const char *code = codes[envelope->verdict];
	bool stored = envelope->verdict == FRESH || envelope->verdict == REPEATED;
	Datum values[5] = {Int32GetDatum(envelope->ordinal)};
	bool nulls[5] = {false, !code, !envelope->problem, !stored, !stored};
	pg_uuid_t name;

	if (code)
		values[1] = CStringGetTextDatum(code);
	if (envelope->problem)
		values[2] = CStringGetTextDatum(envelope->problem);
	if (stored)
	{
		envelope_message_id(envelope->receiver->data, envelope->sender->data,
							(const uint8_t *) VARDATA_ANY(envelope->iv),
							name.data);
		values[3] = UUIDPGetDatum(&name);
		values[4] = TimestampTzGetDatum(envelope->sent_at);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* See src/message.sql. */
Datum
send_messages(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	struct sending sending = {.count = 0};

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	for (int i = 0; i < ARRAYS; i++)
	{
		if (PG_ARGISNULL(i))
			refuse("an array is NULL");
		sending.arrays[i] = PG_GETARG_DATUM(i);
	}
	take_envelopes(&sending);
	lock_mailboxes(&sending, !PG_ARGISNULL(WAIT) && PG_GETARG_BOOL(WAIT));
	find_mailboxes(&sending);
	judge_known(&sending);
	judge_version(&sending);
	judge_equal(&sending);
	if (number(&sending) > 0)
	{
		store(&sending);
		count_mailboxes(&sending);
	}
	for (int i = 0; i < sending.count; i++)
		answer(&sending, &sending.envelopes[i], result);
	SPI_finish();
	return (Datum) 0;
}
