package E2emsg::Server;

# A private PostgreSQL with the extension's files installed.
#
#   my $server = E2emsg::Server->new;            # started, no extension yet
#   my $server = E2emsg::Server->with_extension; # and installed, gateway role
#       options of both: durable (fsync on), key_log => 'off'
#   $server->sql($text, %options)  -> output of psql -At; dies on an error
#   $server->try($text, %options)  -> { status, out, err }
#       options: database, user
#   $server->refused($text, ...)   -> SQLSTATE, or '' when it went through
#   $server->sigkill($everything)  to its postmaster, or to every process
#   $server->recover               starts it again after that
#   $server->shell($script)        a shell of the server's user
#   $server->processes             pids of all of them
#   $server->standby               another one, a hot standby of this one
#   $server->promote               makes that a server of its own
#
# E2EMSG_INSTALL names a DESTDIR install; without it the tree is built.

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use E2emsg::Test ();

sub new
{
	my ($class, %options) = @_;
	my $self = bless { dir => E2emsg::Test::scratch_dir(), %options }, $class;
	E2emsg::Test::keep_track_of($self);
	if ($ENV{E2EMSG_INSTALL})
	{
		symlink $ENV{E2EMSG_INSTALL}, "$self->{dir}/install";
	}
	else
	{
		$self->_server_sh('install');
	}
	$self->start;
	$self->sql("ALTER DATABASE postgres SET e2emsg.key_log = $options{key_log}")
	  if $options{key_log};
	return $self;
}

sub with_extension
{
	my ($class, %options) = @_;
	my $self = $class->new(%options);
	$self->install_extension;
	return $self;
}

# A hot standby of this server, streaming from it under the name "standby".
sub standby
{
	my ($self) = @_;
	my $standby = bless { dir => E2emsg::Test::scratch_dir(), durable => $self->{durable} },
	  ref $self;
	E2emsg::Test::keep_track_of($standby);
	symlink "$self->{dir}/install", "$standby->{dir}/install";
	chown +(stat $self->data_dir)[ 4, 5 ], $standby->{dir};
	my $result = E2emsg::Test::run_command(
		[
			$self->program('pg_basebackup'), qw(-R -c fast -D), $standby->data_dir,
			'-d', "host=$self->{host} user=postgres application_name=standby"
		],
		user => 1);
	die "pg_basebackup: $result->{err}\n" if $result->{status} ne '0';
	$standby->start;
	return $standby;
}

# From now on it is no standby any more.
sub promote
{
	my ($self) = @_;
	my $result = E2emsg::Test::run_command(
		[ $self->program('pg_ctl'), qw(-s -w -D), $self->data_dir, 'promote' ], user => 1);
	die "pg_ctl promote: $result->{err}\n" if $result->{status} ne '0';
	return;
}

sub install_extension
{
	my ($self, %options) = @_;
	$self->sql('CREATE EXTENSION e2emsg', %options);
	$self->sql('CALL e2emsg.install()', %options);
	$self->try('CREATE ROLE e2emsg_gateway LOGIN', %options);
	$self->sql("SELECT e2emsg.grant_gateway('e2emsg_gateway')", %options);
	return;
}

sub start
{
	my ($self) = @_;
	$self->_server_sh('start');
	my ($host) = E2emsg::Test::slurp("$self->{dir}/env") =~ /PGHOST=(\S+)/;
	$self->{host} = $host;
	$self->{running} = 1;
	return;
}

