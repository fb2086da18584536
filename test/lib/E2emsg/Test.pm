package E2emsg::Test;

# What every test file needs; brings Test::More along.
#
#   run_command([...], stdin => $bytes, env => {...}, user => 1)
#       -> { status, out, err }         user: as the private server's user
#   start_command([...], log => $path, ...) -> pid
#   stop_command($pid, $signal)  -> exit status, "signal N", or "still running"
#   scratch_dir(), slurp($path), vectors($path) (decoded JSON)
#   public_jwk($n)  -> the nth of 292 P-256 public keys; nobody's secret
#   wait_until { ... } $seconds
#   sign({ op => ... }, ...)  -> results of test/lib/sign.mjs

use strict;
use warnings;
use Exporter 'import';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP;
use POSIX qw(:sys_wait_h setsid);
use Test::More;
use Time::HiRes qw(sleep time);

use E2emsg::Server;
use E2emsg::Gateway;
use E2emsg::Client;

our @EXPORT = (
	@Test::More::EXPORT,
	qw(run_command start_command stop_command scratch_dir slurp
	  vectors wait_until top_dir json decode public_jwk sign)
);

my $top = abs_path(dirname(__FILE__) . '/../../..');

# Servers and gateways that run; whatever ends the test ends them, the
# gateways first, before File::Temp removes their folders.
my (@running, $main_process);
BEGIN { $main_process = $$ }
$SIG{$_} = sub { exit 1 }
  for qw(INT TERM HUP PIPE);

sub keep_track_of
{
	my ($object) = @_;
	unshift @running, $object;
	return;
}

END
{
	if ($$ == $main_process)
	{
		local ($?, $@, $!);
		$_->stop for @running;
	}
}

sub top_dir { return $top }

sub json
{
	my ($value) = @_;
	return JSON::PP->new->canonical->allow_nonref->utf8->encode($value);
}

# The value of a JSON text, or undef.
sub decode
{
	my ($text) = @_;
	return scalar eval { JSON::PP->new->allow_nonref->utf8->decode($text) };
}

sub slurp
{
	my ($path) = @_;
	open my $file, '<:raw', $path or die "$path: $!\n";
	local $/;
	my $content = <$file>;
	return defined $content ? $content : '';
}

sub vectors
{
	my ($path) = @_;
	return decode(slurp("$top/test/vectors/$path"))
	  // die "$path: not JSON\n";
}

my @public_jwks;

sub public_jwk
{
	my ($number) = @_;
	if (!@public_jwks)
	{
		my $file = vectors('wycheproof/ecdh_secp256r1_webcrypto_test.json');
		my %seen;
		@public_jwks = grep { !$seen{ $_->{x} }++ }
		  map { $_->{public} }
		  grep { $_->{result} eq 'valid' }
		  map { @{ $_->{tests} } } @{ $file->{testGroups} };
	}
	my $key = $public_jwks[$number] // die "no public key number $number\n";
	return { map { $_ => $key->{$_} } qw(kty crv x y) };
}

sub sign
{
	my $result =
	  run_command([ 'node', "$top/test/lib/sign.mjs" ], stdin => json(\@_));
	die "sign.mjs: $result->{err}\n" if $result->{status} ne '0';
	my $results = decode($result->{out});
	return wantarray ? @$results : $results->[0];
}

# A folder that disappears with the test and that the server's user can enter.
sub scratch_dir
{
	my $dir = tempdir('e2emsg-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
	chmod 0755, $dir;
	return $dir;
}

sub wait_until(&$)
{
	my ($condition, $seconds) = @_;
	my $end = time + $seconds;
	while (time < $end)
	{
		return 1 if $condition->();
		sleep 0.05;
	}
	return 0;
}

# Becomes the command, in the child.
sub _become
{
	my ($command, %options) = @_;
	my @command = @$command;
	if (my $env = $options{env})
	{
		for my $name (keys %$env)
		{
			if (defined $env->{$name}) { $ENV{$name} = $env->{$name} }
			else { delete $ENV{$name} }
		}
	}
	if ($options{user} && $> == 0)
	{
		$ENV{HOME} = '/';
		unshift @command, qw(setpriv --reuid=postgres --regid=postgres
		  --init-groups);
	}
	no warnings 'exec';
	exec { $command[0] } @command;
	print STDERR "$command[0]: $!\n";
	POSIX::_exit(127);
}

sub run_command
{
	my ($command, %options) = @_;
	my $dir = tempdir('e2emsg-run.XXXXXX', TMPDIR => 1, CLEANUP => 0);
	my ($in, $out, $err) = map { "$dir/$_" } qw(in out err);
	open my $file, '>:raw', $in or die "$in: $!\n";
	print $file $options{stdin} // '';
	close $file;

	my $pid = fork() // die "fork: $!\n";
	if ($pid == 0)
	{
		open STDIN,  '<', $in;
		open STDOUT, '>', $out;
		open STDERR, '>', $err;
		_become($command, %options);
	}
	waitpid $pid, 0;
	my $status = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
	my %result = (status => $status, out => slurp($out), err => slurp($err));
	unlink $in, $out, $err;
	rmdir $dir;
	return \%result;
}

sub start_command
{
	my ($command, %options) = @_;
	my $log = $options{log};
	my $pid = fork() // die "fork: $!\n";
	if ($pid == 0)
	{
		setsid();
		open STDIN,  '<',  '/dev/null';
		open STDOUT, '>>', $log;
		open STDERR, '>&', \*STDOUT;
		_become($command, %options);
	}
	return $pid;
}

sub stop_command
{
	my ($pid, $signal, $seconds) = @_;
	kill $signal // 'TERM', $pid;
	my $gone = wait_until { waitpid($pid, WNOHANG) == $pid } $seconds // 20;
	if (!$gone)
	{
		kill 'KILL', $pid;
		waitpid $pid, 0;
		return 'still running';
	}
	return $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
}

1;
