-- The whole data model on one page.
--
-- Tables are not members of the extension: pg_dump treats their rows like
-- anybody's, and DROP EXTENSION refuses while their constraints use its
-- functions.  install() makes what is missing and can be called again at any
-- time: after CREATE EXTENSION, after ALTER EXTENSION e2emsg UPDATE, and after
-- a DROP EXTENSION ... CASCADE took the constraints.

CREATE FUNCTION add_missing_constraint(on_table regclass, constraint_name name,
									   definition text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_constraint c
				   WHERE c.conrelid = on_table AND c.conname = constraint_name) THEN
		EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', on_table, constraint_name,
					   definition);
	END IF;
END
$$;
COMMENT ON FUNCTION add_missing_constraint(regclass, name, text) IS
	'Part of install(): adds a named constraint that the table lacks.';

-- ALTER DEFAULT PRIVILEGES may have given a new object to others.  "object" is
-- the qualified name for a statement, like TABLE e2emsg.users.
CREATE FUNCTION revoke_from_all(object text, acl aclitem[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	grantee text;
BEGIN
	FOR grantee IN
		SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC'
									   ELSE a.grantee::regrole::text END
		FROM aclexplode(acl) a WHERE a.grantee <> 'e2emsg_owner'::regrole
	LOOP
		EXECUTE format('REVOKE ALL ON %s FROM %s', object, grantee);
	END LOOP;
END
$$;
COMMENT ON FUNCTION revoke_from_all(text, aclitem[]) IS
	'Takes all rights on an object from everybody but e2emsg_owner.';

CREATE PROCEDURE install()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
SET lock_timeout = '10s'
AS $$
DECLARE
	names CONSTANT name[] := ARRAY['users', 'public_keys', 'key_rotation_log',
								   'mailboxes', 'messages', 'session_nonces'];
	known CONSTANT name[] := ARRAY(SELECT c.relname FROM pg_class c
								   WHERE c.relnamespace = 'e2emsg'::regnamespace);
	stranger regclass;
	table_name name;
BEGIN
	SELECT c.oid INTO stranger FROM pg_class c
	WHERE c.relnamespace = 'e2emsg'::regnamespace AND c.relname = ANY (names)
		AND (c.relkind <> 'r' OR c.relowner <> 'e2emsg_owner'::regrole);
	IF FOUND THEN
		RAISE EXCEPTION 'relation % does not belong to e2emsg_owner', stranger
			USING ERRCODE = 'insufficient_privilege',
				HINT = 'Rename it or drop it, then call install() again.';
	END IF;

	CREATE TABLE IF NOT EXISTS e2emsg.users (
		id uuid CONSTRAINT users_pkey PRIMARY KEY,
		username text COLLATE "C" NOT NULL CONSTRAINT users_username_key UNIQUE,
		identity_key jsonb,
		created_at timestamptz NOT NULL DEFAULT clock_timestamp()
	);
	COMMENT ON TABLE e2emsg.users IS 'Accounts; a name is never given twice.';

	-- every version is kept while mail may need it
	CREATE TABLE IF NOT EXISTS e2emsg.public_keys (
		user_id uuid NOT NULL
			CONSTRAINT public_keys_user_id_fkey REFERENCES e2emsg.users,
		version integer NOT NULL,
		key jsonb NOT NULL,
		thumbprint bytea NOT NULL,
		identity_key jsonb,
		signature bytea,
		created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
		CONSTRAINT public_keys_pkey PRIMARY KEY (user_id, version),
		CONSTRAINT public_keys_thumbprint_key UNIQUE (user_id, thumbprint)
	);
	COMMENT ON TABLE e2emsg.public_keys IS
		'Encryption keys, all versions, each with the identity key that signed it.';

	CREATE TABLE IF NOT EXISTS e2emsg.key_rotation_log (
		user_id uuid NOT NULL,
		entry integer NOT NULL,
		event text NOT NULL,
		version integer NOT NULL,
		thumbprint bytea NOT NULL,
		previous_thumbprint bytea,
		identity_thumbprint bytea,
		signature bytea,
		endorsement bytea,
		created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
		CONSTRAINT key_rotation_log_pkey PRIMARY KEY (user_id, entry)
	);
	COMMENT ON TABLE e2emsg.key_rotation_log IS
		'Registrations, rotations and identity changes; append-only.';

	-- sending and rotating meet on the lock of one row
	CREATE TABLE IF NOT EXISTS e2emsg.mailboxes (
		id uuid CONSTRAINT mailboxes_pkey PRIMARY KEY,
		key_version integer NOT NULL,
		last_seq bigint NOT NULL DEFAULT 0,
		acked_seq bigint NOT NULL DEFAULT 0,
		created_at timestamptz NOT NULL DEFAULT clock_timestamp()
	) WITH (fillfactor = 50);
	COMMENT ON TABLE e2emsg.mailboxes IS
		'One for each addressee: current key version, last number, what is acknowledged.';

	CREATE TABLE IF NOT EXISTS e2emsg.messages (
		mailbox_id uuid NOT NULL,
		seq bigint NOT NULL,
		sender_id uuid NOT NULL,
		suite smallint NOT NULL,
		sender_key_version integer,
		key_version integer NOT NULL,
		iv bytea NOT NULL,
		ciphertext bytea NOT NULL,
		auth_tag bytea NOT NULL,
		sent_at timestamptz NOT NULL,
		CONSTRAINT messages_pkey PRIMARY KEY (mailbox_id, seq),
		CONSTRAINT messages_envelope_key UNIQUE (mailbox_id, sender_id, iv)
	);
	COMMENT ON TABLE e2emsg.messages IS
		'Sealed envelopes in the order of their mailbox; seq has no gaps.';

	CREATE TABLE IF NOT EXISTS e2emsg.session_nonces (
		hash bytea CONSTRAINT session_nonces_pkey PRIMARY KEY,
		expires_at timestamptz NOT NULL
	);
	CREATE INDEX IF NOT EXISTS session_nonces_expires_at_idx
		ON e2emsg.session_nonces (expires_at);
	COMMENT ON TABLE e2emsg.session_nonces IS
		'Hashes of nonces that opened a session, until they expire.';

	-- the rules that every row keeps, whoever writes it
	PERFORM e2emsg.add_missing_constraint(on_table::regclass, rule, definition)
	FROM (VALUES
		('e2emsg.users', 'users_username_is_allowed', 'CHECK (e2emsg.is_username(username))'),
		('e2emsg.users', 'users_identity_key_is_p256', 'CHECK (e2emsg.is_stored_jwk(identity_key))'),
		('e2emsg.public_keys', 'public_keys_version_is_positive', 'CHECK (version > 0)'),
		('e2emsg.public_keys', 'public_keys_key_is_p256', 'CHECK (e2emsg.is_stored_jwk(key))'),
		('e2emsg.public_keys', 'public_keys_identity_key_is_p256', 'CHECK (e2emsg.is_stored_jwk(identity_key))'),
		('e2emsg.public_keys', 'public_keys_thumbprint_is_of_key', 'CHECK (thumbprint = e2emsg.jwk_thumbprint(key::text::json))'),
		('e2emsg.public_keys', 'public_keys_signature_is_whole', 'CHECK ((identity_key IS NULL) = (signature IS NULL) AND octet_length(signature) = 64)'),
		('e2emsg.key_rotation_log', 'key_rotation_log_event_is_known', 'CHECK (event IN (''registered'', ''rotated'', ''identity_added'', ''identity_replaced'', ''identity_reset''))'),
		('e2emsg.mailboxes', 'mailboxes_key_version_is_positive', 'CHECK (key_version > 0)'),
		('e2emsg.mailboxes', 'mailboxes_acked_seq_was_given', 'CHECK (acked_seq BETWEEN 0 AND last_seq)'),
		('e2emsg.messages', 'messages_seq_is_positive', 'CHECK (seq > 0)'),
		('e2emsg.messages', 'messages_envelope_is_sound', 'CHECK (e2emsg.envelope_problem(suite, sender_key_version, key_version, iv, ciphertext, auth_tag) IS NULL)'),
		('e2emsg.session_nonces', 'session_nonces_hash_is_sha256', 'CHECK (octet_length(hash) = 32)')
	) AS rules (on_table, rule, definition);

	IF NOT EXISTS (SELECT FROM pg_trigger t
				   WHERE t.tgrelid = 'e2emsg.key_rotation_log'::regclass
					   AND t.tgname = 'key_rotation_log_is_append_only') THEN
		CREATE TRIGGER key_rotation_log_is_append_only
			BEFORE UPDATE OR DELETE OR TRUNCATE ON e2emsg.key_rotation_log
			FOR EACH STATEMENT EXECUTE FUNCTION e2emsg.refuse_log_change();
	END IF;

	-- what was there keeps its owner and what a DBA granted on it
	FOREACH table_name IN ARRAY names LOOP
		CONTINUE WHEN table_name = ANY (known);
		EXECUTE format('ALTER TABLE e2emsg.%I OWNER TO e2emsg_owner', table_name);
		PERFORM e2emsg.revoke_from_all(format('TABLE e2emsg.%I', table_name), c.relacl)
		FROM pg_class c WHERE c.oid = format('e2emsg.%I', table_name)::regclass;
		IF table_name = 'messages' THEN
			-- sealed bytes do not compress
			ALTER TABLE e2emsg.messages ALTER COLUMN ciphertext SET STORAGE EXTERNAL;
		END IF;
	END LOOP;
END
$$;
COMMENT ON PROCEDURE install() IS
	'Makes or updates the tables, which belong to e2emsg_owner; can be called again.';
