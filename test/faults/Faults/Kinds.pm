package Faults::Kinds;

# The kinds of fault, in the order in which they come.
#
#   Faults::Kinds::all -> list of {
#       name    what it is called in the report
#       since   what its recovery time counts from
#       strike  sub ($stage, $load): does it, and calls $load->watch, and
#               ->struck when it works by now; returns the numbers of the
#               gateways whose doors must open again, or what went wrong
#       shows   what the server's log must say afterwards; may be absent
#       tidy    sub: after everything was checked; may be absent
#       unless  sub: why it can't be done here, or ''; may be absent
#   }

use strict;
use warnings;
use Time::HiRes qw(sleep);
use E2emsg::Test ();
use Faults::SmallDisk;

use constant { BOTH => [ 0, 1 ], FROZEN => 3 };

my @kinds = (
	{
		name   => 'gateways killed',
		since  => 'the kill',
		strike => sub {
			my ($stage, $load) = @_;
			$load->watch;
			_kill_gateways($stage) or return 'a gateway was not killed';
			$load->struck;
			$stage->gateway($_)->start for 0, 1;
			return BOTH;
		},
	},
	{
		name   => 'one gateway of two killed',
		since  => 'its start',
		strike => sub {
			my ($stage, $load) = @_;
			$stage->gateway(0)->stop('KILL') eq 'signal 9' or return 'the gateway was not killed';
			$load->progress(50, ($stage->doors)[1]) or return 'the other one took no mail';
			$load->watch;
			$stage->gateway(0)->start;
			return [0];
		},
	},
	{
		name   => 'backend killed',
		since  => 'the kill',
		shows  => qr/was terminated by signal 9/,
		strike => sub {
			my ($stage, $load) = @_;
			my @pids = $stage->sessions or return 'no session stores mail';
			$load->watch;
			kill 'KILL', $pids[0] or return "the session $pids[0] is gone";
			# the server ends the others, too
			E2emsg::Test::wait_until { !kill 0, @pids } 30 or return 'the server goes on';
			$load->struck;
			return BOTH;
		},
	},
	{
		name   => 'postmaster killed',
		since  => 'the kill',
		shows  => qr/automatic recovery in progress/,
		strike => sub {
			my ($stage, $load) = @_;
			$load->watch;
			$stage->server->sigkill;
			$load->struck;
			$stage->server->recover;
			return BOTH;
		},
	},
	{
		name   => 'all processes killed',
		since  => 'the kill',
		shows  => qr/automatic recovery in progress/,
		strike => sub {
			my ($stage, $load) = @_;
			$load->watch;
			$stage->server->sigkill('everything');
			_kill_gateways($stage) or return 'a gateway was not killed';
			$load->struck;
			$stage->server->recover;
			$stage->gateway($_)->start for 0, 1;
			return BOTH;
		},
	},
	{
		name   => 'answers to clients cut off',
		since  => 'the last cut',
		strike => sub {
			my ($stage, $load) = @_;
			return _swallow($load, 10, BOTH, map { $stage->front($_) } 0, 1);
		},
	},
	{
		name   => 'answers of the database cut off',
		since  => 'the last cut',
		strike => sub {
			my ($stage, $load) = @_;
			return _swallow($load, 4, [0], $stage->back);
		},
	},
	{
		name   => 'server stopped and continued',
		since  => 'its going on',
		strike => sub {
			my ($stage, $load) = @_;
			return _freeze($stage, $load, BOTH, $stage->server->processes);
		},
	},
	{
		name   => 'gateway stopped and continued',
		since  => 'its going on',
		strike => sub {
			my ($stage, $load) = @_;
			return _freeze($stage, $load, [0], $stage->gateway(0)->pid);
		},
	},
	{
		name   => 'disk of the WAL full',
		since  => 'room on it',
		shows  => qr/PANIC: .*No space left on device/,
		unless => \&Faults::SmallDisk::why_not,
		strike => \&_fill_wal,
		tidy   => \&_wal_back,
	},
	{
		name   => 'disk of the data full',
		since  => 'room on it',
		shows  => qr/could not extend file .*No space left on device/,
		unless => \&Faults::SmallDisk::why_not,
		strike => \&_fill_data,
		tidy   => \&_data_back,
	},
);

