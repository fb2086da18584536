# Whatever is wrong with a body: an answer from 400 to 499 that says what to
# mend, never a 500, never a hang, and nothing is lost.
use strict;
use warnings;
use Time::HiRes qw(time sleep);
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server, body_timeout_ms => 1500);
my $alice   = $gateway->register('alice', 0);
my $bob     = $gateway->register('bob',   1);

my @routes = (
	[ 'POST', '/users' ],
	[ 'PUT',  "/users/$alice->{id}/public-key" ],
	[ 'PUT',  "/users/$alice->{id}/identity-key" ],
	[ 'POST', '/sessions/challenge' ],
	[ 'POST', '/sessions' ],
	[ 'POST', '/messages' ],
	[ 'POST', '/messages/ack' ],
);

sub rows
{
	return $server->sql(<<'SQL');
SELECT (SELECT count(*) FROM e2emsg.users), (SELECT count(*) FROM e2emsg.public_keys),
	(SELECT count(*) FROM e2emsg.key_rotation_log), (SELECT count(*) FROM e2emsg.messages),
	(SELECT sum(last_seq + acked_seq) FROM e2emsg.mailboxes)
SQL
}

sub is_4xx
{
	my ($reply, $name) = @_;
	my $json = $reply->{json};
	my $good = $reply->{status} =~ /^4\d\d$/ && ref $json eq 'HASH'
	  && length($json->{code} // '') && length($json->{hint} // '')
	  && $json->{status} == $reply->{status};
	ok($good, $name) or diag "$reply->{status} $reply->{content}";
	return $json->{code};
}

# The body on every route; one assertion.
sub refused_everywhere
{
	my ($body, $name) = @_;
	my @wrong;
	for my $route (@routes)
	{
		my $reply = $gateway->request(@$route, as => $alice, raw => $body);
		my $json  = $reply->{json};
		push @wrong, "@$route: $reply->{status} $reply->{content}"
		  if $reply->{status} !~ /^4\d\d$/ || ref $json ne 'HASH' || !$json->{code} || !$json->{hint};
	}
	is("@wrong", '', $name);
	return;
}

my $before = rows();

# --- JSONTestSuite: n_ is no JSON; y_ and i_ are no request of ours ---------------

my $suite = top_dir() . '/test/vectors/jsontestsuite/test_parsing';
my $number = 0;
for my $path (sort glob "$suite/n_*.json")
{
	my ($name) = $path =~ m{([^/]+)\.json$};
	my $route  = $routes[ $number++ % @routes ];
	my $reply  = $gateway->request(@$route, as => $alice, raw => slurp($path));
	my $code   = is_4xx($reply, "$name on @$route");
	ok($code =~ /^(?:bad_json|body_too_large|invalid_request)$/, "$name: $code");
}
for my $path (sort glob("$suite/[yi]_*.json"))
{
	my ($name) = $path =~ m{([^/]+)\.json$};
	my $route = $routes[ $number++ % @routes ];
	is_4xx($gateway->request(@$route, as => $alice, raw => slurp($path)), "$name on @$route");
}

# --- every route ------------------------------------------------------------------

refused_everywhere('', 'an empty body');
refused_everywhere(' ', 'white space');
refused_everywhere('null', 'null');
refused_everywhere('[]', 'an array');
refused_everywhere('"text"', 'a string');
refused_everywhere('{}', 'an empty object');
refused_everywhere('{"unknown":1}', 'an unknown member');
refused_everywhere('{"a":1}{"a":1}', 'two objects');
refused_everywhere("{}\0", 'a NUL byte after it');
refused_everywhere("\xEF\xBB\xBF{}", 'a byte order mark');
refused_everywhere("{\"a\":\"\xff\xfe\"}", 'no UTF-8');
refused_everywhere("{\"a\":\"\xc0\x80\"}", 'an overlong NUL');
refused_everywhere("{\"a\":\"\xed\xa0\x80\"}", 'a surrogate in UTF-8');
refused_everywhere("{\"a\":\"\xf4\x90\x80\x80\"}", 'past U+10FFFF');
refused_everywhere('{"a":"\u0000"}', '\u0000');
refused_everywhere('{"\u0000":1}', '\u0000 in a name');
refused_everywhere('{"a":"\ud800"}', 'a lone surrogate');
refused_everywhere('{"a":' . '[' x 40000 . ']' x 40000 . '}', 'deep nesting, closed');
refused_everywhere('[' x 90000, 'deep nesting, open');
refused_everywhere('{"a":' x 15000 . '1' . '}' x 15000, 'deep objects');
refused_everywhere('{"a":1' . '0' x 5000 . '}', 'a number of 5000 digits');
refused_everywhere('{"a":1e999999}', 'a number past every double');
refused_everywhere('{"' . 'a' x 90000 . '":1}', 'a long name');
refused_everywhere('{"a":"' . 'x' x 98305 . '"}', 'over the limit');

# A body that is good, with one fault
my %good = (
	'/users' => { username => 'carol', publicKey => public_jwk(2) },
	'/messages' => { receiverId => $bob->{id}, ciphertext => 'AAAA', iv => 'AAAAAAAAAAAAAAAA',
		authTag => 'AAAAAAAAAAAAAAAAAAAAAA', keyVersion => 1 },
	'/messages/ack' => { through => 0 },
);
for my $path (sort keys %good)
{
	my $text = json($good{$path});
	(my $open = $text) =~ s/\}$//;
	for my $member (sort keys %{ $good{$path} })
	{
		my $value = json($good{$path}{$member});
		is_4xx($gateway->request('POST', $path, as => $alice, raw => qq($open,"$member":$value})),
			"$path: $member twice");
		for my $wrong ('null', 'true', '{}', '[]', '"x\u0000y"', '-1', '1.5', '1e400',
			'123456789012345678901234567890', '"\ud800"')
		{
			my $body = json({ %{ $good{$path} }, $member => '@' });
			$body =~ s/"\@"/$wrong/;
			is_4xx($gateway->request('POST', $path, as => $alice, raw => $body),
				"$path: $member: $wrong");
		}
	}
	is_4xx($gateway->request('POST', $path, as => $alice, raw => qq($open,"extra":1})),
		"$path: one member more");
	is_4xx($gateway->request('POST', $path, as => $alice, raw => qq($text )  . 'x'),
		"$path: rubbish after it");
}

