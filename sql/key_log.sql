-- The key log: leaves, rounds, tiles, proofs.
\set SHOW_CONTEXT never
SET search_path = e2emsg;
SET e2emsg.key_log = on;
-- what waits is what was logged; one round takes it all and ends with its own leaf
SELECT count(*) > 0 AS waiting,
	   count(*) = (SELECT count(*) FROM key_rotation_log) AS all_of_them FROM key_log_pending;
SELECT count(*) AS logged FROM key_rotation_log \gset
SELECT sequenced = :logged AS all_sequenced, size = :logged + 1 AS and_one_more,
	   octet_length(root) FROM sequence_key_log();
SELECT count(*) FROM key_log_pending;
SELECT sequenced, size = :logged + 1 AS same_size FROM sequence_key_log();
SELECT count(*) FILTER (WHERE user_id IS NULL) AS ends, max(index) + 1 = count(*) AS gapless,
	   max(round) AS round FROM key_log_leaves;
-- each user's entries stand in their order
SELECT count(*) FROM key_log_leaves a JOIN key_log_leaves b USING (user_id)
WHERE a.entry < b.entry AND a.index > b.index;
-- a leaf is the hash of its row, and a row names the one before it
SELECT count(*) AS rows_that_differ FROM key_rotation_log l JOIN users u ON u.id = l.user_id
WHERE l.leaf_hash IS DISTINCT FROM merkle_leaf_hash(log_entry(service_name(), u.username,
		l.user_id, l.entry, l.event, l.version, l.thumbprint, l.previous_thumbprint,
		l.identity_thumbprint, l.signature, l.endorsement, l.created_at,
		l.previous_leaf_hash))
	OR l.leaf_hash IS DISTINCT FROM (SELECT f.leaf_hash FROM key_log_leaves f
									 WHERE (f.user_id, f.entry) = (l.user_id, l.entry));
SELECT count(*) AS unlinked FROM key_rotation_log l
LEFT JOIN key_rotation_log before ON before.user_id = l.user_id AND before.entry = l.entry - 1
WHERE l.previous_leaf_hash IS DISTINCT FROM before.leaf_hash;
-- more than two full tiles, in rounds of different sizes
SET client_min_messages = error;
INSERT INTO key_log_pending (user_id, entry, leaf_hash)
SELECT gen_random_uuid(), 1, sha256(int4send(n)) FROM generate_series(1, 700) n;
SELECT count(*) AS rounds, sum(r.sequenced) AS sequenced
FROM generate_series(1, 4) n, sequence_key_log((ARRAY[1, 254, 300, 1000])[n]) r;
SELECT h.size, h.round, (SELECT count(*) FROM key_log_leaves) AS leaves FROM key_log_head h;
SELECT t.level, t.index, octet_length(t.hashes) / 32 AS width FROM key_log_tiles t ORDER BY 1, 2;
-- the tiles are the leaves; the level above is the roots of full tiles
SELECT count(*) AS tiles_that_differ FROM key_log_tiles t
WHERE t.level = 0 AND t.hashes <> (SELECT string_agg(l.leaf_hash, '' ORDER BY l.index)
								   FROM key_log_leaves l WHERE l.index / 256 = t.index);
SELECT t.hashes = (SELECT string_agg(merkle_tile_root(f.hashes), '' ORDER BY f.index)
				   FROM key_log_tiles f WHERE f.level = 0 AND octet_length(f.hashes) = 8192)
	AS level_1_is_roots FROM key_log_tiles t WHERE t.level = 1;
-- the root is that of all leaves appended at once
SELECT g.new_size = h.size AND g.new_edge = h.edge AND g.root = h.root AS same
FROM key_log_head h, merkle_append(0, '', (SELECT string_agg(leaf_hash, '' ORDER BY index)
										   FROM key_log_leaves)) g;
-- every leaf has a proof, and none for another leaf or another root
SELECT count(*) FILTER (WHERE verify_inclusion(l.leaf_hash, l.index, h.size, p.proof, h.root)) = h.size AS all_proved,
	   count(*) FILTER (WHERE verify_inclusion(l.leaf_hash, (l.index + 1) % h.size, h.size, p.proof, h.root)) AS wrong_place,
	   count(*) FILTER (WHERE verify_inclusion(sha256(l.leaf_hash), l.index, h.size, p.proof, h.root)) AS wrong_leaf,
	   count(*) FILTER (WHERE verify_inclusion(l.leaf_hash, l.index, h.size, p.proof, sha256(h.root))) AS wrong_root
FROM key_log_head h, key_log_leaves l, inclusion_proof(l.index, h.size) AS p (proof) GROUP BY h.size;
-- every size leads to the newest
SELECT count(*) FILTER (WHERE verify_consistency(n, g.root, h.size, h.root, p.proof)) AS consistent,
	   count(*) FILTER (WHERE verify_consistency(n, sha256(g.root), h.size, h.root, p.proof)) AS with_another_root
FROM key_log_head h, generate_series(1, 700, 37) n,
	merkle_append(0, '', (SELECT string_agg(leaf_hash, '' ORDER BY index)
						  FROM key_log_leaves WHERE index < n)) g,
	consistency_proof(n, h.size) AS p (proof);
-- refused
SELECT inclusion_proof(5, 5);
SELECT inclusion_proof(0, 1000000);
SELECT inclusion_proof(-1, 5);
SELECT consistency_proof(6, 5);
SELECT consistency_proof(1000000, 1000000);
SELECT verify_inclusion('\x00', 0, 1, '', sha256(''));
SELECT verify_inclusion(sha256(''), 0, 1, '\x00', sha256(''));
SELECT merkle_append(3, '', sha256(''));
SELECT merkle_append(-1, '', sha256(''));
SELECT merkle_tile_root(sha256(''));
SELECT log_entry('s', 'iris', gen_random_uuid(), 1, 'nonsense', 1, sha256(''), NULL, NULL, NULL, NULL, now(), NULL);
SELECT log_entry('s', 'iris', gen_random_uuid(), 1, 'rotated', 1, '\x00', NULL, NULL, NULL, NULL, now(), NULL);
SELECT log_entry('s', NULL, gen_random_uuid(), 1, 'rotated', 1, sha256(''), NULL, NULL, NULL, NULL, now(), NULL) IS NULL AS nothing;
SELECT log_entry('s', repeat('a', 33), gen_random_uuid(), 1, 'rotated', 1, sha256(''), NULL, NULL, NULL, NULL, now(), NULL);
SELECT log_entry('s', 'iris', gen_random_uuid(), -1, 'rotated', 1, sha256(''), NULL, NULL, NULL, NULL, now(), NULL);
SELECT log_entry('s', 'iris', gen_random_uuid(), 1, 'rotated', 1, sha256(''), NULL, NULL, NULL, NULL, 'infinity', NULL);
SELECT log_round_entry('s', 0);
SELECT sequence_key_log(0);
UPDATE key_log_leaves SET leaf_hash = sha256('');
DELETE FROM key_log_leaves;
