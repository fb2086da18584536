# Every route of the gateway, its success and the refusals worth naming.
use strict;
use warnings;
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);

my $uuid = qr/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
my $time = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
my $iv_number = 0;

sub call { return $gateway->request(@_) }

# A refusal is problem+json with the status, the code, a title and a hint.
sub refused
{
	my ($reply, $status, $code, $name) = @_;
	my $json = $reply->{json};
	my $good =
		 $reply->{status} == $status
	  && ref $json eq 'HASH'
	  && $json->{code} eq $code
	  && $json->{status} == $status
	  && $json->{type} eq 'about:blank'
	  && length $json->{title}
	  && length $json->{hint}
	  && $reply->{headers}{'content-type'} =~ m{^application/problem\+json};
	ok($good, "$name: $status $code") or diag "$reply->{status} $reply->{content}";
	return $json;
}

sub envelope
{
	my ($receiver, %more) = @_;
	return {
		receiverId => $receiver,
		ciphertext => 'c2VhbGVk',
		iv         => sprintf('AAAAAAAAAAAA%04d', ++$iv_number),
		authTag    => 'AAAAAAAAAAAAAAAAAAAAAA',
		keyVersion => 1,
		%more
	};
}

# --- registration -----------------------------------------------------------

my $reply = call('POST', '/users', body => { username => 'alice', publicKey => public_jwk(0) });
is($reply->{status}, 201, 'POST /users') or diag $reply->{content};
my $alice = $reply->{json};
is_deeply([ sort keys %$alice ], [qw(expiresAt id keyVersion token username)], 'its members');
like($alice->{id}, $uuid, 'the id is a version 8 UUID');
is($reply->{headers}{location}, "/users/$alice->{id}", 'Location');
is($alice->{keyVersion}, 1, 'key version 1');
like($reply->{headers}{'content-type'}, qr{^application/json}, 'Content-Type');
my $bob   = $gateway->register('bob',   1);
my $carol = $gateway->register('carol', 2);

sub register { return call('POST', '/users', body => {@_}) }
refused(register(username => 'alice', publicKey => public_jwk(3)),
	409, 'username_taken', 'a name that is taken');
refused(register(username => $_, publicKey => public_jwk(3)), 422, 'invalid_username',
	"the name '$_'")
  for 'al', 'Alice', '1alice', 'a' x 33, 'al ice', "al\x{e9}x", '',
  '13d3dc61-40c5-8b0e-9dff-0bc07d5624c8', 'a3d3dc61-40c5-8b0e-9dff-0bc07d5624c8';
refused(register(username => 'dave'), 400, 'invalid_request', 'no key');
refused(register(publicKey => public_jwk(3)), 400, 'invalid_request', 'no name');
refused(register(username => 7, publicKey => public_jwk(3)), 400, 'invalid_request',
	'a name that is a number');
refused(register(username => 'dave', publicKey => 'key'), 400, 'invalid_request',
	'a key that is a string');
refused(register(username => 'dave', publicKey => public_jwk(3), admin => JSON::PP::true),
	400, 'invalid_request', 'an unknown member');
refused(register(username => 'dave', publicKey => { %{ public_jwk(3) }, d => 'AAAA' }),
	422, 'invalid_key', 'a private key');
refused(register(username => 'dave', publicKey => { %{ public_jwk(3) }, crv => 'P-384' }),
	422, 'invalid_key', 'another curve');
refused(register(username => 'dave', publicKey => { %{ public_jwk(3) }, y => public_jwk(4)->{y} }),
	422, 'invalid_key', 'a point off the curve');
refused(register(username => 'dave', publicKey => public_jwk(3), signature => 'AA'),
	400, 'invalid_request', 'a signature without an identity key');
is(register(username => 'webcrypto', publicKey =>
	  { %{ public_jwk(5) }, ext => JSON::PP::true, key_ops => [] })->{status},
	201, "WebCrypto's export is taken as it is");

# --- tokens -----------------------------------------------------------------

refused(call('GET', '/messages'), 401, 'missing_token', 'no token');
refused(call('GET', '/messages', token => 'nonsense'), 401, 'invalid_token', 'nonsense');
refused(call('GET', '/messages', headers => { Authorization => 'Basic YTpi' }),
	401, 'missing_token', 'Basic');