# --- paths and queries --------------------------------------------------------------

is_4xx($gateway->request('GET', $_, as => $alice), "GET $_")
  for '/users/' . 'a' x 1000 . '/public-key', '/users/%00/public-key', '/users/a%2fb/public-key',
  "/users/x'--/public-key", '/users//public-key', '/users/../public-key', '/messages?after=',
  '/messages?after=%31', '/messages?limit=10;DROP', '/messages?after',
  '/users/alice/public-key?version=1&version=2', '/users/alice/public-key?version=';

# --- slow and short bodies -----------------------------------------------------------

sub head
{
	my ($length) = @_;
	return join "\r\n", 'POST /messages/ack HTTP/1.1', 'Host: localhost',
	  'Content-Type: application/json', "Authorization: Bearer $alice->{token}",
	  "Content-Length: $length", '', '';
}

my ($answer, $state) = $gateway->raw(head(100) . '{"through":', 10);
like($answer, qr{^HTTP/1\.1 408 }, 'a body that never ends: 408');
is($state, 'closed', 'and closed');

{
	local $SIG{PIPE} = 'IGNORE';
	my $socket = $gateway->connect;
	my $start  = time;
	syswrite $socket, head(60);
	for (1 .. 20)
	{
		last if !defined syswrite $socket, ' ';
		sleep 0.2;
	}
	($answer, $state) = $gateway->drain($socket, 10);
	is($state, 'closed', 'a byte every 0.2 seconds does not keep it open');
	like($answer, qr{^HTTP/1\.1 408 }, 'it is told 408');
}

($answer, $state) = $gateway->raw(head(9_999_999) . 'x', 5);
like($answer, qr{^HTTP/1\.1 413 }, 'a huge Content-Length: 413 at once');
is($state, 'closed', 'and closed');

# Many slow ones at once do not keep others out.
my @slow = map { $gateway->connect } 1 .. 60;
syswrite $_, head(50) for @slow;
is($gateway->request('GET', '/messages', as => $alice)->{status}, 200,
	'sixty slow bodies and one more');
close $_ for @slow;

# --- nothing happened ------------------------------------------------------------------

is(rows(), $before, 'no row came or went');
is($gateway->request('POST', '/messages', as => $alice, body => $good{'/messages'})->{status},
	201, 'the good body is taken');
is($gateway->request('GET', '/messages', as => $bob)->{json}{next}, 1, 'and arrives');
is($gateway->stop, 0, 'the gateway ends well');
unlike($gateway->log, qr/\b500\b|internal_error/, 'never a 500');
unlike($server->log_file && slurp($server->log_file), qr/ERROR:  invalid byte sequence/,
	'the database never saw a bad byte');

done_testing();
