# shellcheck shell=bash
# shellcheck disable=SC2034 # variables that run.sh uses
# What the parts of the benchmark share; sourced by run.sh.
# shellcheck source=dev/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../dev/lib.sh"

BENCH=$TOP/bench
WORK=        # everything happens in here
declare -A PID=() URL=()

# Ids of what setup.sql makes: this prefix and four digits.
ID_PREFIX=00000000-0000-8000-8000-00000000
CIPHERTEXT=$(printf '\\x%0512d' 0 | tr 0 5) # 256 bytes
TAG=$(printf '\\x%032d' 0)

# --- start and stop -----------------------------------------------------------

make_work_folder() {
	local parent=${TMPDIR:-/tmp}
	server_user_enters "$parent" || parent=/tmp
	WORK=$(mktemp -d "$parent/e2emsg-bench.XXXXXX")
	chmod 755 "$WORK"
	mkdir "$WORK/tree" "$WORK/gateway" "$WORK/server"
	give_to_server_user "$WORK/gateway"
}

# A copy is built, so that nobody's objects or flags get in.
build() {
	say 'Building ...'
	tar -C "$TOP" --exclude=.git --exclude=.run --exclude='*.o' --exclude='*.so' \
		--exclude=build --exclude=build-sanitize --exclude=gateway/e2emsg-gateway \
		-cf - . | tar -C "$WORK/tree" -xf -
	chmod -R a+rX "$WORK/tree"
	{
		make -s -j "$(nproc)" -C "$WORK/tree" PG_CONFIG="$PG_CONFIG" all gateway &&
			cc -O2 -o "$WORK/empty" "$BENCH/empty.c" -lcivetweb -pthread &&
			cc -O2 -o "$WORK/openssl" "$BENCH/openssl.c" -lcrypto &&
			cc -D_GNU_SOURCE -O2 -o "$WORK/live" "$BENCH/live.c" &&
			cc -D_GNU_SOURCE -O2 -o "$WORK/honest" "$BENCH/honest.c" -lssl -lcrypto -pthread
	} >"$WORK/build.log" 2>&1 || { tail -n 30 "$WORK/build.log" >&2; die 'the build failed'; }
}

# Durable, as people run it.  Checkpoints come between the parts, not in them.
start_server() {
	say 'Starting a private PostgreSQL ...'
	local server=$WORK/tree/dev/server.sh
	"$server" install "$WORK/server"
	"$server" start "$WORK/server"
	# shellcheck source=/dev/null
	. "$WORK/server/env"
	query postgres "
		ALTER SYSTEM SET max_connections = 400;
		ALTER SYSTEM SET shared_buffers = '1GB';
		ALTER SYSTEM SET max_wal_size = '8GB';
		ALTER SYSTEM SET min_wal_size = '4GB';
		ALTER SYSTEM SET checkpoint_timeout = '1h';
		ALTER SYSTEM SET fsync = on;
		ALTER SYSTEM SET synchronous_commit = on"
	"$server" stop "$WORK/server"
	"$server" start "$WORK/server"
	[ "$(query postgres 'SHOW fsync')$(query postgres 'SHOW synchronous_commit')" = onon ] ||
		die 'the server is not durable'
	recycle_wal
}

# A server that has run for a while writes into old WAL files.  A fresh one
# makes each 16 MB file while everybody waits.
recycle_wal() {
	local n
	for ((n = 0; n < 192; n++)); do
		echo 'SELECT pg_logical_emit_message(false, $$$$, $$$$), pg_switch_wal();'
	done | psql -qXAt -d postgres -o /dev/null
	query postgres CHECKPOINT
}

# query DATABASE SQL: rows as plain text, columns parted by |.
query() { psql -qXAt -v ON_ERROR_STOP=1 -d "$1" <<<"$2"; }

# script DATABASE FILE [psql argument ...]
script() {
	local database=$1 file=$BENCH/$2
	shift 2
	(cd "$BENCH" && psql -qXAt -v ON_ERROR_STOP=1 -d "$database" "$@" -f "$file")
}

# A database with the extension, 1,000 receivers and an empty copy of the table.
make_database() {
	[ "$1" = postgres ] || query postgres "CREATE DATABASE $1"
	if [ "${2:-}" = unlogged ]; then
		query postgres "ALTER DATABASE $1 SET e2emsg.key_log = off"
	fi
	psql -qX -v ON_ERROR_STOP=1 -d "$1" -f "$WORK/tree/dev/install.sql"
	script "$1" setup.sql -v prefix="$ID_PREFIX"
}

# start_gateway NAME DATABASE THREADS [FLAG ...]: sets PID[NAME] and URL[NAME].
start_gateway() {
	local name=$1 database=$2 threads=$3 ports=$WORK/gateway/$1.ports tries port
	shift 3
	rm -f "$ports"
	"${AS_SERVER_USER[@]}" "$WORK/tree/gateway/e2emsg-gateway" \
		--database="host=$PGHOST port=$PGPORT dbname=$database user=e2emsg_gateway" \
		--port=0 --admin_port=0 --port_file="$ports" --threads="$threads" \
		--secret_file="$WORK/gateway/secret" --log_signer="$WORK/gateway/log-key-$database" --log_level=warn \
		--limit_loopback=off \
		--keep_alive_timeout_ms=60000 "$@" >>"$WORK/gateway/log" 2>&1 &
	PID[$name]=$!
	for ((tries = 0; tries < 100; tries++)); do
		if [ -s "$ports" ]; then break; fi
		sleep 0.1
	done
	read -r port _ <"$ports" || { tail "$WORK/gateway/log" >&2; die 'the gateway did not start'; }
	URL[$name]=http://127.0.0.1:$port
}

