# pg_dump into a second server keeps everything and gives nobody more rights.
use strict;
use warnings;
use E2emsg::Content;
use E2emsg::Test;

my $old = E2emsg::Server->with_extension(key_log => 'off');
for my $number (0 .. 4)
{
	$old->sql(sprintf "SELECT e2emsg.register_user('user%d', '%s')", $number,
		json(public_jwk($number)));
}
$old->sql(<<'SQL');
SELECT e2emsg.send_message(e2emsg.find_user('user' || n % 5),
	e2emsg.find_user('user' || (n + 1) % 5),
	decode(repeat(lpad(to_hex(n % 256), 2, '0'), n * 7), 'hex'),
	int4send(n) || '\x0000000000000000', decode(repeat('a5', 16), 'hex'), 1)
FROM generate_series(1, 200) n
SQL
$old->sql(sprintf q{SELECT e2emsg.rotate_encryption_key(e2emsg.find_user('user1'), '%s', 2)},
	json(public_jwk(10)));
$old->sql(q{SELECT e2emsg.acknowledge(e2emsg.find_user('user2'), 7)});
$old->sql(<<'SQL');    # the rest waits
SET e2emsg.key_log = on;
SELECT e2emsg.sequence_key_log(4);
SELECT FROM e2emsg.key_log_head h, e2emsg.publish_checkpoint('verifier', h.size, h.root, 'note');
INSERT INTO e2emsg.backups (user_id, version, locator_hash, backup)
SELECT id, 1, sha256('locator'), sha256('sealed') FROM e2emsg.users ORDER BY username LIMIT 1
SQL

# An extension that was dropped and made again in between dumps as well.
$old->sql('DROP EXTENSION e2emsg CASCADE');
$old->install_extension;

my $before = rows($old);
my $dir    = scratch_dir();

# As the documentation says: roles first, then the database.
my $roles = $old->run([qw(pg_dumpall --roles-only)]);
is($roles->{status}, 0, 'pg_dumpall --roles-only') or diag $roles->{err};
my $plain = $old->run([qw(pg_dump)]);
is($plain->{status}, 0, 'pg_dump') or diag $plain->{err};
my $custom = $old->run([ qw(pg_dump -Fc -f), "$dir/dump" ]);
is($custom->{status}, 0, 'pg_dump -Fc') or diag $custom->{err};
(my $role_sql = $roles->{out}) =~ s/^(?:CREATE|ALTER) ROLE postgres\b.*$//mg;

my $new = E2emsg::Server->new;

sub restored
{
	my ($name, $database) = @_;
	is_deeply(rows($new, database => $database), $before, "$name: every row");
	my ($then, $now) = (catalog($old), catalog($new, database => $database));
	is_deeply($now->{$_}, $then->{$_}, "$name: $_") for sort keys %$then;
	is($new->sql(<<'SQL', database => $database), '0', "$name: no SECURITY DEFINER of a superuser");
SELECT count(*) FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
WHERE p.pronamespace = 'e2emsg'::regnamespace AND p.prosecdef AND r.rolsuper
SQL
	$new->sql('CALL e2emsg.install()', database => $database);
	is_deeply(rows($new, database => $database), $before,
		"$name: install() changes no row");
	my $gateway = $new->try(
		q{SELECT body->'messages'->0->>'seq' FROM e2emsg.rest_inbox('}
		  . $old->sql(q{SELECT e2emsg.find_user('user2')})
		  . q{', NULL, NULL)},
		database => $database,
		user     => 'e2emsg_gateway');
	is($gateway->{out}, "8\n", "$name: the gateway's role reads on where it was")
	  or diag $gateway->{err};
	is($new->refused('SELECT * FROM e2emsg.messages', database => $database,
			user => 'e2emsg_gateway'), '42501', "$name: and sees no table");
	return;
}

$new->sql($role_sql);
$new->sql('CREATE DATABASE plain');
$new->sql($plain->{out}, database => 'plain');
restored('plain', 'plain');

$new->sql('CREATE DATABASE custom');
my $restore = $new->run([ qw(pg_restore --exit-on-error -d custom), "$dir/dump" ]);
is($restore->{status}, 0, 'pg_restore') or diag $restore->{err};
restored('custom', 'custom');

$new->sql('CREATE DATABASE single');
$restore = $new->run([ qw(pg_restore --exit-on-error -1 -d single), "$dir/dump" ]);
is($restore->{status}, 0, 'pg_restore in one transaction') or diag $restore->{err};
restored('single', 'single');

# Data only, into a database that has the extension and its tables already
$new->sql('CREATE DATABASE data');
$new->install_extension(database => 'data');
$restore = $new->run([ qw(pg_restore --data-only --disable-triggers --exit-on-error -d data), "$dir/dump" ]);
is($restore->{status}, 0, 'pg_restore --data-only --disable-triggers') or diag $restore->{err};
is_deeply(rows($new, database => 'data'), $before, 'data only: every row');

done_testing();
