#!/bin/bash
# A private PostgreSQL 15: no TCP, an own socket, an own log.
#
#   server.sh install DIR   build the extension and put it under DIR/install
#   server.sh start DIR     initdb when there is no data yet, then start
#   server.sh stop DIR      stop; the data stay
#
# DIR holds data/, install/, log and env.  "source DIR/env" gives psql its
# PGHOST, PGPORT and PGUSER.  FSYNC=off makes a server for tests; POSTGRES names
# a program to start in the place of postgres.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

PG_CONFIG=$(find_pg_config)
BIN=$("$PG_CONFIG" --bindir)

usage() { die "usage: server.sh install|start|stop DIR"; }

install_extension() {
	rm -rf "$DIR/install"
	make -s -C "$TOP" PG_CONFIG="$PG_CONFIG" install DESTDIR="$DIR/install" >/dev/null
	chmod -R a+rX "$DIR/install"
}

make_data() {
	"${AS_SERVER_USER[@]}" "$BIN/initdb" -D "$DIR/data" -U postgres -E UTF8 --locale=C.UTF-8 \
		--auth=trust --no-instructions ${FSYNC:+--no-sync} >"$DIR/initdb.log" 2>&1 ||
		{ cat "$DIR/initdb.log" >&2; die "initdb failed"; }
	rm "$DIR/initdb.log"
	echo "include = 'private.conf'" >>"$DIR/data/postgresql.conf"
}

# A Unix socket's path has at most 107 bytes, so it does not lie in DIR.  After
# a restart it is the same one, for those who want to connect again.
make_socket_folder() {
	local parent=${TMPDIR:-/tmp}
	if [ ${#parent} -gt 70 ] || ! server_user_enters "$parent"; then parent=/tmp; fi
	SOCKET=$(socket_folder)
	if [ -z "$SOCKET" ] || ! mkdir -m 700 "$SOCKET" 2>/dev/null; then
		SOCKET=$(mktemp -d "$parent/e2emsg.XXXXXX")
	fi
	give_to_server_user "$SOCKET"
}

# The folder of the last start, if there was one.
socket_folder() {
	if [ -e "$DIR/env" ]; then
		sed -n 's/^export PGHOST=\([^ ]*\) .*/\1/p' "$DIR/env"
	fi
}

write_settings() {
	cat >"$DIR/data/private.conf" <<-SETTINGS
		listen_addresses = ''
		port = 5432
		unix_socket_directories = '$SOCKET'
		unix_socket_permissions = 0700
		extension_destdir = '$DIR/install'
		dynamic_library_path = '$DIR/install$("$PG_CONFIG" --pkglibdir):\$libdir'
		fsync = ${FSYNC:-on}
		max_connections = 60
		log_line_prefix = '%m [%p] %q%u@%d '
	SETTINGS
}

write_env() {
	printf 'export PGHOST=%s PGPORT=5432 PGUSER=postgres PGDATABASE=postgres\n' \
		"$SOCKET" >"$DIR/env"
}

start() {
	server_user_enters "$DIR" ||
		die "$DIR: the user $SERVER_USER, who must run PostgreSQL, can't enter this folder"
	[ -e "$DIR/data/PG_VERSION" ] || make_data
	make_socket_folder
	write_settings
	write_env
	"${AS_SERVER_USER[@]}" "$BIN/pg_ctl" -s -w -t 300 ${POSTGRES:+-p "$POSTGRES"} -D "$DIR/data" \
		-l "$DIR/log" start >&2 ||
		{ tail -n 20 "$DIR/log" >&2; die "PostgreSQL did not start; its log is $DIR/log"; }
}

stop() {
	local folder
	"${AS_SERVER_USER[@]}" "$BIN/pg_ctl" -s -w -D "$DIR/data" -m "${1:-fast}" stop || true
	folder=$(socket_folder)
	case $folder in */e2emsg.??????) rm -rf "$folder" ;; esac
}

[ $# -ge 2 ] || usage
mkdir -p "$2"
DIR=$(cd "$2" && pwd)
cd "$DIR" # the server's user may not enter where we were
if i_am_root && [ "$(stat -c %U "$DIR")" = root ]; then chown "$SERVER_USER:" "$DIR"; fi

case $1 in
	install) install_extension ;;
	start) start ;;
	stop) stop "${3:-fast}" ;;
	*) usage ;;
esac
