-- Blocks: whose mail a mailbox does not take.
--
-- They belong to the receiver and lie beside the mailbox, whose row counts them:
-- sending looks here only when there are any (src/pg_send_rules.c).  Nobody asks
-- whether the blocked user exists: that may be for another server to know.

CREATE FUNCTION block_sender(user_id uuid, sender_id uuid) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	most CONSTANT integer := 1000; -- a CHECK of mailboxes says so, too
	since timestamptz;
BEGIN
	PERFORM e2emsg.lock_mailbox(user_id);
	IF sender_id IS NULL THEN
		PERFORM e2emsg.refuse('invalid_request', 'the sender is missing');
	END IF;
	SELECT b.created_at INTO since
	FROM e2emsg.blocks b WHERE b.mailbox_id = user_id AND b.sender_id = sender_id;
	IF FOUND THEN
		RETURN since;
	END IF;
	UPDATE e2emsg.mailboxes m SET block_count = m.block_count + 1
	WHERE m.id = user_id AND m.block_count < most;
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('too_many_blocks');
	END IF;
	INSERT INTO e2emsg.blocks (mailbox_id, sender_id) VALUES (user_id, sender_id)
	RETURNING created_at INTO since;
	RETURN since;
END
$$;
COMMENT ON FUNCTION block_sender(uuid, uuid) IS
	'From now on the user''s mailbox refuses what that sender sends (ME026); since when.';

CREATE FUNCTION unblock_sender(user_id uuid, sender_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	was_blocked boolean;
BEGIN
	PERFORM e2emsg.lock_mailbox(user_id);
	DELETE FROM e2emsg.blocks b WHERE b.mailbox_id = user_id AND b.sender_id = sender_id;
	was_blocked := FOUND;
	IF was_blocked THEN
		UPDATE e2emsg.mailboxes m SET block_count = m.block_count - 1 WHERE m.id = user_id;
	END IF;
	RETURN was_blocked;
END
$$;
COMMENT ON FUNCTION unblock_sender(uuid, uuid) IS
	'The user''s mailbox takes that sender''s mail again; was it blocked?';

CREATE FUNCTION blocked_senders(user_id uuid, OUT sender_id uuid, OUT created_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT b.sender_id, b.created_at
	FROM e2emsg.blocks b WHERE b.mailbox_id = user_id
	ORDER BY b.created_at, b.sender_id;
END
$$;
COMMENT ON FUNCTION blocked_senders(uuid) IS 'Whom the user blocks, oldest first.';
