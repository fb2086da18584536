package E2emsg::Stream;

# A reader of GET /messages/stream.
#
#   my $stream = E2emsg::Stream->new($gateway, as => $user, path => ..., headers => {...})
#   $stream->status, $stream->headers->{name}, $stream->problem (decoded JSON)
#   $stream->next($seconds)     -> { id, event, data } or undef; comments are counted
#   $stream->take($n, $seconds) -> so many of them, or fewer
#   $stream->ended($seconds)    -> did the gateway close it?
#   $stream->half_close, $stream->close

use strict;
use warnings;
use IO::Select;
use Time::HiRes qw(time);
use E2emsg::Test ();

sub new
{
	my ($class, $gateway, %options) = @_;
	my $self = bless { bytes => '', comments => 0 }, $class;
	my %headers = %{ $options{headers} // {} };
	my $token = $options{as} ? $options{as}{token} : $options{token};
	$headers{Authorization} = "Bearer $token" if defined $token;
	$self->{socket} = $gateway->connect or die "connect: $@\n";
	local $SIG{PIPE} = 'IGNORE';
	syswrite $self->{socket}, join "\r\n",
	  'GET ' . ($options{path} // '/messages/stream') . ' HTTP/1.1',
	  'Host: 127.0.0.1', (map { "$_: $headers{$_}" } sort keys %headers), '', '';
	$self->_read_head;
	return $self;
}

# Waits for more; false at the end and after the time.
sub _more
{
	my ($self, $seconds) = @_;
	return 0 if !IO::Select->new($self->{socket})->can_read($seconds);
	return sysread $self->{socket}, $self->{bytes}, 65536, length $self->{bytes};
}

sub _read_head
{
	my ($self) = @_;
	while ($self->{bytes} !~ /\r\n\r\n/) { $self->_more(30) or return }
	(my $head, $self->{bytes}) = split /\r\n\r\n/, $self->{bytes}, 2;
	($self->{status}) = $head =~ m{^HTTP/1\.1 (\d{3}) };
	$self->{headers} =
	  { map { /^([^:]+):\s*(.*?)\s*$/ ? (lc $1 => $2) : () } split /\r\n/, $head };
	return;
}

sub status   { return $_[0]{status} // 0 }
sub headers  { return $_[0]{headers} // {} }
sub comments { return $_[0]{comments} }

# The body of a refusal.
sub problem
{
	my ($self) = @_;
	my $length = $self->headers->{'content-length'} // 0;
	while (length $self->{bytes} < $length) { $self->_more(30) or last }
	return E2emsg::Test::decode(substr $self->{bytes}, 0, $length);
}

# The lines of one event, or undef.
sub _block
{
	my ($self, $end) = @_;
	while ($self->{bytes} !~ /\n\n/)
	{
		my $left = $end - time;
		return if $left <= 0 || !$self->_more($left);
	}
	(my $block, $self->{bytes}) = split /\n\n/, $self->{bytes}, 2;
	return $block;
}

sub next
{
	my ($self, $seconds) = @_;
	my $end = time + ($seconds // 10);
	while (defined(my $block = $self->_block($end)))
	{
		my %event;
		for my $line (split /\n/, $block)
		{
			$self->{comments}++ if $line =~ /^:/;
			$self->{retry} = $1 if $line =~ /^retry: (\d+)$/;
			$event{$1} = $2 if $line =~ /^(id|event|data): (.*)$/;
		}
		next if !defined $event{data};
		$event{data} = E2emsg::Test::decode($event{data});
		return \%event;
	}
	return;
}

sub take
{
	my ($self, $count, $seconds) = @_;
	my $end = time + ($seconds // 10);
	my @events;
	while (@events < $count && defined(my $event = $self->next($end - time)))
	{
		push @events, $event;
	}
	return @events;
}

sub retry { return $_[0]{retry} }

sub ended
{
	my ($self, $seconds) = @_;
	my $end = time + $seconds;
	while ((my $left = $end - time) > 0)
	{
		next if !IO::Select->new($self->{socket})->can_read($left);
		return 1 if !sysread $self->{socket}, $self->{bytes}, 65536, length $self->{bytes};
	}
	return 0;
}

sub half_close { return shutdown $_[0]{socket}, 1 }
sub socket     { return $_[0]{socket} }
sub close      { return close delete $_[0]{socket} }

1;
