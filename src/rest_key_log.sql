-- The key log over REST: what anybody may look at, up to the size that is signed.

CREATE FUNCTION require_key_log(OUT verifier text, OUT size bigint, OUT note text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT e2emsg.key_log_is_on() THEN
		PERFORM e2emsg.refuse('key_log_off');
	END IF;
	SELECT n.verifier, n.size, n.note INTO verifier, size, note
	FROM e2emsg.key_log_notes n ORDER BY n.origin DESC LIMIT 1;
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('not_logged', 'no checkpoint of the key log is signed yet');
	END IF;
END
$$;
COMMENT ON FUNCTION require_key_log() IS
	'The newest signed checkpoint; refuses when there is none (ME033, ME034).';

-- The member "log" of key objects: the leaf and its proof in the signed size.
CREATE FUNCTION proof_object(of_user uuid, of_entry integer, leaf bigint) RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	logged record := e2emsg.require_key_log();
BEGIN
	RETURN json_build_object(
		'checkpoint', logged.note,
		'index', leaf,
		'size', logged.size,
		'entry', e2emsg.base64url_encode(e2emsg.entry_bytes(of_user, of_entry)),
		'proof', e2emsg.base64url_encode(e2emsg.inclusion_proof(leaf, logged.size)));
END
$$;
COMMENT ON FUNCTION proof_object(uuid, integer, bigint) IS
	'Entry, leaf, signed checkpoint and inclusion proof as JSON.';

-- GET /key-log
CREATE FUNCTION rest_key_log(OUT body json)
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
	SELECT json_build_object('verifier', c.verifier, 'checkpoint', c.note, 'successions',
		coalesce((SELECT json_agg(n.succession ORDER BY n.origin)
				  FROM e2emsg.key_log_notes n WHERE n.succession IS NOT NULL), '[]'))
	FROM e2emsg.require_key_log() c
$$;
COMMENT ON FUNCTION rest_key_log() IS 'GET /key-log';

-- GET /key-log/checkpoint
CREATE FUNCTION rest_checkpoint(OUT body text)
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT c.note FROM e2emsg.require_key_log() c $$;
COMMENT ON FUNCTION rest_checkpoint() IS 'GET /key-log/checkpoint';

CREATE FUNCTION tile_of_path(path text, OUT level integer, OUT index bigint,
							 OUT width integer)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION tile_of_path(text) IS
	'The tile that a path like 0/x001/234.p/12 names (C2SP tlog-tiles); NULLs for others.';

-- GET /key-log/tile/{tile}: a tile once served never changes
CREATE FUNCTION rest_tile(path text, OUT body bytea)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	logged bigint := (e2emsg.require_key_log()).size;
BEGIN
	SELECT substr(t.hashes, 1, 32 * asked.width) INTO body
	FROM e2emsg.tile_of_path(path) asked
	JOIN e2emsg.key_log_tiles t ON t.level = asked.level AND t.index = asked.index
	WHERE octet_length(t.hashes) >= 32 * asked.width
		AND 256 * asked.index + asked.width <= logged >> (8 * asked.level);
	IF NOT FOUND THEN
		PERFORM e2emsg.refuse('not_in_log', 'the signed key log has no such tile');
	END IF;
END
$$;
COMMENT ON FUNCTION rest_tile(text) IS 'GET /key-log/tile/{tile}';

-- A number that a request must have.
CREATE FUNCTION required_number(written text, name text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF written IS NULL THEN
		PERFORM e2emsg.refuse('invalid_request', format('"%s" is missing', name));
	END IF;
	RETURN e2emsg.parse_number(written, name);
END
$$;
COMMENT ON FUNCTION required_number(text, text) IS
	'parse_number() of a number that must be there (ME001).';

-- GET /key-log/proof/inclusion
CREATE FUNCTION rest_inclusion_proof(leaf text, size text, OUT body json)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	leaf_index bigint := e2emsg.required_number(leaf, 'leaf');
	of_size bigint := e2emsg.required_number(size, 'size');
BEGIN
	IF leaf_index >= of_size OR of_size > (e2emsg.require_key_log()).size THEN
		PERFORM e2emsg.refuse('not_in_log', 'the signed key log has no such leaf and size');
	END IF;
	SELECT json_build_object('leaf', leaf_index, 'size', of_size,
		'leafHash', e2emsg.base64url_encode(f.leaf_hash),
		'proof', e2emsg.base64url_encode(e2emsg.inclusion_proof(leaf_index, of_size)))
	INTO body
	FROM e2emsg.key_log_leaves f WHERE f.index = leaf_index;
END
$$;
COMMENT ON FUNCTION rest_inclusion_proof(text, text) IS 'GET /key-log/proof/inclusion';

-- GET /key-log/proof/consistency
CREATE FUNCTION rest_consistency_proof(old_size text, new_size text, OUT body json)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	from_size bigint := e2emsg.required_number(old_size, 'from');
	to_size bigint := e2emsg.required_number(new_size, 'to');
BEGIN
	IF from_size > to_size OR to_size > (e2emsg.require_key_log()).size THEN
		PERFORM e2emsg.refuse('not_in_log', 'the signed key log never had these sizes');
	END IF;
	body := json_build_object('from', from_size, 'to', to_size,
		'fromRoot', e2emsg.base64url_encode(e2emsg.key_log_root(from_size)),
		'toRoot', e2emsg.base64url_encode(e2emsg.key_log_root(to_size)),
		'proof', e2emsg.base64url_encode(e2emsg.consistency_proof(from_size, to_size)));
END
$$;
COMMENT ON FUNCTION rest_consistency_proof(text, text) IS 'GET /key-log/proof/consistency';

-- GET /key-log/entries: what auditors follow
CREATE FUNCTION rest_log_entries(from_leaf text, max_entries text, OUT body json)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	first bigint := coalesce(e2emsg.parse_number(from_leaf, 'from'), 0);
	wanted bigint := coalesce(e2emsg.parse_number(max_entries, 'limit'), 256);
	logged bigint := (e2emsg.require_key_log()).size;
BEGIN
	IF wanted NOT BETWEEN 1 AND 1000 THEN
		PERFORM e2emsg.refuse('invalid_request', '"limit" must be from 1 to 1000');
	ELSIF first > logged THEN
		PERFORM e2emsg.refuse('not_in_log', 'the signed key log has no such leaf');
	END IF;
	SELECT json_build_object('from', first, 'size', logged,
							 'entries', coalesce(json_agg(e.entry ORDER BY e.index), '[]'))
	INTO body
	FROM (SELECT f.index, json_strip_nulls(CASE
				 WHEN f.user_id IS NULL THEN json_build_object('entry',
					 e2emsg.base64url_encode(
						 e2emsg.log_round_entry(e2emsg.service_name(), f.round)))
				 WHEN l.user_id IS NULL THEN json_build_object('leafHash',
					 e2emsg.base64url_encode(f.leaf_hash))
				 ELSE json_build_object('entry', e2emsg.base64url_encode(
						 e2emsg.entry_bytes(f.user_id, f.entry)),
					 'identityKey', l.identity_key) END) AS entry
		  FROM e2emsg.key_log_leaves f
		  LEFT JOIN e2emsg.key_rotation_log l ON l.user_id = f.user_id AND l.entry = f.entry
		  WHERE f.index >= first AND f.index < least(first + wanted, logged)) e;
END
$$;
COMMENT ON FUNCTION rest_log_entries(text, text) IS 'GET /key-log/entries';
