-- What a DBA watches: views and a check, without names of users or anything that
-- was sent.  install() makes the views, which members of pg_monitor may read.

CREATE FUNCTION install_views() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- a column that a query leaves out costs nothing
	CREATE OR REPLACE VIEW e2emsg.mailbox_depths AS
	SELECT b.id AS mailbox_id,
		   b.last_seq - greatest(b.acked_seq, b.purged_seq) AS waiting,
		   (SELECT coalesce(sum(octet_length(m.ciphertext)), 0)::bigint
			FROM e2emsg.messages m
			WHERE m.mailbox_id = b.id AND m.seq > b.acked_seq) AS bytes,
		   (SELECT statement_timestamp() - m.sent_at
			FROM e2emsg.messages m
			WHERE m.mailbox_id = b.id AND m.seq > b.acked_seq
			ORDER BY m.seq LIMIT 1) AS oldest_age
	FROM e2emsg.mailboxes b;
	COMMENT ON VIEW e2emsg.mailbox_depths IS
		'How much unacknowledged mail lies in each mailbox, and for how long.';
	COMMENT ON COLUMN e2emsg.mailbox_depths.mailbox_id IS 'The user''s id.';
	COMMENT ON COLUMN e2emsg.mailbox_depths.waiting IS 'Messages that are not acknowledged.';
	COMMENT ON COLUMN e2emsg.mailbox_depths.bytes IS 'Their ciphertext, in bytes.';
	COMMENT ON COLUMN e2emsg.mailbox_depths.oldest_age IS
		'For how long the oldest of them has been there; NULL when there is none.';

	CREATE OR REPLACE VIEW e2emsg.key_activity AS
	SELECT (l.created_at AT TIME ZONE 'UTC')::date AS day, l.event, count(*) AS events,
		   count(DISTINCT l.user_id) AS users
	FROM e2emsg.key_rotation_log l
	GROUP BY 1, 2;
	COMMENT ON VIEW e2emsg.key_activity IS
		'Registrations, rotations, identity changes and deletions by day.';
	COMMENT ON COLUMN e2emsg.key_activity.day IS 'The day, in UTC.';
	COMMENT ON COLUMN e2emsg.key_activity.event IS
		'registered, rotated, identity_added, identity_replaced, identity_reset or deleted.';
	COMMENT ON COLUMN e2emsg.key_activity.events IS 'How many.';
	COMMENT ON COLUMN e2emsg.key_activity.users IS 'Of how many users.';

	CREATE OR REPLACE VIEW e2emsg.key_log_state AS
	SELECT coalesce(h.size, 0) AS size, coalesce(n.size, 0) AS signed_size, n.origin,
		   n.verifier, n.signed_at, p.pending, p.pending_age
	FROM (SELECT count(*) AS pending,
				 statement_timestamp() - min(l.created_at) AS pending_age
		  FROM e2emsg.key_log_pending w
		  LEFT JOIN e2emsg.key_rotation_log l
			  ON l.user_id = w.user_id AND l.entry = w.entry) p
	LEFT JOIN e2emsg.key_log_head h ON true
	LEFT JOIN (SELECT o.* FROM e2emsg.key_log_notes o ORDER BY o.origin DESC LIMIT 1) n ON true;
	COMMENT ON VIEW e2emsg.key_log_state IS
		'How far the key log goes, how far it is signed, what waits for it; one row.';
	COMMENT ON COLUMN e2emsg.key_log_state.size IS 'Leaves of the tree.';
	COMMENT ON COLUMN e2emsg.key_log_state.signed_size IS
		'Leaves under the newest signed checkpoint: what counts.';
	COMMENT ON COLUMN e2emsg.key_log_state.origin IS
		'Number of the origin, which rises with each --new-log-origin; NULL before the first signer.';
	COMMENT ON COLUMN e2emsg.key_log_state.verifier IS 'Public key of whoever signs.';
	COMMENT ON COLUMN e2emsg.key_log_state.signed_at IS 'When the newest checkpoint was signed.';
	COMMENT ON COLUMN e2emsg.key_log_state.pending IS
		'Rows of the key rotation log that are not in the tree yet.';
	COMMENT ON COLUMN e2emsg.key_log_state.pending_age IS
		'For how long the oldest of them has waited.';
END
$$;
COMMENT ON FUNCTION install_views() IS 'Part of install(): makes or replaces the views.';

-- Which tables and views are not there, or are somebody else's.
CREATE FUNCTION missing_relations() RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT string_agg(r.name, ', ')
	FROM unnest(e2emsg.table_names() || e2emsg.view_names()) WITH ORDINALITY r (name, n)
	WHERE NOT EXISTS (SELECT FROM pg_class c
					  WHERE c.relnamespace = 'e2emsg'::regnamespace AND c.relname = r.name
						  AND c.relowner = 'e2emsg_owner'::regrole)
$$;
COMMENT ON FUNCTION missing_relations() IS 'Tables and views that install() has to make.';

-- Signed or not, with the age of the oldest entry that waits for it.
CREATE FUNCTION unsigned_entries(OUT entries bigint, OUT age interval)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT count(*), statement_timestamp() - min(l.created_at)
	FROM e2emsg.key_log_leaves f
	JOIN e2emsg.key_rotation_log l ON l.user_id = f.user_id AND l.entry = f.entry
	WHERE f.index >= coalesce((SELECT n.size FROM e2emsg.key_log_notes n
							   ORDER BY n.origin DESC LIMIT 1), 0)
