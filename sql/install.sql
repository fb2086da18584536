-- What CREATE EXTENSION and CALL install() make.
CREATE EXTENSION e2emsg;
CALL e2emsg.install();
-- again changes nothing, and keeps nobody from writing
BEGIN;
CALL e2emsg.install();
SELECT relation::regclass, mode FROM pg_locks
WHERE pid = pg_backend_pid() AND mode ~ '^(Share|Exclusive|AccessExclusive|ShareRowExclusive)Lock$'
	AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'e2emsg'::regnamespace AND relkind = 'r');
COMMIT;
SELECT c.relname, c.relkind, c.relowner::regrole, d.description
FROM pg_class c LEFT JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = 0
WHERE c.relnamespace = 'e2emsg'::regnamespace AND c.relkind IN ('r', 'v', 'S')
ORDER BY c.relname;
SELECT conrelid::regclass, conname, contype, convalidated
FROM pg_constraint WHERE connamespace = 'e2emsg'::regnamespace
ORDER BY conrelid::regclass::text COLLATE "C", conname;
-- tables are not members of the extension
SELECT count(*) FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND classid = 'pg_class'::regclass
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'e2emsg')
	AND deptype = 'e';
-- everything public is described
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'e2emsg'::regnamespace
	AND obj_description(p.oid, 'pg_proc') IS NULL;
-- the rows' constraints hold the extension back
DROP EXTENSION e2emsg;
