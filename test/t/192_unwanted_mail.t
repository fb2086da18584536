# Mail that nobody asked for: one sender's share of a mailbox, and blocks, over
# REST and with the command-line client.
use strict;
use warnings;
use E2emsg::Test;

my $server = E2emsg::Server->with_extension;
$server->sql('ALTER DATABASE postgres SET e2emsg.mailbox_quota_messages = 8');
my $origin  = 'https://chat.example.org';
my $gateway = E2emsg::Gateway->new($server, allowed_origins => $origin);

my %exit = (ok => 0, refused => 1, usage => 2, auth => 4);
my $iv_number = 0;

sub call { return $gateway->request(@_) }

# The status, the code and the detail of an answer.
sub says
{
	my ($reply) = @_;
	return join ' ', $reply->{status}, grep { defined } @{ $reply->{json} }{qw(code detail)};
}

sub refused
{
	my ($reply, $expected, $name) = @_;
	is("$reply->{status} $reply->{json}{code}", $expected, $name) or diag $reply->{content};
	return;
}

# Sends an envelope, a new one or that with the number.
sub mail
{
	my ($from, $to, %options) = @_;
	my $number = $options{number} // ++$iv_number;
	return call('POST', '/messages', as => $from, body => {
			receiverId => $to->{id},
			ciphertext => 'c2VhbGVk',
			iv         => sprintf('AAAAAAAAAAAA%04d', $number),
			authTag    => 'AAAAAAAAAAAAAAAAAAAAAA',
			keyVersion => $options{version} // 1,
		});
}

