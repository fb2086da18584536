-- The key log: a Merkle tree (RFC 9162) over the key rotation log, so that a
-- row that is in it can't be changed unseen.  Several hashes in a row are one
-- bytea of 32 bytes each.

CREATE FUNCTION log_entry(service text, username text, user_id uuid, entry integer,
						  event text, version integer, thumbprint bytea,
						  previous_thumbprint bytea, identity_thumbprint bytea,
						  signature bytea, endorsement bytea, at timestamptz,
						  previous_leaf_hash bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'log_entry_sql';
COMMENT ON FUNCTION log_entry(text, text, uuid, integer, text, integer, bytea, bytea,
							  bytea, bytea, bytea, timestamptz, bytea) IS
	'The 385 bytes of a row of the key rotation log, as the key log holds it.';

CREATE FUNCTION log_round_entry(service text, round bigint) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'log_round_entry_sql';
COMMENT ON FUNCTION log_round_entry(text, bigint) IS
	'The 104 bytes that end a round of the key log; reserved for the root of a map.';

CREATE FUNCTION merkle_leaf_hash(entry bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'merkle_leaf_hash_sql';
COMMENT ON FUNCTION merkle_leaf_hash(bytea) IS
	'SHA-256 of 0x00 and the entry (RFC 9162 section 2.1.1).';

CREATE FUNCTION merkle_tile_root(hashes bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'merkle_tile_root_sql';
COMMENT ON FUNCTION merkle_tile_root(bytea) IS 'The root over the 256 hashes of a full tile.';

CREATE FUNCTION merkle_append(size bigint, edge bytea, leaf_hashes bytea,
							  OUT new_size bigint, OUT new_edge bytea, OUT root bytea)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'merkle_append_sql';
COMMENT ON FUNCTION merkle_append(bigint, bytea, bytea) IS
	'Size, right edge (roots of the complete subtrees) and root after these leaves.';

CREATE FUNCTION key_log_root(size bigint) RETURNS bytea
LANGUAGE c STABLE STRICT
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION key_log_root(bigint) IS
	'The root that the key log had when it had so many leaves.';

CREATE FUNCTION inclusion_proof(leaf bigint, size bigint) RETURNS bytea
LANGUAGE c STABLE STRICT
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION inclusion_proof(bigint, bigint) IS
	'Proof that a leaf (from 0) is in the key log of that size (RFC 9162 section 2.1.3).';

CREATE FUNCTION consistency_proof(old_size bigint, new_size bigint) RETURNS bytea
LANGUAGE c STABLE STRICT
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION consistency_proof(bigint, bigint) IS
	'Proof that the key log only grew between two sizes (RFC 9162 section 2.1.4).';

CREATE FUNCTION verify_inclusion(leaf_hash bytea, leaf bigint, size bigint, proof bytea,
								 root bytea)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION verify_inclusion(bytea, bigint, bigint, bytea, bytea) IS
	'Does the proof show that leaf in the tree of that size and root?';

CREATE FUNCTION verify_consistency(old_size bigint, old_root bytea, new_size bigint,
								   new_root bytea, proof bytea)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION verify_consistency(bigint, bytea, bigint, bytea, bytea) IS
	'Does the proof show that the new tree begins with the old one?';

-- The bytes of a row of the key rotation log, made from what the row holds now.
CREATE FUNCTION entry_bytes(of_user uuid, of_entry integer) RETURNS bytea
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT e2emsg.log_entry(e2emsg.service_name(), u.username, u.id, l.entry, l.event,
			l.version, l.thumbprint, l.previous_thumbprint, l.identity_thumbprint,
			l.signature, l.endorsement, l.created_at, l.previous_leaf_hash)
		FROM e2emsg.key_rotation_log l
		JOIN e2emsg.users u ON u.id = l.user_id
		WHERE l.user_id = of_user AND l.entry = of_entry);
END
$$;
COMMENT ON FUNCTION entry_bytes(uuid, integer) IS
	'The 385 bytes of a user''s row of the key rotation log; NULL when there is none.';

-- Writes hashes into the tiles from that position on, and the roots of tiles
-- that became full into the level above.
CREATE FUNCTION fill_tiles(from_position bigint, new_hashes bytea) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	at_level integer := 0;
	first bigint := from_position;
	hashes bytea := new_hashes;
	count bigint;
	full_before bigint;
	full_after bigint;
BEGIN
	LOOP
		count := (octet_length(hashes) / 32)::bigint;
		full_before := first / 256;
		full_after := (first + count) / 256;
		INSERT INTO e2emsg.key_log_tiles AS old (level, index, hashes)
		SELECT at_level, tile.index,
			   substr(hashes,
					  (32 * (greatest(first, 256 * tile.index) - first))::integer + 1,
					  (32 * (least(first + count, 256 * (tile.index + 1))
							 - greatest(first, 256 * tile.index)))::integer)
		FROM generate_series(full_before, (first + count - 1) / 256) AS tile (index)
		ON CONFLICT (level, index) DO UPDATE SET hashes = old.hashes || EXCLUDED.hashes;
		EXIT WHEN full_after = full_before;
		SELECT string_agg(e2emsg.merkle_tile_root(t.hashes), '' ORDER BY t.index)
		INTO STRICT hashes
		FROM e2emsg.key_log_tiles t
		WHERE t.level = at_level AND t.index >= full_before AND t.index < full_after;
		first := full_before;
		at_level := at_level + 1;
	END LOOP;
END
$$;
COMMENT ON FUNCTION fill_tiles(bigint, bytea) IS
	'Part of sequence_key_log(): adds hashes to the tiles of all levels.';

-- One round: takes committed rows that wait, at most so many, gives them their
-- places in the tree, and ends with a leaf of its own.  One at a time: whoever
-- finds another one at it gets NULL and comes again.  Rows that are committed
-- later come into a later round, whatever their number.
CREATE FUNCTION sequence_key_log(max_entries integer DEFAULT 4096,
								 OUT sequenced integer, OUT size bigint, OUT root bytea)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- plans go by the indexes, whatever the statistics said when they were made
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
	head e2emsg.key_log_head;
	users uuid[];
	entries integer[];
	leaf_hashes bytea[];
	all_hashes bytea;
	grown record;
BEGIN
	IF max_entries < 1 OR max_entries IS NULL THEN
		PERFORM e2emsg.refuse('invalid_request', 'max_entries must be 1 or more');
	ELSIF NOT e2emsg.key_log_is_on() THEN
		PERFORM e2emsg.refuse('key_log_off');
	END IF;
	IF NOT EXISTS (SELECT FROM e2emsg.key_log_head h WHERE h.single) THEN
		INSERT INTO e2emsg.key_log_head (size, edge, root, round)
		VALUES (0, '', sha256(''), 0) ON CONFLICT DO NOTHING;
	END IF;
	SELECT h.* INTO head FROM e2emsg.key_log_head h WHERE h.single FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	WITH taken AS (
		DELETE FROM e2emsg.key_log_pending p
		WHERE p.ctid = ANY (ARRAY(SELECT q.ctid FROM e2emsg.key_log_pending q
								  ORDER BY q.id LIMIT max_entries))
		RETURNING p.*
	)
	SELECT array_agg(t.user_id ORDER BY t.id), array_agg(t.entry ORDER BY t.id),
		   array_agg(t.leaf_hash ORDER BY t.id)
	INTO users, entries, leaf_hashes
	FROM taken t;
	sequenced := coalesce(cardinality(users), 0);
	size := head.size;
	root := head.root;
	IF sequenced = 0 THEN
		RETURN;
	END IF;

	leaf_hashes := leaf_hashes || e2emsg.merkle_leaf_hash(
		e2emsg.log_round_entry(e2emsg.service_name(), head.round + 1));
	INSERT INTO e2emsg.key_log_leaves (index, leaf_hash, user_id, entry, round)
	SELECT head.size + l.ordinal - 1, l.leaf_hash, l.user_id, l.entry, head.round + 1
	FROM unnest(leaf_hashes, users, entries) WITH ORDINALITY
		AS l (leaf_hash, user_id, entry, ordinal);
	SELECT string_agg(l.hash, '' ORDER BY l.ordinal) INTO STRICT all_hashes
	FROM unnest(leaf_hashes) WITH ORDINALITY AS l (hash, ordinal);
	PERFORM e2emsg.fill_tiles(head.size, all_hashes);
	grown := e2emsg.merkle_append(head.size, head.edge, all_hashes);
	UPDATE e2emsg.key_log_head h
	SET size = grown.new_size, edge = grown.new_edge, root = grown.root,
		round = head.round + 1
	WHERE h.single;
	size := grown.new_size;
	root := grown.root;
END
$$;
COMMENT ON FUNCTION sequence_key_log(integer) IS
	'Puts waiting rows of the key rotation log into the tree; NULL when another one is at it.';
