# Pages of other sites: closed by default, listed origins, nothing else.
use strict;
use warnings;
use E2emsg::Test;
use E2emsg::Stream;

my $server  = E2emsg::Server->with_extension;
my $listed  = 'https://chat.example.org';
my $gateway = E2emsg::Gateway->new($server,
	allowed_origins => "$listed http://localhost:3000");
my $closed = E2emsg::Gateway->new($server, log_signer => '',
	secret_file => $gateway->dir . '/secret');
my $alice = $gateway->register('alice', 0);

sub preflight
{
	my ($origin, %options) = @_;
	return ($options{at} // $gateway)->request('OPTIONS', $options{path} // '/messages',
		headers => {
			defined $origin ? (Origin => $origin) : (),
			$options{plain} ? () : ('Access-Control-Request-Method' => $options{method} // 'POST'),
			'Access-Control-Request-Headers' => 'authorization,content-type',
		});
}

# The CORS fields of a reply.
sub permission
{
	my ($reply) = @_;
	return { map { /^access-control-(.*)/ ? ($1 => $reply->{headers}{$_}) : () }
		  keys %{ $reply->{headers} } };
}

# --- asking beforehand ------------------------------------------------------

my $reply = preflight($listed);
is($reply->{status}, 204, 'a preflight of a listed origin');
is($reply->{content}, '', 'no content');
is($reply->{headers}{'content-length'}, undef, 'and no length');
is($reply->{headers}{vary}, 'Origin', 'Vary');
is_deeply(permission($reply), {
		'allow-origin'  => $listed,
		'allow-methods' => 'GET, POST',
		'allow-headers' => 'Authorization, Content-Type, If-None-Match, Last-Event-ID',
		'max-age'       => 7200,
	}, 'what it allows');
is(permission(preflight('http://localhost:3000', path => '/users/bob/public-key'))->{'allow-methods'},
	'GET, PUT', 'another origin, another path');
is(permission(preflight($listed, path => '/messages/stream', method => 'GET'))->{'allow-methods'},
	'GET', 'the stream');

for my $origin ('https://evil.example', 'http://chat.example.org', 'https://chat.example.org:8443',
	'https://chat.example.org.evil.example', "$listed/", "$listed $listed", 'null', '*', '',
	'HTTPS://CHAT.EXAMPLE.ORG', 'x' x 1000, "$listed http://localhost:3000")
{
	$reply = preflight($origin);
	my $expected = $origin eq '' ? '405 method_not_allowed' : '403 origin_not_allowed';
	is("$reply->{status} $reply->{json}{code}", $expected, 'refused: ' . substr $origin, 0, 60);
	is_deeply(permission($reply), {}, 'without any permission');
}
like($gateway->log, qr/ warn a page of https:\/\/evil\.example may not use the service; if it should, add it to the setting allowed_origins\n/,
	'the log names the origin and the setting');
like($gateway->log, qr/ warn a page may not use the service: its origin \("null" or malformed\)/,
	'but no malformed one');
unlike($gateway->log, qr/xxxx|evil\.example http|\*\)/, 'nothing else of it');
preflight("https://flood$_.example") for 1 .. 40;
my $lines = () = $gateway->log =~ / may not use the service/g;
cmp_ok($lines, '<=', 20, 'there are not many such lines');

is(preflight($listed, path => '/nope')->{status}, 404, 'a path that no route has');
is(preflight(undef)->{status}, 405, 'OPTIONS without an origin');
is(preflight($listed, plain => 1)->{status}, 405, 'OPTIONS that is no preflight');
$reply = preflight($listed, at => $closed);
is("$reply->{status} $reply->{json}{code}", '403 origin_not_allowed', 'closed by default');
is($reply->{headers}{vary}, undef, 'and then the same for all');
my ($raw) = $gateway->raw("OPTIONS /messages HTTP/1.1\r\nHost: x\r\nOrigin: $listed\r\n"
	  . "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n", 5);
like($raw, qr{^HTTP/1.1 400 }, 'two origins');
unlike($raw, qr/Access-Control/, 'get none');

# --- calls ------------------------------------------------------------------

sub call
{
	my ($origin, $path, %options) = @_;
	return ($options{at} // $gateway)->request('GET', $path, as => $alice,
		headers => { defined $origin ? (Origin => $origin) : () }, %options);
}

