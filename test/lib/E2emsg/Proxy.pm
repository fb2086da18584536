package E2emsg::Proxy;

# A TLS proxy of the kind that is shipped (gateway/proxy), before gateways.
#
#   my $proxy = E2emsg::Proxy->new('nginx', $gateway, ...);
#   $proxy->curl($version, $path, @arguments)  -> { status, version, headers, content, json }
#       version: '1.1' or '2'; curl's own arguments
#   $proxy->ask({ do => ..., ... })            -> what test/lib/tls.mjs says
#   $proxy->connect(%options)                  -> an IO::Socket::SSL, or undef
#   $proxy->url, $proxy->ca, $proxy->stop

use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::SSL;
use E2emsg::Test ();

sub new
{
	my ($class, $kind, @gateways) = @_;
	my $self = bless { dir => E2emsg::Test::scratch_dir(), port => _free_port() }, $class;
	E2emsg::Test::keep_track_of($self);
	$self->{pid} = E2emsg::Test::start_command(
		[
			E2emsg::Test::top_dir() . '/dev/proxy.sh',
			$kind, $self->{dir}, $self->{port}, map { $_->port } @gateways
		],
		log => "$self->{dir}/log");
	E2emsg::Test::wait_until(sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}") }, 20)
	  or die "$kind did not start:\n" . E2emsg::Test::slurp("$self->{dir}/log");
	return $self;
}

sub _free_port
{
	return IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)->sockport;
}

sub port { return $_[0]{port} }
sub url  { return "https://localhost:$_[0]{port}" }
sub ca   { return "$_[0]{dir}/ca.pem" }

sub curl
{
	my ($self, $version, $path, @arguments) = @_;
	my $result = E2emsg::Test::run_command(
		[
			qw(curl -sS -i --max-time 40 --resolve), "localhost:$self->{port}:127.0.0.1",
			'--cacert', $self->ca, "--http$version", '-w', '\n%{http_version}',
			@arguments, $self->url . $path
		]);
	my ($text, $spoken) = $result->{out} =~ /\A(.*)\n([\d.]+)\z/s;
	$text =~ s{\AHTTP/\S+ 1\d\d.*?\r\n\r\n}{}s;    # 100 Continue
	my ($head, $content) = split /\r\n\r\n/, $text // '', 2;
	my ($status) = ($head // '') =~ m{^HTTP/\S+ (\d{3})};
	return {
		status  => $status // 0,
		version => $spoken,
		headers => { map { /^([^:]+):\s*(.*?)\s*$/ ? (lc $1 => $2) : () } split /\r\n/, $head // '' },
		content => $content // $result->{err},
		json    => E2emsg::Test::decode($content // ''),
	};
}

sub ask
{
	my ($self, $what) = @_;
	my $result = E2emsg::Test::run_command([ 'node', E2emsg::Test::top_dir() . '/test/lib/tls.mjs' ],
		stdin => E2emsg::Test::json({ port => $self->{port} + 0, ca => $self->ca, %$what }));
	die "tls.mjs: $result->{err}\n" if $result->{status} ne '0';
	return E2emsg::Test::decode($result->{out});
}

sub connect
{
	my ($self, %options) = @_;
	return IO::Socket::SSL->new(
		PeerAddr            => "127.0.0.1:$self->{port}",
		SSL_ca_file         => $self->ca,
		SSL_hostname        => 'localhost',
		SSL_verifycn_name   => 'localhost',
		SSL_verifycn_scheme => 'http',
		Timeout             => 5,
		%options
	);
}

sub stop
{
	my ($self) = @_;
	return if !$self->{pid};
	return E2emsg::Test::stop_command(delete $self->{pid}, 'TERM');
}

1;
