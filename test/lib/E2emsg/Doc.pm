package E2emsg::Doc;

# Blocks of the documentation, for tests that do what it says.
#
#   doc_block($file, $after, $language)   the first one after that text
#   doc_with($block, $from => $to, ...)   with other paths and names

use strict;
use warnings;
use Exporter 'import';
use E2emsg::Test;

our @EXPORT = qw(doc_block doc_with);

sub doc_block
{
	my ($file, $after, $language) = @_;
	my ($block) = slurp(top_dir() . "/$file") =~ /\Q$after\E.*?^```$language\n(.*?)^```/ms;
	return $block // die "$file: no block of $language after \"$after\"\n";
}

sub doc_with
{
	my ($block, @changes) = @_;
	while (my ($from, $to) = splice @changes, 0, 2)
	{
		index($block, $from) >= 0 or die "not in the block: $from\n";
		$block =~ s/\Q$from\E/$to/g;
	}
	return $block;
}

1;
