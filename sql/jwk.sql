-- P-256 public keys as JSON Web Keys.
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
SET search_path = e2emsg;
\set file :abs_srcdir '/test/vectors/jose/jwk_p256_public.json'
\set cases `cat :'file'`
-- what is no JSON at all never reaches the function
CREATE FUNCTION pg_temp.problem(jwk text, purpose text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	RETURN e2emsg.jwk_problem(jwk::json, purpose);
EXCEPTION
	WHEN invalid_text_representation THEN RETURN 'no JSON';
	WHEN statement_too_complex THEN RETURN 'nested too deeply';
END
$$;
CREATE TEMP TABLE cases AS
	SELECT (c ->> 'id')::integer AS id, c ->> 'jwk_text' AS jwk,
		   (c ->> 'valid')::boolean AS valid, c ->> 'thumbprint' AS thumbprint,
		   pg_temp.problem(c ->> 'jwk_text', 'encryption') AS problem
	FROM json_array_elements(:'cases'::json -> 'tests') c;
SELECT count(*) AS cases, count(*) FILTER (WHERE valid) AS valid FROM cases;
SELECT id, problem FROM cases WHERE valid <> (problem IS NULL);
SELECT id FROM cases
WHERE valid AND base64url_encode(jwk_thumbprint(jwk::json)) <> thumbprint;
SELECT problem, count(*) FROM cases
WHERE id NOT IN (143) GROUP BY problem ORDER BY problem COLLATE "C";
-- the 330 thumbprints of Wycheproof's keys, and its invalid keys
\set file :abs_srcdir '/test/vectors/wycheproof/ecdh_secp256r1_webcrypto_test.json'
\set wycheproof `cat :'file'`
\set file :abs_srcdir '/test/vectors/jose/thumbprints_wycheproof.json'
\set thumbprints `cat :'file'`
CREATE TEMP TABLE wycheproof AS
	SELECT (t ->> 'tcId')::integer AS id, t -> 'public' AS jwk, t ->> 'result' AS result
	FROM json_array_elements(:'wycheproof'::json -> 'testGroups') g,
		 json_array_elements(g -> 'tests') t;
SELECT count(*), count(*) FILTER (WHERE result = 'valid') AS valid FROM wycheproof;
SELECT id, result, jwk_problem(jwk, 'encryption') FROM wycheproof
WHERE (result = 'valid') <> is_p256_public_jwk(jwk);
SELECT count(*) FROM json_array_elements(:'thumbprints'::json -> 'tests') p
JOIN wycheproof w ON w.id = (p ->> 0)::integer
WHERE CASE WHEN is_p256_public_jwk(w.jwk)
		   THEN base64url_encode(jwk_thumbprint(w.jwk)) = p ->> 1 END;
-- other curves and private keys of the JOSE cookbook
\set file :abs_srcdir '/test/vectors/jose/cookbook/3_1.ec_public_key.json'
\set jwk `cat :'file'`
SELECT jwk_problem(:'jwk', 'encryption');
\set file :abs_srcdir '/test/vectors/jose/cookbook/3_2.ec_private_key.json'
\set jwk `cat :'file'`
SELECT jwk_problem(:'jwk', 'identity');
-- the purpose decides on use, alg and key_ops
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
SELECT extra, jwk_problem((left(:'key_1', -1) || ',' || extra || '}')::json, 'encryption') IS NULL AS encryption,
	   jwk_problem((left(:'key_1', -1) || ',' || extra || '}')::json, 'identity') IS NULL AS identity
FROM (SELECT e.extra, e.n FROM unnest(ARRAY[
	'"ext":true,"key_ops":[]', '"ext":true,"key_ops":["verify"]', '"key_ops":["deriveBits","deriveKey"]',
	'"key_ops":["verify","sign"]', '"key_ops":["encrypt"]', '"key_ops":["something new"]',
	'"key_ops":[1]', '"key_ops":[["verify"]]', '"key_ops":{"0":"verify"}',
	'"use":"enc"', '"use":"sig"', '"use":"other"', '"use":1',
	'"alg":"ES256"', '"alg":"ECDH-ES"', '"alg":"ECDH-ES+A256KW"', '"alg":"RS256"', '"alg":"none"',
	'"kid":"x","n":{"key_ops":["sign"]}']) WITH ORDINALITY e(extra, n)) e ORDER BY n;
SELECT jwk_problem(:'key_1', 'lunch');
SELECT jwk_problem(NULL, 'identity'), is_p256_public_jwk(NULL);
-- stored keys are reduced to four members
SELECT jwk_reduce((left(:'key_1', -1) || ',"kid":"1"}')::json, 'encryption');
SELECT jwk_reduce((left(:'key_1', -1) || ',"d":"AA"}')::json, 'encryption');
\echo :LAST_ERROR_SQLSTATE
SELECT is_stored_jwk(:'key_1'), is_stored_jwk((left(:'key_1', -1) || ',"kid":"1"}')::jsonb),
	   is_stored_jwk('{}'), is_stored_jwk('[]'), is_stored_jwk('1');
SELECT length(jwk_thumbprint(:'key_1'));
