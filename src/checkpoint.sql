-- Checkpoints: which part of the key log is signed, and so shown to everybody.
-- The signing key is outside of the database; see gateway/signer.c.

CREATE FUNCTION key_log_is_on() RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION key_log_is_on() IS 'The setting e2emsg.key_log.';

CREATE FUNCTION logged_size() RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN coalesce((SELECT n.size FROM e2emsg.key_log_notes n
					 ORDER BY n.origin DESC LIMIT 1), 0);
END
$$;
COMMENT ON FUNCTION logged_size() IS
	'How many leaves of the key log the newest signed checkpoint covers.';

CREATE FUNCTION is_logged(of_user uuid, of_entry integer) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN EXISTS (SELECT FROM e2emsg.key_log_leaves f
				   WHERE f.user_id = of_user AND f.entry = of_entry
					   AND f.index < e2emsg.logged_size());
END
$$;
COMMENT ON FUNCTION is_logged(uuid, integer) IS
	'Does a signed checkpoint cover this row of the key rotation log?';

-- The version that sends are checked against: 0 while there is none.
CREATE FUNCTION logged_version(of_user uuid) RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	logged bigint := e2emsg.logged_size();
BEGIN
	IF NOT e2emsg.key_log_is_on() THEN
		RETURN (SELECT m.key_version FROM e2emsg.mailboxes m WHERE m.id = of_user);
	END IF;
	RETURN coalesce((
		SELECT l.version
		FROM e2emsg.key_rotation_log l
		JOIN e2emsg.key_log_leaves f ON f.user_id = l.user_id AND f.entry = l.entry
		WHERE l.user_id = of_user AND f.index < logged
		ORDER BY l.entry DESC LIMIT 1), 0);
END
$$;
COMMENT ON FUNCTION logged_version(uuid) IS
	'The newest key version that the signed key log holds, 0 without one; any when the log is off.';

