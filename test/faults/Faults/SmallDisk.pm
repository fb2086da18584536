package Faults::SmallDisk;

# A file system in memory that can be filled to the last byte.
#
#   Faults::SmallDisk::enter          at the start of the program, see below
#   Faults::SmallDisk::why_not        why there can be none; '' when there can
#   my $disk = Faults::SmallDisk->new($megabytes);
#   $disk->dir, $disk->fill, $disk->make_room, $disk->remove
#
# Only root can mount.  enter() runs the program again in a mount namespace of
# its own, so that whatever ends it, no mount is left behind.

use strict;
use warnings;
use E2emsg::Test ();

# In a namespace that is gone at once.
sub _can_mount
{
	return E2emsg::Test::run_command(
		[qw(unshare -m mount -t tmpfs -o size=1m tmpfs /mnt)])->{status} eq '0';
}

sub enter
{
	return if $> != 0 || $ENV{E2EMSG_OWN_MOUNTS} || !_can_mount();
	$ENV{E2EMSG_OWN_MOUNTS} = 1;
	exec qw(unshare -m), $^X, '-I' . E2emsg::Test::top_dir() . '/test/lib', $0;
	die "unshare: $!\n";
}

sub why_not
{
	return 'not root' if $> != 0;
	return $ENV{E2EMSG_OWN_MOUNTS} ? '' : 'root may not mount here';
}

sub new
{
	my ($class, $megabytes) = @_;
	my $self = bless { dir => E2emsg::Test::scratch_dir() . '/small' }, $class;
	mkdir $self->{dir} or die "$self->{dir}: $!\n";
	my ($user, $group) = (getpwnam 'postgres')[ 2, 3 ];
	$self->_command('mount', '-t', 'tmpfs', '-o',
		"size=${megabytes}m,mode=0700,uid=$user,gid=$group", 'tmpfs', $self->{dir});
	E2emsg::Test::keep_track_of($self);
	return $self;
}

sub _command
{
	my ($self, @command) = @_;
	my $result = E2emsg::Test::run_command(\@command);
	die "@command: $result->{err}\n" if $result->{status} ne '0';
	return;
}

sub dir { return $_[0]{dir} }

# Not a byte is left after this.
sub fill
{
	my ($self) = @_;
	open my $ballast, '>>:raw', "$self->{dir}/ballast" or die "ballast: $!\n";
	for my $size (65536, 1)
	{
		1 while syswrite $ballast, "\0" x $size;
	}
	return;
}

sub make_room
{
	my ($self) = @_;
	unlink "$self->{dir}/ballast" or die "ballast: $!\n";
	return;
}

sub remove
{
	my ($self) = @_;
	$self->_command('umount', delete $self->{dir});
	return;
}

# When the test ends early; the server may still be there.
sub stop
{
	my ($self) = @_;
	system 'umount', '-l', delete $self->{dir} if $self->{dir};
	return;
}

1;
