# Every route, called by somebody who means to reach what is another user's:
# nothing of the victim's mailbox, backup, blocks or session is answered, moved
# or told apart from what is not there.  That a name is taken, its keys and
# their history are public.
#
# A case is a request made from what the attacker knows, or guesses, of a
# target.  It is sent for the victim and for somebody who does not exist; both
# answers must be the same, byte by byte, but for the names put in.  A route
# without cases fails.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256 sha256);
use E2emsg::Test;
use E2emsg::Stream;
use MIME::Base64 qw(decode_base64url encode_base64url);

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server, restore_per_minute => 0);
my @routes  = map { [ split /\t/ ] } split /\n/,
  run_command([ E2emsg::Gateway::binary(), '--print-routes' ])->{out};

sub call { return $gateway->request(@_) }

# --- who is there -----------------------------------------------------------------

# A user with an identity key, and a rotation that is signed but not sent.
sub person
{
	my ($name) = @_;
	my ($identity, $key, $next) =
	  sign({ op => 'identity' }, { op => 'encryption' }, { op => 'encryption' });
	my %endorse = (op => 'endorse', service => 'e2emsg', username => $name,
		private => $identity->{private});
	my ($first, $second) = sign({ %endorse, version => 1, key => $key->{public} },
		{ %endorse, version => 2, key => $next->{public}, previous => $key->{public} });
	my $reply = call('POST', '/users', body => { username => $name, publicKey => $key->{public},
			identityKey => $identity->{public}, signature => $first });
	die "$name: $reply->{content}\n" if $reply->{status} != 201;
	return { %{ $reply->{json} }, name => $name, identity => $identity, signature => $first,
		rotation => { publicKey => $next->{public}, keyVersion => 2, signature => $second } };
}

sub nonce { return call('POST', '/sessions/challenge', body => { username => $_[0] })->{json}{nonce} }

# What opens a session as that user, signed by the other's key.
sub assertion
{
	my ($name, $signer, $nonce) = @_;
	return scalar sign({ op => 'assertion', private => $signer->{identity}{private},
		header  => { alg => 'ES256', typ => 'e2emsg-session+jwt' },
		payload => { sub => $name, aud => 'e2emsg', nonce => $nonce } });
}

sub random_text { return encode_base64url(join '', map { chr int rand 256 } 1 .. $_[0]) }

sub envelope
{
	my ($receiver, %more) = @_;
	return { receiverId => $receiver->{id}, keyVersion => 1, iv => random_text(12),
		ciphertext => random_text(40), authTag => random_text(16), %more };
}

