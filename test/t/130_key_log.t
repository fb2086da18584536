# The key log through the gateway: rows wait for their round, one gateway
# signs, all serve; what happens without a signer, with two, and after a
# restore.
use strict;
use warnings;
use MIME::Base64 qw(decode_base64url);
use Time::HiRes qw(sleep time);
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);
my @shared  = (secret_file => $gateway->dir . '/secret');

sub refused
{
	my ($reply, $status, $code, $name) = @_;
	is("$reply->{status} " . ($reply->{json}{code} // ''), "$status $code", $name);
	return $reply;
}

sub body
{
	my ($name, $number) = @_;
	return { username => $name, publicKey => public_jwk($number) };
}

sub metric
{
	my ($of, $name) = @_;
	return $of->request('GET', '/metrics', admin => 1)->{content} =~ /^$name (\d+)$/m ? $1 : undef;
}

# How often the log complains, with these words.
sub complaints
{
	my ($of, $words) = @_;
	return scalar(() = $of->log =~ /THE KEY LOG IS NOT SIGNED.*?$words/g);
}

# --- what is served ------------------------------------------------------------------

refused($gateway->request('GET', '/key-log'), 503, 'not_logged', 'nothing is signed yet');
my $alice = $gateway->register('alice', 0);
my $bob   = $gateway->register('bob', 1);

my $log = $gateway->request('GET', '/key-log');
is($log->{status}, 200, 'GET /key-log without a token');
like($log->{json}{verifier}, qr{^e2emsg/key-log/[0-9a-f]{16}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$}, 'the verifier');
is_deeply($log->{json}{successions}, [], 'the first origin');
my $note = $gateway->request('GET', '/key-log/checkpoint');
utf8::decode(my $text = $note->{content});
ok($text eq $log->{json}{checkpoint}, 'the same checkpoint as text');
is($note->{headers}{'content-type'}, 'text/plain; charset=utf-8', 'its type');
is($note->{headers}{'cache-control'}, 'public, no-cache', 'which a cache must ask for again');
like($note->{content}, qr/\A\S+\n4\n[^\n]{44}\n\n\x{e2}\x{80}\x{94} \S+ \S+\n\z/, 'of 4 entries');

my $key = $gateway->request('GET', '/users/alice/public-key', as => $bob);
is_deeply([ sort keys %{ $key->{json}{log} } ], [qw(checkpoint entry index proof size)], 'a key object has its proof');
is(length decode_base64url($key->{json}{log}{entry}), 385, 'and its entry');
$gateway->register('carol', 2);
my $later = $gateway->request('GET', '/users/alice/public-key', as => $bob,
	headers => { 'If-None-Match' => $key->{headers}{etag} });
is($later->{status}, 304, 'the ETag leaves the proof out');

my $tile = $gateway->request('GET', '/key-log/tile/0/000.p/4');
is($tile->{status} . ' ' . length $tile->{content}, '200 128', 'a tile');
is($tile->{headers}{'content-type'}, 'application/octet-stream', 'in bytes');
is($tile->{headers}{'cache-control'}, 'public, max-age=31536000, immutable', 'for ever');
my $proof = $gateway->request('GET', '/key-log/proof/consistency?from=4&to=6');
is($proof->{status}, 200, 'a consistency proof');
is($proof->{json}{toRoot}, $gateway->request('GET', '/key-log/proof/consistency?from=6&to=6')->{json}{fromRoot}, 'and its root');
is($gateway->request('GET', '/key-log/proof/inclusion?leaf=0&size=6')->{json}{leaf}, 0, 'an inclusion proof');
my $entries = $gateway->request('GET', '/key-log/entries?from=1&limit=3')->{json};
is("$entries->{from} $entries->{size} " . @{ $entries->{entries} }, '1 6 3', 'entries');

for my $path ('tile/0/001', 'tile/0/000', 'tile/0/000.p/256', 'tile/8/000.p/1', 'tile/0/x000/000.p/1',
	'tile/0/000.p/1/', 'tile/', 'tile/' . '0' x 65, 'proof/inclusion?leaf=6&size=6', 'proof/inclusion?leaf=0&size=7',
	'proof/consistency?from=0&to=7', 'proof/consistency?from=6&to=5', 'entries?from=7')
{
	my $reply = $gateway->request('GET', "/key-log/$path");
	is($reply->{status}, 404, "GET /key-log/$path");
	is($reply->{headers}{'cache-control'}, 'no-store', 'is not kept');
}
for my $path ('proof/inclusion', 'proof/inclusion?leaf=1', 'proof/inclusion?leaf=-1&size=6', 'proof/consistency?from=x&to=1',
	'proof/consistency?from=1&from=2', 'entries?from=99999999999999999999', 'entries?limit=0', 'entries?limit=1001', 'checkpoint?x=1')
{
	refused($gateway->request('GET', "/key-log/$path"), 400, 'invalid_request', "GET /key-log/$path");
}
is($gateway->request('POST', '/key-log/checkpoint')->{status}, 405, 'nothing is posted there');

# --- an application registers by SQL ----------------------------------------------------

$server->sql(sprintf q{SELECT e2emsg.register_user('sql.user', '%s')}, json(public_jwk(3)));
ok(wait_until(sub { $gateway->request('GET', '/users/sql.user/public-key', as => $bob)->{status} == 200 }, 10),
	'rows that nobody waits for come into the log, too');
is($server->sql(q{SELECT sequenced FROM e2emsg.public_key('sql.user')}), 't', 'as SQL says');
cmp_ok(metric($gateway, 'e2emsg_key_log_signed_size'), '>=', 8, 'metrics have the signed size');
is(metric($gateway, 'e2emsg_key_log_refused'), 0, 'and that nothing is wrong');

# --- a second signer by mistake -----------------------------------------------------------

my $second = E2emsg::Gateway->new($server, @shared);
ok(wait_until(sub { $second->log =~ /THE KEY LOG IS NOT SIGNED HERE: its signer is/ }, 10), 'a second key is refused loudly');
is(metric($second, 'e2emsg_key_log_refused'), 1, 'and in the metrics');
is($second->request('POST', '/users', body => body('served', 4))->{status}, 201, 'it serves all the same: the other one signs');
is($second->stop, 0, 'it ends well');

# --- without the signer ----------------------------------------------------------------------

my $other = E2emsg::Gateway->new($server, @shared, log_signer => '');
is($other->request('POST', '/users', body => body('both', 5))->{status}, 201, 'a gateway that does not sign waits for the one that does');
is($gateway->stop, 0, 'the signer ends');
my $began = time;
my $reply = $other->request('POST', '/users', body => body('dave', 6));
is($reply->{status}, 202, 'without a signer: 202');
cmp_ok(time - $began, '>', 0.5, 'after a while');
is_deeply([ sort keys %{ $reply->{json} } ], [qw(expiresAt id keyVersion token username)], 'with the same body');
my $dave = $reply->{json};
is($other->request('GET', '/messages', as => $dave)->{status}, 200, 'the account works');
$reply = refused($other->request('GET', '/users/dave/public-key', as => $bob), 503, 'not_logged', 'its key is not given out');
ok($reply->{headers}{'retry-after'}, 'yet');
my %envelope = (ciphertext => 'AAAA', authTag => 'A' x 22, keyVersion => 1);
refused($other->request('POST', '/messages', as => $bob, body => { %envelope, iv => 'A' x 16, receiverId => $dave->{id} }),
	503, 'not_logged', 'nor does it get mail');
my $rotation = { publicKey => public_jwk(7), keyVersion => 2 };
$reply = $other->request('PUT', "/users/$alice->{id}/public-key", as => $alice, body => $rotation);
is("$reply->{status} " . json($reply->{json}), '202 {"keyVersion":2}', 'a rotation: 202, without a promise');
for my $again (1, 2)
{
	sleep 0.4;
	$reply = $other->request('PUT', "/users/$alice->{id}/public-key", as => $alice, body => $rotation);
	is("$reply->{status} " . json($reply->{json}), '202 {"keyVersion":2}', 'the same again: still nobody has signed it');
}
is($other->request('GET', '/users/alice/public-key', as => $bob)->{json}{keyVersion}, 1, 'the old key is given out');
is($other->request('POST', '/messages', as => $bob, body => { %envelope, iv => 'B' x 16, receiverId => $alice->{id} })->{status},
	201, 'and mail to it is taken');
refused($other->request('POST', '/messages', as => $bob, body => { %envelope, keyVersion => 2, iv => 'C' x 16, receiverId => $alice->{id} }),
	409, 'stale_key_version', 'mail to the new one is not');
refused($other->request('PUT', "/users/$alice->{id}/public-key", as => $alice, body => { publicKey => public_jwk(8), keyVersion => 2 }),
	409, 'version_conflict', 'another key of that version is too late');

ok(wait_until(sub { $other->log =~ /NOT SIGNED HERE: the gateway that signs it is away/ }, 20), 'a signer that is away is missed');
$second->start;
ok(wait_until(sub { complaints($second, 'is away') }, 20), 'by a second key, too');
sleep 1;
is(complaints($second, 'is away') . complaints($second, 'its signer is'), '12', 'each complaint comes once for a start');
is($second->stop, 0, 'enough of that');
$gateway->start;
ok(wait_until(sub { $other->request('GET', '/users/alice/public-key', as => $bob)->{json}{keyVersion} == 2 }, 10),
	'when the signer is back, the new key is given out');
is($other->request('GET', '/users/dave/public-key', as => $bob)->{status}, 200, 'and the new user\'s');
$reply = $other->request('PUT', "/users/$alice->{id}/public-key", as => $alice, body => $rotation);
is("$reply->{status} " . json($reply->{json}), '200 {"keyVersion":2,"throughSeq":1}', 'the same rotation again says how far old mail goes');
is($other->request('PUT', "/users/$alice->{id}/public-key", as => $alice, body => { publicKey => public_jwk(9), keyVersion => 3 })->{json}{throughSeq},
	1, 'and a new one does at once');

# --- killed in the middle -------------------------------------------------------------------

is($gateway->stop('KILL'), 'signal 9', 'the signer is killed');
$gateway->start;
is($gateway->request('POST', '/users', body => body('after.kill', 10))->{status}, 201, 'and goes on where it was');

# --- a restored backup ------------------------------------------------------------------------

$other->stop;
$gateway->stop;
$server->sql('CREATE DATABASE backup TEMPLATE postgres');
$gateway->start;
is($gateway->request('POST', '/users', body => body('later', 11))->{status}, 201, 'a user who is not in the backup');
my $old_verifier = $gateway->request('GET', '/key-log')->{json}{verifier};
$gateway->stop;

my @restored = (@shared, database => $server->conninfo(database => 'backup'), log_signer => $gateway->{settings}{log_signer});
my $restored = E2emsg::Gateway->new($server, @restored);
ok(wait_until(sub { $restored->log =~ /error THE KEY LOG IS NOT SIGNED: the key log went back/ }, 10), 'after a restore the signer refuses loudly');
ok(wait_until(sub { metric($restored, 'e2emsg_key_log_refused') == 1 }, 10), 'in the metrics, too');
is($restored->request('POST', '/users', body => body('lost', 12))->{status}, 202, 'and new rows wait');
my $early = run_command([ E2emsg::Gateway::binary(), '--new-log-origin', $restored->flags ], user => 1);
is($early->{status}, 1, '--new-log-origin beside a running gateway');
like($early->{err}, qr/another gateway uses this key/, 'says to stop it');
is($restored->request('GET', '/users/alice/public-key', as => $bob)->{status}, 200, 'what was signed before is served');
$restored->stop;

my $begin = run_command([ E2emsg::Gateway::binary(), '--new-log-origin', $restored->flags ], user => 1);
is($begin->{status}, 0, '--new-log-origin') or diag $begin->{err};
like($begin->{out}, qr{^e2emsg/key-log/[0-9a-f]{16}\+}m, 'says who signs now');
$restored->start;
is($restored->request('POST', '/users', body => body('found', 12))->{status}, 201, 'the log goes on');
$log = $restored->request('GET', '/key-log')->{json};
isnt($log->{verifier}, $old_verifier, 'under another key');
like($log->{successions}[0], qr/\Ae2emsg key log succession v1\n\Q$log->{verifier}\E\n\d+ \S{44}\n\d+ \S{44}\n\n/, 'that the old one vouches for');
$restored->stop;
ok(-e "$restored->{settings}{log_signer}.old-" . ($old_verifier =~ /\+([0-9a-f]{8})\+/)[0], 'the old key is kept');
is($_->[0], 1, "--new-log-origin without $_->[1]") for
  [ run_command([ E2emsg::Gateway::binary(), '--new-log-origin', $restored->flags(log_signer => '') ], user => 1)->{status}, 'a key' ],
  [ run_command([ E2emsg::Gateway::binary(), '--new-log-origin', $restored->flags(database => 'dbname=none') ], user => 1)->{status}, 'a database' ];

my %mistakes = (
	'nothing was restored' => [ $restored->flags ],
	'No such file' => [ $restored->flags(log_signer => "$restored->{settings}{log_signer}-typo") ],
);
for my $why (sort keys %mistakes)
{
	my $result = run_command([ E2emsg::Gateway::binary(), '--new-log-origin', @{ $mistakes{$why} } ], user => 1);
	is($result->{status}, 1, '--new-log-origin by mistake');
	like($result->{err}, qr/$why/, "is refused: $why");
}
ok(!-e "$restored->{settings}{log_signer}-typo", 'and makes no key');
is(run_command([ E2emsg::Gateway::binary(), '--check-config', '--new-log-origin', $restored->flags ], user => 1)->{status},
	2, 'two such flags are one too many');

# The memory of the signer is gone: it does not begin again from nothing.
unlink "$restored->{settings}{log_signer}.last";
$restored->start;
ok(wait_until(sub { $restored->log =~ /NOT SIGNED: the database shows \d+ entries signed by this key/ }, 10),
	'a signer that lost its memory refuses');
$restored->stop;
for my $case ([ 'no checkpoint', 'x' x 300 ], [ 'a name and 64', '' ])
{
	my $file = $restored->{settings}{log_signer} . ($case->[1] ? '.last' : '');
	run_command([ 'sh', '-c', "umask 077; printf '%s' '$case->[1]' >'$file'" ], user => 1);
	my $result = run_command([ E2emsg::Gateway::binary(), $restored->flags ], user => 1);
	is($result->{status}, 1, 'a damaged file ends the start');
	like($result->{err}, qr/log_signer .*: it (?:holds|does not hold) $case->[0]/, 'and is named');
}

# --- never signed ----------------------------------------------------------------------------

$server->sql('CREATE DATABASE unsigned');
$server->install_extension(database => 'unsigned');
my $unsigned = E2emsg::Gateway->new($server, database => $server->conninfo(database => 'unsigned'), log_signer => '');
ok(wait_until(sub { $unsigned->log =~ /NOT SIGNED HERE: no gateway has ever signed it/ }, 10), 'a log without any signer is said loudly');
is($unsigned->request('POST', '/users', body => body('nobody', 0))->{status}, 202, 'what waits for one');
sleep 6;
is(complaints($unsigned, ''), 1, 'is no other complaint: there is no signer that could be away');
$unsigned->stop;

# --- turned off -----------------------------------------------------------------------------

$server->sql('CREATE DATABASE plain');
$server->sql('ALTER DATABASE plain SET e2emsg.key_log = off');
$server->install_extension(database => 'plain');
my $plain = E2emsg::Gateway->new($server, database => $server->conninfo(database => 'plain'), log_signer => '');
ok(wait_until(sub { $plain->log =~ /warn the key log is off/ }, 10), 'the gateway says that the log is off');
my $erin = $plain->register('erin', 0);
$key = $plain->request('GET', '/users/erin/public-key', as => $erin);
ok($key->{status} == 200 && !exists $key->{json}{log}, 'without the log keys have no proof');
refused($plain->request('GET', "/key-log$_"), 404, 'key_log_off', "GET /key-log$_ says so")
  for '', '/checkpoint', '/entries', '/tile/0/000.p/1', '/proof/inclusion?leaf=0&size=1', '/proof/consistency?from=0&to=1';
is(json($plain->request('PUT', "/users/$erin->{id}/public-key", as => $erin, body => { publicKey => public_jwk(1), keyVersion => 2 })->{json}),
	'{"keyVersion":2,"throughSeq":0}', 'and a rotation counts at once');

done_testing();