my $given = {
	'allow-origin'   => $listed,
	'expose-headers' => 'ETag, Location, RateLimit, RateLimit-Policy, Retry-After'
};
is_deeply(permission(call($listed, '/messages')), $given, 'a call of a listed origin');
is_deeply(permission(call($listed, '/users/alice/public-key')), $given, 'with an ETag');
is_deeply(permission(call($listed, '/messages?limit=0')), $given, 'a problem');
is_deeply(permission(call($listed, '/messages', as => undef)), $given, 'without a token');
is_deeply(permission(call($listed, '/nope')), $given, 'a path that no route has');
is(call($listed, '/messages')->{headers}{vary}, 'Origin', 'Vary');
is(call(undef,   '/messages')->{headers}{vary}, 'Origin', 'Vary for those without an origin, too');
for my $origin ('https://evil.example', 'null', $gateway->url, undef)
{
	$reply = call($origin, '/messages');
	is($reply->{status}, 200, 'served: ' . ($origin // 'no origin'));
	is_deeply(permission($reply), {}, 'without permission to read it');
}
is_deeply(permission(call($listed, '/messages', at => $closed)), {}, 'closed by default');
$reply = $gateway->request('POST', '/users', headers => { Origin => $listed },
	body => { username => 'bob', publicKey => public_jwk(1) });
is($reply->{status}, 201, 'POST of a listed origin');
is_deeply(permission($reply), $given, 'and its permission');

my $stream = E2emsg::Stream->new($gateway, as => $alice, headers => { Origin => $listed });
is($stream->headers->{'access-control-allow-origin'}, $listed, 'a stream');
is($stream->headers->{'access-control-allow-credentials'}, undef, 'never credentials');
$stream->close;
$stream = E2emsg::Stream->new($gateway, as => $alice, headers => { Origin => 'https://evil.example' });
is($stream->headers->{'access-control-allow-origin'}, undef, 'a stream of another origin');
$stream->close;

# --- what no browser asks about beforehand, as a module ---------------------

my $quiet = E2emsg::Gateway->new($server, allowed_origins => $listed, log_signer => '',
	secret_file => $gateway->dir . '/secret');

# A module that a browser asks for, and for which page.
sub import_for
{
	my ($origin, $site, $path) = @_;
	return $quiet->request('GET', $path // '/web/e2emsg.js', headers => {
			defined $origin ? (Origin => $origin) : (),
			defined $site ? ('Sec-Fetch-Site' => $site, 'Sec-Fetch-Mode' => 'cors') : (),
		});
}

is_deeply(permission(import_for($listed, 'cross-site')), $given, 'a module for a listed origin');
is(import_for(undef, $_)->{status}, 200, "no page, $_") for 'none', 'same-origin', 'cross-site';
import_for('https://own.example', 'same-origin');    # whose Host a proxy has changed
import_for('https://own.example', undef);            # no browser, or no https
import_for('https://own.example', $_) for 'cross-site, same-site', 'cross', 'x' x 1000, '';
$quiet->request('GET', '/nope');
unlike($quiet->log, qr/allowed_origins|its origin/, 'nothing is logged of those that may, or need not');
$reply = import_for('https://shop.example', 'cross-site');
is($reply->{status}, 200, 'a module for another origin is served');
is_deeply(permission($reply), {}, 'without permission to use it');
like($quiet->log, qr/ warn a page of https:\/\/shop\.example may not use the service; if it should, add it to the setting allowed_origins\n/,
	'and the log names the setting');
import_for('https://sub.example', 'same-site', '/key-log');
like($quiet->log, qr/ a page of https:\/\/sub\.example may not use/, 'a call, and of the same site, too');
import_for("https://flood$_.example", 'cross-site') for 1 .. 40;
$lines = () = $quiet->log =~ / may not use the service/g;
cmp_ok($lines, '<=', 20, 'there are not many such lines');

# --- another list, while it runs --------------------------------------------

my $settings = scratch_dir() . '/settings';

sub write_settings
{
	open my $file, '>', $settings or die "$settings: $!\n";
	print $file "allowed_origins = $_[0]\n";
	return close $file;
}

write_settings($listed);
my $changing = E2emsg::Gateway->new($server, log_signer => '', config => $settings,
	secret_file => $gateway->dir . '/secret');
is(preflight($listed, at => $changing)->{status}, 204, 'the list of a file');
write_settings('https://other.example');
kill 'HUP', $changing->pid;
ok(wait_until(sub { preflight($listed, at => $changing)->{status} == 403 }, 10), 'SIGHUP: another one');
is(preflight('https://other.example', at => $changing)->{status}, 204, 'counts at once');
write_settings('https://other.example/');
kill 'HUP', $changing->pid;
ok(wait_until(sub { $changing->log =~ /settings were not reloaded: allowed_origins: "https:\/\/other\.example\/" is no origin/ }, 10),
	'a bad list is refused');
is(preflight('https://other.example', at => $changing)->{status}, 204, 'and changes nothing');
is($changing->stop, 0, 'it ends well');

done_testing;
