package Faults::Reader;

# Reads a mailbox, records each message outside of the database, and only then
# acknowledges it.
#
#   Faults::Reader::run({
#       user => $user, doors => [...], record => $path, stopped => sub {...},
#       way => 'poll' or 'stream'
#   })  -> true when it has read all that there is
#
# poll: what is not acknowledged is what the server gives next, so a lost
# acknowledgement would show.  stream: it goes on after the last number read.
# Lines of the record: SEQ IV ID; "! text" for what must not happen.

use strict;
use warnings;
use Time::HiRes qw(sleep);
use E2emsg::Http;
use E2emsg::Stream;

use constant {
	PATIENCE => 5,
	RETRY    => 0.05,
	BATCH    => 50,
};

sub run
{
	my ($self) = @_;
	open $self->{out}, '>', $self->{record} or return 0;
	@$self{qw(turn last)} = (0, 0);
	$self->{connections} =
	  [ map { E2emsg::Http->new($_, patience => PATIENCE, once => 1) } @{ $self->{doors} } ];
	my $step = $self->{way} eq 'stream' ? \&_follow : \&_poll;
	until (_is_empty($self) && $self->{stopped}->()) { $step->($self) }
	return 1;
}

sub _door { return $_[0]{connections}[ $_[0]{turn} % @{ $_[0]{doors} } ] }

# Asks each door in turn, until one says something other than "not now".
sub _ask
{
	my ($self, $method, $path, %options) = @_;
	while (1)
	{
		my $reply = _door($self)->request($method, $path, as => $self->{user}, %options);
		return $reply if $reply->{status} && $reply->{status} != 503;
		die "nobody wants it any more\n" if $self->{abandoned}->();
		$self->{turn}++;
		sleep RETRY;
	}
}

# Is there nothing that it has not seen?
sub _is_empty
{
	my ($self) = @_;
	return 0 if !$self->{stopped}->();
	my $reply = _ask($self, 'GET', "/messages?limit=1&after=$self->{last}");
	return $reply->{status} == 200 && !@{ $reply->{json}{messages} };
}

sub _record
{
	my ($self, @messages) = @_;
	syswrite $self->{out}, join '', map { "$_->{seq} $_->{iv} $_->{messageId}\n" } @messages;
	$self->{last} = $messages[-1]{seq};
	return;
}

sub _acknowledge
{
	my ($self) = @_;
	my $reply = _ask($self, 'POST', '/messages/ack', body => { through => $self->{last} });
	syswrite $self->{out}, "! acknowledging $self->{last}: $reply->{status} "
	  . ($reply->{json}{code} // '-') . "\n"
	  if $reply->{status} != 200;
	return;
}

sub _poll
{
	my ($self) = @_;
	my $reply = _ask($self, 'GET', '/messages?limit=200&wait=1');
	my @messages = @{ $reply->{json}{messages} // [] } or return sleep RETRY;
	_record($self, @messages);
	return _acknowledge($self);
}

# One stream, until it ends, or is silent after the stop.
sub _follow
{
	my ($self) = @_;
	my $stream = eval {
		E2emsg::Stream->new(_door($self), as => $self->{user},
			headers => $self->{last} ? { 'Last-Event-ID' => $self->{last} } : {});
	};
	$self->{turn}++;
	return sleep RETRY if !$stream || $stream->status != 200;
	my $unread = 0;
	while (1)
	{
		my $event = $stream->next(0.2);
		_record($self, $event->{data}) if $event && $event->{event} eq 'message';
		$unread++ if $event;
		_acknowledge($self), $unread = 0 if $unread >= BATCH || ($unread && !$event);
		last if !$event && ($stream->ended(0.01) || $self->{stopped}->());
	}
	_acknowledge($self) if $unread;
	return;
}

1;
