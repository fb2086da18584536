-- Mailboxes: reading and acknowledging.

CREATE FUNCTION inbox(user_id uuid, after_seq bigint DEFAULT 0,
					  max_messages integer DEFAULT 50,
					  OUT seq bigint, OUT message_id uuid, OUT sender_id uuid,
					  OUT suite smallint, OUT sender_key_version integer,
					  OUT key_version integer, OUT iv bytea, OUT ciphertext bytea,
					  OUT auth_tag bytea, OUT sent_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	IF max_messages < 0 OR max_messages IS NULL THEN
		PERFORM e2emsg.refuse('invalid_request', 'max_messages must be 0 or more');
	END IF;
	RETURN QUERY
	SELECT m.seq, e2emsg.message_id(m.mailbox_id, m.sender_id, m.iv), m.sender_id,
		   m.suite, m.sender_key_version, m.key_version, m.iv, m.ciphertext, m.auth_tag,
		   m.sent_at
	FROM e2emsg.messages m
	WHERE m.mailbox_id = user_id
		AND m.seq > greatest(after_seq, (SELECT b.acked_seq FROM e2emsg.mailboxes b
										 WHERE b.id = user_id))
	ORDER BY m.seq
	LIMIT max_messages;
END
$$;
COMMENT ON FUNCTION inbox(uuid, bigint, integer) IS
	'Messages past both after_seq and what is acknowledged, in order.';

CREATE FUNCTION ciphertext_bytes(mailbox uuid, after_seq bigint, through bigint)
RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
	SELECT coalesce(sum(octet_length(m.ciphertext)), 0)::bigint
	FROM e2emsg.messages m
	WHERE m.mailbox_id = mailbox AND m.seq > after_seq AND m.seq <= through
$$;
COMMENT ON FUNCTION ciphertext_bytes(uuid, bigint, bigint) IS
	'Bytes of ciphertext of a mailbox''s messages past one number, through another.';

CREATE FUNCTION acknowledge(user_id uuid, through bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	acknowledged bigint;
BEGIN
	IF through IS NULL OR through < 0 THEN
		PERFORM e2emsg.refuse('invalid_request', 'through must be 0 or more');
	END IF;
	-- mostly everything was read: one statement, and no message is looked at
	UPDATE e2emsg.mailboxes m SET acked_seq = through, unread_bytes = 0
	WHERE m.id = user_id AND m.last_seq = through AND m.acked_seq < through;
	IF FOUND THEN
		RETURN through;
	END IF;
	-- locked first, so that the messages counted below are all there
	SELECT m.acked_seq INTO acknowledged
	FROM e2emsg.mailboxes m WHERE m.id = user_id AND through <= m.last_seq
	FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse(
			CASE WHEN EXISTS (SELECT FROM e2emsg.mailboxes m WHERE m.id = user_id)
				 THEN 'ahead_of_mailbox' ELSE 'unknown_user' END);
	ELSIF through <= acknowledged THEN
		RETURN acknowledged;
	END IF;
	UPDATE e2emsg.mailboxes m
	SET acked_seq = through,
		unread_bytes = greatest(m.unread_bytes
			- e2emsg.ciphertext_bytes(user_id, m.acked_seq, through), 0)
	WHERE m.id = user_id;
	RETURN through;
END
$$;
COMMENT ON FUNCTION acknowledge(uuid, bigint) IS
	'Moves the mailbox''s acknowledged number forward, never back; returns it.';
