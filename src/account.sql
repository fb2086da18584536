-- Accounts: usernames, ids, registration.

CREATE FUNCTION bucket_of(username text) RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION bucket_of(text) IS
	'The bucket of a username, 0 to 65535; the first 16 bits of the user''s id.';

CREATE FUNCTION new_user_id(username text) RETURNS uuid
LANGUAGE c VOLATILE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION new_user_id(text) IS
	'A new version 8 UUID that begins with the username''s bucket.';

CREATE FUNCTION is_username(username text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	-- 32 hexadecimal digits would pass for a UUID
	SELECT username COLLATE "C" OPERATOR(pg_catalog.~) '^[a-z][a-z0-9._-]{2,31}$'
		AND username COLLATE "C" OPERATOR(pg_catalog.!~) '^[0-9a-f]{32}$'
$$;
COMMENT ON FUNCTION is_username(text) IS
	'Is this 3 to 32 of a-z 0-9 . _ - with a letter first, and no UUID?';

CREATE FUNCTION find_user(who text, also_deleted boolean DEFAULT false) RETURNS uuid
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found record;
BEGIN
	IF who ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
		SELECT u.id, u.deleted_at INTO found FROM e2emsg.users u WHERE u.id = who::uuid;
	ELSE
		SELECT u.id, u.deleted_at INTO found FROM e2emsg.users u WHERE u.username = who;
	END IF;
	IF found.id IS NULL OR (found.deleted_at IS NOT NULL AND NOT also_deleted) THEN
		PERFORM e2emsg.refuse('unknown_user');
	END IF;
	RETURN found.id;
END
$$;
COMMENT ON FUNCTION find_user(text, boolean) IS
	'The id of the user with that id or username; refuses an unknown or deleted one (ME011).';

CREATE FUNCTION register_user(username text, public_key json,
							  identity_key json DEFAULT NULL,
							  signature bytea DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	user_id uuid;
	stored_key jsonb;
	stored_identity jsonb;
	thumbprint bytea;
BEGIN
	IF username IS NULL OR NOT e2emsg.is_username(username) THEN
		PERFORM e2emsg.refuse('invalid_username');
	END IF;
	IF public_key IS NULL THEN
		PERFORM e2emsg.refuse('invalid_key', 'the public key is missing');
	END IF;
	IF (identity_key IS NULL) <> (signature IS NULL) THEN
		PERFORM e2emsg.refuse('invalid_request',
			'identityKey and signature come together or not at all');
	END IF;
	stored_key := e2emsg.jwk_reduce(public_key, 'encryption')::jsonb;
	thumbprint := e2emsg.jwk_thumbprint(public_key);
	IF identity_key IS NOT NULL THEN
		stored_identity := e2emsg.jwk_reduce(identity_key, 'identity')::jsonb;
		IF stored_identity = stored_key THEN
			PERFORM e2emsg.refuse('key_reused',
				'the identity key must be another key than the encryption key');
		END IF;
		PERFORM e2emsg.require_endorsement(identity_key, signature, username, 1,
										   thumbprint, NULL);
	END IF;

	INSERT INTO e2emsg.users (id, username, identity_key)
	VALUES (e2emsg.new_user_id(username), username, stored_identity)
	ON CONFLICT ON CONSTRAINT users_username_key DO NOTHING
	RETURNING id INTO user_id;
	IF user_id IS NULL THEN
		PERFORM e2emsg.refuse('username_taken');
	END IF;
	INSERT INTO e2emsg.mailboxes (id, key_version, logged_version)
	VALUES (user_id, 1, CASE WHEN e2emsg.key_log_is_on() THEN 0 ELSE 1 END);
	INSERT INTO e2emsg.public_keys (user_id, version, key, thumbprint)
	VALUES (user_id, 1, stored_key, thumbprint);
	PERFORM e2emsg.log_key_event(user_id, username, 'registered', 1, thumbprint, NULL,
								 stored_identity, signature);
	RETURN user_id;
END
$$;
COMMENT ON FUNCTION register_user(text, json, json, bytea) IS
	'Makes a user with an encryption key and, if signed, an identity key; returns the id.';
