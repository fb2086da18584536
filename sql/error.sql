-- The table of errors.
SELECT sqlstate, code, status, title FROM e2emsg.error_codes() ORDER BY sqlstate;
-- every SQLSTATE and every code once, all in class ME
SELECT count(*) = count(DISTINCT sqlstate) AND count(*) = count(DISTINCT code)
	AND bool_and(sqlstate ~ '^ME[0-9]{3}$') AS sound
FROM e2emsg.error_codes();
\set SHOW_CONTEXT never
SELECT e2emsg.refuse('forbidden');
\echo :LAST_ERROR_SQLSTATE
SELECT e2emsg.refuse('forbidden', 'only on Sundays');
-- the SQLSTATEs that C code raises are those of the table
SELECT e2emsg.base64url_decode('=');
\echo :LAST_ERROR_SQLSTATE
SELECT e2emsg.request_object('{', '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT e2emsg.request_object('{"a":1}', '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT e2emsg.jwk_thumbprint('{}');
\echo :LAST_ERROR_SQLSTATE
