-- Rotation of encryption keys, and the log.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
SELECT find_user('iris') AS iris \gset
-- refused: unsigned, wrong signature, wrong version, used keys
SELECT rotate_encryption_key(:'iris', :'key_2', 2);
\echo :LAST_ERROR_SQLSTATE
SELECT rotate_encryption_key(:'iris', :'key_2', 2, decode(:'key_1_by_identity_1', 'hex'));
SELECT rotate_encryption_key(:'iris', :'key_2', 3, decode(:'key_2_by_identity_1', 'hex'));
\echo :LAST_ERROR_SQLSTATE
SELECT rotate_encryption_key(:'iris', :'key_2', 1, decode(:'key_2_by_identity_1', 'hex'));
SELECT rotate_encryption_key(:'iris', :'key_2', NULL, decode(:'key_2_by_identity_1', 'hex'));
SELECT rotate_encryption_key(:'iris', :'key_1', 2, decode(:'key_2_by_identity_1', 'hex'));
\echo :LAST_ERROR_SQLSTATE
SELECT rotate_encryption_key(:'iris', :'identity_1', 2, decode(:'key_2_by_identity_1', 'hex'));
SELECT rotate_encryption_key(:'iris', NULL, 2, decode(:'key_2_by_identity_1', 'hex'));
SELECT rotate_encryption_key('00000000-0000-8000-8000-000000000000', :'key_2', 2);
\echo :LAST_ERROR_SQLSTATE
SELECT key_version FROM public_key('iris');
-- accepted, in an application's own transaction
BEGIN;
CALL rotate_key(:'iris', :'key_2', 2, decode(:'key_2_by_identity_1', 'hex'));
ROLLBACK;
SELECT key_version FROM public_key('iris');
CALL rotate_key(:'iris', :'key_2', 2, decode(:'key_2_by_identity_1', 'hex'));
SELECT key_version, thumbprint = jwk_thumbprint(:'key_2') AS key_2,
	   previous_thumbprint = jwk_thumbprint(:'key_1') AS after_key_1 FROM public_key('iris');
SELECT key_version, previous_thumbprint FROM public_key('iris', 1);
-- nobody rotates back
SELECT rotate_encryption_key(:'iris', :'key_1', 3, decode(:'key_2_by_identity_1', 'hex'));
-- an unsigned user needs no signature, and has none
SELECT rotate_encryption_key(find_user('acc.unsigned'), :'key_2', 2, decode(:'key_2_by_identity_1', 'hex'));
SELECT * FROM rotate_encryption_key(find_user('acc.unsigned'), :'key_2', 2);
-- the log
SELECT entry, event, key_version, thumbprint = jwk_thumbprint(:'key_2') AS key_2,
	   previous_thumbprint = jwk_thumbprint(:'key_1') AS after_key_1,
	   identity_thumbprint = jwk_thumbprint(:'identity_1') AS identity_1,
	   signature = decode(:'key_2_by_identity_1', 'hex') AS signed
FROM key_rotations('iris');
SELECT key_rotations('nobody');
UPDATE key_rotation_log SET version = 7;
DELETE FROM key_rotation_log;
TRUNCATE key_rotation_log;
