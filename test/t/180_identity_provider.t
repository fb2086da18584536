# Registration with the JWT of an identity provider, signed by WebCrypto.
use strict;
use warnings;
use E2emsg::Test;

my $issuer   = 'https://id.example.org/realms/main';
my $audience = 'chat.example.org';
my $folder   = scratch_dir();
my $file     = "$folder/jwks.json";

my ($ec, $rsa, $later, $large) = sign({ op => 'identity' }, { op => 'rsa', bits => 2048 },
	{ op => 'identity' }, { op => 'rsa', bits => 8192 });

sub write_keys
{
	my ($content) = @_;
	open my $out, '>', "$file.new" or die "$file.new: $!\n";
	print $out ref $content ? json({ keys => $content }) : $content;
	close $out or die "$file.new: $!\n";
	chmod 0644, "$file.new";
	rename "$file.new", $file or die "$file: $!\n";
	return;
}

# The members that providers publish, and some that WebCrypto adds.
sub public_key { my ($pair, $kid) = @_; return { %{ $pair->{public} }, kid => $kid, use => 'sig' } }

write_keys([ public_key($ec, 'ec'), public_key($rsa, 'rsa') ]);

my $server   = E2emsg::Server->with_extension;
my %provider = (idp_issuer => $issuer, idp_audience => $audience, idp_jwks_file => $file);
my $gateway  = E2emsg::Gateway->new($server, %provider);
my $number   = 0;

sub claims
{
	my ($username, %more) = @_;
	my $claims = { iss => $issuer, aud => $audience, iat => time - 1, exp => time + 300,
		preferred_username => $username, sub => '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed', %more };
	delete $claims->{$_} for grep { !defined $claims->{$_} } keys %$claims;
	return $claims;
}

