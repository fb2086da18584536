-- Strict base64url (RFC 4648 section 5).
\set SHOW_CONTEXT never
SET search_path = e2emsg;
-- RFC 4648 section 10
SELECT plain, base64url_encode(plain::bytea) FROM
	unnest(ARRAY['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar']) plain;
SELECT base64url_encode('\xfbff'), base64url_decode('-_8');
SELECT base64url_decode('Zg==');
\echo :LAST_ERROR_SQLSTATE
SELECT base64url_decode('Zh');
SELECT base64url_decode('+/8A');
SELECT base64url_decode(E'Zg\n');
SELECT base64url_decode('é');
SELECT base64url_decode('A');
SELECT is_base64url(NULL), base64url_encode(NULL), base64url_decode(NULL);
-- all shared cases: verdict and bytes as the file says
\getenv abs_srcdir PG_ABS_SRCDIR
\set file :abs_srcdir '/test/vectors/base64url/base64url_strict.json'
\set cases `cat :'file'`
CREATE TEMP TABLE cases AS
	SELECT c ->> 'id' AS id, c ->> 'input' AS input, (c ->> 'valid')::boolean AS valid,
		   c ->> 'hex' AS hex
	FROM json_array_elements(:'cases'::json -> 'tests') c
	WHERE c ->> 'input' IS NOT NULL;
SELECT count(*) AS cases, count(*) FILTER (WHERE valid) AS valid FROM cases;
SELECT id FROM cases WHERE is_base64url(input) IS DISTINCT FROM valid;
SELECT id FROM cases WHERE valid AND base64url_decode(input) <> decode(hex, 'hex');
-- every length from 0 to 300 and back; every one- to three-character ending
SELECT count(*) FROM generate_series(0, 300) n,
	LATERAL (SELECT decode(substr(repeat(md5(n::text), 20), 1, 2 * n), 'hex') AS bytes) b
WHERE base64url_decode(base64url_encode(bytes)) <> bytes
	OR base64url_encode(bytes) <> rtrim(translate(encode(bytes, 'base64'), E'+/\n', '-_'), '=');
WITH characters AS (SELECT chr(n) AS c FROM generate_series(33, 126) n)
SELECT count(*) AS accepted,
	   count(*) FILTER (WHERE base64url_encode(base64url_decode(a.c || b.c)) = a.c || b.c) AS canonical
FROM characters a, characters b WHERE is_base64url(a.c || b.c);
-- every single byte that is changed in a valid text into another character
SELECT count(*) FILTER (WHERE is_base64url(overlay('QUJDREVG' PLACING chr(n) FROM p)))
FROM generate_series(1, 127) n, generate_series(1, 8) p;
