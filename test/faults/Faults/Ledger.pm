package Faults::Ledger;

# What one mailbox holds, or what its reader saw, in the order of its numbers,
# held against what the writers were told.  A writer sends one envelope after
# the other, so its numbers must come without a gap: one that is missing is
# lost, one that comes again is double.
#
#   my $ledger = Faults::Ledger->new('bob');
#   $ledger->take($seq, $iv, $id)    the next message
#   $ledger->hold($writer, $n, $id)  envelope n was acknowledged
#   $ledger->settle                  all that was acknowledged must be here
#   $ledger->lost, ->doubled, ->last
#   $ledger->problems                sentences about what is wrong, then forgotten

use strict;
use warnings;

sub new
{
	my ($class, $name) = @_;
	return bless { name => $name, last => 0, lost => 0, doubled => 0, next => {}, told => {},
		ids => {}, problems => [] }, $class;
}

sub lost    { return $_[0]{lost} }
sub doubled { return $_[0]{doubled} }
sub last    { return $_[0]{last} }

sub problems
{
	my ($self) = @_;
	return splice @{ $self->{problems} };
}

sub _complain
{
	my ($self, $problem) = @_;
	push @{ $self->{problems} }, "$self->{name}: $problem";
	return;
}

sub take
{
	my ($self, $seq, $iv, $id) = @_;
	$self->_complain("number $seq after $self->{last}") if $seq != $self->{last} + 1;
	$self->{last} = $seq;
	my ($writer, $n) = map { int } $iv =~ /^(\d{4})(\d{12})$/
	  or return $self->_complain("number $seq is nobody's envelope");
	$self->_reach($writer, $n, $seq);
	$self->_match($writer, $n, $id);
	return;
}

# The next number of this writer is here.
sub _reach
{
	my ($self, $writer, $n, $where) = @_;
	my $next = $self->{next}{$writer} //= 1;
	if ($n < $next)
	{
		$self->{doubled}++;
		return $self->_complain("envelope $writer/$n a second time, as $where");
	}
	if ($n > $next)
	{
		$self->{lost} += $n - $next;
		$self->_complain("envelopes $writer/$next to " . ($n - 1) . " are not there");
	}
	$self->{next}{$writer} = $n + 1;
	return;
}

# The id that the writer was told and the one that is here are the same,
# whichever is known first.
sub _match
{
	my ($self, $writer, $n, $id) = @_;
	my $other = delete $self->{ids}{"$writer/$n"};
	if    (!defined $other) { $self->{ids}{"$writer/$n"} = $id }
	elsif ($other ne $id)   { $self->_complain("envelope $writer/$n has another id") }
	return;
}

sub hold
{
	my ($self, $writer, $n, $id) = @_;
	$self->{told}{$writer} = $n;
	$self->_match($writer, $n, $id);
	return;
}

sub settle
{
	my ($self) = @_;
	for my $writer (sort keys %{ $self->{told} })
	{
		my $after = $self->{told}{$writer} + 1;
		$self->_reach($writer, $after, 'its end'), $self->{next}{$writer} = $after
		  if ($self->{next}{$writer} // 1) < $after;
	}
	return;
}

1;
