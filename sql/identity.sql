-- Identity keys: added, replaced, reset.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
SELECT find_user('iris') AS iris \gset
-- replacing needs the new key's signature and the old one's endorsement
SELECT set_identity_key(:'iris', :'identity_2', decode(:'key_2_by_identity_2', 'hex'));
\echo :LAST_ERROR_SQLSTATE
SELECT set_identity_key(:'iris', :'identity_2', decode(:'key_2_by_identity_1', 'hex'),
	decode(:'identity_2_by_identity_1', 'hex'));
SELECT set_identity_key(:'iris', :'identity_3', decode(:'key_2_by_identity_3', 'hex'),
	decode(:'identity_2_by_identity_1', 'hex'));
SELECT set_identity_key(:'iris', :'identity_1', decode(:'key_2_by_identity_1', 'hex'), '\x00');
\echo :LAST_ERROR_SQLSTATE
SELECT set_identity_key(:'iris', NULL, decode(:'key_2_by_identity_1', 'hex'), '\x00');
SELECT set_identity_key(:'iris', :'identity_2', decode(:'key_2_by_identity_2', 'hex'),
	decode(:'identity_2_by_identity_1', 'hex'));
SELECT key_version, identity_key = :'identity_2'::jsonb AS identity_2 FROM public_key('iris');
-- there is no way back: the endorsement is public now
SELECT set_identity_key(:'iris', :'identity_1', decode(:'key_2_by_identity_1', 'hex'),
	decode(:'identity_2_by_identity_1', 'hex'));
-- the same one again is a retry
SELECT set_identity_key(:'iris', :'identity_2', decode(:'key_2_by_identity_2', 'hex'),
	decode(:'identity_2_by_identity_1', 'hex'));
-- nor does an old identity key become an encryption key
SELECT rotate_encryption_key(:'iris', :'identity_1', 3, '\x00');
SELECT reset_identity_key(:'iris', NULL, decode(repeat('00', 64), 'hex'));
\echo :LAST_ERROR_SQLSTATE
-- an old version still shows who signed it
SELECT key_version, identity_key = :'identity_1'::jsonb AS identity_1 FROM public_key('iris', 1);
-- the next rotation is signed by the new one
SELECT * FROM rotate_encryption_key(:'iris', :'key_3', 3, decode(:'key_3_by_identity_2', 'hex'));
-- an identity key is never an encryption key
SELECT set_identity_key(find_user('acc.unsigned'), :'key_1', '\x00');
\echo :LAST_ERROR_SQLSTATE
SELECT set_identity_key(find_user('acc.unsigned'), :'identity_1', '\x00');
-- an operator's reset stands in the log without an endorsement
BEGIN;
SELECT reset_identity_key(:'iris', :'identity_3', decode(:'key_2_by_identity_3', 'hex'));
ROLLBACK;
SELECT entry, event, key_version, endorsement IS NOT NULL AS endorsed,
	   identity_thumbprint = jwk_thumbprint(:'identity_2') AS identity_2
FROM key_rotations('iris');
-- an unsigned user adds one: iris at version 2, without her history
BEGIN;
SELECT register_user('una', :'key_1') AS una \gset
UPDATE users SET username = 'iris.old' WHERE username = 'iris';
UPDATE users SET username = 'iris' WHERE username = 'una';
SELECT rotate_encryption_key(:'una', :'key_2', 2);
SELECT set_identity_key(:'una', :'identity_3', decode(:'key_2_by_identity_2', 'hex'));
ROLLBACK;
BEGIN;
SELECT register_user('una', :'key_1') AS una \gset
UPDATE users SET username = 'iris.old' WHERE username = 'iris';
UPDATE users SET username = 'iris' WHERE username = 'una';
SELECT rotate_encryption_key(:'una', :'key_2', 2);
SELECT set_identity_key(:'una', :'identity_3', decode(:'key_2_by_identity_3', 'hex'));
SELECT entry, event, key_version, signature IS NOT NULL AS signed FROM key_rotations('iris');
SELECT reset_identity_key(:'una', :'identity_2', decode(:'key_2_by_identity_2', 'hex'));
SELECT entry, event FROM key_rotations('iris');
ROLLBACK;
