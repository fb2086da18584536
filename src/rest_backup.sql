-- The REST interface of backups.

-- PUT /backup
CREATE FUNCTION rest_put_backup(caller uuid, request text, OUT body json)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	parsed json := e2emsg.request_object(request, '{version,backup}', '{locator}');
BEGIN
	body := json_build_object('version', e2emsg.put_backup(caller,
		e2emsg.parse_version(e2emsg.request_member(parsed, 'version', 'number')::text,
							 'version'),
		e2emsg.request_bytes(parsed, 'locator'), e2emsg.request_bytes(parsed, 'backup')));
END
$$;
COMMENT ON FUNCTION rest_put_backup(uuid, text) IS 'PUT /backup';

-- GET /backup
CREATE FUNCTION rest_backup(caller uuid, OUT body json)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	SELECT json_build_object('version', b.version,
							 'backup', e2emsg.base64url_encode(b.backup))
	INTO body
	FROM e2emsg.backup(caller) b;
END
$$;
COMMENT ON FUNCTION rest_backup(uuid) IS 'GET /backup';

-- POST /backup/restore
CREATE FUNCTION rest_restore(request text, OUT body json)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	parsed json := e2emsg.request_object(request, '{username,locator}');
	username text := e2emsg.request_text(parsed, 'username');
BEGIN
	SELECT json_build_object('username', username, 'version', b.version,
							 'backup', e2emsg.base64url_encode(b.backup))
	INTO body
	FROM e2emsg.restore_backup(username, e2emsg.request_bytes(parsed, 'locator')) b;
END
$$;
COMMENT ON FUNCTION rest_restore(text) IS 'POST /backup/restore';
