# docs/operations.md: its tables are those of the programs, its commands work, and
# the server's logs show what it says.
use strict;
use warnings;
use E2emsg::Content;
use E2emsg::Doc;
use E2emsg::Settings;
use E2emsg::Test;

my $doc    = 'docs/operations.md';
my $text   = slurp(top_dir() . "/$doc");
my $server = E2emsg::Server->new;

# --- settings -----------------------------------------------------------------------------

# The table after a heading, whose rows begin like that.
sub table_is
{
	my ($begin, @expected) = @_;
	my @found = grep { /^\| `$begin` \|(?:[^|]*\|){3,4}$/ } split /\n/, $text;
	is(join("\n", @found), join("\n", @expected), "the table of $begin") or diag join "\n", 'it should be:', @expected;
	return;
}

$server->sql('CREATE DATABASE shop');
$server->sql(doc_block($doc, 'As a superuser in that database', 'sql'), database => 'shop');
my ($settings) = $text =~ /^## Settings\n(.*?)^## /ms;
$text = $settings;
table_is('[a-z]\w*',         gateway_rows());
table_is('e2emsg\.[a-z]\w*', database_rows($server));

# --- as the README has it, in that order -------------------------------------------------------

sub refusal { return $server->try($_[0], database => 'readme')->{err} }

my $steps = doc_with(doc_block('README.md', 'in this order:', 'sql'), 'DATABASE shop' => 'DATABASE readme',
	'CREATE ROLE e2emsg_gateway LOGIN;' => '');
$server->sql('CREATE DATABASE readme');
like(refusal('CALL e2emsg.install()'), qr/schema "e2emsg" does not exist/, 'install() before the extension');
my ($first, $others) = $steps =~ /\A(.*?;)(.*)\z/s;
$server->sql($first, database => 'readme');
like(refusal(sprintf q{SELECT e2emsg.register_user('alice', '%s')}, json(public_jwk(0))), qr/relation "e2emsg\.users" does not exist/,
	'a call before install()');
$server->sql($others, database => 'readme');
is($server->sql('SELECT e2emsg.service_name()', database => 'readme'), 'chat.example.org', 'README: the service has its name');

# --- what was installed works ------------------------------------------------------------------

my $gateway = E2emsg::Gateway->new($server, database => $server->conninfo(database => 'shop'));
my ($alice, $bob) = map { $gateway->register($_->[0], $_->[1]) } [ 'alice', 0 ], [ 'bob', 1 ];
is($server->sql('SELECT e2emsg.service_name()', database => 'shop'), 'chat.example.org', 'the service has its name');

my $envelopes = 0;

sub talk
{
	my $reply = $gateway->request('POST', '/messages', as => $alice,
		body => { receiverId => $bob->{id}, ciphertext => '3q2-7yRJTk5F', authTag => 'A' x 22, keyVersion => 1,
			iv => sprintf '%016d', ++$envelopes });
	is($reply->{status}, 201, "message $envelopes");
	is($gateway->request('GET', '/messages', as => $bob)->{status}, 200, 'is read');
	is($gateway->request('GET', '/users/alice/public-key', as => $bob)->{status}, 200, 'a key is looked up');
	return;
}
talk();

# --- purging, as cron does it ---------------------------------------------------------------------

$server->sql('SELECT e2emsg.acknowledge(e2emsg.find_user($$bob$$), 1)', database => 'shop');
$server->sql(q{UPDATE e2emsg.messages SET sent_at = sent_at - interval '8 days'}, database => 'shop');
my $purged = run_command([ qw(timeout 60 sh -c), doc_block($doc, '## Purging', 'sh') ], env => $server->env);
is($purged->{status}, 0, 'the script for cron ends') or diag $purged->{err};
is($server->sql('SELECT count(*) FROM e2emsg.messages', database => 'shop'), 0, 'and has purged');
talk();

my ($job) = doc_block($doc, 'With `pg_cron`', 'sql') =~ /\$\$\n(.*)\$\$\);\n\z/s;
is($server->try($job, database => 'shop')->{status}, 0, 'so does the job of pg_cron');
$server->sql(doc_block($doc, '## Mailboxes', 'sql'), database => 'shop');
is($server->sql('SHOW e2emsg.mailbox_quota_kb', database => 'shop'), '100MB', 'quotas');

