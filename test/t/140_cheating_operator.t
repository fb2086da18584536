# The operator has the database, the signing key and all the time in the world,
# and cheats.  Each time somebody's client, or an auditor, must catch and name
# it: with the real gateway and the real client.
use strict;
use warnings;
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);
my %exit    = (ok => 0, untrusted => 5);

# Runs a command of somebody's and looks at the exit code and what is said.
sub does
{
	my ($who, $code, $arguments, $pattern, $name) = @_;
	my $result = $who->run(@$arguments);
	my $good = $result->{status} eq $exit{$code} && (!$pattern || $result->{err} =~ $pattern);
	ok($good, $name // $who->name . ": @$arguments") or diag "exit $result->{status}\n$result->{out}$result->{err}";
	return $result;
}

# A fresh pair of users whose names begin with this.
sub pair
{
	my ($stem, $of) = @_;
	return map { E2emsg::Client->new($of // $gateway, "$stem.$_") } qw(alice bob);
}

# What no trigger and no right holds back.
sub cheat
{
	my ($sql, %options) = @_;
	return $server->sql("SET session_replication_role = replica; SET search_path = e2emsg; $sql", %options);
}

# An auditor who saw the log from its beginning, and a new one.
my $auditor = E2emsg::Client->new($gateway, undef);

sub audits
{
	my ($code, $pattern, $name, $who) = @_;
	my $result = ($who // E2emsg::Client->new($gateway, undef))->run('audit');
	ok($result->{status} eq $exit{$code} && $result->{out} . $result->{err} =~ $pattern, $name)
	  or diag "exit $result->{status}\n$result->{out}$result->{err}";
	return;
}

# Until the signer has taken in what SQL wrote.
sub signed
{
	return wait_until(sub { $server->sql(<<'SQL') eq 't' }, 20);
SELECT NOT pending AND size = signed_size FROM e2emsg.key_log_state()
SQL
}

my ($alice, $bob) = pair('honest');
does($alice, ok => [ qw(send honest.bob), 'hello' ]);
does($bob, ok => ['read']);
does($bob, ok => ['rotate']);
audits(ok => qr/alarms: 0/, 'an honest log', $auditor);

# --- a stored key is changed -------------------------------------------------------------

my $evil = json(public_jwk(20));
($alice, $bob) = pair('update');
my $user = "(SELECT id FROM users WHERE username = 'update.bob')";
my $saved = cheat("SELECT key FROM public_keys WHERE user_id = $user");
cheat("UPDATE public_keys SET key = '$evil', thumbprint = jwk_thumbprint('$evil') WHERE user_id = $user");
does($alice, untrusted => [ qw(send update.bob hi) ], qr/thumbprint/, 'a key that was changed in its table');
cheat("UPDATE key_rotation_log SET thumbprint = jwk_thumbprint('$evil') WHERE user_id = $user");
does($alice, untrusted => [ qw(send update.bob hi) ], qr/did not sign|log/, 'in the log\'s table, too');
audits(untrusted => qr/root/, 'which an auditor sees in the root');
cheat("UPDATE public_keys SET thumbprint = jwk_thumbprint('$saved'), key = '$saved' WHERE user_id = $user;
	UPDATE key_rotation_log SET thumbprint = jwk_thumbprint('$saved') WHERE user_id = $user");
does($alice, ok => [ qw(send update.bob hi) ], undef, 'and all is well with the true key');

# An unsigned user has only the log
my $plain = E2emsg::Client->new($gateway, 'update.plain', '--unsigned');
$user  = "(SELECT id FROM users WHERE username = 'update.plain')";
$saved = cheat("SELECT key FROM public_keys WHERE user_id = $user");
cheat("UPDATE public_keys SET thumbprint = jwk_thumbprint('$evil'), key = '$evil' WHERE user_id = $user;
	UPDATE key_rotation_log SET thumbprint = jwk_thumbprint('$evil') WHERE user_id = $user");
does($alice, untrusted => [ qw(send update.plain hi --unsigned-ok) ], qr/log/, 'the key of an unsigned user');
cheat("UPDATE public_keys SET thumbprint = jwk_thumbprint('$saved'), key = '$saved' WHERE user_id = $user;
	UPDATE key_rotation_log SET thumbprint = jwk_thumbprint('$saved') WHERE user_id = $user");

# --- a row of the log is deleted ------------------------------------------------------------

($alice, $bob) = pair('delete');
does($bob, ok => ['rotate']);
audits(ok => qr/alarms: 0/, 'the auditor was here before', $auditor);
cheat("CREATE TABLE saved AS SELECT * FROM key_rotation_log WHERE entry = 1
	AND user_id = (SELECT id FROM users WHERE username = 'delete.bob');
	DELETE FROM key_rotation_log l USING saved s WHERE (l.user_id, l.entry) = (s.user_id, s.entry)");
does($bob, ok => ['log'], undef, 'whose owner has seen it before');
audits(untrusted => qr/withh(?:e|o)ld|withheld|payload|gone/, 'a row that is gone');
cheat('INSERT INTO key_rotation_log SELECT * FROM saved; DROP TABLE saved');

# --- keys are removed as if their user had been deleted long ago --------------------------

($alice, $bob) = pair('gone');
my $gone = "(SELECT id FROM users WHERE username = 'gone.bob')";
$server->sql("SELECT e2emsg.delete_user(e2emsg.find_user('gone.bob'))");
signed();
audits(ok => qr/alarms: 0/, 'a deletion is none', $auditor);
is($server->refused("UPDATE e2emsg.key_rotation_log SET identity_key = NULL"), '42501', 'the table keeps the keys');
cheat("CREATE TABLE saved AS SELECT * FROM key_rotation_log WHERE user_id = $gone;
	UPDATE users SET deleted_at = deleted_at - interval '1 year' WHERE id = $gone");
is($server->sql('SET e2emsg.deleted_key_retention_days = 90; SELECT keys FROM e2emsg.purge()'), 3, 'unless somebody sets the clock back');
audits(ok => qr/alarms: 0/, 'whoever saw them before needs them no more', $auditor);
audits(untrusted => qr/gone\.bob: the identity key that it names is withheld/, 'but the log says when the user was deleted');
cheat('UPDATE key_rotation_log l SET identity_key = s.identity_key FROM saved s
	WHERE (l.user_id, l.entry) = (s.user_id, s.entry); DROP TABLE saved');
audits(ok => qr/alarms: 0/, 'with the keys back all is well');

# --- the newest rotation is dropped ------------------------------------------------------------

($alice, $bob) = pair('drop');
does($bob, ok => ['rotate']);
cheat("CREATE TABLE saved AS SELECT * FROM key_rotation_log WHERE entry = 2
	AND user_id = (SELECT id FROM users WHERE username = 'drop.bob');
	DELETE FROM key_rotation_log l USING saved s WHERE (l.user_id, l.entry) = (s.user_id, s.entry);
	UPDATE mailboxes m SET key_version = 1, logged_version = 1 FROM saved s WHERE m.id = s.user_id");
does($bob, untrusted => ['login'], qr/(?:2|newest|history)/, 'a dropped rotation is seen by its owner');
does($bob, untrusted => [ qw(send drop.alice hi) ], qr/log/, 'who sends no more');
cheat('INSERT INTO key_rotation_log SELECT * FROM saved;
	UPDATE mailboxes m SET key_version = 2, logged_version = 2 FROM saved s WHERE m.id = s.user_id;
	DROP TABLE saved');

# --- a version that the user never made -----------------------------------------------------------

sub insert_version
{
	my ($name, $signature) = @_;
	cheat(<<"SQL");
INSERT INTO public_keys (user_id, version, key, thumbprint)
SELECT id, 2, '$evil', jwk_thumbprint('$evil') FROM users WHERE username = '$name';
SELECT log_key_event(u.id, u.username, 'rotated', 2, jwk_thumbprint('$evil'), k.thumbprint, u.identity_key, $signature)
FROM users u JOIN public_keys k ON k.user_id = u.id AND k.version = 1 WHERE u.username = '$name';
UPDATE mailboxes SET key_version = 2 WHERE id = (SELECT id FROM users WHERE username = '$name')
SQL
	return signed();
}

($alice, $bob) = pair('insert');
$plain = E2emsg::Client->new($gateway, 'insert.plain', '--unsigned');
insert_version('insert.plain', 'NULL');
does($alice, ok => [ qw(send insert.plain hi --unsigned-ok) ], undef, 'a key that an unsigned user never made is in the log');
does($plain, untrusted => ['log'], qr/2/, 'where its owner sees it');
audits(ok => qr/alarms: 0/, 'and no auditor can', $auditor);
insert_version('insert.bob', "decode(repeat('5a', 64), 'hex')");
does($alice, untrusted => [ qw(send insert.bob hi) ], qr/did not sign/, 'a version without a signature of its owner');
does($bob, untrusted => ['login'], qr/2/, 'its owner sees it, too');
audits(untrusted => qr/signature/, 'and the auditor', $auditor);
audits(untrusted => qr/insert\.bob/, 'who names the user');

# --- another identity event, which the account did not make ------------------------------------------

($alice, $bob) = pair('event');
cheat(<<'SQL');
SELECT log_key_event(k.user_id, k.username, 'identity_reset', k.key_version, k.thumbprint, k.previous_thumbprint,
	k.identity_key, k.signature) FROM public_key('event.bob') k
SQL
signed();
does($bob, untrusted => ['log'], qr/not done here/, 'a reset is seen by its owner');
does($bob, untrusted => [ qw(send event.alice hi) ], qr/nothing is sent/, 'who is stopped');
does($bob, ok => [ qw(log accept --yes) ], undef, 'until the user accepts it');
does($bob, ok => ['rotate'], undef, 'then all goes on');
does($bob, ok => [ qw(send event.alice hi) ]);
does($bob, ok => ['log']);

# --- a tile is altered -----------------------------------------------------------------------------

($alice, $bob) = pair('tile');
cheat('UPDATE key_log_tiles SET hashes = set_byte(hashes, 5, get_byte(hashes, 5) # 1) WHERE level = 0 AND index = 0');
does($alice, untrusted => [ qw(send tile.bob hi) ], qr/log/, 'an altered tile');
cheat('UPDATE key_log_tiles SET hashes = set_byte(hashes, 5, get_byte(hashes, 5) # 1) WHERE level = 0 AND index = 0');

# --- two leaves are swapped ---------------------------------------------------------------------------

($alice, $bob) = pair('swap');
my $swap = <<'SQL';
UPDATE key_log_leaves f SET index = -1 - f.index FROM users u WHERE f.user_id = u.id AND u.username IN ('swap.alice', 'swap.bob');
UPDATE key_log_leaves f SET index = other.index FROM (
	SELECT a.user_id, -1 - b.index AS index FROM key_log_leaves a JOIN key_log_leaves b ON a.index < 0 AND b.index < 0 AND a.index <> b.index) other
WHERE f.user_id = other.user_id
SQL
cheat("ALTER TABLE key_log_leaves DROP CONSTRAINT key_log_leaves_hash_is_sha256; $swap");
does($alice, untrusted => [ qw(send swap.bob hi) ], qr/log/, 'swapped leaves');
audits(untrusted => qr/root/, 'the auditor sees them in the root');
cheat($swap);

# --- two people are shown different logs -----------------------------------------------------------------

($alice, $bob) = pair('fork');
does($alice, ok => [ qw(send fork.bob one) ]);
does($bob, ok => ['read']);
$gateway->stop;
$server->sql('CREATE DATABASE fork TEMPLATE postgres');
my %key = (log_signer => $gateway->{dir} . '/fork-key');
run_command([ 'sh', '-c', "cd $gateway->{dir} && cp -p log-key fork-key && cp -p log-key.last fork-key.last" ], user => 1);
$gateway->start;
my $fork = E2emsg::Gateway->new($server, database => $server->conninfo(database => 'fork'),
	secret_file => $gateway->dir . '/secret', %key);
$bob->{gateway} = $fork;
E2emsg::Client->new($gateway, 'fork.carol');
E2emsg::Client->new($fork,    'fork.dave');
does($alice, ok => [ qw(send fork.carol hi) ], undef, 'one log');
does($bob, ok => [ qw(send fork.dave hi) ], undef, 'and another, well signed by the same key');
does($alice, ok => [ qw(send fork.bob two) ], undef, 'a message from one world');
my $mail = "FROM messages WHERE seq = 2 AND mailbox_id = (SELECT id FROM users WHERE username = 'fork.bob')";
my $row = cheat("SELECT row_to_json(m) FROM (SELECT * $mail) m");
cheat("INSERT INTO messages SELECT * FROM json_populate_record(NULL::messages, '$row');
	UPDATE mailboxes SET last_seq = 2 WHERE id = (SELECT id FROM users WHERE username = 'fork.bob')", database => 'fork');
my $read = does($bob, untrusted => ['read'], qr/fork\.alice/, 'in the other shows that there are two, though from somebody whom he never wrote to');
like($read->{out}, qr/two/, 'the message is read all the same');
does($bob, untrusted => [ qw(send fork.alice hm) ], qr/log/, 'and nothing is sent any more');
$fork->stop;

# --- rewound to a backup -----------------------------------------------------------------------------------

($alice, $bob) = pair('rewind');
$gateway->stop;
$server->sql('CREATE DATABASE backup TEMPLATE postgres');
$gateway->start;
does($bob, ok => ['rotate']);
does($alice, ok => [ qw(send rewind.bob hi) ]);
my $witness = E2emsg::Client->new($gateway, undef);
audits(untrusted => qr/insert\.bob/, 'an auditor follows', $witness);
$gateway->stop;
run_command([ 'sh', '-c', "cd $gateway->{dir} && cp -p log-key back-key" ], user => 1);
my $back = E2emsg::Gateway->new($server, database => $server->conninfo(database => 'backup'),
	secret_file => $gateway->dir . '/secret', log_signer => $gateway->dir . '/log-key');
$_->{gateway} = $back for $alice, $bob, $witness;
does($alice, untrusted => ['log'], qr/\d+.*\d+/, 'a log that went back');
does($alice, untrusted => [ qw(send rewind.bob hi) ], qr/log/, 'stops sending');
audits(untrusted => qr/(?:back|smaller)/, 'and the auditor', $witness);

# A legitimate restore: the operator says so, the users agree
$back->stop;
my $begin = run_command([ E2emsg::Gateway::binary(), '--new-log-origin', $back->flags ], user => 1);
is($begin->{status}, 0, '--new-log-origin') or diag $begin->{err};
$back->start;
my $carol = E2emsg::Client->new($back, 'rewind.carol');
does($alice, untrusted => [ qw(send rewind.carol hi) ], qr/log/, 'a new origin is a barrier');
does($alice, untrusted => ['log'], undef, 'log says why');
does($alice, ok => [ qw(log accept --yes) ], qr/\S/, 'log accept goes on');
does($alice, ok => [ qw(send rewind.carol hi) ], undef, 'and mail does, too');
does($carol, ok => ['read'], undef, 'both ways');
does($alice, untrusted => [ qw(send rewind.bob hi) ], qr/went back/, 'a version that the restore lost is missed');
does($bob, untrusted => ['log'], undef, 'its owner is stopped, too');
does($bob, ok => [ qw(log accept --yes) ], qr/announcing them again/, 'and announces it again by accepting');
does($alice, ok => [ qw(send rewind.bob hi) ], undef, 'then mail goes on');
like($bob->run('read')->{out}, qr/hi/, 'to the key that the backup did not have');

done_testing();
