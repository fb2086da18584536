package Faults::Load;

# Eight writers and four readers, each a process, and what they recorded.
#
#   my $load = Faults::Load->new($server, users => [4], doors => [ports]);
#   $load->progress($count)    waits for so many acknowledged envelopes through
#                              each door
#   $load->watch               from now on: how long until ...
#   $load->struck              (requests from before this do not count)
#   $load->recovered(@doors)   ... the first 201, in seconds: the slowest of
#                              these doors; undef when a minute was not enough
#   $load->watched($writer)    its envelopes, begun after that, that are acknowledged
#   $load->refusals($count)    waits for so many attempts without a 201
#   $load->check               holds mailboxes, readers and acknowledgements
#                              against each other; sentences about what is wrong
#   $load->finish              lets all end; how many did not end well
#   $load->figures             { acknowledged, lost, doubled, last: numbers given,
#                              unanswered: attempts, retried: envelopes,
#                              repeated: of these, answered 200 }
#   $load->statuses            what was said instead of 200 or 201
#   $load->writers_to($user), ->seen_by($user), ->moved_to($server)
#
# Writer w sends from user w to user w + 1 (modulo 4).  Its own door is w modulo
# the doors; what is not answered there is tried at the others, too.

use strict;
use warnings;
use POSIX qw(WNOHANG);
use E2emsg::Test ();
use Faults::Ledger;
use Faults::Reader;
use Faults::Writer;

use constant WRITERS => 8;

sub new
{
	my ($class, $server, %options) = @_;
	my $self = bless {
		server => $server, %options,
		dir     => E2emsg::Test::scratch_dir(),
		parent  => $$,
		from    => 0, since => 0, first => {}, watched => {}, through => {}, statuses => {}, problems => [],
		figures => { map { $_ => 0 } qw(acknowledged retried repeated unanswered) },
	}, $class;
	my $users = $self->{users};
	for my $kind (qw(stored seen))
	{
		$self->{$kind} = { map { $_->{id} => Faults::Ledger->new("$_->{username}, $kind") } @$users };
	}
	$self->_start_writer($_) for 1 .. WRITERS;
	$self->_start_reader($_) for 0 .. $#$users;
	E2emsg::Test::keep_track_of($self);
	return $self;
}

# --- processes ---------------------------------------------------------------------

sub _fork
{
	my ($self, $name, $work) = @_;
	my $pid = fork() // die "fork: $!\n";
	if ($pid == 0)
	{
		my $well = eval { $work->("$self->{dir}/$name") };
		warn "$name: $@" if $@;
		POSIX::_exit($well ? 0 : 1);
	}
	push @{ $self->{children} }, $pid;
	return "$self->{dir}/$name";
}

sub _abandoned { return getppid() != $_[0]{parent} }

