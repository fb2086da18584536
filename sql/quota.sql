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
