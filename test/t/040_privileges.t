# What each role can do, read from the catalogs and tried out.
use strict;
use warnings;
use E2emsg::Test;

my $server = E2emsg::Server->with_extension;
$server->sql(<<'SQL');
CREATE ROLE plain LOGIN;
CREATE ROLE app LOGIN;
SELECT e2emsg.grant_app('app');
SQL

my $routines = <<'SQL';
SELECT p.* FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid
WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
	AND d.refclassid = 'pg_extension'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'e2emsg')
SQL

is($server->sql(<<"SQL"), '', 'no function belongs to a superuser');
SELECT r.oid::regprocedure FROM ($routines) r
JOIN pg_roles o ON o.oid = r.proowner WHERE o.rolsuper OR o.rolcanlogin
SQL
is($server->sql(<<"SQL"), '', 'every SECURITY DEFINER function has a pinned search_path');
SELECT r.oid::regprocedure FROM ($routines) r
WHERE r.prosecdef
	AND NOT coalesce(r.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)
SQL
is($server->sql(<<"SQL"), '', 'no function that changes something is SECURITY INVOKER and open');
SELECT r.oid::regprocedure FROM ($routines) r
WHERE r.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(r.proacl) a WHERE a.grantee = 0)
SQL
is($server->sql(<<'SQL'), '', 'PUBLIC has no right on schema or tables');
SELECT nspname FROM pg_namespace n, aclexplode(n.nspacl) a
WHERE nspname = 'e2emsg' AND a.grantee = 0
UNION ALL
SELECT relname FROM pg_class c, aclexplode(c.relacl) a
WHERE relnamespace = 'e2emsg'::regnamespace AND a.grantee = 0
SQL
is($server->sql(<<"SQL"), '', 'no function is LEAKPROOF');
SELECT r.oid::regprocedure FROM ($routines) r WHERE r.proleakproof
SQL
is($server->sql(<<'SQL'), 'f|f|f|f|f|f', 'e2emsg_owner is an ordinary role that nobody can be');
SELECT rolsuper, rolcanlogin, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
FROM pg_roles WHERE rolname = 'e2emsg_owner'
SQL
is($server->sql(<<'SQL'), '', 'e2emsg_owner is in no role and nobody is in it');
SELECT roleid::regrole, member::regrole FROM pg_auth_members
WHERE 'e2emsg_owner'::regrole IN (roleid, member)
SQL

# What the gateway's role may execute is exactly what the gateway calls.
my @may_execute = split /\n/, $server->sql(<<"SQL");
SELECT r.proname FROM ($routines) r
WHERE has_function_privilege('e2emsg_gateway', r.oid, 'EXECUTE') ORDER BY 1
SQL
my $source = join '', map { slurp($_) } glob(top_dir() . '/gateway/*.c');
my @called = grep { $source =~ /(?<!CALL e2emsg\.)\b$_\((?:\$1|\))/ } sort split /\n/,
  $server->sql("SELECT DISTINCT r.proname FROM ($routines) r");
is_deeply(\@may_execute, \@called,
	'the gateway may execute what it calls, no more and no less');
unlike($source, qr/\b(?:FROM|INTO|UPDATE)\s+e2emsg\.(?:users|messages|mailboxes|public_keys)\b/,
	'and names no table');

my @tables = split /\n/, $server->sql(<<'SQL');
SELECT oid::regclass FROM pg_class
WHERE relnamespace = 'e2emsg'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S') ORDER BY 1
SQL
cmp_ok(scalar @tables, '>=', 6, 'there are tables to look at');
for my $role (qw(e2emsg_gateway app plain))
{
	is($server->sql(<<"SQL"), '0', "$role: no table right in the catalogs");
SELECT count(*) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
	'REFERENCES', 'TRIGGER']) p, pg_class c
WHERE c.relnamespace = 'e2emsg'::regnamespace AND c.relkind = 'r'
	AND has_table_privilege('$role', c.oid, p)
SQL
	for my $table (@tables)
	{
		is($server->refused("SELECT * FROM $table LIMIT 1", user => $role),
			'42501', "$role can't read $table");
	}
	is($server->refused("SET ROLE e2emsg_owner", user => $role),
		'42501', "$role can't become the owner");
	is($server->refused("CREATE TABLE e2emsg.mine ()", user => $role),
		'42501', "$role can't create in the schema");
}

is($server->refused(q{SELECT e2emsg.is_base64url('abcd')}, user => 'plain'),
	'42501', 'a plain user can execute nothing');
is($server->refused(sprintf(q{SELECT e2emsg.register_user('mallory', '%s')},
		json(public_jwk(0))), user => 'e2emsg_gateway'),
	'42501', 'the gateway reaches registration only through its REST function');
is($server->refused('CALL e2emsg.install()', user => 'e2emsg_gateway'),
	'42501', 'the gateway cannot install');
is($server->refused(q{SELECT e2emsg.grant_gateway('plain')}, user => 'app'),
	'42501', 'an application cannot grant');
$server->sql(sprintf(q{SELECT e2emsg.register_user('alice', '%s')}, json(public_jwk(0))),
	user => 'app');
is($server->sql('SELECT username FROM e2emsg.users'), 'alice',
	'an application registers a user');
is($server->refused(q{SELECT e2emsg.reset_identity_key(e2emsg.find_user('alice'), NULL, NULL)},
		user => 'app'),
	'42501', "an operator's reset is not for applications");

# A function of the caller's own cannot slip in between.
$server->sql(<<'SQL', user => 'app');
CREATE TEMP TABLE users (id uuid, username text);
CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE plpgsql
	AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
SET search_path = pg_temp, pg_catalog;
SELECT e2emsg.public_key('alice');
SELECT e2emsg.find_user('alice');
SQL
pass("the caller's search_path and temporary objects change nothing");

done_testing();
