# shellcheck shell=bash
# Honest clients beside a thousand slow ones; sourced by run.sh.

SLOW_CONNECTIONS=1000
SLOW_RATE=200 # new ones a second
SLOW_ROUNDS=3 # at most: each has twelve attacks
declare -A SLOW_KINDS=([H]='slow heads' [B]='slow bodies' [R]='overlapping ranges' [X]='slow reading')

# Starts a proxy before the gateway "main"; sets PID[NAME] and URL[NAME].
start_proxy() {
	local name=$1 port
	port=$(free_port)
	mkdir -p "$WORK/$name"
	ANY_NAME=1 "$WORK/tree/dev/proxy.sh" "$name" "$WORK/$name" "$port" "${URL[main]##*:}" >"$WORK/$name/log" 2>&1 &
	PID[$name]=$!
	URL[$name]=https://localhost:$port
	until port_is_taken "$port"; do
		kill -0 "${PID[$name]}" || { cat "$WORK/$name/log" >&2; die "$name did not start"; }
		sleep 0.1
	done
}

# attack KIND URL: until it is killed.  Its work is not the gateway's, so it
# stands back.
attack() {
	local options=(-c "$SLOW_CONNECTIONS" -r "$SLOW_RATE" -l 600 -p 3) path=/
	case $1 in
		H) options+=(-H -i 5 -x 24) ;;
		B) options+=(-B -i 5 -x 10 -s 8192 -t POST -f application/json) path=/users ;;
		R) options+=(-R -a 10 -b 3000) ;;
		X) options+=(-X -k 3 -n 5 -w 10 -y 20 -z 32) path=/web/e2emsg.js ;;
	esac
	exec nice -n 19 slowhttptest "${options[@]}" -u "$2$path" >"$WORK/attack.log" 2>&1
}

# honest TARGET KIND: what honest clients see there now.  Adds to ERRORS.
honest() {
	local ca=- p50 p99 errors
	if [ "$1" != main ]; then ca=$WORK/$1/ca.pem; fi
	read -r _ _ p50 p99 _ errors _ < <("$WORK/honest" "${URL[$1]##*:}" 127.0.0.2 "$ca" "$RUN_SECONDS" \
		<"$WORK/honest-users" 2>"$WORK/honest.log") || die 'honest gave no figures'
	record "slow $1 $2 p50" "$p50"
	record "slow $1 $2 p99" "$p99"
	ERRORS=$((ERRORS + errors))
}

# The connections are all there, or were refused, when the figures are taken.
honest_beside_attack() {
	attack "$2" "${URL[$1]}" &
	PID[attack]=$!
	sleep $((SLOW_CONNECTIONS / SLOW_RATE + 1))
	honest "$1" "$2"
	stop_program attack
}

part_slow() {
	local round target kind rounds=$((ROUNDS < SLOW_ROUNDS ? ROUNDS : SLOW_ROUNDS))
	local -A names=([main]='the gateway alone' [nginx]='behind nginx' [haproxy]='behind HAProxy')
	start_gateway main postgres 256 --trusted_proxies=127.0.0.1
	"$BENCH/register.pl" "${URL[main]##*:}" 32 "$(<"$BENCH/key.json")" >"$WORK/honest-users"
	for target in nginx haproxy; do start_proxy "$target"; done
	for ((round = 0; round < rounds; round++)); do
		for target in main nginx haproxy; do
			ERRORS=0
			honest "$target" quiet
			for kind in H B R X; do honest_beside_attack "$target" "$kind"; done
			record "slow $target errors" "$ERRORS"
		done
	done
	for target in haproxy nginx main; do stop_program "$target"; done
	for target in main nginx haproxy; do
		value "honest clients, ${names[$target]}, quiet: p50" "slow $target quiet p50" ms
		for kind in H B R X; do
			ratio "honest clients, ${names[$target]}, ${SLOW_KINDS[$kind]}: p99" "slow $target $kind p99" ms \
				"slow $target quiet p99" quiet '< 3'
		done
		value "honest clients, ${names[$target]}, all of it: errors" "slow $target errors" '' '< 1'
	done
}
