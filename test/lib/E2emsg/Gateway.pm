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
#
# E2EMSG_GATEWAY names the binary.

use strict;
use warnings;
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);
use E2emsg::Test ();

sub new
{
	my ($class, $server, %settings) = @_;
	my $self = bless {
		dir   => E2emsg::Test::scratch_dir(),
		owner => $$,
	}, $class;
	chmod 0777, $self->{dir};
	$self->{settings} = {
		database    => $server->conninfo,
		port        => 0,
		admin_port  => 0,
		port_file   => "$self->{dir}/ports",
		secret_file => "$self->{dir}/secret",
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
	my ($port, $admin_port) =
	  -s $ports ? E2emsg::Test::slurp($ports) =~ /^(\d+)\s+(\d+)/ : ();
	die "the gateway did not start:\n" . $self->log . "\n" if !$port;
	@$self{qw(port admin_port)} = ($port, $admin_port);
	$self->{http} = HTTP::Tiny->new(timeout => 30, verify_SSL => 0);
	return;
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
	my $base = $options{admin} ? "http://127.0.0.1:$self->{admin_port}" : $self->url;
	my $reply = $self->{http}->request($method, "$base$path",
		{ headers => \%headers, defined $content ? (content => $content) : () });
	return {
		status  => $reply->{status},
		headers => $reply->{headers},
		content => $reply->{content},
		json    => E2emsg::Test::decode($reply->{content}),
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
	my ($self) = @_;
	return IO::Socket::INET->new(
		PeerAddr => '127.0.0.1',
		PeerPort => $self->{port},
		Timeout  => 5
	) // die "connect: $@\n";
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
	my $socket = $self->connect;
	local $SIG{PIPE} = 'IGNORE';
	syswrite $socket, $bytes;
	return $self->drain($socket, $seconds);
}

sub stop
{
	my ($self, $signal) = @_;
	return if !$self->{pid};
	return E2emsg::Test::stop_command(delete $self->{pid}, $signal, 30);
}

sub DESTROY
{
	my ($self) = @_;
	return if $$ != $self->{owner};
	local ($?, $@, $!);
	$self->stop;
	return;
}

1;
