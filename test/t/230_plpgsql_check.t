# plpgsql_check has nothing to say of any PL/pgSQL function: no error that only
# a rare branch would show, no needless conversion, no wrong volatility, no SQL
# put together from text.
use strict;
use warnings;
use E2emsg::Test;

my $server = E2emsg::Server->with_extension;
$server->sql('CREATE EXTENSION plpgsql_check');

# Where it is wrong, and why.
my %allowed = (
	(map { ("$_: text type variable is not sanitized" =>
			  'a part of install(), whose definitions stand in the source') }
		qw(add_missing_constraint add_missing_columns set_trigger)),
	'revoke_from_all: text type variable is not sanitized' =>
	  'only the installing role calls it, with names from the catalogs',
	'refuse: routine is marked as VOLATILE, should be IMMUTABLE' =>
	  'the planner would call it, and raise, in branches that are not taken',
);

my @functions = split /\n/, $server->sql(<<'SQL');
SELECT p.oid::regprocedure FROM pg_proc p
JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
WHERE p.pronamespace = 'e2emsg'::regnamespace ORDER BY p.proname
SQL
cmp_ok(scalar @functions, '>', 30, 'there are functions to look at');
for my $function (@functions)
{
	my @found = split /\n/, $server->sql(<<"SQL");
SELECT p.proname || ': ' || f.message, ' (line ' || f.lineno || ')'
FROM pg_proc p, plpgsql_check_function_tb(p.oid, all_warnings => true,
	relid => CASE WHEN p.prorettype = 'trigger'::regtype
		THEN 'e2emsg.key_rotation_log'::regclass ELSE 0 END) f
WHERE p.oid = '$function'::regprocedure
SQL
	my @wrong = grep { !delete $allowed{ s/\|.*//r } } @found;
	is("@wrong", '', $function);
}
is(join(', ', sort keys %allowed), '', 'every exception is still needed');

done_testing();
