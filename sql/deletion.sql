-- Deleting a user: what goes at once, what goes later, what stays.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
-- the setting and its bounds
SELECT deleted_key_retention_days();
SET e2emsg.deleted_key_retention_days = 6;
BEGIN;
CREATE ROLE regress_e2emsg_plain;
SET LOCAL ROLE regress_e2emsg_plain;
SET e2emsg.deleted_key_retention_days = 30;
ROLLBACK;
-- keys stay while unread mail may wait, so for ever, unless somebody says otherwise
SELECT deleted_keys_since();
SET e2emsg.unread_retention_days = 8;
SELECT deleted_keys_since() = now() - interval '8 days' AS with_the_mail;
RESET e2emsg.unread_retention_days;
SET e2emsg.deleted_key_retention_days = 90;
-- the name that the signatures are for was another test's
UPDATE users SET username = 'iris.before' WHERE username = 'iris';
SELECT register_user('iris', :'key_1', :'identity_1', decode(:'key_1_by_identity_1', 'hex')) AS iris,
	register_user('gone.bob', :'key_3') AS bob, register_user('gone.carol', :'key_2') AS carol \gset
SELECT key_version FROM rotate_encryption_key(:'iris', :'key_2', 2, decode(:'key_2_by_identity_1', 'hex'));
SELECT set_identity_key(:'iris', :'identity_2', decode(:'key_2_by_identity_2', 'hex'), decode(:'identity_2_by_identity_1', 'hex'));
SELECT block_sender(:'iris', :'carol') IS NOT NULL AS blocked;
CREATE VIEW pg_temp.state AS
	SELECT u.username, u.deleted_at IS NOT NULL AS deleted, u.identity_key IS NOT NULL AS identity,
		u.keys_removed_at IS NOT NULL AS removed,
		(SELECT array_agg(k.version ORDER BY k.version) FROM e2emsg.public_keys k WHERE k.user_id = u.id) AS keys,
		(SELECT count(*) FROM e2emsg.key_rotation_log l WHERE l.user_id = u.id) AS entries,
		(SELECT count(l.identity_key) FROM e2emsg.key_rotation_log l WHERE l.user_id = u.id) AS identities,
		(SELECT bool_and(l.leaf_hash = e2emsg.merkle_leaf_hash(e2emsg.entry_bytes(l.user_id, l.entry)))
		 FROM e2emsg.key_rotation_log l WHERE l.user_id = u.id) AS hashes
	FROM e2emsg.users u WHERE u.username = 'iris' OR u.username ~ '^gone' ORDER BY u.username COLLATE "C";
CREATE VIEW pg_temp.log AS SELECT md5(array_agg(l ORDER BY entry)::text) AS was FROM (
	SELECT user_id, entry, event, version, thumbprint, previous_thumbprint, identity_thumbprint, signature, endorsement,
		created_at, previous_leaf_hash, leaf_hash FROM e2emsg.key_rotation_log
	WHERE user_id = (SELECT id FROM e2emsg.users WHERE username = 'iris')) l;
-- at once
SELECT delete_user(:'iris');
SELECT (SELECT count(*) FROM mailboxes WHERE id = :'iris') AS mailboxes, (SELECT count(*) FROM blocks WHERE mailbox_id = :'iris') AS blocks;
SELECT * FROM pg_temp.state;
SELECT was FROM pg_temp.log \gset
SELECT register_user('iris', :'key_3');
\echo :LAST_ERROR_SQLSTATE
-- nothing goes before its time, and not by hand
SELECT keys FROM purge();
UPDATE key_rotation_log SET identity_key = NULL WHERE user_id = :'iris';
\echo :LAST_ERROR_SQLSTATE
UPDATE users SET deleted_at = deleted_at - interval '89 days' WHERE id = :'iris';
SELECT keys FROM purge();
SELECT body ->> 'keyVersion' AS old_version FROM rest_public_key(:'iris', '1');
-- as long as unread mail is kept, the keys are
UPDATE users SET deleted_at = deleted_at - interval '2 days' WHERE id = :'iris';
SET e2emsg.unread_retention_days = 365;
SELECT keys FROM purge();
RESET e2emsg.unread_retention_days;
SET e2emsg.deleted_key_retention_days = 92;
SELECT keys FROM purge();
SET e2emsg.deleted_key_retention_days = 90;
-- then: in batches, and nothing of others
SELECT keys FROM purge(1);
SELECT * FROM pg_temp.state;
SELECT keys FROM purge(3);
SELECT * FROM pg_temp.state;
SELECT keys FROM purge(3);
SELECT keys FROM purge(3);
SELECT * FROM pg_temp.state;
SELECT :'was' = was AS nothing_else_changed FROM pg_temp.log;
-- what is left is refused as before, and no other change is let through
SELECT rest_public_key(:'iris', '1');
\echo :LAST_ERROR_SQLSTATE
SELECT rest_public_key('iris', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT register_user('iris', :'key_3');
UPDATE key_rotation_log SET signature = NULL WHERE user_id = :'iris';
UPDATE key_rotation_log SET identity_key = :'identity_1' WHERE user_id = :'iris' AND entry = 1;
UPDATE key_rotation_log SET identity_key = NULL, created_at = now() WHERE user_id = :'iris';
UPDATE key_rotation_log SET identity_key = NULL WHERE user_id = :'carol';
DELETE FROM key_rotation_log WHERE user_id = :'iris';
TRUNCATE key_rotation_log;
\echo :LAST_ERROR_SQLSTATE
-- an unsigned user; a key of nobody's; who is not deleted loses nothing
SELECT delete_user(:'bob');
UPDATE users SET deleted_at = deleted_at - interval '91 days' WHERE id = :'bob';
SELECT keys FROM purge();
SELECT * FROM pg_temp.state;
-- several at once, within the batch
SELECT count(delete_user(register_user('gone.' || n, :'key_1'))) FROM generate_series(1, 5) n;
UPDATE users SET deleted_at = deleted_at - interval '91 days' WHERE username ~ '^gone\.\d';
SELECT keys FROM purge(2);
SELECT keys FROM purge(2);
SELECT keys FROM purge(2);
SELECT keys FROM purge(2);
SELECT count(*) FILTER (WHERE removed) AS removed, count(*) FILTER (WHERE keys IS NULL) AS without FROM pg_temp.state WHERE username ~ '^gone\.\d';
-- for superusers, like all of purge()
BEGIN;
CREATE ROLE regress_e2emsg_plain;
SELECT grant_app('regress_e2emsg_plain');
SET LOCAL ROLE regress_e2emsg_plain;
SELECT purge_keys(1);
ROLLBACK;
