/*
 * pg_send_tables.c
 *		The statements of send_messages().
 *
 * The mailboxes are locked in one statement and looked into by later ones,
 * whose snapshots see what the holders before us committed.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "pg_send.h"

enum statement
{
	LOCK,
	LOCK_FREE,
	FIND_RECEIVERS,
	FIND_KNOWN,
	FIND_BLOCKED,
	COUNT_SHARES,
	STORE_ENVELOPES,
	STORE_NUMBERS,
	FIND_LOGGED_VERSION,
	FIND_CURRENT_KEY,
	STATEMENTS
};

#define MAX_PARAMETERS 10

#define LOCKED_MAILBOXES                                        \
	"SELECT m.id, m.key_version, m.logged_version, m.last_seq," \
	" greatest(m.acked_seq, m.purged_seq), m.unread_bytes,"     \
	" m.block_count FROM e2emsg.mailboxes m WHERE m.id = ANY ($1)"

static const struct
{
	const char *sql;
	int count;
	Oid types[MAX_PARAMETERS];
} statements[STATEMENTS] = {
	[LOCK] = {LOCKED_MAILBOXES " ORDER BY m.id FOR NO KEY UPDATE",
			  1,
			  {UUIDARRAYOID}},
	[LOCK_FREE] = {LOCKED_MAILBOXES " FOR NO KEY UPDATE SKIP LOCKED",
				   1,
				   {UUIDARRAYOID}},
	[FIND_RECEIVERS] =
		{"SELECT m.id FROM e2emsg.mailboxes m WHERE m.id = ANY ($1)"
		 " ORDER BY m.id",
		 1,
		 {UUIDARRAYOID}},
	[FIND_KNOWN] =
		{"SELECT e.ordinal::integer, m.suite, m.sender_key_version,"
		 " m.key_version, m.ciphertext, m.auth_tag, m.sent_at"
		 " FROM unnest($1, $2, $3) WITH ORDINALITY"
		 " AS e (sender_id, mailbox_id, iv, ordinal)"
		 " JOIN e2emsg.messages m"
		 " ON m.mailbox_id = e.mailbox_id AND m.sender_id = e.sender_id"
		 " AND m.iv = e.iv",
		 3,
		 {UUIDARRAYOID, UUIDARRAYOID, BYTEAARRAYOID}},
	[FIND_BLOCKED] = {"SELECT e.ordinal::integer"
					  " FROM unnest($1, $2) WITH ORDINALITY"
					  " AS e (mailbox_id, sender_id, ordinal)"
					  " JOIN e2emsg.blocks b"
					  " ON b.mailbox_id = e.mailbox_id"
					  " AND b.sender_id = e.sender_id",
					  2,
					  {UUIDARRAYOID, UUIDARRAYOID}},
	/* through messages_pkey: what was read is not looked at */
	[COUNT_SHARES] =
		{"SELECT b.id, c.sender_id, c.count, c.bytes"
		 " FROM unnest($1, $2) AS b (id, read_seq)"
		 " CROSS JOIN LATERAL (SELECT m.sender_id, count(*),"
		 " sum(octet_length(m.ciphertext)) AS bytes"
		 " FROM (SELECT m.sender_id, m.ciphertext FROM e2emsg.messages m"
		 " WHERE m.mailbox_id = b.id AND m.seq > b.read_seq"
		 " ORDER BY m.seq) m GROUP BY m.sender_id) c",
		 2,
		 {UUIDARRAYOID, INT8ARRAYOID}},
	[STORE_ENVELOPES] =
		{"INSERT INTO e2emsg.messages (sender_id, mailbox_id, suite,"
		 " sender_key_version, key_version, iv, ciphertext, auth_tag,"
		 " seq, sent_at)"
		 " SELECT e.*, $10 FROM unnest($1, $2, $3, $4, $5, $6, $7, $8,"
		 " $9) e (sender_id, mailbox_id, suite, sender_key_version,"
		 " key_version, iv, ciphertext, auth_tag, seq)"
		 " WHERE e.seq IS NOT NULL",
		 10,
		 {UUIDARRAYOID, UUIDARRAYOID, INT2ARRAYOID, INT4ARRAYOID, INT4ARRAYOID,
		  BYTEAARRAYOID, BYTEAARRAYOID, BYTEAARRAYOID, INT8ARRAYOID,
		  TIMESTAMPTZOID}},
	[STORE_NUMBERS] =
		{"UPDATE e2emsg.mailboxes m SET last_seq = c.last_seq,"
		 " rotated_seq = CASE m.logged_version WHEN c.logged_version"
		 " THEN m.rotated_seq ELSE m.last_seq END,"
		 " logged_version = c.logged_version, unread_bytes = c.unread_bytes"
		 " FROM unnest($1, $2, $3, $4)"
		 " c (id, last_seq, logged_version, unread_bytes)"
		 " WHERE m.id = c.id",
		 4,
		 {UUIDARRAYOID, INT8ARRAYOID, INT4ARRAYOID, INT8ARRAYOID}},
	[FIND_LOGGED_VERSION] = {"SELECT e2emsg.logged_version($1)", 1, {UUIDOID}},
	[FIND_CURRENT_KEY] = {"SELECT e2emsg.stale_body($1)", 1, {UUIDOID}},
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

