package E2emsg::Gateway;

# A gateway on free ports of 127.0.0.1.
#
#   my $gateway = E2emsg::Gateway->new($server, %settings);
#   $gateway->request($method, $path, body => $data, token => $token,
#       headers => {...}, raw => $bytes, as => $user)
#       -> { status, headers, content, json }
#   $gateway->register($name, $number)  -> the reply's JSON, and jwk
#   $gateway->connect, ->read_reply($socket)
#   $gateway->raw($bytes, $seconds)     -> what the socket gave until it closed
#   $gateway->stop                      -> exit status
#   $gateway->start, and $gateway->find in a child of the test: again
#
# E2EMSG_GATEWAY names the binary.

use strict;
use warnings;
use IO::Select;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time);
use E2emsg::Http;
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

# Each process has connections of its own.
sub _http
{
	my ($self, $port) = @_;
	return $self->{connections}{$$}{$port} //= E2emsg::Http->new($port);
}

# options: those of E2emsg::Http; admin => 1 asks the other port
sub request
{
	my ($self, $method, $path, %options) = @_;
	my $port  = $options{admin} ? $self->{admin_port} : $self->{port};
	my $reply = $self->_http($port)->request($method, $path, %options);
	if (!$reply->{status} && waitpid($self->{pid}, WNOHANG) == $self->{pid})
	{
		delete $self->{pid};
		die "the gateway died (status $?) of $method $path:\n", substr($self->log, -2000), "\n";
	}
	return $reply;
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

# A new connection.
sub connect
{
	my ($self, $port) = @_;
	return $self->_http($port // $self->{port})->connect;
}

sub read_reply
{
	my ($self, $socket) = @_;
	return $self->_http($self->{port})->read_reply($socket);
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
