# Every limit is met, is told, and is nobody else's; whose address counts
# behind proxies, whatever X-Forwarded-For says; what the client does then.
use strict;
use warnings;
use E2emsg::Test;
use E2emsg::Stream;

my $server  = E2emsg::Server->with_extension;
my @names   = qw(register session send read lookup block backup restore);
my $gateway = E2emsg::Gateway->new($server,
	trusted_proxies => '127.0.0.1 10.0.0.0/8',
	allowed_origins => 'https://chat.example.org',
	map { ("${_}_per_minute" => 2) } @names);
my @more = (log_signer => '', secret_file => $gateway->dir . '/secret', limit_loopback => 'on');

# A call by way of the proxy on this machine, which is trusted; undef: directly.
sub from
{
	my ($address, $method, $path, %options) = @_;
	my $at = delete $options{at} // $gateway;
	$options{headers}{'X-Forwarded-For'} = $address if defined $address;
	return $at->request($method, $path, %options);
}

sub limit_of { return join ' | ', map { $_ // 'none' } @{ $_[0]{headers} }{qw(ratelimit-policy ratelimit)} }

# Told with RateLimit and Retry-After, which agree.
sub is_refused
{
	my ($reply, $name, $what) = @_;
	is("$reply->{status} " . ($reply->{json}{code} // ''), '429 rate_limited', $what)
	  or diag $reply->{content};
	my $seconds = $reply->{headers}{'retry-after'} // '';
	like($seconds, qr/^(?:[1-9]|[12]\d|30)$/, '... Retry-After');
	is(limit_of($reply), qq("$name";q=2;w=60 | "$name";r=0;t=$seconds), '... RateLimit');
	return $reply;
}

# --- each of them ---------------------------------------------------------------

my ($alice, $bob) = ($gateway->register('alice', 0), $gateway->register('bob', 1));
my $number = 0;
sub envelope
{
	return { receiverId => $bob->{id}, ciphertext => 'QUJD', iv => sprintf('AAAAAAAAAAAA%04d', $number++),
		authTag => 'A' x 22, keyVersion => 1 };
}
sub name { return { username => 'user' . $number, publicKey => E2emsg::Test::public_jwk(10 + $number++) } }
my $nobody  = '00000000-0000-8000-8000-000000000000';
my %locator = (locator => 'A' x 43);
my $backup  = { version => 1, backup => 'QUJD', %locator };

# limit => calls under it, each with what it is answered as long as it may.
my %by_user = (
	send   => [ [ POST => '/messages', \&envelope, 201 ] ],
	lookup => [ [ GET => '/users/bob/public-key', undef, 200 ],
		[ GET => '/users/bob/key-rotations', undef, 200 ],
		[ GET => '/users/nobody/public-key', undef, 404 ] ],
	read => [ [ GET => '/messages', undef, 200 ], [ POST => '/messages/ack', sub { { through => 0 } }, 200 ],
		[ GET => '/messages?wait=1', undef, 200 ] ],
	block => [ [ PUT => "/blocks/$nobody", undef, 200 ], [ DELETE => "/blocks/$nobody", undef, 200 ],
		[ GET => '/blocks', undef, 200 ] ],
	backup   => [ [ PUT => '/backup', sub { $backup }, 403 ], [ GET => '/backup', undef, 404 ] ],
	register => [ [ PUT => "/users/$alice->{id}/public-key", sub { {} }, qr/^4(?:00|03)$/ ],
		[ PUT => "/users/$alice->{id}/identity-key", sub { {} }, qr/^4(?:00|03)$/ ] ],
	session => [ [ POST => '/sessions/refresh', undef, 201 ] ],
);
my %by_address = (
	register => [ [ POST => '/users', \&name, 201 ] ],
	session => [ [ POST => '/sessions/challenge', sub { { username => 'alice' } }, 200 ],
		[ POST => '/sessions', sub { { assertion => 'x' } }, 401 ] ],
	restore => [ [ POST => '/backup/restore', sub { { username => 'alice', %locator } }, 404 ] ],
);

# The n-th of a limit's calls.
sub limited
{
	my ($calls, $n, $address, @options) = @_;
	my ($method, $path, $body, $expected) = @{ $calls->[ $n % @$calls ] };
	push @options, body => $body->() if $body;
	my $reply = from($address, $method, $path, @options);
	$expected = qr/^$expected$/ if !ref $expected;
	return ($reply, "$method $path", $expected);
}

sub meets
{
	my ($name, $calls, $who, $address, @options) = @_;
	for my $n (0, 1)
	{
		my ($reply, $what, $expected) = limited($calls, $n, $address, @options);
		like($reply->{status}, $expected, "$who: $what");
		my ($policy, $state) = split / \| /, limit_of($reply);
		is($policy, qq("$name";q=2;w=60), '... under its policy');
		like($state, $n ? qr/^"$name";r=0;t=(?:[12]?\d|30)$/ : qr/^"$name";r=1;t=(?:[12]?\d|30)$/,
			'... and what is left of it');
	}
	for my $n (0 .. $#$calls)
	{
		my ($reply, $what) = limited($calls, $n, $address, @options);
		is_refused($reply, $name, "$who: $what, once too often");
	}
}

for my $name (sort keys %by_user)
{
	meets($name, $by_user{$name}, 'alice', '192.0.2.1', as => $alice);
	is_refused((limited($by_user{$name}, 0, '192.0.2.99', as => $alice))[0], $name,
		'from another address, too');
	my ($reply, $what, $expected) = limited($by_user{$name}, 0, '192.0.2.1', as => $bob);
	like($reply->{status}, $expected, "bob: $what goes on");
}
for my $name (sort keys %by_address)
{
	meets($name, $by_address{$name}, 'an address', '192.0.2.1');
	my ($reply, $what, $expected) = limited($by_address{$name}, 0, '192.0.2.2');
	like($reply->{status}, $expected, "another address: $what goes on");
}
is_deeply([ sort keys %{ { %by_user, %by_address } } ], [ sort @names ], 'every limit was met');

for my $free ([ GET => '/key-log' ], [ GET => '/' ])
{
	my ($method, $path, @options) = @$free;
	my @replies = map { from('192.0.2.1', $method, $path, as => $alice, @options) } 1 .. 5;
	is(join(' ', map { "$_->{status} " . limit_of($_) } @replies), join(' ', ('200 none | none') x 5),
		"$method $path is not limited");
}
my $reply = from('192.0.2.1', POST => '/messages', as => $alice, body => envelope(),
	headers => { Origin => 'https://chat.example.org' });
is_refused($reply, 'send', 'a page of another site');
like($reply->{headers}{'access-control-expose-headers'}, qr/RateLimit, RateLimit-Policy, Retry-After/,
	'... may read it');
is_refused(from('192.0.2.1', PUT => '/backup', as => $alice, raw => 'x' x 90000), 'backup', 'a large body, unread');
is($server->sql("SELECT count(*) FROM e2emsg.messages WHERE sender_id = '$alice->{id}'"), 2,
	'what was refused was not stored');

# A stream counts once, when it begins, and says so like any answer.
my $dora = $gateway->register('dora', 2);
sub stream { return E2emsg::Stream->new($gateway, as => $dora, headers => { 'X-Forwarded-For' => '192.0.2.7' }) }
my @streams = (stream(), stream());
is(join(' ', map { $_->status } @streams), '200 200', 'two streams');
is(limit_of({ headers => $streams[0]->headers }), '"read";q=2;w=60 | "read";r=1;t=30', '... say what is left');
my $too_often = stream();
is($too_often->status . ' ' . $too_often->problem->{code}, '429 rate_limited', '... are enough');
is(from('192.0.2.7', GET => '/messages', as => $dora)->{status}, 429, '... also for those who read');
$gateway->request(POST => '/messages', as => $bob, body => { %{ envelope() }, receiverId => $dora->{id} });
ok($streams[0]->next(20), '... and go on all the same');
$_->close for @streams;

my $local = join ' ', map { from(undef, POST => '/sessions/challenge', body => { username => 'alice' })->{status} } 1 .. 5;
is($local, '200 200 200 200 200', 'limit_loopback = off: this machine has none');
is(join(' ', map { from(undef, POST => '/messages', as => $alice, body => envelope())->{status} } 1 .. 5),
	'201 201 201 201 201', '... and neither have its users');

# --- whose address ------------------------------------------------------------------

sub challenge
{
	my ($address, $at) = @_;
	return from($address, POST => '/sessions/challenge', at => $at, body => { username => 'alice' })->{status};
}

is(join(' ', map { challenge("203.0.113.$_, 198.51.100.1") } 1 .. 4), '200 200 429 429',
	'what a client writes itself before the proxy does not count');
is(join(' ', map { challenge("198.51.100.2, 10.0.0.$_") } 1 .. 4), '200 200 429 429', 'two proxies, trusted both');
is(join(' ', map { challenge("198.51.100.9, 11.0.0.$_") } 1 .. 3), '200 200 200', 'only the first of them: it counts');
is(join(' ', map { challenge("2001:db8:1:2::$_") } 1 .. 4), '200 200 429 429', 'an IPv6 /64 is one address');
is(join(' ', map { challenge("2001:db8:1:$_\::1") } 3 .. 6), '200 200 200 200', 'others are others');
is(join(' ', map { challenge($_) } '198.51.100.3', '198.51.100.3:4711', '[::ffff:198.51.100.3]:1'), '200 200 429',
	'one address in three notations');

# 1000 values that nobody can mean well, the same in each run.
srand 190;
my @hostile = ('', ',', ' , ', 'unknown', '127.0.0.1', '::1', '10.0.0.1, 10.0.0.2', '1.2.3.4' x 500, '1.2.3.4, ' x 1000,
	',' x 8000, '[' x 5000, 'for=192.0.2.1;by=10.0.0.1', '"><script>', "' OR 1=1 --", '%s%n%x', '../../etc/passwd');
my @bits = (split(//, '[]:.,;/-_x "'), '::', '127.0.0.1', '10.9.9.9', '255.255.255.255', 'fe80::1%eth0',
	'999999999999', '-1', '0x7f000001', 'localhost');
push @hostile, join '', map { $bits[ rand @bits ] } 1 .. 1 + rand 40 while @hostile < 1000;

my %status;
$status{ challenge("$_, 198.51.100.77") }++ for @hostile;
is_deeply(\%status, { 200 => 2, 429 => 998 }, '1000 hostile values before the address that the proxy saw');
is(challenge('198.51.100.78'), 200, '... do no other address any harm');

my $plain = E2emsg::Gateway->new($server, @more, session_per_minute => 2);
%status = ();
$status{ challenge($_, $plain) }++ for @hostile;
is_deeply(\%status, { 200 => 2, 429 => 998 }, 'the same of a peer that is no proxy: they count for nothing');
my $told = () = $plain->log =~ /X-Forwarded-For of 127\.0\.0\.1 was ignored.*trusted_proxies/g;
is($told, 1, '... and the operator is told once');

my $behind = E2emsg::Gateway->new($server, @more, session_per_minute => 2, trusted_proxies => '127.0.0.1');
my @garbage = grep { !/\d|::/ } @hostile;
%status = ();
$status{ challenge($_, $behind) }++ for @garbage;
is_deeply(\%status, { 200 => 2, 429 => @garbage - 2 }, 'garbage that a proxy passes on counts for the proxy');
is($plain->request(GET => '/live', admin => 1)->{status}, 200, 'all live on');

# --- settings -----------------------------------------------------------------------

for my $wrong ('localhost', '10.0.0.0/33', '10.0.0.1,10.0.0.2', '10.0.0.1/8', '0.0.0.0/0', '::/0', '::1 ' x 65)
{
	my $result = E2emsg::Test::run_command([ E2emsg::Gateway::binary(), '--check-config', "--trusted_proxies=$wrong" ]);
	is($result->{status}, 2, 'trusted_proxies: ' . substr $wrong, 0, 20);
	my ($word) = $wrong =~ /^(\S+)/;
	like($result->{err}, qr/trusted_proxies: "\Q$word\E" is /, '... it says why');
}

my $file = $gateway->dir . '/config';
sub configure
{
	my ($per_minute) = @_;
	open my $out, '>', $file or die;
	print $out "session_per_minute = $per_minute\n";
	close $out;
	chmod 0644, $file;
}
configure(1);
my $reloaded = E2emsg::Gateway->new($server, @more, config => $file);
is(join(' ', map { challenge(undef, $reloaded) } 1 .. 2), '200 429', 'one a minute');
configure(0);
kill HUP => $reloaded->pid;
wait_until { $reloaded->log =~ /settings reloaded/ } 20;
is(join(' ', map { challenge(undef, $reloaded) } 1 .. 5), '200 200 200 200 200', 'SIGHUP: none');
configure(7);
kill HUP => $reloaded->pid;
wait_until { $reloaded->log =~ /settings reloaded.*settings reloaded/s } 20;
like(limit_of(from(undef, POST => '/sessions/challenge', at => $reloaded, body => {})), qr/^"session";q=7;w=60/,
	'... another');

# --- clients ------------------------------------------------------------------------

$gateway->stop;
my $usual = E2emsg::Gateway->new($server, @more, log_signer => $gateway->dir . '/log-key');
my ($carol, $dave) = map { E2emsg::Client->new($usual, $_) } qw(carol dave);
for my $n (1 .. 15)
{
	is($carol->run('send', 'dave', "message $n")->{status}, 0, "carol sends message $n");
	is($dave->run('read')->{status}, 0, '... dave reads it');
}
is($carol->run(@$_)->{status}, 0, "@$_") for ['backup'], ['rotate'], ['login'], [qw(send dave x)];
unlike($usual->log, qr/ 429 /, 'people do not meet the usual limits');

# Asks as carol until it is too often.
sub exhaust
{
	my ($at) = @_;
	my $token = E2emsg::Test::decode($carol->run(qw(token --json))->{out})->{token};
	for (1 .. 100)
	{
		return if $at->request(POST => '/messages', token => $token, body => {})->{status} == 429;
	}
	die 'there is no limit';
}
sub count_sends { my $log = $_[0]->log; return scalar(() = $log =~ m{POST /messages $_[1] }g) }

my $short = E2emsg::Gateway->new($server, @more, send_per_minute => 20);
$carol->{gateway} = $short;
exhaust($short);
# an answer is out before its line is in the log
ok((wait_until { count_sends($short, 429) == 1 } 10), 'the limit is met');
is($carol->run(qw(send dave patiently))->{status}, 0, 'the client waits when that is short');
ok(count_sends($short, 429) <= 2, '... and asks once more');
ok((wait_until { count_sends($short, 201) == 1 } 10), '... with success');

my $long = E2emsg::Gateway->new($server, @more, send_per_minute => 1);
$carol->{gateway} = $long;
exhaust($long);
ok((wait_until { count_sends($long, 429) == 1 } 10), 'the limit is met');
my $result = $carol->run(qw(send dave later));
is($result->{status}, 3, 'it does not when it is long');
like($result->{err}, qr/Too often: try again in \d+ seconds/, '... but says how long');
ok((wait_until { count_sends($long, 429) > 1 } 10) && count_sends($long, 429) == 2, '... and asks once');
my $narrow = E2emsg::Gateway->new($server, @more, read_per_minute => 20, block_per_minute => 20);
$dave->{gateway} = $narrow;
for my $case ([ '/messages', 'read' ], [ '/blocks', 'blocks' ])
{
	my ($path, $command) = @$case;
	my $dave_token = E2emsg::Test::decode($dave->run(qw(token --json))->{out})->{token};
	for (1 .. 30) { last if $narrow->request(GET => $path, token => $dave_token)->{status} == 429 }
	is($dave->run($command)->{status}, 0, "$command waits when that is short");
}
$carol->{gateway} = $dave->{gateway} = $usual;
is($carol->run(qw(send --retry))->{status}, 0, 'then it goes out');
is($server->sql("SELECT count(*) FROM e2emsg.messages WHERE sender_id = e2emsg.find_user('carol')"), 18,
	'every message once');

done_testing();
