# An older version and its tables, brought up to date: functions by ALTER
# EXTENSION, tables by install().  What comes out is what a fresh install makes,
# and nothing is lost.
#
# There is one version so far.  So the older one is made here, of the current one:
# without blocks, which its update script brings; and its tables are those of
# test/upgrade/, from before purging and quotas.
use strict;
use warnings;
use E2emsg::Test;

my $server = E2emsg::Server->with_extension(key_log => 'off');
my $older  = '0.0.9';

# --- the older version -----------------------------------------------------------------

# A server has the files of whoever installed; this one gets a copy that is its own.
my $installed = $server->dir . '/install';
my $own       = scratch_dir();
chmod 0755, $own;
is(run_command([ 'cp', '-RLT', $installed, "$own/install" ])->{status}, 0, 'files of its own');
my ($script) = glob "$own/install/usr/share/postgresql/*/extension/e2emsg--*.sql";
my ($current) = $script =~ /e2emsg--(.*)\.sql$/;

sub write_file
{
	my ($name, $text) = @_;
	(my $path = $script) =~ s/[^\/]*$/$name/;
	open my $file, '>', $path or die "$path: $!";
	print $file $text;
	close $file or die "$path: $!";
	return;
}

my $whole = slurp($script);
my @new = map { slurp(top_dir() . "/src/$_.sql") } qw(block rest_block);
for my $part (@new)
{
	my $at = index $whole, $part;
	cmp_ok($at, '>', 0, 'a part that the older version lacks');
	substr $whole, $at, length $part, '';
}
write_file("e2emsg--$older.sql", $whole);
write_file("e2emsg--$older--$current.sql", join "\n",
	'\echo Use "ALTER EXTENSION e2emsg UPDATE" to load this file. \quit',
	'SET LOCAL check_function_bodies = off;', @new, <<'SQL');
DO $$
DECLARE
	routine regprocedure;
BEGIN
	FOR routine IN SELECT oid FROM pg_catalog.pg_proc
		WHERE pronamespace = 'e2emsg'::regnamespace AND proowner <> 'e2emsg_owner'::regrole
	LOOP
		EXECUTE format('ALTER ROUTINE %s OWNER TO e2emsg_owner', routine);
		EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', routine);
	END LOOP;
END
$$;
SQL
$server->sql("ALTER SYSTEM SET extension_destdir = '$own/install'; SELECT pg_reload_conf()");
wait_until(sub { $server->sql('SHOW extension_destdir') eq "$own/install" }, 10);

sub old { return $server->sql($_[0], database => 'older') }
$server->sql('CREATE DATABASE older');
$server->sql('ALTER DATABASE older SET e2emsg.key_log = off');
old("CREATE EXTENSION e2emsg VERSION '$older'");
is($server->refused('SELECT e2emsg.blocked_senders(NULL)', database => 'older'), '42883', 'it has no blocks');
old(slurp(top_dir() . '/test/upgrade/tables_before_purge.sql'));

# --- with rows -----------------------------------------------------------------------------

for my $number (0 .. 3)
{
	old(sprintf "SELECT e2emsg.register_user('user%d', '%s')", $number, json(public_jwk($number)));
}
old(<<'SQL');
INSERT INTO e2emsg.messages (mailbox_id, seq, sender_id, suite, key_version, iv, ciphertext, auth_tag, sent_at)
SELECT e2emsg.find_user('user' || n % 3), (n - 1) / 3 + 1, e2emsg.find_user('user' || (n + 1) % 3), 0, 1,
	int4send(n) || '\x0000000000000000', decode(repeat('5a', n * 7), 'hex'), decode(repeat('a5', 16), 'hex'), clock_timestamp()
FROM generate_series(1, 60) n;
UPDATE e2emsg.mailboxes b SET last_seq = 20 WHERE id <> e2emsg.find_user('user3');
UPDATE e2emsg.mailboxes b SET acked_seq = 7 WHERE id = e2emsg.find_user('user1');
UPDATE e2emsg.mailboxes b SET acked_seq = 20 WHERE id = e2emsg.find_user('user2');
CREATE ROLE reader;
GRANT SELECT ON e2emsg.mailboxes TO reader
SQL

my @kept = qw(users public_keys key_rotation_log mailboxes messages);
my %columns = map {
	my $table = $_;
	$table => old("SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = 'e2emsg.$table'::regclass AND attnum > 0")
} @kept;

sub contents
{
	return { map { $_ => old("SELECT t FROM (SELECT $columns{$_} FROM e2emsg.$_) t ORDER BY t::text") } @kept };
}
my $before = contents();

# --- brought up to date ------------------------------------------------------------------

sub update { return old('BEGIN; ALTER EXTENSION e2emsg UPDATE; CALL e2emsg.install(); COMMIT') }
update();
is(old("SELECT extversion FROM pg_extension WHERE extname = 'e2emsg'"), $current, 'the current version');
is_deeply(contents(), $before, 'every row is what it was');
is(old(<<'SQL'), 't', 'unread bytes are counted');
SELECT bool_and(b.unread_bytes = d.bytes AND (d.bytes > 0) = (b.acked_seq < b.last_seq)
	AND b.purged_seq = 0 AND b.expired_seq = 0 AND b.block_count = 0)
FROM e2emsg.mailboxes b JOIN e2emsg.mailbox_depths d ON d.mailbox_id = b.id
SQL
is(old("SELECT relacl::text ~ 'reader=r' FROM pg_class WHERE oid = 'e2emsg.mailboxes'::regclass"), 't',
	'what a DBA granted stays');
