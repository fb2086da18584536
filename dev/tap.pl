#!/usr/bin/perl
# Runs programs that print TAP and counts their assertions.
# usage: tap.pl PROGRAM...     (.t runs under perl, .mjs under node)
# The last line is "P passed, F failed"; the exit status is 1 when F > 0.
use strict;
use warnings;
use TAP::Harness;

die "no programs\n" if !@ARGV;

my $harness = TAP::Harness->new(
	{
		jobs     => 2,
		failures => 1,
		comments => 1,
		exec     => sub {
			my $program = $_[1];
			return [ $^X, '-Itest/lib', $program ] if $program =~ /\.t$/;
			return [ 'node', $program ] if $program =~ /\.mjs$/;
			return [$program];
		},
	});
my $result = $harness->runtests(@ARGV);

# A program that died or broke its plan counts as one more failure.
my $broken = grep {
	my ($parser) = $result->parsers($_);
	!$parser->failed && ($parser->parse_errors || $parser->exit)
} $result->descriptions;

my $passed = $result->passed - $result->skipped;
my $failed = $result->failed + $broken;
print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);
