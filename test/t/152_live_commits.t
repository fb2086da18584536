# Live mail and its commit: nobody is shown what its sender was not yet promised.
use strict;
use warnings;
use E2emsg::Test;
use E2emsg::Stream;

my $server = E2emsg::Server->with_extension;
$server->sql("ALTER SYSTEM SET synchronous_commit = 'remote_apply'");
my $standby = $server->standby;
my $gateway = E2emsg::Gateway->new($server);
my $other   = E2emsg::Gateway->new($server, log_signer => '', recheck_s => 3600,
	secret_file => $gateway->dir . '/secret');
my ($alice, $bob) = map { $gateway->register($_->[0], $_->[1]) } [ 'alice', 0 ], [ 'bob', 1 ];
$server->sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
$server->sql('SELECT pg_reload_conf()');

my $iv_number = 0;

sub envelope
{
	return {
		receiverId => $bob->{id},
		ciphertext => 'c2VhbGVk',
		iv         => sprintf('EEEEEEEEEEEE%04d', ++$iv_number),
		authTag    => 'AAAAAAAAAAAAAAAAAAAAAA',
		keyVersion => 1
	};
}

# Sends without waiting; the status is read by the function that comes back.
sub begin
{
	my ($envelope) = @_;
	my $socket = $gateway->connect;
	my $body   = json($envelope);
	syswrite $socket, join "\r\n", 'POST /messages HTTP/1.1', 'Host: x',
	  "Authorization: Bearer $alice->{token}", 'Content-Type: application/json',
	  'Content-Length: ' . length $body, '', $body;
	return sub { return $gateway->read_reply($socket)->{status} };
}

sub waits_for_standby
{
	return wait_until
	{
		$server->sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") > 0;
	} 20;
}

my @streams = map { E2emsg::Stream->new($_, as => $bob) } $gateway, $gateway, $other;

# The seq that each stream shows next.
sub seen
{
	my ($seconds) = @_;
	return [ map { my $event = $_->next($seconds); $event ? $event->{id} : undef } @streams ];
}

my @nothing = (undef) x 3;
is(begin(envelope())->(), 201, 'the standby has it');
is_deeply(seen(60), [ 1, 1, 1 ], 'and so have all streams');

my ($receiver) = grep { eval { slurp("/proc/$_/cmdline") } =~ /walreceiver/ } $standby->processes;
ok($receiver, 'the standby has a process that receives');
kill 'STOP', $receiver;
my $status = begin(envelope());
ok(waits_for_standby(), 'a commit waits for the standby');
is_deeply(seen(0.5), \@nothing, 'nobody is shown it');
is_deeply($gateway->request('GET', '/messages?after=1', as => $bob)->{json}{messages}, [],
	'nor finds it');
kill 'CONT', $receiver;
is($status->(), 201, 'the standby goes on');
is_deeply(seen(20), [ 2, 2, 2 ], 'and all see it');

# The wait is cancelled: stored, but not promised.
kill 'STOP', $receiver;
my $envelope = envelope();
$status = begin($envelope);
ok(waits_for_standby(), 'a commit waits again');
$server->sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
is($status->(), 503, 'cancelled: its sender is promised nothing');
kill 'CONT', $receiver;
is($gateway->request('POST', '/messages', as => $alice, body => $envelope)->{status}, 200,
	'sent again, it is there');
is_deeply(seen(20), [ 3, 3, 3 ], 'and all are told');

# The server dies in between.
kill 'STOP', $receiver;
$envelope = envelope();
$status   = begin($envelope);
ok(waits_for_standby(), 'a commit waits once more');
$server->sigkill(1);
is($status->(), 503, 'the server is killed');
is_deeply(seen(0.5), \@nothing, 'nobody is shown it');
kill 'CONT', $receiver;
$server->recover;
ok(wait_until(sub {
		$gateway->request('POST', '/messages', as => $alice, body => $envelope)->{status} =~ /^20/
	}, 30), 'sent again');
is_deeply(seen(60), [ 4, 4, 4 ], 'all are shown it');
is(scalar @{ $gateway->request('GET', '/messages', as => $bob)->{json}{messages} }, 4, 'once');
is_deeply(seen(0.5), \@nothing, 'and nothing more');
is($_->stop, 0, 'a gateway ends well') for $gateway, $other;

done_testing;
