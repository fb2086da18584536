# The server is blind: after a conversation nothing that it holds contains a
# plaintext or a private key, raw, in hex or in base64.
use strict;
use warnings;
use File::Find;
use MIME::Base64 qw(encode_base64 decode_base64 decode_base64url);
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server, log_level => 'debug');
$server->sql(q{ALTER SYSTEM SET log_statement = 'all'});
$server->sql(q{ALTER SYSTEM SET log_parameter_max_length_on_error = -1});
$server->sql(q{SELECT pg_reload_conf()});

# A conversation: both suites, long and short, rotations, refusals.
my $alice = E2emsg::Client->new($gateway, 'alice');
my $bob   = E2emsg::Client->new($gateway, 'bob');
my $carol = E2emsg::Client->new($gateway, 'carol', '--unsigned');
my @texts = ('The password is swordfish-4711.', 'Zw' x 3000 . ' end of a long text');
my $number = 0;

sub sends
{
	my ($who, @arguments) = @_;
	my $text = 'Message ' . ++$number . ': ' . $texts[ $number % 2 ];
	push @texts, $text;
	my $result = $who->run('send', @arguments, $text);
	is($result->{status}, 0, $who->name . " sends to $arguments[0]") or diag $result->{err};
	return;
}

for my $round (1 .. 3)
{
	sends($alice, 'bob');
	sends($bob,   'alice');
	sends($alice, 'carol', '--unsigned-ok', '--suite', '0');
	is($bob->run('rotate')->{status}, 0, 'bob rotates') if $round < 3;
	sends($alice, 'bob');
	$_->run('read') for $alice, $bob, $carol;
}
my $backup = $alice->run('backup');
is($backup->{status}, 0, 'alice backs up') or diag $backup->{err};
$alice->run('rotate');
$server->sql(<<'SQL');
UPDATE e2emsg.messages SET ciphertext = set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1)
WHERE mailbox_id = e2emsg.find_user('bob') AND seq = 1
SQL
like($server->refused(q{SELECT e2emsg.send_message(NULL, e2emsg.find_user('bob'), '', '', '', 1)}),
	qr/^ME/, 'and a refusal for the log');

# What must not be found: every text, and every private key that a client has.
my %secrets = map { ("text $_" => $texts[$_]) } 0 .. $#texts;
for my $who ($alice, $bob, $carol)
{
	find(sub {
			return if !/\.pem$/;
			my ($body) = slurp($_) =~ /-----BEGIN[^\n]*\n(.*?)-----END/s or return;
			my $der = decode_base64($body);
			my ($scalar) = $der =~ /\x02\x01\x01\x04\x20(.{32})/s or return;
			$secrets{ $who->name . " $_" } = $scalar;
		}, $who->folder);
}
($secrets{'recovery code'}) = $backup->{out} =~ /(\S+)/;
$secrets{'backup key'} = decode_base64url(decode(slurp($alice->folder . '/backup.json'))->{backupKey});
cmp_ok(scalar(grep { /pem/ } keys %secrets), '>=', 7, 'the private keys of three clients');

# A needle for each way to write a secret; base64 in its three alignments.
my %needles;
for my $name (keys %secrets)
{
	my $secret = substr $secrets{$name}, 0, 48;
	$needles{$secret} = "$name, raw";
	my $hex = unpack 'H*', $secret;
	$needles{ lc $hex } = "$name, hex";
	$needles{ uc $hex } = "$name, hex";
	for my $shift (0 .. 2)
	{
		my $text = encode_base64('x' x $shift . $secret, '');
		$text = substr $text, $shift ? 4 : 0;
		$text =~ s/=+$//;
		$text = substr $text, 0, -1;
		$needles{$text} = "$name, base64";
		(my $url = $text) =~ tr{+/}{-_};
		$needles{$url} = "$name, base64url";
	}
}
my $pattern = join '|', map { quotemeta } sort keys %needles;
my $matcher = qr/($pattern)/;

sub is_blind
{
	my ($name, $bytes) = @_;
	my ($found) = $bytes =~ $matcher;
	ok(!defined $found, $name) or diag "$needles{$found} stands in $name";
	return;
}

# The search finds what is there.
like(json({ k => encode_base64("xx$secrets{'text 0'}yy", '') }), $matcher, 'the search sees base64');
like(unpack('H*', "xx$secrets{'alice identity.pem'}"), $matcher, 'and hex');
my $mail = '';
find(sub { $mail .= slurp($_) if -f && /mail/ }, $bob->folder);
like($mail, $matcher, "and finds the texts in bob's own folder");

# The dump, in text and with all data
my $dump = $server->run([qw(pg_dumpall)]);
is($dump->{status}, 0, 'pg_dumpall') or diag $dump->{err};
like($dump->{out}, qr/COPY e2emsg\.messages/, 'it has the messages');
is_blind('the dump', $dump->{out});
my $inserts = $server->run([qw(pg_dump --inserts)]);
is_blind('the dump with inserts', $inserts->{out});

is($gateway->stop, 0, 'the gateway ends well');
is_blind("the gateway's log", $gateway->log);
is_blind("the gateway's folder", join '', map { slurp($_) } glob $gateway->dir . '/*');

# The data folder after a shutdown: tables, WAL, everything
$server->stop('fast');
my ($files, $bytes) = (0, 0);
my @found;
find({
		no_chdir => 1,
		wanted   => sub {
			return if !-f;
			my $content = slurp($_);
			$files++;
			$bytes += length $content;
			push @found, "$needles{$1} in $_" if $content =~ $matcher;
		}
	}, $server->data_dir);
is_deeply(\@found, [], 'the data folder with its WAL');
cmp_ok($files, '>', 500, 'all its files were read');
cmp_ok($bytes, '>', 16e6, 'and the WAL with them');
is_blind("the server's log", slurp($server->log_file));
like(slurp($server->log_file), qr/rest_send_messages/, 'which has every statement');

done_testing();
