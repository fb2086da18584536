# nginx and HAProxy as gateway/proxy ships them: TLS, HTTP/1.1 and HTTP/2.
use strict;
use warnings;
use IO::Socket::INET;
use MIME::Base64 qw(decode_base64 encode_base64);
use POSIX ();
use Time::HiRes qw(sleep);
use E2emsg::Test;
use E2emsg::HttpVectors;
use E2emsg::Proxy;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server, log_level => 'debug', keep_alive_timeout_ms => 60000);
$gateway->{settings}{port} = $gateway->port;    # the same one after a restart
my ($alice, $bob) = map { $gateway->register($_->[0], $_->[1]) } [ 'alice', 0 ], [ 'bob', 1 ];
my ($iv_number, $readers) = (0, 0);

sub bearer { return ('-H', "Authorization: Bearer $_[0]{token}") }

sub envelope
{
	my ($receiver, $text) = @_;
	return json({
		receiverId => $receiver->{id},
		ciphertext => encode_base64($text, '') =~ tr{+/=}{-_}dr,
		iv         => sprintf('EEEEEEEEEEEE%04d', ++$iv_number),
		authTag    => 'AAAAAAAAAAAAAAAAAAAAAA',
		keyVersion => 1
	});
}

sub post { return ('-H', 'Content-Type: application/json', '-d', $_[0]) }

# The requests that the gateway has answered, as it logs them.
sub access_log { return $gateway->log =~ / access (\S+ \S+ \d+) /g }

sub told { return "$_[0]{status} $_[0]{content}" }

# --- one proxy, one version of HTTP ------------------------------------------

sub test_calls
{
	my ($proxy, $version, $name) = @_;
	my $ask = sub { return $proxy->curl($version, @_) };
	my $carol = 'carol' . $proxy->port . '-' . int $version;
	my $reply = $ask->('/users', post(json({ username => $carol, publicKey => public_jwk(2) })));
	is($reply->{status},  201,      "$name: registers") or diag told($reply);
	is($reply->{version}, $version, "$name: speaks HTTP/$version");
	is($reply->{headers}{'strict-transport-security'}, 'max-age=63072000', "$name: HSTS");
	my $carol_token = $reply->{json};

	my $key = $ask->("/users/$carol/public-key", bearer($alice));
	is($key->{json}{username}, $carol, "$name: looks up a key");
	is($ask->("/users/$carol/public-key?version=1", bearer($alice), '-H',
			"If-None-Match: $key->{headers}{etag}")->{status}, 304, "$name: 304");
	is($ask->('/messages', bearer($alice), post(envelope($carol_token, 'sealed')))->{status}, 201, "$name: sends");
	$reply = $ask->('/messages?wait=25', bearer($carol_token));
	is($reply->{json}{messages}[0]{ciphertext}, 'c2VhbGVk', "$name: receives");
	is($ask->('/messages/ack', bearer($carol_token), post(json({ through => 1 })))->{status}, 200, "$name: acknowledges")
	  or diag told($reply);
	is($ask->('/messages?wait=1&after=1', bearer($carol_token))->{json}{next}, 1, "$name: waits in vain");
	is($ask->('/messages')->{json}{code}, 'missing_token', "$name: the gateway's refusals come through");
	is($ask->('/sessions/refresh', bearer($carol_token), '-X', 'POST', '-H', 'Content-Length: 0')->{status}, 201,
		"$name: a POST without a body");
	return;
}

