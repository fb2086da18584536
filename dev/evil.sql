-- What a server can do to its users, for demonstrations: shows the rows of two
-- mailboxes to anybody and tampers with them on demand.  "make run" and "make
-- demo" load it into their private database, beside the extension and no part
-- of it; the gateway calls it with the setting demo = on.  Never load it where
-- mail matters.  Can be loaded again; DROP SCHEMA e2emsg_demo CASCADE ends it.
--
-- The clients must notice each act: test/t/170_demo.t.
SET client_min_messages = warning;
BEGIN;
CREATE SCHEMA IF NOT EXISTS e2emsg_demo;
REVOKE ALL ON SCHEMA e2emsg_demo FROM PUBLIC;

-- what is under way: who gets a flipped byte next, which bytes were flipped,
-- whose key is swapped
CREATE TABLE IF NOT EXISTS e2emsg_demo.armed (mailbox_id uuid PRIMARY KEY);
CREATE TABLE IF NOT EXISTS e2emsg_demo.flipped (
	mailbox_id uuid, sender_id uuid, iv bytea, byte integer NOT NULL,
	PRIMARY KEY (mailbox_id, sender_id, iv));
CREATE TABLE IF NOT EXISTS e2emsg_demo.swapped (user_id uuid PRIMARY KEY, version integer NOT NULL);

-- what they return may differ from the last time
DROP FUNCTION IF EXISTS e2emsg_demo.rows(text, text), e2emsg_demo.evil(text);

