-- After a restore: the database went back, its readers did not.

-- A reader who saw number 6 asks for what is past it, and a mailbox that is
-- back at 5 would give 6 away a second time.  So numbers go on where nobody
-- can have been, and unread mail, which the reader may be past, moves there.
CREATE FUNCTION skip_numbers(amount bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	mailboxes bigint;
BEGIN
	IF amount BETWEEN 1 AND 1000000000 IS NOT TRUE THEN
		PERFORM e2emsg.refuse('invalid_request', 'amount must be from 1 to 1000000000');
	END IF;
	LOCK TABLE e2emsg.mailboxes IN EXCLUSIVE MODE;
	-- past all old numbers, so that none is there twice for a moment
	UPDATE e2emsg.messages m
	SET seq = m.seq + b.last_seq - b.acked_seq + amount
	FROM e2emsg.mailboxes b
	WHERE m.mailbox_id = b.id AND m.seq > b.acked_seq;
	UPDATE e2emsg.mailboxes b
	SET last_seq = b.last_seq + b.last_seq - b.acked_seq + amount,
		acked_seq = b.last_seq + amount,
		purged_seq = b.purged_seq + CASE WHEN b.purged_seq >= b.acked_seq
			THEN b.last_seq - b.acked_seq + amount ELSE 0 END,
		rotated_seq = b.rotated_seq + CASE WHEN b.rotated_seq > b.acked_seq
			THEN b.last_seq - b.acked_seq + amount ELSE 0 END;
	GET DIAGNOSTICS mailboxes = ROW_COUNT;
	RETURN mailboxes;
END
$$;
COMMENT ON FUNCTION skip_numbers(bigint) IS
	'After a restore, before the gateways start: no mailbox gives a number again that it may have given since the backup.  amount: more than any mailbox got since then.  For superusers.';
