# shellcheck shell=bash
# Mail as it comes; sourced by run.sh.

# live NAME SENDING-GATEWAY STREAMING-GATEWAY STREAMS RECEIVERS RATE CONNECTIONS
# Sets RATE; every message must come to who has a stream.
live() {
	local name=$1 whole_p50 whole_p99 missing failed
	query postgres 'UPDATE e2emsg.mailboxes SET acked_seq = last_seq'
	read -r _ RATE P50 P99 whole_p50 whole_p99 missing failed < <("$WORK/live" "${URL[$2]##*:}" "${URL[$3]##*:}" \
		"$4" "$5" "$6" "$RUN_SECONDS" "$7" <"$WORK/users") || die 'live gave no figures'
	if [ "$missing" -ne 0 ] || [ "$failed" -ne 0 ]; then
		INVALID+="$name: $missing events were missing, $failed answers failed. "
	fi
	record "$name rate" "$RATE"
	record "$name p50" "$P50"
	record "$name p99" "$P99"
	record "$name whole p50" "$whole_p50"
	record "$name whole p99" "$whole_p99"
}

# The kilobytes of each of 2,000 streams and its thread.
live_memory() {
	local few many
	start_gateway few postgres 300
	few=$(resident few)
	stop_program few
	start_gateway main postgres 2300 --streams=2000
	coproc HOLD { exec "$WORK/live" 0 "${URL[main]##*:}" 2000 2000 1 0 1 <"$WORK/users"; }
	# shellcheck disable=SC2034,SC2154 # an associative array of lib.sh
	PID[hold]=$HOLD_PID
	read -r -u "${HOLD[0]}" _
	many=$(resident main)
	stop_program hold
	stop_program main
	record stream "$(awk -v few="$few" -v many="$many" 'BEGIN { print (many - few) / 2000 }')"
}

# live_values LABEL NAME P99-GOAL
live_values() {
	value "$1: p50" "$2 p50" ms
	value "$1: p99" "$2 p99" ms "< $3"
	value "$1, from its sending: p50" "$2 whole p50" ms
	value "$1, from its sending: p99" "$2 whole p99" ms
}

part_live() {
	local round half load
	start_gateway main postgres 1400
	"$BENCH/register.pl" "${URL[main]##*:}" 2000 "$(<"$BENCH/key.json")" >"$WORK/users"
	for ((round = 0; round < ROUNDS; round++)); do
		start_gateway other postgres 1400 --log_signer=
		RUN_SECONDS=1 live warm main other 100 1000 100 8
		live limit main main 0 1000 0 64
		half=${RATE%.*}
		half=$((half / 2))
		live light_1 main main 100 100 50 8
		live light_2 main other 100 100 50 8
		live half_1 main main 1000 1000 "$half" 64
		live half_2 main other 1000 1000 "$half" 64
		stop_program other
	done
	stop_program main
	for ((round = 0; round < ROUNDS; round++)); do live_memory; done
	ratio 'live, half of the sending limit, one gateway' 'half_1 rate' /s 'limit rate' limit '>= 0.45'
	ratio 'live, half of the sending limit, two gateways' 'half_2 rate' /s 'limit rate' limit '>= 0.45'
	for load in light half; do
		live_values "live, $load, one gateway" "${load}_1" 10
		live_values "live, $load, two gateways" "${load}_2" 50
	done
	value 'memory, an open stream and its thread' stream kB '< 45'
}
