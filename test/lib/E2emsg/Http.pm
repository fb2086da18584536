package E2emsg::Http;

# HTTP/1.1 to a port of 127.0.0.1, over a connection that is kept when it can be.
#
#   my $http = E2emsg::Http->new($port, patience => 30, once => 0);
#   $http->request($method, $path, body => $data, token => $token,
#       headers => {...}, raw => $bytes, as => $user)
#       -> { status, headers, content, json }; status 0: no answer came
#       within "patience" seconds
#   $http->connect -> a socket; $http->read_reply($socket)
#
# A kept connection may have been closed meanwhile: then the request is written
# once more, on a new one, unless "once" is set.

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use E2emsg::Test ();

sub new
{
	my ($class, $port, %options) = @_;
	return bless { port => $port, patience => 30, once => 0, %options }, $class;
}

sub connect
{
	my ($self) = @_;
	return IO::Socket::INET->new(
		PeerAddr => '127.0.0.1',
		PeerPort => $self->{port},
		Timeout  => 5
	);
}

sub request
{
	my ($self, $method, $path, %options) = @_;
	my %headers = %{ $options{headers} // {} };
	my $content = $options{raw};
	$content = E2emsg::Test::json($options{body}) if exists $options{body};
	my $token = $options{as} ? $options{as}{token} : $options{token};
	$headers{Authorization} = "Bearer $token" if defined $token;
	if (defined $content)
	{
		$headers{'Content-Type'} //= 'application/json';
	}
	elsif ($method eq 'POST' || $method eq 'PUT')
	{
		$headers{'Content-Length'} = 0;
	}
	return $self->_exchange(join "\r\n", "$method $path HTTP/1.1",
		"Host: 127.0.0.1:$self->{port}", (map { "$_: $headers{$_}" } sort keys %headers),
		defined $content ? 'Content-Length: ' . length $content : (), '', $content // '');
}

# Writes the request at once.
sub _exchange
{
	my ($self, $request) = @_;
	local $SIG{PIPE} = 'IGNORE';
	for my $kept (delete $self->{kept}, undef)
	{
		my $socket = $kept // $self->connect // last;
		syswrite $socket, $request;
		my $reply = $self->read_reply($socket);
		next if !$reply && $kept && !$self->{once};
		last if !$reply;
		$self->{kept} = $socket if lc($reply->{headers}{connection} // '') ne 'close';
		return $reply;
	}
	return { status => 0, headers => {}, content => 'no answer', json => undef };
}

# One reply, or undef when the other side closed or the patience is over.
sub read_reply
{
	my ($self, $socket) = @_;
	my $select = IO::Select->new($socket);
	my ($head, $body) = ('');
	my $more = sub {
		return $select->can_read($self->{patience}) && sysread $socket, $_[0], 65536, length $_[0];
	};
	while ($head !~ /\r\n\r\n/) { $more->($head) or return }
	($head, $body) = split /\r\n\r\n/, $head, 2;
	my ($status) = $head =~ m{^HTTP/1\.1 (\d{3}) } or return;
	my %headers = map { /^([^:]+):\s*(.*?)\s*$/ ? (lc $1 => $2) : () } split /\r\n/, $head;
	my $length = $status == 304 ? 0 : $headers{'content-length'} // 0;
	while (length $body < $length) { $more->($body) or return }
	return {
		status  => $status,
		headers => \%headers,
		content => $body,
		json    => E2emsg::Test::decode($body),
	};
}

1;
