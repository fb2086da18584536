#!/bin/bash
# "make run" and "make demo": everything from nothing.
#
#   run.sh run    data in .run/ (kept; FRESH=1 forgets them); plays the
#                 conversation, then serves until Ctrl-C or SIGTERM
#   run.sh demo   fresh data, thrown away; plays the conversation and ends
#
# PORT (8080) is the gateway's.  RUN_DIR names another folder than .run/.
# A script that starts it with "&" ends it with SIGTERM: the shell lets such a
# job ignore SIGINT, and that can't be undone in here.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

MODE=${1:-}
PORT=${PORT:-8080}
DATA=${RUN_DIR:-$TOP/.run}
GATEWAY_PID=
LOCKED= # the folder is ours

# PostgreSQL does not run as root, so another user needs a way in here.
check_folder() {
	if ! server_user_enters "$1"; then
		say "PostgreSQL never runs as root: it will run as the user $SERVER_USER, who can't"
		say "enter $1."
		say "Clone into a folder that is open to all, such as /srv or /opt, or keep the"
		say "data in one: make $MODE RUN_DIR=/srv/e2emsg-data"
		exit 1
	fi
}

# The clone, or what lies in it of an earlier run, may be another user's.
make_folder() {
	if ! mkdir -p "$DATA" 2>/dev/null || ! [ -w "$DATA" ] || { [ -e "$DATA/lock" ] && ! [ -w "$DATA/lock" ]; }; then
		say "$(id -un) can't write in $DATA. Keep the data in a folder of your own:"
		say "make $MODE RUN_DIR=/srv/e2emsg-data"
		exit 1
	fi
}

# One at a time in a folder.
take_folder() {
	make_folder
	DATA=$(cd "$DATA" && pwd -P)
	PARENT=$DATA
	check_folder "$DATA"
	if [ "$MODE" = demo ]; then
		DATA=$(mktemp -d "$DATA/demo.XXXXXX")
		chmod 755 "$DATA"
	fi
	exec 9>"$DATA/lock"
	flock -n 9 || die "another \"make run\" is serving from $DATA"
	LOCKED=1
}

# A run that was killed leaves its gateway and its server behind.
stop_leftovers() {
	local pid
	pid=$(cat "$DATA/gateway/pid" 2>/dev/null || true)
	if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/exe" || true)" = "$DATA/bin/e2emsg-gateway" ]; then
		kill "$pid"
		while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
	fi
	if [ -e "$DATA/server/data/postmaster.pid" ]; then
		"$TOP/dev/server.sh" stop "$DATA/server" 9>&-
		pid=$(head -n 1 "$DATA/server/data/postmaster.pid" 2>/dev/null || true)
		if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" || true)" = "$DATA/server/data" ]; then
			die "the PostgreSQL of an earlier run, process $pid, does not end"
		fi
	fi
}

# Only when nobody uses them any more.
make_folders() {
	if [ -n "${FRESH:-}" ]; then
		rm -rf "$DATA/server/data" "$DATA/gateway"
	fi
	mkdir -p "$DATA/server" "$DATA/gateway" "$DATA/bin"
	give_to_server_user "$DATA/gateway"
}

check_port_number() {
	if ! [[ $PORT =~ ^[1-9][0-9]{0,4}$ ]] || [ "$PORT" -gt 65535 ]; then
		die "PORT must be a number from 1 to 65535, like 8080"
	fi
}

check_port() {
	if port_is_taken "$PORT"; then
		die "port $PORT of 127.0.0.1 is in use; choose another: make $MODE PORT=8090"
	fi
}

build() {
	say "Building the extension, the gateway and the client ..."
	make -s -j "$(nproc)" -C "$TOP" PG_CONFIG="$PG_CONFIG" all gateway client >"$DATA/build.log" 2>&1 ||
		{ tail -n 30 "$DATA/build.log" >&2; die "the build failed"; }
	install -m 755 "$TOP/gateway/e2emsg-gateway" "$TOP/client/e2emsg" "$DATA/bin/"
}

start_server() {
	say "Starting a private PostgreSQL 15, without a TCP port ..."
	"$TOP/dev/server.sh" install "$DATA/server"
	"$TOP/dev/server.sh" start "$DATA/server" 9>&-
	# shellcheck source=/dev/null
	. "$DATA/server/env"
	psql -qX -v ON_ERROR_STOP=1 -f "$TOP/dev/install.sql" -f "$TOP/dev/evil.sql"
}

