-- How much a mailbox takes.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
SELECT register_user('quota.alice', :'key_1') AS alice, register_user('quota.bob', :'key_2') AS bob \gset
SELECT service_name();
SHOW e2emsg.mailbox_quota_messages;
SHOW e2emsg.mailbox_quota_kb;
SHOW e2emsg.sender_quota_percent;
SET e2emsg.sender_quota_percent = 101;
SET e2emsg.sender_quota_percent = -1;
SET e2emsg.mailbox_quota_messages = -1;
SET e2emsg.mailbox_quota_kb = '-1kB';
BEGIN;
CREATE ROLE regress_e2emsg_plain;
SET LOCAL ROLE regress_e2emsg_plain;
SET e2emsg.mailbox_quota_messages = 1;
ROLLBACK;
-- envelopes to bob with these numbers as ivs, of so many bytes each
CREATE FUNCTION pg_temp.send(numbers integer[], size integer, version integer DEFAULT 1)
RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(coalesce(s.code, 'stored') ORDER BY s.ordinal)
	FROM (SELECT array_agg(e2emsg.find_user('quota.alice')) AS alices, array_agg(e2emsg.find_user('quota.bob')) AS bobs,
			array_agg(0::smallint) AS suites, array_agg(NULL::integer) AS nothing, array_agg(version) AS versions,
			array_agg(decode(lpad(n::text, 24, '0'), 'hex') ORDER BY o) AS ivs, array_agg(repeat('x', size)::bytea) AS texts,
			array_agg(decode(repeat('aa', 16), 'hex')) AS tags
		FROM unnest(numbers) WITH ORDINALITY u (n, o)) a,
		e2emsg.send_messages(alices, bobs, suites, nothing, versions, ivs, texts, tags) s
$$;
CREATE VIEW pg_temp.state AS
	SELECT b.last_seq, b.acked_seq, b.unread_bytes, d.waiting, d.bytes
	FROM e2emsg.mailboxes b JOIN e2emsg.mailbox_depths d ON d.mailbox_id = b.id
	WHERE b.id = e2emsg.find_user('quota.bob');
-- by count; equal envelopes in one call share their fate
SET e2emsg.sender_quota_percent = 100;
SET e2emsg.mailbox_quota_messages = 3;
SELECT pg_temp.send('{1,2}', 10);
SELECT pg_temp.send('{3,3,4,4,5}', 10);
SELECT * FROM pg_temp.state;
-- a retry comes before the quota, and so does an old key
SELECT pg_temp.send('{1,6,3}', 10);
SELECT pg_temp.send('{6}', 10, 2);
SELECT send_message(:'alice', :'bob', 'x', decode(lpad('7', 24, '0'), 'hex'), decode(repeat('aa', 16), 'hex'), 1);
\echo :LAST_ERROR_SQLSTATE
SELECT code, body FROM rest_send_messages(ARRAY[:'alice']::uuid[], ARRAY[:'bob']::uuid[], '{0}', '{NULL}', '{1}',
	ARRAY[decode(lpad('7', 24, '0'), 'hex')], ARRAY['x'::bytea], ARRAY[decode(repeat('aa', 16), 'hex')]);
