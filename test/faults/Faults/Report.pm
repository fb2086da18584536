package Faults::Report;

# What the cycles came to.
#
#   my $report = Faults::Report->new;
#   $report->add($kind, $seconds)   one recovery
#   $report->lines($figures)        the report, a line each

use strict;
use warnings;

sub new { return bless { order => [], times => {} }, $_[0] }

sub add
{
	my ($self, $kind, $seconds) = @_;
	my $name = $kind->{name};
	push @{ $self->{order} }, $kind if !$self->{times}{$name};
	push @{ $self->{times}{$name} }, $seconds;
	return;
}

# The smallest value that so many percent do not exceed.
sub percentile
{
	my ($percent, @values) = @_;
	@values = sort { $a <=> $b } @values;
	my $rank = $percent * @values / 100;
	my $index = $rank > int $rank ? int $rank : int($rank) - 1;
	return $values[ $index < 0 ? 0 : $index ];
}

sub _row
{
	my ($name, $since, @times) = @_;
	return sprintf '%-34s %4d %8.2f %8.2f   %s', $name, scalar @times,
	  percentile(50, @times), percentile(99, @times), $since;
}

sub lines
{
	my ($self, $figures) = @_;
	my %times = %{ $self->{times} };
	return (
		(map { sprintf '%-34s %9d', @$_ }
			[ 'acknowledged', $figures->{acknowledged} ],
			[ 'lost',         $figures->{lost} ],
			[ 'duplicated',   $figures->{doubled} ],
			[ 'attempts without 200 or 201',         $figures->{unanswered} ],
			[ 'unknown outcomes retried',            $figures->{retried} ],
			[ '  of these, already stored (200)',    $figures->{repeated} ]),
		'',
		sprintf('%-34s %4s %8s %8s   %s', 'seconds to the first 201', 'runs', 'p50', 'p99', 'counted from'),
		(map { _row($_->{name}, $_->{since}, @{ $times{ $_->{name} } }) } @{ $self->{order} }),
		_row('all', '', map { @$_ } values %times),
	);
}

1;
