package E2emsg::Settings;

# The tables of settings as the documentation has to show them.
#
#   gateway_rows()        -> lines of a Markdown table, from --help
#   database_rows($server)    the same, from pg_settings

use strict;
use warnings;
use Exporter 'import';
use E2emsg::Test;

our @EXPORT = qw(gateway_rows database_rows);

# | `name` | values | default | ... | what it is |
sub _row
{
	my ($name, $values, $default, @rest) = @_;
	$default = $default eq 'none' ? '' : "`$default`";
	$values =~ s/\|/, /g;
	return join ' ', '|', "`$name` |", "$values |", "$default |", map { "$_ |" } @rest;
}

sub gateway_rows
{
	my $help = run_command([ E2emsg::Gateway::binary(), '--help' ])->{out};
	my @rows;
	while ($help =~ /^ ([ *])(\w+) +(\S.*)\n +(?:(\S.*), )?default (.*)$/mg)
	{
		push @rows, _row($2, $4 // 'text', $5, $1 eq '*' ? 'yes' : '', $3);
	}
	return @rows;
}

sub database_rows
{
	my ($server) = @_;
	my $settings = decode($server->sql(<<'SQL'));
LOAD '$libdir/e2emsg';
SELECT json_agg(s ORDER BY name) FROM pg_settings s WHERE name LIKE 'e2emsg.%'
SQL
	my %words = (bool => 'on, off', string => 'text');
	return map {
		my $values = $words{ $_->{vartype} } // "$_->{min_val} to $_->{max_val}" . ($_->{unit} ? " $_->{unit}" : '');
		my $help = join ' ', grep { defined } @$_{qw(short_desc extra_desc)};
		_row($_->{name}, $values, $_->{boot_val}, $help =~ s/\s+/ /gr)
	} @$settings;
}

1;
