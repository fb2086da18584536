-- The REST interface: JSON bodies taken apart and put together, nothing else.
-- A function here checks the shape of a request and calls the one that holds
-- the rule.  They take a body as text, because a parse error on json would
-- write the body into the server's log.  The gateway's role may execute the
-- rest_ functions and none of those that they call.

CREATE FUNCTION request_object(body text, required text[], optional text[] DEFAULT '{}')
RETURNS json
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION request_object(text, text[], text[]) IS
	'The body as json, when it is an object of just these members (ME001, ME007).';

CREATE FUNCTION request_member(body json, name text, type text) RETURNS json
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF json_typeof(body -> name) IS DISTINCT FROM type AND body -> name IS NOT NULL THEN
		PERFORM e2emsg.refuse('invalid_request',
			format('the member "%s" must be of type %s', name, type));
	END IF;
	RETURN body -> name;
END
$$;
COMMENT ON FUNCTION request_member(json, text, text) IS
	'A member of a body, NULL when absent, refused when of another JSON type (ME001).';

CREATE FUNCTION request_text(body json, name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT e2emsg.request_member(body, name, 'string') #>> '{}' $$;
COMMENT ON FUNCTION request_text(json, text) IS 'A string member of a body.';

CREATE FUNCTION request_bytes(body json, name text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	encoded text := e2emsg.request_text(body, name);
BEGIN
	IF NOT e2emsg.is_base64url(encoded) THEN
		PERFORM e2emsg.refuse('invalid_base64url',
			format('the member "%s" is not canonical base64url', name));
	END IF;
	RETURN e2emsg.base64url_decode(encoded);
END
$$;
COMMENT ON FUNCTION request_bytes(json, text) IS 'A base64url member of a body, as bytes.';

-- A whole number of at most 15 digits, as every JSON reader can carry it.
CREATE FUNCTION parse_number(written text, name text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF written !~ '^(0|[1-9][0-9]{0,14})$' THEN
		PERFORM e2emsg.refuse('invalid_request',
			format('"%s" must be a whole number from 0, of at most 15 digits', name));
	END IF;
	RETURN written::bigint;
END
$$;
COMMENT ON FUNCTION parse_number(text, text) IS 'A whole number from a request (ME001).';

CREATE FUNCTION parse_version(written text, name text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	version bigint := e2emsg.parse_number(written, name);
BEGIN
	IF version NOT BETWEEN 1 AND 2147483647 THEN
		PERFORM e2emsg.refuse('invalid_request', format('"%s" must be positive', name));
	END IF;
	RETURN version::integer;
END
$$;
COMMENT ON FUNCTION parse_version(text, text) IS 'A key version from a request (ME001).';

CREATE FUNCTION require_self(caller uuid, target text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF caller::text IS DISTINCT FROM target THEN
		PERFORM e2emsg.refuse('forbidden');
	END IF;
END
$$;
COMMENT ON FUNCTION require_self(uuid, text) IS 'Refuses all but the user (ME031).';

-- POST /users.  "waits": until the signed key log holds the row.
CREATE FUNCTION rest_register(request text, OUT body json, OUT waits boolean,
							  OUT user_id uuid)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	parsed json := e2emsg.request_object(request, '{username,publicKey}',
										 '{identityKey,signature}');
	username text := e2emsg.request_text(parsed, 'username');
BEGIN
	user_id := e2emsg.register_user(username,
		e2emsg.request_member(parsed, 'publicKey', 'object'),
		e2emsg.request_member(parsed, 'identityKey', 'object'),
		e2emsg.request_bytes(parsed, 'signature'));
	waits := e2emsg.key_log_is_on();
	body := json_build_object('id', user_id, 'username', username, 'keyVersion', 1);
END
$$;
COMMENT ON FUNCTION rest_register(text) IS 'POST /users';

-- GET /users/{who}/public-key.  The etag leaves the proof out, which differs
-- with each checkpoint, but for whose log it is.
CREATE FUNCTION rest_public_key(who text, version text, OUT body json, OUT etag text,
								OUT immutable boolean)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	body := e2emsg.key_object(who, e2emsg.parse_version(version, 'version'));
	etag := format('"%s"', e2emsg.base64url_encode(
		sha256(convert_to((body::jsonb - 'log')::text
			|| coalesce((SELECT n.verifier FROM e2emsg.key_log_notes n
						 ORDER BY n.origin DESC LIMIT 1), ''), 'UTF8'))));
	immutable := version IS NOT NULL AND (body ->> 'keyVersion')::integer
		< (SELECT m.logged_version FROM e2emsg.mailboxes m
		   WHERE m.id = (body ->> 'userId')::uuid);
END
$$;
COMMENT ON FUNCTION rest_public_key(text, text) IS 'GET /users/{who}/public-key';

-- The answer to a rotation; without through_seq while it is not known.
CREATE FUNCTION rotation_body(key_version integer, through_seq bigint) RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN json_strip_nulls(json_build_object('keyVersion', key_version,
											  'throughSeq', through_seq));
END
$$;
COMMENT ON FUNCTION rotation_body(integer, bigint) IS
	'The JSON that answers PUT /users/{id}/public-key.';

-- PUT /users/{id}/public-key
CREATE FUNCTION rest_rotate_key(caller uuid, target text, request text, OUT body json,
								OUT waits boolean, OUT key_version integer)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	parsed json := e2emsg.request_object(request, '{publicKey,keyVersion}', '{signature}');
BEGIN
	PERFORM e2emsg.require_self(caller, target);
	SELECT e2emsg.rotation_body(r.key_version, r.through_seq), r.through_seq IS NULL,
		   r.key_version
	INTO body, waits, key_version
	FROM e2emsg.rotate_encryption_key(caller,
		e2emsg.request_member(parsed, 'publicKey', 'object'),
		e2emsg.parse_version(e2emsg.request_member(parsed, 'keyVersion', 'number')::text,
							 'keyVersion'),
		e2emsg.request_bytes(parsed, 'signature')) r;
END
$$;
COMMENT ON FUNCTION rest_rotate_key(uuid, text, text) IS 'PUT /users/{id}/public-key';

CREATE FUNCTION rest_rotated(caller uuid, version integer, OUT body json, OUT waits boolean)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	through_seq bigint := e2emsg.through_seq(caller, version);
BEGIN
	body := e2emsg.rotation_body(version, through_seq);
	waits := through_seq IS NULL;
END
$$;
COMMENT ON FUNCTION rest_rotated(uuid, integer) IS
	'PUT /users/{id}/public-key, once the key log holds the rotation.';

-- PUT /users/{id}/identity-key
CREATE FUNCTION rest_identity_key(caller uuid, target text, request text, OUT body json,
								  OUT waits boolean)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	parsed json := e2emsg.request_object(request, '{identityKey,signature}',
										 '{endorsement}');
BEGIN
	PERFORM e2emsg.require_self(caller, target);
	PERFORM e2emsg.set_identity_key(caller,
		e2emsg.request_member(parsed, 'identityKey', 'object'),
		e2emsg.request_bytes(parsed, 'signature'),
		e2emsg.request_bytes(parsed, 'endorsement'));
	SELECT NOT k.sequenced, CASE WHEN k.sequenced IS NOT FALSE THEN e2emsg.key_object(target)
								 ELSE json_build_object('keyVersion', k.key_version) END
	INTO waits, body
	FROM e2emsg.public_key(target) k;
END
$$;
COMMENT ON FUNCTION rest_identity_key(uuid, text, text) IS 'PUT /users/{id}/identity-key';

-- GET /users/{who}/key-rotations: what the signed key log holds of them, with
-- the proof for the last one, which names the one before, and so on
CREATE FUNCTION rest_key_rotations(who text, first_number text, OUT body json)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	owner uuid := e2emsg.find_user(who);
	is_on boolean := e2emsg.key_log_is_on();
	logged bigint := e2emsg.logged_size();
	first bigint := coalesce(e2emsg.parse_number(first_number, 'from'), 1);
BEGIN
	SELECT json_strip_nulls(json_build_object(
		'rotations', coalesce(json_agg(json_build_object(
			'number', r.entry,
			'event', r.event,
			'keyVersion', r.version,
			'thumbprint', e2emsg.base64url_encode(r.thumbprint),
			'previousThumbprint', e2emsg.base64url_encode(r.previous_thumbprint),
			'identityThumbprint', e2emsg.base64url_encode(r.identity_thumbprint),
			'signature', e2emsg.base64url_encode(r.signature),
			'endorsement', e2emsg.base64url_encode(r.endorsement),
			'createdAt', e2emsg.json_time(r.created_at),
			'entry', e2emsg.base64url_encode(e2emsg.entry_bytes(owner, r.entry)))
			ORDER BY r.entry), '[]'),
		'log', CASE WHEN is_on AND count(*) > 0
					THEN e2emsg.proof_object(owner, max(r.entry), max(r.index)) END))
	INTO body
	FROM (SELECT l.*, f.index
		  FROM e2emsg.key_rotation_log l
		  LEFT JOIN e2emsg.key_log_leaves f ON f.user_id = l.user_id AND f.entry = l.entry
		  WHERE l.user_id = owner AND l.entry >= first AND (f.index < logged OR NOT is_on)
		  ORDER BY l.entry LIMIT 500) r;
END
$$;
COMMENT ON FUNCTION rest_key_rotations(text, text) IS 'GET /users/{who}/key-rotations';

-- POST /messages, many at once: send_messages() that never waits, with the body
-- of each answer.  Of what is stored now and somebody awaits it also gives what
-- that reader gets.
CREATE FUNCTION rest_send_messages(sender_ids uuid[], receiver_ids uuid[],
								   suites smallint[], sender_key_versions integer[],
								   key_versions integer[], ivs bytea[],
								   ciphertexts bytea[], auth_tags bytea[],
								   awaited boolean[] DEFAULT NULL,
								   OUT ordinal integer, OUT code text, OUT body json,
								   OUT seq bigint, OUT message json)
RETURNS SETOF record
LANGUAGE c VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_bitmapscan = off
SET jit = off
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rest_send_messages(uuid[], uuid[], smallint[], integer[], integer[],
									   bytea[], bytea[], bytea[], boolean[]) IS
	'POST /messages, many at once: a row for each envelope, in their order.';

CREATE FUNCTION message_json(mailbox_id uuid, seq bigint, sender_id uuid, suite smallint,
							 sender_key_version integer, key_version integer, iv bytea,
							 ciphertext bytea, auth_tag bytea, sent_at timestamptz)
RETURNS json
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION message_json(uuid, bigint, uuid, smallint, integer, integer, bytea, bytea,
								 bytea, timestamptz) IS 'A message as REST gives it.';

-- GET /messages
CREATE FUNCTION rest_inbox(caller uuid, after_seq text, max_messages text, OUT body json)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	past bigint := coalesce(e2emsg.parse_number(after_seq, 'after'), 0);
	wanted bigint := coalesce(e2emsg.parse_number(max_messages, 'limit'), 50);
	expired bigint := (SELECT b.expired_seq FROM e2emsg.mailboxes b WHERE b.id = caller);
	messages json;
	next bigint;
BEGIN
	IF wanted NOT BETWEEN 1 AND 200 THEN
		PERFORM e2emsg.refuse('invalid_request', '"limit" must be from 1 to 200');
	END IF;
	SELECT coalesce(json_agg(m.message ORDER BY m.seq), '[]'), coalesce(max(m.seq), past)
	INTO messages, next
	FROM (SELECT i.seq,
				 sum(octet_length(i.ciphertext)) OVER (ORDER BY i.seq)
					 - octet_length(i.ciphertext) AS bytes_before,
				 e2emsg.message_json(caller, i.seq, i.sender_id, i.suite,
									 i.sender_key_version, i.key_version, i.iv,
									 i.ciphertext, i.auth_tag, i.sent_at) AS message
		  FROM e2emsg.inbox(caller, past, wanted::integer) i) m
	WHERE m.bytes_before < 1048576;
	-- how far mail expired unread: numbers up to there were not held back
	body := CASE WHEN expired > 0
		THEN json_build_object('messages', messages, 'next', next, 'expired', expired)
		ELSE json_build_object('messages', messages, 'next', next) END;
END
$$;
COMMENT ON FUNCTION rest_inbox(uuid, text, text) IS 'GET /messages';

-- GET /messages/stream, many at once: a row for each message, with the number
-- of its reader.  Pages are small, because a slow reader holds one.  As when
-- sending, a table that was small at first must not decide the plan.
CREATE FUNCTION rest_streams(readers uuid[], positions bigint[],
							 OUT reader integer, OUT seq bigint, OUT message json)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT r.number::integer, p.seq,
		   e2emsg.message_json(r.id, p.seq, p.sender_id, p.suite, p.sender_key_version,
							   p.key_version, p.iv, p.ciphertext, p.auth_tag, p.sent_at)
	FROM unnest(readers, positions) WITH ORDINALITY AS r (id, past, number)
	CROSS JOIN LATERAL (
		SELECT m.*, sum(octet_length(m.ciphertext)) OVER (ORDER BY m.seq)
				   - octet_length(m.ciphertext) AS bytes_before
		FROM (SELECT m.*
			  FROM e2emsg.messages m
			  WHERE m.mailbox_id = r.id
				AND m.seq > greatest(r.past, (SELECT b.acked_seq FROM e2emsg.mailboxes b
											  WHERE b.id = r.id))
			  ORDER BY m.seq
			  LIMIT 50) m) p
	WHERE p.bytes_before < 131072
	ORDER BY r.number, p.seq;
END
$$;
COMMENT ON FUNCTION rest_streams(uuid[], bigint[]) IS
	'GET /messages/stream, many at once: what lies past each reader''s position.';

-- POST /messages/ack
CREATE FUNCTION rest_acknowledge(caller uuid, request text, OUT body json)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	parsed json := e2emsg.request_object(request, '{through}');
BEGIN
	body := json_build_object('acknowledged', e2emsg.acknowledge(caller,
		e2emsg.parse_number(e2emsg.request_member(parsed, 'through', 'number')::text,
							'through')));
END
$$;
COMMENT ON FUNCTION rest_acknowledge(uuid, text) IS 'POST /messages/ack';