$$;
COMMENT ON FUNCTION unsigned_entries() IS
	'How many entries of the key log no signed checkpoint covers, and for how long.';

CREATE FUNCTION waiting_text(amount bigint, what text, age interval) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT what || ': ' || amount
		|| coalesce(', the oldest for ' || date_trunc('second', age), '')
		|| CASE WHEN e2emsg.key_log_is_on() THEN '' ELSE '; e2emsg.key_log is off' END
$$;
COMMENT ON FUNCTION waiting_text(bigint, text, interval) IS
	'Part of health(): a detail of the key log.';

CREATE FUNCTION health(OUT check_name text, OUT ok boolean, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET intervalstyle = postgres
AS $$
DECLARE
	patience CONSTANT interval := interval '1 minute';
	many CONSTANT integer := 10000;
	is_on boolean := e2emsg.key_log_is_on();
	missing text := e2emsg.missing_relations();
	backlog bigint;
	age interval;
BEGIN
	check_name := 'tables';
	ok := missing IS NULL;
	detail := coalesce('missing: ' || missing || '; CALL e2emsg.install()', 'all there');
	RETURN NEXT;
	IF NOT ok THEN
		RETURN;
	END IF;

	check_name := 'key_log_lag';
	SELECT NOT is_on OR u.age < patience IS NOT FALSE,
		   e2emsg.waiting_text(u.entries, 'entries of the key log that are not signed', u.age)
	INTO ok, detail
	FROM e2emsg.unsigned_entries() u;
	RETURN NEXT;

	check_name := 'key_log_pending';
	SELECT NOT is_on OR s.pending_age < patience IS NOT FALSE,
		   e2emsg.waiting_text(s.pending, 'rows that are not in the key log', s.pending_age)
	INTO ok, detail
	FROM e2emsg.key_log_state s;
	RETURN NEXT;

	check_name := 'oldest_unread';
	SELECT max(d.oldest_age) INTO age FROM e2emsg.mailbox_depths d WHERE d.waiting > 0;
	ok := (statement_timestamp() - age < e2emsg.retained_since(false) - interval '1 day')
		IS NOT TRUE;
	detail := coalesce('unread for ' || date_trunc('second', age), 'all mail is read');
	RETURN NEXT;

	check_name := 'purge_backlog';
	backlog := e2emsg.purge_backlog(many);
	ok := backlog < many;
	detail := 'messages that wait for purge(): ' || backlog
		|| CASE WHEN ok THEN '' ELSE ' or more' END;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION health() IS
	'Whether tables, key log and purging are as they should be; a row for each check.  For members of pg_monitor.';

-- The age of the oldest entry without a signed checkpoint; a probe of an index
-- each for what waits for its round and for what waits for its signature.
CREATE FUNCTION key_log_lag() RETURNS interval
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(statement_timestamp() - min(l.created_at), interval '0')
	FROM ((SELECT w.user_id, w.entry FROM e2emsg.key_log_pending w ORDER BY w.id LIMIT 1)
		  UNION ALL
		  (SELECT f.user_id, f.entry FROM e2emsg.key_log_leaves f
		   WHERE f.index >= e2emsg.logged_size() AND f.user_id IS NOT NULL
		   ORDER BY f.index LIMIT 1)) oldest
	JOIN e2emsg.key_rotation_log l ON l.user_id = oldest.user_id AND l.entry = oldest.entry
	WHERE e2emsg.key_log_is_on()
$$;
COMMENT ON FUNCTION key_log_lag() IS
	'For how long the oldest entry of the key log has waited to be signed; 0 when none does.';

-- Whatever is here takes a few probes, however much mail there is.
CREATE FUNCTION metrics(OUT name text, OUT type text, OUT help text, OUT value numeric)
RETURNS SETOF record
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
	VALUES
	('e2emsg_key_log_pending', 'gauge',
	 'Rows that wait for a round of the key log, counted to 10000.',
	 (SELECT count(*) FROM (SELECT FROM e2emsg.key_log_pending LIMIT 10000) w)::numeric),
	('e2emsg_key_log_lag_seconds', 'gauge',
	 'For how long the oldest entry of the key log has waited to be signed.',
	 extract(epoch FROM e2emsg.key_log_lag())),
	('e2emsg_key_log_checkpoint_age_seconds', 'gauge',
	 'Age of the newest signed checkpoint; it grows while no key changes.',
	 (SELECT extract(epoch FROM statement_timestamp() - n.signed_at)
	  FROM e2emsg.key_log_notes n ORDER BY n.origin DESC LIMIT 1)),
	('e2emsg_messages_deleted_total', 'counter',
	 'Messages that purge() and delete_user() have deleted.',
	 coalesce(pg_stat_get_tuples_deleted('e2emsg.messages'::regclass), 0)),
	('e2emsg_messages_disk_bytes', 'gauge', 'Messages with their indexes on the disk.',
	 pg_total_relation_size('e2emsg.messages'::regclass))
$$;
COMMENT ON FUNCTION metrics() IS
	'What the gateway adds to its /metrics, a row for each; NULL when there is no value.';
