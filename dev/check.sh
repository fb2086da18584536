#!/bin/bash
# Every test.  Builds and tests a copy of the tree in a temporary folder, so
# that it runs beside "make run" and in a clone that only its owner can enter.
# The last line is "N passed, M failed".  KEEP=1 keeps the folder.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

WORK=
PASSED=0
FAILED=0
COMPLETE= # set when all tests have run

heading() { printf '\n== %s\n' "$*"; }

# Adds to the sums; prints what a kind of test came to.
tally() {
	printf '%s: %d passed, %d failed\n' "$1" "$2" "$3"
	PASSED=$((PASSED + $2))
	FAILED=$((FAILED + $3))
}

# One test that is a command: its output is shown only when it fails.
# Returns false then.
step() {
	local name=$1 log=$WORK/step.log
	shift
	heading "$name"
	if "$@" >"$log" 2>&1; then
		tally "$name" 1 0
	else
		tail -n 60 "$log"
		tally "$name" 0 1
		return 1
	fi
}

# Programs that print TAP.
tap() {
	local name=$1 log=$WORK/tap.log last
	shift
	heading "$name"
	dev/tap.pl "$@" 2>&1 | tee "$log" || true
	last=$(tail -n 1 "$log")
	if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		tally "$name" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
	else
		tally "$name" 0 1
	fi
}

# The programs in a folder, for tap().
programs() { find "$1" -maxdepth 1 -type f -executable -name "$2" | sort; }

# pg_regress and pg_isolation_regress print a line a test.
regress() {
	local name=$1 log=$WORK/regress.log out=$WORK/$1 ok failed status=0
	shift
	heading "$name"
	mkdir -p "$out"
	make -s PG_CONFIG="$PG_CONFIG" installcheck EXTRA_REGRESS_OPTS="--outputdir=$out" \
		"$@" >"$log" 2>&1 || status=$?
	grep -E '\.\.\. +(ok|FAILED)' "$log" || true
	ok=$(grep -cE '\.\.\. +ok' "$log" || true)
	failed=$(grep -cE '\.\.\. +FAILED' "$log" || true)
	if [ "$status" -ne 0 ] || [ "$ok" -eq 0 ]; then
		head -n 200 "$out/regression.diffs" 2>/dev/null || tail -n 20 "$log"
		if [ "$failed" -eq 0 ]; then failed=1; fi
	fi
	tally "$name" "$ok" "$failed"
}

# Everything happens in here; the server's user must be able to enter.
make_work_folder() {
	local parent=${TMPDIR:-/tmp}
	server_user_enters "$parent" || parent=/tmp
	WORK=$(mktemp -d "$parent/e2emsg-check.XXXXXX")
	chmod 755 "$WORK"
	mkdir -m 1777 "$WORK/tmp"
	export TMPDIR=$WORK/tmp
}

copy_tree() {
	mkdir "$WORK/tree"
	tar -C "$TOP" --exclude=.git --exclude=.run --exclude='*.o' --exclude='*.so' \
		--exclude=build --exclude=build-sanitize --exclude=node_modules --exclude=gateway/e2emsg-gateway \
		--exclude=client/e2emsg -cf - . | tar -C "$WORK/tree" -xf -
	chmod -R a+rX "$WORK/tree"
	ln -s "$TOP/test/browser/node_modules" "$WORK/tree/test/browser/node_modules"
}

# With ASan and UBSan: the gateway, the client, unit tests, fuzz targets; with
# UBSan alone: the extension that the tests run against.
build_sanitized() {
	make -s -j "$(nproc)" -C gateway SANITIZE=1 &&
		make -s -j "$(nproc)" -C client SANITIZE=1 build-sanitize/e2emsg tests &&
		make -s -j "$(nproc)" -C test/unit all &&
		make -s -j "$(nproc)" -C test/gateway all &&
		make -s -j "$(nproc)" -C test/fuzz all &&
		cp -r . "$WORK/sanitized" &&
		make -s -C "$WORK/sanitized" PG_CONFIG="$PG_CONFIG" clean &&
		make -s -C "$WORK/sanitized" PG_CONFIG="$PG_CONFIG" install \
			DESTDIR="$WORK/server/install" COPT='-fsanitize=undefined -fno-sanitize-recover=all'
}

start_server() {
	FSYNC=off dev/server.sh start "$WORK/server" || return
	# shellcheck source=/dev/null
	. "$WORK/server/env"
}

# Runs at the end, whatever the end is.
finish() {
	cd /
	if [ -e "$WORK/server/env" ]; then
		"$TOP/dev/server.sh" stop "$WORK/server" immediate || true
	fi
	if [ -n "${KEEP:-}" ]; then
		say "kept: $WORK"
	elif [ -n "$WORK" ]; then
		rm -rf "$WORK"
	fi
	if [ -z "$COMPLETE" ]; then
		echo 'Stopped here: the other tests did not run.'
		FAILED=$((FAILED + 1))
	fi
	printf '\n%d passed, %d failed\n' "$PASSED" "$FAILED"
	[ "$FAILED" -eq 0 ] || exit 1
}

main() {
	trap finish EXIT
	trap 'exit 130' INT TERM
	"$TOP/dev/deps.sh" check
	PG_CONFIG=$(find_pg_config)
	export PG_CONFIG
	make_work_folder
	copy_tree
	cd "$WORK/tree"

	step 'format' make -s format-check || true
	step 'eslint' test/browser/node_modules/.bin/eslint --max-warnings 0 \
		-c test/browser/lib/eslint.config.mjs test gateway/web || true
	step 'build (-Werror)' make -s -j "$(nproc)" PG_CONFIG="$PG_CONFIG" COPT=-Werror \
		all gateway client || exit
	step 'build (ASan, UBSan)' build_sanitized || exit
	step 'private server' start_server || exit
	regress 'SQL' ISOLATION=
	regress 'isolation' REGRESS=

	export E2EMSG_VECTORS=test/vectors
	# shellcheck disable=SC2046 # a word each
	{
		tap 'unit tests of src/' $(programs test/unit/build 'test_*')
		tap 'unit tests of gateway/' $(programs test/gateway/build 'test_*')
		tap 'unit tests of client/' $(programs client/build-sanitize '*_test')
	}
	step 'fuzzing, the same inputs each time' \
		make -s -j "$(nproc)" -C test/fuzz check || true
	tap 'tokens and keys, which jose judges, too' test/fuzz/jose.mjs
	tap 'protocol vectors in JavaScript' test/vectors/protocol.mjs

	export E2EMSG_INSTALL=$WORK/server/install
	export E2EMSG_GATEWAY=$PWD/gateway/build-sanitize/e2emsg-gateway
	export E2EMSG_CLIENT=$PWD/client/build-sanitize/e2emsg
	tap 'client against a dishonest server' test/client/dishonest_server.mjs \
		test/client/dishonest_log.mjs test/client/dishonest_heads.mjs test/client/outbox.mjs \
		test/client/live.mjs
	tap 'auditor against a dishonest server' test/client/audit.mjs test/client/audit_deleted.mjs
	tap "the browser client's modules in Node" test/web/*.mjs
	tap 'end to end' test/t/*.t
	tap 'faults under load' test/faults/*.t
	tap 'in a browser' test/browser/*.mjs
	step 'make demo' make -s demo PORT="$(free_port)" RUN_DIR="$WORK/demo" || true
	COMPLETE=1
}

main
