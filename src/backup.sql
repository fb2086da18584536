-- Backups: sealed private keys that a user leaves here.  Of the recovery code
-- that opens one only a hash of what it locates is known here.

-- Without a locator it stays where it lies.
CREATE FUNCTION put_backup(user_id uuid, version integer, locator bytea, backup bytea)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	owner record;
	stored e2emsg.backups;
	locator_hash bytea;
BEGIN
	IF version IS NULL OR version < 1 THEN
		PERFORM e2emsg.refuse('invalid_request', 'the version must be positive');
	END IF;
	IF octet_length(locator) <> 32 THEN
		PERFORM e2emsg.refuse('invalid_request', 'the locator has 32 bytes');
	END IF;
	IF octet_length(backup) BETWEEN 1 AND 65536 IS NOT TRUE THEN
		PERFORM e2emsg.refuse('invalid_request', 'the backup has 1 to 65536 bytes');
	END IF;
	-- one writer at a time, and none beside delete_user()
	SELECT u.identity_key IS NOT NULL AS signed INTO owner FROM e2emsg.users u
	WHERE u.id = user_id AND u.deleted_at IS NULL
	FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('unknown_user');
	END IF;
	IF NOT owner.signed THEN
		PERFORM e2emsg.refuse('forbidden', 'only a user with an identity key has a backup');
	END IF;
	SELECT b.* INTO stored FROM e2emsg.backups b WHERE b.user_id = user_id;
	locator_hash := coalesce(sha256(locator), stored.locator_hash);
	IF stored.version = version AND stored.locator_hash = locator_hash
		AND stored.backup = backup THEN
		RETURN version;
	END IF;
	IF version - 1 <> coalesce(stored.version, 0) THEN
		PERFORM e2emsg.refuse('version_conflict',
			format('the stored backup has version %s', coalesce(stored.version, 0)));
	END IF;
	IF locator_hash IS NULL THEN
		PERFORM e2emsg.refuse('invalid_request', 'the first backup needs a locator');
	END IF;
	INSERT INTO e2emsg.backups AS b (user_id, version, locator_hash, backup)
	VALUES (user_id, version, locator_hash, backup)
	ON CONFLICT ON CONSTRAINT backups_pkey DO UPDATE
	SET version = excluded.version, locator_hash = excluded.locator_hash,
		backup = excluded.backup, updated_at = excluded.updated_at;
	RETURN version;
END
$$;
COMMENT ON FUNCTION put_backup(uuid, integer, bytea, bytea) IS
	'Stores a signed user''s backup in the place of the version before; the same again changes nothing (ME020).';

CREATE FUNCTION backup(user_id uuid, OUT version integer, OUT backup bytea)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	SELECT b.version, b.backup INTO version, backup
	FROM e2emsg.backups b WHERE b.user_id = backup.user_id;
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('no_backup');
	END IF;
END
$$;
COMMENT ON FUNCTION backup(uuid) IS 'A user''s backup (ME015).';

-- Without a session: whoever has the recovery code knows the locator.
CREATE FUNCTION restore_backup(username text, locator bytea, OUT version integer,
							   OUT backup bytea)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	IF octet_length(locator) = 32 IS NOT TRUE THEN
		PERFORM e2emsg.refuse('invalid_request', 'the locator has 32 bytes');
	END IF;
	SELECT b.version, b.backup INTO version, backup
	FROM e2emsg.users u JOIN e2emsg.backups b ON b.user_id = u.id
	WHERE u.username = restore_backup.username AND b.locator_hash = sha256(locator);
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('no_backup');
	END IF;
END
$$;
COMMENT ON FUNCTION restore_backup(text, bytea) IS
	'The backup that lies at that locator; the same refusal whatever does not fit (ME015).';
