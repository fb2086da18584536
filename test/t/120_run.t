# "make run": one at a time in a folder, also with FRESH=1; and the blocks of
# README.md and docs/api.md that talk to its server, word for word.
use strict;
use warnings;
use E2emsg::Doc;
use E2emsg::Test;

my $dir  = scratch_dir();
my $data = "$dir/data";
my $log  = "$dir/log";
my $run  = top_dir() . '/dev/run.sh';
my $port = run_command([ 'bash', '-c', '. ' . top_dir() . '/dev/lib.sh; free_port' ])->{out};
my %env  = (RUN_DIR => $data, PORT => $port, FRESH => undef);
my ($pid, $started);

END
{
	local $?;
	stop_command($pid) if $pid;
	# a test that failed in the middle may leave these
	kill 'TERM', slurp("$data/gateway/pid") =~ /(\d+)/ if -e "$data/gateway/pid";
	run_command([ top_dir() . '/dev/server.sh', 'stop', "$data/server", 'immediate' ])
	  if -e "$data/server/data/postmaster.pid";
}

sub start
{
	my (%more) = @_;
	$pid = start_command([ $run, 'run' ], log => "$log" . ++$started, env => { %env, %more });
	return wait_until { -e "$log$started" && slurp("$log$started") =~ /^Serving on/m } 120;
}

# A command in the reader's shell, beside the clone's files.
sub reader
{
	my ($command, $stdin) = @_;
	return run_command([ 'bash', '-c', $command ], stdin => $stdin,
		env => { E2EMSG_SERVER => "http://127.0.0.1:$port" });
}

sub psql { return reader(". $data/server/env && psql -XAt -v ON_ERROR_STOP=1", @_) }

for my $bad (qw(abc 0 70000 08080))
{
	my $result = run_command([ 'timeout', '60', $run, 'run' ], env => { %env, PORT => $bad });
	like($result->{err}, qr/^run\.sh: PORT must be a number from 1 to 65535/, "PORT=$bad");
}
ok(!-e $data, 'is refused before anything is made');

# Another user's folder: root could write there.
my @anybody = $> == 0 ? qw(setpriv --reuid=postgres --regid=postgres --init-groups) : ();
run_command([ 'bash', '-c', "cd $dir && mkdir -m 555 others && mkdir -m 777 shared && install -m 444 /dev/null shared/lock" ]);
for my $folder ("$dir/others", "$dir/others/run", "$dir/shared")
{
	my $result = run_command([ @anybody, 'timeout', '60', $run, 'run' ], env => { %env, RUN_DIR => $folder });
	is($result->{status}, 1, 'a folder of somebody else');
	like($result->{err}, qr/^\w+ can't write in \Q$folder\E\..*\nmake run RUN_DIR=/m, 'is named, with another way');
}

ok(start(), 'it serves') or diag slurp("${log}1");
like(slurp("${log}1"), qr{^  http://127\.0\.0\.1:$port$_ }m, "it names the page $_") for '/', '/demo', '/docs';
is(reader("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:$port/$_")->{out}, '200',
	"and serves /$_")
  for '', 'demo/rows?of=bob';
my $users = 'SELECT count(*) FROM e2emsg.users';
is(psql($users)->{out}, "3\n", 'with three users');
my $second = run_command([ 'timeout', '60', $run, 'run' ], env => { %env, FRESH => 1 });
isnt($second->{status}, 0, 'a second one ends');
like($second->{err}, qr/another "make run" is serving/, 'and says why');
is(psql($users)->{out}, "3\n", 'the data of the first one are still there');

for my $case ([ 'README.md', '## From SQL' ], [ 'docs/api.md', 'commit together' ])
{
	my $result = psql(doc_block(@$case, 'sql'));
	is($result->{status}, 0, "$case->[0]: SQL") or diag $result->{err};
	like($result->{out}, qr/^[0-9a-f]{8}-.*\|.*\nCOMMIT$/m, 'stores a message');
}
my $script = "$dir/hello.mjs";
open my $file, '>', $script or die "$script: $!\n";
print $file doc_block('README.md', '## From JavaScript', 'js');
close $file;
for (1, 2)
{
	my $result = reader("node $script");
	like($result->{out}, qr/ to bob: \{\s+messageId: /, 'README.md: JavaScript')
	  or diag $result->{err};
}

my $shell = reader("export XDG_DATA_HOME=$dir/home; set -e\n"
	  . doc_with(doc_block('README.md', '## From the shell', 'sh'), ':8080' => ":$port"));
is($shell->{status}, 0, 'README.md: shell') or diag $shell->{err};
like($shell->{out}, qr/"username":"dave".*"seq":1.*^\[1\] \S+ dave \(signed\)\s+Hello Erin\n.*^([0-9A-Z]{4}-){6}[0-9A-Z]{4}$/ms,
	'a key, a sealed message, the text, a recovery code') or diag $shell->{out};

# What it says at its end, after the blocks of README.md, word for word.
my ($way, @shown) = map { /^  (.*)/ ? $1 : () } split /\n/, slurp("${log}1") =~ s/.*^In another terminal:\n//msr;
@shown = grep { /^PATH=|^e2emsg / } @shown;
is(scalar @shown, 3, 'it says how to go on') or diag slurp("${log}1");
my $goes_on = reader("export XDG_DATA_HOME=$dir/home; set -e\n" . join "\n", $way, @shown);
is($goes_on->{status}, 0, 'as it says') or diag $goes_on->{err};
like($goes_on->{out}, qr/^username +grace\n.*^usage: e2emsg COMMAND/ms, '... an account is made, and the help shown');

# What kill -9 leaves behind is stopped before the data go.
my ($postmaster) = slurp("$data/server/data/postmaster.pid") =~ /^(\d+)/;
is(stop_command($pid, 'KILL'), 'signal 9', 'killed');
ok(kill(0, $postmaster), 'its server goes on');
ok(start(FRESH => 1), 'the next one serves') or diag slurp("${log}2");
ok(!kill(0, $postmaster), 'without that server');
is(psql($users)->{out}, "3\n", 'from fresh data');
is(stop_command($pid), 0, 'SIGTERM ends it well');
undef $pid;
ok(!-e "$data/server/data/postmaster.pid", 'and its server with it');

done_testing();
