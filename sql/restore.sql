-- After a restore numbers go on where no reader can have been.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
BEGIN;
SELECT register_user('back.alice', :'key_1') AS alice, register_user('back.bob', :'key_2') AS bob,
	register_user('back.carol', :'key_3') AS carol \gset
SELECT count(s.message_id) FROM generate_series(1, 9) n,
	send_message(:'alice', CASE WHEN n > 6 THEN :'carol' ELSE :'bob' END::uuid, n::text::bytea,
				 decode(lpad(n::text, 24, '0'), 'hex'), decode(repeat('aa', 16), 'hex'), 1) s;
SELECT acknowledge(:'bob', 4), acknowledge(:'carol', 3);
SELECT * FROM rotate_encryption_key(:'bob', :'key_1', 2);
-- one of the acknowledged ones is purged
UPDATE messages SET sent_at = sent_at - interval '8 days' WHERE mailbox_id = :'bob' AND seq = 1;
SELECT acknowledged, expired FROM purge();
CREATE TEMP VIEW boxes AS
SELECT u.username, b.last_seq, b.acked_seq, b.purged_seq, b.expired_seq, b.rotated_seq,
	b.last_seq - greatest(b.acked_seq, b.purged_seq) AS waiting,
	(SELECT array_agg(m.seq ORDER BY m.seq) FROM messages m WHERE m.mailbox_id = b.id) AS numbers
FROM mailboxes b JOIN users u USING (id) WHERE u.username LIKE 'back.%' ORDER BY 1;
SELECT * FROM boxes;
SELECT skip_numbers(100) >= 3 AS mailboxes;
SELECT * FROM boxes;
-- bob was at 5 or 6, or beyond: he gets both, or one he knows again
SELECT seq, convert_from(ciphertext, 'UTF8') AS text FROM inbox(:'bob', 42);
SELECT acknowledge(:'bob', 108);
-- mail that expired unread
SELECT count(s.message_id) FROM generate_series(1, 2) n,
	send_message(:'alice', :'bob', '', decode(lpad('b' || n, 24, '0'), 'hex'), decode(repeat('aa', 16), 'hex'), 2) s;
UPDATE messages SET sent_at = sent_at - interval '90 days' WHERE mailbox_id = :'bob' AND seq < 110;
SET LOCAL e2emsg.unread_retention_days = 30;
SELECT count(*) FROM purge();
SELECT * FROM boxes;
SELECT skip_numbers(1) > 0 AS again;
SELECT * FROM boxes;
SELECT seq FROM inbox(:'bob');
-- odd amounts
ROLLBACK;
SELECT skip_numbers(0);
\echo :LAST_ERROR_SQLSTATE
SELECT skip_numbers(NULL);
SELECT skip_numbers(1000000001);
