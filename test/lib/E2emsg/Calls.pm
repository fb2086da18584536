package E2emsg::Calls;

# Calls of the extension's functions with hostile arguments, from the catalog.
#
#   my @calls = E2emsg::Calls::generate($server, %options)
#       -> { name, sql }, the same in every run
#       options: database; each: how many random calls of each function, beside
#       one with NULLs alone; never_null: no NULL at all; where: a condition on
#       pg_proc p
#   E2emsg::Calls::run($server, \@calls, %options)
#       adds to each what came of it: sqlstate, and error, the text that the
#       caller got; in one session, each in a transaction that is rolled back;
#       dies when the session breaks
#       options: database, user; before: SQL for the session; known: a user's id
#
# Everything in a call is qualified, so that it means the same under whatever
# search_path.

use strict;
use warnings;
use E2emsg::Test ();

# Known to no server: what must not stand in an error.
our $canary = 'CanaryOfSealedBytes';

my $jwk = E2emsg::Test::json(E2emsg::Test::public_jwk(7));

sub literal
{
	my ($value, $type) = @_;
	$value =~ s/'/''/g;
	return "'$value'::pg_catalog.$type";
}

sub repeated
{
	my ($text, $times) = @_;
	return sprintf 'pg_catalog.repeat(%s, %d)', literal($text, 'text'), $times;
}

sub bytes_of { return "pg_catalog.convert_to($_[0], 'UTF8')" }

my @numbers = (0, 1, 2, -1);
my %numbers = (
	int2 => [ @numbers, 32767, -32768 ],
	int4 => [ @numbers, 2147483647, -2147483648 ],
	int8 => [ @numbers, 256, '9223372036854775807', '-9223372036854775808' ],
);
my @bodies = (
	'{}', '[]', 'null', '""', '{"a":1}', '{"through":1}', '{"through":-1}', "{\"backup\":\"$canary\"",
	"{\"version\":1,\"locator\":\"$canary\",\"backup\":\"$canary\"}",
	"{\"username\":\"alice\",\"locator\":\"$canary\"}", "{\"username\":\"new\",\"publicKey\":$jwk}",
	"{\"publicKey\":$jwk,\"keyVersion\":2}", $jwk,
	$jwk =~ s/\}$/,"d":"$canary"}/r, $jwk =~ s/\}$/,"kty":"EC"}/r);

# The user in every database of these tests, and one who is not there.
my $user = "pg_catalog.current_setting('abuse.user')::pg_catalog.uuid";

my %values = (
	(map { my $type = $_; ($type => [ map { literal($_, $type) } @{ $numbers{$type} } ]) } keys %numbers),
	bool => [ 'true', 'false' ],
	uuid => [ $user, map { literal($_, 'uuid') } '00000000-0000-0000-0000-000000000000',
		'ffffffff-ffff-ffff-ffff-ffffffffffff' ],
	text => [
		(map { literal($_, 'text') } '', 'alice', 'encryption', 'identity', 'registered', "\x{7f}", '0', '1', '%s%n%I',
			"';--", '9223372036854775807', '999999999999999', '00', '0/000.p/1', 'AAAA', 'A' x 33,
			$canary, @bodies),
		"$user\::pg_catalog.text", repeated('x', 1_000_000), repeated('[', 1_000_000), repeated('{"a":', 200_000),
		repeated("\x{c3}\x{a9}", 500_000) ],
	bytea => [
		literal('', 'bytea'), literal('\x00', 'bytea'), bytes_of(literal($canary, 'text')),
		(map { bytes_of(repeated('k', $_)) } 12, 16, 31, 32, 33, 64, 65, 8192, 65536, 65537, 1_000_000) ],
	json => [
		(map { literal($_, 'json') } grep { decodes($_) } @bodies),
		(map { "pg_catalog.concat($_)::pg_catalog.json" } repeated('[', 2000) . ', ' . repeated(']', 2000),
			"'\"', " . repeated('x', 1_000_000) . ", '\"'") ],
	timestamptz => [ map { literal($_, 'timestamptz') } 'infinity', '-infinity', '4713-01-01 BC',
		'294276-12-31', '2026-01-01', '9999-12-31 23:59:59.9999' ],
	interval => [ map { literal($_, 'interval') } '178000000 years', '-1 second' ],
	name     => [ map { literal($_, 'name') } '', 'x', "';--" ],
	regrole  => [ map { literal($_, 'regrole') } '0', 'pg_monitor', '4294967295' ],
	regclass => [ map { literal($_, 'regclass') } '0', 'pg_catalog.pg_class', '4294967295' ],
	aclitem  => [ literal('=r/postgres', 'aclitem') ],
);
$values{jsonb} = [ map { s/pg_catalog\.json$/pg_catalog.jsonb/r } @{ $values{json} } ];

