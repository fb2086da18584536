-- Public keys: the current one, or any version.

CREATE FUNCTION public_key(who text, version integer DEFAULT NULL,
						   OUT user_id uuid, OUT username text, OUT key jsonb,
						   OUT key_version integer, OUT thumbprint bytea,
						   OUT previous_thumbprint bytea, OUT identity_key jsonb,
						   OUT signature bytea, OUT created_at timestamptz)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	id uuid := e2emsg.find_user(who);
BEGIN
	SELECT u.id, u.username, k.key, k.version, k.thumbprint, previous.thumbprint,
		   k.identity_key, k.signature, k.created_at
	INTO user_id, username, key, key_version, thumbprint, previous_thumbprint,
		 identity_key, signature, created_at
	FROM e2emsg.users u
	JOIN e2emsg.mailboxes m ON m.id = u.id
	JOIN e2emsg.public_keys k
		ON k.user_id = u.id AND k.version = coalesce(public_key.version, m.key_version)
	LEFT JOIN e2emsg.public_keys previous
		ON previous.user_id = u.id AND previous.version = k.version - 1
	WHERE u.id = id;
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('unknown_key_version');
	END IF;
END
$$;
COMMENT ON FUNCTION public_key(text, integer) IS
	'A user''s current encryption key, or that version, with all that verifies it.';

CREATE FUNCTION json_time(at timestamptz) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION json_time(timestamptz) IS 'RFC 3339 time in UTC, milliseconds.';

-- VOLATILE, so that it sees what was committed while its caller waited for a
-- mailbox: the key that made an envelope stale.
CREATE FUNCTION key_object(who text, version integer DEFAULT NULL) RETURNS json
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (SELECT json_strip_nulls(json_build_object(
		'userId', k.user_id,
		'username', k.username,
		'publicKey', k.key,
		'keyVersion', k.key_version,
		'thumbprint', e2emsg.base64url_encode(k.thumbprint),
		'previousThumbprint', e2emsg.base64url_encode(k.previous_thumbprint),
		'identityKey', k.identity_key,
		'signature', e2emsg.base64url_encode(k.signature),
		'createdAt', e2emsg.json_time(k.created_at)))
	FROM e2emsg.public_key(who, version) k);
END
$$;
COMMENT ON FUNCTION key_object(text, integer) IS
	'public_key() as the JSON object that the REST interface gives.';
