# Random SQL from sqlsmith, as an application's role, as the gateway's, and as
# a superuser for the functions that nobody else reaches: no backend crashes,
# nothing happens that "can't", no role comes to more than it was granted, and
# no sealed byte into the server's log.
#
# Without SMITH_SECONDS a fixed number of queries from fixed seeds; with it
# ("make smith SECONDS=600") seed after seed for so long, the roles in turn.
use strict;
use warnings;
use Time::HiRes qw(time);
use E2emsg::Test;

my $seconds = $ENV{SMITH_SECONDS};
my $round_s = 20;     # then the data are fresh again: delete_user() is called, too
my $queries = 500;
my @roles   = qw(app e2emsg_gateway postgres);
my $canary  = 'CANARY-OF-SEALED-BYTES';

my $server = E2emsg::Server->new;
$server->sql("ALTER SYSTEM SET $_") for 'log_error_verbosity = verbose',
  'log_min_error_statement = panic', 'track_functions = "all"';
$server->sql('SELECT pg_reload_conf()');
$server->sql('CREATE DATABASE smith');
my %smith = (database => 'smith');
$server->install_extension(%smith);
$server->sql(<<'SQL', %smith);
CREATE ROLE app LOGIN;
SELECT e2emsg.grant_app('app');
SQL

# Users with mail, keys in the log and backups.
$server->sql(sprintf(<<'SQL', map { json(public_jwk($_)) } 0 .. 3), %smith);
SELECT e2emsg.register_user('alice', '%s'), e2emsg.register_user('bob', '%s'),
	e2emsg.register_user('carol', '%s');
CALL e2emsg.rotate_key(e2emsg.find_user('bob'), '%s', 2);
SELECT * FROM e2emsg.sequence_key_log();
SELECT * FROM e2emsg.key_log_state() s, e2emsg.publish_checkpoint('v', s.size, s.root, 'n');
SQL
$server->sql(<<"SQL", %smith);
SELECT * FROM generate_series(1, 20) n, e2emsg.send_message(e2emsg.find_user('alice'),
	e2emsg.find_user('carol'), '$canary', substr(sha256(n::text::bytea), 1, 12),
	substr(sha256('tag'), 1, 16), 1, 1, 1);
INSERT INTO e2emsg.backups SELECT u.id, 1, sha256(u.username::bytea), '$canary'
FROM e2emsg.users u;
SQL

# What sqlsmith takes arguments from, as an application's own tables would hold
# it; and what it calls.  It asks for the functions in pg_proc, without a
# schema, and calls none that returns a set, so that these get a wrapper.
$server->sql(<<"SQL", %smith);
CREATE SCHEMA smith;
GRANT USAGE ON SCHEMA smith TO PUBLIC;
CREATE TABLE smith.samples AS
SELECT u.id, b.bytes, n.text, n.text::json AS json, n.text::jsonb AS jsonb,
	i.big::smallint AS small, i.big::integer AS int, i.big,
	clock_timestamp() + i.big * interval '1 day' AS at, i.big > 1 AS yes,
	ARRAY[u.id, u.id] AS ids, ARRAY[0, 1]::smallint[] AS smalls, ARRAY[1, NULL] AS ints,
	ARRAY[0, i.big] AS bigs, ARRAY[b.bytes, '\\x00'] AS byteas, ARRAY[u.username] AS names,
	u.username
FROM e2emsg.users u,
	(VALUES (0), (1), (2), (-1), (32767)) i (big),
	(VALUES (sha256('a')), (substr(sha256('b'), 1, 12)), (substr(sha256('c'), 1, 16)),
		('$canary'::bytea)) b (bytes),
	LATERAL (VALUES ('1'), (u.identity_key::text), ('{"through":1}'), ('"x"'),
		((SELECT k.key::text FROM e2emsg.public_keys k WHERE k.user_id = u.id LIMIT 1))) n (text)
WHERE n.text IS NOT NULL;
GRANT SELECT ON smith.samples TO PUBLIC;
DO \$\$
DECLARE
	called record;
