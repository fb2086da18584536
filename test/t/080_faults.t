# Faults: a database that goes away, a locked mailbox, SIGTERM, a crash.  Under
# load: test/faults/.
use strict;
use warnings;
use Time::HiRes qw(sleep);
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server, lock_timeout_ms => 1000);
my $alice   = $gateway->register('alice', 0);
my $bob     = $gateway->register('bob',   1);
my $carol   = $gateway->register('carol', 2);

my $iv = 0;

sub envelope
{
	my ($receiver) = @_;
	return {
		receiverId => $receiver->{id},
		ciphertext => 'c2VhbGVk',
		iv         => sprintf('BBBBBBBBBBBB%04d', ++$iv),
		authTag    => 'AAAAAAAAAAAAAAAAAAAAAA',
		keyVersion => 1
	};
}

sub send_to
{
	my ($receiver, $body) = @_;
	return $gateway->request('POST', '/messages', as => $alice,
		body => $body // envelope($receiver));
}

sub read_inbox { return $gateway->request('GET', '/messages', as => $_[0]) }

sub unavailable
{
	my ($reply, $name) = @_;
	is($reply->{status}, 503, "$name: 503") or diag $reply->{content};
	is($reply->{json}{code}, 'database_unavailable', "$name: database_unavailable");
	like($reply->{headers}{'retry-after'} // '', qr/^\d+$/, "$name: Retry-After");
	return;
}

sub ready { return $gateway->request('GET', '/ready', admin => 1)->{status} }
sub live  { return $gateway->request('GET', '/live',  admin => 1)->{status} }

# --- the server stops and comes back -------------------------------------------

is(send_to($bob)->{status}, 201, 'all is well');
is(ready(), 200, 'ready');
$server->stop('fast');
unavailable(read_inbox($bob), 'reading without a database');
my $lost = envelope($bob);
unavailable(send_to($bob, $lost), 'sending without a database');
unavailable($gateway->request('POST', '/users', body => { username => 'dave', publicKey => public_jwk(3) }),
	'registering without a database');
is(ready(), 503, 'not ready');
is(live(),  200, 'but alive');
$server->start;
ok(wait_until(sub { read_inbox($bob)->{status} == 200 }, 10), 'it heals by itself: reading');
ok(wait_until(sub { my $s = send_to($bob, $lost)->{status}; $s == 201 || $s == 200 }, 10),
	'it heals by itself: the refused envelope is taken');
ok(wait_until(sub { ready() == 200 }, 10), 'ready again');
is_deeply([ map { $_->{seq} } @{ read_inbox($bob)->{json}{messages} } ], [ 1, 2 ],
	'each is there once');

# --- somebody ends the gateway's sessions ------------------------------------------

$server->sql(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
	WHERE usename = 'e2emsg_gateway'});
my @statuses = map { read_inbox($bob)->{status} } 1 .. 12;
is(scalar(grep { $_ != 200 && $_ != 503 } @statuses), 0, 'ended sessions: 200 or 503')
  or diag "@statuses";
ok(wait_until(sub { read_inbox($bob)->{status} == 200 }, 10), 'and soon 200');
$server->sql(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
	WHERE usename = 'e2emsg_gateway'});
my $again = envelope($bob);
my $last;
ok(wait_until(sub { $last = send_to($bob, $again)->{status}; $last < 300 }, 10),
	'sending after ended sessions');
is(scalar @{ read_inbox($bob)->{json}{messages} }, 3, 'stored once');

# --- an operator keeps the gateway out -------------------------------------------------

$server->sql('ALTER SYSTEM SET default_transaction_read_only = on');
$server->stop('fast');
$server->start;
ok(wait_until(sub { read_inbox($bob)->{status} == 200 }, 10), 'a server for reading alone: mail is read');
my $kept_out = envelope($bob);
unavailable(send_to($bob, $kept_out), 'sending');
unavailable($gateway->request('POST', '/messages/ack', as => $bob, body => { through => 1 }), 'acknowledging');
$server->sql('ALTER SYSTEM RESET default_transaction_read_only');
$server->sql('SELECT pg_reload_conf()');
ok(wait_until(sub { send_to($bob, $kept_out)->{status} == 201 }, 10), 'let in again, without a restart');

# --- an application holds a mailbox ---------------------------------------------------