old('REVOKE SELECT ON e2emsg.mailboxes FROM reader');

# --- as a fresh install --------------------------------------------------------------------

my %catalog = (
	relations => <<'SQL',
SELECT c.relname, c.relkind, c.relowner::regrole, c.reloptions, c.relpersistence,
	(SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))) a),
	obj_description(c.oid, 'pg_class')
FROM pg_class c WHERE c.relnamespace = 'e2emsg'::regnamespace
SQL
	columns => <<'SQL',
SELECT a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull,
	a.attidentity, a.attgenerated, a.attstorage, a.attcompression, a.attacl, a.attstattarget,
	ARRAY(SELECT o FROM unnest(a.attoptions) o WHERE o !~ '^pg_attver='), -- a counter of some minor releases
	pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = 'e2emsg'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'i'
SQL
	constraints => <<'SQL',
SELECT conrelid::regclass, conname, contype, convalidated, condeferrable, connoinherit, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'e2emsg'::regnamespace
SQL
	indexes => <<'SQL',
SELECT pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indisclustered, i.indisreplident
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'e2emsg'::regnamespace
SQL
	triggers => <<'SQL',
SELECT pg_get_triggerdef(t.oid), t.tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'e2emsg'::regnamespace AND NOT t.tgisinternal
SQL
	views => <<'SQL',
SELECT viewname, definition FROM pg_views WHERE schemaname = 'e2emsg'
SQL
	'row security and rules' => <<'SQL',
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
	(SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid)
FROM pg_class c WHERE c.relnamespace = 'e2emsg'::regnamespace
SQL
	functions => <<'SQL',
SELECT p.oid::regprocedure, pg_get_function_result(p.oid), md5(p.prosrc), p.proowner::regrole, p.prosecdef, p.provolatile,
	p.proparallel, p.proisstrict, p.proconfig, p.prolang,
	(SELECT string_agg(a::text, ' ' ORDER BY a::text)
	 FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a::text !~ '^e2emsg_gateway='),
	obj_description(p.oid, 'pg_proc'),
	EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
FROM pg_proc p WHERE p.pronamespace = 'e2emsg'::regnamespace
SQL
	'the schema' => <<'SQL',
SELECT n.nspowner::regrole, n.nspacl::text ~ 'e2emsg_owner=U/', n.nspacl::text ~ 'pg_monitor=U/' FROM pg_namespace n WHERE nspname = 'e2emsg'
SQL
);

sub catalog
{
	my ($what, $database) = @_;
	my @lines = sort split /\n/, $server->sql("SET search_path = pg_catalog; SELECT row_to_json(t) FROM ($catalog{$what}) t",
		database => $database);
	return \@lines;
}
for my $what (sort keys %catalog)
{
	my $fresh = catalog($what, 'postgres');
	cmp_ok(scalar @$fresh, '>', 0, "$what: there are some");
	is_deeply(catalog($what, 'older'), $fresh, "$what: as a fresh install makes them");
}

# --- and once more -------------------------------------------------------------------------

# What is made anew has another number.
my $numbers = <<'SQL';
SELECT oid FROM pg_constraint WHERE connamespace = 'e2emsg'::regnamespace
UNION ALL SELECT t.oid FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'e2emsg'::regnamespace
UNION ALL SELECT relfilenode FROM pg_class WHERE relnamespace = 'e2emsg'::regnamespace
UNION ALL SELECT a.xmin::text::oid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
	WHERE c.relnamespace = 'e2emsg'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
UNION ALL SELECT xmin::text::oid FROM e2emsg.mailboxes
ORDER BY 1
SQL
my $made = old($numbers);
update();
is(old($numbers), $made, 'once more: nothing is made anew');
is_deeply(contents(), $before, 'nor changed');

# --- it works ------------------------------------------------------------------------------

sub send_one { return old("SELECT code FROM e2emsg.send_messages(ARRAY[e2emsg.find_user('$_[0]')], ARRAY[e2emsg.find_user('user1')],
	'{0}', '{NULL}', '{1}', ARRAY[int4send($_[1]) || '\\x0000000000000000'], ARRAY[decode(repeat('5a', $_[1] * 7), 'hex')],
	ARRAY[decode(repeat('a5', 16), 'hex')])") }
is(send_one('user2', 1), 'repeated', 'a retry of what was sent before gets its first answer');
is(send_one('user3', 100), '', 'a new message is stored');
old("SELECT e2emsg.block_sender(e2emsg.find_user('user1'), e2emsg.find_user('user3'))");
is(send_one('user3', 101), 'not_accepted', 'a block counts');
old("UPDATE e2emsg.messages SET sent_at = sent_at - interval '8 days'");
is(old('SELECT acknowledged FROM e2emsg.purge()'), 27, 'what is read is purged');
old("SELECT e2emsg.acknowledge(e2emsg.find_user('user1'), 10)");
is(old("SELECT b.unread_bytes = d.bytes FROM e2emsg.mailboxes b JOIN e2emsg.mailbox_depths d ON d.mailbox_id = b.id
	WHERE b.id = e2emsg.find_user('user1')"), 't', 'and bytes go on being counted');
is($server->refused('UPDATE e2emsg.key_rotation_log SET version = 7', database => 'older'), '42501', 'the log is append-only');
is(old('SELECT bool_and(ok) FROM e2emsg.health()'), 't', 'health() has nothing to say');

done_testing();