sub decodes { return defined E2emsg::Test::decode($_[0]) || $_[0] eq 'null' }

# A small generator of our own: the same numbers on every machine.
my ($state, $never_null);
sub pick
{
	my ($list) = @_;
	$state = ($state * 1103515245 + 12345) % 2147483648;
	return $list->[ ($state >> 8) % @$list ];
}

sub one
{
	my ($type, $length) = @_;
	return "NULL::pg_catalog.$type" if !$never_null && pick([ 0 .. 7 ]) == 0;
	return pick($values{$type} // die "no values of type $type\n") if $type !~ /^_(.*)/;
	return defined $length ? array($1, $length) : pick([ odd_arrays($1) ]);
}

sub array
{
	my ($type, $length) = @_;
	return sprintf 'ARRAY[%s]::pg_catalog._%s', join(', ', map { one($type) } 1 .. $length), $type;
}

# Of several lengths and dimensions, and with another lower bound.
sub odd_arrays
{
	my ($type) = @_;
	return (
		(map { array($type, $_) } 0 .. 3),
		sprintf('ARRAY[[%s,%s],[%s,NULL]]::pg_catalog._%s', (map { one($type) } 1 .. 3), $type),
		sprintf('pg_catalog.array_fill(%s, ARRAY[2], ARRAY[2147483600])', pick($values{$type})),
		"pg_catalog.array_fill(NULL::pg_catalog.$type, ARRAY[100000])");
}

# Each function first with NULLs alone; then so that the arrays of a call have
# one length in every other call, as what takes several mostly wants them.
sub generate
{
	my ($server, %options) = @_;
	my $where = $options{where} // 'true';
	($state, $never_null) = (1, $options{never_null});
	my @calls;
	for my $line (split /\n/, $server->sql(<<"SQL", database => $options{database}))
SELECT p.proname, p.prokind, array_to_string(ARRAY(
	SELECT t.typname FROM unnest(p.proargtypes) WITH ORDINALITY a (type, n)
	JOIN pg_type t ON t.oid = a.type ORDER BY a.n), ',')
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
WHERE e.extname = 'e2emsg' AND ($where)
ORDER BY p.proname, p.proargtypes::text
SQL
	{
		my ($name, $kind, $types) = split /\|/, $line, -1;
		my @types = split /,/, $types;
		my $form = $kind eq 'p' ? 'CALL e2emsg.%s(%s)' : 'SELECT * FROM e2emsg.%s(%s)';
		my @lists = $never_null && @types ? () : [ map { "NULL::pg_catalog.$_" } @types ];
		for my $n (1 .. (@types ? $options{each} : 0))
		{
			my $length = $n % 2 ? undef : pick([ 0, 1, 2, 5 ]);
			push @lists, [ map { one($_, $length) } @types ];
		}
		push @calls, map { { name => $name, sql => sprintf $form, $name, join ', ', @$_ } } @lists;
	}
	return @calls;
}

sub run
{
	my ($server, $calls, %options) = @_;
	my @lines = (
		'\set ON_ERROR_STOP 0', '\o /dev/null', "SET statement_timeout = '30s';",
		"SELECT set_config('abuse.user', '$options{known}', false);",
		split(/\n/, $options{before} // ''));
	my $first = @lines + 1;
	push @lines, map { "BEGIN; $_->{sql}; ROLLBACK;" } @$calls;
	my $result = $server->try(join("\n", @lines, ''), %options);
	$_->{sqlstate} = $_->{error} = '' for @$calls;
	my $call;
	for my $line (split /\n/, $result->{err})
	{
		if ($line =~ /^psql:<stdin>:(\d+): (?:ERROR|FATAL|PANIC):  (\w{5}): /)
		{
			$call = $1 >= $first ? $calls->[ $1 - $first ] : { name => 'before' };
			die "$line\n" if !defined $call || $call->{name} eq 'before';
			$call->{sqlstate} = $2;
		}
		$call->{error} .= "$line\n" if $call;
	}
	die "the session broke:\n" . substr($result->{err}, -600) if $result->{err} =~ /connection to server was lost/;
	return;
}

1;