start_empty() {
	local port
	port=$(free_port)
	"$WORK/empty" "$port" 300 &
	PID[empty]=$!
	URL[empty]=http://127.0.0.1:$port
	until port_is_taken "$port"; do sleep 0.1; done
}

stop_program() {
	[ -n "${PID[$1]:-}" ] || return 0
	kill "${PID[$1]}" 2>/dev/null || true
	wait "${PID[$1]}" 2>/dev/null || true
	unset "PID[$1]"
}

# Runs at the end, whatever the end is.
finish() {
	local status=$? name
	trap '' INT TERM HUP
	cd /
	for name in "${!PID[@]}"; do stop_program "$name"; done
	if [ -e "$WORK/server/env" ]; then
		"$TOP/dev/server.sh" stop "$WORK/server" immediate || true
	fi
	rm -rf "$WORK"
	exit "$status"
}

# Twenty senders with tokens, the ids of the first one.  The tokens are good at
# every gateway, since all share a secret.
register_senders() {
	local n answer
	for ((n = 10; n < 30; n++)); do
		answer=$(curl -sS -H 'Content-Type: application/json' "$1/users" \
			-d "{\"username\": \"sender$n\", \"publicKey\": $(<"$BENCH/key.json")}")
		sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' <<<"$answer" >>"$WORK/tokens"
		sed -n 's/.*"id" *: *"\([^"]*\)".*/\1/p' <<<"$answer" >>"$WORK/ids"
	done
	[ "$(wc -l <"$WORK/tokens")" -eq 20 ] || die 'a sender could not register'
	TOKEN=$(head -n 1 "$WORK/tokens")
	SENDER=$(head -n 1 "$WORK/ids")
}

# --- load -----------------------------------------------------------------------

# load CONNECTIONS SCRIPT URL [ARGUMENT ...]: one run of wrk.  Sets RATE (1/s),
# P50 and P99 (ms), REQUESTS, FAILED (neither 2xx nor 3xx, or no answer).
load() {
	local connections=$1 file=$2 url=$3
	shift 3
	(cd "$BENCH" && exec wrk -t $((connections > 1 ? 2 : 1)) -c "$connections" \
		-d "${RUN_SECONDS}s" --timeout 10s -s "$file" "$url" -- "$@") >"$WORK/wrk.log" 2>&1 ||
		{ cat "$WORK/wrk.log" >&2; die 'wrk failed'; }
	read -r RATE P50 P99 REQUESTS FAILED < <(sed -n 's/^figures //p' "$WORK/wrk.log") ||
		{ cat "$WORK/wrk.log" >&2; die 'wrk gave no figures'; }
}

# baseline DATABASE CLIENTS FILE [pgbench argument ...]: one run of pgbench.
# Sets RATE (1/s) from what comes after the first seconds, in which fresh
# backends fill their caches.
WARM_UP=2
baseline() {
	local database=$1 clients=$2 file=$3
	shift 3
	pgbench -n -M prepared -c "$clients" -j $((clients > 1 ? 2 : 1)) -P 1 \
		-T $((RUN_SECONDS + WARM_UP)) \
		-f "$BENCH/$file" -D prefix="$ID_PREFIX" -D sender="$SENDER" \
		-D ciphertext="$CIPHERTEXT" -D tag="$TAG" "$@" "$database" >"$WORK/pgbench.log" 2>&1 ||
		{ head -n 3 "$WORK/pgbench.log" >&2; die "pgbench failed"; }
	grep -q 'number of failed transactions: 0 ' "$WORK/pgbench.log" ||
		{ tail "$WORK/pgbench.log" >&2; die 'pgbench had failed transactions'; }
	RATE=$(awk -v skip=$((WARM_UP + 1)) '$1 == "progress:" && $2 > skip - 0.5 { sum += $4; n++ }
		END { print sum / n }' "$WORK/pgbench.log")
}

# --- results ----------------------------------------------------------------------

# One measured value; a name has one for each round.
record() { printf '%s\t%s\n' "$1" "$2" >>"$WORK/values"; }

# A line of the table from what was recorded.
#   ratio LABEL NAME UNIT OTHER-NAME OTHER-LABEL [GOAL]
#   value LABEL NAME UNIT [GOAL]
# A GOAL is ">= 1.5", "< 8", ... or absent.
ratio() { line -v label="$1" -v ours="$2" -v unit="$3" -v theirs="$4" -v other="$5" -v goal="${6:-}"; }
value() { line -v label="$1" -v ours="$2" -v unit="$3" -v goal="${4:-}"; }
line() { awk "$@" -f "$BENCH/line.awk" "$WORK/values" | tee -a "$WORK/table"; }
