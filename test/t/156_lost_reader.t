# A reader whose machine is gone says nothing: no place is kept for it.
use strict;
use warnings;
use E2emsg::Test;
use E2emsg::Stream;
use Socket qw(SOL_SOCKET);

# Of Linux: asm-generic/socket.h, linux/bpf_common.h
use constant SO_ATTACH_FILTER => 26;
use constant BPF_RET => 0x06;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server, streams_per_user => 1);
my ($alice, $bob) = map { $gateway->register($_->[0], $_->[1]) } [ 'alice', 0 ], [ 'bob', 1 ];

# Its kernel throws away all that comes, unseen: no acknowledgement, no RST.
sub lose
{
	my ($socket) = @_;
	my $nothing = pack 'SCCL', BPF_RET, 0, 0, 0;
	return setsockopt $socket, SOL_SOCKET, SO_ATTACH_FILTER, pack('S x![J] P', 1, $nothing);
}

my $stream = E2emsg::Stream->new($gateway, as => $bob);
is($stream->status, 200, 'a stream');
ok(lose($stream->socket), 'whose machine is gone') or diag($!);
is(E2emsg::Stream->new($gateway, as => $bob)->status, 503, 'its place is taken');
is($gateway->request('POST', '/messages', as => $alice,
	body => { receiverId => $bob->{id}, ciphertext => 'c2VhbGVk', iv => 'EEEEEEEEEEEE0001',
		authTag => 'AAAAAAAAAAAAAAAAAAAAAA', keyVersion => 1 })->{status}, 201, 'mail for it');
is($stream->next(2), undef, '... does not come');
my $next;
ok(wait_until(sub { ($next = E2emsg::Stream->new($gateway, as => $bob))->status == 200 }, 240),
	'until the gateway notices, long before the kernel would');
is($next->next(30)->{id}, 1, '... and the mail is still there');
is($gateway->stop, 0, 'a clean end');

done_testing();