my $forged = $alice->{token};
substr($forged, -5, 1) = substr($forged, -5, 1) eq 'A' ? 'B' : 'A';
refused(call('GET', '/messages', token => $forged), 401, 'invalid_token', 'a forged token');
like(call('GET', '/messages')->{headers}{'www-authenticate'} // '', qr/^Bearer/,
	'a 401 says WWW-Authenticate: Bearer');
$reply = call('POST', '/sessions/refresh', as => $alice);
ok($reply->{status} == 200 || $reply->{status} == 201, 'POST /sessions/refresh')
  or diag $reply->{content};
is_deeply([ sort keys %{ $reply->{json} } ], [qw(expiresAt token)], 'its members');
is(call('GET', '/messages', token => $reply->{json}{token})->{status}, 200,
	'and its token works');

# --- keys -------------------------------------------------------------------

for my $who ($bob->{id}, 'bob')
{
	$reply = call('GET', "/users/$who/public-key", as => $alice);
	is($reply->{status}, 200, "GET /users/$who/public-key") or diag $reply->{content};
}
is_deeply($reply->{json}{publicKey}, public_jwk(1), 'the key');
is($reply->{json}{userId}, $bob->{id}, 'userId');
is($reply->{json}{keyVersion}, 1, 'keyVersion');
is($reply->{json}{username}, 'bob', 'username');
ok(!defined $reply->{json}{identityKey} && !defined $reply->{json}{signature}, 'unsigned');
is($reply->{json}{thumbprint}, scalar sign({ op => 'thumbprint', key => public_jwk(1) }),
	'the thumbprint of RFC 7638');
