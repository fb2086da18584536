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
	UPDATE e2emsg.mailboxes m SET acked_seq = greatest(m.acked_seq, through)
	WHERE m.id = user_id AND through <= m.last_seq
	RETURNING m.acked_seq INTO acknowledged;
	IF acknowledged IS NULL THEN
		PERFORM e2emsg.refuse(
			CASE WHEN EXISTS (SELECT FROM e2emsg.mailboxes m WHERE m.id = user_id)
				 THEN 'ahead_of_mailbox' ELSE 'unknown_user' END);
	END IF;
	RETURN acknowledged;
END
$$;
COMMENT ON FUNCTION acknowledge(uuid, bigint) IS
	'Moves the mailbox''s acknowledged number forward, never back; returns it.';
