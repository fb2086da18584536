# The demonstration: what anybody may look at and do with demo = on, that the
# client notices each act, and that nothing of it is there otherwise.
use strict;
use warnings;
use E2emsg::Test;

my $server = E2emsg::Server->with_extension;
my $file   = top_dir() . '/dev/evil.sql';

# --- nowhere unless asked for

my $without = E2emsg::Gateway->new($server);
is($without->request('GET', $_)->{status}, 404, "demo = off: GET $_")
  for '/demo', '/demo/rows?of=alice', '/demo/evil';
is($without->request('POST', '/demo/evil', body => { action => 'flip', mailbox => 'bob' })->{status},
	404, 'demo = off: POST /demo/evil');
is($without->stop, 0, 'a clean end');
is($server->sql(q{SELECT to_regnamespace('e2emsg_demo')}), '', 'no part of the extension');
unlike(slurp(glob(top_dir() . '/e2emsg--*.sql')), qr/demo/, '... nor of its script');

# --- loaded, again and again

$server->sql(slurp($file)) for 1, 2;
my $gateway = E2emsg::Gateway->new($server, demo => 'on');
is($server->sql(<<'SQL'), "evil\nrows", 'the gateway may execute two functions of it');
SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'e2emsg_demo'::regnamespace
	AND has_function_privilege('e2emsg_gateway', p.oid, 'EXECUTE') ORDER BY 1
SQL
is($server->sql(<<'SQL'), '', '... which, like all of it, belong to e2emsg_owner');
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'e2emsg_demo'::regnamespace
	AND (p.proowner <> 'e2emsg_owner'::regrole OR has_function_privilege('public', p.oid, 'EXECUTE'))
SQL
is($server->refused("SELECT * FROM e2emsg_demo.$_", user => 'e2emsg_gateway'), '42501',
	"the gateway can't read $_")
  for qw(armed flipped swapped);

my $alice = E2emsg::Client->new($gateway, 'alice');
my $bob   = E2emsg::Client->new($gateway, 'bob');

sub does
{
	my ($who, $code, $pattern, @arguments) = @_;
	my $result = $who->run(@arguments);
	my $told   = "$result->{out}$result->{err}";
	is($result->{status}, $code, $who->name . ": @arguments: exit $code") or diag $told;
	like($told, $pattern, "... and says so");
	return;
}

sub evil
{
	my ($action, $mailbox) = @_;
	my $reply = $gateway->request('POST', '/demo/evil',
		body => { action => $action, mailbox => $mailbox });
	is($reply->{status}, 200, "$action") or diag $reply->{content};
	return $reply->{json};
}

sub rows
{
	my $reply = $gateway->request('GET', '/demo/rows?of=alice&and=bob');
	is($reply->{status}, 200, 'the rows') or diag $reply->{content};
	is($reply->{headers}{'cache-control'}, 'no-store', '... as they are now');
	return @{ $reply->{json}{mailboxes} };
}

# --- what the server sees

does($alice, 0, qr/sent/, 'send', 'bob', 'The word is swordfish.');
my ($of_alice, $of_bob) = rows();
is($of_alice->{username}, 'alice', 'a mailbox');
is_deeply($of_alice->{messages}, [], '... without mail');
my $row = $of_bob->{messages}[0];
my ($iv, $ciphertext, $tag, $size) = split /\|/, $server->sql(<<'SQL');
SELECT encode(iv, 'hex'), encode(substr(ciphertext, 1, 96), 'hex'), encode(auth_tag, 'hex'),
	octet_length(ciphertext) FROM e2emsg.messages
SQL
is_deeply(
	[ @$row{qw(seq sender suite senderKeyVersion keyVersion iv ciphertext authTag size flippedByte)} ],
	[ 1, 'alice', 1, 1, 1, $iv, $ciphertext, $tag, $size, undef ],
	'the real row, with what the server can see');
ok(!$row->{acknowledged}, 'not read yet');
is_deeply([ map { $_->{version} } @{ $of_bob->{keys} } ], [1], 'one key');
is($of_bob->{keys}[0]{thumbprint},
	$server->sql(q{SELECT encode(thumbprint, 'hex') FROM e2emsg.public_keys
		WHERE user_id = e2emsg.find_user('bob')}), '... its real thumbprint');
does($bob, 0, qr/swordfish/, 'read');
(undef, $of_bob) = rows();
ok($of_bob->{messages}[0]{acknowledged}, 'read');

# --- a flipped bit

evil('flip', 'bob');
ok((rows())[1]{willFlip}, 'armed');
does($alice, 0, qr/sent/, 'send', 'bob', 'Pay 5 to Carol.');
does($alice, 0, qr/sent/, 'send', 'bob', 'Thank you.');
does($bob, 6, qr/\[2\].*NOT OPENED: tampered.*\[3\].*Thank you\./s, 'read');
(undef, $of_bob) = rows();
ok(!$of_bob->{willFlip}, 'once only');
my ($byte, $other) = map { $_->{flippedByte} } @{ $of_bob->{messages} }[1, 2];
like($byte, qr/^\d+$/, 'it shows which byte');
is($other, undef, '... and that the next one is whole');

# --- a replay

