\echo Use "CREATE EXTENSION e2emsg" to load this file. \quit

-- Members of the extension are functions; tables come from CALL install().
-- Function bodies name those tables before they exist.
SET LOCAL check_function_bodies = off;

-- A schema or a role that somebody prepared beforehand would be theirs still.
DO $$
DECLARE
	schema_owner name := (SELECT nspowner::regrole::name
						  FROM pg_catalog.pg_namespace
						  WHERE nspname = 'e2emsg');
BEGIN
	IF schema_owner NOT IN (current_user, 'e2emsg_owner') THEN
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
	END IF;
END
$$;
