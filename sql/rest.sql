-- The shapes of REST requests and answers.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
SELECT user_id AS alice, body ->> 'username' AS username, body ->> 'keyVersion' AS version
FROM rest_register('{"username":"rest.alice","publicKey":' || :'key_1' || '}') \gset
SELECT user_id AS bob FROM rest_register('{"publicKey":' || :'key_2' || ',"username":"rest.bob"}') \gset
\echo :username :version
-- bodies that are refused
CREATE FUNCTION pg_temp.refusal(request text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	PERFORM e2emsg.rest_register(request);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, hint);
END
$$;
SELECT pg_temp.refusal(request) FROM unnest(ARRAY[
	'', 'null', '1', '"x"', '[]', '{', '{}x', '{"username":"zoe"', '{}', '{"username":"zoe"}',
	'{"username":"zoe","publicKey":null}', '{"username":"zoe","publicKey":"x"}',
	'{"username":"zoe","publicKey":[]}', '{"username":1,"publicKey":{}}',
	'{"username":null,"publicKey":{}}', '{"username":"zoe","publicKey":{},"extra":1}',
	'{"username":"zoe","username":"zoe","publicKey":{}}',
	'{"username":"zo\u0000e","publicKey":{}}', '{"username":"\ud800","publicKey":{}}',
	'{"username":"zoe","publicKey":{"d":"secret"}}',
	'{"username":"zoe","publicKey":{},"identityKey":1,"signature":""}',
	'{"username":"zoe","publicKey":{},"identityKey":{},"signature":"="}',
	'{"username":"zoe","publicKey":{},"signature":"AA"}',
	'{"username":"zoe","publicKey":{},"identityKey":{}}',
	'{"username":"zoe","publicKey":' || repeat('[', 30) || repeat(']', 30) || '}'
]) WITH ORDINALITY r(request, n) ORDER BY n;
-- thousands of levels are refused at the sixteenth
SELECT pg_temp.refusal(repeat('[', 90000));
SELECT pg_temp.refusal(repeat('{"a":', 20000));
-- the key object
SELECT json_object_keys(body), immutable FROM rest_public_key('rest.alice', NULL);
SELECT etag = '"' || base64url_encode(sha256((body::jsonb::text || coalesce((SELECT verifier FROM key_log_notes ORDER BY origin DESC LIMIT 1), ''))::bytea)) || '"' AS etag FROM rest_public_key('rest.alice', NULL);
SELECT * FROM rest_public_key('rest.alice', '0');
SELECT * FROM rest_public_key('rest.alice', 'x');
SELECT * FROM rest_public_key('rest.alice', '99999999999999999999');
SELECT * FROM rest_public_key('rest.alice', '2');
\echo :LAST_ERROR_SQLSTATE
-- rotation: only one's own
SELECT rest_rotate_key(:'bob', :'alice', '{"keyVersion":2,"publicKey":' || :'key_2' || '}');
\echo :LAST_ERROR_SQLSTATE
SELECT rest_rotate_key(:'alice', 'rest.alice', '{"keyVersion":2,"publicKey":' || :'key_2' || '}');
SELECT rest_rotate_key(:'alice', :'alice', '{"keyVersion":"2","publicKey":' || :'key_2' || '}');
SELECT rest_rotate_key(:'alice', :'alice', '{"keyVersion":2.0,"publicKey":' || :'key_2' || '}');
SELECT rest_rotate_key(:'alice', :'alice', '{"keyVersion":2e0,"publicKey":' || :'key_2' || '}');
SELECT rest_rotate_key(:'alice', :'alice', '{"keyVersion":3,"publicKey":' || :'key_2' || '}');
\echo :LAST_ERROR_SQLSTATE
SELECT rest_rotate_key(:'alice', :'alice', '{"keyVersion":2,"publicKey":' || :'key_2' || '}');
SELECT immutable FROM rest_public_key('rest.alice', '1');
SELECT immutable FROM rest_public_key('rest.alice', '2');
SELECT r ->> 'event' AS event, r ->> 'keyVersion' AS version FROM rest_key_rotations('rest.alice', NULL) b,
	json_array_elements(b -> 'rotations') r;
SELECT rest_identity_key(:'bob', :'alice', '{"identityKey":{},"signature":""}');
SELECT rest_identity_key(:'alice', :'alice', '{"identityKey":' || :'identity_1' || ',"signature":"AA"}');
\echo :LAST_ERROR_SQLSTATE
-- messages
SELECT ordinal, code, (SELECT array_agg(k) FROM json_object_keys(body) k) AS members
FROM rest_send_messages(
	array_fill(:'alice'::uuid, ARRAY[4]), ARRAY[:'bob', :'bob', :'bob', :'alice']::uuid[], '{0,0,0,0}',
	'{NULL,NULL,NULL,NULL}', '{1,1,9,2}',
	ARRAY['\x000000000000000000000001', '\x000000000000000000000001', '\x000000000000000000000002', '\x00']::bytea[],
	'{a,a,b,c}', array_fill(decode(repeat('aa', 16), 'hex'), ARRAY[4])) ORDER BY ordinal;
