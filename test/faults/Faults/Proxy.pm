package Faults::Proxy;

# A TCP proxy on 127.0.0.1 that can swallow answers.
#
#   my $proxy = Faults::Proxy->new($target, $answer);
#       target: a sub that gives a socket to the other side, or undef
#       answer: what bytes an answer that can be swallowed has in it
#   $proxy->port
#   $proxy->swallow($count)  the next answers get lost, and their connections
#       are cut; returns when so many were, false after 20 seconds
#
# It is a process that ends with the one that made it.

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use E2emsg::Test ();

sub new
{
	my ($class, $target, $answer) = @_;
	my $listener = IO::Socket::INET->new(
		LocalAddr => '127.0.0.1',
		Listen    => 64,
		ReuseAddr => 1
	) or die "proxy: $@\n";
	socketpair my $ours, my $its, AF_UNIX, SOCK_STREAM, 0 or die "proxy: $!\n";
	my $pid = fork() // die "fork: $!\n";
	if ($pid == 0)
	{
		close $ours;
		_serve({ target => $target, answer => $answer, listener => $listener,
			control => $its, peers => {}, answers => {}, to_swallow => 0 });
		POSIX::_exit(0);
	}
	my $self = bless { pid => $pid, port => $listener->sockport, control => $ours }, $class;
	E2emsg::Test::keep_track_of($self);
	return $self;
}

sub port { return $_[0]{port} }

sub swallow
{
	my ($self, $count) = @_;
	syswrite $self->{control}, "$count\n";
	return E2emsg::Test::wait_until {
		$count -= sysread $self->{control}, my $done, $count
		  if $count && IO::Select->new($self->{control})->can_read(0);
		!$count;
	} 20;
}

sub stop
{
	my ($self) = @_;
	my $pid = delete $self->{pid} or return;
	return E2emsg::Test::stop_command($pid, 'KILL');
}

# --- in the process of its own ---------------------------------------------------

# Each socket has a peer, whom its bytes go to.
sub _serve
{
	my ($self) = @_;
	$SIG{PIPE} = 'IGNORE';
	my $select = $self->{select} = IO::Select->new($self->{listener}, $self->{control});
	while (getppid() != 1)
	{
		for my $socket ($select->can_read(1))
		{
			next if !defined fileno $socket;    # cut meanwhile
			if    ($socket == $self->{listener}) { _accept($self) }
			elsif ($socket == $self->{control})  { _obey($self) or return }
			else                                 { _forward($self, $socket) }
		}
	}
	return;
}

sub _accept
{
	my ($self) = @_;
	my $near = $self->{listener}->accept or return;
	my $far  = $self->{target}->()       or return close $near;
	$self->{peers}{$near}  = $far;
	$self->{peers}{$far}   = $near;
	$self->{is_far}{$far}  = 1;
	$self->{select}->add($near, $far);
	return;
}

sub _obey
{
	my ($self) = @_;
	sysread $self->{control}, my $count, 16 or return 0;
	$self->{to_swallow} = int $count;
	return 1;
}

sub _forward
{
	my ($self, $from) = @_;
	my $to = $self->{peers}{$from};
	if (!sysread $from, my $bytes, 65536)
	{
		_cut($self, $from, $to);
	}
	elsif ($self->{to_swallow} && $self->{is_far}{$from} && $bytes =~ $self->{answer})
	{
		$self->{to_swallow}--;
		_cut($self, $from, $to);
		syswrite $self->{control}, '.';
	}
	else
	{
		my $done = 0;
		while ($done < length $bytes)
		{
			$done += syswrite($to, $bytes, length($bytes) - $done, $done)
			  // return _cut($self, $from, $to);
		}
	}
	return;
}

sub _cut
{
	my ($self, @pair) = @_;
	delete $self->{$_}{$pair[0]}, delete $self->{$_}{$pair[1]} for qw(peers is_far);
	$self->{select}->remove(@pair);
	close $_ for @pair;
	return;
}

1;
