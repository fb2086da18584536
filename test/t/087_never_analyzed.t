# A database that grows from nothing in one session and never meets ANALYZE:
# the plans of the first call must do for the last one.
use strict;
use warnings;
use E2emsg::Test;

my $server = E2emsg::Server->with_extension(key_log => 'off');
$server->sql('ALTER SYSTEM SET autovacuum = off; SELECT pg_reload_conf()');

use constant CALLS => 200;    # of each function, measured

# One psql session.  "reads" is what it has had to read of the tables so far.
my $script = <<'SQL';
CREATE TEMP VIEW reads AS
SELECT sum(t.seq_scan) AS seq_scans,
	   sum(t.idx_tup_fetch + t.seq_tup_read) FILTER (WHERE t.relname = 'messages') AS messages,
	   (SELECT sum(i.idx_tup_read) FROM pg_stat_user_indexes i
		WHERE (i.schemaname, i.relname) = ('e2emsg', 'messages')) AS entries
FROM pg_stat_user_tables t
WHERE t.schemaname = 'e2emsg' AND t.relname IN ('messages', 'mailboxes', 'public_keys', 'users');
CREATE TEMP TABLE before AS SELECT * FROM reads;

CREATE PROCEDURE pg_temp.register(first integer, last integer) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO e2emsg.users (id, username)
	SELECT md5(n::text)::uuid, 'user' || n FROM generate_series(first, last) n;
	INSERT INTO e2emsg.mailboxes (id, key_version, logged_version)
	SELECT md5(n::text)::uuid, 1, 1 FROM generate_series(first, last) n;
	INSERT INTO e2emsg.public_keys (user_id, version, key, thumbprint)
	SELECT md5(n::text)::uuid, 1, jwk, e2emsg.jwk_thumbprint(jwk::text::json)
	FROM generate_series(first, last) n, example;
END
$$;
-- from user 0 to the users 1 to 20; the same number is the same envelope
CREATE PROCEDURE pg_temp.send(first integer, last integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN first .. last LOOP
		PERFORM e2emsg.send_message(md5('0')::uuid, md5((n % 20 + 1)::text)::uuid, '\x5ea1ed',
			decode(lpad(to_hex(n), 24, '0'), 'hex'), decode(repeat('00', 16), 'hex'), 1);
		IF n % 500 = 0 THEN
			COMMIT;
		END IF;
	END LOOP;
END
$$;
-- a function of user 7's mailbox
CREATE PROCEDURE pg_temp.call(calls integer, call text) LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN 1 .. calls LOOP
		EXECUTE format('SELECT e2emsg.' || call, md5('7'));
	END LOOP;
END
$$;
SQL
$script .= "CREATE TEMP TABLE example AS SELECT '" . json(public_jwk(0)) . "'::jsonb AS jwk;\n";

my @calls = (q{inbox(%L, 700, 10)}, q{rest_inbox(%L, '700', '10')},
	q{rest_streams(ARRAY[%L]::uuid[], '{700}')}, q{acknowledge(%L, 2)});

# The first calls, on next to nothing: their plans stay for the session.
$script .= 'CALL pg_temp.register(0, 20); CALL pg_temp.send(1, 200);';
$script .= "CALL pg_temp.call(10, \$\$$_\$\$);\n" for @calls;
$script .= 'CALL pg_temp.register(21, 3000); CALL pg_temp.send(201, 30000);';

# Prints what a call read: scans of whole tables, messages, entries of its indexes.
sub measured
{
	my ($call) = @_;
	return <<"SQL";
SELECT FROM pg_stat_force_next_flush();
TRUNCATE before; INSERT INTO before SELECT * FROM reads;
CALL pg_temp.$call;
SELECT FROM pg_stat_force_next_flush();
SELECT r.seq_scans - b.seq_scans, r.messages - b.messages, r.entries - b.entries
FROM reads r, before b;
SQL
}

# call, and how many messages it may read
my @measured = (
	[ 'send(30001, 30000 + ' . CALLS . ')', CALLS ],
	[ 'send(20001, 20000 + ' . CALLS . ')', 2 * CALLS ],
	map { [ "call(@{[CALLS]}, \$\$$_\$\$)", /streams/ ? 51 * CALLS : /inbox/ ? 11 * CALLS : 0 ] } @calls
);
my @lines = grep { length } split /\n/,
  $server->sql($script . join '', map { measured($_->[0]) } @measured);

is(scalar @lines, scalar @measured, 'as many results as calls');
for my $case (@measured)
{
	my ($call, $limit) = @$case;
	my ($scans, $messages, $entries) = split /\|/, shift @lines;
	is($scans, 0, "$call: no table is read as a whole");
	cmp_ok($messages, '<=', $limit, "$call: at most $limit messages are read");
	cmp_ok($entries,  '<=', $limit, "$call: at most $limit index entries are read");
}
is($server->sql('SELECT count(*) FROM e2emsg.messages'), 30000 + CALLS, 'all were stored');
is($server->sql(<<'SQL'), 't', 'nothing was ever analyzed');
SELECT bool_and(reltuples = -1) FROM pg_class
WHERE relnamespace = 'e2emsg'::regnamespace AND relkind = 'r'
SQL
done_testing();
