-- Empties the store, then puts so many messages (per) into the mailbox of the
-- reader, or into the first so many mailboxes: all messages with the number 1,
-- then all with the number 2, as if they had come in that way, so long ago (age,
-- an interval; now).
\if :{?age}
\else
	\set age 0
\endif
TRUNCATE e2emsg.messages;
UPDATE e2emsg.mailboxes
SET last_seq = 0, acked_seq = 0, purged_seq = 0, expired_seq = 0, unread_bytes = 0;

CREATE TEMPORARY TABLE filled AS
SELECT coalesce(array_agg(m ORDER BY m), ARRAY[:'reader'::uuid]) AS ids
FROM (SELECT (:'prefix' || 999 + n)::uuid AS m FROM generate_series(1, :mailboxes) n) s;

INSERT INTO e2emsg.messages
SELECT f.ids[n % cardinality(f.ids) + 1], n / cardinality(f.ids) + 1, :'sender', 1, 1, 1,
	substr(uuid_send(gen_random_uuid()), 1, 12), decode(repeat('5a', 256), 'hex'),
	decode(repeat('5a', 16), 'hex'), now() - :'age'::interval
FROM filled f, generate_series(0, :per * cardinality(f.ids) - 1) n;

UPDATE e2emsg.mailboxes m SET last_seq = :per FROM filled f WHERE m.id = ANY (f.ids);
VACUUM (ANALYZE) e2emsg.messages, e2emsg.mailboxes;
