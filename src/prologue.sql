\echo Use "CREATE EXTENSION e2emsg" to load this file. \quit

-- Members of the extension are functions; tables come from CALL install().
-- Function bodies name those tables before they exist.
SET LOCAL check_function_bodies = off;

-- A schema or a role that somebody prepared beforehand would be theirs still.
DO $$
BEGIN
	IF current_setting('server_encoding') <> 'UTF8' THEN
		RAISE EXCEPTION 'e2emsg needs a database with the encoding UTF8'
			USING ERRCODE = 'feature_not_supported';
	END IF;
	-- a restore under another superuser finds the schema of the one before
	IF EXISTS (SELECT FROM pg_catalog.pg_namespace n
			   JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
			   WHERE n.nspname = 'e2emsg' AND NOT r.rolsuper
				   AND r.rolname NOT IN (current_user, 'e2emsg_owner')) THEN
		RAISE EXCEPTION 'schema e2emsg belongs to another role'
			USING ERRCODE = 'insufficient_privilege',
				HINT = 'Drop the schema, or make it yours after looking at what it holds.';
	END IF;
	IF EXISTS (SELECT FROM pg_catalog.pg_proc
			   WHERE pronamespace = 'e2emsg'::regnamespace)
		OR EXISTS (SELECT FROM pg_catalog.pg_operator
				   WHERE oprnamespace = 'e2emsg'::regnamespace) THEN
		RAISE EXCEPTION 'schema e2emsg holds functions or operators already'
			USING ERRCODE = 'duplicate_object',
				HINT = 'The extension needs the schema to itself, apart from its own tables.';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles
				   WHERE rolname = 'e2emsg_owner') THEN
		CREATE ROLE e2emsg_owner NOLOGIN;
	ELSIF EXISTS (SELECT FROM pg_catalog.pg_roles
				  WHERE rolname = 'e2emsg_owner'
					  AND (rolcanlogin OR rolsuper OR rolcreaterole
						   OR rolbypassrls OR rolreplication)) THEN
		RAISE EXCEPTION 'role e2emsg_owner has attributes that it must not have'
			USING ERRCODE = 'insufficient_privilege',
				HINT = 'It must be NOLOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS.';
	ELSIF EXISTS (SELECT FROM pg_catalog.pg_auth_members
				  WHERE 'e2emsg_owner'::regrole IN (roleid, member)) THEN
		RAISE WARNING 'role e2emsg_owner has members, or is one'
			USING HINT = 'Its members can read and change all tables of e2emsg.';
	END IF;
END
$$;
