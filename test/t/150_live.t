# Mail as it comes: waiting for it, streams, several gateways, lost hints.
use strict;
use warnings;
use E2emsg::Test;
use E2emsg::Stream;
use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(decode_base64url encode_base64url);
use POSIX ();
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
	my ($user, $path, $at) = @_;
	my $socket = ($at // $gateway)->connect;
	syswrite $socket, "GET $path HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $user->{token}\r\n\r\n";
	return sub { return $gateway->read_reply($socket) };
}

sub refused
{
	my ($reply, $status, $code, $name) = @_;
	my $json = ref $reply eq 'HASH' ? $reply->{json} : $reply->problem;
	my $got = ref $reply eq 'HASH' ? $reply->{status} : $reply->status;
	is("$got " . ($json->{code} // ''), "$status $code", $name);
	return $json;
}

sub metric
{
	my ($name, $at) = @_;
	my $text = ($at // $gateway)->request('GET', '/metrics', admin => 1)->{content};
	return $text =~ /^\Q$name\E (\d+)$/m ? $1 : undef;
}

# --- GET /messages?wait= ----------------------------------------------------

my $began = time;
my $reply = $gateway->request('GET', '/messages?wait=1', as => $bob);
is_deeply($reply->{json}, { messages => [], next => 0 }, 'nothing came: an empty list');
cmp_ok(time - $began, '>=', 1, 'not before the time to wait is over');
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

# Mail that is stored here goes to its reader as it is, and nobody looks for it.
my $erin = $gateway->register('erin', 4);
$stream = stream($erin);
my $looks  = metric('e2emsg_stream_looks_total');
my @direct = map { send_to($erin); $stream->next } 1 .. 20;
cmp_ok(metric('e2emsg_stream_looks_total') - $looks, '<', 10, 'mail at hand is not looked for');
is_deeply([ map { $_->{data} } @direct ],
	$gateway->request('GET', '/messages', as => $erin)->{json}{messages},
	'and is what GET /messages gives');
is_deeply([ map { $_->{id} } @direct ], [ 1 .. 20 ], 'with its number');
$server->sql("SELECT e2emsg.send_message('$alice->{id}', '$erin->{id}', '\\x00',
	'\\x0102030405060708090a0b0c', '\\x0102030405060708090a0b0c0d0e0f10', 1)");
send_to($erin);
is_deeply([ map { $_->{id} } $stream->take(2) ], [ 21, 22 ],
	'what nobody told of comes first, and nothing twice');
$stream->close;

for my $position ('x', '-1', '1.5', '01', '1 2', '9' x 16, '9' x 300, '0x1', "\xb9")
{
	my $hostile = stream($bob, headers => { 'Last-Event-ID' => $position });
	is($hostile->status, 400, 'a hostile Last-Event-ID') or diag $position;
	next if $position =~ /[\x80-\xff ]/;
	refused(stream($bob, path => "/messages/stream?after=$position"), 400, 'invalid_request',
		'a hostile after');
}
is(stream($bob, headers => { 'Last-Event-ID' => '' })->status, 400, 'an empty Last-Event-ID');
my ($raw) = $gateway->raw("GET /messages/stream HTTP/1.1\r\nHost: x\r\n"
	  . "Authorization: Bearer $bob->{token}\r\nLast-Event-ID: 1\r\nlast-event-id: 2\r\n\r\n", 5);
like($raw, qr{^HTTP/1.1 400 }, 'Last-Event-ID twice');
refused(stream($bob, path => '/messages/stream?wait=1'), 400, 'invalid_request', 'wait');
refused(stream({}), 401, 'missing_token', 'no token');
refused(stream({ token => 'x.y.z' }), 401, 'invalid_token', 'a wrong one');
refused(stream({}, path => "/messages/stream?token=$bob->{token}"), 400, 'invalid_request',
	'a token has no place in a URL');
refused($gateway->request('POST', '/messages/stream', as => $bob, raw => '{}'), 405,
	'method_not_allowed', 'POST');

# A reader that sees all, in order, while mail comes from two sides.
$stream = stream($carol);
my $child = fork // die "fork: $!";
if ($child == 0)
{
	$iv_number = 5000;
	send_to($carol) for 1 .. 150;
	POSIX::_exit(0);
}
send_to($carol) for 1 .. 150;
waitpid $child, 0;
is_deeply([ map { $_->{id} } $stream->take(300, 30) ], [ 1 .. 300 ], 'no gap, nothing twice');
$stream->close;
$stream = stream($carol);
is_deeply([ map { $_->{id} } $stream->take(300, 30) ], [ 1 .. 300 ], 'several pages');
$stream->close;
$gateway->request('POST', '/messages/ack', as => $carol, body => { through => 299 });
$stream = stream($carol);
is($stream->next->{id}, 300, 'what was acknowledged does not come again');
$stream->close;

# Readers that come and go all the time miss nothing, either.
$child = fork // die "fork: $!";
if ($child == 0)
{
	$iv_number = 7000;
	send_to($carol) for 1 .. 300;
	POSIX::_exit(0);
}
my @seen;
while (@seen < 300)
{
	my $from = 300 + @seen;
	$stream = stream($carol, path => "/messages/stream?after=$from");
	my @got = $stream->take(1 + @seen % 7, 20) or last;
	$stream->close;
	push @seen, map { $_->{id} } @got;
}
waitpid $child, 0;
is_deeply(\@seen, [ 301 .. 300 + @seen ], 'reader after reader goes on where the last one was');
cmp_ok(scalar @seen, '>=', 300, 'to the end');

# --- clients that go away, and those that do not read -----------------------

sub no_streams
{
	my ($seconds) = @_;
	return wait_until { metric('e2emsg_streams') == 0 } $seconds;
}

ok(no_streams(5), 'a closed stream frees its thread');
$stream = stream($bob, path => '/messages/stream?after=5');
ok(wait_until(sub { metric('e2emsg_streams') == 1 }, 5), 'an open one is counted');
$stream->half_close;
ok($stream->ended(5), 'half closed is closed');
ok(no_streams(5), 'and frees its thread');
$answer = begin($bob, '/messages?wait=25&after=5');
ok(wait_until(sub { metric('e2emsg_waits') == 1 }, 5), 'a request that waits is counted');
undef $answer;
ok(wait_until(sub { metric('e2emsg_waits') == 0 }, 5), 'and ends when its client has gone');
$stream = stream($bob, path => '/messages/stream?after=5');
syswrite $stream->socket, "GET /messages HTTP/1.1\r\n" x 10;
send_to($bob);
is($stream->next->{id}, 6, 'what a client sends into a stream is left alone');
$stream->close;

my $idle = stream($bob, path => '/messages/stream?after=6');
my $dave = $gateway->register('dave', 3);
my $deaf = stream($dave);
my $large = 'A' x 87380;
send_to($dave, ciphertext => $large) for 1 .. 120;
ok(wait_until(sub { metric('e2emsg_streams') == 1 }, 25), 'who does not read is cut off');
my @kept = $deaf->take(120, 5);
is_deeply([ map { $_->{id} } @kept ], [ 1 .. @kept ], 'what he had got is whole');
my $next = @kept ? $kept[-1]{id} : 0;
$deaf = stream($dave, headers => { 'Last-Event-ID' => $next });
is_deeply([ map { $_->{id} } $deaf->take(120 - $next, 20) ], [ $next + 1 .. 120 ],
	'and the rest comes after a resumption');
$deaf->close;
$idle->next(8);
cmp_ok($idle->comments, '>=', 2, 'a comment shows that an idle stream is alive');
send_to($bob);
is($idle->next->{id}, 7, 'and so it is');
$idle->close;
ok(no_streams(5), 'all are gone');

# --- the end of a token -----------------------------------------------------

# A token that ends sooner, made with the gateway's secret.
sub short_token
{
	my ($user, $seconds) = @_;
	my $secret = pack 'H*', substr slurp($gateway->dir . '/secret'), 0, 64;
	my $key = hmac_sha256("e2emsg token v1\x01", hmac_sha256($secret, "\0" x 32));
	my ($header, $claims) = split /\./, $user->{token};
	my $payload = decode(decode_base64url($claims));
	$payload->{exp} = int(time) + $seconds;
	my $signed = "$header." . encode_base64url(json($payload));
	return "$signed." . encode_base64url(hmac_sha256($signed, $key));
}

$stream = stream({ token => short_token($bob, 3) }, path => '/messages/stream?after=7');
is($stream->status, 200, 'a stream with a token that ends soon');
$event = $stream->next(10);
is_deeply([ $event->{event}, $event->{data}{code} ], [ 'end', 'expired_token' ],
	'it ends with the token, and says why');
ok($stream->ended(5), 'with its connection');
refused(stream({ token => short_token($bob, -1) }), 401, 'expired_token', 'not with an old token');

# --- two gateways -----------------------------------------------------------

my %shared = (
	secret_file => $gateway->dir . '/secret',
	log_signer  => '',
	recheck_s   => 3600,
);
my $west = E2emsg::Gateway->new($server, %shared);
my $east = E2emsg::Gateway->new($server, %shared);

# Both have heard of each other when a hint has come through, either way.
sub know_each_other
{
	return wait_until
	{
		my @before = map { metric('e2emsg_hints_received_total', $_) } $west, $east;
		send_to($bob, through => $_) for $west, $east;
		return wait_until
		{
			metric('e2emsg_hints_received_total', $west) > $before[0]
			  && metric('e2emsg_hints_received_total', $east) > $before[1];
		} 0.5;
	} 40;
}

sub last_seq { return $server->sql("SELECT last_seq FROM e2emsg.mailboxes WHERE id = '$_[0]{id}'") }

ok(know_each_other(), 'gateways tell each other of mail');
my $position = last_seq($bob);
$stream = stream($bob, at => $west, path => "/messages/stream?after=$position");
send_to($bob, through => $east);
is($stream->next(20)->{id}, $position + 1, 'mail through another gateway');

# A sender who got no answer sends again: perhaps nobody was told the first time.
$server->sql("SELECT e2emsg.send_message('$alice->{id}', '$bob->{id}', '\\x00',
	'\\x0102030405060708090a0b0d', '\\x0102030405060708090a0b0c0d0e0f10', 1)");
$reply = $east->request('POST', '/messages', as => $alice, body => {
		receiverId => $bob->{id}, ciphertext => 'AA', iv => 'AQIDBAUGBwgJCgsN',
		authTag => 'AQIDBAUGBwgJCgsMDQ4PEA', keyVersion => 1 });
is($reply->{status}, 200, 'what is stored already');
is($stream->next(20)->{id}, $position + 2, 'is told of, too');
$position++;

# Hints that come while a gateway tells its own.
pipe my $rounds, my $begin_round or die "pipe: $!";
$child = fork // die "fork: $!";
if ($child == 0)
{
	close $begin_round;
	$iv_number = 8000;
	send_to($carol, through => $west) while sysread $rounds, my $round, 1;
	POSIX::_exit(0);
}
my @late;
for my $round (1 .. 80)
{
	syswrite $begin_round, 'x';
	sleep 0.001 * ($round % 4);
	send_to($bob, through => $east);
	my $came = $stream->next(5) // last;
	push @late, $round if $came->{id} != $position + 1 + $round;
}
close $begin_round;
waitpid $child, 0;
is(last_seq($bob), $position + 81, 'none of them waits for the next one');
is_deeply(\@late, [], 'and all are in order');
$position += 80;

# The listening connection is lost: what came meanwhile is found.
sub cut_listener
{
	return $server->sql(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE application_name = 'e2emsg-gateway'
			AND (query LIKE 'LISTEN%' OR query LIKE '%pg_notify%')});
}

cmp_ok(cut_listener(), '>=', 2, 'connections for hints are cut');
send_to($bob, through => $east);
is($stream->next(30)->{id}, $position + 2, 'mail whose hint was lost is found');
ok(know_each_other(), 'and they talk again');
$position = last_seq($bob);
$stream->close;

# What a gateway tells while it has no connection is lost: the others, which kept theirs, look when it is back.
my $third = E2emsg::Gateway->new($server, %shared);
my $newest = q{SELECT pid FROM pg_stat_activity WHERE application_name = 'e2emsg-gateway'
	AND (query LIKE 'LISTEN%' OR query LIKE '%pg_notify%') ORDER BY backend_start DESC LIMIT 1};
ok(wait_until(sub { send_to($bob, through => $east); metric('e2emsg_hints_received_total', $third) > 0 }, 30),
	'one more gateway');
$position = last_seq($bob);
$stream = stream($bob, at => $west, path => "/messages/stream?after=$position");
for my $round (1 .. 10)
{
	my $pid = $server->sql($newest);
	$server->sql("SELECT pg_terminate_backend($pid)");
	send_to($bob, through => $third);
	my $came = $stream->next(30) // last;
	$position = $came->{id};
	wait_until(sub { ($server->sql($newest) || $pid) != $pid }, 30);
}
is($position, last_seq($bob), 'ten times what a gateway without a connection had to tell comes all the same');
$stream->close;
is($third->stop, 0, 'and it ends');

# Anybody can notify, and rubbish does no harm.
$stream = stream($bob, at => $west, path => "/messages/stream?after=$position");
$server->sql("NOTIFY e2emsg_mail; NOTIFY e2emsg_mail, '?'; NOTIFY e2emsg_mail, '!';
	SELECT pg_notify('e2emsg_mail', repeat(x, 7999)) FROM unnest('{A,=,?,AAAAAAAAAAA}'::text[]) x
	WHERE length(x) = 1; NOTIFY e2emsg_mail, 'AAAAAAAAAAA'");
send_to($bob, through => $east);
is($stream->next(20)->{id}, $position + 1, 'after rubbish on the channel');
$stream->close;

# Without hints, and for mail that an application stores, there is the look now and then.
my $alone = E2emsg::Gateway->new($server, %shared, hints => 'off', recheck_s => 1);
$position = last_seq($bob);
$stream = stream($bob, at => $alone, path => "/messages/stream?after=$position");
send_to($bob, through => $east);
is($stream->next(20)->{id}, $position + 1, 'hints = off: found by looking');
$server->sql("SELECT e2emsg.send_message('$alice->{id}', '$bob->{id}', '\\x00',
	'\\x0102030405060708090a0b0c', '\\x0102030405060708090a0b0c0d0e0f10', 1)");
is($stream->next(20)->{id}, $position + 2, 'and so is what an application stores');

# The database goes away and comes back under an open stream.
$server->stop('fast');
is(stream($bob, at => $alone)->status, 503, 'no stream without the database');
$server->start;
is($gateway->request('GET', '/messages?wait=1', as => $bob)->{status}, 200, 'the database is back');
send_to($bob, through => $east);
is($stream->next(30)->{id}, $position + 3, 'the stream has outlived it');
$stream->close;

# --- the end of a gateway ---------------------------------------------------

$position = last_seq($bob);
$stream = stream($bob, at => $alone, path => "/messages/stream?after=$position");
$answer = begin($bob, "/messages?wait=25&after=$position", $alone);
wait_until { metric('e2emsg_waits', $alone) == 1 } 5;
$deaf = stream($dave, at => $alone);    # with more to write than a socket takes
wait_until { metric('e2emsg_streams', $alone) == 2 } 5;
is($alone->stop, 0, 'SIGTERM ends a gateway with open streams');
unlike($alone->log, qr/were cut off/, 'without waiting for them to the end of its time');
$event = $stream->next;
is_deeply([ $event->{event}, $event->{data}{code} ], [ 'end', 'draining' ], 'they are told');
is_deeply($answer->()->{json}, { messages => [], next => $position }, 'who waits gets an answer');
$_->stop for $west, $east;

# --- how many may wait ------------------------------------------------------

my $small = E2emsg::Gateway->new($server, %shared, threads => 16, streams => 6,
	streams_per_user => 4);
my @open = map { stream($bob, at => $small) } 1 .. 4;
is(scalar(grep { $_->status == 200 } @open), 4, 'four streams of a user');
$stream = stream($bob, at => $small);
refused($stream, 503, 'stream_capacity', 'the fifth');
is($stream->headers->{'retry-after'}, 5, 'Retry-After');
refused($small->request('GET', '/messages?wait=5', as => $bob), 503, 'stream_capacity',
	'and a request that waits');
push @open, map { stream($carol, at => $small) } 1 .. 2;
refused(stream($dave, at => $small), 503, 'stream_capacity', 'six in all');
refused($small->request('GET', '/messages?wait=5', as => $dave), 503, 'stream_capacity',
	'whoever it is');
is($small->request('GET', '/messages', as => $bob)->{status}, 200, 'a short request is served');
$position = last_seq($bob);
my @clients = map { $small->connect } 1 .. 9;
for my $client (@clients)
{
	syswrite $client, "GET /messages?after=$position HTTP/1.1\r\nHost: x\r\n"
	  . "Authorization: Bearer $bob->{token}\r\n\r\n";
}
is(scalar(grep { $small->read_reply($_)->{status} == 200 } @clients), 9, 'and so are nine at once');
send_to($bob, through => $small);
is((grep { $_->{event} eq 'message' && $_->{id} == $position + 1 } map { $_->take($position + 1) }
	  @open[ 0 .. 3 ]), 4, 'all streams of a user get what is sent');
(shift @open)->close;
ok(wait_until(sub { stream($dave, at => $small)->status == 200 }, 10),
	'a place is free when somebody leaves');
$_->close for @open;
is($small->stop, 0, 'the small gateway ends well');

like(run_command([ E2emsg::Gateway::binary(), '--check-config', '--hint_database=host=' . "'" ])->{err},
	qr/hint_database/, 'a bad hint_database');
for my $setting ([ '--streams=15', qr/streams must be at most 13/ ],
	[ '--streams_per_user=0', qr/streams_per_user must be/ ],
	[ '--allowed_origins=*',  qr/allowed_origins: "\*" is no origin/ ])
{
	my $result = run_command([ E2emsg::Gateway::binary(), '--check-config', '--threads=16', $setting->[0] ]);
	is($result->{status}, 2, "$setting->[0] is refused");
	like($result->{err}, $setting->[1], 'and it is said why');
}

done_testing;
