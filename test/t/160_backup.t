# Backups: what the routes take and refuse, and how an account moves to another
# machine with the recovery code.
use strict;
use warnings;
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);

my %exit = (ok => 0, refused => 1, usage => 2, network => 3, auth => 4, untrusted => 5,
	unreadable => 6);

sub does
{
	my ($who, $code, $arguments, $name) = @_;
	my $result = $who->run(@$arguments);
	is($result->{status}, $exit{$code}, $name // $who->name . ": @$arguments")
	  or diag "$result->{out}$result->{err}";
	return $result;
}

sub owner { return $server->sql("SET ROLE e2emsg_owner; $_[0]") }

# A home of its own, where the code restores the account.
sub restores
{
	my ($name, $typed, $code, $what, $at) = @_;
	my $there = E2emsg::Client->new($at // $gateway, undef);
	$there->{name} = $name;
	my $result = $there->run('restore', $name, { stdin => $typed });
	is($result->{status}, $exit{$code}, $what) or diag "$result->{out}$result->{err}";
	$there->{result} = $result;
	return $there;
}

my $alice = E2emsg::Client->new($gateway, 'alice');
my $bob   = E2emsg::Client->new($gateway, 'bob');
my $code  = does($alice, ok => ['backup'])->{out};
like($code, qr/^(?:[0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}\n$/, 'a recovery code');
is((stat $alice->folder . '/backup.json')[2] & 07777, 0600, 'backup.json is private');
does($alice, ok => [ qw(send bob), 'from the first machine' ]);
does($alice, ok => [qw(verify bob --confirm)]);
does($bob, ok => ['read']);
does($bob, ok => [ qw(send alice), 'before' ]);
does($alice, ok => ['read']);
my $second = restores('alice', $code, 'ok', 'the code restores the account elsewhere');
does($second, ok => ['whoami']);
diag $second->{result}{err};
done_testing();