# A token with the gateway's secret, or another, and other claims.
sub token
{
	my ($user, %options) = @_;
	my $secret = $options{secret} // pack 'H*', substr slurp($gateway->dir . '/secret'), 0, 64;
	my $key = hmac_sha256("e2emsg token v1\x01", hmac_sha256($secret, "\0" x 32));
	my ($header, $claims) = map { decode(decode_base64url($_)) } split /\./, $user->{token};
	my $signed = join '.', map { encode_base64url(json($_)) }
	  { %$header, %{ $options{header} // {} } }, { %$claims, %{ $options{claims} // {} } };
	return "$signed." . encode_base64url(hmac_sha256($signed, $key));
}

my ($victor, $mallory, $dora, $carol) = map { person($_) } qw(victor mallory doomed carol);
my @sent = map { envelope($victor) } 1 .. 3;
for my $envelope (@sent)
{
	my $reply = call('POST', '/messages', as => $carol, body => $envelope);
	is($reply->{status}, 201, 'the victim gets mail') or diag $reply->{content};
	$envelope->{messageId} = $reply->{json}{messageId};
}
my $backup = { version => 1, locator => random_text(32), backup => random_text(100) };
is(call('PUT', '/backup', as => $victor, body => $backup)->{status}, 200, 'has a backup');
is(call('POST', '/messages/ack', as => $victor, body => { through => 1 })->{status}, 200,
	'has read mail');
my $used = assertion('victor', $victor, nonce('victor'));
is(call('POST', '/sessions', body => { assertion => $used })->{status}, 201, 'has a session');
my $blocked = 'ffffffff-ffff-8fff-8fff-ffffffffffff';
is(call('PUT', "/blocks/$blocked", as => $victor)->{status}, 200, 'blocks somebody');
$server->sql("SELECT e2emsg.delete_user('$dora->{id}')");

my %victim = (
	id => $victor->{id}, name => 'victor', iv => $sent[1]{iv}, ciphertext => $sent[1]{ciphertext},
	authTag => $sent[1]{authTag}, locator => $backup->{locator}, backup => $backup->{backup},
	rotation => $victor->{rotation}, identity => $victor->{identity}{public},
	signature => $victor->{signature}, seq => 2);
my %nobody = (
	%victim, id => $victor->{id} =~ s/.{8}$/00c0ffee/r, name => 'vacant', iv => random_text(12),
	ciphertext => random_text(40), authTag => random_text(16), locator => random_text(32),
	backup => random_text(100), seq => 7);
my @secrets = (
	$backup->{locator}, $backup->{backup}, encode_base64url(sha256(decode_base64url($backup->{locator}))),
	$victor->{token}, map { @$_{qw(iv ciphertext authTag messageId)} } @sent);

# What belongs to the victim, in every table.
sub belongings
{
	return $server->sql(<<"SQL");
SELECT c.relname, (xpath('//row', query_to_xml(format('SELECT t.*, t.xmin FROM %s t WHERE %I = %L ORDER BY t::text',
	c.oid::regclass, a.attname, '$victor->{id}'), true, false, '')))::text
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = CASE c.relname
	WHEN 'users' THEN 'id' WHEN 'mailboxes' THEN 'id'
	WHEN 'messages' THEN 'mailbox_id' WHEN 'blocks' THEN 'mailbox_id' ELSE 'user_id' END
WHERE c.relnamespace = 'e2emsg'::regnamespace AND c.relkind = 'r' ORDER BY 1
SQL
}

# --- the cases --------------------------------------------------------------------

# Each is [label, sub { target } -> the arguments of request(), flags...]:
#	answer => regex   only asked about the victim, and answered like that
#	both => regex     both answered like that
#	refused => 1      only by callers who have no good token
my %aside = (headers => { 'X-User-Id' => $victor->{id}, Cookie => "token=$victor->{token}" });

# The same request with the target named where no route takes it.
sub smuggled
{
	my ($method, $path, %options) = @_;
	my $body = $options{body};
	my @names = qw(userId senderId caller username);
	return (
		[ 'as it is', sub { ($method, $path, %options) } ],
		[ 'headers', sub { ($method, $path, %options, headers => { 'X-User-Id' => $_[0]{id},
				'X-Forwarded-User' => $_[0]{name}, Cookie => "userId=$_[0]{id}" }) } ],
		(map { my $name = $_; [ "?$name=", sub { ($method, "$path?$name=$_[0]{id}", %options) } ] } @names),
		$method eq 'GET' ? () : map { my $name = $_;
			[ "\"$name\" in the body", sub { ($method, $path, body => { %{ $body // {} }, $name => $_[0]{id} }) } ]
		} @names);
}

my @others = (both => qr/^403 forbidden$/);
my $mine = { version => 1, locator => random_text(32), backup => random_text(9) };
my %cases = (
	'POST /users' => [
		[ 'the name', sub { ('POST', '/users', body => { username => $_[0]{name}, publicKey => public_jwk(0) }) },
			answer => qr/^409 username_taken$/ ],
		[ 'the keys under another name', sub { ('POST', '/users', body => { username => 'imposter',
				publicKey => $_[0]{rotation}{publicKey}, identityKey => $_[0]{identity},
				signature => $_[0]{signature} }) }, answer => qr/^422 bad_signature$/ ],
	],
	'GET /users/{who}/public-key' => [
		[ 'by name', sub { ('GET', "/users/$_[0]{name}/public-key") },
			answer => qr/^200 createdAt identityKey keyVersion log publicKey signature thumbprint userId username$/ ],
		[ 'by id', sub { ('GET', "/users/$_[0]{id}/public-key") }, answer => qr/^200 / ],
		[ 'a version to come', sub { ('GET', "/users/$_[0]{name}/public-key?version=2") },
			answer => qr/^404 unknown_key_version$/ ],
	],
	'PUT /users/{id}/public-key' => [
		[ 'with a key of ours', sub { ('PUT', "/users/$_[0]{id}/public-key", body => $mallory->{rotation}) }, @others ],
		[ 'with a key of theirs', sub { ('PUT', "/users/$_[0]{id}/public-key", body => $_[0]{rotation}) }, @others ],
		[ 'by name', sub { ('PUT', "/users/$_[0]{name}/public-key", body => $_[0]{rotation}) }, @others ],
		[ 'in capitals', sub { ('PUT', '/users/' . uc($_[0]{id}) . '/public-key', body => $_[0]{rotation}) }, @others ],
		[ 'nonsense', sub { ('PUT', "/users/$_[0]{id}/public-key", body => { keyVersion => 0 }) } ],
	],
	'PUT /users/{id}/identity-key' => [
		[ 'with a key of ours', sub { ('PUT', "/users/$_[0]{id}/identity-key", body => {
				identityKey => $mallory->{identity}{public}, signature => $mallory->{signature} }) }, @others ],
		[ 'with their own', sub { ('PUT', "/users/$_[0]{id}/identity-key", body => {
				identityKey => $_[0]{identity}, signature => $_[0]{signature} }) }, @others ],
		[ 'by name', sub { ('PUT', "/users/$_[0]{name}/identity-key", body => {
				identityKey => $_[0]{identity}, signature => $_[0]{signature} }) }, @others ],
	],
	'GET /users/{who}/key-rotations' => [
		[ 'by name', sub { ('GET', "/users/$_[0]{name}/key-rotations") }, answer => qr/^200 log rotations$/ ],
		[ 'by id', sub { ('GET', "/users/$_[0]{id}/key-rotations?from=2") }, answer => qr/^200 rotations$/ ],
	],
	'POST /sessions/challenge' => [
		[ 'the name', sub { ('POST', '/sessions/challenge', body => { username => $_[0]{name} }) } ],
		[ 'the id', sub { ('POST', '/sessions/challenge', body => { username => $_[0]{id} }) } ],
	],
	'POST /sessions' => [
		[ 'our key', sub { ('POST', '/sessions', body => {
				assertion => assertion($_[0]{name}, $mallory, nonce($_[0]{name})) }) } ],
		[ 'a nonce of ours', sub { ('POST', '/sessions', body => {
				assertion => assertion($_[0]{name}, $mallory, nonce('mallory')) }) } ],
		[ 'an assertion that was used', sub { ('POST', '/sessions', body => { assertion => $used }) } ],
		[ 'the id as subject', sub { ('POST', '/sessions', body => {
				assertion => assertion($_[0]{id}, $mallory, nonce($_[0]{name})) }) } ],
		[ 'no signature', sub { ('POST', '/sessions', body => {
				assertion => assertion($_[0]{name}, $mallory, nonce($_[0]{name})) =~ s/[^.]+$//r }) } ],
	],
	'POST /sessions/refresh' => [ smuggled('POST', '/sessions/refresh') ],
	'POST /messages' => [
		(smuggled('POST', '/messages', body => envelope($carol, keyVersion => 9)))[ 1 .. 9 ],
		[ 'a receiver who is not there', sub { ('POST', '/messages', body => envelope({ id => $nobody{id} })) } ],
		[ 'their envelope once more', sub { ('POST', '/messages', body => envelope($victor, keyVersion => 9,
				map { $_ => $_[0]{$_} } qw(iv ciphertext authTag))) } ],
		[ 'their iv, other bytes', sub { ('POST', '/messages',
				body => envelope($victor, keyVersion => 9, iv => $_[0]{iv}, ciphertext => 'AAAA')) } ],
		[ 'an old key', sub { ('POST', '/messages', body => envelope($victor, keyVersion => 9)) },
			answer => qr/^409 stale_key_version$/ ],
	],
	'GET /messages' => [
		smuggled('GET', '/messages'),
		(map { my $query = $_; [ $query, sub { ('GET', "/messages?$query") } ] }
		  qw(after=0 after=1&limit=200 after=999999999999999 after=9223372036854775807 after=-1 limit=0
		  limit=201 limit=-1 wait=0)),
	],
	'GET /messages/stream' => [
		(map { my $name = $_; [ "?$name=", sub { ('GET', "/messages/stream?$name=$_[0]{id}") } ] }
		  qw(userId senderId caller username after)),
		[ 'as it is', sub { ('GET', '/messages/stream', %aside) }, refused => 1 ],
	],
	'POST /messages/ack' => [
		smuggled('POST', '/messages/ack', body => { through => 2 }),
		[ 'nothing', sub { ('POST', '/messages/ack', body => { through => 0 }) } ],
		[ 'everything', sub { ('POST', '/messages/ack', body => { through => 999999999999999 }) } ],
		[ 'what they have', sub { ('POST', '/messages/ack', body => { through => $_[0]{seq} }) } ],
	],
	'GET /blocks'         => [ smuggled('GET', '/blocks') ],
	'PUT /blocks/{id}'    => [ [ 'them', sub { ('PUT', "/blocks/$_[0]{id}") } ] ],
	'DELETE /blocks/{id}' => [
		[ 'them', sub { ('DELETE', "/blocks/$_[0]{id}") } ],
		[ 'whom they block', sub { ('DELETE', "/blocks/$blocked") } ],
	],
	'PUT /backup' => [
		smuggled('PUT', '/backup', body => { %$mine, version => 2 }),
		[ 'over theirs', sub { ('PUT', '/backup', body => { version => 2, backup => 'AAAA',
				locator => $_[0]{locator} }) } ],
		[ 'theirs', sub { ('PUT', '/backup', body => { version => 3,
				map { $_ => $_[0]{$_} } qw(locator backup) }) } ],
	],
	'GET /backup' => [ smuggled('GET', '/backup') ],
	'POST /backup/restore' => [
		(map { my ($label, $locator) = @$_; [ $label, sub { ('POST', '/backup/restore',
					body => { username => $_[0]{name}, locator => $locator }) } ] }
		  [ 'zeros', 'A' x 43 ], [ 'almost', flipped($backup->{locator}) ],
		  [ 'what is stored of it', encode_base64url(sha256(decode_base64url($backup->{locator}))) ],
		  [ 'too short', substr $backup->{locator}, 0, 42 ], [ 'empty', '' ]),
		[ 'their locator, our name', sub { ('POST', '/backup/restore',
				body => { username => 'mallory', locator => $_[0]{locator} }) } ],
		[ 'their locator, no name', sub { ('POST', '/backup/restore', body => { locator => $_[0]{locator} }) } ],
		[ 'their locator, their id', sub { ('POST', '/backup/restore',
				body => { username => $_[0]{id}, locator => $_[0]{locator} }) } ],
	],
	(map { my $path = $_; ("GET $_->[0]" => [ [ 'as it is', sub { ('GET', $path->[1], %aside) } ] ]) }
	  [ '/key-log', '/key-log' ], [ '/key-log/checkpoint', '/key-log/checkpoint' ],
	  [ '/key-log/tile/{tile*}', '/key-log/tile/0/000.p/1' ],
	  [ '/key-log/proof/inclusion', '/key-log/proof/inclusion?leaf=0&size=2' ],
	  [ '/key-log/proof/consistency', '/key-log/proof/consistency?from=1&to=2' ],
	  [ '/key-log/entries', '/key-log/entries?from=0&limit=1000' ],
	  [ '/', '/' ], [ '/demo', '/demo' ], [ '/docs', '/docs' ], [ '/web/{file*}', '/web/e2emsg.js' ]),
	'GET /demo/rows'  => [ [ 'their rows', sub { ('GET', "/demo/rows?of=$_[0]{name}&and=mallory") } ] ],
	'POST /demo/evil' => [ [ 'their rows', sub { ('POST', '/demo/evil', body => { of => $_[0]{name} }) } ] ],
);

sub flipped
{
	my $bytes = decode_base64url($_[0]);
	return encode_base64url($bytes ^ ("\0" x 31 . "\1"));
}

# --- who calls --------------------------------------------------------------------

my ($header, $claims, $mac) = split /\./, $victor->{token};
my ($other) = $mallory->{token} =~ /([^.]+)$/;
my @callers = (
	[ 'another user',            undef,              $mallory->{token} ],
	[ 'a deleted user',          undef,              $dora->{token} ],
	[ 'nobody', 'missing_token', undef ],
	[ 'an old token',            'expired_token',    token($victor, claims => { exp => time - 1 }) ],
	[ "another token's MAC",     'invalid_token',    "$header.$claims.$other" ],
	[ 'another secret',          'invalid_token',    token($victor, secret => 'x' x 32) ],
	[ 'no MAC',                  'invalid_token',    "$header.$claims." ],
	[ 'no MAC wanted',           'invalid_token',    token($victor, header => { alg => 'none' }) =~ s/[^.]+$//r ],
	[ 'another issuer',          'invalid_token',    token($victor, claims => { iss => 'elsewhere' }) ],
	[ "the victim's assertion",  'invalid_token',    $used ],
	[ "the victim's id",         'invalid_token',    $victor->{id} ],
);

# An answer without what may differ: whom it was about, and when.
sub shown
{
	my ($reply) = @_;
	my %headers = %{ $reply->{headers} };
	delete $headers{date};
	my $text = join "\n", $reply->{status}, (map { "$_: $headers{$_}" } sort keys %headers), $reply->{content};
	for my $target (\%victim, \%nobody)
	{
		$text =~ s/\Q$target->{id}\E/<id>/gi;
		$text =~ s/\b\Q$target->{name}\E\b/<name>/g;
	}
	$text =~ s/"(nonce|token)":"([^"]+)"/"\"$1\":" . length $2/ge;
	$text =~ s/"(expiresAt|createdAt)" ?: ?"?[^",}]+"?/"$1"/g;
	return $text;
}

# Status and code, or the names of what was answered.
sub outline
{
	my ($reply) = @_;
	my $json = ref $reply->{json} eq 'HASH' ? $reply->{json} : {};
	return join ' ', $reply->{status}, $json->{code} // sort keys %$json;
}

# What is wrong with the answers to one case.
sub faults
{
	my ($audience, $refusal, $token, $case) = @_;
	my ($label, $request, %flags) = @$case;
	my $denied = defined $refusal && $audience eq 'token';
	return if $flags{refused} && !$denied;
	my @replies = map { call($request->($_), token => $token) } \%victim,
	  $flags{answer} && !$denied ? () : \%nobody;
	my @faults = map { "holds $_" } grep { my $secret = $_; grep { index($_->{content}, $secret) >= 0 } @replies }
	  @secrets;
	my @outlines = map { outline($_) } @replies;
	# an unknown name in the query is told before anything else
	my $expected = $label =~ /^\?/ ? "401 $refusal|400 invalid_request" : "401 $refusal" if $denied;
	push @faults, "@outlines" if $denied && grep { !/^(?:$expected)$/ } @outlines;
	push @faults, "@outlines" if $flags{both} && !$denied && grep { $_ !~ $flags{both} } @outlines;
	if (@replies == 1)
	{
		push @faults, $outlines[0] if $outlines[0] !~ $flags{answer};
	}
	elsif (shown($replies[0]) ne shown($replies[1]))
	{
		push @faults, shown($replies[0]) . "\nfor nobody:\n" . shown($replies[1]);
	}
	push @faults, "a status $_" for grep { /^(?:0|5)/ } @outlines;
	return map { "$label: $_" } @faults;
}

my $before = belongings();
for my $route (@routes)
{
	my ($method, $pattern, $audience) = @$route;
	my $cases = $cases{"$method $pattern"};
	ok($cases && @$cases, "$method $pattern has cases") or next;
	for my $caller (grep { $audience eq 'token' || ($_->[1] // 'missing_token') eq 'missing_token' } @callers)
	{
		my ($who, $refusal, $token) = @$caller;
		my @faults = map { faults($audience, $refusal, $token, $_) } @$cases;
		is(join("\n", @faults), '', "$method $pattern as $who");
	}
}
is(belongings(), $before, 'nothing of the victim has moved');

# --- what would be theirs ---------------------------------------------------------

# A token is only good for its own subject.
my $fresh = call('POST', '/sessions/refresh', token => $mallory->{token})->{json}{token};
is(decode(decode_base64url((split /\./, $fresh)[1]))->{sub}, $mallory->{id},
	'a refreshed token is for the same user');
is(outline(call('POST', '/sessions/refresh', as => $dora)), '404 unknown_user',
	'and there is none for a deleted one');
is(call('POST', '/messages', as => $dora, body => envelope($carol))->{status}, 201,
	'who can only send until the old one ends');

# A stream and a wait end with one's own mail, whatever comes for others.
my $stream = E2emsg::Stream->new($gateway, as => $mallory, %aside);
is($stream->status, 200, "another user's stream");
for my $receiver ($victor, $mallory)
{
	is(call('POST', '/messages', as => $carol, body => envelope($receiver))->{status}, 201, 'mail');
}
my $event = $stream->next(20);
is_deeply([ $event->{id}, $event->{data}{receiverId} ], [ 1, $mallory->{id} ],
	'the first that comes is their own');
$stream->close;
my $inbox = call('GET', '/messages?after=0&wait=5', as => $mallory, %aside)->{json};
is_deeply([ map { $_->{receiverId} } @{ $inbox->{messages} } ], [ $mallory->{id} ],
	'and so is what waiting gives');

# Who knows the locator, but not the name, stores beside and not over.
my $beside = call('PUT', '/backup', as => $mallory,
	body => { version => 1, locator => $backup->{locator}, backup => 'AAAA' });
is($beside->{status}, 200, "a backup under the victim's locator");
is(call('POST', '/backup/restore',
		body => { username => 'victor', locator => $backup->{locator} })->{json}{backup},
	$backup->{backup}, "leaves the victim's where it was");
is(call('GET', '/backup', as => $victor)->{json}{backup}, $backup->{backup}, 'for the victim, too');
is(call('PUT', "/users/$victor->{id}/public-key", as => $victor, body => $victor->{rotation})->{status},
	200, 'and who is the victim still rotates');

unlike($server->log_file && slurp($server->log_file), qr/PANIC|terminated by signal|ERROR:  XX/,
	'the server saw nothing of the kind');

done_testing();
