#!/bin/bash
# "make bench": the method stands in method.md.
#
# PARTS, RUN_SECONDS (a run) and ROUNDS come from the environment.  A run of
# all parts writes RESULTS.md.
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=bench/key_log.sh
. "$(dirname "$0")/key_log.sh"
# shellcheck source=bench/live.sh
. "$(dirname "$0")/live.sh"
# shellcheck source=bench/purge.sh
. "$(dirname "$0")/purge.sh"
# shellcheck source=bench/slow.sh
. "$(dirname "$0")/slow.sh"

ALL_PARTS='send purge live inbox key log growth base64url crypto memory slow'
PARTS=${PARTS:-$ALL_PARTS}
RUN_SECONDS=${RUN_SECONDS:-5}
ROUNDS=${ROUNDS:-5}
INVALID= # what spoils a run

# --- 1. sending ---------------------------------------------------------------

# How many messages were ever stored.
stored() {
	query postgres 'SELECT (SELECT count(*) FROM e2emsg.messages) + sum(purged_seq) FROM e2emsg.mailboxes'
}

# send NAME CONNECTIONS RECEIVERS: through the gateway.  Every 2xx answer must
# have made a row: then each was a 201.
send() {
	local name=$1 before after
	before=$(stored)
	load "$2" send.lua "${URL[main]}" "$WORK/tokens" "$ID_PREFIX" "$3"
	after=$(stored)
	if [ "$FAILED" -ne 0 ] || [ $((after - before)) -lt "$REQUESTS" ]; then
		INVALID+="$name: $FAILED answers failed, $REQUESTS requests made $((after - before)) rows. "
	fi
	record "$name" "$RATE"
	record "$name p50" "$P50"
	record "$name p99" "$P99"
}

# insert CLIENTS: single rows, without a gateway.  Every run has numbers of its
# own.
RUN=0
insert() {
	baseline postgres "$1" insert.sql -D n=$((RUN * 10000000))
	RUN=$((RUN + 1))
}

part_send() {
	local round c p99_goal
	start_gateway main postgres 300
	RUN_SECONDS=2 insert 64
	RUN_SECONDS=2 load 64 send.lua "${URL[main]}" "$WORK/tokens" "$ID_PREFIX" 1000
	query postgres 'VACUUM (ANALYZE) e2emsg.messages, e2emsg.mailboxes, bench.messages'
	query postgres CHECKPOINT
	for ((round = 0; round < ROUNDS; round++)); do
		for c in 1 8 64 256; do
			send "send $c" "$c" 1000
			insert "$c"
			record "insert $c" "$RATE"
		done
		send 'send hot' 64 1
	done
	stop_program main

	ratio 'send, 1 connection' 'send 1' /s 'insert 1' pgbench
	ratio 'send, 8 connections' 'send 8' /s 'insert 8' pgbench '>= 0.6'
	ratio 'send, 64 connections' 'send 64' /s 'insert 64' pgbench '>= 1.5'
	ratio 'send, 256 connections' 'send 256' /s 'insert 256' pgbench '>= 1.5'
	ratio 'send, 64 connections, one hot receiver' 'send hot' /s 'insert 64' pgbench '> 0.5'
	for c in 1 8 64 256 hot; do
		p99_goal=
		if [ "$c" = 64 ]; then p99_goal='< 8'; fi
		value "send, ${c/hot/64 hot}: p50" "send $c p50" ms
		value "send, ${c/hot/64 hot}: p99" "send $c p99" ms "$p99_goal"
	done
}

# --- 2. reading an inbox ------------------------------------------------------

# get NAME CONNECTIONS GATEWAY PATH [METHOD [HEADER ...]]
get() {
	local name=$1 connections=$2 url=${URL[$3]}$4
	shift 4
	load "$connections" get.lua "$url" "$@"
	record "$name" "$RATE"
}

must_succeed() {
	if [ "$FAILED" -ne 0 ]; then INVALID+="$1: $FAILED answers failed. "; fi
}

part_inbox() {
	local round
	start_gateway main postgres 300
	script postgres fill.sql -v prefix="$ID_PREFIX" -v sender="$SENDER" \
		-v reader="$SENDER" -v mailboxes=0 -v per=50
	for ((round = 0; round < ROUNDS; round++)); do
		get inbox 64 main /messages GET "Authorization: Bearer $TOKEN"
		must_succeed inbox
		baseline postgres 64 inbox.sql
		record inbox_sql "$RATE"
	done
	stop_program main
	ratio 'inbox of 50 messages, 64 connections' inbox /s inbox_sql pgbench '>= 0.8'
}

# --- 3. keys and calls without SQL --------------------------------------------