# The doors, beginning with this one.
sub _doors
{
	my ($self, $first) = @_;
	my @doors = @{ $self->{doors} };
	return [ map { $doors[ ($first + $_) % @doors ] } 0 .. $#doors ];
}

sub _start_writer
{
	my ($self, $number) = @_;
	my @users    = @{ $self->{users} };
	my $receiver = $users[ ($number + 1) % @users ];
	my $record   = $self->_fork("writer$number", sub {
		Faults::Writer::run({
			number   => $number,
			sender   => $users[ $number % @users ],
			receiver => $receiver,
			doors    => $self->_doors($number),
			record   => $_[0],
			stopped  => sub { -e "$self->{dir}/no-more-mail" || $self->_abandoned },
		});
	});
	$self->{writers}{$number} = { path => $record, receiver => $receiver->{id} };
	return;
}

sub _start_reader
{
	my ($self, $number) = @_;
	my $user   = $self->{users}[$number];
	my $record = $self->_fork("reader$number", sub {
		Faults::Reader::run({
			user      => $user,
			doors     => $self->_doors($number),
			way       => $number % 2 ? 'stream' : 'poll',
			record    => $_[0],
			stopped   => sub { -e "$self->{dir}/all-sent" || $self->_abandoned },
			abandoned => sub { $self->_abandoned },
		});
	});
	$self->{readers}{ $user->{id} } = { path => $record };
	return;
}

sub _tell
{
	my ($self, $what) = @_;
	open my $file, '>', "$self->{dir}/$what" or die "$what: $!\n";
	return close $file;
}

# Waits for so many children to end; returns how many did badly or not at all.
sub _reap
{
	my ($self, $left) = @_;
	my $bad = 0;
	E2emsg::Test::wait_until {
		@{ $self->{children} } = grep {
			my $ended = waitpid($_, WNOHANG) == $_;
			$bad++ if $ended && $?;
			!$ended;
		} @{ $self->{children} };
		@{ $self->{children} } <= $left;
	} 120;
	return $bad + @{ $self->{children} } - $left;
}

sub finish
{
	my ($self) = @_;
	$self->_tell('no-more-mail');
	my $bad = $self->_reap(scalar @{ $self->{users} });
	$self->_tell('all-sent');
	return $bad + $self->_reap(0);
}

# When the test ends early.
sub stop
{
	my ($self) = @_;
	kill 'KILL', @{ $self->{children} };
	waitpid $_, 0 for splice @{ $self->{children} };
	return;
}

# --- records --------------------------------------------------------------------------

# The whole lines that came since the last time.
sub _new_lines
{
	my ($of) = @_;
	$of->{file} //= do { open my $file, '<', $of->{path} or return; $file };
	seek $of->{file}, 0, 1;    # the end is no end any more
	local $/;
	my $text = ($of->{rest} // '') . (readline($of->{file}) // '');
	$of->{rest} = $text =~ s/([^\n]+)\z// ? $1 : '';
	return split /\n/, $text;
}

sub _acknowledged
{
	my ($self, $writer, $n, $status, $id, $door, $began, $ended, $tries) = @_;
	my $figures = $self->{figures};
	$figures->{acknowledged}++;
	$figures->{retried}++  if $tries > 1;
	$figures->{repeated}++ if $status == 200;
	push @{ $self->{problems} }, "envelope $writer/$n was said to be a repetition"
	  if $status == 200 && $tries == 1;
	$self->{through}{$door}++;
	if ($began >= $self->{since})
	{
		$self->{first}{$door} //= $ended - $self->{from};
		$self->{watched}{$writer}++;
	}
	$self->{$_}{ $self->{writers}{$writer}{receiver} }->hold($writer, $n, $id) for qw(stored seen);
	return;
}

sub _read_writers
{
	my ($self) = @_;
	for my $writer (sort keys %{ $self->{writers} })
	{
		for my $line (_new_lines($self->{writers}{$writer}))
		{
			my ($mark, @fields) = split / /, $line;
			if ($mark eq '=') { $self->_acknowledged($writer, @fields) }
			else
			{
				$self->{figures}{unanswered}++;
				$self->{statuses}{"$fields[1] $fields[2]"}++;
				$self->{refused}{$writer}{"$fields[1] $fields[2]"}++;
			}
		}
	}
	return;
}

sub _read_readers
{
	my ($self) = @_;
	for my $id (keys %{ $self->{readers} })
	{
		for my $line (_new_lines($self->{readers}{$id}))
		{
			if ($line =~ /^! (.*)/) { push @{ $self->{problems} }, "$self->{seen}{$id}{name}: $1" }
			else                    { $self->{seen}{$id}->take(split / /, $line) }
		}
	}
	return;
}

# --- waiting -----------------------------------------------------------------------------

sub progress
{
	my ($self, $count, @doors) = @_;
	$self->_read_writers;
	@doors = @{ $self->{doors} } if !@doors;
	my %enough = map { $_ => $count + ($self->{through}{$_} // 0) } @doors;
	return E2emsg::Test::wait_until {
		$self->_read_writers;
		!grep { ($self->{through}{$_} // 0) < $enough{$_} } @doors;
	} 60;
}

# Waits for so many refusals, or attempts without an answer.
sub refusals
{
	my ($self, $count) = @_;
	$self->_read_writers;
	$count += $self->{figures}{unanswered};
	return E2emsg::Test::wait_until {
		$self->_read_writers;
		$self->{figures}{unanswered} >= $count;
	} 60;
}

sub watch
{
	my ($self) = @_;
	$self->_read_writers;
	$self->{from} = Faults::Writer::now();
	return $self->struck;
}

# A fault takes a moment to work: what is answered until then is no recovery.
sub struck
{
	my ($self) = @_;
	@$self{qw(since first watched)} = (Faults::Writer::now(), {}, {});
	return;
}

# How many envelopes of a writer, begun since watch(), are acknowledged by now.
sub watched
{
	my ($self, $writer) = @_;
	$self->_read_writers;
	return $self->{watched}{$writer} // 0;
}

sub recovered
{
	my ($self, @doors) = @_;
	my $first = $self->{first};
	E2emsg::Test::wait_until {
		$self->_read_writers;
		!grep { !defined $first->{$_} } @doors;
	} 60 or return;
	my ($slowest) = sort { $b <=> $a } @$first{@doors};
	return $slowest;
}

# --- what is there ------------------------------------------------------------------------

# Takes what came into the mailboxes since the last time.
sub _take_stored
{
	my ($self) = @_;
	my $positions = join ', ', map { sprintf "('%s', %d)", $_, $self->{stored}{$_}->last }
	  keys %{ $self->{stored} };
	my $rows = $self->{server}->sql(<<"SQL");
SELECT m.mailbox_id, m.seq, encode(m.iv, 'base64'), e2emsg.message_id(m.mailbox_id, m.sender_id, m.iv)
FROM (VALUES $positions) p (id, seq)
JOIN e2emsg.messages m ON m.mailbox_id = p.id::uuid AND m.seq > p.seq
ORDER BY m.mailbox_id, m.seq
SQL
	for my $row (split /\n/, $rows)
	{
		my ($id, @message) = split /\|/, $row;
		$self->{stored}{$id}->take(@message);
	}
	return;
}

# Readers see all that is stored, in a while.
sub _await_readers
{
	my ($self) = @_;
	my ($stored, $seen) = @$self{qw(stored seen)};
	return E2emsg::Test::wait_until {
		$self->_read_readers;
		!grep { $seen->{$_}->last < $stored->{$_}->last } keys %$seen;
	} 60;
}

sub check
{
	my ($self) = @_;
	$self->_read_writers;
	$self->_take_stored;
	push @{ $self->{problems} }, 'a reader did not get all mail' if !$self->_await_readers;
	my @ledgers = map { values %{ $self->{$_} } } qw(stored seen);
	$_->settle for @ledgers;
	return splice(@{ $self->{problems} }), map { $_->problems } @ledgers;
}

sub figures
{
	my ($self) = @_;
	my @stored = values %{ $self->{stored} };
	my %sums   = map {
		my $what = $_;
		my $sum  = 0;
		$sum += $_->$what for @stored;
		($what => $sum);
	} qw(lost doubled last);
	return { %{ $self->{figures} }, %sums };
}

# What writers were told instead of 200 or 201, each with its number; of one
# writer, or of all.
sub statuses
{
	my ($self, $writer) = @_;
	return defined $writer ? $self->{refused}{$writer} // {} : $self->{statuses};
}

# After a failover: mailboxes are looked at there.
sub moved_to
{
	my ($self, $server) = @_;
	$self->{server} = $server;
	return;
}

# The ivs of all that a user's reader ever saw.
sub seen_by
{
	my ($self, $user) = @_;
	return map { /^\d+ (\d{16}) / } split /\n/, E2emsg::Test::slurp($self->{readers}{ $user->{id} }{path});
}

# The numbers of those who send to a user.
sub writers_to
{
	my ($self, $user) = @_;
	return grep { $self->{writers}{$_}{receiver} eq $user->{id} } sort keys %{ $self->{writers} };
}

1;