CREATE OR REPLACE FUNCTION e2emsg_demo.hex(bytes bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT encode(bytes, 'hex') $$;

-- ---- what the server sees

-- The newest messages of a mailbox as they lie in the table; of long
-- ciphertexts the beginning.
CREATE OR REPLACE FUNCTION e2emsg_demo.message_rows(mailbox uuid) RETURNS json
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(json_agg(json_build_object(
		'seq', m.seq,
		'messageId', e2emsg.message_id(m.mailbox_id, m.sender_id, m.iv),
		'senderId', m.sender_id,
		'sender', (SELECT u.username FROM e2emsg.users u WHERE u.id = m.sender_id),
		'suite', m.suite,
		'senderKeyVersion', m.sender_key_version,
		'keyVersion', m.key_version,
		'iv', e2emsg_demo.hex(m.iv),
		'ciphertext', e2emsg_demo.hex(substr(m.ciphertext, 1, 96)),
		'size', octet_length(m.ciphertext),
		'authTag', e2emsg_demo.hex(m.auth_tag),
		'sentAt', e2emsg.json_time(m.sent_at),
		'acknowledged', m.seq <= b.acked_seq,
		'flippedByte', f.byte) ORDER BY m.seq), '[]')
	FROM e2emsg.mailboxes b
	CROSS JOIN LATERAL (SELECT * FROM e2emsg.messages n
						WHERE n.mailbox_id = b.id ORDER BY n.seq DESC LIMIT 20) m
	LEFT JOIN e2emsg_demo.flipped f
		ON f.mailbox_id = m.mailbox_id AND f.sender_id = m.sender_id AND f.iv = m.iv
	WHERE b.id = mailbox
$$;

CREATE OR REPLACE FUNCTION e2emsg_demo.key_rows(owner uuid) RETURNS json
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT json_agg(json_build_object(
		'version', k.version,
		'thumbprint', e2emsg_demo.hex(k.thumbprint),
		'createdAt', e2emsg.json_time(k.created_at),
		'isTrue', s.version IS DISTINCT FROM k.version) ORDER BY k.version)
	FROM e2emsg.public_keys k
	LEFT JOIN e2emsg_demo.swapped s ON s.user_id = k.user_id
	WHERE k.user_id = owner
		-- the true key of a swapped version waits there
		AND k.version IS DISTINCT FROM s.version + 1
$$;

CREATE OR REPLACE FUNCTION e2emsg_demo.mailbox_object(who text) RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	owner uuid := e2emsg.find_user(who);
BEGIN
	RETURN (SELECT json_build_object(
		'userId', owner,
		'username', u.username,
		'signed', u.identity_key IS NOT NULL,
		'lastSeq', b.last_seq,
		'acknowledged', b.acked_seq,
		'messages', e2emsg_demo.message_rows(owner),
		'keys', e2emsg_demo.key_rows(owner),
		'willFlip', EXISTS (SELECT FROM e2emsg_demo.armed a WHERE a.mailbox_id = owner),
		'isSwapped', EXISTS (SELECT FROM e2emsg_demo.swapped s WHERE s.user_id = owner))
		FROM e2emsg.users u JOIN e2emsg.mailboxes b ON b.id = u.id WHERE u.id = owner);
END
$$;

-- GET /demo/rows
CREATE OR REPLACE FUNCTION e2emsg_demo.rows(one text, other text, OUT body json)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF one IS NULL THEN
		PERFORM e2emsg.refuse('invalid_request', '"of" is missing');
	END IF;
	body := json_build_object('mailboxes', CASE WHEN other IS NULL
		THEN json_build_array(e2emsg_demo.mailbox_object(one))
		ELSE json_build_array(e2emsg_demo.mailbox_object(one),
							  e2emsg_demo.mailbox_object(other)) END);
END
$$;

-- ---- what the server does

-- The next message to that mailbox is stored with another byte in it.
CREATE OR REPLACE FUNCTION e2emsg_demo.flip(mailbox uuid) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO e2emsg_demo.armed VALUES (mailbox) ON CONFLICT DO NOTHING;
	RETURN 'One bit of the next message to this mailbox will be flipped.';
END
$$;

CREATE OR REPLACE FUNCTION e2emsg_demo.flip_when_armed() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	byte CONSTANT integer := octet_length(NEW.ciphertext) / 2 % 96;
BEGIN
	DELETE FROM e2emsg_demo.armed a WHERE a.mailbox_id = NEW.mailbox_id;
	IF FOUND AND octet_length(NEW.ciphertext) > 0 THEN
		NEW.ciphertext := set_byte(NEW.ciphertext, byte, get_byte(NEW.ciphertext, byte) # 1);
		INSERT INTO e2emsg_demo.flipped VALUES (NEW.mailbox_id, NEW.sender_id, NEW.iv, byte);
	END IF;
	RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER e2emsg_demo_flip BEFORE INSERT ON e2emsg.messages
	FOR EACH ROW EXECUTE FUNCTION e2emsg_demo.flip_when_armed();

-- A key pair of the server's own takes the place of the user's newest one,
-- wherever it stands; whose private key it is does not matter.  Clients know
-- the true key of those whom they have written to, so the server says that
-- their envelopes are stale: then they look at the key again.  The true key
-- waits as a version that nobody announced.
CREATE OR REPLACE FUNCTION e2emsg_demo.put_key(owner uuid, at_version integer, new_key jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	new_thumbprint bytea := e2emsg.jwk_thumbprint(new_key::text::json);
BEGIN
	UPDATE e2emsg.public_keys k SET key = new_key, thumbprint = new_thumbprint
	WHERE k.user_id = owner AND k.version = at_version;
	ALTER TABLE e2emsg.key_rotation_log DISABLE TRIGGER key_rotation_log_is_append_only;
	UPDATE e2emsg.key_rotation_log l SET thumbprint = new_thumbprint
	WHERE l.user_id = owner AND l.version = at_version;
	ALTER TABLE e2emsg.key_rotation_log ENABLE TRIGGER key_rotation_log_is_append_only;
END
$$;

CREATE OR REPLACE FUNCTION e2emsg_demo.swap(owner uuid) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	evil_key CONSTANT jsonb := '{"kty": "EC", "crv": "P-256",
		"x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
		"y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}';
	current_version integer;
	true_key record;
BEGIN
	SELECT b.key_version INTO current_version FROM e2emsg.mailboxes b WHERE b.id = owner FOR UPDATE;
	IF EXISTS (SELECT FROM e2emsg_demo.swapped s WHERE s.user_id = owner) THEN
		RETURN 'The key is swapped already.';
	END IF;
	SELECT k.* INTO STRICT true_key FROM e2emsg.public_keys k
	WHERE k.user_id = owner AND k.version = current_version;
	PERFORM e2emsg_demo.put_key(owner, current_version, evil_key);
	INSERT INTO e2emsg.public_keys (user_id, version, key, thumbprint, created_at)
	VALUES (owner, current_version + 1, true_key.key, true_key.thumbprint, true_key.created_at);
	UPDATE e2emsg.mailboxes b
	SET key_version = current_version + 1, logged_version = current_version + 1
	WHERE b.id = owner;
	INSERT INTO e2emsg_demo.swapped VALUES (owner, current_version);
	RETURN 'The server now gives out a key of its own in the place of this user''s.';
END
$$;

CREATE OR REPLACE FUNCTION e2emsg_demo.unswap(owner uuid) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	true_version integer;
	true_key jsonb;
BEGIN
	PERFORM FROM e2emsg.mailboxes b WHERE b.id = owner FOR UPDATE;
	DELETE FROM e2emsg_demo.swapped s WHERE s.user_id = owner RETURNING s.version INTO true_version;
	IF NOT FOUND THEN
		RETURN 'The key is the true one.';
	END IF;
	DELETE FROM e2emsg.public_keys k WHERE k.user_id = owner AND k.version = true_version + 1
	RETURNING k.key INTO STRICT true_key;
	PERFORM e2emsg_demo.put_key(owner, true_version, true_key);
	UPDATE e2emsg.mailboxes b SET key_version = true_version, logged_version = true_version
	WHERE b.id = owner;
	RETURN 'The true key is back in its place.';
END
$$;

-- Delivers what was read last once more, as if it were new.
CREATE OR REPLACE FUNCTION e2emsg_demo.replay(mailbox uuid) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	box record;
BEGIN
	SELECT b.* INTO box FROM e2emsg.mailboxes b WHERE b.id = mailbox FOR UPDATE;
	UPDATE e2emsg.messages m SET seq = box.last_seq + 1
	WHERE m.mailbox_id = mailbox AND m.seq = (SELECT max(n.seq) FROM e2emsg.messages n
		WHERE n.mailbox_id = mailbox AND n.seq <= box.acked_seq);
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('invalid_request', 'nothing was read in this mailbox yet');
	END IF;
	UPDATE e2emsg.mailboxes b SET last_seq = box.last_seq + 1 WHERE b.id = mailbox;
	RETURN 'The last message that was read is delivered again, under a new number.';
END
$$;

-- POST /demo/evil.  "mailbox": who waits for its mail is to look again.
CREATE OR REPLACE FUNCTION e2emsg_demo.evil(request text, OUT body json, OUT mailbox uuid)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	parsed json := e2emsg.request_object(request, '{action,mailbox}');
	action text := e2emsg.request_text(parsed, 'action');
	told text;
BEGIN
	mailbox := e2emsg.find_user(e2emsg.request_text(parsed, 'mailbox'));
	CASE action
		WHEN 'flip' THEN told := e2emsg_demo.flip(mailbox);
		WHEN 'swap' THEN told := e2emsg_demo.swap(mailbox);
		WHEN 'unswap' THEN told := e2emsg_demo.unswap(mailbox);
		WHEN 'replay' THEN told := e2emsg_demo.replay(mailbox);
		ELSE PERFORM e2emsg.refuse('invalid_request',
			'"action" must be flip, swap, unswap or replay');
	END CASE;
	body := json_build_object('action', action, 'mailbox', mailbox, 'told', told);
END
$$;

-- They act with the rights of the extension's tables and with no others.
DO $$
DECLARE
	object regclass;
	routine regprocedure;
BEGIN
	ALTER SCHEMA e2emsg_demo OWNER TO e2emsg_owner;
	FOR object IN SELECT c.oid FROM pg_class c
				  WHERE c.relnamespace = 'e2emsg_demo'::regnamespace AND c.relkind = 'r' LOOP
		EXECUTE format('ALTER TABLE %s OWNER TO e2emsg_owner', object);
	END LOOP;
	FOR routine IN SELECT p.oid FROM pg_proc p
				   WHERE p.pronamespace = 'e2emsg_demo'::regnamespace LOOP
		EXECUTE format('ALTER ROUTINE %s OWNER TO e2emsg_owner', routine);
		EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', routine);
	END LOOP;
END
$$;
GRANT USAGE ON SCHEMA e2emsg_demo TO e2emsg_gateway;
GRANT EXECUTE ON FUNCTION e2emsg_demo.rows(text, text), e2emsg_demo.evil(text) TO e2emsg_gateway;
COMMIT;
