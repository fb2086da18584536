#!/bin/bash
# The SQL tests with the server under valgrind (memcheck): whether the extension
# reads memory that nobody has written, or touches what is not its own.  Only
# reports whose stack goes through e2emsg.so count: Debian's PostgreSQL is built
# without its own marks for valgrind, so that it reports some of its own, and
# sees of palloc() only the blocks.  Minutes; nothing else needs it.
# usage: valgrind.sh
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

PG_CONFIG=$(find_pg_config)
export PG_CONFIG
WORK=

finish() {
	if [ -e "$WORK/server/env" ]; then
		"$TOP/dev/server.sh" stop "$WORK/server" immediate || true
	fi
	rm -rf "$WORK"
}

make_work_folder() {
	local parent=${TMPDIR:-/tmp}
	server_user_enters "$parent" || parent=/tmp
	WORK=$(mktemp -d "$parent/e2emsg-valgrind.XXXXXX")
	chmod 755 "$WORK"
	mkdir -m 1777 "$WORK/reports"
}

# What runs in the place of postgres; backends are forked and so come along.
write_wrapper() {
	cat >"$WORK/postgres" <<-WRAPPER
		#!/bin/sh
		exec valgrind --quiet --error-limit=no --num-callers=40 --xml=yes \\
			--xml-file=$WORK/reports/%p "$("$PG_CONFIG" --bindir)/postgres" "\$@"
	WRAPPER
	chmod 755 "$WORK/postgres"
}

# The reports of the extension's own, as text; their number goes to standard error.
own_reports() {
	perl -0777 -ne '
		for my $error (grep { m{<obj>[^<]*/e2emsg\.so</obj>} } m{<error>(.*?)</error>}sg) {
			my ($what) = $error =~ m{<(?:what|text)>(.*?)</};
			my @stack = map { my ($fn) = m{<fn>(.*?)</fn>}; my ($file) = m{<file>(.*?)</file>};
				my ($line) = m{<line>(.*?)</line>};
				"    " . ($fn // "?") . (defined $file ? " ($file:$line)" : "") . "\n" }
				$error =~ m{<frame>(.*?)</frame>}sg;
			print "$what\n", @stack, "\n";
			$count++;
		}
		END { printf STDERR "%d reports of e2emsg.so\n", $count // 0; exit($count ? 1 : 0) }
	' "$WORK"/reports/*
}

main() {
	local status=0
	"$TOP/dev/deps.sh" valgrind
	trap finish EXIT
	trap 'exit 130' INT TERM
	make_work_folder
	write_wrapper
	"$TOP/dev/server.sh" install "$WORK/server"
	FSYNC=off POSTGRES=$WORK/postgres "$TOP/dev/server.sh" start "$WORK/server"
	# shellcheck source=/dev/null
	. "$WORK/server/env"
	mkdir "$WORK/out"
	make -s -C "$TOP" installcheck ISOLATION= \
		EXTRA_REGRESS_OPTS="--outputdir=$WORK/out" || status=1
	"$TOP/dev/server.sh" stop "$WORK/server" fast
	rm "$WORK/server/env"
	cat "$WORK/out/regression.diffs" 2>/dev/null || true
	own_reports || status=1
	exit "$status"
}

main
