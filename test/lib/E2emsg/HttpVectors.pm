package E2emsg::HttpVectors;

# The requests of test/vectors/http/, as bytes; see the README there.
#
#   raw_cases($token)   raw_requests.json -> ({ id, name, expected, request })
#   guardian_cases()    http-desync-guardian -> ({ name, tier, request })
#   llhttp_cases()      llhttp -> ({ name, request, lenient, error, whole })
#
# What raw requests smuggle asks for smuggled_route(), which no other asks for.

use strict;
use warnings;
use Exporter 'import';
use MIME::Base64 qw(decode_base64);
use E2emsg::Test qw(top_dir slurp decode);

our @EXPORT = qw(raw_cases guardian_cases llhttp_cases smuggled_route);

my $vectors = top_dir() . '/test/vectors/http';

sub smuggled_route { return '/key-log' }

# --- raw_requests.json ---------------------------------------------------------

# A real route in the place of /api, and a token, so that whatever passes the
# guard would succeed.  What is smuggled keeps its size.
sub _with_route
{
	my ($request, $token) = @_;
	$request =~ s{/api/EVIL}{smuggled_route() . '?'}ge;
	$request =~ s{^(\s*(?:GET|PUT|OPTIONS|TRACE|get|FOO)\s+(?:http://[^/]+)?)/api(?=[/? ])(?:/\d)?}{$1/messages};
	$request =~ s{^(\s*POST\s+)/api(?=[? ])}{$1/sessions/refresh};
	$request =~ s{\n}{\nAuthorization: Bearer $token\r\n} if $request =~ m{HTTP/1\.[01]\r\n};
	return $request;
}

sub raw_cases
{
	my ($token) = @_;
	return map { { %$_, request => _with_route(decode_base64($_->{request_b64}), $token) } }
	  @{ decode(slurp("$vectors/raw_requests.json"))->{tests} };
}

# --- http-desync-guardian --------------------------------------------------------

my %escape = (r => "\r", n => "\n", t => "\t", 0 => "\0", '"' => '"', '\\' => '\\');

# The YAML that these files use: plain and quoted scalars.
sub _scalar_of
{
	my ($text) = @_;
	if ($text =~ /^"(.*)"$/)
	{
		$text = $1;
		$text =~ s/\\(?:x([0-9a-fA-F]{2})|(.))/defined $1 ? chr hex $1 : $escape{$2} \/\/ $2/ge;
	}
	elsif ($text =~ /^'(.*)'$/) { ($text = $1) =~ s/''/'/g }
	return $text;
}

sub _guardian_file
{
	my ($path) = @_;
	my (@cases, $header, $in_expected);
	for my $line (split /\n/, slurp($path))
	{
		next if $line !~ /^(\s*)(- )?(\w+):(?: +(.*?))?\s*$/ || $line =~ /^\s*#/;
		my ($indent, $dash, $key, $value) = (length $1, $2, $3, _scalar_of($4 // ''));
		if ($dash && $indent == 0)
		{
			push @cases, { name => $value, headers => [] };
			$in_expected = 0;
		}
		elsif ($key eq 'headers')  { $in_expected = 0 }
		elsif ($key eq 'expected') { $in_expected = 1 }
		elsif ($in_expected)       { $cases[-1]{tier} //= $value if $key eq 'tier' }
		elsif ($dash)              { push @{ $cases[-1]{headers} }, $header = { $key => $value } }
		elsif ($indent > 2)        { $header->{$key} = $value }
		else                       { $cases[-1]{$key} = $value }
	}
	return @cases;
}

sub _guardian_request
{
	my ($case) = @_;
	return join "\r\n", "$case->{method} $case->{uri} $case->{version}",
	  (map { "$_->{name}: $_->{value}" } @{ $case->{headers} }), "Host: localhost", '', '';
}

sub guardian_cases
{
	my @cases;
	for my $path (sort glob "$vectors/http-desync-guardian/*.yaml")
	{
		my ($file) = $path =~ m{([^/]+)\.yaml$};
		push @cases, map { { %$_, name => "$file: $_->{name}", request => _guardian_request($_) } }
		  _guardian_file($path);
	}
	return @cases;
}

# --- llhttp ---------------------------------------------------------------------

# As llhttp's own runner turns a code block into bytes.
sub _llhttp_bytes
{
	my ($text) = @_;
	$text =~ s/\n\z//;
	$text =~ s/\\\n//g;
	$text =~ s/\n/\r\n/g;
	$text =~ s/\\(?:x([0-9a-fA-F]+)|([rntf]))/defined $1 ? chr(hex $1) : { r => "\r", n => "\n", t => "\t", f => "\f" }->{$2}/ge;
	return $text;
}

sub _llhttp_file
{
	my ($path) = @_;
	my ($file) = $path =~ m{([^/]+)\.md$};
	my @cases;
	for my $section (split /^(?=#+ )/m, slurp($path))
	{
		my ($name) = $section =~ /^#+ (.*)/;
		my ($meta) = $section =~ /^<!-- meta=(.*?) -->/m or next;
		my ($request) = $section =~ /^```http\n(.*?)^```/ms or next;
		my ($log) = $section =~ /^```log\n(.*?)^```/ms;
		push @cases, {
			name    => "llhttp $file: $name",
			request => _llhttp_bytes($request),
			lenient => scalar($meta =~ /lenient/),
			error   => $log =~ /error code=(\d+)/ ? $1 : undef,
			whole   => scalar(() = $log =~ /message complete/g),
		};
	}
	return @cases;
}

sub llhttp_cases { return map { _llhttp_file($_) } sort glob "$vectors/llhttp/*.md" }

1;
