-- Reading and acknowledging.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
SELECT register_user('box.alice', :'key_1') AS alice, register_user('box.bob', :'key_2') AS bob \gset
SELECT count(s.message_id) FROM generate_series(1, 5) n,
	send_message(:'alice', :'bob', n::text::bytea, decode(lpad(n::text, 24, '0'), 'hex'),
				 decode(repeat('aa', 16), 'hex'), 1) s;
SELECT seq, sender_id = :'alice' AS from_alice, key_version, ciphertext FROM inbox(:'bob');
SELECT seq FROM inbox(:'bob', 3);
SELECT seq FROM inbox(:'bob', 0, 2);
SELECT seq FROM inbox(:'bob', 5);
SELECT seq FROM inbox(:'bob', -1, 1);
SELECT inbox(:'bob', 0, -1);
\echo :LAST_ERROR_SQLSTATE
SELECT inbox(:'bob', 0, NULL);
SELECT acknowledge(:'bob', 2);
-- past both what is asked for and what is acknowledged
SELECT seq FROM inbox(:'bob');
SELECT seq FROM inbox(:'bob', 4);
-- forward only
SELECT acknowledge(:'bob', 1);
SELECT acknowledge(:'bob', 0);
SELECT acknowledge(:'bob', 6);
\echo :LAST_ERROR_SQLSTATE
SELECT acknowledge(:'bob', -1);
\echo :LAST_ERROR_SQLSTATE
SELECT acknowledge(:'bob', NULL);
SELECT acknowledge('00000000-0000-8000-8000-000000000000', 0);
\echo :LAST_ERROR_SQLSTATE
SELECT acknowledge(:'bob', 5);
SELECT count(*) FROM inbox(:'bob');
-- rows outlive their acknowledgement
SELECT count(*) FROM messages WHERE mailbox_id = :'bob';
SELECT count(*) FROM inbox('00000000-0000-8000-8000-000000000000');
-- a key that the message was not sealed to: rotation says through which number
SELECT * FROM rotate_encryption_key(:'bob', :'key_3', 2);
