-- Sending.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
SELECT register_user('msg.alice', :'key_1') AS alice, register_user('msg.bob', :'key_2') AS bob \gset
CREATE FUNCTION pg_temp.iv(n integer) RETURNS bytea LANGUAGE sql AS
	$$ SELECT decode(lpad(to_hex(n), 24, '0'), 'hex') $$;
\set tag 'decode(repeat(\'aa\', 16), \'hex\')'
-- one
SELECT m.message_id = message_id(:'bob', :'alice', pg_temp.iv(1)) AS named, m.sent_at IS NOT NULL AS dated
FROM send_message(:'alice', :'bob', 'one', pg_temp.iv(1), :tag, 1) m;
-- again: the same answer, no second row
SELECT m.sent_at = s.sent_at AS same_answer
FROM send_message(:'alice', :'bob', 'one', pg_temp.iv(1), :tag, 1) m, messages s
WHERE s.mailbox_id = :'bob';
SELECT count(*) FROM messages WHERE mailbox_id = :'bob';
-- the same iv with anything else
SELECT send_message(:'alice', :'bob', 'two', pg_temp.iv(1), :tag, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT send_message(:'alice', :'bob', 'one', pg_temp.iv(1), decode(repeat('bb', 16), 'hex'), 1);
SELECT send_message(:'alice', :'bob', 'one', pg_temp.iv(1), :tag, 2);
SELECT send_message(:'alice', :'bob', 'one', pg_temp.iv(1), :tag, 1, 1);
SELECT send_message(:'alice', :'bob', 'one', pg_temp.iv(1), :tag, 1, 1, 1);
-- another sender may use it
SELECT message_id IS NOT NULL FROM send_message(:'bob', :'bob', 'to myself', pg_temp.iv(1), :tag, 1);
-- refused
SELECT send_message(:'alice', '00000000-0000-8000-8000-000000000000', 'x', pg_temp.iv(2), :tag, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT send_message(:'alice', :'bob', 'x', pg_temp.iv(2), :tag, 2);
\echo :LAST_ERROR_SQLSTATE
SELECT send_message(:'alice', :'bob', 'x', '\x00', :tag, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT send_message(:'alice', :'bob', NULL, pg_temp.iv(2), :tag, 1);
SELECT send_message(NULL, :'bob', 'x', pg_temp.iv(2), :tag, 1);
SELECT send_message(:'alice', NULL, 'x', pg_temp.iv(2), :tag, 1);
SELECT send_message(:'alice', :'bob', 'x', pg_temp.iv(2), :tag, 1, NULL, 7);
SELECT send_message(:'alice', :'bob', 'x', pg_temp.iv(2), :tag, 1, NULL, 70000);
-- a retry after a rotation gets its first answer, something new is stale
SELECT * FROM rotate_encryption_key(:'bob', :'key_3', 2);
SELECT message_id IS NOT NULL AS repeated FROM send_message(:'alice', :'bob', 'one', pg_temp.iv(1), :tag, 1);
SELECT send_message(:'alice', :'bob', 'new', pg_temp.iv(3), :tag, 1);
-- and after its acknowledgement
SELECT acknowledge(:'bob', 1);
SELECT message_id IS NOT NULL AS repeated FROM send_message(:'alice', :'bob', 'one', pg_temp.iv(1), :tag, 1);
-- many: each envelope gets its own answer
CREATE TEMP TABLE batch (n serial, sender uuid, receiver uuid, suite smallint, sender_version integer,
	version integer, iv bytea, ciphertext bytea, tag bytea);
INSERT INTO batch (sender, receiver, suite, sender_version, version, iv, ciphertext, tag) VALUES
	(:'alice', :'bob', 0, NULL, 2, pg_temp.iv(10), 'a', :tag),
	(:'bob', :'alice', 1, 2, 1, pg_temp.iv(10), 'b', :tag),
	(:'alice', :'bob', 0, NULL, 1, pg_temp.iv(11), 'stale', :tag),
	(:'alice', :'bob', 0, NULL, 2, pg_temp.iv(10), 'a', :tag),
	(:'alice', :'bob', 0, NULL, 2, pg_temp.iv(10), 'other', :tag),
	(:'alice', :'bob', 0, NULL, 1, pg_temp.iv(1), 'one', :tag),
	(:'alice', '00000000-0000-8000-8000-000000000000', 0, NULL, 1, pg_temp.iv(12), 'x', :tag),
	(:'alice', :'bob', 0, NULL, 2, '\x', 'x', :tag),
	(:'alice', :'bob', 0, NULL, 1, pg_temp.iv(13), 'stale first', :tag),
	(:'alice', :'bob', 0, NULL, 2, pg_temp.iv(13), 'then fresh', :tag),
	(:'alice', :'bob', 1, 1, 2, pg_temp.iv(14), 'c', :tag);
CREATE FUNCTION pg_temp.send_batch() RETURNS TABLE (ordinal integer, code text, detail text, named boolean)
LANGUAGE sql AS $$
	SELECT s.ordinal, s.code, s.detail, s.message_id IS NOT NULL FROM (
		SELECT array_agg(sender ORDER BY n) a, array_agg(receiver ORDER BY n) b, array_agg(suite ORDER BY n) c,
			   array_agg(sender_version ORDER BY n) d, array_agg(version ORDER BY n) e, array_agg(iv ORDER BY n) f,
			   array_agg(ciphertext ORDER BY n) g, array_agg(tag ORDER BY n) h FROM batch) x,
		e2emsg.send_messages(a, b, c, d, e, f, g, h, false) s ORDER BY s.ordinal
$$;
SELECT * FROM pg_temp.send_batch();
-- all of it again: only answers
SELECT * FROM pg_temp.send_batch();
SELECT seq, convert_from(ciphertext, 'UTF8') AS ciphertext, suite, sender_key_version, key_version
FROM messages WHERE mailbox_id = :'bob' ORDER BY seq;
-- no gap anywhere
SELECT m.id, m.last_seq FROM mailboxes m
WHERE m.last_seq <> (SELECT count(*) FROM messages s WHERE s.mailbox_id = m.id);
-- arrays of different lengths, empty ones, NULLs
SELECT send_messages('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}');
SELECT send_messages(ARRAY[:'alice']::uuid[], '{}', '{}', '{}', '{}', '{}', '{}', '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT send_messages(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM send_messages('{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}');
-- mailboxes that a plan without indexes finds in another order are found all the same
BEGIN;
INSERT INTO mailboxes (id, key_version, logged_version)
SELECT ('00000000-0000-8000-8000-0000000010' || n)::uuid, 1, 1 FROM generate_series(29, 10, -1) n;
SET LOCAL enable_indexscan = off;
SET LOCAL plan_cache_mode = force_custom_plan;
DISCARD PLANS;
SELECT coalesce(s.code, 'stored') AS code, count(*)
FROM (SELECT array_agg(m.id) AS ids, array_agg(:'alice'::uuid) AS senders, array_agg(0::smallint) AS suites,
			 array_agg(NULL::integer) AS no_versions, array_agg(1) AS versions, array_agg(pg_temp.iv(30)) AS ivs,
			 array_agg('x'::bytea) AS texts, array_agg(:tag) AS tags
	  FROM mailboxes m WHERE m.id::text LIKE '00000000-0000-8000-8000-0000000010%') a,
	send_messages(senders, ids, suites, no_versions, versions, ivs, texts, tags, false) s
GROUP BY 1;
ROLLBACK;
DISCARD PLANS;
-- a message and a business row commit together
CREATE TEMP TABLE orders (id integer);
BEGIN;
INSERT INTO orders VALUES (1);
SELECT message_id IS NOT NULL FROM send_message(:'alice', :'bob', 'order 1', pg_temp.iv(20), :tag, 2);
ROLLBACK;
SELECT count(*) FROM orders;
SELECT last_seq FROM mailboxes WHERE id = :'bob';
