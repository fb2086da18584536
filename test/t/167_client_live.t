# read --wait of the command-line client: through one gateway and across two,
# over a restart, and when there is no room to wait.
use strict;
use warnings;
use E2emsg::Test;
use E2emsg::Stream;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server, streams_per_user => 2);
my $other   = E2emsg::Gateway->new($server, log_signer => '', secret_file => $gateway->dir . '/secret');
my ($alice, $bob) = map { E2emsg::Client->new($gateway, $_) } qw(alice bob);

sub says { my ($text, $what, $seconds) = @_; return ok((wait_until { $bob->said =~ $text } $seconds // 30), $what) || diag $bob->said }
sub sends { my ($text, $at) = @_; local $alice->{gateway} = $at // $gateway; return $alice->run('send', 'bob', $text) }
sub waits { my $log = $gateway->log; return scalar(() = $log =~ m{GET /messages 200 }g) }

sends('before');
$bob->start(qw(read --wait));
says(qr/before.*waiting for mail/s, 'what is there is read');
sends('one');
says(qr/one/, 'mail comes as it is sent');
sends('two', $other);
says(qr/two/, '... through another gateway, too');
is($bob->run(qw(send alice hello))->{status}, 0, 'the account is free for others');
ok((wait_until { $server->sql("SELECT acked_seq FROM e2emsg.mailboxes WHERE id = e2emsg.find_user('bob')") == 3 } 30),
	'all is acknowledged');

$gateway->{settings}{port} = $gateway->port;
$gateway->stop;
$gateway->start;
sends('three');
says(qr/three/, 'a gateway that was restarted has its reader again');

my $code = $bob->run('backup')->{out};
my $away = E2emsg::Client->new($gateway, undef);
is($away->run(qw(restore bob), { stdin => $code })->{status}, 0, 'another machine of the reader');
is($away->run('rotate')->{status}, 0, '... rotates');
sends('sealed to its key');
says(qr/another device of yours rotated to key version 2.*sealed to its key/s,
	'mail for that key is opened: the key comes with the backup');

my $token = decode($bob->run(qw(token --json))->{out})->{token};
sub stream { return E2emsg::Stream->new($gateway, token => $token) }

# The first one to get that status, which is kept.
sub stream_of
{
	my ($status, $what) = @_;
	my $stream;
	ok((wait_until { $stream = stream(); return 1 if $stream->status == $status; $stream->close; 0 } 30), $what);
	return $stream;
}
my @streams = stream_of(200, 'room for two: a stream');
stream_of(503, '... and the command')->close;
$bob->stop;
push @streams, stream_of(200, 'the room of a command that ended is free');
$bob->start(qw(read --wait));
says(qr/waiting.*waiting.*trying again/s, 'without room');
sends('four');
says(qr/four/, '... mail comes all the same');
$_->close for @streams;
says(qr/answers again/, '... and there is room again', 100); # at the end of a pause, and of a wait
is($bob->stop, 0, 'Ctrl-C ends it well');
is(scalar(() = $bob->said =~ /^    (?:before|one|two|three|four)$/mg), 5, 'each message once') or diag $bob->said;

done_testing();