sub all { return @kinds }

sub _kill_gateways
{
	my ($stage) = @_;
	return !grep { $stage->gateway($_)->stop('KILL') ne 'signal 9' } 0, 1;
}

# The commit is there, and nobody hears of it: sent again, each of these
# envelopes must be told to be there already.
sub _swallow
{
	my ($load, $count, $gateways, @proxies) = @_;
	my $before = $load->figures->{repeated};
	$_->swallow($count) or return 'not so many answers came' for @proxies;
	$load->watch;
	my $enough = $before + $count * @proxies;
	E2emsg::Test::wait_until { $load->progress(1); $load->figures->{repeated} >= $enough } 30
	  or return 'what was committed was not said to be a repetition';
	return $gateways;
}

# For longer than a writer waits, so that it tries elsewhere meanwhile.
sub _freeze
{
	my ($stage, $load, $gateways, @pids) = @_;
	$stage->freeze(@pids) or return 'there was nothing to stop';
	sleep FROZEN;
	$load->watch;
	$stage->thaw;
	return $gateways;
}

# --- full disks ----------------------------------------------------------------------

my $disk;

sub _megabytes
{
	my (@files) = @_;
	my $bytes = 0;
	$bytes += -s $_ for @files;
	return 1 + int($bytes / 1048576);
}

# With the server stopped.  $1 is the folder of the WAL, $2 the one on the disk.
sub _move_wal
{
	my ($stage, $script) = @_;
	my $server = $stage->server;
	$server->stop('fast');
	my $result = E2emsg::Test::run_command(
		[ 'sh', '-ec', $script, 'sh', $server->data_dir . '/pg_wal', $disk->dir . '/wal' ]);
	die "moving the WAL: $result->{err}\n" if $result->{status} ne '0';
	return $server->start;
}

sub _fill_wal
{
	my ($stage, $load) = @_;
	my $server = $stage->server;
	$disk = Faults::SmallDisk->new(_megabytes(glob $server->data_dir . '/pg_wal/*') + 48);
	_move_wal($stage, 'cp -a "$1" "$2"; rm -r "$1"; ln -s "$2" "$1"');
	$load->progress(20) or return 'no mail after the move';
	$disk->fill;
	# segments that lie ready are used up faster by this
	for (1 .. 100) { last if $server->try('SELECT pg_switch_wal()')->{status} ne '0' }
	$load->refusals(8) or return 'mail was taken on a full disk';
	$load->watch;
	$disk->make_room;
	# recovery may have needed room, too: then the postmaster gave up
	E2emsg::Test::wait_until {
		my $is_down = !$server->processes;
		$server->recover if $is_down;
		$is_down || $server->try('SELECT 1')->{status} eq '0';
	} 60 or return 'the server does not come back';
	return BOTH;
}

sub _wal_back
{
	my ($stage) = @_;
	_move_wal($stage, 'rm "$1"; cp -a "$2" "$1"');
	return $disk->remove;
}

sub _fill_data
{
	my ($stage, $load) = @_;
	my $size = $stage->server->sql(q{SELECT pg_table_size('e2emsg.messages') / 1048576});
	$disk = Faults::SmallDisk->new($size + 32);
	my $place = $disk->dir . '/data';
	mkdir $place or die "$place: $!\n";
	chown +(getpwnam 'postgres')[ 2, 3 ], $place;
	$stage->server->sql("CREATE TABLESPACE small LOCATION '$place'");
	_move_messages($stage, 'small');
	$load->progress(20) or return 'no mail after the move';
	$disk->fill;
	$load->refusals(8) or return 'mail was taken on a full disk';
	$load->watch;
	$disk->make_room;
	return BOTH;
}

sub _move_messages
{
	my ($stage, $where) = @_;
	return $stage->server->sql("ALTER TABLE e2emsg.messages SET TABLESPACE $where");
}

sub _data_back
{
	my ($stage) = @_;
	_move_messages($stage, 'pg_default');
	$stage->server->sql('DROP TABLESPACE small');
	return $disk->remove;
}

1;
