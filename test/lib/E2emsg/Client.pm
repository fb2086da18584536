package E2emsg::Client;

# The e2emsg command with a folder of its own.
#
#   my $alice = E2emsg::Client->new($gateway, 'alice', @register_options);
#   $alice->run(@arguments, { stdin => $text }) -> { status, out, err }
#   $alice->start(@arguments); $alice->said; $alice->stop($signal) -> status
#   $alice->folder                              -> where its account lives
#
# E2EMSG_CLIENT names the binary.

use strict;
use warnings;
use E2emsg::Test ();

# Registers unless the name is undef.
sub new
{
	my ($class, $gateway, $name, @options) = @_;
	my $self = bless {
		name    => $name,
		gateway => $gateway,
		home    => E2emsg::Test::scratch_dir(),
	}, $class;
	return $self if !defined $name;
	my $result = $self->run('register', $name, @options);
	die "register $name: $result->{status} $result->{err}\n"
	  if $result->{status} ne '0';
	return $self;
}

sub binary
{
	return $ENV{E2EMSG_CLIENT} // E2emsg::Test::top_dir() . '/client/e2emsg';
}

sub run
{
	my ($self, @arguments) = @_;
	my %options = ref $arguments[-1] ? %{ pop @arguments } : ();
	return E2emsg::Test::run_command([ binary(), @arguments ], stdin => $options{stdin}, env => $self->env);
}

sub env
{
	my ($self) = @_;
	return { XDG_DATA_HOME => $self->{home}, HOME => undef, E2EMSG_SERVER => $self->{gateway}->url,
		E2EMSG_ACCOUNT => undef };
}

# A command that stays, one at a time; what it says goes to a file.
sub start
{
	my ($self, @arguments) = @_;
	E2emsg::Test::keep_track_of($self);
	$self->{pid} = E2emsg::Test::start_command([ binary(), @arguments ], env => $self->env, log => "$self->{home}/said");
	return;
}

sub said { return -e "$_[0]->{home}/said" ? E2emsg::Test::slurp("$_[0]->{home}/said") : '' }

sub stop
{
	my ($self, $signal) = @_;
	return if !$self->{pid};
	return E2emsg::Test::stop_command(delete $self->{pid}, $signal // 'INT');
}

sub name   { return $_[0]->{name} }
sub home   { return $_[0]->{home} }
sub folder { return "$_[0]->{home}/e2emsg/$_[0]->{name}" }

1;
