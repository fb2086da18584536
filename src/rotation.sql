-- Rotation of encryption keys, and the key rotation log.

-- Writes a row, linked to the user's row before it, and lines it up for the key
-- log.  The caller holds the mailbox's lock, so that a user's rows come one
-- after the other; nothing else is waited for.
CREATE FUNCTION log_key_event(of_user uuid, username text, event text, version integer,
							  thumbprint bytea, previous_thumbprint bytea,
							  identity_key jsonb, signature bytea,
							  endorsement bytea DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	entry integer := 0;
	last_leaf_hash bytea;
	identity_thumbprint bytea := e2emsg.jwk_thumbprint(identity_key::text::json);
	at timestamptz := date_trunc('milliseconds', clock_timestamp());
	new_leaf_hash bytea;
BEGIN
	IF event <> 'registered' THEN
		SELECT l.entry, l.leaf_hash INTO entry, last_leaf_hash
		FROM e2emsg.key_rotation_log l WHERE l.user_id = of_user
		ORDER BY l.entry DESC LIMIT 1;
	END IF;
	entry := entry + 1;
	new_leaf_hash := e2emsg.merkle_leaf_hash(e2emsg.log_entry(
		e2emsg.service_name(), username, of_user, entry, event, version, thumbprint,
		previous_thumbprint, identity_thumbprint, signature, endorsement, at,
		last_leaf_hash));
	INSERT INTO e2emsg.key_rotation_log (user_id, entry, event, version, thumbprint,
		previous_thumbprint, identity_thumbprint, identity_key, signature, endorsement,
		created_at, previous_leaf_hash, leaf_hash)
	VALUES (of_user, entry, event, version, thumbprint, previous_thumbprint,
			identity_thumbprint, identity_key, signature, endorsement, at,
			last_leaf_hash, new_leaf_hash);
	INSERT INTO e2emsg.key_log_pending (user_id, entry, leaf_hash)
	VALUES (of_user, entry, new_leaf_hash);
END
$$;
COMMENT ON FUNCTION log_key_event(uuid, text, text, integer, bytea, bytea, jsonb, bytea,
								  bytea) IS
	'Adds a row to the key rotation log, and to what waits for the key log.';

CREATE FUNCTION refuse_log_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
		USING ERRCODE = 'insufficient_privilege';
END
$$;
COMMENT ON FUNCTION refuse_log_change() IS
	'Trigger: no row of a log changes or goes.';

-- Locks the user's mailbox, where sending and rotating meet.
CREATE FUNCTION lock_mailbox(user_id uuid, OUT key_version integer, OUT last_seq bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	SELECT m.key_version, m.last_seq INTO key_version, last_seq
	FROM e2emsg.mailboxes m WHERE m.id = user_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('unknown_user');
	END IF;
END
$$;
COMMENT ON FUNCTION lock_mailbox(uuid) IS
	'Locks a mailbox until the transaction ends; its key version and last number.';

-- No way back to a key of old: signatures over it are public by then.  And a
-- key has one purpose for good.
CREATE FUNCTION require_new_key(of_user uuid, new_thumbprint bytea) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF new_thumbprint IS NULL THEN
		PERFORM e2emsg.refuse('invalid_key', 'the key is missing');
	ELSIF EXISTS (SELECT FROM e2emsg.key_rotation_log l
			   WHERE l.user_id = of_user
				   AND new_thumbprint IN (l.thumbprint, l.identity_thumbprint)) THEN
		PERFORM e2emsg.refuse('key_reused');
	END IF;
END
$$;
COMMENT ON FUNCTION require_new_key(uuid, bytea) IS
	'Refuses a key that the user ever had, for whatever purpose (ME023).';

-- The key that is current already is taken again without effect, and without a
-- lock: a retry.
CREATE FUNCTION rotate_encryption_key(user_id uuid, public_key json, new_version integer,
									  signature bytea DEFAULT NULL,
									  OUT key_version integer, OUT through_seq bigint)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	mailbox record;
	owner e2emsg.users;
	current_thumbprint bytea;
	stored_key jsonb;
	thumbprint bytea := e2emsg.jwk_thumbprint(public_key);
BEGIN
	key_version := new_version;
	IF EXISTS (SELECT FROM e2emsg.mailboxes m
			   JOIN e2emsg.public_keys k ON k.user_id = m.id AND k.version = m.key_version
			   WHERE m.id = user_id AND k.version = new_version
				   AND k.thumbprint = thumbprint) THEN
		through_seq := e2emsg.through_seq(user_id, new_version);
		RETURN;
	END IF;
	mailbox := e2emsg.lock_mailbox(user_id);
	SELECT k.thumbprint INTO STRICT current_thumbprint FROM e2emsg.public_keys k
	WHERE k.user_id = user_id AND k.version = mailbox.key_version;
	IF new_version IS DISTINCT FROM mailbox.key_version + 1 THEN
		PERFORM e2emsg.refuse('version_conflict',
			format('version %s is current', mailbox.key_version));
	END IF;
	SELECT u.* INTO owner FROM e2emsg.users u WHERE u.id = user_id;
	stored_key := e2emsg.jwk_reduce(public_key, 'encryption')::jsonb;
	PERFORM e2emsg.require_new_key(user_id, thumbprint);
	IF owner.identity_key IS NOT NULL THEN
		PERFORM e2emsg.require_endorsement(owner.identity_key::text::json, signature,
			owner.username, new_version, thumbprint, current_thumbprint);
	ELSIF signature IS NOT NULL THEN
		PERFORM e2emsg.refuse('bad_signature', 'the user has no identity key');
	END IF;

	INSERT INTO e2emsg.public_keys (user_id, version, key, thumbprint)
	VALUES (user_id, new_version, stored_key, thumbprint);
	PERFORM e2emsg.log_key_event(user_id, owner.username, 'rotated', new_version,
		thumbprint, current_thumbprint, owner.identity_key, signature);
	UPDATE e2emsg.mailboxes m SET key_version = new_version WHERE m.id = user_id;
	IF NOT e2emsg.key_log_is_on() THEN
		through_seq := e2emsg.through_seq(user_id, new_version);
	END IF;
END
$$;
COMMENT ON FUNCTION rotate_encryption_key(uuid, json, integer, bytea) IS
	'Makes the key the user''s next version; through_seq as of through_seq().';

CREATE PROCEDURE rotate_key(user_id uuid, public_key json, new_version integer,
							signature bytea DEFAULT NULL, INOUT through_seq bigint DEFAULT NULL)
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	SELECT r.through_seq INTO through_seq
	FROM e2emsg.rotate_encryption_key(user_id, public_key, new_version, signature) r;
END
$$;
COMMENT ON PROCEDURE rotate_key(uuid, json, integer, bytea, bigint) IS
	'rotate_encryption_key() as a procedure.';

CREATE FUNCTION key_rotations(who text, OUT entry integer, OUT event text,
							  OUT key_version integer, OUT thumbprint bytea,
							  OUT previous_thumbprint bytea, OUT identity_thumbprint bytea,
							  OUT signature bytea, OUT endorsement bytea,
							  OUT created_at timestamptz, OUT sequenced boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	id uuid := e2emsg.find_user(who);
BEGIN
	RETURN QUERY
	SELECT l.entry, l.event, l.version, l.thumbprint, l.previous_thumbprint,
		   l.identity_thumbprint, l.signature, l.endorsement, l.created_at,
		   CASE WHEN e2emsg.key_log_is_on() THEN e2emsg.is_logged(l.user_id, l.entry) END
	FROM e2emsg.key_rotation_log l
	WHERE l.user_id = id
	ORDER BY l.entry;
END
$$;
COMMENT ON FUNCTION key_rotations(text) IS
	'A user''s rows of the key rotation log, oldest first.';
