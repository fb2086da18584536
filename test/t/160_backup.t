# Backups: what the routes take and refuse, and how an account moves to another
# machine with the recovery code.
use strict;
use warnings;
use E2emsg::Test;
use MIME::Base64 qw(encode_base64url);

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);

my %exit = (ok => 0, refused => 1, usage => 2, network => 3, auth => 4, untrusted => 5,
	unreadable => 6, missing => 7);

sub ends
{
	my ($result, $code, $name) = @_;
	is($result->{status}, $exit{$code}, $name) or diag "$result->{out}$result->{err}";
	return $result;
}

sub does
{
	my ($who, $code, $arguments, $name) = @_;
	return ends($who->run(@$arguments), $code, $name // $who->name . ": @$arguments");
}

sub owner { return $server->sql("SET ROLE e2emsg_owner; $_[0]") }

# A home of its own, where the code restores the account or not.
sub restores
{
	my ($name, $typed, $code, $what, $at) = @_;
	my $there = E2emsg::Client->new($at // $gateway, undef);
	$there->{name}   = $name;
	$there->{result} = ends($there->run('restore', $name, { stdin => $typed }), $code, $what);
	return $there;
}

# Nothing is left of a restore that failed.
sub left
{
	my ($who) = @_;
	return join ' ', map { s{.*/}{}r } glob($who->home . '/e2emsg/{*,.rest*}');
}

sub version_of { return decode($_[0]->run(qw(whoami --json))->{out})->{keyVersion} }

# --- the routes -------------------------------------------------------------------

sub refused
{
	my ($reply, $status, $code, $name) = @_;
	is("$reply->{status} $reply->{json}{code}", "$status $code", $name)
	  or diag $reply->{content};
	return $reply;
}

my $carol   = E2emsg::Client->new($gateway, 'carol');
my $token   = decode($carol->run(qw(token --json))->{out})->{token};
my $locator = encode_base64url('l' x 32);
sub put
{
	my ($version, $backup, %more) = @_;
	return $gateway->request('PUT', '/backup', token => $token,
		body => { version => $version, locator => $locator, backup => encode_base64url($backup), %more });
}
sub restore
{
	my ($username, $where, $at) = @_;
	return ($at // $gateway)->request('POST', '/backup/restore',
		body => { username => $username, locator => $where });
}

refused($gateway->request('GET', '/backup', token => $token), 404, 'no_backup', 'no backup yet');
refused($gateway->request('GET', '/backup'), 401, 'missing_token', 'GET without a token');
refused($gateway->request('PUT', '/backup', body => {}), 401, 'missing_token',
	'PUT without a token');
refused(put(2, 'sealed'), 409, 'version_conflict', 'the first version is 1');
is(put(1, 'sealed')->{status}, 200, 'PUT /backup');
is_deeply(put(1, 'sealed')->{json}, { version => 1 }, 'the same again');
refused(put(1, 'other'), 409, 'version_conflict', 'another one as the same version');
my $largest = join '', map { chr($_ % 256) } 1 .. 65536;
is(put(2, $largest)->{status}, 200, '65536 bytes');
is_deeply($gateway->request('GET', '/backup', token => $token)->{json},
	{ version => 2, backup => encode_base64url($largest) }, 'GET /backup gives them');
is_deeply(restore('carol', $locator)->{json},
	{ username => 'carol', version => 2, backup => encode_base64url($largest) },
	'and so does POST /backup/restore, without a token');
refused(put(3, $largest . 'x'), 400, 'invalid_request', '65537 bytes');
refused(put(3, 'x' x 75000), 413, 'body_too_large', 'more than a body may have');
refused(put(3, ''), 400, 'invalid_request', 'none');
refused(put(3, 'sealed', locator => encode_base64url('l' x 31)), 400, 'invalid_request',
	'a locator of 31 bytes');
refused(put(3, 'sealed', locator => '!' x 43), 422, 'invalid_base64url', 'a locator that is no base64url');
refused(put('3', 'sealed', version => '3'), 400, 'invalid_request', 'a version that is a string');
refused(put(2**31, 'sealed'), 400, 'invalid_request', 'a version past the last');
refused(put(3, 'sealed', username => 'alice'), 400, 'invalid_request', 'an unknown member');
is(put(3, 'third', locator => undef)->{status}, 400, 'null is no locator');
is($gateway->request('PUT', '/backup', token => $token,
		body => { version => 3, backup => encode_base64url('third') })->{status}, 200,
	'without a locator');
is(restore('carol', $locator)->{json}{version}, 3, 'it stays where it was');

my $dave = $gateway->register('dave', 5);
refused($gateway->request('GET', '/backup', as => $dave), 404, 'no_backup', "another's token");
refused($gateway->request('PUT', '/backup', as => $dave,
		body => { version => 1, locator => $locator, backup => 'QUJD' }), 403, 'forbidden',
	'a user without identity key');
my @refusals = map { refused($_, 404, 'no_backup', 'restoring what is not there') }
  restore('carol', encode_base64url('m' x 32)), restore('dave', $locator),
  restore('nobody', $locator), restore('NO NAME', $locator);
is(scalar keys %{ { map { $_->{content} => 1 } @refusals } }, 1,
	'wrong locator, no backup, no user, no name: the same answer');
refused($gateway->request('POST', '/backup/restore', raw => '{'), 400, 'bad_json', 'no JSON');
refused(restore(undef, $locator), 400, 'invalid_request', 'no username');
refused(restore('carol', 'AAAA'), 400, 'invalid_request', 'a short locator');

my $limited = E2emsg::Gateway->new($server, restore_per_minute => 2, limit_loopback => 'on',
	secret_file => $gateway->dir . '/secret', log_signer => '');
is(join(' ', map { restore('carol', $locator, $limited)->{status} } 1 .. 2), '200 200',
	'two restores in a minute');
my $reply = refused(restore('carol', $locator, $limited), 429, 'rate_limited', 'and no third');
like($reply->{headers}{'retry-after'}, qr/^(?:[12]?\d|30)$/, 'Retry-After');
refused(restore('eve', $locator, $limited), 429, 'rate_limited', 'whatever the name');
is(put(3, 'third')->{status}, 200, 'and so do other routes');
my $nothing = '0000-0000-0000-0000-0000-0000-01VJ';    # a code that opens nothing
my $waiting = restores('carol', $nothing, 'network', 'the client says that it is too often', $limited);
like($waiting->{result}{err}, qr/[Tt]oo often/, 'in words');
is(left($waiting), '', 'and leaves nothing');

# --- one account on two machines ------------------------------------------------------

my $alice = E2emsg::Client->new($gateway, 'alice');
my $bob   = E2emsg::Client->new($gateway, 'bob');
my $code  = does($alice, ok => ['backup'])->{out};
like($code, qr/^(?:[0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}\n$/, 'a recovery code');
is((stat $alice->folder . '/backup.json')[2] & 07777, 0600, 'backup.json is private');
does($alice, ok => [ qw(send bob), 'from the first machine' ]);
does($alice, ok => [qw(verify bob --confirm)]);
does($bob, ok => ['read']);
does($bob, ok => [ qw(send alice), 'acknowledged before' ]);
does($alice, ok => ['read']);
does($bob, ok => [ qw(send alice), 'sealed to version 1' ]);

my ($first_row) = owner("SELECT backup FROM e2emsg.backups b JOIN e2emsg.users u ON u.id = b.user_id
	WHERE username = 'alice'");
unlike($first_row, qr/616c696365|626f62/, 'no name stands in it');
my $wrong = $code;
substr($wrong, 7, 1) =~ tr/0-9A-HJKMNP-TV-Z/1-9A-HJKMNP-TV-Z0/;
like(restores('alice', $wrong, 'usage', 'a code with a mistake')->{result}{err}, qr/check is wrong/,
	'is known as that, here');
is(left(restores('alice', '0' x 28, 'usage', 'a made-up code')), '', 'leaves nothing');
my $other_code = does($carol, untrusted => ['backup'], 'a backup that is none of hers')->{out};
$other_code = does($carol, ok => [qw(backup --force)], 'is replaced when she says so')->{out};
is(left(restores('alice', $other_code, 'refused', "somebody else's code")), '', 'leaves nothing');
like(restores('nobody', $code, 'refused', 'nor is there a user nobody')->{result}{err}, qr/hint: Check the name and the code\./, 'which to look at, it says');
unlike(ends($alice->run('restore', 'alice', { stdin => '' }), 'refused', 'not over an account that is there')->{err},
	qr/recovery code/, 'which is said before a code is asked for');
like($alice->run('restore', 'bob', '--server', 'http://chat.invalid', { stdin => 'no code' })->{err},
	qr/is plain http/, 'who would do it over plain http is told');

my $second = restores('alice', lc($code =~ s/-/ /gr), 'ok', 'the code restores the account, typed carelessly');
is(left($second), 'alice', 'and leaves nothing else');
is(version_of($second), 1, 'key version 1');
like(does($second, ok => [qw(verify bob --json)])->{out}, qr/"verified"/, 'bob is verified there, too');
like($second->{result}{err}, qr/restored\. Mail that another device has taken is not given out again/, 'it says what does not come');
my $read = does($second, ok => ['read'], 'nothing is missing');
like($read->{out}, qr/sealed to version 1/, 'new mail comes');
unlike($read->{out}, qr/acknowledged before/, 'what was acknowledged does not');
does($second, ok => [ qw(send bob), 'from the second machine' ]);
like(does($bob, ok => ['read'])->{out}, qr/\(signed\)\n    from the second machine/, 'as alice');

$ENV{E2EMSG_RECOVERY_CODE} = $code;
restores('alice', '', 'ok', 'the code from the environment');
delete $ENV{E2EMSG_RECOVERY_CODE};

# A rotation there; the first machine learns of it by mail that is sealed to the new key.
does($second, ok => ['rotate']);
does($bob, ok => [ qw(send alice), "sealed to version 2, number $_" ]) for 1, 2;
my $followed = does($alice, missing => ['read'], 'mail for a key that another machine made is read');
like($followed->{out}, qr/version 2, number 1.*version 2, number 2/s, 'both of them are opened');
like($followed->{err}, qr/another device of yours rotated to key version 2/, 'the key came with the backup');
like($followed->{err}, qr/mail 2 is missing: another copy of this account may have taken it, or the server/,
	'and what the other machine took is not said to be the server\'s fault alone');
is(version_of($alice), 2, 'which is current here, too');
does($alice, ok => [ qw(send bob), 'goes on' ]);

# Both write: the slower one takes over the keys of the other.
does($alice,  ok => ['rotate']);
does($second, ok => ['rotate'], 'a rotation after one elsewhere');
is(version_of($second), 4, 'is the one after that');
like(does($alice, ok => ['login'], 'who signs in')->{err}, qr/another device of yours rotated to key version 4/,
	'learns of it, too');
does($bob, ok => ['read']);
does($second, ok => [ qw(send bob), 'version 4' ]);
like(does($bob, ok => ['read'])->{out}, qr/\(signed\)\n    version 4/, 'and good');
my $third = restores('alice', $code, 'ok', 'all of them are in the backup');
is(join(' ', sort map { s{.*/}{}r } glob($third->folder . '/key-*')),
	'key-1.pem key-2.pem key-3.pem key-4.pem', 'the private keys');
does($third, ok => [qw(keys forget 1 --force)]);
does($third, ok => ['read']);
my $fourth = restores('alice', $code, 'ok', 'restored after one was forgotten');
ok(!-e $fourth->folder . '/key-1.pem', 'a forgotten key leaves the backup, too');

# The code that is written down stays good until the user wants another one.
my $again = does($third, ok => ['backup'], 'a backup where there is one');
is($again->{out}, '', 'makes no new code');
like($again->{err}, qr/recovery code stays the same; e2emsg backup --new-code/, 'and says so');
my $object = decode(does($third, ok => [qw(backup --json)])->{out});
ok(exists $object->{recoveryCode} && !defined $object->{recoveryCode}, 'nor with --json');
restores('alice', $code, 'ok', 'the old one is good');
like(does($third, usage => [qw(backup --new-code)], '--new-code asks')->{err}, qr/no terminal to ask on: add --yes/,
	'on a terminal');
restores('alice', $code, 'ok', 'without a yes, it is still good');
my $new_code = does($third, ok => [qw(backup --new-code --yes)])->{out};
isnt($new_code, $code, 'another code');
is(left(restores('alice', $code, 'refused', 'the old one is void')), '', 'leaves nothing');
does($second, ok => [ qw(send bob), 'still writes' ]);
like(does($second, ok => ['backup'], 'nor does it make one')->{err}, qr/code was changed since, by another device.*stays the same/s,
	'a machine that did not know of the new code');
does($second, ok => ['rotate'], 'a machine that does not know the new code writes on');
my $fifth = restores('alice', $new_code, 'ok', 'under the new one');
is(version_of($fifth), 5, 'with what was written since');

# Whom each of them met and verified, the others learn.
my $erin = E2emsg::Client->new($gateway, 'erin');
sub peers_of
{
	my ($who) = @_;
	open my $in, '<', $who->folder . '/contacts.json' or die;
	my $contacts = decode(do { local $/; <$in> })->{contacts};
	return join ' ', sort map { $_->{username} . ($_->{verified} ? '+' : '') } @$contacts;
}
does($fifth, ok => [qw(verify carol --confirm)]);
is(peers_of($fifth), 'bob+ carol+', 'one machine meets carol');
does($second, ok => [qw(send erin), 'hello']);
is(peers_of($second), 'bob+ carol+ erin', 'another one meets erin, and learns of carol');
does($fifth, ok => [qw(verify erin --confirm)]);
is(peers_of($fifth), 'bob+ carol+ erin+', 'whom the first one verifies');
does($second, ok => [qw(keys forget 1 --force)]);
does($second, ok => ['read']);
is(peers_of($second), 'bob+ carol+ erin+', 'which the other one learns when it writes again');
is(peers_of(restores('alice', $new_code, 'ok', 'all of that')), 'bob+ carol+ erin+', 'is in the backup');
does($second, ok => [qw(send carol), 'to a key that is met now']);

# A number that differs stops sending wherever the account goes.
does($fifth, ok => [qw(verify erin --differs)]);
my $moved = restores('alice', $new_code, 'ok', 'a machine that hears of it from the backup');
my $stopped = does($moved, untrusted => [qw(send erin hello)], 'sends nothing to her');
like($stopped->{err}, qr/^e2emsg: the safety number of erin was compared, and was another one; nothing was sent$/m, '... says why');
like($stopped->{err}, qr/^hint: Compare again.*e2emsg verify erin\. To write all the same: e2emsg trust erin$/m, '... and what to do');
is(decode(does($moved, ok => [qw(verify erin --json)])->{out})->{trust}, 'differs', '... and shows it');
does($moved, ok => [qw(verify erin --confirm)]);
does($moved, ok => [ qw(send erin), 'it is you' ], 'until the numbers are the same');
is(peers_of(restores('alice', $new_code, 'ok', 'the next machine')), 'bob+ carol+ erin+', '... hears of that');
does($fifth, ok => ['backup'], 'the first one writes again');
is(peers_of($fifth), 'bob+ carol+ erin+', '... and hears of it, too');
does($fifth, ok => [qw(verify erin --differs)]);
unlink $moved->folder . '/token.json' or die;
like(does($moved, untrusted => [qw(send erin hello)], 'one that was there all along hears of it when it signs in, before it sends')->{err},
	qr/the safety number of erin was compared, and was another one; nothing was sent$/m, '... and says why');
does($fifth, ok => [qw(verify erin --confirm)]);
does($fifth, ok => [ qw(send erin), 'the same after all' ]);
does($moved, ok => ['login']);
is(peers_of($moved), 'bob+ carol+ erin+', '... as of what is taken back');
does($moved, ok => [qw(send --retry)], '... and sends what waited');

# What one says is not undone by what the other had said and taken back before, unheard of.
does($fifth, ok => [qw(verify erin --differs)]);
does($fifth, ok => [qw(verify erin --confirm)]);
does($fifth, ok => ['backup']);
does($moved, ok => [qw(verify erin --differs)]);
does($moved, untrusted => [qw(send erin hello)], 'a no stays one');
does($fifth, ok => ['login']);
does($fifth, untrusted => [qw(send erin hello)], '... and counts there, too');
does($fifth, ok => [qw(verify erin --confirm)]);
does($fifth, ok => ['backup']);
does($moved, ok => ['login']);
is(peers_of($moved), 'bob+ carol+ erin+', 'until it is taken back after that');

# --- in the backup before it is announced -----------------------------------------------

sub is_current { return $server->sql("SELECT key_version FROM e2emsg.public_key('alice')") }

$server->sql('REVOKE EXECUTE ON FUNCTION e2emsg.rest_put_backup FROM e2emsg_gateway');
does($fifth, network => ['rotate'], 'no rotation while the backup can not be written');
is(is_current(), 5, 'nothing was announced');
$server->sql('GRANT EXECUTE ON FUNCTION e2emsg.rest_put_backup TO e2emsg_gateway');
$server->sql('REVOKE EXECUTE ON FUNCTION e2emsg.rest_rotate_key FROM e2emsg_gateway');
does($fifth, network => ['rotate'], 'a rotation that does not end');
$server->sql('GRANT EXECUTE ON FUNCTION e2emsg.rest_rotate_key TO e2emsg_gateway');
is(is_current(), 5, 'is not announced');
my $sixth = restores('alice', $new_code, 'ok', 'restored in the middle of a rotation');
like($sixth->{result}{err}, qr/key version 6 in the backup was not announced/, 'it says so');
is(version_of($sixth), 5, 'the version before is current');
does($sixth, ok => ['rotate'], 'the rotation ends there');
does($fifth, ok => ['rotate'], 'and where it began');
is(is_current(), 6, 'with the same key');

# --- a backup that can't be had when mail needs it ----------------------------------------------

my $grace = E2emsg::Client->new($gateway, 'grace');
my $away  = restores('grace', does($grace, ok => ['backup'])->{out}, 'ok', 'grace on two machines');
sub seals_anew
{
	my ($text) = @_;
	does($away, ok => ['rotate'], 'one rotates');
	does($bob, ok => [ qw(send grace), $text ]);
	return;
}
sub times_asked { return scalar(() = $gateway->log =~ m{GET /backup }g) }

seals_anew('while the backup can not be read');
$server->sql('REVOKE EXECUTE ON FUNCTION e2emsg.rest_backup FROM e2emsg_gateway');
is(does($grace, network => ['read'], 'the other waits for the backup')->{out}, '', 'with the mail');
$server->sql('GRANT EXECUTE ON FUNCTION e2emsg.rest_backup TO e2emsg_gateway');
like(does($grace, ok => ['read'], 'which was not acknowledged')->{out}, qr/while the backup can not be read/, 'and opens');

seals_anew('while there is no backup');
does($bob, ok => [ qw(send grace), 'another one' ]);
my $hers = "e2emsg.backups WHERE user_id = e2emsg.find_user('grace')";
$server->sql("CREATE TABLE aside AS SELECT * FROM $hers; DELETE FROM $hers");
my $asked   = times_asked();
my $lacking = does($grace, unreadable => ['read'], 'nor does mail open');
like($lacking->{out}, qr/the key of version 3 is not here.*no backup of this account any more/, 'it says why');
like($lacking->{err}, qr/hint: .*another device of yours: have that one write the backup, .* read --retry/, 'and what to do');
is(times_asked() - $asked, 1, 'the backup was asked for once for both');
$server->sql('INSERT INTO e2emsg.backups SELECT * FROM aside; DROP TABLE aside');
like(does($grace, ok => [qw(read --retry)], 'once it is there')->{out}, qr/while there is no backup.*another one/s,
	'both are opened');
is(version_of($grace), 3, 'and the key is current');
does($away, ok => ['rotate']);
does($grace, ok => [ qw(send grace), 'a note' ], 'a note to oneself after a rotation elsewhere');
like(does($grace, ok => ['read'])->{out}, qr/a note/, 'goes to the new key');
# --- a server that lies -------------------------------------------------------------------

my $row   = "FROM e2emsg.users u WHERE u.id = b.user_id AND u.username = 'alice'";
$server->sql('CREATE TABLE old AS SELECT * FROM e2emsg.backups');
does($sixth, ok => ['rotate']);
$server->sql("UPDATE e2emsg.backups b SET (version, backup) = (SELECT o.version, o.backup FROM old o
	WHERE o.user_id = b.user_id) $row");
my $old = restores('alice', $new_code, 'untrusted', 'an old backup is noticed');
like($old->{result}{err}, qr/version 7.*not made here/s, 'by the version that it lacks');
is(left($old), 'alice', 'the account is there');
does($old, untrusted => [ qw(send bob), 'no' ], 'and sends nothing');
does($old, ok => ['read'], 'but reads');
does($sixth, ok => ['rotate'], 'a machine that has the keys writes it anew');
is(version_of(restores('alice', $new_code, 'ok', 'and all is well')), 8, 'with all keys');

owner("UPDATE e2emsg.backups b SET backup = set_byte(backup, 100, get_byte(backup, 100) # 1) $row");
is(left(restores('alice', $new_code, 'unreadable', 'a changed byte')), '', 'leaves nothing');
owner("UPDATE e2emsg.backups b SET backup = '\\x01' $row");
is(left(restores('alice', $new_code, 'unreadable', 'no backup at all')), '', 'leaves nothing');
owner("UPDATE e2emsg.backups b SET backup = (SELECT c.backup FROM e2emsg.backups c
	WHERE c.user_id = e2emsg.find_user('carol')) $row");
is(left(restores('alice', $new_code, 'unreadable', "another's backup")), '', 'leaves nothing');
like(does($sixth, untrusted => ['rotate'], 'nor is it followed')->{err},
	qr/does not open with the backup key/, 'it says why');
is(is_current(), 8, 'and nothing is announced');
owner("DELETE FROM e2emsg.backups b USING e2emsg.users u WHERE u.id = b.user_id AND u.username = 'alice'");
like(does($sixth, refused => ['rotate'], 'a backup that is gone')->{err},
	qr/no backup of this account any more/, 'is missed');
$code = does($sixth, ok => ['backup'], 'and made again')->{out};
does($sixth, ok => ['rotate']);
is(version_of(restores('alice', $code, 'ok', 'with its new code')), 9, 'all is there');

# --- the ends -----------------------------------------------------------------------------

my $draft = E2emsg::Client->new($gateway, undef);
$draft->{name} = 'alice';
mkdir $draft->home . '/e2emsg', 0700;
mkdir $draft->home . '/e2emsg/.restoring-alice', 0700;
for my $file ('identity.pem', 'key-77.pem')
{
	open my $out, '>', $draft->home . "/e2emsg/.restoring-alice/$file" or die;
	chmod 0600, $out;
}
ends($draft->run('restore', 'alice', { stdin => $code }), 'ok', 'what a killed restore left is no obstacle');
is(left($draft), 'alice', 'and goes');
ok(!-e $draft->folder . '/key-77.pem', 'with all that was in it');

my $frank = E2emsg::Client->new($gateway, 'frank', '--unsigned');
does($frank, refused => ['backup'], 'without identity key there is no backup');
my $carol_key = $server->sql("SELECT identity_key FROM e2emsg.users WHERE username = 'carol'");
owner("UPDATE e2emsg.users SET identity_key = '$carol_key' WHERE username = 'alice'");
my $replaced = restores('alice', $code, 'auth', 'the identity was replaced meanwhile');
like($replaced->{result}{err}, qr/was replaced/, 'it says so');
is(left($replaced), '', 'and leaves nothing');
owner("SELECT e2emsg.delete_user(e2emsg.find_user('carol'))");
is(left(restores('carol', $other_code, 'refused', 'who is deleted has no backup')), '', 'leaves nothing');
unlike($gateway->log, qr/\Q$code\E|BEGIN PRIVATE|recovery/i, 'no code and no key in the log');

done_testing();
