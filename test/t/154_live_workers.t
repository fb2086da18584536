# Workers for short requests are left when all streams are open and an
# application holds the mailbox that many write to.
use strict;
use warnings;
use E2emsg::Test;
use E2emsg::Stream;

use constant { THREADS => 16, STREAMS => 8, WRITERS => 20 };
use constant MAY_WAIT => (THREADS - STREAMS) / 2;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server, threads => THREADS, streams => STREAMS,
	lock_timeout_ms => 60000);
my ($alice, $bob) = map { $gateway->register($_->[0], $_->[1]) } [ 'alice', 0 ], [ 'bob', 1 ];

my @streams = map { E2emsg::Stream->new($gateway, as => $bob) } 1 .. STREAMS;
is(scalar(grep { $_->status == 200 } @streams), STREAMS, 'all streams are open');

# An application holds Bob's mailbox until it is told to commit.
my $application;

sub hold
{
	open $application, '|-', 'sh', '-c',
	  'PGHOST=' . $server->host . ' exec psql -X -q -U postgres -d postgres >/dev/null'
	  or die "psql: $!\n";
	print $application "BEGIN; SELECT FROM e2emsg.mailboxes WHERE id = '$bob->{id}' FOR UPDATE;\n";
	$application->flush;
	return ok(wait_until(sub {
			$server->sql(q{SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'}) == 1
		}, 20), 'an application holds a mailbox');
}

sub release
{
	print $application "COMMIT;\n";
	return ok(close $application, 'the application commits');
}

hold();

# Sends a request without waiting for its answer.
sub begin
{
	my ($path, $user, $body) = @_;
	my $socket = $gateway->connect;
	my $json = json($body);
	syswrite $socket, join "\r\n", "POST $path HTTP/1.1", 'Host: x',
	  "Authorization: Bearer $user->{token}", 'Content-Type: application/json',
	  'Connection: close', 'Content-Length: ' . length $json, '', $json;
	return $socket;
}

sub begin_send
{
	my ($number) = @_;
	return begin('/messages', $alice, {
			receiverId => $bob->{id},
			ciphertext => 'c2VhbGVk',
			iv         => sprintf('EEEEEEEEEEEE%04d', $number),
			authTag    => 'AAAAAAAAAAAAAAAAAAAAAA',
			keyVersion => 1
		});
}

sub begin_ack { return begin('/messages/ack', $bob, { through => 1 }) }

my @writers = map { begin_send($_) } 1 .. WRITERS;
is($gateway->request('GET', '/messages', as => $alice)->{status}, 200,
	'a short request is served');
is($gateway->request('POST', '/messages/ack', as => $alice, body => { through => 0 })->{status},
	200, 'and another one');
my $select = IO::Select->new(@writers);
my @answered;
while (@answered < WRITERS - MAY_WAIT and my @ready = $select->can_read(30))
{
	$select->remove(@ready);
	push @answered, map { $gateway->read_reply($_) } @ready;
}
is_deeply([ map { "$_->{status} $_->{json}{code}" } @answered ],
	[ ('503 mailbox_busy') x (WRITERS - MAY_WAIT) ], 'most writers are told to come again');
is($answered[0]{headers}{'retry-after'}, 1, 'and when');
is_deeply([ $select->can_read(0.3) ], [], 'the others wait');

release();
is_deeply([ map { $gateway->read_reply($_)->{status} } $select->handles ], [ (201) x MAY_WAIT ],
	'their mail is stored');
is_deeply([ map { scalar $_->take(MAY_WAIT) } @streams ], [ (MAY_WAIT) x STREAMS ],
	'and goes to all streams');
$_->close for @streams;
is($gateway->stop, 0, 'the gateway ends well');

# Who acknowledges mail of a held mailbox leaves a connection to who reads.
my $first = $gateway;
$gateway = E2emsg::Gateway->new($server, threads => 64, db_connections => 2, log_signer => '',
	secret_file => $first->dir . '/secret');
hold();
my @readers = map { begin_ack() } 1 .. 40;
ok(wait_until(sub { $server->sql(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'}) > 0 }, 20),
	'acknowledgements wait for the mailbox');
is_deeply([ map { $gateway->request('GET', '/messages', as => $alice)->{status} } 1 .. 5 ],
	[ (200) x 5 ], 'reading is served');
my @done = IO::Select->new(@readers)->can_read(0);
cmp_ok(scalar @done, '<', 20, 'before most of those are through');
release();
my @acknowledged = map { $gateway->read_reply($_)->{status} } @readers;
is(scalar(grep { $_ == 200 || $_ == 503 } @acknowledged), 40, 'each is done or told to come again');
is($gateway->request('POST', '/messages/ack', as => $bob, body => { through => 1 })->{status},
	200, 'and the mailbox is as good as before');
is($gateway->stop, 0, 'this gateway ends well, too');

done_testing;
