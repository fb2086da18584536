-- Least privilege.
\set SHOW_CONTEXT never
-- violations, none expected: SECURITY DEFINER without a pinned search_path or
-- with a superuser as owner, anything for PUBLIC, any table right for others
-- but who watches the views (pg_monitor)
SELECT p.oid::regprocedure AS definer_without_pinned_path FROM pg_proc p
WHERE p.pronamespace = 'e2emsg'::regnamespace AND p.prosecdef
	AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false);
SELECT p.oid::regprocedure AS owned_by_another FROM pg_proc p
WHERE p.pronamespace = 'e2emsg'::regnamespace AND p.proowner <> 'e2emsg_owner'::regrole;
SELECT rolsuper, rolcanlogin, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = 'e2emsg_owner';
SELECT p.oid::regprocedure AS open_to_public FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
WHERE p.pronamespace = 'e2emsg'::regnamespace AND a.grantee = 0;
SELECT c.oid::regclass AS open_to_others, a.grantee::regrole, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
WHERE c.relnamespace = 'e2emsg'::regnamespace AND a.grantee <> c.relowner
ORDER BY 1;
SELECT has_schema_privilege('public', 'e2emsg', 'USAGE') AS public_usage;
-- leakproof functions, none expected
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'e2emsg'::regnamespace AND p.proleakproof;
CREATE ROLE regress_e2emsg_gateway;
CREATE ROLE regress_e2emsg_app;
SELECT e2emsg.grant_gateway('regress_e2emsg_gateway');
SELECT e2emsg.grant_app('regress_e2emsg_app');
SELECT p.oid::regprocedure AS gateway_calls FROM pg_proc p
WHERE p.pronamespace = 'e2emsg'::regnamespace AND has_function_privilege('regress_e2emsg_gateway', p.oid, 'EXECUTE')
ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT p.oid::regprocedure AS app_calls FROM pg_proc p
WHERE p.pronamespace = 'e2emsg'::regnamespace AND has_function_privilege('regress_e2emsg_app', p.oid, 'EXECUTE')
ORDER BY p.oid::regprocedure::text COLLATE "C";
-- a superuser's reset is nobody else's
SELECT has_function_privilege('regress_e2emsg_app', 'e2emsg.reset_identity_key(uuid, json, bytea)', 'EXECUTE');
SET ROLE regress_e2emsg_gateway;
SELECT * FROM e2emsg.messages;
SELECT * FROM e2emsg.users;
SELECT e2emsg.send_messages('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}');
CALL e2emsg.install();
SELECT (e2emsg.rest_public_key('iris', NULL)).body ->> 'username' AS username;
SELECT e2emsg.grant_gateway('regress_e2emsg_app');
SET ROLE regress_e2emsg_app;
SELECT username FROM e2emsg.public_key('iris');
SELECT count(*) FROM e2emsg.send_messages('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}');
SELECT * FROM e2emsg.messages;
DELETE FROM e2emsg.mailboxes;
RESET ROLE;
-- default privileges of whoever installs give nothing away
BEGIN;
CREATE ROLE regress_e2emsg_other;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO regress_e2emsg_other;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO regress_e2emsg_other;
SET LOCAL client_min_messages = error;
DROP EXTENSION e2emsg CASCADE;
CREATE EXTENSION e2emsg;
DROP TABLE e2emsg.session_nonces;
CALL e2emsg.install();
SELECT count(*) FROM pg_proc p WHERE p.pronamespace = 'e2emsg'::regnamespace
	AND has_function_privilege('regress_e2emsg_other', p.oid, 'EXECUTE');
SELECT has_table_privilege('regress_e2emsg_other', 'e2emsg.session_nonces', 'SELECT');
-- and a DBA's grants on tables outlive install()
GRANT SELECT ON e2emsg.users TO regress_e2emsg_other;
CALL e2emsg.install();
SELECT has_table_privilege('regress_e2emsg_other', 'e2emsg.users', 'SELECT');
ROLLBACK;
DROP OWNED BY regress_e2emsg_gateway, regress_e2emsg_app;
DROP ROLE regress_e2emsg_gateway, regress_e2emsg_app;
