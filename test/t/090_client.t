# Two people with the command-line client, through a live gateway; and what
# the client does when the server lies.
use strict;
use warnings;
use File::Find;
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);

# Exit codes, as --help documents them
my %exit = (ok => 0, refused => 1, usage => 2, network => 3, auth => 4, untrusted => 5,
	unreadable => 6, missing => 7);

# Runs a command of somebody's and looks at the exit code.
sub does
{
	my ($who, $code, $arguments, $name) = @_;
	my $result = $who->run(@$arguments);
	is($result->{status}, $exit{$code}, $name // $who->name . ": @$arguments")
	  or diag "$result->{out}$result->{err}";
	return $result;
}

sub owner { return $server->sql("SET ROLE e2emsg_owner; $_[0]") }
sub id_of { return $server->sql("SELECT e2emsg.find_user('$_[0]')") }

# Changes the newest message to somebody.
sub change_newest
{
	my ($name, $assignment) = @_;
	owner("UPDATE e2emsg.messages SET $assignment WHERE mailbox_id = e2emsg.find_user('$name')
		AND seq = (SELECT last_seq FROM e2emsg.mailboxes WHERE id = mailbox_id)");
	return;
}

# --- accounts -----------------------------------------------------------------------

my $alice = E2emsg::Client->new($gateway, 'alice');
my $bob   = E2emsg::Client->new($gateway, 'bob');
my $whoami = decode(does($alice, ok => [qw(whoami --json)])->{out});
is($whoami->{username}, 'alice', 'whoami --json');
is($whoami->{userId}, id_of('alice'), 'its id');
is($whoami->{keyVersion}, 1, 'key version 1');

my %loose;
find(sub {
		my $mode = (lstat)[2] & 07777;
		my $wanted = -d _ ? 0700 : 0600;
		$loose{$File::Find::name} = sprintf '%o', $mode if $mode != $wanted;
	}, $alice->folder);
is_deeply(\%loose, {}, 'folder 0700, files 0600');

my $dave = E2emsg::Client->new($gateway, 'dave');
chmod 0644, $dave->folder . '/identity.pem';
does($dave, refused => [qw(rotate)], 'a private key that others may read is refused');
chmod 0600, $dave->folder . '/identity.pem';
chmod 0750, $dave->folder;
does($dave, refused => [qw(whoami)], 'and so is such a folder');
chmod 0700, $dave->folder;
does($dave, ok => [qw(whoami)], 'with the modes back it works');

my $stranger = E2emsg::Client->new($gateway, undef);
$stranger->{name} = 'stranger';
does($stranger, refused => [qw(register alice)], 'a name that is taken');
does($stranger, usage => ['register', 'No Such Name'], 'a name that is not allowed');
does($stranger, usage => [qw(whoami)], 'no account yet');
like(does($stranger, usage => [qw(frobnicate)], 'no such command')->{err}, qr/frobnicate/,
	'it is named');
does($stranger, usage => [qw(send)], 'send without a peer');
does($stranger, usage => [qw(read --suite 1)], 'an option of another command');
like(does($stranger, usage => [qw(send terry hi there)])->{err}, qr/hint: Put the text in quotes/, 'a text of several words');
like(does($stranger, refused => [ qw(register wrong --server), $gateway->url . '/api' ])->{err},
	qr/hint: .*a path too many/, 'a URL with a path that is not there');
like(does($stranger, ok => [qw(--help)])->{out}, qr/E2EMSG_RECOVERY_CODE.*Exit codes/s,
	'--help documents the exit codes, and where a code may stand');
does($stranger, untrusted => [qw(register wrong --service elsewhere)],
	'a server with another service name');

# --- the conversation ------------------------------------------------------------------

like(does($alice, ok => [ qw(send bob), 'Hello Bob' ])->{out}, qr/^[0-9a-f-]{36}$/m,
	'send prints the message id on stdout');
my $read = does($bob, ok => [qw(read)]);
like($read->{out}, qr/Hello Bob/, 'bob reads it');
my $nothing = does($bob, ok => [qw(read)]);
is("$nothing->{out}|$nothing->{err}", "|e2emsg: no new mail\n", 'once: then it says, beside stdout, that there is nothing');
like(does($bob, ok => [qw(read --all)])->{out}, qr/Hello Bob/, 'read --all shows it again');
is(owner("SELECT acked_seq FROM e2emsg.mailboxes WHERE id = e2emsg.find_user('bob')"), '1',
	'read acknowledges what it stored');

my $long = join "\n", map { "line $_ \x{c3}\x{a4}" } 1 .. 3000;
is($alice->run(qw(send bob -), { stdin => $long })->{status}, 0, 'send - reads stdin');
my ($record) = map { decode($_) } split /\n/, does($bob, ok => [qw(read --json)])->{out};
utf8::encode(my $got = $record->{text} // '');
is($got, $long, 'read --json gives the text back, byte for byte');
is($alice->run(qw(send bob -), { stdin => 'x' x 70000 })->{status}, $exit{usage},
	'a text that does not fit');
is($alice->run(qw(send bob -), { stdin => "\xff\xfe" })->{status}, $exit{usage}, 'no UTF-8');
is($alice->run(qw(send bob), { stdin => "\n" })->{status}, $exit{usage}, 'an empty message');
like(does($alice, refused => [qw(send nobody hi)])->{err}, qr/there is no user nobody/,
	'it says that there is nobody of that name');

$alice->run('send', 'bob', "\e]0;owned\a\e[31mred\r\x{c2}\x{9b}2J");
$read = does($bob, ok => [qw(read)], 'a text with control characters');
unlike($read->{out} . $read->{err}, qr/[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]/,
	'none reaches the terminal raw');
like($read->{out}, qr/red/, 'the rest does');

# The same number on both sides
my ($number) = does($alice, ok => [qw(verify bob)])->{out} =~ /^((?:\d{5} ?){12})$/m;
ok($number, 'verify: 60 digits in groups of five');
like(does($bob, ok => [qw(verify alice)])->{out}, qr/^\Q$number\E$/m, 'both see the same');
like(does($alice, usage => [qw(verify alice)])->{err}, qr/alice is you/, 'verify compares with somebody else');
like(does($alice, ok => [qw(trust bob)])->{err}, qr/nothing to accept/,
	'trust, when there is nothing to accept, does not ask');
does($alice, ok => [qw(verify bob --confirm)]);
like(does($alice, ok => [qw(verify bob --json)])->{out}, qr/"verified"/, 'and it is remembered');

# --- rotation ------------------------------------------------------------------------------

does($alice, ok => [ qw(send bob), 'to version 1' ]);
does($bob, ok => [qw(rotate)]);
my $sent = does($alice, ok => [ qw(send bob), 'to version 2' ]);
like($sent->{err}, qr/version 2/, 'a send to the old version is repaired and says so');
like($gateway->log, qr{POST /messages 409}, 'the gateway had refused it');
$read = does($bob, ok => [qw(read)]);
like($read->{out}, qr/to version 1.*to version 2/s, 'bob reads both, in order');
is(scalar(split /\n/, does($bob, ok => [qw(keys)])->{out}), 2, 'he keeps both keys');
does($bob, usage => [qw(keys forget 2)], 'the current key cannot be forgotten');
does($bob, ok => [qw(keys forget 1)]);
ok(!-e $bob->folder . '/key-1.pem', 'the old one can, and its file is gone');
like(does($bob, ok => [qw(read --all)])->{out}, qr/Hello Bob/, 'what was read stays readable');
like(does($bob, usage => [qw(keys forget 9)])->{err}, qr/there is no version 9/, 'no version 9');
does($bob, ok => [qw(rotate)]);
does($alice, ok => [ qw(send bob), 'unread' ]);
does($bob, ok => [qw(rotate)]);
does($bob, refused => [qw(keys forget 3)], 'a key that unread mail needs stays')
  if does($bob, ok => [qw(keys)])->{out} =~ /3.*may need/;
does($bob, ok => [qw(read)]);

my $judy = E2emsg::Client->new($gateway, 'judy');
does($judy, ok => [ qw(send judy), 'a note' ], 'a note to oneself');
does($judy, ok => [ qw(send judy), 'to a key that goes' ]);
does($judy, ok => [qw(rotate)]);
does($judy, ok => [qw(keys forget 1 --force)]);
unlike(does($judy, ok => [ qw(send judy), 'a second note' ])->{err}, qr/sealed again/,
	'after a rotation it goes to the new key at once');
$read = does($judy, unreadable => [qw(read)], 'mail whose key was forgotten');
like($read->{out}, qr/ judy\n.*version 1 was forgotten.*a second note/s, 'it says from whom and why');
unlike($read->{err}, qr/--retry/, 'and not to try again');
does($judy, ok => [qw(read)], 'later nothing new failed');

# --- tampering ------------------------------------------------------------------------------

for my $case (
	[ 'ciphertext', 'ciphertext = set_byte(ciphertext, 3, get_byte(ciphertext, 3) # 1)' ],
	[ 'auth tag',   'auth_tag = set_byte(auth_tag, 0, get_byte(auth_tag, 0) # 128)' ],
	[ 'iv',         'iv = set_byte(iv, 11, get_byte(iv, 11) # 1)' ],
	[ 'length',     'ciphertext = substr(ciphertext, 1, 255)' ],
	[ 'the sender', "sender_id = e2emsg.find_user('dave')" ],
	[ 'suite',      'suite = 0' ],
	[ 'the sender\'s version', 'sender_key_version = sender_key_version + 1' ])
{
	my ($what, $assignment) = @$case;
	does($alice, ok => [ qw(send bob), "secret of $what" ], "a message; then $what is changed");
	change_newest('bob', $assignment);
	my $result = $bob->run('read');
	ok($result->{status} == $exit{unreadable} || $result->{status} == $exit{untrusted},
		"$what changed: exit code 5 or 6")
	  or diag "$result->{status} $result->{out}$result->{err}";
	unlike($result->{out}, qr/secret of/, "$what changed: nothing is shown as read");
}
does($alice, ok => [ qw(send bob), 'good again' ]);
$read = does($bob, ok => [qw(read)], 'mail after that arrives');
like($read->{out}, qr/good again/, 'and opens');

does($alice, ok => [ qw(send bob), 'damaged on the way' ]);
change_newest('bob', 'ciphertext = set_byte(ciphertext, 9, get_byte(ciphertext, 9) # 1)');
like(does($bob, unreadable => [qw(read)])->{out}, qr/tampered/, 'it says "tampered with"');

# A replay: the same envelope under a new number
does($alice, ok => [ qw(send bob), 'pay once' ]);
does($bob, ok => [qw(read)]);
owner(<<'SQL');
ALTER TABLE e2emsg.messages DROP CONSTRAINT messages_envelope_key;
INSERT INTO e2emsg.messages SELECT mailbox_id, seq + 1, sender_id, suite, sender_key_version,
	key_version, iv, ciphertext, auth_tag, clock_timestamp()
FROM e2emsg.messages WHERE mailbox_id = e2emsg.find_user('bob') ORDER BY seq DESC LIMIT 1;
UPDATE e2emsg.mailboxes SET last_seq = last_seq + 1 WHERE id = e2emsg.find_user('bob')
SQL
unlike($bob->run('read')->{out}, qr/pay once/, 'an envelope that came before is not shown twice');
$server->sql(<<'SQL');
DELETE FROM e2emsg.messages m USING e2emsg.mailboxes b
	WHERE b.id = m.mailbox_id AND m.mailbox_id = e2emsg.find_user('bob') AND m.seq = b.last_seq;
ALTER TABLE e2emsg.messages ADD CONSTRAINT messages_envelope_key UNIQUE (mailbox_id, sender_id, iv)
SQL

# Mail that disappears
does($alice, ok => [ qw(send bob), "number $_" ]) for 1 .. 3;
owner(<<'SQL');
DELETE FROM e2emsg.messages WHERE mailbox_id = e2emsg.find_user('bob')
	AND seq = (SELECT last_seq - 1 FROM e2emsg.mailboxes WHERE id = mailbox_id)
SQL
$read = does($bob, missing => [qw(read)], 'a gap is noticed');
like($read->{out}, qr/number 1.*number 3/s, 'what is there is read');

# Adds a row of the newest key to the key rotation log and waits until it is signed.
sub log_event
{
	my ($name, $event, $identity, $signature) = @_;
	owner(<<"SQL");
SELECT e2emsg.log_key_event(k.user_id, '$name', '$event', k.version, k.thumbprint, before.thumbprint, $identity, $signature)
FROM e2emsg.public_keys k LEFT JOIN e2emsg.public_keys before ON before.user_id = k.user_id AND before.version = k.version - 1
WHERE k.user_id = e2emsg.find_user('$name') ORDER BY k.version DESC LIMIT 1
SQL
	return wait_until(sub { $server->sql(<<'SQL') eq 't' }, 20);
SELECT NOT pending AND size = signed_size FROM e2emsg.key_log_state()
SQL
}

# As if somebody's newest key had never been.
sub forget_newest
{
	my ($name) = @_;
	return $server->sql(<<"SQL");
SET session_replication_role = replica;
DELETE FROM e2emsg.key_rotation_log l USING e2emsg.mailboxes m
WHERE m.id = e2emsg.find_user('$name') AND (l.user_id, l.version) = (m.id, m.key_version);
DELETE FROM e2emsg.public_keys k USING e2emsg.mailboxes m
WHERE m.id = e2emsg.find_user('$name') AND (k.user_id, k.version) = (m.id, m.key_version);
UPDATE e2emsg.mailboxes SET key_version = key_version - 1, logged_version = key_version - 1
WHERE id = e2emsg.find_user('$name')
SQL
}

# --- trust ---------------------------------------------------------------------------------------

# Mallory runs the server: keys of her own, with good signatures, for bob.
my ($identity, $key) = sign({ op => 'identity' }, { op => 'encryption' });
my $version = owner("SELECT key_version FROM e2emsg.mailboxes WHERE id = e2emsg.find_user('bob')");
my $previous = decode(owner("SELECT key FROM e2emsg.public_keys WHERE version = $version
	AND user_id = e2emsg.find_user('bob')"));
my $signature = sign({ op => 'endorse', private => $identity->{private}, service => 'e2emsg',
		username => 'bob', version => $version + 1, key => $key->{public}, previous => $previous });
my ($key_json, $identity_json) =
  map { my $jwk = $_->{public}; json({ map { $_ => $jwk->{$_} } qw(crv kty x y) }) } $key, $identity;
owner(sprintf <<'SQL', $version + 1, $key_json, $key_json);
INSERT INTO e2emsg.public_keys (user_id, version, key, thumbprint)
VALUES (e2emsg.find_user('bob'), %d, '%s', e2emsg.jwk_thumbprint('%s'));
UPDATE e2emsg.mailboxes SET key_version = key_version + 1 WHERE id = e2emsg.find_user('bob')
SQL
log_event('bob', 'rotated', "'$identity_json'", "e2emsg.base64url_decode('$signature')");
$sent = does($alice, untrusted => [ qw(send bob), 'for your eyes only' ],
	'a new key under another identity: nothing is sent');
like($sent->{err}, qr/identity/, 'it says why');
does($alice, untrusted => [ qw(send bob), 'again' ], 'nor at the second try');
does($alice, untrusted => [qw(verify bob)], 'and verify says so');
my $erin = E2emsg::Client->new($gateway, 'erin');
does($alice, usage => [qw(trust bob)], 'trust asks; without a terminal it wants --yes');
forget_newest('bob');

# An identity that vanishes
my $frank = E2emsg::Client->new($gateway, 'frank');
does($erin, ok => [ qw(send frank), 'hello' ]);
does($frank, ok => [qw(rotate)]);
log_event('frank', 'identity_reset', 'NULL', 'NULL');
does($erin, untrusted => [ qw(send frank), 'hello' ], 'an identity that vanished: nothing is sent');

# A key version that goes back
my $grace = E2emsg::Client->new($gateway, 'grace');
does($grace, ok => [qw(rotate)]);
does($erin, ok => [ qw(send grace), 'hello' ]);
forget_newest('grace');
does($erin, untrusted => [ qw(send grace), 'hello' ], 'a version that went back: nothing is sent');

# Peers without an identity key, and suite 0
my $plain = E2emsg::Client->new($gateway, 'plain', '--unsigned');
does($erin, untrusted => [ qw(send plain), 'hello' ], 'an unsigned peer needs an explicit yes');
does($erin, ok => [ qw(send plain --unsigned-ok), 'just once' ]);
does($erin, untrusted => [ qw(send plain), 'hello' ], 'and --unsigned-ok was for once');
my $asked = does($erin, usage => [qw(trust plain)], 'trust asks about such a peer');
like($asked->{err}, qr/^e2emsg: plain: there is no identity key: .*no terminal to ask on/ms, 'and says why');
unlike($asked->{err}, qr/nothing changed/, 'not that nothing changed');
does($erin, ok => [qw(trust plain --yes)]);
does($erin, ok => [ qw(send plain --suite 0), 'as the tutorial does' ]);
$read = does($plain, ok => [qw(read)]);
like($read->{out}, qr/just once.*as the tutorial does/s, 'both suites are read');
is(owner("SELECT string_agg(suite::text, ',' ORDER BY seq) FROM e2emsg.messages
	WHERE mailbox_id = e2emsg.find_user('plain')"), '1,0', 'they were suites 1 and 0');

# Numbers that differ
my $hal = E2emsg::Client->new($gateway, 'hal');
does($hal, ok => [ qw(send erin), 'hello' ]);
does($erin, ok => [ qw(send hal), 'hello' ]);
my $compared = does($erin, ok => [qw(verify hal)]);
like($compared->{err}, qr/if it is the same: e2emsg verify hal --confirm; if not: e2emsg verify hal --differs$/m, 'one can say that the numbers differ');
does($erin, usage => [qw(verify hal --confirm --differs)], 'not both at once');
does($erin, ok => [qw(verify hal --confirm)]);
like(does($erin, ok => [qw(verify hal --differs)])->{err}, qr/the numbers differ: .*nothing is sent to hal until you decide/, 'then it says what follows');
does($erin, untrusted => [ qw(send hal), 'secret' ], 'nothing is sent then');
does($erin, untrusted => [ qw(send hal --unsigned-ok), 'secret' ], '... whatever was said of unsigned peers');
does($hal, ok => [ qw(send erin), 'it is me' ]);
like(does($erin, ok => ['read'])->{out}, qr/hal \(SAFETY NUMBERS DIFFER\).*it is me/s, 'what comes is read, and flagged');
my $trusts = does($erin, usage => [qw(trust hal)], 'trust asks');
like($trusts->{err}, qr/hal: the safety number was compared, and was another one$/m, '... and says what about');
unlike($trusts->{err}, qr/newer encryption key|nothing changed/, '... and of nothing else');
does($hal, ok => ['rotate']);
like(does($erin, usage => [qw(trust hal)], 'who differs and rotated since')->{err},
	qr/hal: the safety number was compared, and was another one\n.*hal: the same identity has a newer encryption key$/m, '... is told both');
does($erin, ok => [qw(trust hal --yes)]);
does($erin, ok => [ qw(send hal), 'all the same' ], 'after a yes it goes on');
like(does($erin, ok => [qw(verify hal --json)])->{out}, qr/"trust":"signed"/, 'not verified');
does($erin, ok => [qw(verify hal --differs)]);
does($erin, ok => [qw(verify hal --confirm)]);
does($erin, ok => [ qw(send hal), 'the same after all' ], 'and after another comparison');

# --- two accounts in one home ------------------------------------------------------------------------

my $twin = E2emsg::Client->new($gateway, 'twin1');
like(does($twin, ok => [qw(verify erin)])->{err}, qr/compare the safety number: e2emsg verify erin\n.*e2emsg verify erin --confirm; .*e2emsg verify erin --differs\n/s,
	'with one account, the commands to copy need no name');
does($twin, ok => [qw(register twin2)]);
like(does($twin, ok => [qw(verify judy --as twin1)])->{err},
	qr/compare the safety number: e2emsg verify judy --as twin1\n.*e2emsg verify judy --confirm --as twin1; .*e2emsg verify judy --differs --as twin1\n/s, 'with two they name it');
does($twin, ok => [qw(verify judy --confirm --as twin1)], 'and work');
like(does($twin, untrusted => [qw(send plain hi --as twin1)])->{err}, qr/hint: Accept .* e2emsg trust plain --as twin1 /, 'hints, too');

like(does($twin, usage => [qw(ack 7 --as twin1)])->{err}, qr/^hint: Run e2emsg read --as twin1 first\.$/m, '... fixed ones');
change_newest('twin1', "auth_tag = '\\x00000000000000000000000000000000'") if does($judy, ok => [ qw(send twin1), 'soon changed' ]);
like(does($twin, unreadable => [qw(read --as twin1)])->{err}, qr/^hint: .*; e2emsg read --retry --as twin1 tries them again\.$/m,
	'... those of mail that does not open');

# Another home, with a name that a shell would take apart: what is printed is run as it stands.
my $twin_home = scratch_dir() . q{/it's $HOME; here};
sub in_shell
{
	my ($command) = @_;
	my $result = run_command([ 'bash', '-c', 'e2emsg() { "$CLIENT" "$@"; }; ' . $command ],
		env => { %{ $twin->env }, CLIENT => E2emsg::Client->binary });
	is($result->{status}, 0, "$command, as it stands") or diag $result->{err};
	return $result;
}
like(does($twin, usage => [ qw(verify erin --home), $twin_home ])->{err}, qr/hint: Begin with: e2emsg register NAME --server URL --home '/, 'another home is named');
does($twin, ok => [ qw(register twin3 --home), $twin_home ]);
my ($confirm) = does($twin, ok => [ qw(verify erin --home), $twin_home ])->{err} =~ /(e2emsg verify erin --confirm .*); if not/;
in_shell($confirm);
like(does($twin, ok => [ qw(verify erin --json --home), $twin_home ])->{out}, qr/"trust":"verified"/, '... and was about that home');
like(does($twin, ok => [ qw(verify erin --json --as twin1) ])->{out}, qr/"trust":"signed"/, '... not about the default one');
does($twin, ok => [ qw(register twin4 --home), $twin_home ]);
($confirm) = does($twin, ok => [ qw(verify erin --as twin4 --home), $twin_home ])->{err} =~ /(e2emsg verify erin --confirm .*); if not/;
like($confirm, qr/ --as twin4 --home '/, 'with two accounts in it, both are named');
in_shell($confirm);
like(does($twin, ok => [ qw(verify erin --as twin1 --home), $twin->home . '/e2emsg' ])->{err}, qr/ --confirm --as twin1; /, 'the default home needs no name');

my $away = $twin->run(qw(login --as twin1 --server http://127.0.0.1:1));
is($away->{status}, $exit{network}, 'no server');
like($away->{err}, qr/e2emsg login --server URL --as twin1$/m, '... those of a server that is away');

# --- faults -------------------------------------------------------------------------------------------

# An unsigned account lives on its token: it renews one by "login", and one
# that ends within half an hour by itself.
does($plain, ok => [qw(login)], 'an unsigned account renews its token');
my ($kept) = glob $plain->folder . '/token.json';
my $soon = slurp($kept) =~ s/("expires": *)\d+/$1 . (time + 600)/er;
open my $file, '>', $kept or die "$kept: $!";
print $file $soon;
close $file;
is(does($plain, ok => [qw(read)])->{err}, "e2emsg: no new mail\n", 'and by itself, when it ends soon');
isnt(slurp($kept), $soon, 'to another one');
is(scalar(() = $gateway->log =~ m{POST /sessions/refresh 201}g), 2, 'the gateway gave two');

my $heidi = E2emsg::Client->new($gateway, 'heidi');
does($heidi, ok => [ qw(send plain --unsigned-ok), 'hello' ]);
does($heidi, ok => [qw(trust plain --yes)]);
does($plain, ok => [qw(read)]);
my $token = does($erin, ok => [qw(token)])->{out};
chomp $token;
is($gateway->request('GET', '/messages', token => $token)->{status}, 200,
	'token prints one for curl');
my $port = $gateway->port;
$gateway->stop;
like(does($dave, network => [qw(login)], 'no gateway')->{err}, qr/hint: Has it moved\? e2emsg login --server URL$/m,
	'there may be one elsewhere');
unlike(E2emsg::Client->new($gateway)->run(qw(register ivan))->{err}, qr/moved/, 'which is no news to a new account');
does($dave, network => [ qw(send erin), 'never heard of' ], 'send to a peer not met, no gateway');
does($dave, network => [qw(rotate)], 'rotate without a gateway');
is(does($dave, network => [qw(log)], 'log without a gateway')->{out}, '', 'does not say that there is no problem');
like(does($heidi, network => [ qw(send plain), 'kept in the outbox' ])->{err},
	qr/hint: The message is kept: .* Has it moved\?/, 'what is sent is kept');
$gateway->{settings}{port} = $port;
$gateway->start;
does($heidi, ok => [qw(send --retry)]);
like(does($plain, ok => [qw(read)])->{out}, qr/kept in the outbox/, 'and it arrives');
like(does($heidi, ok => [qw(send --retry)])->{err}, qr/nothing waits in the outbox/, 'the outbox is empty');
is(does($plain, ok => [qw(read)])->{out}, '', 'so it arrived once');
does($dave, ok => [qw(rotate)], 'the rotation goes through later');
like(does($dave, ok => [qw(keys)])->{out}, qr/^ *2 .*current/m, 'as version 2');
does($dave, ok => [qw(login)]);

# The token is gone: an identity signs in again, an unsigned account cannot.
for my $who ($dave, $plain)
{
	find(sub { unlink if -f && /token/ }, $who->folder);
}
does($dave, ok => [qw(read)], 'an identity signs in by itself');
does($plain, auth => [qw(read)], 'an unsigned account without a token: exit code 4');

# Several at once in one account
my @children = map {
	my $number = $_;
	my $pid    = fork() // die "fork: $!";
	POSIX::_exit($erin->run('send', 'dave', "at once $number")->{status}) if $pid == 0;
	$pid
} 1 .. 6;
my $failed = 0;
for my $pid (@children) { waitpid $pid, 0; $failed++ if $? }
is($failed, 0, 'six sends at once from one account');
is(scalar(() = does($dave, ok => [qw(read)])->{out} =~ /at once \d/g), 6, 'all six arrive');

is($gateway->stop, 0, 'the gateway ends well');
unlike($gateway->log, qr/\b500\b|internal_error/, 'never a 500');

done_testing();