sub stop
{
	my ($self, $mode) = @_;
	$self->_server_sh('stop', $mode // 'immediate') if $self->{running};
	$self->{running} = 0;
	return;
}

# The postmaster and its children, who all work in the data folder.
sub processes
{
	my ($self) = @_;
	my $folder = abs_path($self->data_dir);
	return grep { (readlink("/proc/$_/cwd") // '') eq $folder }
	  map { m{(\d+)$} } glob '/proc/[0-9]*';
}

# Its backends notice by themselves that the postmaster is gone.  No server
# starts on their shared memory, nor while init has not reaped the postmaster,
# so this returns when all have left.
sub sigkill
{
	my ($self, $everything) = @_;
	my ($postmaster) = E2emsg::Test::slurp($self->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	kill 'KILL', $postmaster, $everything ? $self->processes : ();
	E2emsg::Test::wait_until(sub { !kill(0, $postmaster) && !$self->processes }, 30)
	  or die "processes of the killed server are still there\n";
	return;
}

# The path of one of PostgreSQL's own, which may be in no PATH.
sub program
{
	my ($self, $name) = @_;
	my ($postgres) = E2emsg::Test::slurp($self->data_dir . '/postmaster.opts') =~ /^(\S+)/;
	return dirname($postgres) . "/$name";
}

# With all the files that the killed server left, and on the same socket.
sub recover
{
	my ($self) = @_;
	my $result = E2emsg::Test::run_command(
		[
			$self->program('pg_ctl'),
			qw(-s -w -D), $self->data_dir, '-l', $self->log_file, 'start'
		],
		user => 1);
	die $result->{err}, substr(E2emsg::Test::slurp($self->log_file), -2000), "\n"
	  if $result->{status} ne '0';
	return;
}

sub _server_sh
{
	my ($self, $command, @arguments) = @_;
	my $result = E2emsg::Test::run_command(
		[
			E2emsg::Test::top_dir() . '/dev/server.sh',
			$command, $self->{dir}, @arguments
		],
		env => { FSYNC => $self->{durable} ? undef : 'off' });
	die "server.sh $command: $result->{err}\n" if $result->{status} ne '0';
	return;
}

sub host     { return $_[0]->{host} }
sub dir      { return $_[0]->{dir} }
sub data_dir { return "$_[0]->{dir}/data" }
sub log_file { return "$_[0]->{dir}/log" }

# A libpq connection string for the gateway's role; options: host, port, database,
# user.
sub conninfo
{
	my ($self, %options) = @_;
	return sprintf 'host=%s port=%s dbname=%s user=%s', $options{host} // $self->{host},
	  $options{port} // 5432, $options{database} // 'postgres',
	  $options{user} // 'e2emsg_gateway';
}

sub env
{
	my ($self, %options) = @_;
	return {
		PGHOST     => $self->{host},
		PGPORT     => 5432,
		PGUSER     => $options{user} // 'postgres',
		PGDATABASE => $options{database} // 'postgres',
		PGOPTIONS  => $options{options},
	};
}

sub try
{
	my ($self, $sql, %options) = @_;
	return E2emsg::Test::run_command(
		[
			qw(psql -X -A -t -q -v ON_ERROR_STOP=1 -v VERBOSITY=verbose
			  -v SHOW_CONTEXT=never -f -)
		],
		stdin => $sql,
		env   => $self->env(%options));
}

sub sql
{
	my ($self, $sql, %options) = @_;
	my $result = $self->try($sql, %options);
	die "psql: $result->{err}in: $sql\n" if $result->{status} ne '0';
	chomp(my $out = $result->{out});
	return $out;
}

sub refused
{
	my ($self, $sql, %options) = @_;
	my $result = $self->try($sql, %options);
	return $result->{err} =~ /(?:ERROR|FATAL):\s+([0-9A-Z]{5}):/ ? $1 : '';
}

# PostgreSQL's own programs are in its path, and in $BIN.
sub shell
{
	my ($self, $script, %options) = @_;
	my $bin = dirname($self->program('psql'));
	return E2emsg::Test::run_command([ 'sh', '-ec', $script ], user => 1,
		env => { %{ $self->env(%options) }, BIN => $bin, PATH => "$bin:$ENV{PATH}" });
}

# Runs a program of PostgreSQL (pg_dump, pg_restore) against the server.
sub run
{
	my ($self, $command, %options) = @_;
	return E2emsg::Test::run_command($command, stdin => $options{stdin},
		env => $self->env(%options));
}

1;
