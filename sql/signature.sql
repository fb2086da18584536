-- ES256 and the statements that identity keys sign.
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
SET search_path = e2emsg;
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
\set file :abs_srcdir '/test/vectors/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json'
\set wycheproof `cat :'file'`
CREATE TEMP TABLE cases AS
	SELECT (t ->> 'tcId')::integer AS id, t ->> 'result' AS result,
		   json_build_object('kty', 'EC', 'crv', 'P-256',
			   'x', base64url_encode(substr(decode(g -> 'publicKey' ->> 'uncompressed', 'hex'), 2, 32)),
			   'y', base64url_encode(substr(decode(g -> 'publicKey' ->> 'uncompressed', 'hex'), 34, 32))) AS jwk,
		   decode(t ->> 'msg', 'hex') AS message, decode(t ->> 'sig', 'hex') AS signature
	FROM json_array_elements(:'wycheproof'::json -> 'testGroups') g,
		 json_array_elements(g -> 'tests') t;
SELECT count(*), count(*) FILTER (WHERE result = 'valid') AS valid FROM cases;
SELECT id, result FROM cases
WHERE verify_es256(jwk, message, signature) <> (result = 'valid');
-- any other length than 64 bytes
SELECT length, verify_es256(:'identity_1', '', decode(repeat('01', length), 'hex'))
FROM unnest(ARRAY[0, 1, 63, 64, 65, 128]) length;
SELECT verify_es256('{"kty":"EC"}', '', '');
\echo :LAST_ERROR_SQLSTATE
SELECT verify_es256(NULL, '', '') IS NULL AS null_is_null;
-- statements: fixed widths, a first byte that no JWS begins with
SELECT length(s), substr(s, 1, 32), encode(substr(s, 1, 1), 'hex')
FROM endorsement_statement('e2emsg', 'iris', 1, jwk_thumbprint(:'key_1'), no_thumbprint()) s;
SELECT length(s), substr(s, 65, 36) FROM
	endorsement_statement('e2emsg', 'iris', 258, jwk_thumbprint(:'key_1'), no_thumbprint()) s;
SELECT length(s), substr(s, 1, 32) FROM identity_change_statement('e2emsg', 'iris',
	jwk_thumbprint(:'identity_2'), jwk_thumbprint(:'identity_1')) s;
SELECT verify_es256(:'identity_1',
	endorsement_statement('e2emsg', 'iris', 1, jwk_thumbprint(:'key_1'), no_thumbprint()),
	decode(:'key_1_by_identity_1', 'hex')) AS endorsed;
-- nothing of it can be another
SELECT what, verify_es256(:'identity_1', statement, decode(:'key_1_by_identity_1', 'hex'))
FROM (VALUES
	('service', endorsement_statement('e2emsh', 'iris', 1, jwk_thumbprint(:'key_1'), no_thumbprint())),
	('username', endorsement_statement('e2emsg', 'irit', 1, jwk_thumbprint(:'key_1'), no_thumbprint())),
	('version', endorsement_statement('e2emsg', 'iris', 2, jwk_thumbprint(:'key_1'), no_thumbprint())),
	('key', endorsement_statement('e2emsg', 'iris', 1, jwk_thumbprint(:'key_2'), no_thumbprint())),
	('previous', endorsement_statement('e2emsg', 'iris', 1, jwk_thumbprint(:'key_1'), jwk_thumbprint(:'key_2')))
) s (what, statement) ORDER BY what;
SELECT endorsement_statement('e2emsg', 'iris', 1, '\x00', no_thumbprint());
SELECT endorsement_statement('e2emsg', repeat('x', 33), 1, no_thumbprint(), no_thumbprint());
-- only a superuser names the service
SHOW e2emsg.service_name;
CREATE ROLE regress_e2emsg_plain;
SET ROLE regress_e2emsg_plain;
SET e2emsg.service_name = 'another';
RESET ROLE;
DROP ROLE regress_e2emsg_plain;
