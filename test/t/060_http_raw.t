# Hostile HTTP over raw sockets: test/vectors/http/, see the README there.
use strict;
use warnings;
use IO::Select;
use Time::HiRes qw(time);
use E2emsg::Test;
use E2emsg::HttpVectors;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server, body_timeout_ms => 1000, threads => 100);
my $alice   = $gateway->register('alice', 0);

# Sends requests on a connection each, all at once; gives for each
# { answer, closed, statuses } after the gateway closed or three seconds.
sub exchange
{
	my (@requests) = @_;
	local $SIG{PIPE} = 'IGNORE';
	my (%state, @results);
	my $select = IO::Select->new;
	for my $request (@requests)
	{
		my $socket = $gateway->connect;
		my $result = { answer => '', closed => 0 };
		push @results, $result;
		$state{$socket} = $result;
		$select->add($socket);
		syswrite $socket, $request;
	}
	my $end = time + 3;
	while ($select->count && (my $left = $end - time) > 0)
	{
		for my $socket ($select->can_read($left))
		{
			my $count = sysread $socket, my $bytes, 65536;
			if ($count) { $state{$socket}{answer} .= $bytes; next }
			$state{$socket}{closed} = 1;
			$select->remove($socket);
			close $socket;
		}
	}
	$_->{statuses} = [ $_->{answer} =~ m{HTTP/1\.[01] (\d{3}) }g ] for @results;
	return @results;
}

# In portions that leave the gateway threads to spare.
sub exchange_all
{
	my (@requests) = @_;
	my @results;
	push @results, exchange(splice @requests, 0, 80) while @requests;
	return @results;
}

sub told { return join ' ', @{ $_[0]{statuses} }, $_[0]{closed} ? 'closed' : 'open' }

# Refused: no success, closed, and no answer to anything after it.
sub is_refused
{
	my ($result, $name) = @_;
	my @statuses = @{ $result->{statuses} };
	ok($result->{closed} && @statuses <= 1 && !grep({ $_ < 400 } @statuses), $name)
	  or diag told($result);
	return;
}

sub is_alive
{
	my ($name) = @_;
	is($gateway->request('GET', '/messages', as => $alice)->{status}, 200,
		"$name: the gateway serves on");
	return;
}

# --- raw_requests.json ---------------------------------------------------------

my @cases   = raw_cases($alice->{token});
my @results = exchange_all(map { $_->{request} } @cases);
my %policy  = (    # gateway/guard.h and docs/api.md
	9  => 'refused', 28 => 'refused', 30 => 'refused', 32 => 'refused', 51 => 'refused',
	59 => 'refused', 60 => 'refused', 65 => 'refused', 66 => 'served',  67 => 'refused',
	68 => 'refused', 69 => 'served',  71 => 'refused',
);
for my $case (@cases)
{
	my $result = shift @results;
	my $name   = "raw $case->{id}: $case->{name}";
	my $expected =
	  $case->{expected} eq 'policy' ? $policy{ $case->{id} } : $case->{expected};
	if ($expected eq 'served')
	{
		is($result->{statuses}[0] // '', 200, "$name is served") or diag told($result);
	}
	elsif ($expected eq 'refused') { is_refused($result, "$name is refused (our policy)") }
	else                           { is_refused($result, "$name is refused") }
}
is_alive('raw_requests.json');

# --- http-desync-guardian --------------------------------------------------------

@cases = guardian_cases();
is(scalar @cases, 70, 'http-desync-guardian: 70 cases');
@results = exchange_all(map { $_->{request} } @cases);
for my $case (@cases)
{
	my $result = shift @results;
	my $name   = "$case->{name} ($case->{tier})";
	if ($case->{tier} eq 'Severe') { is_refused($result, $name) }
	elsif ($case->{tier} eq 'Ambiguous')
	{
		ok($result->{closed} && @{ $result->{statuses} } <= 1, $name) or diag told($result);
	}
	else
	{
		ok(@{ $result->{statuses} } <= 1, $name) or diag told($result);
	}
}
is_alive('http-desync-guardian');

# --- llhttp ---------------------------------------------------------------------

@cases = llhttp_cases();
cmp_ok(scalar @cases, '>=', 140, 'llhttp: its cases');
@results = exchange_all(map { $_->{request} } @cases);
for my $case (@cases)
{
	my $result  = shift @results;
	my $answers = @{ $result->{statuses} };
	my $pause   = ($case->{error} // 0) =~ /^2[0-3]$/;    # no errors: Upgrade, CONNECT
	if (defined $case->{error} && !$case->{lenient} && !$pause)
	{
		ok($result->{closed} && $answers <= $case->{whole} + 1,
			"$case->{name} is refused")
		  or diag told($result);
	}
	else
	{
		ok($answers <= $case->{whole} + 1, "$case->{name}: no answer too many")
		  or diag told($result);
	}
}
is_alive('llhttp');

is($gateway->stop, 0, 'the gateway ends well');
unlike($gateway->log, qr/Sanitizer|runtime error/, 'no sanitizer spoke');

done_testing();