BEGIN
	FOR called IN
		SELECT p.oid, p.proname, row_number() OVER (ORDER BY p.oid) AS number, ARRAY(SELECT format_type(t, NULL)
			FROM unnest(p.proargtypes) t) AS types,
			ARRAY(SELECT '\$' || n FROM generate_series(1, p.pronargs) n) AS arguments
		FROM pg_catalog.pg_proc p
		WHERE p.pronamespace = 'e2emsg'::regnamespace AND p.prokind = 'f'
			AND (p.proretset OR p.prorettype IN ('void'::regtype, 'record'::regtype))
	LOOP
		EXECUTE format('CREATE FUNCTION smith.%I_%s(%s) RETURNS text LANGUAGE sql
			AS ''SELECT count(c.*)::text FROM e2emsg.%I(%s) c''',
			called.proname, called.number, array_to_string(called.types, ','), called.proname,
			array_to_string(called.arguments, ','));
	END LOOP;
END
\$\$;
CREATE VIEW smith.pg_proc AS SELECT * FROM pg_catalog.pg_proc p
WHERE p.pronamespace IN ('e2emsg'::regnamespace, 'smith'::regnamespace)
		AND p.prokind = 'f' AND has_function_privilege(p.oid, 'EXECUTE')
	OR p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN ('count', 'max', 'min',
		'array_agg', 'json_agg', 'string_agg', 'sha256', 'array_append', 'array_cat', 'substr',
		'left', 'concat', 'to_json', 'json_build_object', 'convert_to', 'chr', 'lower');
-- a NULL of a pseudotype is no SQL
CREATE VIEW smith.pg_type AS
SELECT t.oid, t.typnamespace, t.typdelim, t.typrelid, t.typelem, t.typarray,
	CASE WHEN p.name IS NULL THEN t.typtype ELSE 'b' END AS typtype,
	coalesce(p.name, t.typname) AS typname
FROM pg_catalog.pg_type t LEFT JOIN (VALUES ('anyrange', 'int4range'),
	('anymultirange', 'int4multirange'), ('anyenum', 'int4')) p (pseudotype, name)
	ON p.pseudotype = t.typname;
GRANT SELECT ON smith.pg_proc, smith.pg_type TO PUBLIC;
SQL

# What roles may do, and who owns what.
sub rights
{
	return $server->sql(<<'SQL', database => $_[0]);
SELECT p.oid::regprocedure, p.proowner::regrole, p.proacl, p.proconfig, md5(p.prosrc)
FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'e2emsg'::regnamespace ORDER BY 1;
SELECT c.relname, c.relowner::regrole, c.relacl FROM pg_catalog.pg_class c
WHERE c.relnamespace = 'e2emsg'::regnamespace ORDER BY 1;
SELECT r.* FROM pg_catalog.pg_roles r ORDER BY r.rolname;
SELECT m.* FROM pg_catalog.pg_auth_members m ORDER BY 1, 2
SQL
}

# One run on a fresh copy of the database.
sub smith
{
	my ($role, $seed) = @_;
	$server->sql('DROP DATABASE IF EXISTS copy WITH (FORCE)');
	$server->sql('CREATE DATABASE copy TEMPLATE smith');
	my $target = $server->conninfo(database => 'copy', user => $role)
	  . " options='-c search_path=smith,pg_catalog'";
	return run_command([ 'timeout', $seconds ? $round_s : 120, 'sqlsmith', '--verbose',
		"--target=$target", "--seed=$seed", $role eq 'postgres' ? () : '--exclude-catalog',
		$seconds ? () : "--max-queries=$queries" ]);
}

# The server's log in entries: each begins with its time.
sub entries
{
	return split /^(?=\d{4}-\d\d-\d\d )/m, slurp($server->log_file);
}

my $rights = rights('smith');
my (%ran, %asked);
my $end = time + ($seconds // 0);
for (my $round = 0; $round < @roles || time < $end; $round++)
{
	my $role   = $roles[ $round % @roles ];
	my $result = smith($role, 1 + $round);
	$asked{$role} += $server->sql(<<'SQL', database => 'copy');
SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'copy'
SQL
	$ran{$role}{$_} = 1 for split /\n/, $server->sql(<<'SQL', database => 'copy');
SELECT funcname FROM pg_stat_user_functions WHERE schemaname = 'e2emsg'
SQL
	is(rights('copy'), $rights, "$role: rights are what they were");
	is($result->{status}, 0, "$role: every query had an answer") if !$seconds;
}
diag sprintf '%s: %d transactions, %d functions ran', $_, $asked{$_}, scalar keys %{ $ran{$_} }
  for $seconds ? @roles : ();
cmp_ok(scalar keys %{ $ran{$_} }, '>', 3, "$_: functions ran") for @roles;

my @entries = entries();
my @crashes = grep { /terminated by signal|PANIC:|TRAP:/ } @entries;
is("@crashes", '', 'no process of the server crashed');
my $ours = join '|', map { m{([^/]+)$} } glob top_dir() . '/src/*.c';
my @internal = grep { $entries[$_] =~ /ERROR:  XX/
	  && join('', @entries[ $_ .. $_ + 3 ]) =~ /e2emsg\.|LOCATION: .* (?:$ours):/ } 0 .. $#entries - 3;
is(join('', @entries[@internal]), '', 'no internal error');
my $bytes = substr $canary, 0, 12;
my $written = join '|', $bytes, map { unpack 'H*', $_ } $bytes;
my @sealed = grep { /\] (?:app|e2emsg_gateway)\@/ && /$written/ } @entries;
is("@sealed", '', 'no sealed bytes in an error');

done_testing();