evil('replay', 'bob');
(undef, $of_bob) = rows();
is($of_bob->{messages}[-1]{seq}, 4, 'the last message again, as number 4');
does($bob, 6, qr/mail 4 is an envelope that came before/, 'read');
does($alice, 0, qr/sent/, 'send', 'bob', 'On we go.');
does($bob, 0, qr/^\[5\].*On we go\./s, 'read');
is($gateway->request('POST', '/demo/evil', body => { action => 'replay', mailbox => 'alice' })->{json}{code},
	'invalid_request', 'nothing to replay');

# Who waits for mail is woken.
my $token = $bob->run('token')->{out};
chomp $token;
my $pid = start_command([ 'sh', '-c', 'sleep 1; exec curl -sf -d "$1" -H "Content-Type: application/json" "$0"',
		$gateway->url . '/demo/evil', json({ action => 'replay', mailbox => 'bob' }) ],
	log => scratch_dir() . '/curl');
my $waited = $gateway->request('GET', '/messages?after=5&wait=20', token => $token);
is_deeply([ map { $_->{seq} } @{ $waited->{json}{messages} } ], [6], 'a replay wakes a reader');
is(stop_command($pid, 0), 0, '... who waits');
does($bob, 6, qr/mail 6 is an envelope that came before/, 'read');

# --- a swapped key

my ($true) = map { $_->{thumbprint} } @{ $of_bob->{keys} };
evil('swap', 'bob') for 1, 2;
$server->sql(slurp($file)); # make run again: it is still known which key is the true one
(undef, $of_bob) = rows();
ok($of_bob->{isSwapped}, 'swapped');
is(scalar @{ $of_bob->{keys} }, 1, 'in the place of the true key');
isnt($of_bob->{keys}[0]{thumbprint}, $true, '... another one');
ok(!$of_bob->{keys}[0]{isTrue}, '... and it says so');
does($alice, 5, qr/key of bob is not usable/, 'send', 'bob', 'A secret.');
my $carol = E2emsg::Client->new($gateway, 'carol');
does($carol, 5, qr/key of bob is not usable/, 'send', 'bob', 'Hello.');
does($carol, 5, qr/bob/, 'audit');
is($server->sql(q{SELECT count(*) FROM e2emsg.messages m JOIN e2emsg.mailboxes b
	ON b.id = m.mailbox_id AND m.seq > b.acked_seq}), '0', 'nothing was sealed to it');
does($bob, 5, qr/not usable/, 'rotate');
evil('unswap', 'bob') for 1, 2;
(undef, $of_bob) = rows();
is_deeply([ map { [ @$_{qw(version thumbprint isTrue)} ] } @{ $of_bob->{keys} } ],
	[ [ 1, $true, JSON::PP::true() ] ], 'put back');
does($alice, 0, qr/sent/, 'send', 'bob', 'Another secret.');
does($bob, 0, qr/^\[7\].*Another secret\./s, 'read');
does($bob, 0, qr/^2$/m, 'rotate');
does($alice, 0, qr/rotated to key version 2/, 'send', 'bob', 'To the new key.');
does($bob, 0, qr/To the new key\./, 'read');
my $david = E2emsg::Client->new($gateway, 'david');
does($david, 0, qr/./, 'audit');
evil('swap', 'bob');
does($alice, 5, qr/version 2 of the key of bob is not usable/, 'send', 'bob', 'Again.');
evil('unswap', 'bob');
is($server->sql(q{SELECT tgenabled FROM pg_trigger WHERE tgname = 'key_rotation_log_is_append_only'}),
	'O', 'the log is append-only as before');

# --- what is refused

my $good = { action => 'flip', mailbox => 'bob' };
for my $case (
	[ { action => 'flip' }, 400, 'no mailbox' ],
	[ { mailbox => 'bob' }, 400, 'no action' ],
	[ { %$good, action => 'drop' }, 400, 'another action' ],
	[ { %$good, action => undef }, 400, 'null' ],
	[ { %$good, more => 1 }, 400, 'a member too many' ],
	[ { %$good, mailbox => 'nobody' }, 404, 'an unknown user' ],
	[ { %$good, mailbox => q(bob'; DROP TABLE e2emsg.users; --) }, 404, 'SQL' ],
	[ [], 400, 'no object' ])
{
	my ($body, $status, $name) = @$case;
	is($gateway->request('POST', '/demo/evil', body => $body)->{status}, $status, "evil: $name");
}
is($gateway->request('GET', "/demo/rows$_->[0]")->{status}, $_->[1], "rows: '$_->[0]'")
  for [ '', 400 ], [ '?and=bob', 400 ], [ '?of=nobody', 404 ], [ '?of=bob&and=nobody', 404 ],
  [ '?of=bob&of=bob', 400 ], [ '?from=bob', 400 ], [ '?of=bob', 200 ];

# Pages of other sites can send these without asking first.
my $json = json($good);
for my $type (undef, 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data')
{
	my $field = defined $type ? "Content-Type: $type\r\n" : '';
	my ($answer) = $gateway->raw(
		"POST /demo/evil HTTP/1.1\r\nHost: x\r\n${field}Content-Length: " . length($json) . "\r\n\r\n$json", 5);
	like($answer, qr/^HTTP\/1\.1 415 /, ($type // 'no') . ' type: refused');
}
ok(!(rows())[1]{willFlip}, '... and nothing happened');

done_testing();