# --- dump and restore -------------------------------------------------------------------------------

my $dir = scratch_dir();
chmod 0777, $dir;
my $new = E2emsg::Server->new;
for my $case ([ $server, '### pg_dump' ], [ $new, 'Into another server' ])
{
	my $result = $case->[0]->shell(doc_with(doc_block($doc, $case->[1], 'sh'), '/srv/backup' => $dir));
	is($result->{status}, 0, $case->[1]) or diag $result->{err};
}
is_deeply(rows($new, database => 'shop'), rows($server, database => 'shop'), 'every row');
my ($then, $now) = map { catalog($_, database => 'shop') } $server, $new;
is_deeply($now->{$_}, $then->{$_}, $_) for sort keys %$then;

# --- an upgrade that has nothing to do ------------------------------------------------------------------

is($server->try(doc_block($doc, 'then restart the gateways', 'sql'), database => 'shop')->{status}, 0, 'the steps of an upgrade');
is_deeply(catalog($server, database => 'shop'), $then, 'change nothing here');

# --- what the server's logs show -----------------------------------------------------------------------

my %traces = (ciphertext => qr/deadbeef24494e4e45/i, id => qr/$bob->{id}/, name => qr/\balice\b/);

# With these settings, what a conversation leaves in the log.
sub shows
{
	my ($name, $expected, %settings) = @_;
	$server->sql("ALTER SYSTEM SET $_ = '$settings{$_}'") for keys %settings;
	$server->sql('SELECT pg_reload_conf()');
	for my $setting (keys %settings)
	{
		# a new session has it: by then the others have been told, too
		ok(wait_until(sub { $server->sql("SHOW $setting") eq $settings{$setting} }, 20), "$setting = $settings{$setting}");
	}
	my $begin = -s $server->log_file;
	talk();
	my $log = substr slurp($server->log_file), $begin;
	ok(!%settings || length $log, "$name: something is logged");
	is(join(' ', grep { $log =~ $traces{$_} } sort keys %traces), $expected, "$name: what is shown");
	return;
}

$server->sql('ALTER SYSTEM SET shared_preload_libraries = pg_stat_statements, auto_explain');
$server->stop('fast');
$server->start;
$server->sql('CREATE EXTENSION pg_stat_statements', database => 'shop');
$gateway->{settings}{database} = $server->conninfo(database => 'shop');
$gateway->stop;
$gateway->start;
shows('as it is installed', '');
shows('log_statement', 'ciphertext id name', log_statement => 'all');
shows('without parameters', '', log_parameter_max_length => 0);
shows('auto_explain', '', log_statement => 'none', 'auto_explain.log_min_duration' => 0);
$gateway->stop;
$gateway->start;    # plans are made for their parameters again
shows('auto_explain, verbose', 'ciphertext id name', 'auto_explain.log_verbose' => 'on');
my $seen = $server->sql('SELECT query FROM pg_stat_statements UNION ALL SELECT query FROM pg_stat_activity', database => 'shop');
like($seen, qr/rest_send_messages\(\$1/, 'pg_stat_statements has the call');
unlike($seen, $traces{$_}, "and no $_") for sort keys %traces;

# --- links -----------------------------------------------------------------------------------------------

for my $file (qw(README.md docs/architecture.md docs/api.md))
{
	like(slurp(top_dir() . "/$file"), qr/operations\.md/, "$file links here");
}
my $whole = slurp(top_dir() . "/$doc");
for my $link ($whole =~ /\]\(([^)]+)\)/g)
{
	my ($file, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
	my $target = $file ? slurp(top_dir() . "/docs/$file") : $whole;
	my @anchors = map { s/[^\w -]//gr =~ tr/ /-/r } map { lc } $target =~ /^#+ (.*)$/mg;
	ok(!defined $anchor || grep({ $_ eq $anchor } @anchors), "the link $link");
}

is($gateway->stop, 0, 'a clean end');
done_testing();
