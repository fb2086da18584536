-- What a DBA watches.
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
\set keys :abs_srcdir '/test/vectors/iris.psql'
\i :keys
-- a database of its own moment: nothing of the other tests
BEGIN;
SET LOCAL client_min_messages = warning;
DROP SCHEMA e2emsg CASCADE;
CREATE EXTENSION e2emsg;
-- before install()
SELECT * FROM e2emsg.health();
CALL e2emsg.install();
SELECT * FROM e2emsg.health();
SELECT * FROM e2emsg.mailbox_depths;
SELECT * FROM e2emsg.key_activity;
SELECT * FROM e2emsg.key_log_state;
-- every view and every column is described
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'e2emsg'::regnamespace AND c.relkind = 'v'
	AND (obj_description(c.oid) IS NULL OR col_description(c.oid, a.attnum) IS NULL);
SELECT e2emsg.register_user('mon.alice', :'key_1') AS alice, e2emsg.register_user('mon.bob', :'key_2') AS bob \gset
SELECT count(s.message_id) FROM generate_series(1, 5) n,
	e2emsg.send_message(:'alice', :'bob', repeat('x', 10 * n)::bytea, decode(lpad(n::text, 24, '0'), 'hex'),
						decode(repeat('aa', 16), 'hex'), 1) s;
SELECT e2emsg.acknowledge(:'bob', 2);
UPDATE e2emsg.messages SET sent_at = statement_timestamp() - interval '1 day' * (20 - seq);
SELECT waiting, bytes, date_trunc('day', oldest_age) AS oldest_age FROM e2emsg.mailbox_depths ORDER BY waiting;
SELECT day = (now() AT TIME ZONE 'UTC')::date AS today, event, events, users FROM e2emsg.key_activity;
SELECT size, signed_size, origin, verifier, signed_at, pending, pending_age >= interval '0' AS waits FROM e2emsg.key_log_state;
SELECT check_name, ok, regexp_replace(detail, '\d\d:\d\d:\d\d', 'T') AS detail FROM e2emsg.health();
-- unread mail that should have expired
SET LOCAL e2emsg.unread_retention_days = 17;
SELECT ok FROM e2emsg.health() WHERE check_name = 'oldest_unread';
SET LOCAL e2emsg.unread_retention_days = 15;
SELECT ok FROM e2emsg.health() WHERE check_name = 'oldest_unread';
SELECT * FROM e2emsg.purge();
SELECT waiting, bytes FROM e2emsg.mailbox_depths ORDER BY waiting;
SELECT ok FROM e2emsg.health() WHERE check_name = 'oldest_unread';
-- purge() was forgotten
SELECT count(*) FROM (SELECT array_agg(decode(lpad(n::text, 24, '0'), 'hex')) AS ivs, array_agg(:'bob'::uuid) AS bobs,
		array_agg(:'alice'::uuid) AS alices, array_agg(0::smallint) AS suites, array_agg(1) AS versions,
		array_agg(''::bytea) AS texts, array_agg(decode(repeat('aa', 16), 'hex')) AS tags FROM generate_series(1, 10000) n) a,
	e2emsg.send_messages(bobs, alices, suites, versions, versions, ivs, texts, tags) s WHERE s.code IS NULL;
SELECT e2emsg.acknowledge(:'alice', 10000);
UPDATE e2emsg.messages SET sent_at = statement_timestamp() - interval '8 days' WHERE mailbox_id = :'alice';
SELECT * FROM e2emsg.health() WHERE check_name = 'purge_backlog';
SELECT * FROM e2emsg.purge(1);
SELECT * FROM e2emsg.health() WHERE check_name = 'purge_backlog';
-- rows that wait for a gateway that signs
SET LOCAL e2emsg.key_log = on;
SELECT count(*) FROM e2emsg.sequence_key_log();
SELECT check_name, ok, regexp_replace(detail, '\d\d:\d\d:\d\d', 'T') AS detail FROM e2emsg.health() WHERE check_name ~ '^key';
SELECT size, signed_size, pending FROM e2emsg.key_log_state;
ALTER TABLE e2emsg.key_rotation_log DISABLE TRIGGER USER;
UPDATE e2emsg.key_rotation_log SET created_at = statement_timestamp() - interval '2 minutes';
SELECT ok FROM e2emsg.health() WHERE check_name = 'key_log_lag';
SELECT name, type, value IS NOT NULL AS known FROM e2emsg.metrics();
SELECT e2emsg.key_log_lag() >= interval '2 minutes' AS long;
INSERT INTO e2emsg.key_log_pending (user_id, entry, leaf_hash) VALUES (:'alice', 1, sha256(''));
SELECT ok FROM e2emsg.health() WHERE check_name = 'key_log_pending';
SELECT value FROM e2emsg.metrics() WHERE name = 'e2emsg_key_log_pending';
SELECT count(*) FROM e2emsg.key_log_head h, e2emsg.publish_checkpoint('verifier', h.size, h.root, 'note');
SELECT e2emsg.key_log_lag() >= interval '2 minutes' AS what_is_pending_waits;
DELETE FROM e2emsg.key_log_pending;
SELECT e2emsg.key_log_lag() AS nothing_waits;
-- a table that is gone, a view that is somebody's own
SAVEPOINT whole;
DROP VIEW e2emsg.key_activity;
DROP TABLE e2emsg.backups;
SELECT * FROM e2emsg.health();
CALL e2emsg.install();
SELECT ok FROM e2emsg.health() LIMIT 1;
ROLLBACK TO whole;
ALTER VIEW e2emsg.key_activity OWNER TO CURRENT_USER;
SELECT * FROM e2emsg.health();
CALL e2emsg.install();
ROLLBACK TO whole;
-- for members of pg_monitor, and nobody else; what a DBA takes away stays away
CREATE ROLE regress_e2emsg_monitor IN ROLE pg_monitor;
CREATE ROLE regress_e2emsg_plain;
REVOKE SELECT ON e2emsg.key_activity FROM pg_monitor;
CALL e2emsg.install();
SET LOCAL ROLE regress_e2emsg_monitor;
SELECT count(*) FROM e2emsg.mailbox_depths;
SELECT count(*) FROM e2emsg.health();
SAVEPOINT monitor;
SELECT * FROM e2emsg.key_activity;
ROLLBACK TO monitor;
SELECT * FROM e2emsg.mailboxes;
ROLLBACK TO monitor;
SELECT e2emsg.purge();
ROLLBACK TO monitor;
SELECT e2emsg.purge_backlog(1);
ROLLBACK TO monitor;
RESET ROLE;
SET LOCAL ROLE regress_e2emsg_plain;
SELECT * FROM e2emsg.mailbox_depths;
ROLLBACK;
