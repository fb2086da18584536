#!/usr/bin/perl
# Opens connections, makes one request on each, and keeps them open until it is
# killed.  Prints a line when all wait.  usage: hold.pl PORT COUNT TOKEN PATH
use strict;
use warnings;
use IO::Socket::INET;

my ($port, $count, $token, $path) = @ARGV;
my @open;
$| = 1;
for (1 .. $count)
{
	my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port")
		or die "hold.pl: $!\n";
	print $socket "GET $path HTTP/1.1\r\nHost: 127.0.0.1\r\n",
		"Authorization: Bearer $token\r\n\r\n";
	$socket->sysread(my $answer, 65536);
	$answer =~ m{^HTTP/1.1 200} or die "hold.pl: the gateway said $answer\n";
	push @open, $socket;
}
print "ready\n";
sleep;
