# The primary dies under load and a standby takes its place: what was acknowledged
# and is missing, with asynchronous replication and with synchronous_commit =
# remote_apply; what becomes of readers and of the key log; what an operator does.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use E2emsg::Test;
use Faults::Load;
use Faults::Stage;

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
	return $load;
}

my $number = 0;

sub envelope
{
	my ($receiver) = @_;
	return {
		receiverId => $receiver->{id},
		ciphertext => 'c2VhbGVk',
		iv         => sprintf('0099%012d', ++$number),
		authTag    => 'AAAAAAAAAAAAAAAAAAAAAA',
		keyVersion => 1
	};
}

sub status_and_code { return "$_[0]{status} " . ($_[0]{json}{code} // '-') }
sub metric
{
	my ($gateway, $name) = @_;
	return $gateway->request('GET', '/metrics', admin => 1)->{content} =~ /^$name (\d+)$/m ? $1 : undef;
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
	my $load = start_load($primary, $signer, $other);

	$standby->sql('SELECT pg_wal_replay_pause()');
	ok(wait_until(sub {
		$standby->sql('SELECT pg_get_wal_replay_pause_state()') eq 'paused'
	}, 10), 'the standby applies nothing any more');
	$load->watch;
	ok($load->refusals(8), 'senders wait');
	is(eval { my $sum = 0; $sum += $load->watched($_) for 1 .. 8; $sum }, 0,
		'and nothing is acknowledged that the standby does not show');

	$load->watch;
	$primary->sigkill('everything');
	$standby->promote;
	$load->{server} = $standby;
	my $seconds = $load->recovered($signer->port, $other->port);
	ok(defined $seconds, 'the gateways find the promoted standby by themselves');
	ok($load->progress(100), 'and the writers go on');
	is($load->finish, 0, 'writers know the fate of every envelope, readers have read all');
	my @problems = $load->check;
	ok(!@problems, 'every message is there once and in order, for readers, too')
	  or diag join "\n", splice @problems, 0, 20;
	my $figures = $load->figures;
	is($figures->{lost} + $figures->{doubled}, 0, 'nothing is lost or there twice');
	is($signer->request('POST', '/users',
		body => { username => 'later', publicKey => public_jwk(9) })->{status}, 201, 'the signer goes on');
	is(metric($signer, 'e2emsg_key_log_refused'), 0, 'and has nothing to refuse');
	note sprintf 'remote_apply: %d acknowledged, %d lost; %.2f s from the kill to the first 201, '
	  . '%d outcomes unknown, of which %d were stored', $figures->{acknowledged}, $figures->{lost},
	  $seconds, $figures->{retried}, $figures->{repeated};
	$_->stop for $signer, $other;
	$_->stop for $standby;
}
done_testing();
