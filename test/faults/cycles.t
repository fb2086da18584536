# Faults, one after the other, while eight writers send and four readers
# acknowledge: what was acknowledged is there once and in order, and whatever
# had no answer is there once when it was sent again.
#
# CYCLES is how many faults; without it, each kind once.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use E2emsg::Test;
use Faults::Kinds;
use Faults::Load;
use Faults::Report;
use Faults::SmallDisk;
use Faults::Stage;

use constant STEP => 100;    # messages through each door between two faults

Faults::SmallDisk::enter();

my @kinds = grep {
	my $why = $_->{unless} && $_->{unless}->();
	note "not run: $_->{name}: $why" if $why;
	!$why;
} Faults::Kinds::all();
my $cycles = $ENV{CYCLES} || @kinds;

my $stage  = Faults::Stage->new;
my $server = $stage->server;
is($server->sql("SHOW $_", user => 'e2emsg_gateway'), 'on', "$_ is on")
  for qw(fsync full_page_writes synchronous_commit);
my $load   = Faults::Load->new($server, users => [ $stage->users ], doors => [ $stage->doors ]);
my $report = Faults::Report->new;

# Both readers and the database must agree with what writers were told.
sub all_is_there
{
	my ($name) = @_;
	my @problems = $load->check;
	ok(!@problems, "$name: every message is there once and in order")
	  or diag join "\n", splice @problems, 0, 20;
	return;
}

sub strike
{
	my ($kind, $name) = @_;
	my $before   = length slurp($server->log_file);
	my $gateways = $kind->{strike}->($stage, $load);
	return fail("$name: $gateways") if !ref $gateways;
	my $seconds = $load->recovered(map { ($stage->doors)[$_] } @$gateways);
	ok(defined $seconds, "$name: mail is taken again");
	like(substr(slurp($server->log_file), $before), $kind->{shows}, "$name: the server's log shows it")
	  if $kind->{shows};
	$report->add($kind, $seconds) if defined $seconds;
	return;
}

ok($load->progress(STEP), 'the writers are at work');
for my $cycle (1 .. $cycles)
{
	my $kind = $kinds[ ($cycle - 1) % @kinds ];
	my $name = "$cycle, $kind->{name}";
	strike($kind, $name);
	ok($load->progress(STEP), "$name: writers go on");
	all_is_there($name);
	$kind->{tidy}->($stage) if $kind->{tidy};
}

# --- the end ------------------------------------------------------------------------------

is($load->finish, 0, 'writers know the fate of every envelope, readers have read all');
all_is_there('at the end');
my $figures = $load->figures;
is($figures->{last}, $figures->{acknowledged}, 'nothing but what was acknowledged is there');
is($figures->{lost} + $figures->{doubled}, 0, 'nothing is lost or there twice');
is($server->sql(<<'SQL'), 't', 'the mailboxes know their last numbers, each iv is there once');
SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;
SELECT (SELECT bool_and(last_seq = (SELECT count(*) FROM e2emsg.messages WHERE mailbox_id = b.id))
		FROM e2emsg.mailboxes b)
	AND (SELECT count(*) = count(DISTINCT iv) FROM e2emsg.messages)
SQL

my %statuses = %{ $load->statuses };
is_deeply([ grep { !/^(?:0 -|503 (?:database_unavailable|overloaded|mailbox_busy))$/ } sort keys %statuses ],
	[], 'writers were told nothing but "not now"');
note "$_: $statuses{$_}" for sort keys %statuses;

my $amcheck = $server->run([ $server->program('pg_amcheck'),
	qw(--install-missing --heapallindexed --parent-check postgres) ]);
is("$amcheck->{status} $amcheck->{out}$amcheck->{err}", '0 ', 'pg_amcheck finds nothing');
for my $gateway ($stage->gateways)
{
	is($gateway->stop, 0, 'a gateway ends well');
	unlike($gateway->log, qr/Sanitizer|runtime error/, 'no sanitizer spoke');
}
note $_ for $report->lines($figures), '', "$cycles faults in " . (time - $^T) . ' seconds';
done_testing();
