-- What a sealed envelope must look like from outside.
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
SET search_path = e2emsg;
\set file :abs_srcdir '/test/vectors/envelope/envelope_fields.json'
\set cases `cat :'file'`
CREATE FUNCTION pg_temp.problem(c json) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN e2emsg.envelope_problem(0, NULL, 1, e2emsg.base64url_decode(c ->> 'iv'),
		e2emsg.base64url_decode(c ->> 'ciphertext'), e2emsg.base64url_decode(c ->> 'authTag'));
EXCEPTION
	WHEN SQLSTATE 'ME006' THEN RETURN 'no base64url';
END
$$;
SELECT count(*) AS cases, count(*) FILTER (WHERE pg_temp.problem(c) IS NULL) AS accepted,
	   count(*) FILTER (WHERE (c ->> 'valid')::boolean) AS valid
FROM json_array_elements(:'cases'::json -> 'tests') c;
SELECT c ->> 'id', c ->> 'why', pg_temp.problem(c)
FROM json_array_elements(:'cases'::json -> 'tests') c
WHERE (c ->> 'valid')::boolean <> (pg_temp.problem(c) IS NULL);
\set iv '\'\\x000102030405060708090a0b\'::bytea'
\set tag '\'\\x000102030405060708090a0b0c0d0e0f\'::bytea'
SELECT what, envelope_problem(suite, sender_key_version, key_version, iv, ciphertext, tag)
FROM (VALUES
	(1, 'suite 0', 0, NULL, 1, :iv, ''::bytea, :tag),
	(2, 'suite 1', 1, 1, 1, :iv, ''::bytea, :tag),
	(3, 'suite 1 without sender version', 1, NULL, 1, :iv, ''::bytea, :tag),
	(4, 'suite 2', 2, 1, 1, :iv, ''::bytea, :tag),
	(5, 'version 0', 0, NULL, 0, :iv, ''::bytea, :tag),
	(6, 'version -1', 0, NULL, -1, :iv, ''::bytea, :tag),
	(7, 'sender version 0', 0, 0, 1, :iv, ''::bytea, :tag),
	(8, 'sender version -1', 0, -1, 1, :iv, ''::bytea, :tag),
	(9, 'ceiling', 0, NULL, 1, :iv, decode(repeat('00', 65536), 'hex'), :tag),
	(10, 'above it', 0, NULL, 1, :iv, decode(repeat('00', 65537), 'hex'), :tag),
	(11, 'no iv', 0, NULL, 1, NULL, ''::bytea, :tag),
	(12, 'no ciphertext', 0, NULL, 1, :iv, NULL, :tag),
	(13, 'no version', 0, NULL, NULL, :iv, ''::bytea, :tag)
) e (n, what, suite, sender_key_version, key_version, iv, ciphertext, tag) ORDER BY n;
-- the table refuses what the function refuses
INSERT INTO messages VALUES ('00000000-0000-8000-8000-000000000001', 1,
	'00000000-0000-8000-8000-000000000002', 0, NULL, 1, '\x00', '', :tag, 'epoch');
-- a message's name
SELECT message_id('00000000-0000-8000-8000-000000000001',
	'00000000-0000-8000-8000-000000000002', :iv);
SELECT message_id('00000000-0000-8000-8000-000000000001',
	'00000000-0000-8000-8000-000000000002', '\x00');
