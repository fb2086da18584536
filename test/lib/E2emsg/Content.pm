package E2emsg::Content;

# What a copy of a database must have, too.
#
#   rows($server, %options)     -> { table => its rows as text }
#   catalog($server, %options)  -> { functions, tables, rules => lines }
#       with owners, rights and definitions; options: database

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(rows catalog);

my %queries = (
	functions => <<'SQL', tables => <<'SQL', rules => <<'SQL');
SELECT p.oid::regprocedure::text, p.proowner::regrole, p.prosecdef, p.proacl
FROM pg_proc p WHERE pronamespace = 'e2emsg'::regnamespace ORDER BY 1
SQL
SELECT c.relname, c.relowner::regrole, c.relacl FROM pg_class c
WHERE relnamespace = 'e2emsg'::regnamespace ORDER BY 1
SQL
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'e2emsg'::regnamespace ORDER BY 1, 2
SQL

sub rows
{
	my ($server, %options) = @_;
	my @tables = split /\n/, $server->sql('SELECT unnest(e2emsg.table_names())', %options);
	return { map { $_ => $server->sql("SET timezone = 'UTC'; SELECT t FROM e2emsg.$_ t ORDER BY t::text", %options) } @tables };
}

sub catalog
{
	my ($server, %options) = @_;
	return { map { $_ => [ split /\n/, $server->sql($queries{$_}, %options) ] } keys %queries };
}

1;
