# Every function of the extension, as the catalog has them, with hostile
# arguments, a hostile search_path, large arguments and other encodings: no
# backend crashes, every error is one that was thought of, and none repeats what
# was sent.  A role gets no further than it was granted.
use strict;
use warnings;
use E2emsg::Test;
use E2emsg::Calls;

my $server = E2emsg::Server->with_extension;
$server->sql("ALTER SYSTEM SET $_") for 'log_min_error_statement = panic', "log_statement = 'none'";
$server->sql('SELECT pg_reload_conf()');
$server->sql(<<'SQL');
CREATE ROLE app LOGIN;
CREATE ROLE plain LOGIN;
SELECT e2emsg.grant_app('app');
SQL
my $alice = $server->sql(sprintf q{SELECT e2emsg.register_user('alice', '%s')}, json(public_jwk(0)));
$server->sql('SELECT * FROM e2emsg.sequence_key_log()');
$server->sql(<<'SQL');
SELECT * FROM e2emsg.key_log_state() s, e2emsg.publish_checkpoint('verifier', s.size, s.root, 'note')
SQL

sub calls { return E2emsg::Calls::generate($server, @_) }
sub run   { return E2emsg::Calls::run($server, @_, known => $alice) }

# What each role calls, and which SQLSTATEs it may get, beside class ME, data
# exceptions (22) and program limits (54).
my %roles = (
	app => { may => qr/^$/, each => 24 },
	e2emsg_gateway => { may => qr/^23502$/, each => 24 },
	# parts of functions, which nobody else may call
	postgres => { may => qr/^(?:23502|23514|42601|42P01|42804|P0002)$/, each => 6 },
);
for my $role (keys %roles)
{
	$roles{$role}{calls} = [ calls(each => $roles{$role}{each},
			where => "has_function_privilege('$role', p.oid, 'EXECUTE')") ];
}

# One line for each function that got what it should not.
sub unexpected
{
	my ($role) = @_;
	my %seen;
	return join '', map { "$_->{sql}\n$_->{error}" } grep { !$seen{"$_->{name} $_->{sqlstate}"}++ }
	  grep { $_->{sqlstate} !~ /^(?:|ME...|22...|54...)$/ && $_->{sqlstate} !~ $roles{$role}{may} }
	  @{ $roles{$role}{calls} };
}

sub repeats_bytes
{
	my (@texts) = @_;
	my ($canary) = $E2emsg::Calls::canary;
	my $hex = unpack 'H*', $canary;
	return grep { /\Q$canary\E|$hex/ } @texts;
}

# --- arguments --------------------------------------------------------------------

my $rows = rows();
for my $role (sort keys %roles)
{
	my $calls = $roles{$role}{calls};
	run($calls, user => $role);
	is(unexpected($role), '', "$role: " . @$calls . ' calls, no unexpected error');
	my %came = map { ("$_->{name} " . ($_->{sqlstate} eq '' ? 'ok' : 'error') => 1) } @$calls;
	cmp_ok(scalar(grep { / ok$/ } keys %came), '>', 8, "$role: some go through");
	$_->{clean} = $_->{sqlstate} for @$calls;
}
is(rows(), $rows, 'all of it was rolled back');
my @quiet = map { @{ $roles{$_}{calls} } } qw(app e2emsg_gateway);
is(join('', repeats_bytes(map { $_->{error} } @quiet)), '', 'no error repeats what was sent');

sub rows
{
	return $server->sql(<<'SQL');
SELECT (SELECT md5(string_agg(u::text, '' ORDER BY u.id)) FROM e2emsg.users u),
	(SELECT md5(string_agg(m::text, '' ORDER BY m.id)) FROM e2emsg.mailboxes m),
	(SELECT count(*) FROM e2emsg.messages), (SELECT count(*) FROM e2emsg.key_log_tiles)
SQL
}

# --- rights -----------------------------------------------------------------------

