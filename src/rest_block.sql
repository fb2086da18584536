-- Blocks over REST.

CREATE FUNCTION parse_user_id(written text) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF written !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
		PERFORM e2emsg.refuse('invalid_request', 'the path must end with the id of a user');
	END IF;
	RETURN written::uuid;
END
$$;
COMMENT ON FUNCTION parse_user_id(text) IS 'A user''s id from a path (ME001).';

CREATE FUNCTION block_json(sender_id uuid, created_at timestamptz) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT json_build_object('senderId', sender_id, 'createdAt', e2emsg.json_time(created_at))
$$;
COMMENT ON FUNCTION block_json(uuid, timestamptz) IS 'A block as REST gives it.';

-- GET /blocks
CREATE FUNCTION rest_blocks(caller uuid, OUT body json)
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
	SELECT json_build_object('blocks', coalesce(
		json_agg(e2emsg.block_json(b.sender_id, b.created_at)
				 ORDER BY b.created_at, b.sender_id), '[]'))
	FROM e2emsg.blocked_senders(caller) b
$$;
COMMENT ON FUNCTION rest_blocks(uuid) IS 'GET /blocks';

-- PUT /blocks/{id}
CREATE FUNCTION rest_block(caller uuid, sender text, OUT body json)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	sender_id uuid := e2emsg.parse_user_id(sender);
BEGIN
	body := e2emsg.block_json(sender_id, e2emsg.block_sender(caller, sender_id));
END
$$;
COMMENT ON FUNCTION rest_block(uuid, text) IS 'PUT /blocks/{id}';

-- DELETE /blocks/{id}
CREATE FUNCTION rest_unblock(caller uuid, sender text, OUT body json)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	sender_id uuid := e2emsg.parse_user_id(sender);
BEGIN
	PERFORM e2emsg.unblock_sender(caller, sender_id);
	body := json_build_object('senderId', sender_id);
END
$$;
COMMENT ON FUNCTION rest_unblock(uuid, text) IS 'DELETE /blocks/{id}';
