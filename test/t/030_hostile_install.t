# A plain user prepared the database before the extension came.
use strict;
use warnings;
use E2emsg::Test;

my $server = E2emsg::Server->new;
$server->sql('CREATE ROLE mallory LOGIN');

my $number = 0;

# A new database where mallory may create what she likes.
sub prepared
{
	my ($sql) = @_;
	my $name = 'hostile' . ++$number;
	$server->sql("CREATE DATABASE $name");
	$server->sql("GRANT CREATE ON DATABASE $name TO mallory");
	$server->sql('GRANT ALL ON SCHEMA public TO PUBLIC', database => $name);
	$server->sql($sql, database => $name, user => 'mallory');
	return $name;
}

my $create = 'CREATE EXTENSION e2emsg; CALL e2emsg.install()';
my $database = prepared('CREATE SCHEMA e2emsg');
is($server->refused($create, database => $database), '42501',
	"a schema of somebody else's stops the script");
is($server->sql('SELECT count(*) FROM pg_extension WHERE extname = $$e2emsg$$',
		database => $database), '0', 'and nothing is left');

$database = prepared(<<'SQL');
CREATE SCHEMA e2emsg;
CREATE FUNCTION e2emsg.is_username(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE TABLE e2emsg.users (id uuid, username text);
SQL
isnt($server->refused($create, database => $database), '',
	'nor are functions and tables in it adopted');
$server->sql('ALTER SCHEMA e2emsg OWNER TO postgres', database => $database);
isnt($server->refused($create, database => $database), '',
	'not even when the schema changed hands: her function is still there');
$server->sql('DROP FUNCTION e2emsg.is_username(text)', database => $database);
is($server->refused($create, database => $database), '42501',
	'her table stops install()');
is($server->sql(<<'SQL', database => $database), 'mallory', 'and stays hers');
SELECT relowner::regrole FROM pg_class WHERE oid = 'e2emsg.users'::regclass
SQL
$server->sql('DROP TABLE e2emsg.users', database => $database);
$server->sql('CALL e2emsg.install()', database => $database);
pass('without them install() goes through');

# A view, a sequence or a type in the place of a table
for my $object ('VIEW e2emsg.messages AS SELECT 1 AS x',
	'SEQUENCE e2emsg.mailboxes', 'MATERIALIZED VIEW e2emsg.users AS SELECT 1 AS x',
	'TYPE e2emsg.users AS (x int)')
{
	$database = prepared("CREATE SCHEMA e2emsg; CREATE $object");
	$server->sql('ALTER SCHEMA e2emsg OWNER TO postgres', database => $database);
	isnt($server->refused($create, database => $database), '', "CREATE $object");
}

# Functions and operators with better-matching arguments, found by name in
# public, that would run as the installing superuser
my $trap = 'RAISE EXCEPTION $m$trapped$m$';
$database = prepared(<<"SQL");
CREATE FUNCTION public.trap(name, text) RETURNS boolean LANGUAGE plpgsql
	AS \$\$ BEGIN $trap; END \$\$;
CREATE FUNCTION public.trap(name, name) RETURNS boolean LANGUAGE plpgsql
	AS \$\$ BEGIN $trap; END \$\$;
CREATE FUNCTION public.trap(oid, regclass) RETURNS boolean LANGUAGE plpgsql
	AS \$\$ BEGIN $trap; END \$\$;
CREATE FUNCTION public.trap(oid, regnamespace) RETURNS boolean LANGUAGE plpgsql
	AS \$\$ BEGIN $trap; END \$\$;
CREATE FUNCTION public.trap("char", "char") RETURNS boolean LANGUAGE plpgsql
	AS \$\$ BEGIN $trap; END \$\$;
CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.trap);
CREATE OPERATOR public.<> (LEFTARG = name, RIGHTARG = text, FUNCTION = public.trap);
CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = name, FUNCTION = public.trap);
CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = public.trap);
CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = regnamespace, FUNCTION = public.trap);
CREATE OPERATOR public.= (LEFTARG = "char", RIGHTARG = "char", FUNCTION = public.trap);
CREATE FUNCTION public.format(text, regprocedure) RETURNS text LANGUAGE plpgsql
	AS \$\$ BEGIN $trap; END \$\$;
CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE plpgsql
	AS \$\$ BEGIN $trap; END \$\$;
CREATE FUNCTION public.is_username(text) RETURNS boolean LANGUAGE plpgsql
	AS \$\$ BEGIN $trap; END \$\$;
CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql
	AS \$\$ BEGIN $trap; END \$\$;
SQL
for my $path ('public, pg_catalog', 'public, e2emsg, pg_catalog', '"$user", public')
{
	my $result = $server->try(
		"SET client_min_messages = warning; SET search_path = $path; CREATE EXTENSION e2emsg; CALL e2emsg.install();"
		  . sprintf("SELECT e2emsg.register_user('alice', '%s');", json(public_jwk(0)))
		  . 'SELECT e2emsg.grant_gateway($$mallory$$);'
		  . 'SELECT count(*) FROM e2emsg.key_rotations($$alice$$);'
		  . 'DROP EXTENSION e2emsg CASCADE; DROP TABLE e2emsg.users, e2emsg.public_keys,
			e2emsg.key_rotation_log, e2emsg.mailboxes, e2emsg.messages,
			e2emsg.session_nonces CASCADE',
		database => $database);
	is($result->{err}, '', "traps in public, search_path = $path");
}

# The owner's role, prepared with too much
$server->sql('ALTER ROLE e2emsg_owner LOGIN');
$server->sql('CREATE DATABASE role_login');
is($server->refused('CREATE EXTENSION e2emsg', database => 'role_login'), '42501',
	'an e2emsg_owner that can log in stops the script');
$server->sql('ALTER ROLE e2emsg_owner NOLOGIN SUPERUSER');
is($server->refused('CREATE EXTENSION e2emsg', database => 'role_login'), '42501',
	'and so does a superuser of that name');
$server->sql('ALTER ROLE e2emsg_owner NOSUPERUSER');

done_testing();