-- acknowledged mail does not count, and what was refused can be sent again
SELECT acknowledge(:'bob', 1);
SELECT * FROM pg_temp.state;
SELECT pg_temp.send('{4,5}', 10);
SELECT acknowledge(:'bob', 1), acknowledge(:'bob', 0);
SELECT * FROM pg_temp.state;
SELECT acknowledge(:'bob', 4);
SELECT * FROM pg_temp.state;
RESET e2emsg.mailbox_quota_messages;
-- by size: what fits exactly is taken, a smaller one behind a larger one, too
SET e2emsg.mailbox_quota_kb = '2kB';
SELECT pg_temp.send('{11}', 1024), pg_temp.send('{12}', 1025), pg_temp.send('{13}', 1000);
SELECT pg_temp.send('{14,15}', 24);
SELECT * FROM pg_temp.state;
SELECT pg_temp.send('{16}', 1), pg_temp.send('{17}', 0);
-- bytes are counted without a quota, too
RESET e2emsg.mailbox_quota_kb;
SELECT pg_temp.send('{18}', 1000);
SELECT * FROM pg_temp.state;
SET e2emsg.mailbox_quota_kb = '2kB';
SELECT acknowledge(:'bob', 6);
SELECT pg_temp.send('{19}', 24), pg_temp.send('{20}', 1025);
SELECT * FROM pg_temp.state;
-- mail that expired does not count
SET e2emsg.unread_retention_days = 30;
SET e2emsg.mailbox_quota_messages = 4;
UPDATE messages SET sent_at = sent_at - interval '31 days' WHERE mailbox_id = :'bob' AND seq <= 8;
SELECT acknowledged, expired FROM purge();
SELECT * FROM pg_temp.state;
SELECT pg_temp.send('{21,22,23}', 10);
SELECT * FROM pg_temp.state;
-- a rotation and a burst beyond every number
SELECT key_version FROM rotate_encryption_key(:'bob', :'key_3', 2);
SELECT pg_temp.send('{31}', 10), pg_temp.send('{31}', 10, 2);
SET e2emsg.mailbox_quota_messages = 2147483647;
SET e2emsg.mailbox_quota_kb = 2147483647;
SELECT pg_temp.send('{31}', 10, 2);
RESET e2emsg.mailbox_quota_messages;
RESET e2emsg.mailbox_quota_kb;
-- one sender takes his share alone: 25 % of eight messages are two
RESET e2emsg.sender_quota_percent;
SELECT register_user('quota.carol', :'key_1') AS carol, register_user('quota.dave', :'key_2') AS dave \gset
-- to one receiver: sender, iv and size of each
CREATE FUNCTION pg_temp.deliver(receiver uuid, VARIADIC envelopes text[])
RETURNS TABLE (ordinal integer, sender text, code text, detail text) LANGUAGE sql AS $$
	SELECT s.ordinal, split_part(envelopes[s.ordinal], ' ', 1), coalesce(s.code, 'stored'), s.detail
	FROM (SELECT array_agg(e2emsg.find_user('quota.' || split_part(e, ' ', 1)) ORDER BY o) AS senders,
			array_agg(receiver) AS receivers, array_agg(0::smallint) AS suites, array_agg(NULL::integer) AS nothing,
			array_agg(1) AS versions, array_agg(decode(lpad(split_part(e, ' ', 2), 24, '0'), 'hex') ORDER BY o) AS ivs,
			array_agg(repeat('x', split_part(e, ' ', 3)::integer)::bytea ORDER BY o) AS texts,
			array_agg(decode(repeat('aa', 16), 'hex')) AS tags
		FROM unnest(envelopes) WITH ORDINALITY u (e, o)) a,
		e2emsg.send_messages(senders, receivers, suites, nothing, versions, ivs, texts, tags) s
	ORDER BY s.ordinal
$$;
CREATE VIEW pg_temp.unread AS
	SELECT u.username, m.mailbox_id, count(*), sum(octet_length(m.ciphertext)) AS bytes
	FROM e2emsg.messages m JOIN e2emsg.mailboxes b ON b.id = m.mailbox_id AND m.seq > b.acked_seq
	JOIN e2emsg.users u ON u.id = m.sender_id GROUP BY 1, 2;
SET e2emsg.mailbox_quota_messages = 8;
SELECT * FROM pg_temp.deliver(:'dave', 'alice 1 10', 'bob 1 10', 'alice 2 10', 'alice 3 10', 'alice 3 10', 'bob 2 10');
SELECT * FROM pg_temp.deliver(:'dave', 'alice 4 10', 'carol 1 10', 'alice 1 10');
SELECT send_message(:'alice', :'dave', 'x', decode(lpad('9', 24, '0'), 'hex'), decode(repeat('aa', 16), 'hex'), 1);
\echo :LAST_ERROR_SQLSTATE
SELECT code, body FROM rest_send_messages(ARRAY[:'alice']::uuid[], ARRAY[:'dave']::uuid[], '{0}', '{NULL}', '{1}',
	ARRAY[decode(lpad('7', 24, '0'), 'hex')], ARRAY['x'::bytea], ARRAY[decode(repeat('aa', 16), 'hex')]);