part_key() {
	local round path=/users/${ID_PREFIX}1000/public-key etag bearer="Authorization: Bearer $TOKEN"
	start_gateway main postgres 300
	start_empty
	etag=$(curl -sSD - -o /dev/null -H "$bearer" "${URL[main]}$path" | tr -d '\r' | sed -n 's/^ETag: //p')
	[ -n "$etag" ] || die 'the key has no ETag'
	for ((round = 0; round < ROUNDS; round++)); do
		get key 64 main "$path" GET "$bearer"
		must_succeed key
		get key_304 64 main "$path" GET "$bearer" "If-None-Match: $etag"
		must_succeed key_304
		baseline postgres 64 key.sql
		record key_sql "$RATE"
		get refresh 64 main /sessions/refresh POST "$bearer"
		must_succeed refresh
		baseline postgres 64 user.sql
		record user_sql "$RATE"
		get refused 64 main /messages GET
		if [ "$FAILED" -ne "$REQUESTS" ]; then INVALID+="refused: not all were. "; fi
		get empty_refused 64 empty /messages GET
		must_succeed empty_refused
	done
	stop_program main
	stop_program empty
	ratio 'public key, 64 connections' key /s key_sql pgbench
	ratio 'public key, If-None-Match, 304' key_304 /s key_sql pgbench
	ratio 'token renewed, 64 connections' refresh /s user_sql pgbench
	ratio 'no token, 401, no database' refused /s empty_refused 'empty handler' '>= 0.85'
}

# --- 4. growth ----------------------------------------------------------------

LARGE=5000000

# store DATABASE MESSAGES: so many in 200 mailboxes, nothing else.
store() {
	script "$1" fill.sql -v prefix="$ID_PREFIX" -v sender="$SENDER" -v reader="$SENDER" \
		-v mailboxes=200 -v per=$(($2 / 200))
}

# grown NAME DATABASE FILE MESSAGES: one client
grown() {
	baseline "$2" 1 "$3" -D after=$(($4 / 200 - 50))
	record "$1 $2" "$RATE"
}

part_growth() {
	local round database messages began=$SECONDS
	local -A size=([small]=10000 [large]=$LARGE)
	make_database small
	make_database large
	say "Storing $LARGE messages ..."
	store large "$LARGE"
	say "took $((SECONDS - began)) s"
	for database in small large; do start_gateway "$database" "$database" 300; done
	store small 10000
	query postgres CHECKPOINT
	for ((round = 0; round < ROUNDS; round++)); do
		for database in small large; do
			messages=${size[$database]}
			if [ "$database" = small ]; then store small 10000; fi
			grown fetch "$database" growth_fetch.sql "$messages"
			grown ack "$database" growth_ack.sql "$messages"
			grown send "$database" growth_send.sql "$messages"
			if [ "$database" = small ]; then store small 10000; fi
			load 64 send.lua "${URL[$database]}" "$WORK/tokens" "$ID_PREFIX" 200
			must_succeed "growth, $database"
			record "gateway $database" "$RATE"
		done
	done
	for database in small large; do stop_program "$database"; done
	ratio "newest page, SQL, $LARGE messages" 'fetch large' /s 'fetch small' '10,000:' '>= 0.77'
	ratio "acknowledging, SQL, $LARGE messages" 'ack large' /s 'ack small' '10,000:' '>= 0.77'
	ratio "sending, SQL, $LARGE messages" 'send large' /s 'send small' '10,000:' '>= 0.77'
	ratio "sending, gateway, $LARGE messages" 'gateway large' /s 'gateway small' '10,000:' '>= 0.77'
}

# --- 5. and 6. functions ------------------------------------------------------

part_base64url() {
	local round way size
	for ((round = 0; round < ROUNDS; round++)); do
		script postgres base64url.sql >>"$WORK/values"
	done
	for way in decode encode; do
		for size in 1k 64k; do
			local pg_goal='' idiom_goal=''
			if [ $way$size = decode64k ]; then pg_goal='>= 2' idiom_goal='>= 30'; fi
			ratio "base64url_$way, ${size^^}B" ${way}_ours_$size GB/s ${way}_pg_$size "$way()" "$pg_goal"
			ratio "base64url_$way, ${size^^}B" ${way}_ours_$size GB/s ${way}_idiom_$size 'SQL idiom' "$idiom_goal"
		done
	done
}

