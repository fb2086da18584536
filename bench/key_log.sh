# shellcheck shell=bash
# The part of the benchmark about the key log; sourced by run.sh.

LOG_LARGE=1000000 # entries
ROTATING=400      # users of one run of rotations
KEYS=100          # that each of them can take

# A key as JSON a line.
make_keys() {
	local n
	for ((n = 0; n < KEYS; n++)); do
		openssl ecparam -name prime256v1 -genkey -noout |
			openssl ec -pubout -outform DER 2>/dev/null | tail -c 64 |
			perl -MMIME::Base64=encode_base64url -0777 -ne 'printf
				"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}\n",
				encode_base64url(substr $_, 0, 32), encode_base64url(substr $_, 32)'
	done >"$WORK/keys"
}

register() {
	load "$1" register.lua "${URL[$2]}" "$(<"$BENCH/key.json")"
	must_succeed "registering, $2"
}

# rotate DATABASE ROUND
rotate() {
	load 64 rotate.lua "${URL[$1]}" "$WORK/users-$1" "$WORK/keys" $(($2 * ROTATING + 1)) "$ROTATING"
	must_succeed "rotating, $1"
}

# Registrations and rotations with the log on and off, side by side.
compare_log_on_and_off() {
	local round database
	for ((round = 0; round < ROUNDS; round++)); do
		for database in logged unlogged; do
			register 64 "$database"
			record "register $database" "$RATE"
			rotate "$database" "$round"
			record "rotate $database" "$RATE"
			register 1 "$database"
			record "lone p50 $database" "$P50"
			record "lone p99 $database" "$P99"
		done
	done
}

# sequence SIZE ENTRIES: the log of that size takes so many more.
sequence() { script logged key_log.sql -v name="$1" -v entries="$2" >>"$WORK/values"; }

part_log() {
	local round database name
	make_database logged
	make_database unlogged unlogged
	make_keys
	for database in logged unlogged; do
		start_gateway "$database" "$database" 300
		"$BENCH/register.pl" "${URL[$database]##*:}" $((ROUNDS * ROTATING)) \
			"$(<"$BENCH/key.json")" >"$WORK/users-$database"
		RUN_SECONDS=2 register 64 "$database"
	done
	compare_log_on_and_off
	for database in logged unlogged; do stop_program "$database"; done

	for ((round = 0; round < ROUNDS; round++)); do sequence small 20000; done
	say "Sequencing $LOG_LARGE entries ..."
	sequence filling "$LOG_LARGE"
	query logged 'VACUUM (ANALYZE) e2emsg.key_log_pending, e2emsg.key_log_leaves, e2emsg.key_log_tiles'
	for ((round = 0; round < ROUNDS; round++)); do sequence large 20000; done

	ratio 'registering, 64 connections, key log on' 'register logged' /s 'register unlogged' off: '>= 0.85'
	ratio 'rotating, 64 connections, key log on' 'rotate logged' /s 'rotate unlogged' off: '>= 0.85'
	value 'registering alone, key log on: p50' 'lone p50 logged' ms
	value 'registering alone, key log on: p99' 'lone p99 logged' ms '< 20'
	value 'registering alone, key log off: p99' 'lone p99 unlogged' ms
	value "sequencing into $LOG_LARGE entries" 'sequence large' /s '>= 15000'
	ratio "sequencing, $LOG_LARGE entries" 'sequence large' /s 'sequence small' 'small:'
	for name in inclusion consistency; do
		value "$name proof, $LOG_LARGE entries: p99" "$name large" ms '< 5'
		ratio "$name proof p99, $LOG_LARGE entries" "$name large" ms "$name small" 'small:'
		ratio "$name proof p99 size, $LOG_LARGE entries" "${name}_bytes large" bytes "${name}_bytes small" 'small:'
	done
	ratio "tree for each entry, $LOG_LARGE entries" 'tree_bytes large' bytes 'tree_bytes small' 'small:'
}
