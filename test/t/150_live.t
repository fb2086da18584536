# Mail as it comes: waiting for it, streams, several gateways, lost hints.
use strict;
use warnings;
use E2emsg::Test;
use E2emsg::Stream;
use Time::HiRes qw(time sleep);

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);

my ($alice, $bob, $carol) = map { $gateway->register($_->[0], $_->[1]) }
  [ 'alice', 0 ], [ 'bob', 1 ], [ 'carol', 2 ];
my $iv_number = 0;

sub send_to
{
	my ($receiver, %options) = @_;
	my $reply = ($options{through} // $gateway)->request('POST', '/messages', as => $alice,
		body => {
			receiverId => $receiver->{id},
			ciphertext => $options{ciphertext} // 'c2VhbGVk',
			iv         => sprintf('EEEEEEEEEEEE%04d', ++$iv_number),
			authTag    => 'AAAAAAAAAAAAAAAAAAAAAA',
			keyVersion => 1
		});
	die "send: $reply->{status} $reply->{content}\n" if $reply->{status} != 201;
	return $reply->{json};
}

sub stream
{
	my ($user, %options) = @_;
	return E2emsg::Stream->new($options{at} // $gateway, as => $user, %options);
}

# Starts a request; the answer is read by the function that comes back.
sub begin
{
	my ($user, $path) = @_;
	my $socket = $gateway->connect;
	syswrite $socket, "GET $path HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $user->{token}\r\n\r\n";
	return sub { return $gateway->_read_reply($socket) };
}

sub refused
{
	my ($reply, $status, $code, $name) = @_;
	my $json = ref $reply eq 'HASH' ? $reply->{json} : $reply->problem;
	my $got = ref $reply eq 'HASH' ? $reply->{status} : $reply->status;
	is("$got " . ($json->{code} // ''), "$status $code", $name);
	return $json;
}

# --- GET /messages?wait= ----------------------------------------------------

my $began = time;
my $reply = $gateway->request('GET', '/messages?wait=1', as => $bob);
is_deeply($reply->{json}, { messages => [], next => 0 }, 'nothing came: an empty list');
cmp_ok(time - $began, '>=', 1, 'after the time to wait');
my $answer = begin($bob, '/messages?wait=25');
sleep 0.3;
my $sent = send_to($bob);
$reply = $answer->();
is($reply->{json}{messages}[0]{messageId}, $sent->{messageId}, 'mail ends the wait');
is($gateway->request('GET', '/messages?wait=25', as => $bob)->{json}{next}, 1,
	'mail that is there is given at once');
is($gateway->request('GET', '/messages?wait=0&after=1', as => $bob)->{json}{next}, 1, 'wait=0');
is(scalar @{ $gateway->request('GET', '/messages?wait=1&after=1', as => $bob)->{json}{messages} },
	0, 'wait and after');
for my $wait ('', '-1', '26', '1.5', '00', '01', '025', '+1', '1e1', '0x1', '999999999999999999999', 'x')
{
	refused($gateway->request('GET', "/messages?wait=$wait", as => $bob), 400, 'invalid_request',
		"wait=$wait");
}
refused($gateway->request('GET', '/messages?wait=1&wait=1', as => $bob), 400, 'invalid_request',
	'wait twice');
refused($gateway->request('GET', '/messages?wait=1&after=x', as => $bob), 400, 'invalid_request',
	'a bad position is refused at once');
refused($gateway->request('GET', '/messages?wait=1&limit=0', as => $bob), 400, 'invalid_request',
	'and a bad limit');
refused($gateway->request('GET', '/messages?wait=1'), 401, 'missing_token', 'no token');

# --- GET /messages/stream ---------------------------------------------------

my $stream = stream($bob);
is($stream->status, 200, 'a stream');
my $headers = $stream->headers;
is($headers->{'content-type'}, 'text/event-stream', 'Content-Type');
is($headers->{'cache-control'}, 'no-store', 'Cache-Control');
is($headers->{'x-accel-buffering'}, 'no', 'X-Accel-Buffering');
is($headers->{'connection'}, 'close', 'ends with its connection');
my $event = $stream->next;
is($stream->retry, 2000, 'retry');
is($event->{id}, 1, 'the old message first, its id is the seq');
is($event->{event}, 'message', 'its event');
is_deeply($event->{data}, $gateway->request('GET', '/messages', as => $bob)->{json}{messages}[0],
	'its data are what GET /messages gives');
send_to($bob) for 1 .. 3;
is_deeply([ map { $_->{id} } $stream->take(3) ], [ 2, 3, 4 ], 'then the new ones, in order');
$stream->close;
send_to($bob);
$stream = stream($bob, path => '/messages/stream?after=3');
is_deeply([ map { $_->{id} } $stream->take(2) ], [ 4, 5 ], 'after=');
$stream->close;
$stream = stream($bob, path => '/messages/stream?after=1', headers => { 'Last-Event-ID' => '4' });
is_deeply([ map { $_->{id} } $stream->take(1) ], [5], 'Last-Event-ID wins');
is($stream->next(0.3), undef, 'nothing twice');
$stream->close;

done_testing;