static Datum
uuid_array(Datum *ids, int count)
{
	return PointerGetDatum(
		construct_array(ids, count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

static Datum
int8_array(Datum *numbers, int count)
{
	return PointerGetDatum(construct_array(numbers, count, INT8OID,
										   sizeof(int64), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

/*
 * A newer key than the mailbox goes by is there: does the log hold it now?
 * No version goes back, also when the log was off for a while.
 */
static void
find_logged_version(struct mailbox *mailbox)
{
	Datum id = UUIDPGetDatum(&mailbox->id);

	run(FIND_LOGGED_VERSION, &id);
	mailbox->logged_version =
		Max(mailbox->logged_version, DatumGetInt32(value(0, 1)));
	SPI_freetuptable(SPI_tuptable);
}

void
lock_mailboxes(struct sending *sending, bool wait)
{
	run(wait ? LOCK : LOCK_FREE, &sending->arrays[RECEIVER_IDS]);
	sending->mailbox_count = SPI_processed;
	sending->mailboxes = palloc(sizeof(struct mailbox) * (SPI_processed + 1));
	for (int i = 0; i < sending->mailbox_count; i++)
		sending->mailboxes[i] =
			(struct mailbox){.id = *DatumGetUUIDP(value(i, 1)),
							 .key_version = DatumGetInt32(value(i, 2)),
							 .logged_version = DatumGetInt32(value(i, 3)),
							 .last_seq = DatumGetInt64(value(i, 4)),
							 .read_seq = DatumGetInt64(value(i, 5)),
							 .unread_bytes = DatumGetInt64(value(i, 6)),
							 .block_count = DatumGetInt32(value(i, 7))};
	SPI_freetuptable(SPI_tuptable);
	for (int i = 0; i < sending->mailbox_count; i++)
		if (sending->mailboxes[i].logged_version !=
			sending->mailboxes[i].key_version)
			find_logged_version(&sending->mailboxes[i]);
	qsort(sending->mailboxes, sending->mailbox_count, sizeof(struct mailbox),
		  compare_ids); /* LOCK_FREE says nothing of their order */
	sending->now = GetCurrentTimestamp();
	for (int i = 0; i < sending->count; i++)
		sending->envelopes[i].sent_at = sending->now;
}

pg_uuid_t *
find_receivers(const struct sending *sending, int *count)
{
	pg_uuid_t *ids;

	run(FIND_RECEIVERS, &sending->arrays[RECEIVER_IDS]);
	*count = SPI_processed;
	ids = palloc(UUID_LEN * (SPI_processed + 1));
	for (int i = 0; i < *count; i++)
		ids[i] = *DatumGetUUIDP(value(i, 1));
	SPI_freetuptable(SPI_tuptable);
	return ids;
}

void
find_known(struct sending *sending)
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

void
find_blocked(struct envelope **envelopes, int count)
{
	Datum *mailboxes = palloc(sizeof(Datum) * count);
	Datum *senders = palloc(sizeof(Datum) * count);
	Datum values[2];

	for (int i = 0; i < count; i++)
	{
		mailboxes[i] = UUIDPGetDatum(envelopes[i]->receiver);
		senders[i] = UUIDPGetDatum(envelopes[i]->sender);
	}
	values[0] = uuid_array(mailboxes, count);
	values[1] = uuid_array(senders, count);
	run(FIND_BLOCKED, values);
	for (int row = 0; row < SPI_processed; row++)
		envelopes[DatumGetInt32(value(row, 1)) - 1]->verdict = NOT_ACCEPTED;
	SPI_freetuptable(SPI_tuptable);
}

/* The share of a sender in a mailbox, or NULL. */
static struct share *
find_share(struct share *shares, int count, pg_uuid_t *mailbox,
		   pg_uuid_t *sender)
{
	struct mailbox of = {.id = *mailbox};
	const struct share wanted = {.mailbox = &of, .sender = sender};

	return bsearch(&wanted, shares, count, sizeof *shares, compare_shares);
}

void
count_shares(struct share *shares, int count)
{
	Datum *mailboxes = palloc(sizeof(Datum) * count);
	Datum *numbers = palloc(sizeof(Datum) * count);
	Datum values[2];
	int mailbox_count = 0;

	for (int i = 0; i < count; i++)
	{
		const struct mailbox *mailbox = shares[i].mailbox;

		if (i > 0 && mailbox == shares[i - 1].mailbox)
			continue;
		mailboxes[mailbox_count] = UUIDPGetDatum(&mailbox->id);
		numbers[mailbox_count++] = Int64GetDatum(mailbox->read_seq);
	}
	values[0] = uuid_array(mailboxes, mailbox_count);
	values[1] = int8_array(numbers, mailbox_count);
	run(COUNT_SHARES, values);
	for (int row = 0; row < SPI_processed; row++)
	{
		struct share *share =
			find_share(shares, count, DatumGetUUIDP(value(row, 1)),
					   DatumGetUUIDP(value(row, 2)));

		if (share == NULL)
			continue;
		share->unread_count = DatumGetInt64(value(row, 3));
		share->unread_bytes = DatumGetInt64(value(row, 4));
	}
	SPI_freetuptable(SPI_tuptable);
}

void
store_envelopes(const struct sending *sending)
{
	Datum values[MAX_PARAMETERS];
	Datum *numbers = palloc(sizeof(Datum) * sending->count);
	bool *nulls = palloc(sizeof(bool) * sending->count);
	int count = sending->count, lower_bound = 1;

	for (int i = 0; i < sending->count; i++)
	{
		numbers[i] = Int64GetDatum(sending->envelopes[i].seq);
		nulls[i] = sending->envelopes[i].verdict != FRESH;
	}
	memcpy(values, sending->arrays, sizeof sending->arrays);
	values[ARRAYS] = PointerGetDatum(
		construct_md_array(numbers, nulls, 1, &count, &lower_bound, INT8OID,
						   sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	values[ARRAYS + 1] = TimestampTzGetDatum(sending->now);
	run(STORE_ENVELOPES, values);
}

void
store_numbers(const struct sending *sending)
{
	Datum *ids = palloc(sizeof(Datum) * sending->mailbox_count);
	Datum *numbers = palloc(sizeof(Datum) * sending->mailbox_count);
	Datum *versions = palloc(sizeof(Datum) * sending->mailbox_count);
	Datum *bytes = palloc(sizeof(Datum) * sending->mailbox_count);
	Datum values[4];
	int count = 0;

	for (int i = 0; i < sending->mailbox_count; i++)
	{
		struct mailbox *mailbox = &sending->mailboxes[i];

		if (!mailbox->counted)
			continue;
		ids[count] = UUIDPGetDatum(&mailbox->id);
		versions[count] = Int32GetDatum(mailbox->logged_version);
		bytes[count] = Int64GetDatum(mailbox->unread_bytes);
		numbers[count++] = Int64GetDatum(mailbox->last_seq);
	}
	values[0] = uuid_array(ids, count);
	values[1] = int8_array(numbers, count);
	values[2] = PointerGetDatum(construct_array(
		versions, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	values[3] = int8_array(bytes, count);
	run(STORE_NUMBERS, values);
}

Datum
find_current_key(const pg_uuid_t *receiver)
{
	Datum id = UUIDPGetDatum(receiver);

	run(FIND_CURRENT_KEY, &id);
	return value(0, 1);
}