start_gateway() {
	local tries log=$DATA/gateway/log
	say "Starting the gateway on http://127.0.0.1:$PORT ..."
	rm -f "$DATA/gateway/ports"
	(
		cd "$DATA/gateway"
		exec setsid "${AS_SERVER_USER[@]}" "$DATA/bin/e2emsg-gateway" \
			--database="host=$PGHOST port=$PGPORT dbname=$PGDATABASE user=e2emsg_gateway" \
			--port="$PORT" --admin_port=0 --port_file="$DATA/gateway/ports" \
			--secret_file="$DATA/gateway/secret" --log_signer="$DATA/gateway/log-key" \
			--limit_loopback=off --demo=on >>"$log" 2>&1 9>&-
	) &
	GATEWAY_PID=$!
	echo "$GATEWAY_PID" >"$DATA/gateway/pid"
	for ((tries = 0; tries < 100; tries++)); do
		if [ -s "$DATA/gateway/ports" ]; then return; fi
		kill -0 "$GATEWAY_PID" 2>/dev/null || break
		sleep 0.1
	done
	tail -n 20 "$log" >&2
	die "the gateway did not start; its log is $log"
}

# Runs at the end, whatever the end is: the gateway first, then the server.
stop_everything() {
	local status=$?
	trap '' INT TERM HUP
	if [ -n "$GATEWAY_PID" ]; then
		kill "$GATEWAY_PID" 2>/dev/null || true
		wait "$GATEWAY_PID" 2>/dev/null || { say "the gateway ended with status $?"; status=1; }
		rm -f "$DATA/gateway/pid"
	fi
	if [ -n "$LOCKED" ] && [ -e "$DATA/server/data/postmaster.pid" ]; then
		"$TOP/dev/server.sh" stop "$DATA/server" 9>&-
	fi
	if [ "$MODE" = demo ] && [ "$DATA" != "$PARENT" ]; then
		rm -rf "$DATA"
	fi
	exit "$status"
}

# A path for the reader's shell, short when it lies in the clone.
shown() { printf '%q' "${1#"$TOP/"}"; }

say_how_to_go_on() {
	local admin_port
	read -r _ admin_port <"$DATA/gateway/ports"
	say "Serving on http://127.0.0.1:$PORT; Ctrl-C, or kill $$, stops the gateway and the"
	say "server. The data stay; make run FRESH=1 forgets them. In a browser:"
	say
	say "  http://127.0.0.1:$PORT/      the chat"
	say "  http://127.0.0.1:$PORT/demo  Alice, Bob and what the server sees"
	say "  http://127.0.0.1:$PORT/docs  the REST interface"
	say
	say "In another terminal:"
	say
	say "  cd $(printf '%q' "$TOP")"
	say "  . $(shown "$DATA/server/env") && psql"
	say "  PATH=\$PWD/client:\$PATH"
	say "  e2emsg register grace --server http://127.0.0.1:$PORT"
	say "  e2emsg --help"
	say "  curl http://127.0.0.1:$admin_port/live http://127.0.0.1:$admin_port/ready"
	say "  tail -f $(shown "$DATA/gateway/log")"
	say
}

serve() {
	say_how_to_go_on
	trap 'say; say "Stopping ..."; exit 0' INT TERM HUP
	wait "$GATEWAY_PID" 2>/dev/null || true
	GATEWAY_PID=
	die "the gateway ended by itself; its log is $DATA/gateway/log"
}

case $MODE in
	run | demo) ;;
	*) die "usage: run.sh run|demo" ;;
esac
check_port_number
"$TOP/dev/deps.sh" run
PG_CONFIG=$(find_pg_config)
export PG_CONFIG
PARENT=$DATA
trap 'exit 130' INT TERM HUP
trap stop_everything EXIT
take_folder
stop_leftovers
make_folders
check_port
build
start_server
start_gateway
"$TOP/dev/conversation.sh" "http://127.0.0.1:$PORT" "$DATA/bin/e2emsg" "$DATA/gateway/log"
if [ "$MODE" = run ]; then serve; fi