sub token
{
	my ($username, %options) = @_;
	my $key = $options{key} // $ec;
	return scalar sign({ op => 'jwt', private => $key->{private}, secret => $options{secret},
		header => $options{header} // { alg => $key == $ec ? 'ES256' : 'RS256', kid => $key == $ec ? 'ec' : 'rsa', typ => 'JWT' },
		payload => claims($username, %{ $options{claims} // {} }) });
}

sub register
{
	my ($username, $token, %options) = @_;
	my $at = $options{at} // $gateway;
	return $at->request('POST', '/users', token => $token,
		$options{raw} ? (raw => $options{raw})
		: (body => { username => $username, publicKey => public_jwk($number++) }));
}

sub refused
{
	my ($name, $reply, $expected, $detail) = @_;
	is("$reply->{status} " . ($reply->{json}{code} // $reply->{content}), $expected, $name);
	like($reply->{json}{detail} // '', $detail, '... and why') if $detail;
	return;
}

# --- good ones

like($gateway->log, qr/registration needs a token of \Q$issuer\E, whose keys here are 2; the username is its claim preferred_username/,
	'the log says what counts');
my $alice = register('alice', token('alice'));
is($alice->{status}, 201, 'ES256');
is($alice->{json}{username}, 'alice', '... under the name of the claim');
is(register('bob', token('bob', key => $rsa))->{status}, 201, 'RS256');
is(register('carol', token('carol', claims => { aud => [ 'other', $audience ] }))->{status}, 201, 'one audience of several');
is($gateway->request('GET', '/users/bob/public-key', as => $alice->{json})->{status}, 200,
	'the answer has a token for everything else');
refused('a name is given once', register('alice', token('alice')), '409 username_taken');

# --- no name of somebody else

refused('another name than the claim', register('dave', token('erin')), '403 forbidden', qr/another username/);
refused('in other letters', register('dave', token('Dave')), '403 forbidden');
my $jwk = json(public_jwk(200));
refused('a name twice', register(undef, token('dave'),
	raw => qq({"username":"dave","username":"erin","publicKey":$jwk})), '400 bad_json');
refused('a name twice, once with an escape', register(undef, token('dave'),
	raw => qq({"user\\u006eame":"erin","username":"dave","publicKey":$jwk})), '400 bad_json');
is(register(undef, token('frank'), raw => qq({"username":"\\u0066rank","publicKey":$jwk}))->{status}, 201,
	'an escape in a name means its letter');
refused('no name', register(undef, token('dave'), raw => qq({"publicKey":$jwk})), '400 invalid_request');
refused('a number', register(undef, token('dave'), raw => qq({"username":7,"publicKey":$jwk})), '400 invalid_request');
refused('no JSON', register(undef, token('dave'), raw => '{'), '400 bad_json');
refused('an array', register(undef, token('dave'), raw => '["dave"]'), '400 bad_json');
refused('no body', $gateway->request('POST', '/users', token => token('dave')), '400 bad_json');
refused('a name that is none here', register('Dave', token('Dave')), '422 invalid_username');

# --- our own client

sub token_file
{
	my ($content) = @_;
	open my $out, '>', "$folder/token" or die "$folder/token: $!\n";
	print $out $content;
	close $out or die "$folder/token: $!\n";
	return "$folder/token";
}

my $client = E2emsg::Client->new($gateway, undef);
my $result = $client->run('register', 'olivia');
is($result->{status}, '4', 'e2emsg register: refused without a token');
like($result->{err}, qr/missing_token.*--id-token/s, '... and told which option has it');
for my $case ([ 'too long', 'a.' x 4097 ], [ 'a second line', "a.b.c\nX-Evil: 1" ], [ 'empty', '' ])
{
	$result = $client->run('register', 'olivia', '--id-token', token_file($case->[1]));
	is($result->{status}, '2', "$case->[0]: that is no token");
	like($result->{err}, qr/holds no token/, '... which is said');
}
$result = $client->run('register', 'olivia', '--id-token', token_file(token('mallory')));
like($result->{err}, qr/403 forbidden/, 'a token for another name');
$result = $client->run('register', 'olivia', '--id-token', token_file(token('olivia') . "\n"));
is($result->{status}, '0', 'the token in a file') or diag $result->{err};
$result = $client->run('register', 'sybil', '--id-token', '-', { stdin => token('sybil') });
is($result->{status}, '0', 'the token on stdin') or diag $result->{err};

# --- no token, or another one

my $reply = register('dave', undef);
refused('without a token', $reply, '401 missing_token');
like($reply->{json}{hint}, qr/token of the identity provider/, '... the hint says which');
is($reply->{headers}{'www-authenticate'}, 'Bearer', '... and the header how');
refused('an empty one', register('dave', ''), '401 missing_token');
refused("a session's", register('dave', $alice->{json}{token}), '401 invalid_token', qr/alg/);
refused("the provider's is none of a session", $gateway->request('GET', '/messages', token => token('alice')),
	'401 invalid_token');
refused('expired', register('dave', token('dave', claims => { exp => time - 1 })), '401 expired_token');
refused('another issuer', register('dave', token('dave', claims => { iss => 'https://evil.example' })), '401 invalid_token', qr/iss/);
refused('another audience', register('dave', token('dave', claims => { aud => 'shop' })), '401 invalid_token', qr/aud/);
refused("without $_", register('dave', token('dave', claims => { $_ => undef })), '401 invalid_token', qr/$_/)
  for qw(iss aud exp);
refused('without the claim', register('dave', token(undef)), '401 invalid_token', qr/username/);
refused('not yet', register('dave', token('dave', claims => { nbf => time + 1000 })), '401 invalid_token', qr/nbf/);
refused("a stranger's key", register('dave', token('dave', key => $later, header => { alg => 'ES256', kid => 'ec' })),
	'401 invalid_token', qr/signature/);
refused('its own key along', register('dave', token('dave', key => $later,
	header => { alg => 'ES256', jwk => $later->{public} })), '401 invalid_token', qr/header/);
refused('the other kid', register('dave', token('dave', header => { alg => 'ES256', kid => 'rsa' })), '401 invalid_token', qr/kid/);
refused('the other alg', register('dave', token('dave', header => { alg => 'RS256', kid => 'ec' })), '401 invalid_token', qr/kid/);
refused('HS256 with the public key', register('dave', token('dave', secret => json($rsa->{public}),
	header => { alg => 'HS256', kid => 'rsa' })), '401 invalid_token', qr/alg/);
refused('none', register('dave', join('.', (split /\./, token('dave', header => { alg => 'none' }))[ 0, 1 ], '')),
	'401 invalid_token', qr/three parts/);
refused('9 kB', register('dave', 'a' x 9000), '401 invalid_token', qr/too long/);
refused('8 kB of dots', register('dave', '.' x 8000), '401 invalid_token');
is($server->sql(q{SELECT string_agg(username, ' ' ORDER BY username) FROM e2emsg.users}),
	'alice bob carol frank olivia sybil', 'nobody else came in');

# --- other keys

sub reload
{
	my ($pattern) = @_;
	my $before = length $gateway->log;
	kill 'HUP', $gateway->pid;
	return ok(wait_until(sub { substr($gateway->log, $before) =~ $pattern }, 10), "SIGHUP: $pattern");
}

my $new_token = token('dave', key => $later, header => { alg => 'ES256', kid => 'later' });
refused('a key that is not there yet', register('dave', $new_token), '401 invalid_token', qr/kid/);
for my $bad (['{"keys":[', qr/no JSON/], [ [], qr/no key/ ], [ [ { %{ $later->{private} }, kid => 'later' } ], qr/key 1: it is private/ ],
	[ [ public_key($ec, 'a'), public_key($later, 'a') ], qr/key 2: its kid/ ])
{
	write_keys($bad->[0]);
	reload(qr/ error idp_jwks_file: the keys stay as they were: \Q$file\E: .*$bad->[1]/);
}
chmod 0666, $file;
reload(qr/keys stay as they were: .*write to it/);
unlink $file;
reload(qr/keys stay as they were: .*No such file/);
is(register('grace', token('grace'))->{status}, 201, 'the old keys are still good');
write_keys([ public_key($later, 'later'), public_key($large, 'large') ]);
reload(qr/ info idp_jwks_file was read again; keys: 2/);
is(register('dave', $new_token)->{status}, 201, 'the new key');
is(register('heidi', token('heidi', key => $large, header => { alg => 'RS256', kid => 'large' }))->{status}, 201, '8192 bits');
is(register('ivan', token('ivan', key => $later, header => { alg => 'ES256' }))->{status}, 201, 'without a kid');
refused('an old one', register('judy', token('judy')), '401 invalid_token', qr/kid/);
is($gateway->stop, 0, 'a clean end');

# --- another claim; closed; without a provider

my %second = (secret_file => $gateway->dir . '/secret', log_signer => $gateway->dir . '/log-key');
my $by_sub = E2emsg::Gateway->new($server, %second, %provider, idp_username_claim => 'sub');
my %header = (key => $later, header => { alg => 'ES256', kid => 'later' });
is(register('judy', token('other', %header, claims => { sub => 'judy' }), at => $by_sub)->{status}, 201, 'another claim');
refused('... alone', register('other', token('other', %header), at => $by_sub), '403 forbidden');
is($by_sub->stop, 0, 'a clean end');
my $closed = E2emsg::Gateway->new($server, %second, %provider, registration => 'closed');
refused('closed is closed', register('kim', token('kim', %header), at => $closed), '403 registration_closed');
is($closed->stop, 0, 'a clean end');
my $without = E2emsg::Gateway->new($server, %second);
is(register('kim', undef, at => $without)->{status}, 201, 'without a provider nobody needs a token');
is($without->stop, 0, 'a clean end');

# --- settings that can't be

sub does_not_start
{
	my ($name, $pattern, %settings) = @_;
	my $result = run_command([ E2emsg::Gateway::binary(), '--port=0', '--admin_port=0', "--secret_file=$folder/secret",
			"--database=" . $server->conninfo, map { "--$_=$settings{$_}" } sort keys %settings ], user => 1);
	isnt($result->{status}, 0, "$name: it does not start");
	like($result->{err}, $pattern, '... and says why');
	return;
}

chmod 0777, $folder;
does_not_start('no file', qr/idp_jwks_file: \/nowhere: No such file/, %provider, idp_jwks_file => '/nowhere');
does_not_start('half of it', qr/idp_issuer, idp_audience and idp_jwks_file must be set all together/, idp_issuer => $issuer);
write_keys('{}');
does_not_start('a bad file', qr/idp_jwks_file: .*no JSON object with an array/, %provider);

done_testing;