part_crypto() {
	local round point signature statement
	IFS='|' read -r point signature statement < <(query postgres "
		SELECT '04' || encode(e2emsg.base64url_decode(jwk ->> 'x'), 'hex')
				|| encode(e2emsg.base64url_decode(jwk ->> 'y'), 'hex'),
			encode(signature, 'hex'), encode(statement, 'hex')
		FROM bench.example")
	for ((round = 0; round < ROUNDS; round++)); do
		script postgres crypto.sql >>"$WORK/values"
		"$WORK/openssl" "$point" "$signature" "$statement" >>"$WORK/values"
	done
	ratio 'jwk_problem' sql_jwk_problem /s point 'point check'
	ratio 'jwk_thumbprint' sql_jwk_thumbprint /s sha256 'SHA-256'
	ratio 'verify_es256' sql_verify_es256 /s verify_set_up 'OpenSSL, key set up'
	ratio 'verify_es256' sql_verify_es256 /s verify_ready 'OpenSSL, key ready'
}

# --- 7. memory ----------------------------------------------------------------

# resident NAME: kB
resident() { awk '/^VmRSS:/ { print $2 }' "/proc/${PID[$1]}/status"; }

# loaded NAME CONNECTIONS: MB, in the middle of a run
loaded() {
	load "$2" send.lua "${URL[main]}" "$WORK/tokens" "$ID_PREFIX" 1000 &
	PID[load]=$!
	sleep "$(awk -v s="$RUN_SECONDS" 'BEGIN { print s * 0.8 }')"
	record "$1" "$(awk -v kb="$(resident main)" 'BEGIN { print kb / 1000 }')"
	wait "${PID[load]}"
	unset "PID[load]"
}

part_memory() {
	local round few many path=/users/${ID_PREFIX}1000/public-key
	for ((round = 0; round < ROUNDS; round++)); do
		start_gateway few postgres 50
		few=$(resident few)
		stop_program few
		start_gateway main postgres 250
		record idle "$(awk -v kb="$(resident main)" 'BEGIN { print kb / 1000 }')"
		coproc HOLD { exec "$BENCH/hold.pl" "${URL[main]##*:}" 200 "$TOKEN" "$path"; }
		PID[hold]=$HOLD_PID
		read -r -u "${HOLD[0]}" _
		many=$(resident main)
		stop_program hold
		record waiting "$(awk -v few="$few" -v many="$many" 'BEGIN { print (many - few) / 200 }')"
		stop_program main
		start_gateway main postgres 300
		loaded load_64 64
		loaded load_256 256
		stop_program main
	done
	value 'memory, idle, 250 threads' idle MB
	value 'memory, sending, 64 connections' load_64 MB
	value 'memory, sending, 256 connections' load_256 MB
	value 'memory, a waiting connection and its thread' waiting kB '<= 45'
}

# --- the table ------------------------------------------------------------------

heading() {
	printf '| | e2emsg | against | ratio (min–max) | goal | |\n|---|---|---|---|---|---|\n'
}

write_results() {
	{
		# shellcheck disable=SC2016 # quotes of Markdown
		printf '# Results\n\nMade by `make bench` on %s: medians of %d rounds, a run is %d s.\n' \
			"$(date -u +%Y-%m-%d)" "$ROUNDS" "$RUN_SECONDS"
		printf 'The ratio is the median of the ratios of the rounds. The method is below.\n\n'
		printf -- '- %s cores: %s, %s GB of memory, data on %s\n' "$(nproc)" \
			"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
			"$(awk '/^MemTotal/ { printf "%.0f", $2 / 1e6 }' /proc/meminfo)" \
			"$(stat -f -c %T "$WORK")"
		printf -- '- Linux %s, PostgreSQL %s, %s, %s, CivetWeb %s\n' "$(uname -r | grep -o '^[0-9]*\.[0-9]*')" \
			"$(query postgres 'SHOW server_version')" \
			"$(dpkg-query -W -f 'OpenSSL ${Version}' libssl3)" \
			"$(dpkg-query -W -f 'wrk ${Version}' wrk)" \
			"$(dpkg-query -W -f '${Version}' libcivetweb-dev)"
		printf '\n'
		cat "$WORK/table"
		printf '\n'
		cat "$BENCH/method.md"
	} >"$BENCH/RESULTS.md"
	say "Written to bench/RESULTS.md."
}

main() {
	local part
	for part in $PARTS; do
		case " $ALL_PARTS " in *" $part "*) ;; *) die "no part \"$part\"; there are: $ALL_PARTS" ;; esac
	done
	"$TOP/dev/deps.sh" bench
	PG_CONFIG=$(find_pg_config)
	export PG_CONFIG
	trap 'exit 130' INT TERM HUP
	make_work_folder
	trap finish EXIT
	cd "$WORK"
	build
	start_server
	make_database postgres
	start_gateway main postgres 300
	register_senders "${URL[main]}"
	stop_program main
	heading | tee "$WORK/table"
	for part in $PARTS; do
		query postgres CHECKPOINT
		"part_$part"
	done
	if [ -n "$INVALID" ]; then die "the run is not valid. $INVALID"; fi
	if [ "$PARTS" = "$ALL_PARTS" ]; then write_results; fi
}

main
