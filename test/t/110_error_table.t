# The error tables of the extension and of the gateway say the same.
use strict;
use warnings;
use E2emsg::Test;

my $server = E2emsg::Server->with_extension;
my $print  = run_command([ E2emsg::Gateway::binary(), '--print-errors' ]);
is($print->{status}, 0, '--print-errors') or diag $print->{err};

my (%gateway, %of_code);
for my $line (split /\n/, $print->{out})
{
	my ($sqlstate, $code, $status, $title) = split /\t/, $line;
	ok(!$of_code{$code}++, "$code stands once");
	like($status, qr/^[45]\d\d$/, "$code: an HTTP status of a refusal");
	ok(length $title, "$code: a title");
	$gateway{$sqlstate} = "$code|$status|$title" if $sqlstate =~ /^ME/;
}
my %sql = map { /^(\w+)\|(.*)$/ ? ($1 => $2) : () } split /\n/,
  $server->sql('SELECT sqlstate, code, status, title FROM e2emsg.error_codes()');
cmp_ok(scalar keys %sql, '>=', 18, 'the extension has a table');
is_deeply(\%gateway, \%sql, 'SQLSTATE, code, status and title agree');

is($server->sql(q{SELECT count(*) FROM e2emsg.error_codes() WHERE hint !~ '\.$' OR hint IS NULL}),
	'0', 'every hint is a sentence');
is($server->sql(<<'SQL'), '', 'a code and an SQLSTATE stand once');
SELECT code FROM e2emsg.error_codes() GROUP BY code HAVING count(*) > 1
UNION ALL
SELECT sqlstate FROM e2emsg.error_codes() GROUP BY sqlstate HAVING count(*) > 1
SQL

# What C raises (src/errors.h) stands in the table.
my $header = slurp(top_dir() . '/src/errors.h');
my %in_c = map { join('', 'ME', $_ =~ /'(\w)'/g) => 1 }
  map { /MAKE_SQLSTATE\(\s*'M',\s*'E',\s*(.*?)\)/ } split /\n/, $header;
is_deeply([ grep { !$sql{$_} } sort keys %in_c ], [], 'no SQLSTATE of C is missing');

done_testing();
