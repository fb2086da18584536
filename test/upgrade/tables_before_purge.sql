-- The tables of version 0.1.0 before purging and quotas, as the install() of that
-- time made them: what test/t/195_upgrade.t brings up to date.  Never edited.
SET client_min_messages = warning;

CREATE TABLE e2emsg.users (
	id uuid CONSTRAINT users_pkey PRIMARY KEY,
	username text COLLATE "C" NOT NULL CONSTRAINT users_username_key UNIQUE,
	identity_key jsonb,
	created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	deleted_at timestamptz
);
COMMENT ON TABLE e2emsg.users IS 'Accounts; a name is never given twice.';

-- every version is kept while mail may need it
CREATE TABLE e2emsg.public_keys (
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

CREATE TABLE e2emsg.key_rotation_log (
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
	'Registrations, rotations and identity changes; append-only.';

-- the key log: rows that wait for their place, the leaves in their places,
-- the tree over them, and how far it goes
CREATE TABLE e2emsg.key_log_pending (
	id bigint GENERATED ALWAYS AS IDENTITY
		CONSTRAINT key_log_pending_pkey PRIMARY KEY,
	user_id uuid NOT NULL,
	entry integer NOT NULL,
	leaf_hash bytea NOT NULL
);
COMMENT ON TABLE e2emsg.key_log_pending IS
	'Rows of the key rotation log that no round of the key log has taken yet.';

CREATE TABLE e2emsg.key_log_leaves (
	index bigint CONSTRAINT key_log_leaves_pkey PRIMARY KEY,
	leaf_hash bytea NOT NULL,
	user_id uuid,
	entry integer,
	round bigint NOT NULL,
	CONSTRAINT key_log_leaves_entry_key UNIQUE (user_id, entry)
);
COMMENT ON TABLE e2emsg.key_log_leaves IS
	'Leaves of the key log in their order; without a user: the end of a round.';

CREATE TABLE e2emsg.key_log_tiles (
	level integer NOT NULL,
	index bigint NOT NULL,
	hashes bytea NOT NULL,
	CONSTRAINT key_log_tiles_pkey PRIMARY KEY (level, index)
);
COMMENT ON TABLE e2emsg.key_log_tiles IS
	'The tree of the key log in tiles of 256 hashes (C2SP tlog-tiles); full ones never change.';

CREATE TABLE e2emsg.key_log_head (
	single boolean DEFAULT true CONSTRAINT key_log_head_pkey PRIMARY KEY,
	size bigint NOT NULL,
	edge bytea NOT NULL,
	root bytea NOT NULL,
	round bigint NOT NULL
);
COMMENT ON TABLE e2emsg.key_log_head IS
	'Size, right edge and root of the key log; one row after the first round.';

-- the newest signed checkpoint of each origin; the last origin counts
CREATE TABLE e2emsg.key_log_notes (
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
CREATE TABLE e2emsg.mailboxes (
	id uuid CONSTRAINT mailboxes_pkey PRIMARY KEY,
	key_version integer NOT NULL,
	logged_version integer NOT NULL,
	rotated_seq bigint NOT NULL DEFAULT 0,
	last_seq bigint NOT NULL DEFAULT 0,
	acked_seq bigint NOT NULL DEFAULT 0,
	created_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
COMMENT ON TABLE e2emsg.mailboxes IS
	'One for each addressee: newest key version and the one that the key log shows, last number before that and now, what is acknowledged.';

CREATE TABLE e2emsg.messages (
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

CREATE TABLE e2emsg.session_nonces (
	hash bytea CONSTRAINT session_nonces_pkey PRIMARY KEY,
	expires_at timestamptz NOT NULL
);
CREATE INDEX session_nonces_expires_at_idx
	ON e2emsg.session_nonces (expires_at);
COMMENT ON TABLE e2emsg.session_nonces IS
	'Hashes of nonces that opened a session, until they expire.';

CREATE TABLE e2emsg.backups (
	user_id uuid CONSTRAINT backups_pkey PRIMARY KEY,
	version integer NOT NULL,
	locator_hash bytea NOT NULL,
	backup bytea NOT NULL,
	updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE e2emsg.backups IS
	'Sealed private keys of users, to be found and opened with a recovery code.';

ALTER TABLE e2emsg.users ADD CONSTRAINT users_username_is_allowed
	CHECK (e2emsg.is_username(username));
ALTER TABLE e2emsg.users ADD CONSTRAINT users_identity_key_is_p256
	CHECK (e2emsg.is_stored_jwk(identity_key));
ALTER TABLE e2emsg.public_keys ADD CONSTRAINT public_keys_version_is_positive
	CHECK (version > 0);
ALTER TABLE e2emsg.public_keys ADD CONSTRAINT public_keys_key_is_p256
	CHECK (e2emsg.is_stored_jwk(key));
ALTER TABLE e2emsg.public_keys ADD CONSTRAINT public_keys_thumbprint_is_of_key
	CHECK (thumbprint = e2emsg.jwk_thumbprint(key::text::json));
ALTER TABLE e2emsg.key_rotation_log ADD CONSTRAINT key_rotation_log_event_is_known
	CHECK (event IN ('registered', 'rotated', 'identity_added', 'identity_replaced', 'identity_reset', 'deleted'));
ALTER TABLE e2emsg.key_rotation_log ADD CONSTRAINT key_rotation_log_identity_key_is_p256
	CHECK (e2emsg.is_stored_jwk(identity_key));
ALTER TABLE e2emsg.key_rotation_log ADD CONSTRAINT key_rotation_log_signature_is_whole
	CHECK ((identity_key IS NULL) = (signature IS NULL) AND octet_length(signature) = 64);
ALTER TABLE e2emsg.key_rotation_log ADD CONSTRAINT key_rotation_log_identity_is_of_key
	CHECK (identity_thumbprint IS NOT DISTINCT FROM e2emsg.jwk_thumbprint(identity_key::text::json));
ALTER TABLE e2emsg.key_rotation_log ADD CONSTRAINT key_rotation_log_leaf_hash_is_sha256
	CHECK (octet_length(leaf_hash) = 32 AND octet_length(previous_leaf_hash) = 32 IS NOT FALSE);
ALTER TABLE e2emsg.key_log_leaves ADD CONSTRAINT key_log_leaves_hash_is_sha256
	CHECK (octet_length(leaf_hash) = 32 AND index >= 0);
ALTER TABLE e2emsg.key_log_tiles ADD CONSTRAINT key_log_tiles_hashes_fit
	CHECK (octet_length(hashes) > 0 AND octet_length(hashes) <= 8192 AND octet_length(hashes) % 32 = 0);
ALTER TABLE e2emsg.key_log_head ADD CONSTRAINT key_log_head_is_one_row
	CHECK (single);
ALTER TABLE e2emsg.key_log_notes ADD CONSTRAINT key_log_notes_root_is_sha256
	CHECK (octet_length(root) = 32 AND size >= 0);
ALTER TABLE e2emsg.mailboxes ADD CONSTRAINT mailboxes_key_version_is_positive
	CHECK (key_version > 0);
ALTER TABLE e2emsg.mailboxes ADD CONSTRAINT mailboxes_logged_version_was_made
	CHECK (logged_version BETWEEN 0 AND key_version);
ALTER TABLE e2emsg.mailboxes ADD CONSTRAINT mailboxes_acked_seq_was_given
	CHECK (acked_seq BETWEEN 0 AND last_seq);
ALTER TABLE e2emsg.messages ADD CONSTRAINT messages_seq_is_positive
	CHECK (seq > 0);
ALTER TABLE e2emsg.messages ADD CONSTRAINT messages_envelope_is_sound
	CHECK (e2emsg.envelope_problem(suite, sender_key_version, key_version, iv, ciphertext, auth_tag) IS NULL);
ALTER TABLE e2emsg.session_nonces ADD CONSTRAINT session_nonces_hash_is_sha256
	CHECK (octet_length(hash) = 32);
ALTER TABLE e2emsg.backups ADD CONSTRAINT backups_version_is_positive
	CHECK (version > 0);
ALTER TABLE e2emsg.backups ADD CONSTRAINT backups_locator_hash_is_sha256
	CHECK (octet_length(locator_hash) = 32);
ALTER TABLE e2emsg.backups ADD CONSTRAINT backups_backup_fits
	CHECK (octet_length(backup) BETWEEN 1 AND 65536);

CREATE TRIGGER key_rotation_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON e2emsg.key_rotation_log
	FOR EACH STATEMENT EXECUTE FUNCTION e2emsg.refuse_log_change();
CREATE TRIGGER key_log_leaves_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON e2emsg.key_log_leaves
	FOR EACH STATEMENT EXECUTE FUNCTION e2emsg.refuse_log_change();

ALTER TABLE e2emsg.messages ALTER COLUMN ciphertext SET STORAGE EXTERNAL;
ALTER TABLE e2emsg.key_log_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;
ALTER TABLE e2emsg.backups ALTER COLUMN backup SET STORAGE EXTERNAL;

ALTER TABLE e2emsg.users OWNER TO e2emsg_owner;
ALTER TABLE e2emsg.public_keys OWNER TO e2emsg_owner;
ALTER TABLE e2emsg.key_rotation_log OWNER TO e2emsg_owner;
ALTER TABLE e2emsg.mailboxes OWNER TO e2emsg_owner;
ALTER TABLE e2emsg.messages OWNER TO e2emsg_owner;
ALTER TABLE e2emsg.session_nonces OWNER TO e2emsg_owner;
ALTER TABLE e2emsg.key_log_pending OWNER TO e2emsg_owner;
ALTER TABLE e2emsg.key_log_leaves OWNER TO e2emsg_owner;
ALTER TABLE e2emsg.key_log_tiles OWNER TO e2emsg_owner;
ALTER TABLE e2emsg.key_log_head OWNER TO e2emsg_owner;
ALTER TABLE e2emsg.key_log_notes OWNER TO e2emsg_owner;
ALTER TABLE e2emsg.backups OWNER TO e2emsg_owner;
