-- Tables of an earlier version, brought up to date: what install() finds there
-- becomes what it would make now.  A new column, constraint or trigger stands
-- here and in install.sql; test/t/195_upgrade.t compares the two.

CREATE FUNCTION add_missing_columns() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing record;
BEGIN
	FOR missing IN
		SELECT n.*
		FROM (VALUES
			('e2emsg.users', 'keys_removed_at', 'timestamptz'),
			('e2emsg.mailboxes', 'purged_seq', 'bigint NOT NULL DEFAULT 0'),
			('e2emsg.mailboxes', 'expired_seq', 'bigint NOT NULL DEFAULT 0'),
			('e2emsg.mailboxes', 'unread_bytes', 'bigint NOT NULL DEFAULT 0'),
			('e2emsg.mailboxes', 'block_count', 'integer NOT NULL DEFAULT 0')
		) AS n (on_table, name, definition)
		WHERE to_regclass(n.on_table) IS NOT NULL
			AND NOT EXISTS (SELECT FROM pg_attribute a
							WHERE a.attrelid = to_regclass(n.on_table)
								AND a.attname = n.name AND NOT a.attisdropped)
	LOOP
		EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', missing.on_table, missing.name,
					   missing.definition);
		IF missing.name = 'unread_bytes' THEN
			UPDATE e2emsg.mailboxes b
			SET unread_bytes = e2emsg.ciphertext_bytes(b.id, b.acked_seq, b.last_seq);
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION add_missing_columns() IS
	'Part of install(): gives older tables the columns that came later, and counts unread bytes.';

CREATE FUNCTION drop_old_constraints() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	old record;
BEGIN
	FOR old IN
		SELECT c.conrelid::regclass AS on_table, c.conname
		FROM pg_constraint c
		WHERE c.connamespace = 'e2emsg'::regnamespace
			AND c.conname = ANY ('{key_rotation_log_signature_is_whole,
				key_rotation_log_identity_is_of_key}'::name[])
	LOOP
		EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', old.on_table, old.conname);
	END LOOP;
END
$$;
COMMENT ON FUNCTION drop_old_constraints() IS
	'Part of install(): takes off constraints that others took the place of.';

CREATE FUNCTION add_missing_constraint(on_table regclass, constraint_name name,
									   definition text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_constraint c
				   WHERE c.conrelid = on_table AND c.conname = constraint_name) THEN
		EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', on_table, constraint_name,
					   definition);
	END IF;
END
$$;
COMMENT ON FUNCTION add_missing_constraint(regclass, name, text) IS
	'Part of install(): adds a named constraint that the table lacks.';

-- "definition" is what follows the name, exactly as pg_get_triggerdef() gives it.
CREATE FUNCTION set_trigger(on_table regclass, trigger_name name, definition text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wanted text := format('TRIGGER %I %s', trigger_name, definition);
BEGIN
	IF NOT EXISTS (SELECT FROM pg_trigger t
				   WHERE t.tgrelid = on_table AND t.tgname = trigger_name
					   AND pg_get_triggerdef(t.oid) = 'CREATE ' || wanted) THEN
		EXECUTE 'CREATE OR REPLACE ' || wanted;
	END IF;
END
$$;
COMMENT ON FUNCTION set_trigger(regclass, name, text) IS
	'Part of install(): makes a trigger, or puts it in the place of an older one.';
