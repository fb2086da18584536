# Receipts of the command-line client.
use strict;
use warnings;
use E2emsg::Test;

my $server  = E2emsg::Server->with_extension;
my $gateway = E2emsg::Gateway->new($server);
my ($alice, $bob) = map { E2emsg::Client->new($gateway, $_) } qw(alice bob);

sub does
{
	my ($who, @arguments) = @_;
	my $result = $who->run(@arguments);
	is($result->{status}, 0, $who->name . ": @arguments") or diag "$result->{out}$result->{err}";
	return $result->{out};
}

sub mail_of { return $server->sql("SELECT last_seq FROM e2emsg.mailboxes WHERE id = e2emsg.find_user('$_[0]')") }

does($alice, qw(send bob first));
does($bob, qw(read --receipts));
is(mail_of('alice'), '0', 'a stranger gets no receipt');
does($bob, qw(send alice hello));
does($alice, 'read');
does($alice, qw(send bob second));
does($alice, qw(send bob third));
does($bob, 'read');
is(mail_of('alice'), '1', 'without --receipts nobody gets one');
does($alice, qw(send bob fourth));
does($bob, qw(read --receipts));
is(mail_of('alice'), '2', 'one receipt');
does($bob, qw(read --receipts));
is(mail_of('alice'), '2', 'and no other for the same mail');
like(my $news = does($alice, 'read'), qr/^\[2\] \S+ bob \(signed\)\n    has read what you sent until \S+Z\n\z/,
	'it is told');
my $all = does($alice, qw(read --all));
is(scalar(() = $all =~ /to bob \(read\)/g), 4, 'and stands beside all that was sent before');
unlike($all, qr/has read/, 'but is no message');
does($alice, qw(send bob fifth));
unlike(does($alice, qw(read --all)) =~ s/.*fourth//sr, qr/\(read\)/, 'what was sent since is not read');
my @records = map { decode($_) } split /\n/, does($alice, qw(read --all --json));
is(join(' ', map { $_->{delivery} // '-' } grep { $_->{direction} eq 'out' } @records),
	'read read read read -', 'and in JSON');
is_deeply([ map { $_->{receipt}{kind} } grep { $_->{receipt} } @records ], ['read'],
	'with the receipt itself');
does($bob, qw(read --receipts));
unlike(does($bob, qw(read --all)), qr/receipt|has read/, 'who sent a receipt does not see it as a message');
does($alice, qw(read --receipts));
is(mail_of('bob'), '5', 'a receipt gets no receipt');

done_testing();