-- the receiver himself has a share like anybody's, and the quota counts for all
SELECT * FROM pg_temp.deliver(:'dave', 'carol 2 10', 'carol 3 10', 'dave 1 10', 'dave 2 10', 'dave 3 10', 'bob 3 10');
SELECT username, count, bytes FROM pg_temp.unread WHERE mailbox_id = :'dave' ORDER BY username COLLATE "C";
-- what was read does not count, though it is still there
SELECT acknowledge(:'dave', 1);
SELECT code, detail FROM pg_temp.deliver(:'dave', 'bob 4 10', 'alice 5 10', 'alice 6 10');
SELECT acknowledge(:'dave', last_seq) FROM mailboxes WHERE id = :'dave';
SELECT code, detail FROM pg_temp.deliver(:'dave', 'alice 8 10', 'alice 9 10', 'alice 10 10');
-- a share of three messages is one, of one, too; off, one sender takes it all
SELECT acknowledge(:'dave', last_seq) FROM mailboxes WHERE id = :'dave';
SET e2emsg.mailbox_quota_messages = 3;
SELECT code, detail FROM pg_temp.deliver(:'dave', 'alice 11 10', 'alice 12 10');
SET e2emsg.sender_quota_percent = 1;
SELECT code, detail FROM pg_temp.deliver(:'dave', 'alice 12 10', 'bob 12 10');
SET e2emsg.sender_quota_percent = 0;
SELECT code, detail FROM pg_temp.deliver(:'dave', 'alice 12 10', 'alice 13 10');
RESET e2emsg.sender_quota_percent;
RESET e2emsg.mailbox_quota_messages;
-- by size: a kilobyte of four; one message is always within the share
SET e2emsg.mailbox_quota_kb = '4kB';
SELECT acknowledge(:'dave', last_seq) FROM mailboxes WHERE id = :'dave';
SELECT code, detail FROM pg_temp.deliver(:'dave', 'alice 21 1000', 'alice 22 24', 'alice 23 1', 'alice 24 0', 'bob 21 2000', 'bob 22 0');
SELECT username, count, bytes FROM pg_temp.unread WHERE mailbox_id = :'dave' ORDER BY username COLLATE "C";
-- sums beyond 32 bits
SET e2emsg.mailbox_quota_kb = 2147483647;
SELECT code, detail FROM pg_temp.deliver(:'dave', 'alice 25 1');
SET e2emsg.mailbox_quota_kb = '4kB';
-- two mailboxes in one call: what is full in the one is not in the other
SET e2emsg.mailbox_quota_messages = 400;
SELECT code, detail FROM send_messages(ARRAY[:'alice', :'alice', :'alice']::uuid[], ARRAY[:'dave', :'carol', :'dave']::uuid[],
	'{0,0,0}', '{NULL,NULL,NULL}', '{1,1,1}', ARRAY[decode(lpad('31', 24, '0'), 'hex'), decode(lpad('31', 24, '0'), 'hex'),
	decode(lpad('32', 24, '0'), 'hex')], ARRAY['x', 'x', 'x']::bytea[], array_fill(decode(repeat('aa', 16), 'hex'), '{3}'));
RESET e2emsg.mailbox_quota_kb;
RESET e2emsg.mailbox_quota_messages;
-- nor does what was read cost anything, however much one sender has of it there
SELECT code, count(*) FROM pg_temp.deliver(:'carol', VARIADIC ARRAY(
	SELECT format('alice %s 10', n) FROM generate_series(101, 300) n)) GROUP BY code;
SELECT acknowledge(:'carol', last_seq) FROM mailboxes WHERE id = :'carol';
SET e2emsg.mailbox_quota_messages = 8;
BEGIN;
SELECT idx_tup_fetch AS before FROM pg_stat_xact_user_tables WHERE relid = 'messages'::regclass \gset
SELECT code FROM pg_temp.deliver(:'carol', 'alice 301 10', 'alice 302 10', 'alice 303 10', 'bob 301 10');
SELECT idx_tup_fetch - :before AS looked_at FROM pg_stat_xact_user_tables WHERE relid = 'messages'::regclass;
COMMIT;
RESET e2emsg.mailbox_quota_messages;
