-- Usernames, ids, registration.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
-- buckets are frozen: these never change
SELECT username, bucket_of(username) FROM
	unnest(ARRAY['alice', 'bob', 'a', '', 'zz.top-99', 'ünïcode']) username;
SELECT substr(id::text, 1, 4) = lpad(to_hex(bucket_of('alice')), 4, '0') AS bucket,
	   substr(id::text, 15, 1) AS version, substr(id::text, 20, 1) ~ '[89ab]' AS variant,
	   id <> new_user_id('alice') AS random
FROM new_user_id('alice') id;
SELECT name, is_username(name) FROM unnest(ARRAY[
	'abc', 'a.b_c-9', 'z2345678901234567890123456789012', 'ab', '9abc', 'Abc', 'abc ', E'abc\n',
	'z23456789012345678901234567890123', 'äbc', '', 'a-b', '-ab', '.ab',
	'abcdefabcdefabcdefabcdefabcdefab', 'abcdefabcdefabcdefabcdefabcdefag']) name;
-- unsigned, as in the tutorial
SELECT register_user('acc.unsigned', :'key_1') IS NOT NULL AS registered;
SELECT username, key_version, thumbprint = jwk_thumbprint(:'key_1') AS thumbprint,
	   previous_thumbprint, identity_key, signature
FROM public_key('acc.unsigned');
-- signed
SELECT register_user('iris', :'key_1', :'identity_1', decode(:'key_1_by_identity_1', 'hex')) AS iris \gset
SELECT key = :'key_1'::jsonb AS key, identity_key = :'identity_1'::jsonb AS identity,
	   signature = decode(:'key_1_by_identity_1', 'hex') AS signature
FROM public_key(:'iris');
-- refused
SELECT register_user('iris', :'key_1');
\echo :LAST_ERROR_SQLSTATE
SELECT register_user('Iris', :'key_1');
\echo :LAST_ERROR_SQLSTATE
SELECT register_user(NULL, :'key_1');
SELECT register_user('acc.other', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT register_user('acc.other', '{"kty":"RSA"}');
SELECT register_user('acc.other', :'key_1', :'identity_1', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT register_user('acc.other', :'key_1', NULL, '\x00');
-- somebody else's registration, replayed under another name
SELECT register_user('acc.other', :'key_1', :'identity_1', decode(:'key_1_by_identity_1', 'hex'));
\echo :LAST_ERROR_SQLSTATE
SELECT register_user('acc.other', :'key_1', :'identity_1', '\x00');
SELECT register_user('acc.other', :'key_1', :'key_1', '\x00');
\echo :LAST_ERROR_SQLSTATE
-- or at another service
SET e2emsg.service_name = 'another';
SELECT register_user('iris2', :'key_1', :'identity_1', decode(:'key_1_by_identity_1', 'hex'));
RESET e2emsg.service_name;
-- nothing was left behind
SELECT count(*) FROM users WHERE username LIKE 'acc.%';
SELECT find_user('iris') = :'iris' AS by_name, find_user(:'iris') = :'iris' AS by_id;
SELECT find_user('nobody');
\echo :LAST_ERROR_SQLSTATE
SELECT find_user('00000000-0000-8000-8000-000000000000');
SELECT find_user(NULL);
SELECT public_key('iris', 2);
\echo :LAST_ERROR_SQLSTATE
-- the tables refuse what the functions refuse
\set VERBOSITY terse
INSERT INTO users (id, username) VALUES (new_user_id('Bad'), 'Bad');
INSERT INTO users (id, username, identity_key)
VALUES ('00000000-0000-8000-8000-000000000000', 'bad', '{"d":1}');
