-- Public keys: the current one, or any version.

-- The newest key and what was said of it last; the key log may not hold it yet.
CREATE FUNCTION public_key(who text, version integer DEFAULT NULL,
						   OUT user_id uuid, OUT username text, OUT key jsonb,
						   OUT key_version integer, OUT thumbprint bytea,
						   OUT previous_thumbprint bytea, OUT identity_key jsonb,
						   OUT signature bytea, OUT created_at timestamptz,
						   OUT sequenced boolean)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	id uuid := e2emsg.find_user(who);
BEGIN
	SELECT u.id, u.username, k.key, l.version, l.thumbprint, l.previous_thumbprint,
		   l.identity_key, l.signature, k.created_at,
		   CASE WHEN e2emsg.key_log_is_on() THEN e2emsg.is_logged(u.id, l.entry) END
	INTO user_id, username, key, key_version, thumbprint, previous_thumbprint,
		 identity_key, signature, created_at, sequenced
	FROM e2emsg.users u
	JOIN e2emsg.key_rotation_log l ON l.user_id = u.id
	JOIN e2emsg.public_keys k ON k.user_id = u.id AND k.version = l.version
	WHERE u.id = id AND (public_key.version IS NULL OR l.version = public_key.version)
	ORDER BY l.entry DESC
	LIMIT 1;
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('unknown_key_version');
	END IF;
END
$$;
COMMENT ON FUNCTION public_key(text, integer) IS
	'A user''s newest encryption key, or that version, with all that verifies it; sequenced: does the signed key log hold it (NULL: there is none)?';

CREATE FUNCTION json_time(at timestamptz) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION json_time(timestamptz) IS 'RFC 3339 time in UTC, milliseconds.';

-- What everybody is shown: the newest key that the signed key log holds, with
-- the proof.  VOLATILE, so that it sees what was committed while its caller
-- waited for a mailbox: the key that made an envelope stale.  A deleted user's
-- versions stay for the mail that they sealed.
CREATE FUNCTION key_object(who text, version integer DEFAULT NULL) RETURNS json
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	owner uuid := e2emsg.find_user(who, key_object.version IS NOT NULL);
	is_on boolean := e2emsg.key_log_is_on();
	logged_size bigint := e2emsg.logged_size();
	shown record;
BEGIN
	SELECT u.username, k.key, k.created_at, l.*, f.index INTO shown
	FROM e2emsg.users u
	JOIN e2emsg.key_rotation_log l ON l.user_id = u.id
	JOIN e2emsg.public_keys k ON k.user_id = u.id AND k.version = l.version
	LEFT JOIN e2emsg.key_log_leaves f ON f.user_id = u.id AND f.entry = l.entry
	WHERE u.id = owner AND l.event <> 'deleted'
		AND (key_object.version IS NULL OR l.version = key_object.version)
		AND (f.index < logged_size OR NOT is_on)
	ORDER BY l.entry DESC
	LIMIT 1;
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse(CASE WHEN EXISTS (
			SELECT FROM e2emsg.key_rotation_log l
			JOIN e2emsg.public_keys k ON k.user_id = l.user_id AND k.version = l.version
			WHERE l.user_id = owner AND l.version = coalesce(key_object.version, l.version))
			THEN 'not_logged' ELSE 'unknown_key_version' END);
	END IF;
	RETURN json_strip_nulls(json_build_object(
		'userId', owner,
		'username', shown.username,
		'publicKey', shown.key,
		'keyVersion', shown.version,
		'thumbprint', e2emsg.base64url_encode(shown.thumbprint),
		'previousThumbprint', e2emsg.base64url_encode(shown.previous_thumbprint),
		'identityKey', shown.identity_key,
		'signature', e2emsg.base64url_encode(shown.signature),
		'createdAt', e2emsg.json_time(shown.created_at),
		'log', CASE WHEN is_on THEN e2emsg.proof_object(owner, shown.entry, shown.index) END));
END
$$;
COMMENT ON FUNCTION key_object(text, integer) IS
	'The newest key that the signed key log holds, or that version, as the JSON object of the REST interface.';

-- What repairs a stale envelope.  Without the key when the log does not hold it,
-- as after it was off for a while: one envelope must not end the whole call.
CREATE FUNCTION stale_body(receiver uuid) RETURNS json
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN json_build_object('current', e2emsg.key_object(receiver::text));
EXCEPTION WHEN SQLSTATE 'ME033' THEN
	RETURN json_build_object();
END
$$;
COMMENT ON FUNCTION stale_body(uuid) IS
	'{"current": key object} for an envelope that is sealed to an old key.';
