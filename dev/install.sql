-- Puts the extension that was just built into the private database.  Dropping
-- it first takes constraints and functions along, never a row; install()
-- brings the constraints back.
SET client_min_messages = warning;
BEGIN;
DROP EXTENSION IF EXISTS e2emsg CASCADE;
CREATE EXTENSION e2emsg;
CALL e2emsg.install();
DO $$
BEGIN
	IF to_regrole('e2emsg_gateway') IS NULL THEN
		CREATE ROLE e2emsg_gateway LOGIN;
	END IF;
END
$$;
SELECT e2emsg.grant_gateway('e2emsg_gateway') \g /dev/null
COMMIT;
