# CREATE EXTENSION, install(), DROP EXTENSION: what they make and what they keep.
use strict;
use warnings;
use E2emsg::Test;

my $server = E2emsg::Server->new(key_log => 'off');

# Everything that a reader of the data can notice, as one text.
sub contents
{
	return join "\n", map {
		$server->sql("SELECT '$_', t FROM e2emsg.$_ t ORDER BY t::text")
	} qw(users public_keys key_rotation_log mailboxes messages);
}

sub rules
{
	return $server->sql(<<'SQL');
SELECT c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)
FROM pg_constraint c
WHERE c.connamespace = 'e2emsg'::regnamespace
UNION ALL
SELECT t.tgrelid::regclass, t.tgname, pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'e2emsg'::regnamespace AND NOT t.tgisinternal
ORDER BY 1, 2
SQL
}

sub members
{
	return $server->sql(<<'SQL');
SELECT pg_describe_object(classid, objid, objsubid)
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'e2emsg')
ORDER BY 1
SQL
}

sub add_data
{
	for my $name (qw(alice bob))
	{
		$server->sql(sprintf "SELECT e2emsg.register_user('%s', '%s')",
			$name, json(public_jwk($name eq 'alice' ? 0 : 1)));
	}
	$server->sql(<<'SQL');
SELECT e2emsg.send_message(e2emsg.find_user('alice'), e2emsg.find_user('bob'),
	decode(repeat('5a', n), 'hex'), int4send(n) || '\x0000000000000000',
	decode(repeat('a5', 16), 'hex'), 1)
FROM generate_series(0, 40) n
SQL
	return;
}

my ($version) = slurp(top_dir() . '/e2emsg.control') =~ /^default_version = '(.*)'/m;
is(decode(slurp(top_dir() . '/META.json'))->{version}, $version,
	'META.json has the version of the control file');

$server->sql('CREATE EXTENSION e2emsg');
is($server->sql(q{SELECT count(*) FROM pg_class c
	WHERE relnamespace = 'e2emsg'::regnamespace}), '0',
	'CREATE EXTENSION makes no table');
like(members(), qr/^function e2emsg\.base64url_encode/m, 'functions are members');
unlike(members(), qr/^schema/m, 'the schema is not');
my $members = members();

$server->sql('CALL e2emsg.install()');
is(members(), $members, 'tables from install() are no members');
my $rules = rules();
$server->sql('CALL e2emsg.install()');
is(rules(), $rules, 'install() again changes no rule');
is($server->sql(<<'SQL'), '', 'all tables belong to e2emsg_owner');
SELECT relname, relowner::regrole FROM pg_class
WHERE relnamespace = 'e2emsg'::regnamespace AND relowner <> 'e2emsg_owner'::regrole
SQL
is($server->sql(<<'SQL'), '', 'no rule stands without a name of its own');
SELECT conrelid::regclass, conname FROM pg_constraint
WHERE connamespace = 'e2emsg'::regnamespace AND conname !~ ('^' || (
	SELECT relname FROM pg_class WHERE oid = conrelid) || '_')
SQL

is($server->sql(<<'SQL'), '', 'every member has a comment');
SELECT p.oid::regprocedure
FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
	AND d.classid = 'pg_proc'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'e2emsg')
	AND obj_description(p.oid, 'pg_proc') IS NULL
SQL

add_data();
my $contents = contents();
like($contents, qr/41/, 'there are messages');

is($server->refused('DROP EXTENSION e2emsg'), '2BP01',
	'DROP EXTENSION refuses while there are tables');
is(contents(), $contents, 'and loses nothing');

$server->sql('DROP EXTENSION e2emsg CASCADE');
is(contents(), $contents, 'DROP EXTENSION CASCADE loses no row');
isnt(rules(), $rules, 'but takes the rules');

$server->sql('CREATE EXTENSION e2emsg');
$server->sql('CALL e2emsg.install()');
is(contents(), $contents, 'CREATE EXTENSION and install() again: all rows');
is(rules(), $rules, 'and all rules are back');
is($server->sql(<<'SQL'), '42', 'mail goes on with the next number');
DO $$ BEGIN
	PERFORM e2emsg.send_message(e2emsg.find_user('alice'), e2emsg.find_user('bob'),
		'', decode(repeat('11', 12), 'hex'), decode(repeat('a5', 16), 'hex'), 1);
END $$;
SELECT max(seq) FROM e2emsg.messages
SQL

is($server->refused(<<'SQL'), '42501', 'the key rotation log: no UPDATE');
UPDATE e2emsg.key_rotation_log SET event = 'rotated'
SQL
is($server->refused('DELETE FROM e2emsg.key_rotation_log'), '42501', 'no DELETE');
is($server->refused('TRUNCATE e2emsg.key_rotation_log'), '42501', 'no TRUNCATE');

# A plain user
$server->sql('CREATE ROLE plain LOGIN');
is($server->refused('CREATE EXTENSION e2emsg', user => 'plain', database => 'template1'),
	'42501', 'a plain user cannot create the extension');
$server->sql('CREATE DATABASE plain OWNER plain');
is($server->refused('CREATE EXTENSION e2emsg', user => 'plain', database => 'plain'),
	'42501', 'not even in a database of their own');

# A second database in the same cluster finds the role there already.
$server->sql('CREATE DATABASE second');
$server->sql('CREATE EXTENSION e2emsg; CALL e2emsg.install()', database => 'second');
is($server->sql('SELECT count(*) FROM e2emsg.messages', database => 'second'), '0',
	'a second database of the same cluster');

# One transaction, as the upgrade will do it
$server->sql(<<'SQL', database => 'second');
BEGIN;
DROP EXTENSION e2emsg CASCADE;
CREATE EXTENSION e2emsg;
CALL e2emsg.install();
COMMIT;
SQL
pass('CREATE EXTENSION and install() in one transaction');

done_testing();