CREATE FUNCTION through_seq(user_id uuid, version integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	mailbox e2emsg.mailboxes;
	logged integer;
BEGIN
	SELECT m.* INTO mailbox FROM e2emsg.mailboxes m WHERE m.id = user_id;
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('unknown_user');
	ELSIF mailbox.logged_version < version THEN
		PERFORM e2emsg.lock_mailbox(user_id);
		logged := e2emsg.logged_version(user_id);
		UPDATE e2emsg.mailboxes m SET logged_version = logged, rotated_seq = m.last_seq
		WHERE m.id = user_id AND m.logged_version < logged;
		SELECT m.* INTO mailbox FROM e2emsg.mailboxes m WHERE m.id = user_id;
	END IF;
	RETURN CASE WHEN mailbox.logged_version = version THEN mailbox.rotated_seq END;
END
$$;
COMMENT ON FUNCTION through_seq(uuid, integer) IS
	'The last message sealed to versions before this one; NULL while the signed key log does not hold it, or holds a newer one.';

-- What the signing gateway looks at: is there something to do?
CREATE FUNCTION key_log_state(OUT is_on boolean, OUT pending boolean, OUT size bigint,
							  OUT root bytea, OUT verifier text, OUT signed_size bigint)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	is_on := e2emsg.key_log_is_on();
	pending := EXISTS (SELECT FROM e2emsg.key_log_pending);
	SELECT h.size, h.root INTO size, root FROM e2emsg.key_log_head h;
	SELECT n.verifier, n.size INTO verifier, signed_size FROM e2emsg.key_log_notes n
	ORDER BY n.origin DESC LIMIT 1;
END
$$;
COMMENT ON FUNCTION key_log_state() IS
	'Size and root of the key log, what of it is signed and by whom; NULLs where there is nothing yet.';

-- Nothing is shown that the tree does not have, whoever signed it.
CREATE FUNCTION require_head(of_size bigint, of_root bytea) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	head record;
BEGIN
	SELECT h.size, h.root INTO head FROM e2emsg.key_log_head h WHERE h.single;
	IF (of_size > head.size OR of_root <> CASE WHEN of_size = head.size THEN head.root
											   ELSE e2emsg.key_log_root(of_size) END)
		IS NOT FALSE THEN
		PERFORM e2emsg.refuse('not_in_log', 'the key log never had that size and root');
	END IF;
END
$$;
COMMENT ON FUNCTION require_head(bigint, bytea) IS
	'Refuses a size and root that the key log never had (ME014).';

-- From now on everybody is shown the log of this size.  Refused for a signer who
-- is not the one of the newest origin.  Mailboxes of those who rotated go over
-- to the new key, a row each; the others, and those that somebody holds, when
-- somebody sends or asks.
CREATE FUNCTION publish_checkpoint(new_verifier text, new_size bigint, new_root bytea,
								   new_note text, OUT user_id uuid, OUT version integer,
								   OUT body json)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- plans go by the indexes, whatever the statistics said when they were made
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	newest record;
	free_mailboxes uuid[];
BEGIN
	PERFORM e2emsg.require_head(new_size, new_root);
	SELECT n.origin, n.verifier, n.size INTO newest FROM e2emsg.key_log_notes n
	ORDER BY n.origin DESC LIMIT 1 FOR NO KEY UPDATE;
	IF newest.origin IS NULL THEN
		INSERT INTO e2emsg.key_log_notes (origin, verifier, size, root, note)
		VALUES (1, new_verifier, new_size, new_root, new_note);
	ELSIF newest.verifier IS DISTINCT FROM new_verifier OR newest.size > new_size THEN
		PERFORM e2emsg.refuse('forbidden', 'another checkpoint of the key log counts');
	ELSE
		UPDATE e2emsg.key_log_notes n
		SET size = new_size, root = new_root, note = new_note, signed_at = clock_timestamp()
		WHERE n.origin = newest.origin;
	END IF;
	free_mailboxes := ARRAY(
		SELECT m.id
		FROM e2emsg.key_log_leaves f
		JOIN e2emsg.mailboxes m ON m.id = f.user_id
		WHERE f.index >= coalesce(newest.size, 0) AND f.index < new_size
			AND m.key_version > 1 AND m.logged_version < m.key_version
		ORDER BY m.id FOR NO KEY UPDATE OF m SKIP LOCKED);
	IF free_mailboxes = '{}' THEN
		RETURN;
	END IF;
	RETURN QUERY
	UPDATE e2emsg.mailboxes m SET logged_version = v.version, rotated_seq = m.last_seq
	FROM (SELECT f.user_id, max(l.version) AS version
		  FROM e2emsg.key_log_leaves f
		  JOIN e2emsg.key_rotation_log l ON l.user_id = f.user_id AND l.entry = f.entry
		  WHERE f.index >= coalesce(newest.size, 0) AND f.index < new_size
		  GROUP BY f.user_id) v
	WHERE m.id = v.user_id AND m.id = ANY (free_mailboxes) AND m.logged_version < v.version
	RETURNING m.id, m.logged_version, e2emsg.rotation_body(m.logged_version, m.rotated_seq);
END
$$;
COMMENT ON FUNCTION publish_checkpoint(text, bigint, bytea, text) IS
	'Stores a signed checkpoint, which everybody is shown from then on; a row for each rotation that counts now, with what to answer.';

-- "last_size" is what the caller knows as signed last: refused when more is.
CREATE FUNCTION begin_origin(new_verifier text, new_succession text, last_size bigint,
							 new_size bigint, new_root bytea, new_note text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	newest record;
BEGIN
	SELECT n.origin, n.size INTO newest FROM e2emsg.key_log_notes n
	ORDER BY n.origin DESC LIMIT 1 FOR NO KEY UPDATE;
	IF newest.size > last_size THEN
		PERFORM e2emsg.refuse('forbidden', 'another gateway signs the key log; stop it first');
	END IF;
	PERFORM e2emsg.require_head(new_size, new_root);
	INSERT INTO e2emsg.key_log_notes (origin, verifier, succession, size, root, note)
	VALUES (coalesce(newest.origin, 0) + 1, new_verifier, new_succession, new_size,
			new_root, new_note);
END
$$;
COMMENT ON FUNCTION begin_origin(text, text, bigint, bigint, bytea, text) IS
	'For operators, after a restore: the key log goes on under another signing key.';