for my $role (qw(plain app e2emsg_gateway))
{
	my @denied = calls(each => 1, never_null => 1, where => "NOT has_function_privilege('$role', p.oid, 'EXECUTE')
		AND p.prorettype <> 'trigger'::regtype");
	run(\@denied, user => $role);
	is(join(' ', map { $_->{name} } grep { $_->{sqlstate} ne '42501' } @denied), '',
		"$role: " . @denied . ' calls that nobody granted are refused');
}
is($server->sql(<<'SQL'), '', 'a role that has nothing can execute nothing');
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'e2emsg'::regnamespace AND has_function_privilege('plain', p.oid, 'EXECUTE')
SQL
my @tables = split /\n/, $server->sql(<<'SQL');
SELECT c.oid::regclass FROM pg_class c
WHERE c.relnamespace = 'e2emsg'::regnamespace AND c.relkind IN ('r', 'v', 'S', 'm', 'p') ORDER BY 1
SQL
for my $role (qw(plain app e2emsg_gateway))
{
	is(join(' ', grep { $server->refused("SELECT * FROM $_", user => $role) ne '42501' } @tables), '',
		"$role reads no table");
}

# --- a hostile search_path --------------------------------------------------------

# A schema that has, in the place of everything in pg_catalog, something that
# says that it was called: made by the application's role, with what it has.
$server->sql('CREATE SCHEMA evil AUTHORIZATION app; GRANT USAGE ON SCHEMA evil TO PUBLIC');
$server->sql(<<'SQL', user => 'app');
SET client_min_messages = error;
DO $$
DECLARE
	statement text;
BEGIN
	FOR statement IN
		SELECT format('CREATE FUNCTION evil.%I(%s) RETURNS %s%s LANGUAGE plpgsql
			AS ''BEGIN RAISE EXCEPTION ''''trapped''''; END''', p.proname,
			array_to_string(ARRAY(SELECT format('%s.%I', t.typnamespace::regnamespace, t.typname)
				FROM unnest(p.proargtypes) WITH ORDINALITY a (type, n)
				JOIN pg_catalog.pg_type t ON t.oid = a.type ORDER BY a.n), ', '),
			CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END, p.prorettype::regtype)
		FROM pg_catalog.pg_proc p
		WHERE p.pronamespace IN ('pg_catalog'::regnamespace, 'e2emsg'::regnamespace)
			AND p.prokind = 'f'
		UNION ALL
		SELECT format('CREATE OPERATOR evil.%s (%s RIGHTARG = %s, FUNCTION = evil.%I)', o.oprname,
			CASE WHEN o.oprleft = 0 THEN '' ELSE format('LEFTARG = %s,', o.oprleft::regtype) END,
			o.oprright::regtype, p.proname)
		FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
		UNION ALL
		SELECT format('CREATE DOMAIN evil.%I AS oid', t.typname)
		FROM pg_catalog.pg_type t
		WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype = 'b' AND t.typelem = 0
		UNION ALL
		SELECT format('CREATE TABLE evil.%I (id oid, user_id oid)', c.relname)
		FROM pg_catalog.pg_class c
		WHERE c.relnamespace = 'e2emsg'::regnamespace AND c.relkind IN ('r', 'v')
			OR c.oid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_constraint'::regclass)
	LOOP
		BEGIN
			EXECUTE statement;
		EXCEPTION WHEN OTHERS THEN -- of pseudotypes there are none
		END;
	END LOOP;
END
$$;
SQL
cmp_ok($server->sql(<<'SQL'), '>', 3000, 'thousands of traps');
SELECT (SELECT count(*) FROM pg_proc WHERE pronamespace = 'evil'::regnamespace)
	+ (SELECT count(*) FROM pg_operator WHERE oprnamespace = 'evil'::regnamespace)
SQL
is($server->refused('SET search_path = evil, pg_catalog; SELECT 1 = 1', user => 'app'), 'P0001',
	'they are met by who does not qualify');

my $hostile = join "\n", 'SET client_min_messages = error;',
  (map { my ($table) = /\.(.*)/; "CREATE TEMP TABLE $table (id oid, user_id oid);" } @tables),
  'SET search_path = evil, pg_temp, e2emsg, pg_catalog;';
for my $role (sort keys %roles)
{
	my $calls = $roles{$role}{calls};
	run($calls, user => $role, before => $hostile);
	is(join('', map { "$_->{sql}\n$_->{error}" } grep { $_->{sqlstate} ne $_->{clean} } @$calls), '',
		"$role: the same answers under a hostile search_path");
}

# --- large arguments --------------------------------------------------------------

# 8 MB in each argument that takes them, and what the session needed for all.
my @large = calls(each => 0, where => "has_function_privilege('app', p.oid, 'EXECUTE')
	OR has_function_privilege('e2emsg_gateway', p.oid, 'EXECUTE')");
for my $call (@large)
{
	my $text = "pg_catalog.repeat('[\"x\",', 1600000)";
	$call->{sql} =~ s/NULL::pg_catalog\.text\b/$text/g;
	$call->{sql} =~ s/NULL::pg_catalog\.bytea\b/pg_catalog.convert_to($text, 'UTF8')/g;
	$call->{sql} =~ s/NULL::pg_catalog\._bytea\b/ARRAY[pg_catalog.convert_to($text, 'UTF8')]/g;
	$call->{sql} =~ s/NULL::pg_catalog\.json\b/'{}'::json/g;
	$call->{sql} =~ s/NULL::pg_catalog\._(\w+)/ARRAY[NULL]::pg_catalog._$1/g;
}
@large = grep { $_->{sql} =~ /repeat/ } @large;
my $memory = <<'SQL';
DO $$ BEGIN RAISE EXCEPTION 'HWM %',
	substring(pg_read_file('/proc/self/status', 0, 4000) from 'VmHWM:\s+(\d+) kB'); END $$;
SQL
push @large, { name => 'memory', sql => $memory =~ tr/\n/ /r };
run(\@large);
is(join('', map { "$_->{sql}\n$_->{error}" } grep { $_->{sqlstate} !~ /^(?:|ME...|22...|54...)$/ }
			@large[ 0 .. $#large - 1 ]), '', $#large . ' calls with 8 MB in each argument');
my ($kilobytes) = $large[-1]{error} =~ /HWM (\d+)/;
cmp_ok($kilobytes, '<', 1024 * 256, 'with no more memory than copies of it');

# --- encodings --------------------------------------------------------------------

for my $encoding (qw(SQL_ASCII LATIN1 EUC_JP))
{
	$server->sql("CREATE DATABASE other TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'");
	is($server->refused('CREATE EXTENSION e2emsg', database => 'other'), '0A000',
		"a database in $encoding is refused");
	is($server->sql("SELECT count(*) FROM pg_extension WHERE extname = 'e2emsg'", database => 'other'), '0',
		'and nothing is left in it');
	$server->sql('DROP DATABASE other');
}
for my $bytes ("\xff\xfe", "\xc0\x80", "\xed\xa0\x80", "\xe9")
{
	is($server->refused("SELECT e2emsg.rest_register('{\"username\":\"$bytes\"}')"), '22021',
		sprintf 'no UTF-8: %s', unpack 'H*', $bytes);
}
is($server->refused(sprintf("SET client_encoding = LATIN1; SELECT e2emsg.register_user('al\xe9x', '%s')",
			json(public_jwk(1)))), 'ME002', "a client's encoding is converted, and then judged");

# --- afterwards -------------------------------------------------------------------

is(rows(), $rows, 'nothing has changed');
my $log = slurp($server->log_file);
unlike($log, qr/PANIC:|terminated by signal|TRAP:|ERROR:  XX/, 'no crash and no internal error');
is(join('', repeats_bytes(grep { /(?:app|e2emsg_gateway)\@/ } split /^(?=\d{4}-)/m, $log)), '',
	'nor does the log repeat what was sent');

done_testing();
