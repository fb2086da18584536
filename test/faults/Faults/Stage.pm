package Faults::Stage;

# Two gateways on one database, with proxies where connections get cut:
#
#   writers, readers -> front proxy 0 -> gateway 0 -> back proxy -> PostgreSQL
#                    -> front proxy 1 -> gateway 1 ---------------> PostgreSQL
#
#   my $stage = Faults::Stage->new;
#   $stage->server, ->gateway($i), ->front($i), ->back, ->users
#   $stage->doors      ports of the front proxies; they stay the same
#   $stage->freeze(@pids), ->thaw
#   $stage->sessions   pids of the gateways' sessions, one that stores mail first
#
# The key log is signed by gateway 0.

use strict;
use warnings;
use IO::Socket::UNIX;
use E2emsg::Test ();
use Faults::Proxy;

use constant USERS => 4;

# What a new message's answer has in it: from a gateway, and from the database,
# where no code, which is NULL, stands before it.
use constant {
	SENT   => qr{\AHTTP/1\.1 201 },
	STORED => qr/\xff{4}.{4}\{\s*"messageId"/s,
};

sub new
{
	my ($class) = @_;
	my $self   = bless { frozen => [] }, $class;
	my $server = $self->{server} = E2emsg::Server->with_extension(durable => 1);
	$self->{back} = Faults::Proxy->new(
		sub { IO::Socket::UNIX->new(Peer => $server->host . '/.s.PGSQL.5432') }, STORED);
	my $first = E2emsg::Gateway->new($server,
		database => $server->conninfo(host => '127.0.0.1', port => $self->{back}->port));
	my $second = E2emsg::Gateway->new($server,
		secret_file => $first->dir . '/secret', log_signer => '');
	$self->{gateways} = [ $first, $second ];
	$self->{fronts}   = [ map { _front($_) } $first, $second ];
	$self->{users}    = [ map { $first->register("user$_", $_) } 0 .. USERS - 1 ];
	E2emsg::Test::keep_track_of($self);
	return $self;
}

# A gateway that was started again has another port.
sub _front
{
	my ($gateway) = @_;
	return Faults::Proxy->new(sub { $gateway->find && $gateway->connect }, SENT);
}

sub server   { return $_[0]{server} }
sub gateway  { return $_[0]{gateways}[ $_[1] ] }
sub gateways { return @{ $_[0]{gateways} } }
sub front    { return $_[0]{fronts}[ $_[1] ] }
sub back     { return $_[0]{back} }
sub users    { return @{ $_[0]{users} } }
sub doors    { return map { $_->port } @{ $_[0]{fronts} } }

sub freeze
{
	my ($self, @pids) = @_;
	push @{ $self->{frozen} }, @pids;
	return kill 'STOP', @pids;
}

sub thaw
{
	my ($self) = @_;
	return kill 'CONT', splice @{ $self->{frozen} };
}

# When the test ends early, or nothing would ever end.
sub stop
{
	my ($self) = @_;
	return $self->thaw;
}

sub sessions
{
	my ($self) = @_;
	return split /\n/, $self->server->sql(<<'SQL');
SELECT pid FROM pg_stat_activity WHERE usename = 'e2emsg_gateway'
ORDER BY query LIKE '%rest_send_messages%' DESC, query_start DESC
SQL
}

1;