sub test_sizes
{
	my ($proxy, $version, $name) = @_;
	for my $case ([ 98304, 400, 'bad_json' ], [ 98305, 413, 'body_too_large' ], [ 120000, 413, 'body_too_large' ])
	{
		my ($size, $status, $code) = @$case;
		my $reply = $proxy->curl($version, '/users', post('a' x $size));
		is("$reply->{status} " . ($reply->{json}{code} // ''), "$status $code", "$name: a body of $size bytes")
		  or diag told($reply);
	}
	my $reply = $proxy->curl($version, '/key-log', map { ('-H', "X-$_: 1") } 1 .. 70);
	like($reply->{status}, qr/^(431|400)$/, "$name: 70 fields") or diag told($reply);
	$reply = $proxy->curl($version, '/key-log', '-H', 'X-A: ' . 'a' x 40000);
	unlike($reply->{status}, qr/^[123]\d\d$/, "$name: a head of 40 kB") or diag told($reply);
	return;
}

# A body whose length nobody says is never passed on as chunks.
sub test_no_length
{
	my ($proxy, $kind, $version, $name) = @_;
	for my $size (500, 60000)
	{
		my $path = $proxy->{dir} . '/body';
		open my $file, '>', $path or die;
		print $file envelope($bob, 'x' x $size);
		close $file;
		my $reply = $proxy->curl($version, '/messages', bearer($alice), '-H', 'Content-Type: application/json',
			'-X', 'POST', $version eq '1.1' ? ('-H', 'Transfer-Encoding: chunked') : (), '-T', $path,
			$version eq '2' ? ('-H', 'Content-Length:') : ());
		is($reply->{status}, $kind eq 'nginx' ? 201 : 411, "$name: $size bytes without a length") or diag told($reply);
	}
	my $reply = $proxy->curl($version, '/messages', bearer($alice), post(envelope($bob, 'x')), '-H', 'Expect: 100-continue');
	is($reply->{status}, 201, "$name: Expect: 100-continue") or diag told($reply);
	return;
}

sub test_stream
{
	my ($proxy, $version, $name) = @_;
	my $reader = $gateway->register('reader' . ++$readers, 3);
	my @then = map { { method => 'POST', path => '/messages', token => $alice->{token}, body => envelope($reader, "m$_") } } 1 .. 3;
	my $result = $proxy->ask({ do => 'stream', version => $version,
		stream => { path => '/messages/stream', token => $reader->{token} }, then => \@then });
	is($result->{status}, 200, "$name: a stream");
	is_deeply($result->{sent}, [ 201, 201, 201 ], "$name: and messages meanwhile");
	is_deeply([ map { decode_base64($_->{ciphertext} =~ tr{-_}{+/}r) } @{ $result->{events} } ],
		[ 'm1', 'm2', 'm3' ], "$name: their events come while the stream is open");
	return;
}

# Connections to the gateway are shared by everybody: nobody gets another's answer.
sub test_no_mixing
{
	my ($proxy, $version, $name) = @_;
	my @requests = map { { path => "/messages?limit=1&after=0", token => ($_ % 2 ? $alice : $bob)->{token} } } 1 .. 400;
	$_ % 5 == 0 and $requests[$_] = { method => 'POST', path => '/messages', token => $alice->{token}, body => envelope($bob, "n$_") }
	  for 0 .. $#requests;
	my $results = $proxy->ask({ do => 'requests', version => $version, requests => \@requests });
	my %first = map { $_->{token} => $gateway->request('GET', '/messages?limit=1', as => $_)->{json}{messages}[0]{messageId} } $alice, $bob;
	my $wrong = 0;
	for my $i (0 .. $#requests)
	{
		my $json = decode($results->[$i]{body}) // {};
		$wrong++ if $requests[$i]{body}
		  ? $results->[$i]{status} != 201
		  : ($json->{messages}[0]{messageId} // '') ne $first{ $requests[$i]{token} };
	}
	isnt($first{ $alice->{token} }, $first{ $bob->{token} }, "$name: two mailboxes");
	is($wrong, 0, "$name: 400 requests of two users at once, each answer is its own");
	return;
}

# --- TLS, addresses, restarts --------------------------------------------------

sub test_tls
{
	my ($proxy, $name) = @_;
	for my $version ('TLSv1_2', 'TLSv1_3')
	{
		ok($proxy->connect(SSL_version => $version), "$name: $version") or diag $IO::Socket::SSL::SSL_ERROR;
	}
	ok(!$proxy->connect(SSL_version => $_, SSL_cipher_list => 'ALL:@SECLEVEL=0'), "$name: no $_") for 'TLSv1', 'TLSv1_1';
	my $reply = $proxy->curl('1.1', '/', '-H', 'Host: other.example.org');
	unlike($reply->{status}, qr/^[23]/, "$name: another name is not served");
	return;
}

sub test_silence
{
	my ($proxy, $name) = @_;
	my $before = () = access_log();
	my $socket = $proxy->connect;
	print $socket "POST /messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer $alice->{token}\r\n"
	  . "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
	sleep 1;
	is(scalar(() = access_log()), $before, "$name: half a request has not reached the gateway");
	close $socket;
	sleep 0.3;
	is(scalar(() = access_log()), $before, "$name: nor does it when its sender goes away");
	return;
}

# What arrives at a gateway, word by word: one that only listens.
sub test_fields
{
	my ($kind) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5);
	my $proxy = E2emsg::Proxy->new($kind, bless { port => $listener->sockport }, 'E2emsg::Gateway');
	my $pid = fork // die;
	if (!$pid)
	{
		alarm 30;
		while (my $peer = $listener->accept)
		{
			my $head = '';
			while ($head !~ /\r\n\r\n/) { sysread $peer, $head, 4096, length $head or last }
			print $peer "HTTP/1.1 200 OK\r\nContent-Length: ", length $head, "\r\nConnection: close\r\n\r\n$head";
		}
		POSIX::_exit(0);
	}
	for my $version ('1.1', '2')
	{
		my $head = $proxy->curl($version, '/key-log', '-H', 'X-Forwarded-For: 10.9.9.9', '-H', 'X-Forwarded-For: 10.8.8.8',
			'-H', 'X_Forwarded_For: 10.7.7.7', '-H', 'Forwarded: for=10.6.6.6', '-H', 'TE: trailers', '-H', 'Expect: 100-continue')->{content};
		my $name = "$kind, HTTP/$version";
		is_deeply([ $head =~ /^x-forwarded-for: *(.*?)\r$/gim ], ['127.0.0.1'], "$name: one X-Forwarded-For, the peer's");
		unlike($head, qr/10\.[6789]\./, "$name: nothing of the client's");
		unlike($head, qr/^(expect|upgrade|transfer-encoding|forwarded):/im, "$name: no field that the gateway refuses");
		like($head, qr{\AGET /key-log HTTP/1\.1\r\n}, "$name: HTTP/1.1 inside");
		is(scalar(() = $head =~ /^host:/gim), 1, "$name: one Host");
	}
	kill 'TERM', $pid;
	waitpid $pid, 0;
	$proxy->stop;
	return;
}

sub test_limits
{
	my ($kind) = @_;
	my $limited = E2emsg::Gateway->new($server, restore_per_minute => 2, trusted_proxies => '127.0.0.1', limit_loopback => 'on',
		secret_file => $gateway->{settings}{secret_file}, log_signer => '');
	my $proxy = E2emsg::Proxy->new($kind, $limited);
	my $restore = sub {
		return $proxy->curl('2', '/backup/restore', post(json({ username => 'alice', accessKey => 'A' x 43 })), @_)->{status};
	};
	unlike($restore->(), qr/^(429|[05]\d*)$/, "$kind: within the limit") for 1, 2;
	is($restore->(), 429, "$kind: beyond it");
	is($restore->('-H', 'X-Forwarded-For: 10.1.2.3'), 429, "$kind: an address that the client made up changes nothing");
	unlike($restore->('--interface', '127.0.0.2'), qr/^(429|[05]\d*)$/, "$kind: another client has a limit of its own");
	$proxy->stop;
	$limited->stop;
	return;
}

# The terminal client, which trusts this CA only when it is told to.
sub test_client
{
	my ($proxy, $kind) = @_;
	my $stranger = E2emsg::Client->new($proxy);
	like($stranger->run('register', "$kind-none")->{err}, qr/certificate/, "$kind: the client refuses an unknown CA");
	local $ENV{SSL_CERT_FILE} = $proxy->ca;
	my ($dave, $erin) = map { E2emsg::Client->new($proxy, "$kind-$_") } 'dave', 'erin';
	my $result = $dave->run('send', "$kind-erin", 'over TLS');
	is($result->{status}, 0, "$kind: the client sends") or diag $result->{err};
	like($erin->run('read')->{out}, qr/over TLS/, "$kind: and reads");
	return;
}

# Two gateways behind one proxy: what is sent through either of them comes to
# streams that are at either of them.
sub test_two_gateways
{
	my ($kind) = @_;
	my $other = E2emsg::Gateway->new($server, log_level => 'debug', secret_file => $gateway->{settings}{secret_file},
		log_signer => '', keep_alive_timeout_ms => 60000);
	my $proxy = E2emsg::Proxy->new($kind, $gateway, $other);
	test_stream($proxy, '2', "$kind, two gateways, $_") for 1 .. 3;
	like($other->log, qr{access POST /messages 201}, "$kind: the second one takes its part");
	is($other->stop, 0, "$kind: it ends");
	is($proxy->curl('2', '/messages', bearer($alice))->{status}, 200, "$kind: the first one takes all") for 1 .. 3;
	$proxy->stop;
	return;
}

sub test_restart
{
	my ($proxy, $name) = @_;
	$gateway->stop;
	my $reply = $proxy->curl('2', '/key-log/checkpoint');
	is("$reply->{status} " . ($reply->{json}{code} // ''), '503 overloaded', "$name: the gateway is away") or diag told($reply);
	is($reply->{headers}{'retry-after'}, 1, "$name: try again");
	$gateway->start;
	ok((wait_until { $proxy->curl('2', '/messages', bearer($alice))->{status} == 200 } 20), "$name: it is back");
	return;
}

# One address alone can't take all: 250 requests of it that never end.
sub test_one_address
{
	my ($proxy, $name) = @_;
	my $half = "POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{";
	my @held = grep { $_ } map { $proxy->connect } 1 .. 250;
	local $SIG{PIPE} = 'IGNORE';
	print $_ $half for @held;
	my $reply = $proxy->curl('2', '/messages', bearer($alice));
	isnt($reply->{status}, 200, "$name: an address that holds too many requests gets no more") or diag told($reply);
	$reply = $proxy->curl('2', '/messages', bearer($alice), '--interface', '127.0.0.2');
	is($reply->{status}, 200, "$name: another one does") or diag told($reply);
	close $_ for @held;
	ok((wait_until { $proxy->curl('2', '/messages', bearer($alice))->{status} == 200 } 20), "$name: and it, too, afterwards");
	return;
}

# --- hostile requests ------------------------------------------------------------

# Bytes in which a proxy reads two requests, as RFC 9112 lets it: a bare LF ends
# a line (2.2), a TAB parts words (3), a folded line is one line (5.2).
my %two = (
	nginx   => { 'llhttp invalid: Missing CR between headers' => 1 },
	haproxy => {
		'llhttp invalid: Missing CR between headers'          => 1,
		'llhttp invalid: Only LFs present'                    => 1,    # the second is malformed
		'llhttp invalid: Spaces before headers'               => 1,
		'uri-specific-test-cases: Request Smuggling in URI'   => 1,
	},
);

# What is sent, and how many requests a proxy may see in it.
sub hostile_cases
{
	my ($kind) = @_;
	my @cases = (
		(map { { %$_, name => "raw $_->{id}: $_->{name}", most => $_->{id} == 42 ? 3 : 1 } } raw_cases($alice->{token})),
		(map { { %$_, most => 1 } } guardian_cases()),
		(map { { %$_, most => $_->{whole} + 1 } } llhttp_cases()));
	$two{$kind}{ $_->{name} } and $_->{most} = 2 for @cases;
	return @cases;
}

sub test_hostile
{
	my ($proxy, $name) = @_;
	my @cases = hostile_cases($name);
	my $before = () = access_log();
	my ($answers, @results) = (0);
	my @rest = @cases;
	while (my @part = splice @rest, 0, 150)
	{
		push @results, @{ $proxy->ask({ do => 'raw', ms => 3000, requests => [ map { encode_base64($_->{request}, '') } @part ] }) };
	}
	for my $i (0 .. $#cases)
	{
		my @statuses = decode_base64($results[$i]{answer}) =~ m{HTTP/1\.[01] ([2-5]\d\d) }g;
		cmp_ok(scalar @statuses, '<=', $cases[$i]{most}, "$name: $cases[$i]{name}: no answer too many") or diag "@statuses";
		$answers += @statuses;
	}
	my @reached = (access_log())[ $before .. scalar(() = access_log()) - 1 ];
	cmp_ok(scalar @reached, '>', 5, "$name: some are harmless");
	cmp_ok(scalar @reached, '<=', $answers, "$name: the gateway saw no request that nobody was answered");
	is_deeply([ grep { index($_, 'GET ' . smuggled_route() . ' ') == 0 } @reached ], [], "$name: nothing was smuggled");
	is($proxy->curl('2', '/messages', bearer($alice))->{status}, 200, "$name: goes on");
	return;
}

# --- all of it ---------------------------------------------------------------------

$gateway->request('POST', '/messages', as => $alice, raw => envelope($_, 'first')) for $alice, $bob;
for my $kind ('nginx', 'haproxy')
{
	my $proxy = E2emsg::Proxy->new($kind, $gateway);
	test_tls($proxy, $kind);
	for my $version ('1.1', '2')
	{
		my $name = "$kind, HTTP/$version";
		test_calls($proxy, $version, $name);
		test_sizes($proxy, $version, $name);
		test_no_length($proxy, $kind, $version, $name);
		test_stream($proxy, $version, $name);
		test_no_mixing($proxy, $version, $name);
	}
	test_silence($proxy, $kind);
	test_one_address($proxy, $kind);
	test_hostile($proxy, $kind);
	test_restart($proxy, $kind);
	test_client($proxy, $kind);
	test_fields($kind);
	test_two_gateways($kind);
	test_limits($kind);
	$proxy->stop;
}

done_testing();