SELECT body ->> 'next' AS next, json_object_keys(body -> 'messages' -> 0) FROM rest_inbox(:'bob', NULL, NULL) body;
SELECT rest_inbox(:'bob', '1', '200');
-- streams: several readers, one of them twice, one without mail, one unknown
SELECT s.reader, s.seq, s.message::text = (body -> 'messages' -> 0)::text AS as_in_the_inbox
FROM rest_streams(ARRAY[:'alice', :'bob', :'bob', '00000000-0000-8000-8000-000000000000', :'bob']::uuid[],
	'{0,0,1,0,0}') s, rest_inbox(:'bob', NULL, NULL) body;
SELECT * FROM rest_streams('{}', '{}');
SELECT count(*) FROM rest_streams(ARRAY[:'bob', NULL]::uuid[], '{NULL,0}');
SELECT rest_inbox(:'bob', '-1', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rest_inbox(:'bob', NULL, '0');
SELECT rest_inbox(:'bob', NULL, '201');
SELECT rest_inbox(:'bob', '', NULL);
SELECT rest_inbox(:'bob', '01', NULL);
SELECT rest_inbox(:'bob', '9999999999999999999', NULL);
SELECT rest_acknowledge(:'bob', '{"through":1}');
SELECT rest_acknowledge(:'bob', '{"through":2}');
\echo :LAST_ERROR_SQLSTATE
SELECT rest_acknowledge(:'bob', '{"through":1.5}');
SELECT rest_acknowledge(:'bob', '{"through":-1}');
SELECT rest_acknowledge(:'bob', '{"through":"1"}');
SELECT rest_acknowledge(:'bob', '{"through":1e400}');
SELECT rest_acknowledge(:'bob', '{}');
-- an answer carries at most 1 MiB of ciphertext, but always one message
SELECT count(*) FROM generate_series(100, 139) n, send_message(:'bob', :'alice',
	decode(repeat('00', 65536), 'hex'), decode(lpad(n::text, 24, '0'), 'hex'), decode(repeat('aa', 16), 'hex'), 2);
SELECT json_array_length(body -> 'messages') AS messages, body ->> 'next' AS next
FROM rest_inbox(:'alice', NULL, '200') body;
SELECT json_array_length(body -> 'messages') AS messages, body ->> 'next' AS next
FROM rest_inbox(:'alice', '32', '200') body;
-- what is stored now and awaited comes along, as the inbox gives it
CREATE TEMP TABLE sent AS
SELECT ordinal, code, seq, message
FROM rest_send_messages(array_fill(:'bob'::uuid, ARRAY[4]), array_fill(:'alice'::uuid, ARRAY[4]), '{0,1,0,0}',
	'{NULL,1,NULL,NULL}', '{2,2,2,9}', ARRAY['\x0000000000000000000000b1', '\x0000000000000000000000b2',
	'\x0000000000000000000000b1', '\x0000000000000000000000b3']::bytea[], '{a,"",a,c}',
	array_fill(decode(repeat('bb', 16), 'hex'), ARRAY[4]), '{t,NULL,t,t}');
SELECT ordinal, code, message IS NOT NULL AS message, message::text = (body -> 'messages' -> 0)::text AS as_in_the_inbox
FROM sent LEFT JOIN LATERAL rest_inbox(:'alice', (seq - 1)::text, NULL) body ON true ORDER BY ordinal;
-- not when the row may be another one than was sent
CREATE FUNCTION pg_temp.change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER change BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION pg_temp.change();
SELECT code, seq, message FROM rest_send_messages(ARRAY[:'bob']::uuid[], ARRAY[:'alice']::uuid[], '{0}', '{NULL}', '{2}',
	ARRAY['\x0000000000000000000000b4']::bytea[], '{a}', ARRAY[decode(repeat('bb', 16), 'hex')], '{t}');
DROP TRIGGER change ON messages;
SELECT * FROM rest_send_messages('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{t}');
\echo :LAST_ERROR_SQLSTATE
\set uuid 00000000-0000-8000-8000-000000000001
SELECT message_json(:'uuid', 3, :'uuid', 1::smallint, 7, 2, '\x000102030405060708090a0b', '\xfbff', '\x00',
	'2026-01-31 23:59:59.9999Z') \g (format=unaligned)
SELECT message_json(:'uuid', 3, :'uuid', 0::smallint, NULL, 2, '\x000102030405060708090a0b', '', '\x00',
	'2026-01-31Z') \g (format=unaligned)
SELECT message_json(:'uuid', 3, :'uuid', 0::smallint, NULL, 2, '\x00', '', '\x00', '2026-01-31Z');
SELECT message_json(:'uuid', 3, :'uuid', 0::smallint, NULL, 2, NULL, '', '\x00', '2026-01-31Z') IS NULL AS nothing;
