-- The whole data model on one page.
--
-- Tables are not members of the extension: pg_dump treats their rows like
-- anybody's, and DROP EXTENSION refuses while their constraints use its
-- functions.  install() makes what is missing and can be called again at any
-- time: after CREATE EXTENSION, after ALTER EXTENSION e2emsg UPDATE, and after
-- a DROP EXTENSION ... CASCADE took the constraints.

-- ALTER DEFAULT PRIVILEGES may have given a new object to others.  "object" is
-- the qualified name for a statement, like TABLE e2emsg.users.
CREATE FUNCTION revoke_from_all(object text, acl aclitem[],
								owner name DEFAULT 'e2emsg_owner')
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	grantee text;
BEGIN
	FOR grantee IN
		SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC'
									   ELSE a.grantee::regrole::text END
		FROM aclexplode(acl) a WHERE pg_get_userbyid(a.grantee) <> owner
	LOOP
		EXECUTE format('REVOKE ALL ON %s FROM %s', object, grantee);
	END LOOP;
END
$$;
COMMENT ON FUNCTION revoke_from_all(text, aclitem[], name) IS
	'Takes all rights on an object from everybody but its owner.';

CREATE FUNCTION table_names() RETURNS name[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
	SELECT '{users,public_keys,key_rotation_log,mailboxes,messages,blocks,session_nonces,
		key_log_pending,key_log_leaves,key_log_tiles,key_log_head,key_log_notes,
		backups}'::pg_catalog.name[]
$$;
COMMENT ON FUNCTION table_names() IS 'The tables that install() makes.';

