# The browser client's files, as the gateway serves them.
use strict;
use warnings;
use File::Find;
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);
my $folder  = top_dir() . '/gateway/web';

my %type = (
	html        => 'text/html; charset=utf-8',
	js          => 'text/javascript; charset=utf-8',
	css         => 'text/css; charset=utf-8',
	json        => 'application/json',
	webmanifest => 'application/manifest+json',
	svg         => 'image/svg+xml',
	png         => 'image/png',
	ts          => 'text/plain; charset=utf-8',
	LICENSE     => 'text/plain; charset=utf-8',
);

# Pages name their files below the name of the build, and modules beforehand.
sub is_file
{
	my ($content, $path) = @_;
	if ($path =~ /\.html$/)
	{
		$content =~ s{^<link rel="modulepreload" [^\n]*\n}{}mg;
		$content =~ s{^(<(?:link|script) .*"/web/)[0-9a-f]{16}/}{$1}mg;
	}
	return $content eq slurp("$folder/$path");
}

my @files;
find({ no_chdir => 1,
	wanted => sub { push @files, substr $_, 1 + length $folder
		  if -f && !/\.md$|\/package\.json$/ } }, $folder);
cmp_ok(scalar @files, '>', 0, 'there are files');
for my $path (sort @files)
{
	my $reply = $gateway->request('GET', "/web/$path");
	is($reply->{status}, 200, "$path: served");
	ok(is_file($reply->{content}, $path), "$path: byte by byte")
	  or diag 'the gateway was built from other files';
	is($reply->{headers}{'content-type'}, $type{ $path =~ /([^.\/]+)$/ ? $1 : '' },
		"$path: its type");
}

# --- pages and caches

my $page = $gateway->request('GET', '/');
ok(is_file($page->{content}, 'index.html'), '/ is index.html');
my $etag = $page->{headers}{etag};
like($etag, qr/^"[0-9a-f]{32}"$/, 'an ETag');
is($gateway->request('GET', '/web/index.html')->{headers}{etag}, $etag, 'of the contents');
is($page->{headers}{'cache-control'}, 'public, no-cache', 'a cache asks each time');
my $again = $gateway->request('GET', '/', headers => { 'If-None-Match' => qq("x", W/$etag) });
is($again->{status}, 304, 'nothing new: 304');
is($again->{content}, '', '... without a body');
is($again->{headers}{etag}, $etag, '... with the ETag');
is($again->{headers}{'content-security-policy'}, $page->{headers}{'content-security-policy'},
	'... and the same policy');
is($gateway->request('GET', '/', headers => { 'If-None-Match' => '"other"' })->{status}, 200,
	'another ETag: all of it');
is($gateway->request('GET', '/docs')->{status}, -e "$folder/docs.html" ? 200 : 404, '/docs');

# --- the files of a build, which a browser keeps

my $forever = 'public, max-age=31536000, immutable';
my %named   = map { $_ => 1 } map { $gateway->request('GET', $_)->{content} =~ m{/web/([0-9a-f]{16})/}g }
  '/', '/docs', '/web/demo.html';
is(scalar keys %named, 1, 'all pages name one build');
my ($build) = keys %named;
my $other = $build =~ tr/0-9a-f/1-9a-f0/r;

sub in_build
{
	my ($name, $path, %headers) = @_;
	return $gateway->request('GET', "/web/$name/$path", headers => \%headers);
}

for my $path (sort @files)
{
	my $plain = $gateway->request('GET', "/web/$path");
	my ($ours, $foreign) = map { in_build($_, $path) } $build, $other;
	is($ours->{headers}{'cache-control'}, $path =~ /\.html$/ ? 'public, no-cache' : $forever,
		"$path: " . ($path =~ /\.html$/ ? 'a page is asked for' : 'kept for ever'));
	is($foreign->{headers}{'cache-control'}, 'public, no-cache', "... not as another build's");
	is($plain->{headers}{'cache-control'}, 'public, no-cache', '... nor as nobody\'s');
	for my $reply ($ours, $foreign)
	{
		$reply->{headers}{$_} = $plain->{headers}{$_} for 'cache-control', 'date';
		is_deeply([ @$reply{qw(status headers content)} ], [ @$plain{qw(status headers content)} ],
			'... otherwise the same answer');
	}
}
for my $codings ('identity', 'gzip')
{
	my %takes = ('Accept-Encoding' => $codings);
	my $known = in_build($build, 'e2emsg.js', %takes)->{headers}{etag};
	my %again = map { $_ => in_build($_, 'e2emsg.js', %takes, 'If-None-Match' => $known) } $build, $other;
	is($again{$build}{status}, 304, "$codings: nothing new: 304");
	is($again{$build}{headers}{'cache-control'}, $forever, '... and still for ever');
	is($again{$other}{status}, 304, "$codings: of another build: 304");
	is($again{$other}{headers}{'cache-control'}, 'public, no-cache', '... and not for ever');
}
for my $path (
	$build, "$build/", "$build/nothing.js", "$build/crypto", "$build/$build/e2emsg.js", "$other/$build/e2emsg.js",
	"$build/web/e2emsg.js", uc($build) . '/e2emsg.js', substr($build, 1) . '/e2emsg.js', "0$build/e2emsg.js",
	substr($build, 1) . 'g/e2emsg.js', "$build//e2emsg.js", "$build/./e2emsg.js", "$build/e2emsg.js/",
	"page/$build/chat.js", "$build;/e2emsg.js", "$build/" . 'x' x 47, "$build/" . 'x' x 48, "$other/nothing.js")
{
	my $reply = $gateway->request('GET', "/web/$path");
	is($reply->{status}, 404, "/web/$path: 404");
	is($reply->{headers}{'cache-control'}, 'no-store', '... which is not kept');
}
for my $path ("$build/../e2emsg.js", "$build/../../web.c", "../web/$build/e2emsg.js", "$build%2fe2emsg.js",
	"$build/%2e%2e/e2emsg.js", "$build\\e2emsg.js", "$build%00/e2emsg.js", "$build/e2emsg.js?x=1")
{
	my $reply = $gateway->request('GET', "/web/$path");
	like($reply->{status}, qr/^40[04]$/, "/web/$path: refused");
	is($reply->{headers}{'cache-control'}, 'no-store', '... which is not kept');
}
for my $method (qw(HEAD POST PUT DELETE OPTIONS))
{
	my ($answer) = $gateway->raw("$method /web/$build/e2emsg.js HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 5);
	like($answer, qr/^HTTP\/1\.1 405 .*\r\nCache-Control: no-store\r\n.*Allow: GET\r\n/s, "$method: 405");
}

# --- which build it is

sub build_of
{
	my ($web) = @_;
	my $made = qx(sh '@{[ top_dir() ]}/gateway/embed.sh' '$web' '$web.out');
	return $made =~ /web_build\[\] = "([0-9a-f]{16})"/ ? $1 : undef;
}

my $copy = scratch_dir() . '/web';
system('cp', '-R', $folder, $copy) == 0 or die 'cp failed';
is(build_of($copy), $build, 'the same files are the same build');
open my $out, '>>', "$copy/page/time.js" or die $!;
print $out "\n";
close $out or die $!;
my $changed = build_of($copy);
isnt($changed, $build, 'another byte: another build');
rename "$copy/icon.svg", "$copy/icons.svg" or die $!;
isnt(build_of($copy), $changed, 'another name: another build');

# --- compressed, for who takes it

use IO::Uncompress::Gunzip qw(gunzip);

sub packed
{
	my ($path, $codings, %more) = @_;
	return $gateway->request('GET', $path, headers => { 'Accept-Encoding' => $codings, %more });
}

for my $path (sort @files)
{
	my $reply = packed("/web/$path", 'gzip, deflate, br');
	my $plain;
	is($reply->{headers}{'content-encoding'}, 'gzip', "$path: with gzip");
	gunzip(\$reply->{content}, \$plain);
	ok(is_file($plain, $path), '... the same file');
}
my $small = packed('/', 'gzip');
is($small->{headers}{vary}, 'Accept-Encoding', 'a cache is told what it depends on');
is($page->{headers}{vary}, 'Accept-Encoding', '... also with the plain file');
is($page->{headers}{'content-encoding'}, undef, 'nobody gets it unasked');
isnt($small->{headers}{etag}, $etag, 'it has an ETag of its own');
my $none = packed('/', 'gzip', 'If-None-Match' => $small->{headers}{etag});
is($none->{status}, 304, '... which is known again');
is($none->{headers}{'content-encoding'}, undef, '... and nothing is encoded then');
is(packed('/', 'gzip', 'If-None-Match' => $etag)->{status}, 200, '... and is not that of the plain file');
is(packed('/', $_)->{headers}{'content-encoding'}, 'gzip', "Accept-Encoding: $_")
  for 'br, GZIP', 'gzip;q=0.5', 'gzip ; Q=1', "deflate , gzip ", ',,gzip';
is(packed('/', $_)->{headers}{'content-encoding'}, undef, "Accept-Encoding: $_")
  for 'br', 'gzip;q=0', 'gzip;q=0.000 , br', 'gzip;q=', 'gzip;x=1', 'gzipped', 'x-gzip', 'gzip gzip', ';q=1',
  'identity', 'x' x 300;

# --- what a browser is told

my %directive = map { /^(\S+) (.*)$/ ? ($1 => $2) : () } split /; /,
  $page->{headers}{'content-security-policy'};
is_deeply(
	\%directive,
	{
		'default-src'               => q('none'),
		'script-src'                => q('self'),
		'style-src'                 => q('self'),
		'img-src'                   => q('self'),
		'connect-src'               => q('self'),
		'manifest-src'              => q('self'),
		'base-uri'                  => q('none'),
		'form-action'               => q('none'),
		'frame-ancestors'           => q('none'),
		'require-trusted-types-for' => q('script'),
		'trusted-types'             => q('none'),
	},
	'the policy');
my %field = (
	'cross-origin-opener-policy'   => 'same-origin',
	'cross-origin-resource-policy' => 'same-origin',
	'referrer-policy'              => 'no-referrer',
	'x-content-type-options'       => 'nosniff',
);
is($page->{headers}{$_}, $field{$_}, "$_: $field{$_}") for sort keys %field;
like($page->{headers}{'permissions-policy'}, qr/\bcamera=\(\), .*geolocation=\(\), .*microphone=\(\)/,
	'permissions-policy');
is($gateway->request('GET', '/key-log')->{headers}{'content-security-policy'},
	q(default-src 'none'), 'answers of the API keep their own');
for my $path (@files)
{
	next if $path !~ /\.html$/;
	my $html = slurp("$folder/$path");
	unlike($html, qr/<script(?![^>]*\ssrc=)|<style|\s(?:style|on\w+)\s*=/i, "$path: nothing inline");
	unlike($html, qr/(?:src|href)\s*=\s*["']?(?:https?:)?\/\//i, "$path: nothing from elsewhere");
}

# --- what is not served

for my $path ('/web', '/web/', '/web/nothing.js', '/web/crypto', '/web/index.html/', '/index.html',
	'/web/Makefile', '/web/index.html.', '/web/' . 'x' x 65, '/demo')
{
	my $reply = $gateway->request('GET', $path);
	is($reply->{status}, 404, "$path: 404");
	is($reply->{json}{code}, 'not_found', '... as a problem');
}
for my $path ('/web/../web.c', '/web/%2e%2e/web.c', '/web//index.html', '//web/index.html')
{
	like($gateway->request('GET', $path)->{status}, qr/^40[04]$/, "$path: refused");
}
for my $method (qw(HEAD POST PUT DELETE OPTIONS))
{
	my ($answer) = $gateway->raw("$method / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 5);
	like($answer, qr/^HTTP\/1\.1 405 .*\r\nAllow: GET\r\n/s, "$method: 405");
}
is($gateway->request('GET', '/?x=1')->{status}, 400, 'a query that nobody knows: 400');

my $without = E2emsg::Gateway->new($server, web => 'off', log_signer => '');
is($without->request('GET', $_)->{status}, 404, "web = off: $_")
  for '/', '/docs', '/web/index.html', "/web/$build/e2emsg.js";
is($without->request('POST', '/sessions/challenge', body => { username => 'alice' })->{status}, 200,
	'... and the API is there');
is($gateway->stop, 0, 'a clean end');

done_testing();
