-- Opening a session with a signed challenge.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
BEGIN;
UPDATE users SET identity_key = :'identity_1' WHERE username = 'iris';
\set open 'open_session(\'iris\', :\'assertion\', decode(:\'assertion_by_identity_1\', \'hex\'), sha256(\'nonce\'), clock_timestamp() + interval \'2 minutes\')'
SELECT :open = find_user('iris') AS opened;
-- the nonce works once
SAVEPOINT once;
SELECT :open;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO once;
DELETE FROM session_nonces;
-- an expired one never
SELECT open_session('iris', :'assertion', decode(:'assertion_by_identity_1', 'hex'),
	sha256('nonce'), clock_timestamp() - interval '1 second');
ROLLBACK TO once;
DELETE FROM session_nonces;
SELECT open_session('iris', (:'assertion' || ' ')::bytea, decode(:'assertion_by_identity_1', 'hex'),
	sha256('nonce'), clock_timestamp() + interval '2 minutes');
ROLLBACK TO once;
SELECT open_session('iris', :'assertion', NULL, sha256('nonce'), clock_timestamp() + interval '2 minutes');
ROLLBACK TO once;
SELECT open_session('iris', :'assertion', decode(:'assertion_by_identity_1', 'hex'),
	'\x00', clock_timestamp() + interval '2 minutes');
ROLLBACK TO once;
SELECT open_session('iris', :'assertion', decode(:'assertion_by_identity_1', 'hex'),
	NULL, NULL);
ROLLBACK TO once;
-- no identity key, no user: the same answer
SELECT open_session('acc.unsigned', :'assertion', decode(:'assertion_by_identity_1', 'hex'),
	sha256('nonce'), clock_timestamp() + interval '2 minutes');
ROLLBACK TO once;
SELECT open_session('nobody', :'assertion', decode(:'assertion_by_identity_1', 'hex'),
	sha256('nonce'), clock_timestamp() + interval '2 minutes');
ROLLBACK TO once;
-- old nonces go, some with each session
DELETE FROM session_nonces;
INSERT INTO session_nonces SELECT sha256(n::text::bytea), clock_timestamp() - interval '1 hour'
FROM generate_series(1, 10) n;
SELECT :open = find_user('iris') AS opened, (SELECT count(*) FROM session_nonces) AS before;
SELECT count(*) FROM session_nonces;
ROLLBACK;
