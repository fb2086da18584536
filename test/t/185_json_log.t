# log_format = json: each line is one object, whatever clients send.
use strict;
use warnings;
use E2emsg::Test;

my $server   = E2emsg::Server->with_extension;
my $settings = scratch_dir() . '/settings';

sub write_settings
{
	open my $file, '>', $settings or die "$settings: $!\n";
	print $file @_;
	close $file or die "$settings: $!\n";
	return;
}

write_settings("log_format = json\nlog_level = debug\nallowed_origins = https://chat.example.org\n");
my $gateway = E2emsg::Gateway->new($server, config => $settings);
my $alice   = $gateway->register('alice', 0);

is($gateway->request('GET', '/messages', as => $alice)->{status}, 200, 'a call');
is($gateway->request('GET', '/"},{"level":"error"')->{status}, 404, 'a path that would be members');
is($gateway->request('OPTIONS', '/messages', headers => {
		Origin => 'https://evil.example', 'Access-Control-Request-Method' => 'POST' })->{status},
	403, 'a line with what the client says');
is($gateway->request('POST', '/messages', as => $alice, raw => qq({"a":"\n\\"}))->{status}, 400, 'a bad body');
for my $bytes ("GET /\x1b[2J\"\\\xff HTTP/1.1\r\nHost: x\r\n\r\n", "\"}\n{\"level\":\"error\"}\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: \"\\\x01\r\nX: \xff\xfe\r\n\r\n")
{
	$gateway->raw($bytes, 5);
}
write_settings("log_format = jason\n");
kill 'HUP', $gateway->pid;
ok(wait_until(sub { $gateway->log =~ /settings were not reloaded/ }, 10), 'a format that there is not');

my @lines = map { decode($_) // diag("no JSON: $_") } split /\n/, $gateway->log;
is(scalar(grep { ref $_ ne 'HASH' } @lines), 0, 'each line is an object');
@lines = grep { ref $_ eq 'HASH' } @lines;
is(scalar(grep { $_->{time} !~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/ } @lines), 0, 'with its time');
my @access = grep { $_->{level} eq 'access' } @lines;
is_deeply([ sort keys %{ $access[0] } ], [qw(level method ms route status time)], 'members of a request');
is(join(' ', @{ $access[1] }{qw(method route status)}), 'GET /messages 200', 'a request');
is(join(' ', @{ $access[2] }{qw(method route status)}), '- - 404', 'one that no route has');
ok(@access >= 7, 'one line for each');
my @messages = grep { $_->{level} ne 'access' } @lines;
is(scalar(grep { join(' ', sort keys %$_) ne 'level message time' || $_->{level} !~ /^(?:error|warn|info|debug)\z/ } @messages),
	0, 'members of a message');
ok((grep { $_->{level} eq 'info' && $_->{message} =~ /^serving http:/ } @messages), 'the first');
ok((grep { $_->{level} eq 'warn' && $_->{message} =~ /^a page of https:\/\/evil\.example may not use the service/ } @messages), 'a warning');
ok((grep { $_->{level} eq 'error' && $_->{message} =~ /log_format must be one of text\|json/ } @messages), 'an error');
unlike($gateway->log, qr/\Q$alice->{token}\E/, 'no token');

write_settings("log_format = text\n");
kill 'HUP', $gateway->pid;
ok(wait_until(sub { $gateway->log =~ /^\S+Z info settings reloaded$/m }, 10), 'SIGHUP: as text from now on');
is($gateway->stop, 0, 'a clean end');

done_testing;
