# A client written for the tutorial works unchanged: test/lib/tutorial.mjs.
use strict;
use warnings;
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);

my $result = run_command([ 'node', top_dir() . '/test/lib/tutorial.mjs', $gateway->url ]);
is($result->{status}, 0, 'the tutorial\'s client') or diag $result->{err};
my @lines = split /\n/, $result->{out};
is_deeply(\@lines, [ 'bob reads: Hello Bob!', 'alice reads: Hello Alice, on my new key!',
	'bob reads after the rotation: Hello Bob!' ], 'both sides read each other');
is($gateway->stop, 0, 'the gateway ends well');

done_testing();
