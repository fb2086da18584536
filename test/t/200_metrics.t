# /metrics: every line is Prometheus' text format, and what was done is counted,
# exactly.
use strict;
use warnings;
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);

# --- the format, strictly ----------------------------------------------------------------

my $name   = qr/[a-z][a-z0-9_]*/;
my $label  = qr/[a-z][a-z0-9_]*="(?:[^"\\\n]|\\["\\n])*"/;
my $number = qr/-?\d+(?:\.\d+)?/;

# Samples by "name{labels}", or dies at the first line that is wrong.
sub parsed
{
	my ($text) = @_;
	my (%samples, %types, $family);
	$text =~ /\n\z/ or die "the last line does not end\n";
	for my $line (split /\n/, $text)
	{
		if ($line =~ /\A# HELP ($name) \S.*\z/)
		{
			$types{$1} and die "$1 twice\n";
			$family = $1;
		}
		elsif ($line =~ /\A# TYPE ($name) (counter|gauge|histogram)\z/)
		{
			$1 eq $family or die "TYPE of $1 after HELP of $family\n";
			$types{$1} = $2;
			($2 eq 'counter') == ($1 =~ /_total\z/) or die "$1: a $2\n";
		}
		elsif ($line =~ /\A($name)(\{$label(?:,$label)*\})? ($number)\z/)
		{
			my ($of, $labels, $value) = ($1, $2 // '', $3);
			my $base = $types{$family} eq 'histogram' ? qr/(?:_bucket|_sum|_count)\z/ : qr/\z/;
			$of =~ /\A\Q$family\E$base/ or die "$of in the family $family\n";
			exists $samples{"$of$labels"} and die "$of$labels twice\n";
			$samples{"$of$labels"} = $value;
		}
		else { die "no line of the format: $line\n" }
	}
	return (\%samples, \%types);
}

sub scrape
{
	my ($samples, $types) = parsed($gateway->request('GET', '/metrics', admin => 1)->{content});
	return wantarray ? ($samples, $types) : $samples;
}

# Sums over the samples whose name begins like that.
sub total
{
	my ($samples, $begin) = @_;
	my $sum = 0;
	$sum += $samples->{$_} for grep { index($_, $begin) == 0 } keys %$samples;
	return $sum;
}

# A request is counted after its answer is out.
sub after
{
	my ($before, $requests) = @_;
	my $now;
	wait_until {
		$now = scrape();
		total($now, 'e2emsg_http_requests_total') >= total($before, 'e2emsg_http_requests_total') + $requests
	} 10;
	return $now;
}

for my $bad ("e2emsg_x 1", "# HELP e2emsg_x x\n# TYPE e2emsg_x gauge\ne2emsg_x{a=\"\n\"} 1\n",
	"# HELP e2emsg_x x\n# TYPE e2emsg_x gauge\ne2emsg_x one\n", "# HELP e2emsg_x x\n# TYPE e2emsg_x counter\ne2emsg_x 1\n")
{
	ok(!eval { parsed($bad); 1 }, 'this test sees what is wrong');
}

my $reply = $gateway->request('GET', '/metrics', admin => 1);
is("$reply->{status} $reply->{headers}{'content-type'}", '200 text/plain; version=0.0.4', 'GET /metrics');
my ($before) = parsed($reply->{content});
is($gateway->request('GET', '/metrics')->{status}, 404, 'not on the port of the API');

# --- requests -----------------------------------------------------------------------------

my $alice = $gateway->register('alice', 0);
my $bob   = $gateway->register('bob', 1);

sub envelope
{
	my ($iv) = @_;
	return { receiverId => $bob->{id}, ciphertext => 'AAAA', authTag => 'A' x 22, keyVersion => 1,
		iv => sprintf('%016d', $iv) };
}

is($gateway->request('POST', '/messages', as => $alice, body => envelope($_))->{status}, 201, "message $_") for 1 .. 3;
is($gateway->request('POST', '/messages', as => $alice, body => envelope(1))->{status}, 200, 'again');
is($gateway->request('POST', '/messages', as => $alice, body => { %{ envelope(9) }, keyVersion => 2 })->{status}, 409, 'refused');
is($gateway->request('GET', '/messages?after=0', as => $bob)->{status}, 200, 'read');
is($gateway->request('GET', '/messages')->{status}, 401, 'without a token');
is($gateway->request('GET', "/users/$_/public-key", as => $alice)->{status}, 200, $_) for $bob->{id}, 'bob';
is($gateway->request('GET', '/users/nobody/public-key', as => $alice)->{status}, 404, 'nobody');
is($gateway->request('GET', "/$_")->{status}, 404, 'no route') for qw(one two);
is($gateway->request('PUT', '/messages', as => $alice, body => {})->{status}, 405, 'no such method');
like(($gateway->raw("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 10))[0], qr/^HTTP\/1\.1 400 /, 'no good framing');

my $now = after($before, 17);
my %counted = map { $_ => $now->{$_} - ($before->{$_} // 0) }
  grep { /^e2emsg_http_requests_total/ && $now->{$_} != ($before->{$_} // 0) } keys %$now;
is_deeply(
	\%counted,
	{
		map { ("e2emsg_http_requests_total{method=\"$_->[0]\",route=\"$_->[1]\",status=\"$_->[2]\"}" => $_->[3]) }
		  [ '-', '-', 404, 3 ], [ '-', '-', 405, 1 ], [ '-', '-', 400, 1 ],
		[ 'POST', '/users',                  201, 2 ],
		[ 'POST', '/messages',               201, 3 ],
		[ 'POST', '/messages',               200, 1 ],
		[ 'POST', '/messages',               409, 1 ],
		[ 'GET',  '/messages',               200, 1 ],
		[ 'GET',  '/messages',               401, 1 ],
		[ 'GET',  '/users/{who}/public-key', 200, 2 ],
		[ 'GET',  '/users/{who}/public-key', 404, 1 ],
	},
	'requests by method, route and status, no path of a client among them');

for my $of ('method="POST",route="/messages"', 'method="-",route="-"')
{
	my $family = 'e2emsg_http_request_duration_seconds';
	my @bounds = qw(0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf);
	my @counts = map { $now->{"${family}_bucket{$of,le=\"$_\"}"} } @bounds;
	is(scalar(grep { !defined } @counts), 0, "$of: every bucket is there");
	is_deeply(\@counts, [ sort { $a <=> $b } @counts ], 'they are cumulative');
	is($counts[-1], $now->{"${family}_count{$of}"}, 'the last one is the count');
	is($counts[-1], total($now, "e2emsg_http_requests_total{$of"), 'which is that of the requests');
	cmp_ok($now->{"${family}_sum{$of}"}, '>', 0, 'they took time');
}

# --- batches: five calls of one envelope each ------------------------------------------------

is($now->{$_->[0]} - $before->{$_->[0]}, $_->[1], $_->[0]) for
  [ 'e2emsg_send_batch_envelopes_count',           5 ],
  [ 'e2emsg_send_batch_envelopes_sum',             5 ],
  [ 'e2emsg_send_batch_envelopes_bucket{le="1"}',  5 ],
  [ 'e2emsg_send_batch_envelopes_bucket{le="256"}', 5 ];
is($now->{e2emsg_send_queue_length}, 0, 'nothing waits to be stored');

# --- connections --------------------------------------------------------------------------

my $open = scrape()->{e2emsg_connections};
my @idle = map { $gateway->connect } 1 .. 3;
ok(wait_until(sub { scrape()->{e2emsg_connections} == $open + 3 }, 10), 'three connections more');
undef @idle;
ok(wait_until(sub { scrape()->{e2emsg_connections} == $open }, 10), 'and gone again');

# --- the database ---------------------------------------------------------------------------

is($now->{e2emsg_database_up}, 1, 'the database answers');
is($now->{"e2emsg_database_$_"}, 0, "no $_") for qw(reconnects_total connect_failures_total);
cmp_ok($now->{e2emsg_key_log_lag_seconds}, '==', 0, 'nothing waits to be signed');
is($now->{e2emsg_key_log_pending}, 0, 'nor for a round');
is($now->{e2emsg_key_log_size}, $now->{e2emsg_key_log_signed_size}, 'all is signed');
cmp_ok($now->{e2emsg_messages_disk_bytes}, '>', 0, 'messages lie on the disk');

$server->sql(sprintf q{SELECT e2emsg.acknowledge('%s', 2)}, $bob->{id});
$server->sql(q{UPDATE e2emsg.messages SET sent_at = sent_at - interval '1 year'});
is($server->sql('SELECT acknowledged FROM e2emsg.purge()'), 2, 'two messages are purged');
ok(wait_until(sub { scrape()->{e2emsg_messages_deleted_total} == $now->{e2emsg_messages_deleted_total} + 2 }, 20),
	'which is counted');

$server->sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'e2emsg-gateway'});
ok(wait_until(sub { scrape()->{e2emsg_database_reconnects_total} > 0 }, 20), 'reconnects');

$server->stop;
my $without = scrape();
is($without->{e2emsg_database_up}, 0, 'without the database');
cmp_ok($without->{e2emsg_database_connect_failures_total}, '>', 0, 'attempts fail');
ok(!exists $without->{e2emsg_messages_disk_bytes}, 'its metrics are left out');
is($without->{'e2emsg_http_requests_total{method="POST",route="/messages",status="201"}'}, 3, 'the gateway\'s stay');
$server->start;
ok(wait_until(sub { my $s = scrape(); $s->{e2emsg_database_up} && exists $s->{e2emsg_messages_disk_bytes} }, 20), 'and come back');

# --- a server that stopped answering, with connections open -----------------------------------

my ($watcher) = split /\n/, $server->sql(<<'SQL');
SELECT pid FROM pg_stat_activity WHERE application_name = 'e2emsg-gateway' AND query ~ 'e2emsg.metrics'
SQL
kill 'STOP', $watcher;
is(scrape()->{e2emsg_database_up}, 0, 'a backend that hangs does not hold up the answer');
kill 'CONT', $watcher;
ok(wait_until(sub { scrape()->{e2emsg_database_up} }, 20), 'the next one answers');

# --- every metric stands in the documentation, and no other ------------------------------------

my (undef, $types) = scrape();
my %documented = slurp(top_dir() . '/docs/operations.md') =~ /^\| `(e2emsg_\w+)` \| (counter|gauge|histogram) \|/mg;
is_deeply(\%documented, $types, 'docs/operations.md has them all');

is($gateway->stop, 0, 'a clean end');
done_testing();