sub does
{
	my ($who, $code, $arguments, $name) = @_;
	my $result = $who->run(@$arguments);
	is($result->{status}, $exit{$code}, $name // $who->name . ": @$arguments")
	  or diag "$result->{out}$result->{err}";
	return $result;
}

my ($alice, $bob, $carol) =
  map { $gateway->register($_->[0], $_->[1]) } [ alice => 0 ], [ bob => 1 ], [ carol => 2 ];

# --- one sender's share -----------------------------------------------------------

is(mail($alice, $bob)->{status}, 201, "alice's share: the first");
is(mail($alice, $bob)->{status}, 201, 'the second');
is(says(mail($alice, $bob)), "409 mailbox_full the sender's share of the mailbox is full", 'no third');
is(mail($alice, $bob, number => 1)->{status}, 200, 'a retry gets its first answer');
is(mail($carol, $bob)->{status}, 201, 'carol has her own');
is(mail($alice, $carol)->{status}, 201, 'and alice one of every mailbox');
is(call('POST', '/messages/ack', as => $bob, body => { through => 1 })->{status}, 200, 'bob reads one');
is(mail($alice, $bob)->{status}, 201, 'so there is room for one');
is(says(mail($alice, $bob)), "409 mailbox_full the sender's share of the mailbox is full", 'for one');
is($server->sql("SELECT last_seq FROM e2emsg.mailboxes WHERE id = '$bob->{id}'"), 4, 'no number is lost');

# --- blocks ------------------------------------------------------------------------

my $block = call('PUT', "/blocks/$alice->{id}", as => $carol);
is($block->{status}, 200, 'PUT /blocks/{id}') or diag $block->{content};
is($block->{json}{senderId}, $alice->{id}, 'says whom');
like($block->{json}{createdAt}, qr/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, 'and since when');
is_deeply(call('PUT', "/blocks/$alice->{id}", as => $carol)->{json}, $block->{json}, 'again: the same');
is_deeply(call('GET', '/blocks', as => $carol)->{json}, { blocks => [ $block->{json} ] }, 'GET /blocks');
my $sent = mail($alice, $carol);
refused($sent, '403 not_accepted', 'the next message is refused');
ok(!defined $sent->{headers}{'www-authenticate'}, 'which no sign-in would change');
refused(mail($alice, $carol, version => 7), '403 not_accepted', 'whatever it is sealed to');
is(mail($alice, $carol, number => 5)->{status}, 200, 'a retry of what was stored before is not');
is(mail($bob, $carol)->{status}, 201, "others' mail is not");
is(mail($carol, $alice)->{status}, 201, 'nor the other way');
is($server->sql("SELECT last_seq FROM e2emsg.mailboxes WHERE id = '$carol->{id}'"), 2, 'nothing refused is there');
is_deeply(call('DELETE', "/blocks/$alice->{id}", as => $carol)->{json}, { senderId => $alice->{id} },
	'DELETE /blocks/{id}');
is(call('DELETE', "/blocks/$alice->{id}", as => $carol)->{status}, 200, 'again: the same');
is_deeply(call('GET', '/blocks', as => $carol)->{json}, { blocks => [] }, 'none is left');
is(mail($alice, $carol)->{status}, 201, 'and mail goes through');

# --- others, and what is no block ------------------------------------------------------

call('PUT', "/blocks/$alice->{id}", as => $carol);
is_deeply(call('GET', '/blocks', as => $alice)->{json}, { blocks => [] }, 'the blocked user sees nothing');
is(call('DELETE', "/blocks/$alice->{id}", as => $alice)->{status}, 200, 'one unblocks for oneself');
refused(mail($alice, $carol), '403 not_accepted', 'and for nobody else');
refused(call($_, "/blocks/$alice->{id}"), '401 missing_token', "$_ without a token") for qw(PUT DELETE);
refused(call('GET', '/blocks'), '401 missing_token', 'GET without a token');
for my $method (qw(PUT DELETE))
{
	refused(call($method, "/blocks/$_", as => $carol), '400 invalid_request', "$method of $_")
	  for 'alice', uc $alice->{id}, "$alice->{id}x", 'x' x 64, '00000000000080008000000000000000';
	refused(call($method, "/blocks/$_", as => $carol), '404 not_found', "$method: no segment")
	  for '', 'x' x 65, "$alice->{id}/x";
}
refused(call('PUT', "/blocks/$alice->{id}", as => $carol, raw => '{}'), '400 invalid_request', 'PUT with a body');
like(call('DELETE', "/blocks/$alice->{id}", as => $carol, raw => '{}')->{content}, qr/bad_request_framing/,
	'DELETE with a body');
refused(call('DELETE', "/blocks/$alice->{id}?all=1", as => $carol), '400 invalid_request', 'a query');
for my $case ([ 'POST', "/blocks/$bob->{id}", 'PUT, DELETE' ], [ 'DELETE', '/blocks', 'GET' ])
{
	my ($method, $path, $allow) = @$case;
	my $reply = call($method, $path, as => $carol, $method eq 'POST' ? (raw => '{}') : ());
	refused($reply, '405 method_not_allowed', "$method $path");
	is($reply->{headers}{allow}, $allow, "Allow: $allow");
}
is(call('OPTIONS', "/blocks/$bob->{id}", headers => { Origin => $origin, 'Access-Control-Request-Method' => 'DELETE' })
	  ->{headers}{'access-control-allow-methods'}, 'PUT, DELETE', 'pages of a listed site may call');
is(call('PUT', '/blocks/00000000-0000-8000-8000-000000000000', as => $carol)->{status}, 200,
	'whoever is blocked may be elsewhere');
$server->sql("SELECT count(e2emsg.block_sender('$carol->{id}', md5(n::text)::uuid)) FROM generate_series(1, 998) n");
refused(call('PUT', "/blocks/$bob->{id}", as => $carol), '409 too_many_blocks', 'the thousand and first');
is(scalar @{ call('GET', '/blocks', as => $carol)->{json}{blocks} }, 1000, 'a thousand are listed');
$server->sql("SELECT e2emsg.delete_user('$carol->{id}')");
is_deeply(call('GET', '/blocks', as => $carol)->{json}, { blocks => [] }, 'they went with the user');
refused(call('PUT', "/blocks/$bob->{id}", as => $carol), '404 unknown_user', 'who can block nobody');
is(mail($carol, $bob)->{status}, 201, 'whose token still sends');
refused(call('POST', '/sessions/refresh', as => $carol), '404 unknown_user', '... but is not renewed');
call('PUT', "/blocks/$carol->{id}", as => $bob);
refused(mail($carol, $bob), '403 not_accepted', '... and can be blocked like any other');

# --- the command-line client ----------------------------------------------------------

$server->sql('ALTER DATABASE postgres RESET e2emsg.mailbox_quota_messages');
my $dave = E2emsg::Client->new($gateway, 'dave');
my $erin = E2emsg::Client->new($gateway, 'erin');
does($dave, ok => [qw(send erin hello)]);
does($erin, ok => ['blocks'], 'no blocks');
like(does($erin, ok => [qw(block dave)])->{err}, qr/dave is blocked/, 'says so');
like(does($erin, ok => ['blocks'])->{out}, qr/^dave  since \d{4}-/, 'blocks');
is(decode(does($erin, ok => [qw(blocks --json)])->{out})->{peer}, 'dave', 'blocks --json');
my $result = does($dave, refused => [qw(send erin again)], 'who is blocked is told');
like($result->{err}, qr/takes no mail from you.*\n.*unblock you/, 'and who could change that');
does($dave, ok => [qw(send --retry)], 'nothing waits in the outbox');
is(does($erin, ok => [qw(read)])->{out}, '', 'what came before and was not read is not kept');
is(decode(does($erin, ok => [qw(read --all --json)])->{out})->{state}, 'blocked', '... which a program sees');
is($server->sql("SELECT acked_seq FROM e2emsg.mailboxes WHERE id = e2emsg.find_user('erin')"), 1, '... and acknowledged');
like(does($erin, refused => [qw(send dave hi)])->{err}, qr/you block dave.*\n.*unblock dave/, 'nobody writes to whom one blocks');
my $id = $server->sql("SELECT e2emsg.find_user('dave')");
like(does($erin, ok => [ 'unblock', $id ], 'unblock by the id')->{err}, qr/is not blocked any more$/m, 'says so');
like(does($erin, ok => [qw(unblock dave)], 'again')->{err}, qr/dave is not blocked$/m, 'says so, and not that this is new');
my $nobody = does($erin, ok => [qw(blocks --json)]);
is($nobody->{out}, '', 'no blocks');
is($nobody->{err}, "e2emsg: nobody is blocked\n", '... and says so');
does($dave, ok => [qw(send erin again)]);
like(does($erin, ok => ['read'])->{out}, qr/again/, 'mail is read again');
call('PUT', "/blocks/$id", token => decode(does($erin, ok => [qw(token --json)])->{out})->{token});
does($erin, ok => [qw(send dave hi)]);
does($erin, ok => ['blocks'], 'what another device blocked');
does($erin, refused => [qw(send dave hi)], '... counts here once it was shown');
does($erin, ok => [qw(unblock dave)]);
does($erin, ok => [qw(block 00000000-0000-8000-8000-000000000000)], 'an id that nobody has here');
like(does($erin, ok => ['blocks'])->{out}, qr/^00000000-0000-8000-8000-000000000000  since/, 'is shown as it is');
my $blocked = does($erin, ok => [qw(blocks --json)])->{out};
does($erin, refused => [qw(block nobody)], 'a name that nobody has');
does($erin, usage => [ 'block', 'No Such Name' ]);
does($erin, usage => ['block']);
my $own = decode(does($erin, ok => [qw(whoami --json)])->{out})->{userId};
for my $self ('erin', $own)
{
	like(does($erin, usage => [ 'block', $self ])->{err}, qr/\Q$self\E is this account itself/, 'nobody blocks oneself');
}
is(does($erin, ok => [qw(blocks --json)])->{out}, $blocked, 'nor was anything blocked');

done_testing();
