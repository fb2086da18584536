-- The key log by itself: rows that wait are sequenced, leaves are proved.
-- Variables: entries to sequence, name of the measurements.
\set QUIET on
SET client_min_messages = warning;
CREATE TEMP TABLE measured (name text, value float8);

INSERT INTO e2emsg.key_log_pending (user_id, entry, leaf_hash)
SELECT gen_random_uuid(), 1, sha256(int8send(n)) FROM generate_series(1, :entries) n;
SET bench.entries = :entries;
DO $$
DECLARE
	began timestamptz := clock_timestamp();
	round record;
BEGIN
	LOOP
		SELECT * INTO round FROM e2emsg.sequence_key_log();
		COMMIT;
		EXIT WHEN round.sequenced = 0;
	END LOOP;
	INSERT INTO measured VALUES ('sequence', current_setting('bench.entries')::integer
		/ extract(epoch FROM clock_timestamp() - began));
END
$$;

-- one proof at a time, of random leaves and sizes
DO $$
DECLARE
	head record;
	began timestamptz;
	leaf bigint;
	proof bytea;
BEGIN
	SELECT h.size INTO head FROM e2emsg.key_log_head h;
	FOR n IN 1 .. 2000 LOOP
		leaf := 1 + floor(random() * (head.size - 1));
		began := clock_timestamp();
		proof := e2emsg.inclusion_proof(leaf, head.size);
		INSERT INTO measured VALUES ('inclusion', 1000 * extract(epoch FROM clock_timestamp() - began)),
			('inclusion_bytes', octet_length(proof));
		began := clock_timestamp();
		proof := e2emsg.consistency_proof(leaf, head.size);
		INSERT INTO measured VALUES ('consistency', 1000 * extract(epoch FROM clock_timestamp() - began)),
			('consistency_bytes', octet_length(proof));
	END LOOP;
END
$$;
INSERT INTO measured
SELECT 'tree_bytes', sum(pg_total_relation_size('e2emsg.' || name))::float8 / max(h.size)
FROM e2emsg.key_log_head h, unnest('{key_log_leaves,key_log_tiles}'::text[]) AS name;

SELECT format(E'%s %s\t%s', name, :'name', round(value::numeric, 3)) FROM measured WHERE name IN ('sequence', 'tree_bytes')
UNION ALL
SELECT format(E'%s %s\t%s', name, :'name', round(percentile_disc(0.99) WITHIN GROUP (ORDER BY value)::numeric, 3))
FROM measured WHERE name IN ('inclusion', 'consistency', 'inclusion_bytes', 'consistency_bytes') GROUP BY name;
