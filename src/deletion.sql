-- Deleting a user: what goes at once, what goes later, what stays.
--
--	at once		mailbox, mail, blocks, backup; the key log says so
--	later		the keys, which mail to others may need: purge() takes them
--				when no such mail can wait any more
--	never		the name, and the entries of the key log: hashes of keys and
--				signatures, without which nobody could check the tree

CREATE FUNCTION deleted_key_retention_days() RETURNS integer
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION deleted_key_retention_days() IS
	'The setting e2emsg.deleted_key_retention_days.';

-- Where a deleted user's mail still lies, one database does not know, but what
-- waits unread is kept as long as the setting for that says: for ever, maybe.
CREATE FUNCTION deleted_keys_since() RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN statement_timestamp() - make_interval(days =>
		nullif(greatest(e2emsg.deleted_key_retention_days(), e2emsg.unread_retention_days()), 0));
END
$$;
COMMENT ON FUNCTION deleted_keys_since() IS
	'The keys of who was deleted before this are needed no more; NULL: all are.';

CREATE FUNCTION delete_user(user_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	last_key record;
BEGIN
	PERFORM e2emsg.lock_mailbox(user_id);
	SELECT k.* INTO STRICT last_key FROM e2emsg.public_key(user_id::text) k;
	PERFORM e2emsg.log_key_event(user_id, last_key.username, 'deleted',
		last_key.key_version, last_key.thumbprint, last_key.previous_thumbprint,
		last_key.identity_key, last_key.signature);
	UPDATE e2emsg.users u SET deleted_at = clock_timestamp() WHERE u.id = user_id;
	DELETE FROM e2emsg.messages m WHERE m.mailbox_id = user_id;
	DELETE FROM e2emsg.mailboxes m WHERE m.id = user_id;
	DELETE FROM e2emsg.blocks b WHERE b.mailbox_id = user_id;
	DELETE FROM e2emsg.backups b WHERE b.user_id = user_id;
END
$$;
COMMENT ON FUNCTION delete_user(uuid) IS
	'Removes a user''s mailbox, mail, blocks and backup; the keys go later, by purge().  The name is never given again, and the key log says so.';

-- The only change that a row of the key rotation log may see: its identity key
-- goes, once its user was deleted long ago.
CREATE FUNCTION refuse_log_row_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	without_key record := OLD;
BEGIN
	without_key.identity_key := NULL;
	IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM without_key
		AND EXISTS (SELECT FROM e2emsg.users u
					WHERE u.id = OLD.user_id
						AND u.deleted_at < e2emsg.deleted_keys_since()) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
		USING ERRCODE = 'insufficient_privilege';
END
$$;
COMMENT ON FUNCTION refuse_log_row_change() IS
	'Trigger: no row of the key rotation log changes or goes, but that the identity key of a user goes who was deleted long ago.';

-- Takes at most so many rows' keys; returns how many.  A user whose keys are
-- not all gone comes again.
CREATE FUNCTION purge_keys(max_rows bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
	gone uuid;
	rows_left bigint := max_rows;
	taken bigint;
BEGIN
	FOR gone IN
		SELECT u.id
		FROM e2emsg.users u
		WHERE u.deleted_at < e2emsg.deleted_keys_since() AND u.keys_removed_at IS NULL
		ORDER BY u.deleted_at FOR NO KEY UPDATE SKIP LOCKED
	LOOP
		EXIT WHEN rows_left = 0;
		DELETE FROM e2emsg.public_keys k
		WHERE k.user_id = gone
			AND k.version IN (SELECT old.version FROM e2emsg.public_keys old
							  WHERE old.user_id = gone ORDER BY old.version LIMIT rows_left);
		GET DIAGNOSTICS taken = ROW_COUNT;
		rows_left := rows_left - taken;
		UPDATE e2emsg.key_rotation_log l SET identity_key = NULL
		WHERE l.user_id = gone
			AND l.entry IN (SELECT old.entry FROM e2emsg.key_rotation_log old
							WHERE old.user_id = gone AND old.identity_key IS NOT NULL
							ORDER BY old.entry LIMIT rows_left);
		GET DIAGNOSTICS taken = ROW_COUNT;
		rows_left := rows_left - taken;
		UPDATE e2emsg.users u
		SET identity_key = NULL,
			keys_removed_at = CASE WHEN rows_left > 0 THEN clock_timestamp() END
		WHERE u.id = gone;
	END LOOP;
	RETURN max_rows - rows_left;
END
$$;
COMMENT ON FUNCTION purge_keys(bigint) IS
	'Part of purge(): removes keys of users who were deleted long ago.';
