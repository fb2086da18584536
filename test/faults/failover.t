# The primary dies under load and a standby takes its place: what was acknowledged
# and is missing, with synchronous_commit = remote_apply and with asynchronous
# replication; what becomes of readers and of the key log; what an operator does.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use E2emsg::Test;
use Faults::Load;

# A primary, its standby, and two gateways that go to whichever takes writes;
# the first one signs the key log.
sub set_up
{
	my $primary  = E2emsg::Server->with_extension(durable => 1);
	my $standby  = $primary->standby;
	my $database = join ' ', 'host=' . join(',', map { $_->host } $primary, $standby),
	  'port=5432,5432 dbname=postgres user=e2emsg_gateway target_session_attrs=read-write';
	my $signer = E2emsg::Gateway->new($primary, database => $database);
	my $other  = E2emsg::Gateway->new($primary, database => $database,
		secret_file => $signer->dir . '/secret', log_signer => '');
	ok(wait_until(sub {
		$primary->sql('SELECT state FROM pg_stat_replication') eq 'streaming'
	}, 20), 'the standby streams');
	return ($primary, $standby, $signer, $other);
}

sub start_load
{
	my ($primary, @gateways) = @_;
	my @users = map { $gateways[0]->register("user$_", $_) } 0 .. 3;
	my $load  = Faults::Load->new($primary, users => \@users,
		doors => [ map { $_->port } @gateways ]);
	ok($load->progress(100), 'the writers are at work');
	return ($load, @users);
}

sub fail_over
{
	my ($load, $primary, $standby) = @_;
	$load->watch;
	$primary->sigkill('everything');
	$load->struck;
	$standby->promote;
	$load->moved_to($standby);
	return;
}

# What somebody may do whose server hangs because of a standby.
sub cancel_waits
{
	my ($primary, $load) = @_;
	for (1 .. 10)
	{
		$primary->sql(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity
			WHERE wait_event = 'SyncRep' AND usename = 'e2emsg_gateway'});
		$load->refusals(1);
	}
	return;
}

# Lets all writers and readers end; what is wrong.
sub finish
{
	my ($load) = @_;
	ok($load->progress(100), 'the writers go on');
	is($load->finish, 0, 'writers know the fate of every envelope, readers have read all');
	return $load->check;
}

sub report
{
	my ($name, $load, $seconds) = @_;
	my $figures = $load->figures;
	is($figures->{doubled}, 0, "$name: nothing is there twice");
	note sprintf '%s: %d acknowledged, %d lost; %.2f s from the kill to the first 201, '
	  . '%d outcomes unknown, of which %d were stored', $name, @$figures{qw(acknowledged lost)},
	  $seconds, @$figures{qw(retried repeated)};
	return $figures->{lost};
}

