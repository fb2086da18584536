package Faults::Writer;

# Sends envelopes one after the other, each until its fate is known, and
# records what happened, outside of the database, before it goes on.
#
#   Faults::Writer::run({
#       number => 3, sender => $user, receiver => $user,
#       doors => [...],         ports of gateways; the first one is its own
#       record => $path,        lines, see below
#       stopped => sub {...},   true: end with this envelope
#   })  -> true when it knows the fate of every envelope
#
# Lines of the record:
#   = N STATUS ID DOOR BEGAN ENDED TRIES   envelope N was answered 201 or 200
#   ? N STATUS CODE DOOR                   it was not: 503, or 0 for no answer
#
# An envelope's iv tells its writer and number: 4 and 12 digits in base64url.

use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(clock_gettime sleep CLOCK_MONOTONIC);
use E2emsg::Http;

use constant {
	PATIENCE => 2,        # seconds for an answer
	PAUSE    => 0.005,    # between envelopes
	RETRY    => 0.05,
	GIVE_UP  => 90,       # seconds after the end of the test
};

sub now { return clock_gettime(CLOCK_MONOTONIC) }

sub envelope
{
	my ($self, $n) = @_;
	return {
		receiverId => $self->{receiver}{id},
		ciphertext => 'c2VhbGVk',
		iv         => sprintf('%04d%012d', $self->{number}, $n),
		authTag    => 'AAAAAAAAAAAAAAAAAAAAAA',
		keyVersion => 1
	};
}

sub run
{
	my ($self) = @_;
	open $self->{out}, '>', $self->{record} or return 0;
	$self->{connections} =
	  [ map { E2emsg::Http->new($_, patience => PATIENCE, once => 1) } @{ $self->{doors} } ];
	for (my $n = 1; !$self->{stopped}->(); $n++)
	{
		_deliver($self, $n) or return 0;
		sleep PAUSE;
	}
	return 1;
}

# Tries its own door first, then each in turn.
sub _deliver
{
	my ($self, $n) = @_;
	my $doors = $self->{doors};
	my $until;
	for (my $tries = 1;; $tries++)
	{
		my $turn  = ($tries - 1) % @$doors;
		my $began = now();
		my $reply = $self->{connections}[$turn]->request('POST', '/messages',
			as => $self->{sender}, body => envelope($self, $n));
		my $json = $reply->{json} // {};
		return syswrite $self->{out}, sprintf "= %d %d %s %d %.4f %.4f %d\n", $n,
		  $reply->{status}, $json->{messageId} // '-', $doors->[$turn], $began, now(), $tries
		  if $reply->{status} =~ /^20[01]$/;
		syswrite $self->{out}, sprintf "? %d %d %s %d\n", $n, $reply->{status},
		  $json->{code} // '-', $doors->[$turn];
		$until //= $began + GIVE_UP if $self->{stopped}->();
		return 0 if $until && $began > $until;
		sleep RETRY;
	}
}

1;
