# A base backup, archived WAL and a restore to a moment before a mistake, with the
# commands of docs/operations.md; then what the gateway and real clients make of a
# server that went back in time.
use strict;
use warnings;
use E2emsg::Doc;
use E2emsg::Test;

my $doc     = 'docs/operations.md';
my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);
my $dir     = scratch_dir();
chmod 0777, $dir;

# What a client says, with its exit code.
sub does
{
	my ($who, $code, $arguments, $pattern, $name) = @_;
	my $result = $who->run(@$arguments);
	ok($result->{status} eq $code && "$result->{out}$result->{err}" =~ $pattern, $name)
	  or diag "exit $result->{status}\n$result->{out}$result->{err}";
	return $result->{out};
}

# A block, in the shell of the server's user.
sub as_postgres
{
	my ($block, $name) = @_;
	my $result = $server->shell($block);
	is($result->{status}, 0, $name) or diag $result->{err};
	return;
}

sub numbers
{
	return $server->sql(q{SELECT string_agg(seq::text, ',' ORDER BY seq) FROM e2emsg.messages
		WHERE mailbox_id = e2emsg.find_user('bob')});
}

my ($alice, $bob) = map { E2emsg::Client->new($gateway, $_) } qw(alice bob);
my $number = 0;

sub send_next
{
	my ($code, $pattern) = @_;
	return does($alice, $code // 0, [ 'send', 'bob', 'text ' . ++$number ], $pattern // qr/^/, "text $number is sent");
}

send_next() for 1 .. 3;
does($bob, 0, ['read'], qr/text 1.*text 2.*text 3/s, 'bob reads three');

# --- the backup ---------------------------------------------------------------------------

my ($archive, $base) = split /^pg_ctlcluster 15 main restart\n/m, doc_block($doc, '### Base backup', 'sh');
as_postgres(doc_with($archive, '/srv/backup' => $dir), 'WAL is archived');
$server->stop('fast');
$server->start;
as_postgres(doc_with($base, '/srv/backup' => $dir), 'a base backup');

send_next() for 4 .. 5;
$server->sql(doc_block($doc, 'name the moment', 'sql'));
my $before = numbers();
is($before, '1,2,3,4,5', 'five messages at the moment that has a name');

# --- what comes after it ------------------------------------------------------------------------

send_next();
does($bob, 0, ['read'], qr/text 4.*text 5.*text 6/s, 'bob reads on, past that moment');
my $carol = E2emsg::Client->new($gateway, 'carol');
does($alice, 0, [ 'send', 'carol', 'hello' ], qr/^/, 'somebody new is there, and alice has seen it');
is($server->sql('WITH gone AS (DELETE FROM e2emsg.messages RETURNING 1) SELECT count(*) FROM gone'), 7, 'a mistake');
is($gateway->stop, 0, 'the gateway is stopped');

# --- back ----------------------------------------------------------------------------------------

my ($stop, $restore, $start) = doc_block($doc, 'Back to it', 'sh') =~ /\A(pg_ctlcluster 15 main stop\n)(.*)(pg_ctlcluster 15 main start\n)\z/s;
ok($start, 'the steps of the restore');
my $main = $server->data_dir;
$server->stop('fast');
as_postgres(doc_with($restore, '/var/lib/postgresql/15/main' => $main, '/srv/backup' => $dir), 'the base backup takes the place of the data');
$server->start;
ok(wait_until(sub { $server->sql('SELECT pg_is_in_recovery()') eq 'f' }, 60), 'the server is back at that moment');
is(numbers(), $before, 'with every message up to it, without a gap');
is($server->sql(q{SELECT last_seq, acked_seq FROM e2emsg.mailboxes WHERE id = e2emsg.find_user('bob')}), '5|3', 'as they were');
is($server->sql(q{SELECT count(*) FROM e2emsg.users WHERE username = 'carol'}), 0, 'and nobody who came later');

# --- a gateway that starts all the same ------------------------------------------------------------

$gateway->start;
ok(wait_until(sub { $gateway->log =~ /THE KEY LOG IS NOT SIGNED: the key log went back/ }, 20), 'the signer refuses a fork');
like($gateway->request('GET', '/metrics', admin => 1)->{content}, qr/^e2emsg_key_log_refused 1$/m, 'in the metrics, too');
my $reply = $gateway->request('POST', '/users', body => { username => 'dave', publicKey => public_jwk(3) });
is($reply->{status}, 202, 'a new key is stored and does not count');
is($gateway->stop, 0, 'stopped again');

# --- the two steps ------------------------------------------------------------------------------------

my $steps = doc_block($doc, '### After going back in time', 'sh');
my ($skip)   = $steps =~ /psql -d shop -c '(.*?)'$/m;
my ($origin) = $steps =~ /-- e2emsg-gateway --config=\S+ (--\S+)$/m;
cmp_ok($server->sql($skip), '>=', 3, 'numbers go on later');
my $result = run_command([ E2emsg::Gateway::binary(), $origin, $gateway->flags ], user => 1);
is($result->{status}, 0, 'a new origin') or diag $result->{err};
$gateway->start;
is($gateway->request('POST', '/users', body => { username => 'erin', publicKey => public_jwk(4) })->{status}, 201,
	'the log is signed again');

# --- the clients ------------------------------------------------------------------------------------------

my $barrier = qr/the operator started a new key log, .* and says so by the key of/;
does($alice, 5, [ 'send', 'bob', 'not now' ], $barrier, 'alice, who saw the newer log, stops');
does($bob, 5, ['login'], $barrier, 'so does bob');
does($_, 0, [qw(log accept --yes)], qr/^/, $_->name . ' looks, and accepts') for $alice, $bob;
send_next();
does($bob, 6, ['read'], qr/text 7.*mail 7 to 1000005 is missing.*mail 1000006 is an envelope that came before/s,
	'bob gets the next message, past what he had seen, and what came before is recognized');
my $all = $bob->run('read', '--all')->{out};
is(scalar(() = $all =~ /\btext $_\b/g), 1, "text $_ once") for 1 .. 7;
send_next();
does($bob, 0, ['read'], qr/text 8/, 'and life goes on');
is($gateway->stop, 0, 'a clean end');

done_testing();