sub said { return "$_[0]{status} " . ($_[0]{json}{code} // '-') }

sub metric
{
	my ($gateway, $name) = @_;
	return $gateway->request('GET', '/metrics', admin => 1)->{content} =~ /^$name (\d+)$/m ? $1 : undef;
}

sub register
{
	my ($gateway, $name, $number) = @_;
	return $gateway->request('POST', '/users',
		body => { username => $name, publicKey => public_jwk($number) });
}

# --- synchronous: remote_apply -------------------------------------------------------------

{
	my ($primary, $standby, $signer, $other) = set_up();
	$primary->sql("ALTER SYSTEM SET $_")
	  for q(synchronous_standby_names = 'standby'), 'synchronous_commit = remote_apply';
	$primary->sql('SELECT pg_reload_conf()');
	ok(wait_until(sub {
		$primary->sql('SELECT sync_state FROM pg_stat_replication') eq 'sync'
	}, 20), 'and is waited for');
	my ($load, @users) = start_load($primary, $signer, $other);

	my $reading = E2emsg::Gateway->new($standby, log_signer => '',
		secret_file => $signer->dir . '/secret');
	is($reading->request('GET', '/messages', as => $users[0])->{status}, 200,
		'a gateway on the standby alone reads');
	is(said($reading->request('POST', '/messages/ack', as => $users[0], body => { through => 1 })),
		'503 database_unavailable', 'and can write nothing yet');

	$standby->sql('SELECT pg_wal_replay_pause()');
	ok(wait_until(sub {
		$standby->sql('SELECT pg_get_wal_replay_pause_state()') eq 'paused'
	}, 10), 'the standby applies nothing any more');
	$load->watch;
	ok($load->refusals(8), 'senders wait');
	is_deeply([ map { $load->watched($_) } 1 .. 8 ], [ (0) x 8 ],
		'and nothing is acknowledged that the standby does not show');
	cancel_waits($primary, $load);
	like($signer->log . $other->log, qr/somebody cancelled the wait for a standby/,
		'commits that wait no longer are told of');
	is_deeply([ map { $load->watched($_) } 1 .. 8 ], [ (0) x 8 ], 'and not acknowledged');

	fail_over($load, $primary, $standby);
	my $seconds = $load->recovered($signer->port, $other->port);
	ok(defined $seconds, 'the gateways find the promoted standby by themselves');
	my @problems = finish($load);
	ok(!@problems, 'every message is there once and in order, for readers, too')
	  or diag join "\n", splice @problems, 0, 20;
	is(report('remote_apply', $load, $seconds), 0, 'nothing is lost');
	is(register($signer, 'later', 9)->{status}, 201, 'the signer goes on');
	is(metric($signer, 'e2emsg_key_log_refused'), 0, 'and has nothing to refuse');
	$_->stop for $reading, $signer, $other, $standby;
}

# --- asynchronous --------------------------------------------------------------------------

{
	my ($primary, $standby, $signer, $other) = set_up();
	my ($load) = start_load($primary, $signer, $other);
	fail_over($load, $primary, $standby);
	my $seconds = $load->recovered($signer->port, $other->port);
	ok(defined $seconds, 'asynchronous: the gateways find the promoted standby');
	finish($load);
	report('asynchronous', $load, $seconds);
	$_->stop for $signer, $other, $standby;
}

# --- asynchronous, with a link that has stalled ---------------------------------------------

my ($primary, $standby, $signer, $other) = set_up();
my ($load, @users) = start_load($primary, $signer, $other);
my ($alice, $bob) = map { $signer->register($_->[0], $_->[1]) } [ 'alice', 10 ], [ 'bob', 11 ];

sub envelope
{
	my ($number) = @_;
	return {
		receiverId => $bob->{id},
		ciphertext => 'c2VhbGVk',
		iv         => sprintf('0099%012d', $number),
		authTag    => 'AAAAAAAAAAAAAAAAAAAAAA',
		keyVersion => 1
	};
}

# From alice to bob, through the gateway that does not sign.
sub send_number
{
	return $other->request('POST', '/messages', as => $alice, body => envelope($_[0]));
}

sub seqs_of_bob
{
	return join ' ', map { $_->{seq} }
	  @{ $other->request('GET', "/messages$_[0]", as => $bob)->{json}{messages} };
}

sub acknowledge
{
	return $other->request('POST', '/messages/ack', as => $bob, body => { through => $_[0] });
}

# An operator who wants to look first lets nobody write there.
$standby->sql("ALTER SYSTEM SET default_transaction_read_only = on");
$standby->sql('SELECT pg_reload_conf()');
is(send_number($_)->{status}, 201, "message $_") for 1 .. 3;
is(acknowledge(2)->{status}, 200, 'the second is acknowledged');
ok(wait_until(sub {
	$standby->sql("SELECT last_seq, acked_seq FROM e2emsg.mailboxes WHERE id = '$bob->{id}'") eq '3|2'
}, 20), 'so far the standby knows everything');

kill 'STOP', $primary->sql('SELECT pid FROM pg_stat_replication');
my %lost_id = map { $_ => send_number($_)->{json}{messageId} } 4, 5;
is(seqs_of_bob('?after=3'), '4 5', 'two messages that the standby never gets, read');
is(acknowledge(5)->{status}, 200, 'and acknowledged');
my $carol = register($signer, 'carol', 12);
is($carol->{status}, 201, 'somebody registers, and that is signed');
my $signed = metric($signer, 'e2emsg_key_log_signed_size');
ok($load->progress(50), 'others go on, too');

fail_over($load, $primary, $standby);
ok(wait_until(sub { said(send_number(6)) eq '503 database_unavailable' }, 10),
	'the gateways wait for the operator');

# In SQL, as the operator's session: without skipping, numbers come again, and a
# reader who has passed them misses mail.
sub as_operator { return $standby->sql("SET default_transaction_read_only = off; $_[0]") }
sub numbers_after
{
	return as_operator("SELECT string_agg(seq::text, ' ') FROM e2emsg.inbox('$bob->{id}', $_[0])");
}
as_operator(<<"SQL");
SELECT e2emsg.send_message('$alice->{id}', '$bob->{id}', '\\xff',
	decode('0099000000000007', 'base64'), decode(repeat('0', 32), 'hex'), 1)
SQL
is(numbers_after(5), '', 'a message to the mailbox is not seen by a reader who has seen five');
is(numbers_after(0), '3 4', 'but by one who asks for all; what was acknowledged comes again');
is($standby->refused("SET default_transaction_read_only = off; SELECT e2emsg.acknowledge('$bob->{id}', 5)"),
	'ME024', 'and five is not there to acknowledge');
is(as_operator('SELECT e2emsg.skip_numbers(10000)'), 6, 'so the operator skips numbers, in all mailboxes');
$standby->sql('ALTER SYSTEM RESET default_transaction_read_only');
$standby->sql('SELECT pg_reload_conf()');
my $seconds = $load->recovered($signer->port, $other->port);
ok(defined $seconds, 'then they go there');
finish($load);
cmp_ok(report('asynchronous, stalled', $load, $seconds), '>', 0, 'what the link still held is lost');
for my $user (@users)
{
	my %seen = map { $_ => 1 } $load->seen_by($user);
	my @here = split /\n/, $standby->sql(
		"SELECT encode(iv, 'base64') FROM e2emsg.messages WHERE mailbox_id = '$user->{id}'");
	is(scalar(grep { !$seen{$_} } @here), 0, "$user->{username} has seen all that is here");
}

my $again = send_number(4);
is("$again->{status} $again->{json}{messageId}", "201 $lost_id{4}", 'a lost one that is sent again is new');
is(seqs_of_bob('?after=5'), '10005 10006 10007', 'and everybody sees what is here, after the gap');
is(acknowledge(10007)->{status}, 200, 'and can acknowledge it');

is($other->request('GET', '/messages', as => $carol->{json})->{status}, 200, 'a token outlives its account');

# --- the key log after that ------------------------------------------------------------------

ok(wait_until(sub { metric($signer, 'e2emsg_key_log_refused') == 1 }, 10), 'the signer refuses');
like($signer->log, qr/THE KEY LOG IS NOT SIGNED: the key log went back: $signed entries were signed/, 'and says why');
my $checkpoint = $other->request('GET', '/key-log/checkpoint')->{content};
my $name = 'a';
ok(wait_until(sub {
	is(register($other, 'late.' . $name, 13)->{status}, 202, 'a registration waits');
	$name++;
	$standby->sql('SELECT size FROM e2emsg.key_log_head') > $signed + 1;
}, 60), 'the log grows past what was signed');
ok(wait_until(sub { $signer->log =~ /the key log is another one: its first $signed entries/ }, 20),
	'the signer sees that it is another one');
is(metric($signer, 'e2emsg_key_log_refused'), 1, 'and signs no fork');
is($other->request('GET', '/key-log/checkpoint')->{content}, $checkpoint, 'nothing new is published');
is(said($other->request('GET', '/users/late.a/public-key', as => $alice)), '503 not_logged', 'new keys do not count');
is($other->request('GET', '/users/bob/public-key', as => $alice)->{status}, 200, 'those that were replicated do');

$_->stop for $signer, $other;
my $origin = run_command([ E2emsg::Gateway::binary(), '--new-log-origin', $signer->flags ], user => 1);
is($origin->{status}, 0, 'the operator begins a new origin') or diag $origin->{err};
$signer->start;
is(register($signer, 'carol', 14)->{status}, 201, 'the log goes on; a name that was lost is free');
is($signer->request('GET', '/users/late.a/public-key', as => $alice)->{status}, 200, 'what waited counts');
is(scalar @{ $signer->request('GET', '/key-log')->{json}{successions} }, 1, 'the old key vouches for the new one');
is($signer->stop, 0, 'the gateway ends well');
unlike($_->log, qr/Sanitizer|runtime error/, 'no sanitizer spoke') for $signer, $other;
done_testing();
