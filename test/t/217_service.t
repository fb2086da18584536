# "make -C gateway install" and the unit of systemd: in their places, and as
# locked up as they claim to be.
use strict;
use warnings;
use E2emsg::Test;

my $root = scratch_dir();

sub make_install
{
	my (@variables) = @_;
	my $result = run_command([ 'make', '-s', '-C', top_dir() . '/gateway', 'install', "DESTDIR=$root", @variables ]);
	is($result->{status}, 0, "make install @variables") or diag $result->{err};
	return;
}

sub mode { return sprintf '%o', (stat "$root/$_[0]")[2] & 07777 }

make_install();
my $unit = "$root/usr/local/lib/systemd/system/e2emsg-gateway.service";
is(mode('usr/local/bin/e2emsg-gateway'), '755', 'the program');
is(mode('usr/local/lib/systemd/system/e2emsg-gateway.service'), '644', 'the unit');
is(mode('etc/e2emsg/gateway.conf'), '644', 'settings');
my $check = run_command([ "$root/usr/local/bin/e2emsg-gateway", "--config=$root/etc/e2emsg/gateway.conf", '--check-config' ]);
is($check->{out}, "the settings are good\n", 'which are good') or diag $check->{err};

for my $proxy (qw(nginx.conf haproxy.cfg))
{
	my %wanted = slurp(top_dir() . "/gateway/proxy/$proxy") =~ /^#     (\w+) += (\S+)$/mg;
	my %set    = slurp("$root/etc/e2emsg/gateway.conf")      =~ /^(\w+) = (\S+)$/mg;
	is_deeply({ map { $_ => $set{$_} } keys %wanted }, \%wanted, "what $proxy needs of the gateway");
	is($wanted{trusted_proxies}, '127.0.0.1', 'its clients told apart among it');
}
open my $config, '>>', "$root/etc/e2emsg/gateway.conf" or die $!;
print $config "threads = 128\n";
close $config;
make_install();
like(slurp("$root/etc/e2emsg/gateway.conf"), qr/^threads = 128$/m, 'settings that are there stay');

make_install('PREFIX=/opt/e2emsg', 'SYSCONFDIR=/opt/e2emsg/etc');
like(slurp("$root/opt/e2emsg/lib/systemd/system/e2emsg-gateway.service"),
	qr{^ExecStart=/opt/e2emsg/bin/e2emsg-gateway --config=/opt/e2emsg/etc/e2emsg/gateway.conf$}m, 'elsewhere');

# --- the unit against the program ---------------------------------------------------------

my $text    = slurp($unit);
my ($stop)  = $text =~ /^TimeoutStopSec=(\d+)$/m;
my ($drain) = run_command([ E2emsg::Gateway::binary(), '--help' ])->{out} =~ /drain_timeout_ms .*\n.*default (\d+)/;
cmp_ok($stop * 1000, '>', $drain, 'systemd waits longer than the gateway needs to end');
my ($state)  = $text =~ /^StateDirectory=(\S+)$/m;
my ($secret) = slurp(top_dir() . '/gateway/gateway.conf') =~ /^secret_file = (\S+)$/m;
is($secret, "/var/lib/$state/secret", 'the secret lies where the unit lets it be');

# --- the unit against systemd --------------------------------------------------------------

my $analyze = sub { return run_command([ 'systemd-analyze', @_ ]) };
my $version = $analyze->('--version');
SKIP:
{
	skip 'there is no systemd-analyze', 4 if $version->{status} ne '0';
	run_command([ 'install', '-D', '/bin/kill', "$root/bin/kill" ]);    # which the unit names
	my @verify = (qw(verify --man=no --recursive-errors=no), "--root=$root", 'e2emsg-gateway.service');
	my $verify = $analyze->(@verify);
	is("$verify->{status} $verify->{out}$verify->{err}", '0 ', 'systemd-analyze verify');

	my $security = $analyze->('security', '--offline=true', '--no-pager', '--threshold=10', $unit);
	is($security->{status}, 0, 'its exposure is at most 1.0 of 10') or diag $security->{out};
	like($security->{out}, qr/Overall exposure level for e2emsg-gateway\.service: \d\.\d SAFE/, 'which systemd calls safe');

	run_command([ 'sed', '-i', 's/^PrivateTmp=/PrivateTemp=/', $unit ]);
	is($analyze->(@verify)->{status}, 1, 'a key that systemd does not know would be seen');
}

done_testing();
