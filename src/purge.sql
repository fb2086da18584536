-- Purging: mail that everybody is done with goes, in bounded batches.
--
-- Rows go in the order of their mailbox: read ones when they are so old that
-- no sender asks about them again, unread ones never, or when the owner's
-- setting says so.  The mailbox remembers how far (purged_seq), and how far
-- mail was lost unread (expired_seq), which a reader is told.
--
-- Age is the time since a message was stored, read or not.  The row is kept for
-- the retries of its sender, whose clock begins no later than that, and who
-- never learns when the receiver has read.  So a message that is acknowledged
-- when it is older than the retention may go at once: its sender has long given
-- up.  Counted from the acknowledgement, rows would only stay longer, by however
-- long the receiver was away, and each would need a time of its own.

CREATE FUNCTION acknowledged_retention_days() RETURNS integer
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION acknowledged_retention_days() IS
	'The setting e2emsg.acknowledged_retention_days.';

CREATE FUNCTION unread_retention_days() RETURNS integer
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION unread_retention_days() IS
	'The setting e2emsg.unread_retention_days; 0: unread mail is kept.';

-- A message is due when it is older than this; NULL: never.
CREATE FUNCTION retained_since(is_read boolean) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN statement_timestamp() - make_interval(days =>
		CASE WHEN is_read THEN e2emsg.acknowledged_retention_days()
			 ELSE nullif(e2emsg.unread_retention_days(), 0) END);
END
$$;
COMMENT ON FUNCTION retained_since(boolean) IS
	'How old read, or unread, mail may be before purge() takes it; NULL for any age.';

-- The mailboxes whose first message is due.  One probe of an index each.
CREATE FUNCTION due_mailboxes(max_mailboxes integer) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
DECLARE
	read_since timestamptz := e2emsg.retained_since(true);
	unread_since timestamptz := e2emsg.retained_since(false);
BEGIN
	RETURN QUERY
	SELECT b.id
	FROM e2emsg.mailboxes b
	WHERE (b.acked_seq > b.purged_seq OR unread_since IS NOT NULL)
		AND (SELECT m.sent_at < CASE WHEN m.seq <= b.acked_seq THEN read_since
									 ELSE unread_since END
			 FROM e2emsg.messages m
			 WHERE m.mailbox_id = b.id AND m.seq > b.purged_seq
			 ORDER BY m.seq LIMIT 1)
	LIMIT max_mailboxes;
END
$$;
COMMENT ON FUNCTION due_mailboxes(integer) IS
	'Mailboxes that hold something for purge().';

-- The first messages of a mailbox up to the first one that is not due: what
-- goes is always everything below a number.
CREATE FUNCTION due_messages(mailbox uuid, max_rows bigint,
							 OUT seq bigint, OUT is_read boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	read_since timestamptz := e2emsg.retained_since(true);
	unread_since timestamptz := e2emsg.retained_since(false);
	message record;
BEGIN
	FOR message IN
		SELECT m.seq, m.sent_at, m.seq <= b.acked_seq AS is_read
		FROM e2emsg.mailboxes b
		JOIN e2emsg.messages m ON m.mailbox_id = b.id AND m.seq > b.purged_seq
		WHERE b.id = mailbox
		ORDER BY m.seq
		LIMIT max_rows
	LOOP
		EXIT WHEN (message.sent_at < CASE WHEN message.is_read THEN read_since
										  ELSE unread_since END) IS NOT TRUE;
		seq := message.seq;
		is_read := message.is_read;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION due_messages(uuid, bigint) IS
	'What purge() takes of a mailbox, oldest first.';

CREATE FUNCTION purge_backlog(max_rows integer) RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT count(*)
	FROM (SELECT FROM e2emsg.due_mailboxes(max_rows) d (id)
		  CROSS JOIN LATERAL e2emsg.due_messages(d.id, max_rows)
		  LIMIT max_rows) due
$$;
COMMENT ON FUNCTION purge_backlog(integer) IS
	'How many messages wait for purge(), counted no further than max_rows.';

-- One batch.  A mailbox that somebody holds, a sender for one, is left for the
-- next call, and those that this call changes are held until its commit only.
CREATE FUNCTION purge(max_rows integer DEFAULT 1000,
					  OUT acknowledged bigint, OUT expired bigint, OUT nonces bigint,
					  OUT keys bigint, OUT remaining bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	box record;
	batch record;
BEGIN
	IF max_rows BETWEEN 1 AND 100000 IS NOT TRUE THEN
		PERFORM e2emsg.refuse('invalid_request', 'max_rows must be from 1 to 100000');
	END IF;
	acknowledged := 0;
	expired := 0;
	FOR box IN
		SELECT b.id, b.acked_seq
		FROM e2emsg.due_mailboxes(max_rows) d (id)
		JOIN e2emsg.mailboxes b ON b.id = d.id
		FOR NO KEY UPDATE OF b SKIP LOCKED
	LOOP
		SELECT count(*) FILTER (WHERE d.is_read) AS read,
			   count(*) FILTER (WHERE NOT d.is_read) AS unread,
			   max(d.seq) AS through
		INTO batch
		FROM e2emsg.due_messages(box.id, max_rows - acknowledged - expired) d;
		CONTINUE WHEN batch.through IS NULL;
		UPDATE e2emsg.mailboxes b
		SET purged_seq = batch.through,
			expired_seq = CASE WHEN batch.unread > 0 THEN batch.through
							   ELSE b.expired_seq END,
			unread_bytes = CASE WHEN batch.unread > 0
				THEN greatest(b.unread_bytes - e2emsg.ciphertext_bytes(b.id, box.acked_seq,
																	   batch.through), 0)
				ELSE b.unread_bytes END
		WHERE b.id = box.id;
		DELETE FROM e2emsg.messages m
		WHERE m.mailbox_id = box.id AND m.seq <= batch.through;
		acknowledged := acknowledged + batch.read;
		expired := expired + batch.unread;
		EXIT WHEN acknowledged + expired >= max_rows;
	END LOOP;
	DELETE FROM e2emsg.session_nonces n
	WHERE n.hash IN (SELECT old.hash FROM e2emsg.session_nonces old
					 WHERE old.expires_at < clock_timestamp() - interval '1 minute'
					 ORDER BY old.expires_at LIMIT max_rows - acknowledged - expired
					 FOR UPDATE SKIP LOCKED);
	GET DIAGNOSTICS nonces = ROW_COUNT;
	keys := e2emsg.purge_keys(max_rows - acknowledged - expired - nonces);
	remaining := e2emsg.purge_backlog(max_rows);
END
$$;
COMMENT ON FUNCTION purge(integer) IS
	'Deletes at most max_rows rows that are done with; remaining: messages left, counted no further than max_rows.  For superusers; call it again while it deletes max_rows.';