sub hold
{
	my ($user, $seconds) = @_;
	my $pid = start_command(
		[
			qw(psql -X -q -c), "BEGIN; SELECT FROM e2emsg.mailboxes WHERE id = '$user->{id}'
			FOR UPDATE; SELECT pg_sleep($seconds); COMMIT"
		],
		env => $server->env,
		log => '/dev/null');
	wait_until(sub { holders() > 0 }, 10) or die "no lock\n";
	return $pid;
}

sub holders
{
	return $server->sql(q{SELECT count(*) FROM pg_stat_activity
		WHERE query LIKE 'BEGIN; SELECT FROM e2emsg.mailboxes%' AND wait_event = 'PgSleep'});
}

my $holder = hold($bob, 30);
my $reply  = send_to($carol);
is($reply->{status}, 201, "one held mailbox does not stop another's mail");
my $waiting = envelope($bob);
$reply = send_to($bob, $waiting);
is($reply->{status}, 503, 'mail to the held one: 503 after the lock timeout');
is($reply->{json}{code}, 'mailbox_busy', 'mailbox_busy');
is(send_to($carol)->{status}, 201, 'and the other one still gets mail');
is(holders(), 1, 'while the mailbox is still held');

# its owner acknowledges over and over: that takes no connection from others for long
my @acknowledging;
for (1 .. 8)
{
	my $pid = fork() // die "fork: $!";
	if ($pid == 0)
	{
		my $reply = $gateway->request('POST', '/messages/ack', as => $bob, body => { through => 1 });
		POSIX::_exit($reply->{status} == 503 && $reply->{json}{code} eq 'mailbox_busy' ? 0 : 1);
	}
	push @acknowledging, $pid;
}
sleep 0.1;
is(read_inbox($carol)->{status}, 200, 'while eight wait to acknowledge there, others read');
is(ready(), 200, 'and the gateway is ready');
my $refused = 0;
for my $pid (@acknowledging)
{
	waitpid $pid, 0;
	$refused++ if $? == 0;
}
is($refused, 8, 'the eight are told that the mailbox is busy');
is(holders(), 1, 'which it still is');
stop_command($holder);
$server->sql(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
	WHERE wait_event = 'PgSleep'});
wait_until(sub { holders() == 0 }, 10);
is(send_to($bob, $waiting)->{status}, 201, 'the same envelope later: 201, stored once');

# --- SIGTERM finishes what is in flight ---------------------------------------------------

is($gateway->stop, 0, 'the gateway ends');
$gateway->{settings}{lock_timeout_ms} = 20000;
$gateway->start;
is(read_inbox($carol)->{status}, 200, 'a token outlives a restart');
$holder = hold($bob, 2);
my $body   = json(envelope($bob));
my $socket = $gateway->connect;
syswrite $socket, join "\r\n", 'POST /messages HTTP/1.1', 'Host: localhost',
  'Content-Type: application/json', "Authorization: Bearer $alice->{token}",
  'Content-Length: ' . length($body), '', $body;
wait_until(sub {
	$server->sql(q{SELECT count(*) FROM pg_stat_activity
		WHERE usename = 'e2emsg_gateway' AND query LIKE '%rest_send_messages%'}) == 2
}, 10) or diag 'the send did not reach the second connection';
kill 'TERM', $gateway->pid;
my ($answer) = $gateway->drain($socket, 15);
like($answer, qr{^HTTP/1\.1 201 }, 'a send in flight at SIGTERM gets its 201');
stop_command($holder, 0);    # ends by itself
is($gateway->stop, 0, 'then the gateway ends with 0');
unlike($gateway->log, qr/Sanitizer|runtime error/, 'no sanitizer spoke');

# --- a 201 is durable --------------------------------------------------------------------

$gateway->start;
is(send_to($bob)->{status}, 201, 'started again');
my $before = @{ read_inbox($bob)->{json}{messages} };
is(scalar(grep { send_to($bob)->{status} != 201 } 1 .. 5), 0, 'five times 201');
$server->stop('immediate');
$server->start;
ok(wait_until(sub { read_inbox($bob)->{status} == 200 }, 10), 'a crash right after that');
is(scalar @{ read_inbox($bob)->{json}{messages} }, $before + 5, 'all five are there');
is($gateway->stop, 0, 'the gateway ends well');

done_testing();
