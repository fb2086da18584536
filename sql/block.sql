-- Blocks: whose mail a mailbox does not take.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
SELECT register_user('block.alice', :'key_1') AS alice, register_user('block.bob', :'key_2') AS bob,
	register_user('block.carol', :'key_3') AS carol \gset
-- to bob: sender, iv and key version of each
CREATE FUNCTION pg_temp.deliver(VARIADIC envelopes text[])
RETURNS TABLE (sender text, code text, detail text) LANGUAGE sql AS $$
	SELECT split_part(envelopes[s.ordinal], ' ', 1), coalesce(s.code, 'stored'), s.detail
	FROM (SELECT array_agg(e2emsg.find_user('block.' || split_part(e, ' ', 1)) ORDER BY o) AS senders,
			array_agg(e2emsg.find_user('block.bob')) AS bobs, array_agg(0::smallint) AS suites,
			array_agg(NULL::integer) AS nothing, array_agg(split_part(e, ' ', 3)::integer ORDER BY o) AS versions,
			array_agg(decode(lpad(split_part(e, ' ', 2), 24, '0'), 'hex') ORDER BY o) AS ivs,
			array_agg('x'::bytea) AS texts, array_agg(decode(repeat('aa', 16), 'hex')) AS tags
		FROM unnest(envelopes) WITH ORDINALITY u (e, o)) a,
		e2emsg.send_messages(senders, bobs, suites, nothing, versions, ivs, texts, tags) s
	ORDER BY s.ordinal
$$;
CREATE VIEW pg_temp.shown AS
	SELECT u.username, s.username AS blocked FROM e2emsg.blocks b
	JOIN e2emsg.users u ON u.id = b.mailbox_id LEFT JOIN e2emsg.users s ON s.id = b.sender_id
	WHERE u.username ~ '^block' ORDER BY u.username COLLATE "C", s.username COLLATE "C";
-- before, and what was sent before stays
SELECT * FROM pg_temp.deliver('alice 1 1', 'carol 1 1');
SELECT block_sender(:'bob', :'alice') AS since \gset
SELECT block_sender(:'bob', :'alice') = :'since' AS again_is_the_same;
SELECT block_count FROM mailboxes WHERE id = :'bob';
-- refused: before a look at the key, but after that for what was stored; others go through
SELECT * FROM pg_temp.deliver('alice 2 1', 'carol 2 1', 'alice 2 1', 'alice 3 9', 'alice 1 1', 'carol 3 9');
SELECT last_seq FROM mailboxes WHERE id = :'bob';
SELECT send_message(:'alice', :'bob', 'x', decode(lpad('4', 24, '0'), 'hex'), decode(repeat('aa', 16), 'hex'), 1);
\echo :LAST_ERROR_SQLSTATE
SELECT code, body FROM rest_send_messages(ARRAY[:'alice']::uuid[], ARRAY[:'bob']::uuid[], '{0}', '{NULL}', '{1}',
	ARRAY[decode(lpad('4', 24, '0'), 'hex')], ARRAY['x'::bytea], ARRAY[decode(repeat('aa', 16), 'hex')]);
-- nobody else's mailbox is concerned, nor the other direction
SELECT code FROM send_messages(ARRAY[:'alice', :'bob']::uuid[], ARRAY[:'carol', :'alice']::uuid[], '{0,0}', '{NULL,NULL}', '{1,1}',
	array_fill(decode(lpad('5', 24, '0'), 'hex'), '{2}'), ARRAY['x', 'x']::bytea[], array_fill(decode(repeat('aa', 16), 'hex'), '{2}'));
-- a full mailbox and a block: the block is said
SET e2emsg.mailbox_quota_messages = 1;
SELECT * FROM pg_temp.deliver('alice 6 1', 'carol 6 1');
RESET e2emsg.mailbox_quota_messages;
-- over REST
SELECT jsonb_path_query_array(body::jsonb, '$.blocks[*].senderId') = to_jsonb(ARRAY[:'alice'::uuid]) AS listed FROM rest_blocks(:'bob');
SELECT body::jsonb FROM rest_blocks(:'alice');
SELECT body ->> 'senderId' = :'carol' AS named, body ->> 'createdAt' LIKE '20__-%Z' AS dated FROM rest_block(:'bob', :'carol');
SELECT * FROM pg_temp.shown;
SELECT sender_id = :'alice' AS first FROM blocked_senders(:'bob');
SELECT body ->> 'senderId' = :'carol' AS named FROM rest_unblock(:'bob', :'carol');
SELECT body ->> 'senderId' = :'carol' AS again FROM rest_unblock(:'bob', :'carol');
SELECT rest_block(:'bob', 'block.carol');
SELECT rest_block(:'bob', upper(:'carol'));
SELECT rest_unblock(:'bob', '');
SELECT rest_block(:'bob', NULL);
\echo :LAST_ERROR_SQLSTATE
-- of users who are not there; whoever is blocked may be elsewhere
SELECT block_sender('00000000-0000-8000-8000-000000000000', :'alice');
SELECT unblock_sender(NULL, :'alice');
SELECT block_sender(:'bob', NULL);
SELECT unblock_sender(:'bob', NULL);
SELECT block_sender(:'carol', '00000000-0000-8000-8000-000000000000') IS NOT NULL AS blocked;
SELECT count(*) FROM blocked_senders('00000000-0000-8000-8000-000000000000');
-- undone; what was refused is a new message now
SELECT unblock_sender(:'bob', :'alice'), unblock_sender(:'bob', :'alice');
SELECT block_count FROM mailboxes WHERE id = :'bob';
SELECT * FROM pg_temp.deliver('alice 2 1');
-- a thousand and no more, whatever calls
SELECT count(block_sender(:'bob', md5(n::text)::uuid)) FROM generate_series(1, 1000) n;
SELECT block_sender(:'bob', :'alice');
\echo :LAST_ERROR_SQLSTATE
SELECT block_sender(:'bob', md5('7')::uuid) IS NOT NULL AS still_blocked;
SELECT unblock_sender(:'bob', md5('7')::uuid);
SELECT block_sender(:'bob', :'alice') IS NOT NULL AS blocked;
SELECT block_count, (SELECT count(*) FROM blocks WHERE mailbox_id = :'bob') FROM mailboxes WHERE id = :'bob';
\set VERBOSITY terse
UPDATE mailboxes SET block_count = 1001 WHERE id = :'bob';
\set VERBOSITY default
-- they go with the user; others keep theirs
SELECT delete_user(:'bob');
SELECT u.username, b.sender_id FROM blocks b JOIN users u ON u.id = b.mailbox_id WHERE u.username ~ '^block';