like($reply->{json}{createdAt}, $time, 'createdAt');
my $etag = $reply->{headers}{etag};
like($etag, qr/^"[^"]+"$/, 'ETag');
$reply = call('GET', '/users/bob/public-key', as => $alice, headers => { 'If-None-Match' => $etag });
is($reply->{status}, 304, 'If-None-Match: 304');
is($reply->{content} // '', '', 'without a body');
is(call('GET', '/users/bob/public-key', as => $alice, headers => { 'If-None-Match' => '"x"' })
	  ->{status}, 200, 'another ETag: 200');
refused(call('GET', '/users/bob/public-key'), 401, 'missing_token', 'without a token');
refused(call('GET', '/users/nobody/public-key', as => $alice), 404, 'unknown_user', 'nobody');
refused(call('GET', '/users/00000000-0000-8000-8000-000000000000/public-key', as => $alice),
	404, 'unknown_user', 'no such id');
refused(call('GET', '/users/bob/public-key?version=2', as => $alice),
	404, 'unknown_key_version', 'version 2 does not exist yet');
refused(call('GET', "/users/bob/public-key?version=$_", as => $alice),
	400, 'invalid_request', "version=$_")
  for qw(0 -1 x 1e3 99999999999999999999);

sub rotate
{
	my ($user, $number, $version, $as) = @_;
	return call('PUT', "/users/$user->{id}/public-key", as => $as // $user,
		body => { publicKey => public_jwk($number), keyVersion => $version });
}
$reply = rotate($bob, 11, 2);
is($reply->{status}, 200, 'PUT public-key') or diag $reply->{content};
is_deeply($reply->{json}, { keyVersion => 2, throughSeq => 0 }, 'its members');
refused(rotate($bob, 12, 2), 409, 'version_conflict', 'version 2 again');
refused(rotate($bob, 12, 4), 409, 'version_conflict', 'a version left out');
refused(rotate($bob, 1,  3), 422, 'key_reused', 'back to the first key');
refused(rotate($bob, 12, 3, $alice), 403, 'forbidden', "somebody else's key");
refused(call('PUT', "/users/$bob->{id}/public-key", as => $bob, body => { keyVersion => 3 }),
	400, 'invalid_request', 'no key');
refused(call('PUT', "/users/$bob->{id}/public-key", as => $bob,
		body => { publicKey => public_jwk(12), keyVersion => '3' }),
	400, 'invalid_request', 'a version that is a string');
$reply = call('GET', '/users/bob/public-key?version=1', as => $alice);
is_deeply($reply->{json}{publicKey}, public_jwk(1), 'version 1 is still there');
like($reply->{headers}{'cache-control'} // '', qr/immutable/, 'and immutable');
$reply = call('GET', '/users/bob/public-key', as => $alice);
is($reply->{json}{keyVersion}, 2, 'version 2 is current');
unlike($reply->{headers}{'cache-control'} // '', qr/immutable/, 'and not immutable');
is($reply->{json}{previousThumbprint}, scalar sign({ op => 'thumbprint', key => public_jwk(1) }),
	'it names the one before');

$reply = call('GET', '/users/bob/key-rotations', as => $alice);
is($reply->{status}, 200, 'GET key-rotations') or diag $reply->{content};
is_deeply([ map { "$_->{event} $_->{keyVersion}" } @{ $reply->{json}{rotations} } ],
	[ 'registered 1', 'rotated 2' ], 'oldest first, registration included');
refused(call('GET', '/users/nobody/key-rotations', as => $alice), 404, 'unknown_user', 'nobody');

# --- messages ---------------------------------------------------------------

my $sent = envelope($carol->{id});
$reply = call('POST', '/messages', as => $alice, body => $sent);
is($reply->{status}, 201, 'POST /messages') or diag $reply->{content};
my $receipt = $reply->{json};
is_deeply([ sort keys %$receipt ], [qw(messageId sentAt)], 'its members');
like($receipt->{messageId}, $uuid, 'messageId');
like($receipt->{sentAt}, $time, 'sentAt');
$reply = call('POST', '/messages', as => $alice, body => $sent);
is($reply->{status}, 200, 'the same envelope again');
is_deeply($reply->{json}, $receipt, 'the same answer');
refused(call('POST', '/messages', as => $alice, body => { %$sent, ciphertext => 'b3RoZXI' }),
	409, 'iv_reused', 'the same iv for other bytes');
is(call('POST', '/messages', as => $bob, body => $sent)->{status}, 201,
	"another sender's iv is another matter");

refused(call('POST', '/messages', as => $alice, body => envelope('00000000-0000-8000-8000-000000000000')),
	404, 'unknown_receiver', 'nobody');
refused(call('POST', '/messages', as => $alice, body => envelope('00000000-0000-4000-8000-000000000000')),
	404, 'unknown_receiver', 'a UUID of another version');
refused(call('POST', '/messages', as => $alice, body => envelope('carol')),
	400, 'invalid_request', 'a username instead of an id');
my $stale = refused(call('POST', '/messages', as => $alice, body => envelope($bob->{id})),
	409, 'stale_key_version', 'sealed to version 1');
is($stale->{current}{keyVersion}, 2, 'the current key stands in the answer');
is_deeply($stale->{current}{publicKey}, public_jwk(11), 'all of it');
is(call('POST', '/messages', as => $alice, body => envelope($bob->{id}, keyVersion => 2))->{status},
	201, 'sealed again to that: 201');

refused(call('POST', '/messages', as => $alice, body => envelope($carol->{id}, iv => $_)),
	422, $_ =~ /^[A-Za-z0-9_-]*$/ && length($_) % 4 != 1 ? 'invalid_envelope' : 'invalid_base64url',
	"iv '$_'")
  for 'AAAAAAAAAAAAAAA=', 'AAAAAAAAAAAAAAAAAAAA', '', 'AAAAAAAAAAAAAAA+', 'AAAAA';
refused(call('POST', '/messages', as => $alice, body => envelope($carol->{id}, authTag => 'AAAA')),
	422, 'invalid_envelope', 'a short tag');
refused(call('POST', '/messages', as => $alice, body => envelope($carol->{id}, authTag => 'AAAAAAAAAAAAAAAAAAAAAB')),
	422, 'invalid_base64url', 'spare bits set');
refused(call('POST', '/messages', as => $alice, body => envelope($carol->{id}, keyVersion => $_)),
	422, 'invalid_envelope', "keyVersion $_")
  for 0, -1;
for my $case (
	[ keyVersion => '1' ], [ keyVersion => 1.5 ], [ keyVersion => undef ],
	[ ciphertext => 7 ],   [ iv         => [] ],  [ receiverId => {} ],
	[ unknown    => 1 ],   [ suite      => 'one' ])
{
	refused(call('POST', '/messages', as => $alice, body => envelope($carol->{id}, @$case)),
		400, 'invalid_request', "$case->[0]: " . json($case->[1]));
}
for my $member (qw(receiverId ciphertext iv authTag keyVersion))
{
	my $body = envelope($carol->{id});
	delete $body->{$member};
	refused(call('POST', '/messages', as => $alice, body => $body),
		400, 'invalid_request', "without $member");
}
refused(call('POST', '/messages', body => envelope($carol->{id})),
	401, 'missing_token', 'without a token');
refused(call('POST', '/messages', as => $alice, raw => '{"a":"' . 'x' x 98304 . '"}'),
	413, 'body_too_large', 'a body over the limit');
is(call('POST', '/messages', as => $alice, body => envelope($carol->{id}, ciphertext => 'A' x 87380))
	  ->{status}, 201, 'the largest ciphertext');
refused(call('POST', '/messages', as => $alice, body => envelope($carol->{id}, ciphertext => 'A' x 87384)),
	422, 'invalid_envelope', 'three bytes more');
is(call('POST', '/messages', as => $alice, body => envelope($carol->{id}, ciphertext => ''))
	  ->{status}, 201, 'an empty ciphertext');
is(call('POST', '/messages', as => $alice,
		body => envelope($carol->{id}, suite => 1, senderKeyVersion => 1))->{status},
	201, 'suite 1');

sub inbox { return call('GET', "/messages$_[1]", as => $_[0])->{json} }
my $inbox = inbox($carol, '');
is_deeply([ map { $_->{seq} } @{ $inbox->{messages} } ], [ 1 .. 5 ], 'GET /messages, in order');
is($inbox->{next}, 5, 'next');
my $first = $inbox->{messages}[0];
is_deeply([ sort keys %$first ],
	[qw(authTag ciphertext iv keyVersion messageId receiverId senderId sentAt seq suite)],
	'the members of a message');
is($first->{$_}, $sent->{$_}, "$_ as it was sent") for qw(ciphertext iv authTag receiverId);
is($first->{senderId}, $alice->{id}, 'senderId');
is($first->{suite}, 0, 'suite 0 when left out');
is($first->{messageId}, $receipt->{messageId}, 'the messageId that the sender got');
is($inbox->{messages}[4]{senderKeyVersion}, 1, 'senderKeyVersion when it was said');
is_deeply([ map { $_->{seq} } @{ inbox($carol, '?after=2&limit=2')->{messages} } ], [ 3, 4 ],
	'after and limit');
is(inbox($carol, '?after=2&limit=2')->{next}, 4, 'next of a page');
is_deeply(inbox($carol, '?after=5'), { messages => [], next => 5 }, 'nothing new');
is_deeply(inbox($alice, ''), { messages => [], next => 0 }, 'an empty mailbox');
refused(call('GET', "/messages?$_", as => $carol), 400, 'invalid_request', "GET /messages?$_")
  for qw(after=-1 after=x limit=0 limit=201 limit=x limit=1.5 after=99999999999999999999);
refused(call('GET', "/messages?$_", as => $carol), 400, 'invalid_request', "GET /messages?$_")
  for qw(unknown=1 after=1&after=2);

sub acknowledge { return call('POST', '/messages/ack', as => $_[0], body => { through => $_[1] }) }
$reply = acknowledge($carol, 2);
is($reply->{status}, 200, 'POST /messages/ack');
is_deeply($reply->{json}, { acknowledged => 2 }, 'its answer');
is_deeply([ map { $_->{seq} } @{ inbox($carol, '')->{messages} } ], [ 3 .. 5 ],
	'what is acknowledged is not read again');
is(acknowledge($carol, 1)->{json}{acknowledged}, 2, 'it never goes back');
refused(acknowledge($carol, 6), 409, 'ahead_of_mailbox', 'ahead of the mailbox');
refused(acknowledge($carol, $_), 400, 'invalid_request', 'through: ' . json($_))
  for -1, '2', 1.5, undef;
is(call('POST', '/messages', as => $alice, body => $sent)->{status}, 200,
	'a retry after the acknowledgement is still harmless');

# --- identity keys and sessions ---------------------------------------------

my ($identity, $next_identity, $key1, $key2) = sign(
	{ op => 'identity' }, { op => 'identity' }, { op => 'encryption' }, { op => 'encryption' });
my %of_erin = (op => 'endorse', service => 'e2emsg', username => 'erin');
my ($signature, $signature2, $other_service, $change, $endorses_next) = sign(
	{ %of_erin, private => $identity->{private}, version => 1, key => $key1->{public} },
	{ %of_erin, private => $identity->{private}, version => 2, key => $key2->{public},
		previous => $key1->{public} },
	{ %of_erin, private => $identity->{private}, version => 1, key => $key1->{public},
		service => 'elsewhere' },
	{ op => 'identityChange', service => 'e2emsg', username => 'erin',
		private => $identity->{private}, newKey => $next_identity->{public},
		oldKey => $identity->{public} },
	{ %of_erin, private => $next_identity->{private}, version => 2, key => $key2->{public},
		previous => $key1->{public} });
my @signed = (username => 'erin', publicKey => $key1->{public},
	identityKey => $identity->{public});
refused(register(@signed, signature => $other_service), 422, 'bad_signature',
	'signed for another service');
refused(register(@signed), 400, 'invalid_request', 'an identity key without a signature');
refused(register(@signed, identityKey => $key1->{public}, signature => $signature),
	422, 'key_reused', 'one key for both');
$reply = register(@signed, signature => $signature);
is($reply->{status}, 201, 'a signed registration') or diag $reply->{content};
my $erin = $reply->{json};
$reply = call('GET', '/users/erin/public-key', as => $alice);
is($reply->{json}{signature}, $signature, 'the key object carries the signature');
is($reply->{json}{identityKey}{x}, $identity->{public}{x}, 'and the identity key');

my %rotation = (publicKey => $key2->{public}, keyVersion => 2);
refused(call('PUT', "/users/$erin->{id}/public-key", as => $erin, body => {%rotation}),
	422, 'bad_signature', 'an unsigned rotation');
refused(call('PUT', "/users/$erin->{id}/public-key", as => $erin,
		body => { %rotation, signature => $signature }),
	422, 'bad_signature', "another version's signature");
$reply = call('PUT', "/users/$erin->{id}/public-key", as => $erin,
	body => { %rotation, signature => $signature2 });
is($reply->{status}, 200, 'a signed rotation') or diag $reply->{content};

sub challenge
{
	return call('POST', '/sessions/challenge', body => { username => $_[0] });
}

sub assertion
{
	my ($name, $key, $nonce, %more) = @_;
	return scalar sign(
		{
			op      => 'assertion',
			private => $key->{private},
			header  => { alg => 'ES256', typ => 'e2emsg-session+jwt', %{ $more{header} // {} } },
			payload => { sub => $name, aud => 'e2emsg', nonce => $nonce, %{ $more{payload} // {} } }
		});
}

sub open_session { return call('POST', '/sessions', body => { assertion => $_[0] }) }

$reply = challenge('erin');
is($reply->{status}, 200, 'POST /sessions/challenge') or diag $reply->{content};
is_deeply([ sort keys %{ $reply->{json} } ], [qw(audience expiresIn nonce)], 'its members');
is($reply->{json}{audience}, 'e2emsg', 'the audience is the service name');
is(challenge('unregistered')->{status}, 200, 'it does not say who is registered');
isnt(challenge('erin')->{json}{nonce}, $reply->{json}{nonce}, 'a nonce is new each time');
my $nonce = $reply->{json}{nonce};
refused(open_session(assertion('erin', $next_identity, $nonce)), 401, 'invalid_assertion',
	"another key's assertion");
refused(open_session(assertion('alice', $identity, $nonce)), 401, 'invalid_assertion',
	"another user's name");
refused(open_session(assertion('erin', $identity, $nonce, payload => { aud => 'elsewhere' })),
	401, 'invalid_assertion', 'another audience');
refused(open_session(assertion('erin', $identity, "${nonce}A")), 401, 'invalid_assertion',
	'another nonce');
refused(open_session(assertion('erin', $identity, $nonce, header => { typ => 'JWT' })),
	401, 'invalid_assertion', 'another typ');
refused(open_session(assertion('erin', $identity, $nonce, header => { kid => '1' })),
	401, 'invalid_assertion', 'one header member more');
refused(open_session('a.b.c'), 401, 'invalid_assertion', 'nonsense');
my $assertion = assertion('erin', $identity, $nonce);
$reply = open_session($assertion);
is($reply->{status}, 201, 'POST /sessions') or diag $reply->{content};
is(call('GET', '/messages', token => $reply->{json}{token})->{status}, 200, 'its token works');
refused(open_session($assertion), 401, 'invalid_assertion', 'the same assertion again');
refused(open_session(assertion('carol', $identity, challenge('carol')->{json}{nonce})),
	401, 'invalid_assertion', 'an unsigned user has no key to sign with');

sub put_identity { return call('PUT', "/users/$erin->{id}/identity-key", as => $_[0], body => $_[1]) }
my %change = (identityKey => $next_identity->{public}, signature => $endorses_next);
refused(put_identity($alice, {%change}), 403, 'forbidden', "somebody else's identity");
refused(put_identity($erin, {%change}), 422, 'bad_signature',
	"a new identity without the old one's endorsement");
$reply = put_identity($erin, { %change, endorsement => $change });
is($reply->{status}, 200, 'PUT identity-key') or diag $reply->{content};
is($reply->{json}{identityKey}{x}, $next_identity->{public}{x}, 'answers with the key object');
refused(open_session(assertion('erin', $identity, challenge('erin')->{json}{nonce})),
	401, 'invalid_assertion', 'the old identity opens no session');
is(open_session(assertion('erin', $next_identity, challenge('erin')->{json}{nonce}))->{status},
	201, 'the new one does');
is_deeply([ map { $_->{event} }
	  @{ call('GET', '/users/erin/key-rotations', as => $alice)->{json}{rotations} } ],
	[qw(registered rotated identity_replaced)], 'the log tells it all');

# --- what is no route --------------------------------------------------------

refused(call('GET', $_, as => $alice), 404, 'not_found', "GET $_")
  for '/nothing', '/user', '/users/', '/messages/', '/messages/x', '/users/alice/public-keyx',
  '/users/alice/public-key/x', '/api', '/.htpasswd', '/favicon.ico';
for my $case ([ 'DELETE', '/messages' ], [ 'PUT', '/messages' ], [ 'GET', '/users' ],
	[ 'POST', '/users/alice/public-key' ], [ 'GET', '/sessions' ], [ 'PATCH', '/messages' ])
{
	my $result = call(@$case, as => $alice, $case->[0] =~ /^P[UO]/ ? (raw => '{}') : ());
	refused($result, 405, 'method_not_allowed', "@$case");
	like($result->{headers}{allow} // '', qr/[A-Z]+/, "@$case: Allow");
}
refused(call('POST', '/users', raw => '{}', headers => { 'Content-Type' => 'text/plain' }),
	415, 'unsupported_media_type', 'text/plain');
is(call('POST', '/messages/ack', as => $carol, raw => '{"through":2}',
		headers => { 'Content-Type' => 'application/json; charset=utf-8' })->{status},
	200, 'application/json with a charset');
$reply = call('OPTIONS', '/messages', headers => { Origin => 'https://evil.example',
		'Access-Control-Request-Method' => 'POST' });
refused($reply, 403, 'origin_not_allowed', 'a page of another site');
ok(!$reply->{headers}{'access-control-allow-origin'}, 'no CORS permission');
is($reply->{headers}{server}, undef, 'no Server header');

for my $path (qw(/live /ready))
{
	is(call('GET', $path, admin => 1)->{status}, 200, "GET $path on the admin port");
	refused(call('GET', $path, as => $alice), 404, 'not_found', "GET $path on the public one");
}
is(call('GET', '/messages', admin => 1)->{status}, 404, 'no API on the admin port');

# --- closed registration, log, end -------------------------------------------

my $closed = E2emsg::Gateway->new($server, registration => 'closed',
	secret_file => "$gateway->{dir}/secret");
refused($closed->request('POST', '/users', body => { username => 'frank', publicKey => public_jwk(6) }),
	403, 'registration_closed', 'registration = closed');
is($closed->request('GET', '/messages', as => $alice)->{status}, 200,
	'a token of one gateway is good at another with the same secret');
is($closed->stop, 0, 'the second gateway ends well');
is((stat "$gateway->{dir}/secret")[2] & 07777, 0600, 'the secret has mode 0600');

my $pid = $gateway->pid;
is($gateway->stop, 0, 'SIGTERM: exit status 0');
my $log = $gateway->log;
like($log, qr{POST /messages\b.*\b201\b}, 'the access log has the route and the status');
like($log, qr!GET /users/\{[^}]+\}/public-key\b!, 'the route template, not the path');
unlike($log, qr/\Q$alice->{token}\E/, 'no token');
unlike($log, qr/\Q$sent->{iv}\E|c2VhbGVk/, 'no envelope');
unlike($log, qr/\Q$key1->{public}{x}\E/, 'no key');
unlike($log, qr/internal_error|\b500\b/, 'no internal error');

done_testing();
