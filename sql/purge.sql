-- Purging: what goes, in which order, and what a reader is told.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
-- the settings and their bounds
SELECT acknowledged_retention_days(), unread_retention_days();
SET e2emsg.acknowledged_retention_days = 6;
SET e2emsg.acknowledged_retention_days = 'seven';
SET e2emsg.unread_retention_days = 6;
SET e2emsg.unread_retention_days = -1;
SET e2emsg.unread_retention_days = 7;
SET e2emsg.unread_retention_days = 0;
BEGIN;
CREATE ROLE regress_e2emsg_plain;
SET LOCAL ROLE regress_e2emsg_plain;
SET e2emsg.acknowledged_retention_days = 7;
ROLLBACK;
SELECT register_user('purge.alice', :'key_1') AS alice, register_user('purge.bob', :'key_2') AS bob,
	register_user('purge.carol', :'key_3') AS carol \gset
-- nothing is left of the other tests
UPDATE mailboxes SET purged_seq = last_seq WHERE id NOT IN (:'alice', :'bob', :'carol');
DELETE FROM session_nonces;
CREATE FUNCTION pg_temp.send(receiver uuid, numbers int4range) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM generate_series(lower(numbers), upper(numbers) - 1) n,
		e2emsg.send_message(e2emsg.find_user('purge.alice'), receiver, n::text::bytea,
			decode(lpad(n::text, 24, '0'), 'hex'), decode(repeat('aa', 16), 'hex'), 1) s
$$;
CREATE FUNCTION pg_temp.make_old(mailbox uuid, numbers int8range, days integer) RETURNS void LANGUAGE sql AS $$
	UPDATE e2emsg.messages SET sent_at = sent_at - make_interval(days => days)
	WHERE mailbox_id = mailbox AND seq <@ numbers
$$;
CREATE VIEW pg_temp.state AS
	SELECT u.username, b.last_seq, b.acked_seq, b.purged_seq, b.expired_seq,
		(SELECT array_agg(m.seq ORDER BY m.seq) FROM e2emsg.messages m WHERE m.mailbox_id = b.id) AS rows
	FROM e2emsg.mailboxes b JOIN e2emsg.users u USING (id)
	WHERE u.username ~ '^purge' ORDER BY u.username COLLATE "C";
SELECT pg_temp.send(:'bob', '[1,9)'), pg_temp.send(:'carol', '[1,5)');
-- bounds of a batch
SELECT purge(0);
SELECT purge(-1);
SELECT purge(NULL);
SELECT purge(100001);
\echo :LAST_ERROR_SQLSTATE
-- neither young nor unread mail goes
SELECT acknowledge(:'bob', 6);
SELECT pg_temp.make_old(:'bob', '[1,4]', 8), pg_temp.make_old(:'carol', '[1,2]', 400);
SELECT purge_backlog(2), purge_backlog(100);
-- in batches, and what is left
SELECT * FROM purge(3);
SELECT * FROM pg_temp.state;
SELECT * FROM purge(3);
SELECT * FROM purge(3);
SELECT * FROM pg_temp.state;
-- another setting keeps it longer
BEGIN;
SELECT pg_temp.make_old(:'bob', '[5,6]', 8);
SET LOCAL e2emsg.acknowledged_retention_days = 9;
SELECT * FROM purge();
ROLLBACK;
-- a late retry of what is still there gets its first answer
SELECT code FROM send_messages(ARRAY[:'alice']::uuid[], ARRAY[:'bob']::uuid[], '{0}', '{NULL}', '{1}',
	ARRAY[decode(lpad('5', 24, '0'), 'hex')], ARRAY['5'::bytea], ARRAY[decode(repeat('aa', 16), 'hex')]);
-- unread mail expires when the owner says so; the reader is told how far
SELECT body ->> 'next' AS next, body ->> 'expired' AS expired FROM rest_inbox(:'carol', NULL, NULL);
SET e2emsg.unread_retention_days = 30;
SELECT * FROM purge();
SELECT * FROM pg_temp.state;
SELECT json_object_keys(body) FROM rest_inbox(:'carol', NULL, NULL);
SELECT body ->> 'next' AS next, body ->> 'expired' AS expired, m ->> 'seq' AS seq
FROM rest_inbox(:'carol', NULL, NULL), json_array_elements(body -> 'messages') m;
SELECT json_object_keys(body) FROM rest_inbox(:'bob', NULL, NULL);
-- read and unread mail in one batch; old mail behind younger waits for it
SELECT acknowledge(:'carol', 3), pg_temp.send(:'carol', '[11,15)');
SELECT pg_temp.make_old(:'carol', '[3,6]', 31), pg_temp.make_old(:'carol', '[8,8]', 31);
SELECT * FROM purge(3);
SELECT * FROM purge(3);
SELECT * FROM pg_temp.state;
-- all of it: numbers go on, nothing is ahead, acknowledging goes over the gap
SELECT pg_temp.make_old(:'carol', '[7,8]', 31);
SELECT * FROM purge();
SELECT body::jsonb FROM rest_inbox(:'carol', '3', NULL);
SELECT pg_temp.send(:'carol', '[20,21)');
SELECT seq FROM inbox(:'carol');
SELECT acknowledge(:'carol', 9);
SELECT * FROM pg_temp.state;
-- a row that an operator deleted does not stop the rest
SELECT acknowledge(:'bob', 8);
SELECT pg_temp.make_old(:'bob', '[5,8]', 8);
DELETE FROM messages WHERE mailbox_id = :'bob' AND seq = 5;
SELECT * FROM purge();
SELECT * FROM pg_temp.state;
-- old nonces go with what is left of a batch
INSERT INTO session_nonces SELECT sha256(n::text::bytea), clock_timestamp() - interval '1 hour' * (n - 1)
FROM generate_series(1, 6) n;
SELECT * FROM purge(3);
SELECT * FROM purge(3);
SELECT count(*) FROM session_nonces;
DELETE FROM session_nonces;
-- numbers that can't be
\set VERBOSITY terse
UPDATE mailboxes SET purged_seq = last_seq + 1 WHERE id = :'carol';
UPDATE mailboxes SET expired_seq = purged_seq + 1 WHERE id = :'carol';
\set VERBOSITY default
-- for superusers: with the rights of whoever calls it
BEGIN;
CREATE ROLE regress_e2emsg_plain;
SELECT grant_app('regress_e2emsg_plain');
SAVEPOINT granted;
SET LOCAL ROLE regress_e2emsg_plain;
SELECT purge();
ROLLBACK TO granted;
GRANT EXECUTE ON FUNCTION purge(integer) TO regress_e2emsg_plain;
GRANT EXECUTE ON FUNCTION due_mailboxes(integer), retained_since(boolean), acknowledged_retention_days(),
	unread_retention_days() TO regress_e2emsg_plain;
SET LOCAL ROLE regress_e2emsg_plain;
SELECT purge();
ROLLBACK;
