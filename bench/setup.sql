-- 1,000 receivers with the ids PREFIX1000 to PREFIX1999, made without
-- register_user() so that a pgbench script can name them.
\set jwk `cat key.json`
INSERT INTO e2emsg.users (id, username)
SELECT (:'prefix' || n)::uuid, 'receiver' || n FROM generate_series(1000, 1999) n;
INSERT INTO e2emsg.mailboxes (id, key_version, logged_version)
SELECT (:'prefix' || n)::uuid, 1, 1 FROM generate_series(1000, 1999) n;
INSERT INTO e2emsg.public_keys (user_id, version, key, thumbprint)
SELECT (:'prefix' || n)::uuid, 1, :'jwk', e2emsg.jwk_thumbprint(:'jwk')
FROM generate_series(1000, 1999) n;
SELECT count(e2emsg.log_key_event(k.user_id, u.username, 'registered', 1, k.thumbprint, NULL, NULL, NULL))
FROM e2emsg.public_keys k JOIN e2emsg.users u ON u.id = k.user_id \g /dev/null

CREATE SCHEMA bench;

-- for single-row inserts
CREATE TABLE bench.messages (LIKE e2emsg.messages INCLUDING ALL);

-- the key and the signature of RFC 7515, appendix A.3
CREATE TABLE bench.example AS
SELECT :'jwk'::json AS jwk,
	'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'::bytea
		AS statement,
	e2emsg.base64url_decode('DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q')
		AS signature;

-- How often a second the server evaluates an expression over the one row of a
-- query.  The row comes from a materialized CTE, so that its values are neither
-- folded into constants nor unpacked from TOAST on every call; every expression
-- pays for the same loop.  NULL is an error.  Repeats until a run takes a quarter of a second.
CREATE FUNCTION bench.rate(expression text, one_row text) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
	calls bigint := 8;
	answers bigint;
	began timestamptz;
	took float8;
BEGIN
	LOOP
		began := clock_timestamp();
		EXECUTE format('WITH r AS MATERIALIZED (%s) SELECT count(%s)
						FROM r, generate_series(1, %s)', one_row, expression, calls) INTO STRICT answers;
		IF answers <> calls THEN
			RAISE EXCEPTION '% is NULL', expression;
		END IF;
		took := extract(epoch FROM clock_timestamp() - began);
		EXIT WHEN took > 0.25;
		calls := calls * 2;
	END LOOP;
	RETURN calls / took;
END
$$;
