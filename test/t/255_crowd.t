# More silent, slow and deaf peers than there are worker threads: whoever speaks
# is served.  No time limit but the crowd's can end them here.
use strict;
use warnings;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_RCVBUF IPPROTO_TCP TCP_MAXSEG pack_sockaddr_in inet_aton);
use Time::HiRes qw(sleep);
use E2emsg::Test;
use E2emsg::Stream;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server, threads => 16, body_timeout_ms => 600000, keep_alive_timeout_ms => 600000);
my ($alice, $bob) = map { $gateway->register($_->[0], $_->[1]) } [ 'alice', 0 ], [ 'bob', 1 ];
my $iv_number = 0;

sub send_to_bob
{
	my ($size) = @_;
	return $gateway->request('POST', '/messages', as => $alice, body => {
			receiverId => $bob->{id}, ciphertext => 'A' x $size, keyVersion => 1,
			iv => sprintf('EEEEEEEEEEEE%04d', ++$iv_number), authTag => 'A' x 22 });
}

sub cut_total
{
	return $gateway->request('GET', '/metrics', admin => 1)->{content} =~ /^e2emsg_connections_cut_total (\d+)/m ? $1 : undef;
}

# 40 connections that send this and no more.
sub hold
{
	my ($bytes) = @_;
	local $SIG{PIPE} = 'IGNORE';
	return map { my $socket = $gateway->connect // die "connect: $@"; syswrite $socket, $bytes if length $bytes; $socket } 1 .. 40;
}

sub closed { return scalar grep { ($gateway->drain($_, 0.01))[1] eq 'closed' } @_ }

my $before = cut_total();
is($before, 0, 'nobody was cut off yet');

# --- what is being answered stays -----------------------------------------------

my $stream = E2emsg::Stream->new($gateway, as => $bob);
is($stream->status, 200, 'a stream');
my $waiter = $gateway->connect;
syswrite $waiter, "GET /messages?wait=25&after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $bob->{token}\r\n\r\n";
my $kept = $gateway->connect;
my $ask = "GET /messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $alice->{token}\r\n\r\n";
syswrite $kept, $ask;
is($gateway->read_reply($kept)->{status}, 200, 'a connection that had an answer');

# --- silence, half a head, half a body ---------------------------------------------

my %silence = (
	'nothing'     => '',
	'half a line' => 'GET /mess',
	'half a head' => "GET /messages HTTP/1.1\r\nHost: x\r\nX-A: ",
	'half a body' => "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
);
for my $name (sort keys %silence)
{
	syswrite $kept, $ask;
	is($gateway->read_reply($kept)->{status}, 200, 'one that had an answer was not cut off before newcomers');
	my @held = hold($silence{$name});
	is($gateway->request('GET', '/messages', as => $alice)->{status}, 200, "40 times $name: others are served");
	ok((wait_until { closed(@held) >= 20 } 20), "40 times $name: they are cut off");
	close $_ for @held;
}
cmp_ok(cut_total(), '>=', 80, 'and counted');

syswrite $kept, $ask;
is($gateway->read_reply($kept)->{status}, 200, 'one that had an answer was not cut off before newcomers');
is(send_to_bob(20)->{status}, 201, 'mail');
is($gateway->read_reply($waiter)->{json}{next}, 1, 'who waited for it was not cut off');
is($stream->next->{id}, 1, 'nor was the stream');
$stream->close;
close $_ for $waiter, $kept;

# --- one answer each, then silence --------------------------------------------------

my @idle = hold($ask);
ok((wait_until { $gateway->request('GET', '/messages', as => $alice)->{status} == 200 } 30), 'idle connections: others are served');
close $_ for @idle;

# --- who does not read ------------------------------------------------------------

# With small segments, as of a real network, the kernel does not take a whole
# answer off the worker's hands.

sub deaf
{
	socket my $socket, Socket::PF_INET(), Socket::SOCK_STREAM(), 0 or die;
	setsockopt $socket, SOL_SOCKET, SO_RCVBUF, 2048;
	setsockopt $socket, IPPROTO_TCP, TCP_MAXSEG, 536;
	connect $socket, pack_sockaddr_in($gateway->port, inet_aton('127.0.0.1')) or die "connect: $!";
	syswrite $socket, "GET /messages?limit=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $bob->{token}\r\n\r\n";
	return $socket;
}
is(scalar(grep { send_to_bob(60000)->{status} == 201 } 1 .. 20), 20, 'much mail');
$before = cut_total();
my @deaf = map { deaf() } 1 .. 40;
ok((wait_until { cut_total() > $before } 20), '40 that do not read: they are cut off');
is($gateway->request('GET', '/messages', as => $alice)->{status}, 200, 'and others are served');
close $_ for @deaf;

is($gateway->stop, 0, 'the gateway ends well');
unlike($gateway->log, qr/Sanitizer|runtime error/, 'no sanitizer spoke');

done_testing();
