# What the operator is told while something is missing: the database, the
# extension, its tables, a grant; in the log once, and at the port for operators.
use strict;
use warnings;
use Time::HiRes qw(sleep);
use E2emsg::Test;

my $server = E2emsg::Server->new;
$server->sql('CREATE ROLE e2emsg_gateway LOGIN');

sub ready { return $_[0]->request('GET', '/ready', admin => 1) }

# All that comes on a connection of its own.
sub head
{
	my ($gateway, $path) = @_;
	my $socket = $gateway->connect($gateway->admin_port);
	syswrite $socket, "HEAD $path HTTP/1.1\r\nHost: localhost\r\n\r\n";
	return ($gateway->drain($socket, 10))[0];
}

# The gateway asks several times a second; its log says this once.
sub told_once
{
	my ($gateway, $words, $name) = @_;
	ok(wait_until(sub { $gateway->log =~ /$words/ }, 10), "$name: the log says what to do") or diag $gateway->log;
	sleep 1;
	my $count = () = $gateway->log =~ /$words/g;
	is($count, 1, "$name: once");
	my $reply = ready($gateway);
	is("$reply->{status} $reply->{json}{code}", '503 database_unavailable', "$name: not ready");
	like($reply->{json}{detail}, qr/does not answer, or refuses; the gateway's log says which/, "$name: it says where to look");
	return;
}

# --- settings -----------------------------------------------------------------------------

my %conninfo = (
	"host='hunter2"              => qr/unterminated quoted string in connection info string$/,
	'dbname=x password=a hunter2' => qr/missing "=" after "\.\.\." in connection info string$/,
	'dbname=x hunter2=y'         => qr/invalid connection option "\.\.\."$/,
	'dbname=x hunter2"x=y'       => qr/invalid connection option "\.\.\."$/,
	'postgres://u:hunter2%zz@h/' => qr/invalid percent-encoded token: "\.\.\."$/,
	'postgres://u:hunter2@[::1'  => qr/looking for matching "\.\.\."$/,
);
for my $wrong (sort keys %conninfo)
{
	for my $setting (qw(database hint_database))
	{
		my $result = run_command([ E2emsg::Gateway::binary(), '--check-config', "--$setting=$wrong" ]);
		is($result->{status}, 2, "$setting=$wrong is refused");
		like($result->{err}, qr/^e2emsg-gateway: $setting is no valid connection string: .*$conninfo{$wrong}/m, 'libpq says why');
		unlike($result->{err}, qr/hunter2/, 'without a part of it, which may be a password');
	}
}
is(run_command([ E2emsg::Gateway::binary(), '--check-config', '--database=shop' ])->{out}, "the settings are good\n", 'a name alone');

my %env   = (E2EMSG_PROT => 'hunter2', E2EMSG_PORT => 8088, E2EMSG_SERVER => 'http://localhost', E2EMSG_CLIENT => 'x');
my $check = run_command([ E2emsg::Gateway::binary(), '--check-config' ], env => \%env);
is($check->{status} . $check->{err}, "0e2emsg-gateway: warning: E2EMSG_PROT in the environment is no setting\n", 'a misspelled variable');
my $run = run_command([ E2emsg::Gateway::binary(), '--database=a b=c', '--secret_file=' . scratch_dir() . '/secret' ], env => \%env);
like($run->{err}, qr/ warn E2EMSG_PROT in the environment is no setting\n.* error database is no valid connection string: missing "="/,
	'in the log, too');

# --- no extension, no tables, no grant, an older extension ------------------------------

my %missing = (
	extension => [ '', qr/the database extension lacks the extension; run CREATE EXTENSION e2emsg, CALL e2emsg\.install\(\) and SELECT e2emsg\.grant_gateway\('e2emsg_gateway'\) there/ ],
	tables    => [
		q{CREATE EXTENSION e2emsg; SELECT e2emsg.grant_gateway('e2emsg_gateway')},
		qr/the database tables refused a call of the role e2emsg_gateway: relation "\S+" does not exist; run CALL e2emsg\.install\(\) there/
	],
	grants => [
		'CREATE EXTENSION e2emsg; CALL e2emsg.install()',
		qr/the database grants refused a call of the role e2emsg_gateway: permission denied for schema e2emsg; run SELECT e2emsg\.grant_gateway\('e2emsg_gateway'\) there/
	],
	function => [
		q{CREATE EXTENSION e2emsg; CALL e2emsg.install(); SELECT e2emsg.grant_gateway('e2emsg_gateway');
		REVOKE EXECUTE ON FUNCTION e2emsg.key_log_state() FROM e2emsg_gateway},
		qr/the database function refused a call of the role e2emsg_gateway: permission denied for function key_log_state; run SELECT e2emsg\.grant_gateway\('e2emsg_gateway'\) there/
	],
	columns => [
		q{CREATE EXTENSION e2emsg; CALL e2emsg.install(); SELECT e2emsg.grant_gateway('e2emsg_gateway');
		ALTER TABLE e2emsg.key_log_head DROP COLUMN root CASCADE},
		qr/the database columns refused a call of the role e2emsg_gateway: column h\.root does not exist; run CALL e2emsg\.install\(\) there/
	],
	older => [
		q{CREATE EXTENSION e2emsg; CALL e2emsg.install(); SELECT e2emsg.grant_gateway('e2emsg_gateway');
		ALTER EXTENSION e2emsg DROP FUNCTION e2emsg.key_log_state(); DROP FUNCTION e2emsg.key_log_state()},
		qr/the database older refused a call of the role e2emsg_gateway: function e2emsg\.key_log_state\(\) does not exist; run CREATE EXTENSION e2emsg or ALTER EXTENSION e2emsg UPDATE, then CALL e2emsg\.install\(\) and SELECT e2emsg\.grant_gateway\('e2emsg_gateway'\) there/
	],
);

for my $name (sort keys %missing)
{
	my ($sql, $words) = @{ $missing{$name} };
	$server->sql("CREATE DATABASE $name");
	$server->sql($_, database => $name) for split /;\s*/, $sql;
	my $gateway = E2emsg::Gateway->new($server, database => $server->conninfo(database => $name));
	told_once($gateway, $words, $name);
	if ($name eq 'tables')
	{
		is($gateway->request('POST', '/users', body => { username => 'early', publicKey => public_jwk(0) })->{status},
			500, 'nobody can register');
		$server->sql('CALL e2emsg.install()', database => $name);
		ok(wait_until(sub { ready($gateway)->{status} == 200 }, 10), 'ready as soon as the tables are there');
		$gateway->register('early', 0);
	}
	if ($name eq 'grants')
	{
		$server->sql(q{SELECT e2emsg.grant_gateway('e2emsg_gateway')}, database => $name);
		ok(wait_until(sub { ready($gateway)->{status} == 200 }, 10), 'ready as soon as it is granted');
		$server->sql('DROP EXTENSION e2emsg CASCADE', database => $name);
		told_once($gateway, qr/the database grants refused .* does not exist; run CREATE EXTENSION/, 'dropped under it');
	}
	is($gateway->stop, 0, "$name: it ends well");
}

# --- no database ---------------------------------------------------------------------------

my $gateway = E2emsg::Gateway->new($server, database => $server->conninfo(database => 'tables'));
ok(wait_until(sub { ready($gateway)->{status} == 200 }, 10), 'all is there');

# --- the port for operators --------------------------------------------------------------------

for my $path ('/live', '/ready', '/metrics')
{
	my $get = $gateway->request('GET', $path, admin => 1);
	is($get->{status}, 200, "GET $path");
	like(head($gateway, $path), qr/\AHTTP\/1\.1 200 .*^Content-Type: \Q$get->{headers}{'content-type'}\E\r\n(?!.*\r\n\r\n.).*\r\n\r\n\z/ms,
		"HEAD $path: the same without a body");
	my $reply = $gateway->request('POST', $path, admin => 1);
	is("$reply->{status} $reply->{headers}{allow}", '405 GET, HEAD', "POST $path");
}
my $unknown = $gateway->request('GET', '/', admin => 1);
is($unknown->{status}, 404, 'another path');
is($unknown->{json}{detail}, 'this port has /live, /ready and /metrics', 'says which there are');

$server->stop('fast');
told_once($gateway, qr/can't connect to the database: /, 'no database');
like(head($gateway, '/ready'), qr/\AHTTP\/1\.1 503 (?!.*\r\n\r\n.).*\r\n\r\n\z/s, 'HEAD says so, too');
like(head($gateway, '/live'),  qr/\AHTTP\/1\.1 200 /, 'but it lives');
is($gateway->stop, 0, 'it ends well');

done_testing();
