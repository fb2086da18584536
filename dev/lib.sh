# shellcheck shell=bash
# Shared by the scripts in this folder; sourced, not run.

# shellcheck disable=SC2034 # used by the scripts that source this file
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
umask 022
unset MAKEFLAGS MAKEOVERRIDES MFLAGS # of the make that called us
SERVER_USER=postgres # runs PostgreSQL when we are root

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

i_am_root() { [ "$(id -u)" -eq 0 ]; }

# Before a command: runs it as the user that owns the private server.
AS_SERVER_USER=(env)
if i_am_root; then
	AS_SERVER_USER=(setpriv "--reuid=$SERVER_USER" "--regid=$SERVER_USER"
		--init-groups env HOME=/)
fi

give_to_server_user() {
	if i_am_root; then chown -R "$SERVER_USER:" "$@"; fi
}

# May the server's user read and enter this folder?
server_user_enters() { "${AS_SERVER_USER[@]}" test -r "$1" -a -x "$1" 2>/dev/null; }

# pg_config of PostgreSQL 15, also where several versions are installed.
find_pg_config() {
	local candidate
	for candidate in "${PG_CONFIG:-}" /usr/lib/postgresql/15/bin/pg_config; do
		if [ -x "$candidate" ]; then
			printf '%s\n' "$candidate"
			return
		fi
	done
	command -v pg_config || die "PostgreSQL 15 is not installed; run 'make deps'"
}

free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
		LocalAddr => "127.0.0.1", LocalPort => 0, Listen => 1)->sockport'
}

port_is_taken() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
