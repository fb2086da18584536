# An application that holds a mailbox in an open transaction for ten seconds
# delays nobody else's mail; what was sent to that mailbox meanwhile arrives once.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use E2emsg::Test;
use Faults::Load;

use constant HELD_FOR => 10;    # seconds

my $server  = E2emsg::Server->with_extension(durable => 1);
my $gateway = E2emsg::Gateway->new($server, lock_timeout_ms => 1000);
my @users   = map { $gateway->register("user$_", $_) } 0 .. 3;
my $load    = Faults::Load->new($server, users => \@users, doors => [ $gateway->port ]);
my @held    = $load->writers_to($users[0]);
my @others  = map { $load->writers_to($_) } @users[ 1 .. 3 ];
ok($load->progress(200), 'the writers are at work');

# The application sends a message of its own, as writer 9, and is then busy with
# other things.
my $log         = $gateway->dir . '/application';
my $application = start_command(
	[
		qw(psql -X -q -v ON_ERROR_STOP=1 -c BEGIN -c),
		"SELECT e2emsg.send_message('$users[1]{id}', '$users[0]{id}', '\\xff',
			decode('0009000000000001', 'base64'), decode(repeat('0', 32), 'hex'), 1)",
		'-c', 'SELECT pg_sleep(' . HELD_FOR . ')', '-c', 'COMMIT'
	],
	env => $server->env,
	log => $log);

sub is_held
{
	return $server->sql(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
}

ok(wait_until(sub { is_held() }, 10), 'an application holds a mailbox') or diag slurp($log);
$load->watch;

# Counted while the mailbox is still held.
my %acknowledged;
wait_until {
	my %now  = map { $_ => $load->watched($_) } @held, @others;
	my $held = is_held();
	%acknowledged = %now if $held;
	!$held;
} HELD_FOR + 30;
is(stop_command($application, 0), 0, 'then it commits');

is($acknowledged{$_}, 0, "writer $_: nothing is acknowledged that would lie behind it") for @held;
for my $writer (@others)
{
	cmp_ok($acknowledged{$writer}, '>', 0, "writer $writer: mail to somebody else flows");
	is_deeply($load->statuses($writer), {}, "writer $writer: without any error");
}
note "acknowledged meanwhile: ", join ' ', map { "$_:$acknowledged{$_}" } @held, @others;

ok($load->progress(200), 'afterwards all go on');
is($load->finish, 0, 'writers know the fate of every envelope, readers have read all');
my @problems = $load->check;
ok(!@problems, 'every message is there once and in order') or diag join "\n", @problems;
is_deeply([ map { keys %{ $load->statuses($_) } } @held ], [ ('503 mailbox_busy') x @held ],
	'mail to the held mailbox was refused as mailbox_busy until then, and arrived once');
my $figures = $load->figures;
is($figures->{last}, $figures->{acknowledged} + 1, "with the application's own");
is($gateway->stop, 0, 'the gateway ends well');
done_testing();
