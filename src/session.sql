-- Sessions: a challenge signed by the identity key opens one, once.

CREATE FUNCTION open_session(username text, signing_input bytea, signature bytea,
							 nonce_hash bytea, nonce_expires_at timestamptz)
RETURNS uuid
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	owner e2emsg.users;
BEGIN
	SELECT u.* INTO owner FROM e2emsg.users u
	WHERE u.username = username AND u.deleted_at IS NULL;
	IF owner.identity_key IS NULL
		OR nonce_expires_at > clock_timestamp() IS NOT TRUE
		OR octet_length(nonce_hash) = 32 IS NOT TRUE
		OR e2emsg.verify_es256(owner.identity_key::text::json, signing_input,
							   signature) IS NOT TRUE THEN
		PERFORM e2emsg.refuse('invalid_assertion');
	END IF;
	INSERT INTO e2emsg.session_nonces (hash, expires_at)
	VALUES (nonce_hash, nonce_expires_at)
	ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('invalid_assertion');
	END IF;
	DELETE FROM e2emsg.session_nonces n
	WHERE n.hash IN (SELECT old.hash FROM e2emsg.session_nonces old
					 WHERE old.expires_at < clock_timestamp() - interval '1 minute'
					 ORDER BY old.expires_at LIMIT 8
					 FOR UPDATE SKIP LOCKED);
	RETURN owner.id;
END
$$;
COMMENT ON FUNCTION open_session(text, bytea, bytea, bytea, timestamptz) IS
	'The id of the user whose identity key signed; a nonce works once (ME030).';
