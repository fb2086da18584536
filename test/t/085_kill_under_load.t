# SIGKILL while sixteen senders are at work: what got a 200 or a 201 is in its
# mailbox, once.
use strict;
use warnings;
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep);
use E2emsg::Test;

use constant {
	SENDERS => 16,
	STEP    => 300,    # messages that are acknowledged between two faults
};

my $server  = E2emsg::Server->with_extension(durable => 1);
my $gateway = E2emsg::Gateway->new($server);
my @users   = map { $gateway->register("user$_", $_) } 0 .. 3;
my $dir     = scratch_dir();

is($server->sql("SHOW $_", user => 'e2emsg_gateway'), 'on', "$_ is on")
  for qw(fsync synchronous_commit);

# --- senders, each in a process with a file of what happened -----------------

# Repeats an envelope until its fate is known: the message's id, or undef.
sub deliver
{
	my ($log, $sender, $envelope) = @_;
	for (1 .. 200)
	{
		my $reply = $gateway->request('POST', '/messages', as => $sender, body => $envelope);
		return $reply->{json}{messageId} if $reply->{status} =~ /^20[01]$/;
		syswrite $log, "? $reply->{status}\n";
		sleep 0.05;
		$gateway->find;
	}
	return undef;
}

sub send_until_stopped
{
	my ($number) = @_;
	my ($sender, $receiver) = @users[ $number % @users, ($number + 1) % @users ];
	open my $log, '>', "$dir/log$number" or return 0;
	for (my $n = 1; !-e "$dir/stop"; $n++)
	{
		my $id = deliver($log, $sender, {
			receiverId => $receiver->{id},
			ciphertext => 'c2VhbGVk',
			iv         => sprintf('%04d%012d', $number, $n),
			authTag    => 'AAAAAAAAAAAAAAAAAAAAAA',
			keyVersion => 1
		}) // return 0;
		syswrite $log, "= $receiver->{id} $id\n";
	}
	return 1;
}

my @children;
for my $number (1 .. SENDERS)
{
	my $pid = fork() // die "fork: $!\n";
	POSIX::_exit(send_until_stopped($number) ? 0 : 1) if $pid == 0;
	push @children, $pid;
}
END { kill 'KILL', @children }    # those that are left when the test dies

sub logged
{
	my ($mark) = @_;
	return map { /^\Q$mark\E (.*)/ } map { split /\n/, slurp($_) } glob "$dir/log*";
}

sub wait_for_messages
{
	my $enough = STEP + logged('=');
	return wait_until { logged('=') >= $enough } 20;
}

# --- faults, with the load on ------------------------------------------------

sub kill_gateway { return is($gateway->stop('KILL'), 'signal 9', 'the gateway was killed') }

my @faults = (
	[ 'of the postmaster', sub { $server->sigkill; $server->recover } ],
	[ 'of the gateway', sub { kill_gateway; $gateway->start } ],
	[
		'of every process of the server, then of the gateway',
		sub { $server->sigkill('everything'); kill_gateway; $server->recover; $gateway->start }
	],
);

ok(wait_for_messages(), 'the senders are at work');
for my $fault (@faults)
{
	my ($name, $strike) = @$fault;
	$strike->();
	ok(wait_for_messages(), "they go on after a SIGKILL $name");
}
open my $stop, '>', "$dir/stop" or die "stop: $!\n";

my $failed = 0;
wait_until {
	@children = grep {
		my $ended = waitpid($_, WNOHANG) == $_;
		$failed++ if $ended && $?;
		!$ended;
	} @children;
	!@children;
} 20;
is(@children + $failed, 0, 'every sender learned the fate of every envelope');

# --- what is there -------------------------------------------------------------

my @statuses = logged('?');
is_deeply([ grep { !/^(?:0|503)$/ } @statuses ], [], 'others were told 503 or nothing');
is(scalar(() = slurp($server->log_file) =~ /automatic recovery in progress/g), 2,
	'the server recovered twice');

# All messages of a mailbox, as its owner gets them.
sub read_mailbox
{
	my ($owner) = @_;
	my @messages;
	while (1)
	{
		my $after = @messages ? $messages[-1]{seq} : 0;
		my $page  = $gateway->request('GET', "/messages?after=$after&limit=200", as => $owner)
		  ->{json}{messages};
		return @messages if !@$page;
		push @messages, @$page;
	}
}

my %acknowledged;
push @{ $acknowledged{ $_->[0] } }, $_->[1] for map { [split] } logged('=');
for my $user (@users)
{
	my @messages = read_mailbox($user);
	my %times;
	$times{ $_->{messageId} }++ for @messages;
	my @expected = @{ $acknowledged{ $user->{id} } };
	is_deeply([ map { $_->{seq} } @messages ], [ 1 .. @messages ], "$user->{username}: no gap");
	is(scalar(grep { ($times{$_} // 0) != 1 } @expected), 0,
		"$user->{username}: each of " . @expected . ' acknowledged messages is there once');
	is(scalar @messages, scalar @expected, "$user->{username}: and nothing else");
}
is($server->sql(<<'SQL'), 't', 'the mailboxes know their last numbers, each iv is there once');
SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;
SELECT (SELECT bool_and(last_seq = (SELECT count(*) FROM e2emsg.messages WHERE mailbox_id = b.id))
		FROM e2emsg.mailboxes b)
	AND (SELECT count(*) = count(DISTINCT iv) FROM e2emsg.messages)
SQL

note scalar(logged('=')), ' messages, ', scalar @statuses, ' answers that were none';
is($gateway->stop, 0, 'the gateway ends well');
unlike($gateway->log, qr/Sanitizer|runtime error/, 'no sanitizer spoke');
done_testing();
