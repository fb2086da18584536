# pg_upgrade takes functions, grants, owners, constraints and rows along, and the
# gateway and its signer go on.
use strict;
use warnings;
use E2emsg::Content;
use E2emsg::Doc;
use E2emsg::Test;

my $old     = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($old);
$old->sql('CREATE ROLE shop LOGIN');
$old->sql(q{SELECT e2emsg.grant_app('shop')});
$old->sql('ALTER DATABASE postgres SET e2emsg.unread_retention_days = 90');
my ($alice, $bob) = map { $gateway->register($_->[0], $_->[1]) } [ 'alice', 0 ], [ 'bob', 1 ];

sub send_to_bob
{
	my ($iv) = @_;
	return $gateway->request('POST', '/messages', as => $alice,
		body => { receiverId => $bob->{id}, ciphertext => 'AAAA', authTag => 'A' x 22, keyVersion => 1, iv => sprintf '%016d', $iv });
}
is(send_to_bob($_)->{status}, 201, "message $_") for 1 .. 3;
is($gateway->request('POST', '/messages/ack', as => $bob, body => { through => 1 })->{status}, 200, 'one is read');
is($gateway->stop, 0, 'the gateway is stopped');

my ($rows, $catalog) = (rows($old), catalog($old));
my $new = E2emsg::Server->new;
$_->stop('fast') for $old, $new;
my $dir = scratch_dir();
chmod 0777, $dir;
my $upgrade = $new->shell("cd $dir; export OLD_BIN=\$BIN NEW_BIN=\$BIN OLD_DATA=" . $old->data_dir . ' NEW_DATA=' . $new->data_dir
	  . '; unset PGHOST PGPORT PGDATABASE; ' . doc_block('docs/operations.md', '### pg_upgrade', 'sh'));
is($upgrade->{status}, 0, 'pg_upgrade') or diag $upgrade->{out}, $upgrade->{err};
$new->start;

is_deeply(rows($new), $rows, 'every row');
my $now = catalog($new);
is_deeply($now->{$_}, $catalog->{$_}, $_) for sort keys %$catalog;
is($new->sql('SHOW e2emsg.unread_retention_days'), '90', 'settings of the database');
is($new->sql(q{SELECT key_version FROM e2emsg.public_key('alice')}, user => 'shop'), 1, 'the application calls what it called');
is($new->refused('SELECT * FROM e2emsg.messages', user => $_), '42501', "and $_ sees no table") for qw(shop e2emsg_gateway);
is($new->refused('DROP EXTENSION e2emsg'), '2BP01', 'tables depend on the extension');
$new->sql('CALL e2emsg.install()');
is_deeply(rows($new), $rows, 'install() changes no row');
is($new->sql('SELECT string_agg(check_name, $$,$$) FROM e2emsg.health() WHERE NOT ok'), '', 'health() finds nothing');

$gateway->{settings}{database} = $new->conninfo;
$gateway->start;
is($gateway->request('POST', '/users', body => { username => 'carol', publicKey => public_jwk(2) })->{status}, 201, 'the key log goes on');
is(send_to_bob(3)->{status}, 200, 'a retry is known');
is(send_to_bob(4)->{status}, 201, 'a message comes');
my $inbox = $gateway->request('GET', '/messages?after=0', as => $bob)->{json};
is(join(',', map { $_->{seq} } @{ $inbox->{messages} }), '2,3,4', 'its number is the next one');
is($gateway->stop, 0, 'a clean end');

done_testing();
