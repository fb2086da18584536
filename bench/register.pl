#!/usr/bin/perl
# Registers users over one connection and prints "token id" of each.
# usage: register.pl PORT COUNT KEY
use strict;
use warnings;
use IO::Socket::INET;

my ($port, $count, $key) = @ARGV;
my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "register.pl: $!\n";
my $prefix = sprintf 'r%06x', rand 0xffffff;
for my $n (1 .. $count)
{
	my $body = "{\"username\":\"$prefix.$n\",\"publicKey\":$key}";
	print $socket "POST /users HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n",
	  'Content-Length: ', length $body, "\r\n\r\n", $body;
	$socket->sysread(my $answer, 65536);
	my ($id)    = $answer =~ /"id" ?: ?"([^"]+)"/;
	my ($token) = $answer =~ /"token": ?"([^"]+)"/ or die "register.pl: the gateway said $answer\n";
	print "$token $id\n";
}
