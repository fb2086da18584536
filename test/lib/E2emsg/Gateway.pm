package E2emsg::Gateway;

# A gateway on free ports of 127.0.0.1.
#
#   my $gateway = E2emsg::Gateway->new($server, %settings);
#   $gateway->request($method, $path, body => $data, token => $token,
#       headers => {...}, raw => $bytes, as => $user)
#       -> { status, headers, content, json }
#   $gateway->register($name, $number)  -> the reply's JSON, and jwk
#   $gateway->raw($bytes, $seconds)     -> what the socket gave until it closed
#   $gateway->stop                      -> exit status
#   $gateway->start, and $gateway->find in a child of the test: again
#
# E2EMSG_GATEWAY names the binary.

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time);
use E2emsg::Test ();

sub new
{
	my ($class, $server, %settings) = @_;
	my $self = bless { dir => E2emsg::Test::scratch_dir() }, $class;
	E2emsg::Test::keep_track_of($self);
	chmod 0777, $self->{dir};
	$self->{settings} = {
		database    => $server->conninfo,
		port        => 0,
		admin_port  => 0,
		port_file   => "$self->{dir}/ports",
		secret_file => "$self->{dir}/secret",
		log_signer  => "$self->{dir}/log-key",
		limit_loopback => 'off',
		%settings,
	};
	$self->start;
	return $self;
}

sub binary
{
	return $ENV{E2EMSG_GATEWAY}
	  // E2emsg::Test::top_dir() . '/gateway/e2emsg-gateway';
}

sub flags
{
	my ($self, %more) = @_;
	my %settings = (%{ $self->{settings} }, %more);
	return map { "--$_=$settings{$_}" } sort keys %settings;
}

sub start
{
	my ($self) = @_;
	my $ports = $self->{settings}{port_file};
	unlink $ports;
	$self->{pid} = E2emsg::Test::start_command([ binary(), $self->flags ],
		user => 1, log => $self->log_file);
	E2emsg::Test::wait_until(sub { -s $ports || !kill(0, $self->{pid}) }, 20);
	$self->find or die "the gateway did not start:\n" . $self->log . "\n";
	return;
}

# Reads its ports, also in a child of the test after the parent started it
# again; false when there are none.
sub find
{
	my ($self) = @_;
	my $ports = eval { E2emsg::Test::slurp($self->{settings}{port_file}) } // '';
	my ($port, $admin_port) = $ports =~ /^(\d+)\s+(\d+)\s/ or return 0;
	@$self{qw(port admin_port)} = ($port, $admin_port);
	delete $self->{connections};
	return 1;
}

sub log_file   { return "$_[0]->{dir}/log" }
sub log        { return E2emsg::Test::slurp($_[0]->log_file) }
sub dir        { return $_[0]->{dir} }
sub port       { return $_[0]->{port} }
sub admin_port { return $_[0]->{admin_port} }
sub pid        { return $_[0]->{pid} }
sub url        { return "http://127.0.0.1:$_[0]->{port}" }

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
	my $port = $options{admin} ? $self->{admin_port} : $self->{port};
	my $request = join "\r\n", "$method $path HTTP/1.1", "Host: 127.0.0.1:$port",
	  (map { "$_: $headers{$_}" } sort keys %headers),
	  defined $content ? 'Content-Length: ' . length $content : (), '', $content // '';
	return $self->_exchange($port, $request, "$method $path");
}

# Writes the request at once, on a connection that is kept when it can be; an
# idle one may have been closed meanwhile, then on a new one.
sub _exchange
{
	my ($self, $port, $request, $name) = @_;
	local $SIG{PIPE} = 'IGNORE';
	for my $kept (delete $self->{connections}{$$}{$port}, undef)
	{
		my $socket = $kept // $self->connect($port) // last;
		syswrite $socket, $request;
		my $reply = $self->_read_reply($socket);
		next if !$reply && $kept;
		last if !$reply;
		$self->{connections}{$$}{$port} = $socket
		  if lc($reply->{headers}{connection} // '') ne 'close';
		return $reply;
	}
	if (waitpid($self->{pid}, WNOHANG) == $self->{pid})
	{
		delete $self->{pid};
		die "the gateway died (status $?) of $name:\n", substr($self->log, -2000), "\n";
	}
	return { status => 0, headers => {}, content => 'no answer', json => undef };
}

# One reply, or undef when the other side closed or 30 seconds went by.
sub _read_reply
{
	my ($self, $socket) = @_;
	my $select = IO::Select->new($socket);
	my ($head, $body) = ('');
	my $more = sub {
		return $select->can_read(30) && sysread $socket, $_[0], 65536, length $_[0];
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

# As the tutorial's client registers: a username and a JWK, nothing else.
sub register
{
	my ($self, $name, $number) = @_;
	my $jwk   = E2emsg::Test::public_jwk($number);
	my $reply = $self->request('POST', '/users',
		body => { username => $name, publicKey => $jwk });
	die "register $name: $reply->{status} $reply->{content}\n"
	  if $reply->{status} != 201;
	return { %{ $reply->{json} }, jwk => $jwk };
}

sub connect
{
	my ($self, $port) = @_;
	return IO::Socket::INET->new(
		PeerAddr => '127.0.0.1',
		PeerPort => $port // $self->{port},
		Timeout  => 5
	);
}

# Reads until the other side closes or the time is over; says which.
sub drain
{
	my ($self, $socket, $seconds) = @_;
	my ($answer, $end) = ('', time + $seconds);
	my $select = IO::Select->new($socket);
	while ((my $left = $end - time) > 0)
	{
		next if !$select->can_read($left);
		my $count = sysread $socket, my $bytes, 65536;
		return ($answer, 'closed') if !$count;
		$answer .= $bytes;
	}
	return ($answer, 'open');
}

sub raw
{
	my ($self, $bytes, $seconds) = @_;
	my $socket = $self->connect or die "connect: $@\n";
	local $SIG{PIPE} = 'IGNORE';
	syswrite $socket, $bytes;
	return $self->drain($socket, $seconds);
}

sub stop
{
	my ($self, $signal) = @_;
	delete $self->{connections};
	return if !$self->{pid};
	return E2emsg::Test::stop_command(delete $self->{pid}, $signal, 30);
}

1;
