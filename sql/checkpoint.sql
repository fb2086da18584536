-- The signed key log decides which key counts: sending, looking up, rotating.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
SET e2emsg.key_log = on;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
-- everything that waits, in a checkpoint as a gateway would store it
CREATE FUNCTION pg_temp.sign(by_whom text DEFAULT 'v1', OUT rotations bigint, OUT bodies json) LANGUAGE sql AS $$
	SELECT sequence_key_log(100000);
	SELECT count(p.version), json_agg(p.body) FROM key_log_head h, publish_checkpoint(by_whom, h.size, h.root, 'note') p;
$$;
CREATE FUNCTION pg_temp.send(receiver uuid, n integer, version integer) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(code, 'stored') FROM send_messages(ARRAY['00000000-0000-8000-8000-00000000000a'::uuid],
		ARRAY[receiver], '{0}', ARRAY[NULL::integer], ARRAY[version],
		ARRAY[decode(repeat('0' || n, 12), 'hex')], ARRAY['\x00'::bytea], ARRAY[decode(repeat('00', 16), 'hex')]);
$$;
SELECT is_on, verifier, signed_size FROM key_log_state();
SELECT rest_key_log();
\echo :LAST_ERROR_SQLSTATE
-- registered, and not in the log yet
SELECT register_user('check.rita', :'key_1') AS rita \gset
SELECT pending FROM key_log_state();
SELECT key_version, sequenced FROM public_key('check.rita');
SELECT rest_public_key('check.rita', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rest_public_key('check.rita', '7');
SELECT rest_key_rotations('check.rita', NULL);
SELECT pg_temp.send(:'rita', 1, 1), pg_temp.send(:'rita', 1, 2), logged_version(:'rita');
-- in the tree, but not signed
SELECT sequenced > 0 AS sequenced FROM sequence_key_log();
SELECT pg_temp.send(:'rita', 1, 1);
-- signed
SELECT pg_temp.sign();
SELECT key_version, sequenced FROM public_key('check.rita');
SELECT logged_version, rotated_seq FROM mailboxes WHERE id = :'rita'; -- not before somebody sends
SELECT pg_temp.send(:'rita', 1, 1), pg_temp.send(:'rita', 2, 1), pg_temp.send(:'rita', 1, 1);
-- what is shown can be checked with nothing but the note's root
CREATE FUNCTION pg_temp.proved(log json) RETURNS boolean LANGUAGE sql AS $$
	SELECT verify_inclusion(merkle_leaf_hash(base64url_decode(log ->> 'entry')), (log ->> 'index')::bigint,
		n.size, base64url_decode(log ->> 'proof'), n.root)
		AND n.size = (log ->> 'size')::bigint AND n.note = log ->> 'checkpoint'
	FROM key_log_notes n ORDER BY origin DESC LIMIT 1
$$;
SELECT pg_temp.proved(body -> 'log') AS proved, immutable,
	   etag = '"' || base64url_encode(sha256(((body::jsonb - 'log')::text || 'v1')::bytea)) || '"' AS etag_leaves_the_proof_out
FROM rest_public_key('check.rita', NULL);
SELECT json_array_length(body -> 'rotations') AS rows, body #>> '{rotations,0,number}' AS number,
	   body #>> '{rotations,0,entry}' = body #>> '{log,entry}' AS entry, pg_temp.proved(body -> 'log') AS proved
FROM rest_key_rotations('check.rita', '1') AS body;
SELECT rest_key_rotations('check.rita', '2');
SELECT rest_key_rotations('check.rita', 'x');
\echo :LAST_ERROR_SQLSTATE
-- a rotation counts once it is signed; the number says what came before
SELECT * FROM rotate_encryption_key(:'rita', :'key_2', 2);
SELECT key_version, sequenced FROM public_key('check.rita');
SELECT body ->> 'keyVersion' AS shown FROM rest_public_key('check.rita', NULL);
SELECT rest_public_key('check.rita', '2');
\echo :LAST_ERROR_SQLSTATE
SELECT pg_temp.send(:'rita', 3, 2), pg_temp.send(:'rita', 4, 1), through_seq(:'rita', 2);
-- the same rotation again is a retry, another key of that version is none
SELECT * FROM rotate_encryption_key(:'rita', :'key_2', 2);
SELECT * FROM rotate_encryption_key(:'rita', :'key_3', 2);
\echo :LAST_ERROR_SQLSTATE
SELECT waits, body FROM rest_rotate_key(:'rita', :'rita', '{"keyVersion":2,"publicKey":' || :'key_2' || '}');
SELECT pg_temp.sign();
SELECT pg_temp.send(:'rita', 5, 1), pg_temp.send(:'rita', 5, 2), through_seq(:'rita', 2), through_seq(:'rita', 1), through_seq(:'rita', 3);
SELECT waits, body FROM rest_rotate_key(:'rita', :'rita', '{"keyVersion":2,"publicKey":' || :'key_2' || '}');
-- a mailbox that was held while the checkpoint came goes over by itself
SELECT rotate_encryption_key(:'rita', :'key_3', 3);
SELECT sequenced FROM sequence_key_log();
UPDATE key_log_notes SET (size, root) = (SELECT size, root FROM key_log_head);
SELECT logged_version FROM mailboxes WHERE id = :'rita';
SELECT pg_temp.send(:'rita', 6, 2);
SELECT pg_temp.send(:'rita', 6, 3);
SELECT logged_version, rotated_seq, last_seq FROM mailboxes WHERE id = :'rita';
SELECT through_seq('00000000-0000-8000-8000-00000000000b', 1);
\echo :LAST_ERROR_SQLSTATE
-- until a changed identity is in the log, the one before it is shown
BEGIN;
SELECT log_key_event(:'rita', 'check.rita', 'identity_added', 3, jwk_thumbprint(:'key_3'), jwk_thumbprint(:'key_2'),
	:'identity_1'::jsonb, decode(:'key_1_by_identity_1', 'hex'));
SELECT identity_key IS NOT NULL AS newest, sequenced FROM public_key('check.rita');
SELECT body -> 'identityKey' IS NOT NULL AS shown, pg_temp.proved(body -> 'log') AS proved FROM rest_public_key('check.rita', NULL);
SELECT pg_temp.sign();
SELECT body -> 'identityKey' IS NOT NULL AS shown, pg_temp.proved(body -> 'log') AS proved FROM rest_public_key('check.rita', NULL);
ROLLBACK;
-- one signer, one direction
SELECT pg_temp.sign('somebody else');
SELECT publish_checkpoint(NULL, size, root, 'nobody''s') FROM key_log_head;
SELECT publish_checkpoint('v1', 1, sha256(''), 'smaller');
SELECT publish_checkpoint('v1', 999999999, sha256(''), 'never had');
\echo :LAST_ERROR_SQLSTATE
SELECT publish_checkpoint('v1', size, root, 'the same size') FROM key_log_head;
SELECT begin_origin('v2', 'succession', 1, 1, sha256(''), 'first of v2');
\echo :LAST_ERROR_SQLSTATE
SELECT begin_origin('v2', 'succession', h.size, 1, sha256(''), 'first of v2') FROM key_log_head h;
\echo :LAST_ERROR_SQLSTATE
SELECT begin_origin('v2', 'succession', h.size, h.size, h.root, 'first of v2') FROM key_log_head h;
SELECT pg_temp.sign('v1');
\echo :LAST_ERROR_SQLSTATE
SELECT pg_temp.sign('v2');
SELECT body ->> 'verifier' AS verifier, body -> 'successions' AS successions FROM rest_key_log() AS body;
-- what anybody may look at
SELECT rest_checkpoint();
SELECT size FROM key_log_notes ORDER BY origin DESC LIMIT 1 \gset
SELECT merkle_tile_root(rest_tile('0/000')) = (SELECT substr(hashes, 1, 32) FROM key_log_tiles WHERE level = 1) AS tile_0;
SELECT octet_length(rest_tile('0/002.p/1')) AS partial, octet_length(rest_tile('1/000.p/2')) AS upper;
SELECT rest_tile('0/002');
\echo :LAST_ERROR_SQLSTATE
SELECT rest_tile('0/002.p/0');
SELECT rest_tile('../../etc/passwd');
SELECT rest_tile('7/x999/x999/999');
SELECT verify_inclusion(base64url_decode(body ->> 'leafHash'), 3, :size, base64url_decode(body ->> 'proof'), n.root) AS proved
FROM rest_inclusion_proof('3', :'size') AS body, key_log_notes n WHERE n.origin = 2;
SELECT rest_inclusion_proof(NULL, '1');
\echo :LAST_ERROR_SQLSTATE
SELECT rest_inclusion_proof('5', '5');
\echo :LAST_ERROR_SQLSTATE
SELECT rest_inclusion_proof('0', '999999999');
SELECT rest_inclusion_proof('-1', '5');
SELECT verify_consistency(100, base64url_decode(body ->> 'fromRoot'), :size, n.root, base64url_decode(body ->> 'proof')) AS proved
FROM rest_consistency_proof('100', :'size') AS body, key_log_notes n WHERE n.origin = 2;
SELECT rest_consistency_proof('0', '0') ->> 'fromRoot' = base64url_encode(sha256('')) AS empty;
SELECT rest_consistency_proof('5', '4');
SELECT rest_consistency_proof('5', '999999999');
\echo :LAST_ERROR_SQLSTATE
-- the entries hash to the leaves, but for made-up ones of key_log.sql
SELECT count(*) AS given, count(*) FILTER (WHERE f.leaf_hash = merkle_leaf_hash(base64url_decode(e ->> 'entry'))) AS hash_right,
	   count(*) FILTER (WHERE f.leaf_hash = base64url_decode(e ->> 'leafHash')) AS without_payload,
	   count(*) FILTER (WHERE (e ->> 'identityKey') IS NOT NULL) > 0 AS with_identity
FROM rest_log_entries('0', '1000') AS body, json_array_elements(body -> 'entries') WITH ORDINALITY AS x (e, n), key_log_leaves f
WHERE f.index = n - 1;
SELECT json_array_length(rest_log_entries('1', '2') -> 'entries'), rest_log_entries(:'size', NULL) -> 'entries' AS at_the_end;
SELECT rest_log_entries('999999', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rest_log_entries('0', '0');
SELECT rest_log_entries('0', '1001');
\echo :LAST_ERROR_SQLSTATE
-- an entry that somebody changed in the table no longer hashes to its leaf
BEGIN;
ALTER TABLE key_rotation_log DISABLE TRIGGER key_rotation_log_is_append_only;
UPDATE key_rotation_log SET thumbprint = sha256('') WHERE user_id = :'rita' AND entry = 3;
SELECT pg_temp.proved(rest_key_rotations('check.rita', '3') -> 'log') AS proved;
ROLLBACK;
-- deleting: the name stays taken, the mailbox goes, old keys stay for old mail
SELECT delete_user(:'rita');
SELECT find_user('check.rita');
SELECT register_user('check.rita', :'key_1');
\echo :LAST_ERROR_SQLSTATE
SELECT pg_temp.send(:'rita', 7, 3);
SELECT delete_user(:'rita');
\echo :LAST_ERROR_SQLSTATE
SELECT pg_temp.sign('v2');
SELECT rest_public_key('check.rita', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT body ->> 'keyVersion' AS version, pg_temp.proved(body -> 'log') AS proved, immutable FROM rest_public_key(:'rita', '2');
SELECT count(*) AS mail FROM messages WHERE mailbox_id = :'rita';
SELECT entry, event, version FROM key_rotation_log WHERE user_id = :'rita' ORDER BY entry;
-- off: everything says so, and what is newest counts at once
SET e2emsg.key_log = off;
SELECT is_on FROM key_log_state();
SELECT rest_key_log();
\echo :LAST_ERROR_SQLSTATE
SELECT rest_checkpoint();
SELECT rest_log_entries('0', NULL);
SELECT sequence_key_log();
\echo :LAST_ERROR_SQLSTATE
SELECT register_user('check.rolf', :'key_1') AS rolf \gset
SELECT key_version, sequenced IS NULL AS not_known FROM public_key('check.rolf');
SELECT pg_temp.send(:'rolf', 1, 1);
SELECT * FROM rotate_encryption_key(:'rolf', :'key_2', 2);
SELECT pg_temp.send(:'rolf', 2, 1), pg_temp.send(:'rolf', 2, 2);
SELECT body -> 'log' AS log, immutable FROM rest_public_key('check.rolf', NULL);
SELECT body -> 'log' AS log, json_array_length(body -> 'rotations') AS rows FROM rest_key_rotations('check.rolf', NULL) AS body;
-- turned on again, the log takes what lined up meanwhile
SET e2emsg.key_log = on;
SELECT pg_temp.sign('v2');
SELECT pg_temp.proved(body -> 'log') AS proved FROM rest_public_key('check.rolf', NULL);
-- a key that the log does not hold does not end a call with other envelopes
SET e2emsg.key_log = off;
SELECT register_user('check.ruth', :'key_1') AS ruth \gset
SET e2emsg.key_log = on;
SELECT code, body FROM rest_send_messages(
	ARRAY[:'rolf', :'rolf']::uuid[], ARRAY[:'ruth', :'rolf']::uuid[], '{0,0}', ARRAY[NULL, NULL]::integer[], '{7,2}',
	ARRAY[decode(repeat('0a', 12), 'hex'), decode(repeat('0b', 12), 'hex')], ARRAY['\x00', '\x00']::bytea[],
	ARRAY[decode(repeat('00', 16), 'hex'), decode(repeat('00', 16), 'hex')]) WHERE code IS NOT NULL;
SELECT immutable FROM rest_public_key('check.rolf', NULL);
SELECT immutable FROM rest_public_key('check.rolf', '1');