CREATE FUNCTION view_names() RETURNS name[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT '{mailbox_depths,key_activity,key_log_state}'::pg_catalog.name[] $$;
COMMENT ON FUNCTION view_names() IS 'The views that install() makes (src/monitor.sql).';

CREATE PROCEDURE install()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
SET lock_timeout = '10s'
AS $$
DECLARE
	names CONSTANT name[] := e2emsg.table_names();
	views CONSTANT name[] := e2emsg.view_names();
	known CONSTANT name[] := ARRAY(SELECT c.relname FROM pg_class c
								   WHERE c.relnamespace = 'e2emsg'::regnamespace);
	stranger regclass;
	table_name name;
BEGIN
	SELECT c.oid::regclass INTO stranger FROM pg_class c
	WHERE c.relnamespace = 'e2emsg'::regnamespace AND c.relname = ANY (names || views)
		AND (c.relkind <> CASE WHEN c.relname = ANY (views) THEN 'v' ELSE 'r' END
			 OR c.relowner <> 'e2emsg_owner'::regrole);
	IF FOUND THEN
		RAISE EXCEPTION 'relation % does not belong to e2emsg_owner', stranger
			USING ERRCODE = 'insufficient_privilege',
				HINT = 'Rename it or drop it, then call install() again.';
	END IF;

	PERFORM e2emsg.add_missing_columns();
	PERFORM e2emsg.drop_old_constraints();

	CREATE TABLE IF NOT EXISTS e2emsg.users (
		id uuid CONSTRAINT users_pkey PRIMARY KEY,
		username text COLLATE "C" NOT NULL CONSTRAINT users_username_key UNIQUE,
		identity_key jsonb,
		created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
		deleted_at timestamptz,
		keys_removed_at timestamptz
	);
	-- CREATE INDEX IF NOT EXISTS locks the table in any case
	IF to_regclass('e2emsg.users_deleted_at_idx') IS NULL THEN
		CREATE INDEX users_deleted_at_idx ON e2emsg.users (deleted_at)
			WHERE deleted_at IS NOT NULL AND keys_removed_at IS NULL;
	END IF;
	COMMENT ON TABLE e2emsg.users IS 'Accounts; a name is never given twice.';

	-- every version is kept while mail may need it
	CREATE TABLE IF NOT EXISTS e2emsg.public_keys (
		user_id uuid NOT NULL
			CONSTRAINT public_keys_user_id_fkey REFERENCES e2emsg.users,
		version integer NOT NULL,
		key jsonb NOT NULL,
		thumbprint bytea NOT NULL,
		created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
		CONSTRAINT public_keys_pkey PRIMARY KEY (user_id, version),
		CONSTRAINT public_keys_thumbprint_key UNIQUE (user_id, thumbprint)
	);
	COMMENT ON TABLE e2emsg.public_keys IS
		'Encryption keys, all versions; who signed them stands in key_rotation_log.';

	CREATE TABLE IF NOT EXISTS e2emsg.key_rotation_log (
		user_id uuid NOT NULL,
		entry integer NOT NULL,
		event text NOT NULL,
		version integer NOT NULL,
		thumbprint bytea NOT NULL,
		previous_thumbprint bytea,
		identity_thumbprint bytea,
		identity_key jsonb,
		signature bytea,
		endorsement bytea,
		created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
		previous_leaf_hash bytea,
		leaf_hash bytea NOT NULL,
		CONSTRAINT key_rotation_log_pkey PRIMARY KEY (user_id, entry)
	);
	COMMENT ON TABLE e2emsg.key_rotation_log IS
		'Registrations, rotations, identity changes and deletions; append-only, but that a deleted user''s identity key goes.';

	-- the key log: rows that wait for their place, the leaves in their places,
	-- the tree over them, and how far it goes
	CREATE TABLE IF NOT EXISTS e2emsg.key_log_pending (
		id bigint GENERATED ALWAYS AS IDENTITY
			CONSTRAINT key_log_pending_pkey PRIMARY KEY,
		user_id uuid NOT NULL,
		entry integer NOT NULL,
		leaf_hash bytea NOT NULL
	);
	COMMENT ON TABLE e2emsg.key_log_pending IS
		'Rows of the key rotation log that no round of the key log has taken yet.';

	CREATE TABLE IF NOT EXISTS e2emsg.key_log_leaves (
		index bigint CONSTRAINT key_log_leaves_pkey PRIMARY KEY,
		leaf_hash bytea NOT NULL,
		user_id uuid,
		entry integer,
		round bigint NOT NULL,
		CONSTRAINT key_log_leaves_entry_key UNIQUE (user_id, entry)
	);
	COMMENT ON TABLE e2emsg.key_log_leaves IS
		'Leaves of the key log in their order; without a user: the end of a round.';

	CREATE TABLE IF NOT EXISTS e2emsg.key_log_tiles (
		level integer NOT NULL,
		index bigint NOT NULL,
		hashes bytea NOT NULL,
		CONSTRAINT key_log_tiles_pkey PRIMARY KEY (level, index)
	);
	COMMENT ON TABLE e2emsg.key_log_tiles IS
		'The tree of the key log in tiles of 256 hashes (C2SP tlog-tiles); full ones never change.';

	CREATE TABLE IF NOT EXISTS e2emsg.key_log_head (
		single boolean DEFAULT true CONSTRAINT key_log_head_pkey PRIMARY KEY,
		size bigint NOT NULL,
		edge bytea NOT NULL,
		root bytea NOT NULL,
		round bigint NOT NULL
	);
	COMMENT ON TABLE e2emsg.key_log_head IS
		'Size, right edge and root of the key log; one row after the first round.';

	-- the newest signed checkpoint of each origin; the last origin counts
	CREATE TABLE IF NOT EXISTS e2emsg.key_log_notes (
		origin integer CONSTRAINT key_log_notes_pkey PRIMARY KEY,
		verifier text NOT NULL,
		succession text,
		size bigint NOT NULL,
		root bytea NOT NULL,
		note text NOT NULL,
		signed_at timestamptz NOT NULL DEFAULT clock_timestamp()
	) WITH (fillfactor = 50);
	COMMENT ON TABLE e2emsg.key_log_notes IS
		'Newest signed checkpoint of each origin of the key log: what everybody is shown.';

	-- sending and rotating meet on the lock of one row
	CREATE TABLE IF NOT EXISTS e2emsg.mailboxes (
		id uuid CONSTRAINT mailboxes_pkey PRIMARY KEY,
		key_version integer NOT NULL,
		logged_version integer NOT NULL,
		rotated_seq bigint NOT NULL DEFAULT 0,
		last_seq bigint NOT NULL DEFAULT 0,
		acked_seq bigint NOT NULL DEFAULT 0,
		purged_seq bigint NOT NULL DEFAULT 0,
		expired_seq bigint NOT NULL DEFAULT 0,
		unread_bytes bigint NOT NULL DEFAULT 0,
		block_count integer NOT NULL DEFAULT 0,
		created_at timestamptz NOT NULL DEFAULT clock_timestamp()
	) WITH (fillfactor = 50);
	COMMENT ON TABLE e2emsg.mailboxes IS
		'One for each addressee: newest key version and the one that the key log shows, last number before that and now, what is acknowledged, what is gone, what of that was never read, bytes that are not acknowledged, how many senders are blocked.';

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

	CREATE TABLE IF NOT EXISTS e2emsg.blocks (
		mailbox_id uuid NOT NULL,
		sender_id uuid NOT NULL,
		created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
		CONSTRAINT blocks_pkey PRIMARY KEY (mailbox_id, sender_id)
	);
	COMMENT ON TABLE e2emsg.blocks IS 'Whose mail a mailbox does not take.';

	CREATE TABLE IF NOT EXISTS e2emsg.session_nonces (
		hash bytea CONSTRAINT session_nonces_pkey PRIMARY KEY,
		expires_at timestamptz NOT NULL
	);
	IF to_regclass('e2emsg.session_nonces_expires_at_idx') IS NULL THEN
		CREATE INDEX session_nonces_expires_at_idx ON e2emsg.session_nonces (expires_at);
	END IF;
	COMMENT ON TABLE e2emsg.session_nonces IS
		'Hashes of nonces that opened a session, until they expire.';

	CREATE TABLE IF NOT EXISTS e2emsg.backups (
		user_id uuid CONSTRAINT backups_pkey PRIMARY KEY,
		version integer NOT NULL,
		locator_hash bytea NOT NULL,
		backup bytea NOT NULL,
		updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
	);
	COMMENT ON TABLE e2emsg.backups IS
		'Sealed private keys of users, to be found and opened with a recovery code.';

	-- the rules that every row keeps, whoever writes it
	PERFORM e2emsg.add_missing_constraint(on_table::regclass, rule, definition)
	FROM (VALUES
		('e2emsg.users', 'users_username_is_allowed', 'CHECK (e2emsg.is_username(username))'),
		('e2emsg.users', 'users_identity_key_is_p256', 'CHECK (e2emsg.is_stored_jwk(identity_key))'),
		('e2emsg.public_keys', 'public_keys_version_is_positive', 'CHECK (version > 0)'),
		('e2emsg.public_keys', 'public_keys_key_is_p256', 'CHECK (e2emsg.is_stored_jwk(key))'),
		('e2emsg.public_keys', 'public_keys_thumbprint_is_of_key', 'CHECK (thumbprint = e2emsg.jwk_thumbprint(key::text::json))'),
		('e2emsg.key_rotation_log', 'key_rotation_log_event_is_known', 'CHECK (event IN (''registered'', ''rotated'', ''identity_added'', ''identity_replaced'', ''identity_reset'', ''deleted''))'),
		('e2emsg.key_rotation_log', 'key_rotation_log_identity_key_is_p256', 'CHECK (e2emsg.is_stored_jwk(identity_key))'),
		('e2emsg.key_rotation_log', 'key_rotation_log_identity_is_signed', 'CHECK ((identity_thumbprint IS NULL) = (signature IS NULL) AND octet_length(signature) = 64)'),
		('e2emsg.key_rotation_log', 'key_rotation_log_identity_key_is_named', 'CHECK (identity_key IS NULL OR identity_thumbprint IS NOT DISTINCT FROM e2emsg.jwk_thumbprint(identity_key::text::json))'),
		('e2emsg.key_rotation_log', 'key_rotation_log_leaf_hash_is_sha256', 'CHECK (octet_length(leaf_hash) = 32 AND octet_length(previous_leaf_hash) = 32 IS NOT FALSE)'),
		('e2emsg.key_log_leaves', 'key_log_leaves_hash_is_sha256', 'CHECK (octet_length(leaf_hash) = 32 AND index >= 0)'),
		('e2emsg.key_log_tiles', 'key_log_tiles_hashes_fit', 'CHECK (octet_length(hashes) > 0 AND octet_length(hashes) <= 8192 AND octet_length(hashes) % 32 = 0)'),
		('e2emsg.key_log_head', 'key_log_head_is_one_row', 'CHECK (single)'),
		('e2emsg.key_log_notes', 'key_log_notes_root_is_sha256', 'CHECK (octet_length(root) = 32 AND size >= 0)'),
		('e2emsg.mailboxes', 'mailboxes_key_version_is_positive', 'CHECK (key_version > 0)'),
		('e2emsg.mailboxes', 'mailboxes_logged_version_was_made', 'CHECK (logged_version BETWEEN 0 AND key_version)'),
		('e2emsg.mailboxes', 'mailboxes_acked_seq_was_given', 'CHECK (acked_seq BETWEEN 0 AND last_seq)'),
		('e2emsg.mailboxes', 'mailboxes_purged_seq_was_given', 'CHECK (purged_seq BETWEEN 0 AND last_seq)'),
		('e2emsg.mailboxes', 'mailboxes_expired_seq_is_purged', 'CHECK (expired_seq BETWEEN 0 AND purged_seq)'),
		('e2emsg.mailboxes', 'mailboxes_block_count_is_bounded', 'CHECK (block_count BETWEEN 0 AND 1000)'),
		('e2emsg.messages', 'messages_seq_is_positive', 'CHECK (seq > 0)'),
		('e2emsg.messages', 'messages_envelope_is_sound', 'CHECK (e2emsg.envelope_problem(suite, sender_key_version, key_version, iv, ciphertext, auth_tag) IS NULL)'),
		('e2emsg.session_nonces', 'session_nonces_hash_is_sha256', 'CHECK (octet_length(hash) = 32)'),
		('e2emsg.backups', 'backups_version_is_positive', 'CHECK (version > 0)'),
		('e2emsg.backups', 'backups_locator_hash_is_sha256', 'CHECK (octet_length(locator_hash) = 32)'),
		('e2emsg.backups', 'backups_backup_fits', 'CHECK (octet_length(backup) BETWEEN 1 AND 65536)')
	) AS rules (on_table, rule, definition);

	-- rows of the logs are only added
	PERFORM e2emsg.set_trigger(on_table::regclass, name, definition)
	FROM (VALUES
		('e2emsg.key_rotation_log', 'key_rotation_log_is_append_only', 'BEFORE DELETE OR UPDATE ON e2emsg.key_rotation_log FOR EACH ROW EXECUTE FUNCTION e2emsg.refuse_log_row_change()'),
		('e2emsg.key_rotation_log', 'key_rotation_log_is_never_empty', 'BEFORE TRUNCATE ON e2emsg.key_rotation_log FOR EACH STATEMENT EXECUTE FUNCTION e2emsg.refuse_log_change()'),
		('e2emsg.key_log_leaves', 'key_log_leaves_is_append_only', 'BEFORE DELETE OR UPDATE OR TRUNCATE ON e2emsg.key_log_leaves FOR EACH STATEMENT EXECUTE FUNCTION e2emsg.refuse_log_change()')
	) AS triggers (on_table, name, definition);

	PERFORM e2emsg.install_views();

	-- what was there keeps its owner and what a DBA granted on it
	FOREACH table_name IN ARRAY names LOOP
		CONTINUE WHEN table_name = ANY (known);
		EXECUTE format('ALTER TABLE e2emsg.%I OWNER TO e2emsg_owner', table_name);
		PERFORM e2emsg.revoke_from_all(format('TABLE e2emsg.%I', table_name), c.relacl)
		FROM pg_class c WHERE c.oid = format('e2emsg.%I', table_name)::regclass;
		-- sealed bytes and hashes do not compress
		IF table_name = 'messages' THEN
			ALTER TABLE e2emsg.messages ALTER COLUMN ciphertext SET STORAGE EXTERNAL;
		ELSIF table_name = 'key_log_tiles' THEN
			ALTER TABLE e2emsg.key_log_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;
		ELSIF table_name = 'backups' THEN
			ALTER TABLE e2emsg.backups ALTER COLUMN backup SET STORAGE EXTERNAL;
		ELSIF table_name = 'key_log_pending' THEN
			PERFORM e2emsg.revoke_from_all('SEQUENCE e2emsg.key_log_pending_id_seq', c.relacl)
			FROM pg_class c WHERE c.oid = 'e2emsg.key_log_pending_id_seq'::regclass;
		END IF;
	END LOOP;
	FOREACH table_name IN ARRAY views LOOP
		CONTINUE WHEN table_name = ANY (known);
		EXECUTE format('ALTER VIEW e2emsg.%I OWNER TO e2emsg_owner', table_name);
		PERFORM e2emsg.revoke_from_all(format('TABLE e2emsg.%I', table_name), c.relacl)
		FROM pg_class c WHERE c.oid = format('e2emsg.%I', table_name)::regclass;
		EXECUTE format('GRANT SELECT ON e2emsg.%I TO pg_monitor', table_name);
	END LOOP;
END
$$;
COMMENT ON PROCEDURE install() IS
	'Makes or updates the tables and views, which belong to e2emsg_owner; can be called again.';
