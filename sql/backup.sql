-- Backups: versions, the locator, what is refused.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
BEGIN;
UPDATE users SET identity_key = :'identity_1' WHERE username = 'iris';
SELECT find_user('iris') AS iris, register_user('back.unsigned', :'key_1') AS unsigned \gset
\set one 'decode(repeat(\'01\', 32), \'hex\')'
\set two 'decode(repeat(\'02\', 32), \'hex\')'
SAVEPOINT start;
SELECT backup(:'iris');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO start;
-- the first version is 1, each next one more
SELECT put_backup(:'iris', 2, :one, 'sealed');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO start;
SELECT put_backup(:'iris', 1, NULL, 'sealed');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO start;
SELECT put_backup(:'iris', 1, :one, 'sealed');
SELECT * FROM backup(:'iris');
SELECT * FROM restore_backup('iris', :one);
-- only the locator's hash is known here
SELECT version, locator_hash = sha256(:one) AS hash, updated_at <= clock_timestamp() AS now FROM backups WHERE user_id = :'iris';
SAVEPOINT first;
-- a retry changes nothing; the same version with anything else is a conflict
SELECT put_backup(:'iris', 1, :one, 'sealed'), (SELECT xmin = pg_current_xact_id()::xid FROM backups WHERE user_id = :'iris') AS mine;
SELECT put_backup(:'iris', 1, :two, 'sealed');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO first;
SELECT put_backup(:'iris', 1, :one, 'sealed!');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO first;
SELECT put_backup(:'iris', 3, :one, 'sealed');
ROLLBACK TO first;
SELECT put_backup(:'iris', 2147483647, :one, 'sealed');
ROLLBACK TO first;
-- a new code: nothing lies at the old locator
SELECT put_backup(:'iris', 2, :two, 'again');
SELECT version, convert_from(backup, 'UTF8') FROM restore_backup('iris', :two);
SAVEPOINT second;
SELECT restore_backup('iris', :one);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO second;
SELECT put_backup(:'iris', 1, :one, 'sealed');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO second;
-- without a locator it stays where it lies
SELECT put_backup(:'iris', 3, NULL, 'third'), put_backup(:'iris', 3, NULL, 'third'), put_backup(:'iris', 3, :two, 'third');
SELECT version, convert_from(backup, 'UTF8') FROM restore_backup('iris', :two);
ROLLBACK TO second;
-- wrong locator, no backup, no such user, no username: one answer
SELECT restore_backup('back.unsigned', :two);
ROLLBACK TO second;
SELECT restore_backup('nobody', :two);
ROLLBACK TO second;
SELECT restore_backup('IRIS', :two);
ROLLBACK TO second;
SELECT restore_backup(NULL, :two);
ROLLBACK TO second;
SELECT restore_backup(repeat('x', 1000000), :two);
ROLLBACK TO second;
-- what is no locator
SELECT restore_backup('iris', NULL);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO second;
SELECT restore_backup('iris', '');
ROLLBACK TO second;
SELECT restore_backup('iris', convert_to(repeat('x', 1000000), 'UTF8'));
ROLLBACK TO second;
-- what is no backup
SELECT put_backup(:'iris', 3, substr(:one, 2), 'sealed');
ROLLBACK TO second;
SELECT put_backup(:'iris', 3, :one, NULL);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO second;
SELECT put_backup(:'iris', 3, :one, '');
ROLLBACK TO second;
SELECT put_backup(:'iris', 3, :one, convert_to(repeat('x', 65537), 'UTF8'));
ROLLBACK TO second;
SELECT put_backup(:'iris', 3, :one, convert_to(repeat('x', 1048576), 'UTF8'));
ROLLBACK TO second;
SELECT put_backup(:'iris', NULL, :one, 'sealed');
ROLLBACK TO second;
SELECT put_backup(:'iris', 0, :one, 'sealed');
ROLLBACK TO second;
SELECT put_backup(:'iris', -2147483648, :one, 'sealed');
ROLLBACK TO second;
SELECT put_backup(NULL, 1, :one, 'sealed');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO second;
SELECT put_backup('00000000-0000-8000-8000-000000000000', 1, :one, 'sealed');
ROLLBACK TO second;
SELECT put_backup(:'unsigned', 1, :one, 'sealed');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO second;
SELECT backup(NULL);
ROLLBACK TO second;
-- the largest, in the place of another
SELECT put_backup(:'iris', 3, :one, decode(repeat('ab', 65536), 'hex'));
SELECT octet_length(backup) FROM backup(:'iris');
-- after the highest version there is none
UPDATE backups SET version = 2147483647 WHERE user_id = :'iris';
SELECT put_backup(:'iris', 2147483647, :one, 'sealed');
ROLLBACK TO second;
-- the rows themselves
\set VERBOSITY terse
UPDATE backups SET version = 0;
ROLLBACK TO second;
UPDATE backups SET locator_hash = '\x00';
ROLLBACK TO second;
UPDATE backups SET backup = '';
ROLLBACK TO second;
\set VERBOSITY default
-- as JSON
SELECT rest_backup(:'iris');
SELECT rest_put_backup(:'iris', json_build_object('version', 3, 'locator', base64url_encode(:one), 'backup', 'QUJD')::text);
SELECT rest_restore(json_build_object('username', 'iris', 'locator', base64url_encode(:one))::text);
SAVEPOINT third;
SELECT rest_put_backup(:'iris', json_build_object('version', '4', 'locator', base64url_encode(:one), 'backup', 'QUJD')::text);
ROLLBACK TO third;
SELECT rest_put_backup(:'iris', json_build_object('version', 4.5, 'locator', base64url_encode(:one), 'backup', 'QUJD')::text);
ROLLBACK TO third;
SELECT rest_put_backup(:'iris', json_build_object('version', 4, 'locator', base64url_encode(:one), 'backup', 'QUJ')::text);
ROLLBACK TO third;
SELECT rest_put_backup(:'iris', json_build_object('version', 4, 'locator', NULL, 'backup', 'QUJD')::text);
ROLLBACK TO third;
SELECT rest_put_backup(:'iris', json_build_object('version', 4, 'backup', 'QUJD')::text);
SELECT rest_put_backup(:'iris', json_build_object('version', 4, 'locator', base64url_encode(:one))::text);
ROLLBACK TO third;
SELECT rest_put_backup(:'iris', json_build_object('version', 4, 'locator', base64url_encode(:one), 'backup', 'QUJD', 'userId', :'unsigned')::text);
ROLLBACK TO third;
SELECT rest_restore('{"username":"iris"}');
ROLLBACK TO third;
SELECT rest_restore('{"username":["iris"],"locator":"AAAA"}');
ROLLBACK TO third;
SELECT rest_restore('{"username":"iris","locator":"AAAA"}');
ROLLBACK TO third;
SELECT rest_restore('{');
ROLLBACK TO third;
-- who is deleted takes the backup along
SELECT delete_user(:'iris');
SELECT count(*) FROM backups;
SELECT put_backup(:'iris', 1, :one, 'sealed');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
