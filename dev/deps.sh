#!/bin/bash
# Installs what is missing on a Debian 12 machine.  usage: deps.sh run|check|engines|bench|valgrind
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

BUILD=(gcc libc6-dev make pkg-config postgresql-server-dev-15 libpq-dev
	libssl-dev libcivetweb-dev libjansson-dev libcurl4-openssl-dev)
RUN=(postgresql-15 perl-base util-linux)
CHECK=(mount clang-14 libclang-rt-14-dev clang-format-14 nodejs npm chromium perl curl
	systemd postgresql-15-plpgsql-check sqlsmith nginx haproxy libio-socket-ssl-perl openssl jq)
ENGINES=(firefox-esr webkit2gtk-driver xvfb)
BENCH=(wrk curl openssl nginx haproxy slowhttptest)
VALGRIND=(valgrind)

# Tests start these themselves; as services nobody asked for them.
SERVICES=(nginx haproxy)

# No cluster of the system comes into being with postgresql-15.
NO_CLUSTER=/etc/postgresql-common/createcluster.d/e2emsg.conf

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Does clang-14, wherever it is from, have libFuzzer?
fuzzer_runtime() {
	local library
	library=$(clang-14 -print-file-name="libclang_rt.fuzzer-$(uname -m).a" 2>/dev/null) &&
		[ -e "$library" ]
}

# Is some other package doing the job of this one?
provided() {
	case $1 in
		nodejs) command -v node ;;
		clang-14 | clang-format-14 | npm | chromium | firefox-esr) command -v "$1" ;;
		libclang-rt-14-dev) fuzzer_runtime ;;
		*) false ;;
	esac >/dev/null
}

missing() {
	local package
	for package; do
		installed "$package" || provided "$package" || printf '%s\n' "$package"
	done
}

# While packages are installed no service starts (invoke-rc.d asks this file).
POLICY=/usr/sbin/policy-rc.d

start_no_services() {
	if [ ! -e "$POLICY" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$POLICY"
		chmod 755 "$POLICY"
		OUR_POLICY=$POLICY
	fi
}

# Nor at the next start of the machine, unless it was here before.
disable_services() {
	local service
	command -v systemctl >/dev/null || return 0
	for service in "${SERVICES[@]}"; do
		if [[ " $* " == *" $service "* ]]; then systemctl disable --quiet "$service" || true; fi
	done
}

LOG=
OUR_POLICY=
cleanup() { rm -f "$LOG" "$NO_CLUSTER" ${OUR_POLICY:+"$OUR_POLICY"}; }

install_packages() {
	LOG=$(mktemp)
	trap cleanup EXIT
	if ! installed postgresql-15; then
		mkdir -p "$(dirname "$NO_CLUSTER")"
		echo 'create_main_cluster = false' >"$NO_CLUSTER"
	fi
	start_no_services
	export DEBIAN_FRONTEND=noninteractive
	if ! { apt-get update && apt-get install -y --no-install-recommends "$@"; } \
		>"$LOG" 2>&1 </dev/null; then
		tail -n 20 "$LOG" >&2
		die "apt-get could not install: $*"
	fi
	disable_services "$@"
}

# The JavaScript that the tests need, from npm; nothing of it is shipped.
# "npm ci" takes what the lock file names, by hash.
node_packages() {
	local folder=$TOP/test/browser log
	if cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed"; then return; fi
	log=$(mktemp)
	say "Installing the JavaScript that the tests need (npm) ..."
	if ! (cd "$folder" && npm ci && cp package-lock.json node_modules/.installed) \
		>"$log" 2>&1 </dev/null; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		die "npm could not install what $folder/package-lock.json names"
	fi
	rm -f "$log"
}

debian_packages() {
	local absent
	command -v dpkg-query >/dev/null || die "this is for Debian 12; elsewhere install by hand: $*"
	mapfile -t absent < <(missing "$@")
	[ ${#absent[@]} -gt 0 ] || return 0
	if ! i_am_root; then
		say "These Debian packages are missing. As root:"
		say "  apt-get update && apt-get install -y ${absent[*]}"
		exit 1
	fi
	say "Installing ${#absent[@]} Debian packages (apt-get): ${absent[*]}"
	install_packages "${absent[@]}"
	say "Installed."
}

main() {
	local wanted=("${BUILD[@]}" "${RUN[@]}")
	case ${1:-} in
		run) ;;
		check) wanted+=("${CHECK[@]}") ;;
		engines) wanted+=("${CHECK[@]}" "${ENGINES[@]}") ;;
		bench) wanted+=("${BENCH[@]}") ;;
		valgrind) wanted+=("${VALGRIND[@]}") ;;
		*) die "usage: deps.sh run|check|engines|bench|valgrind" ;;
	esac
	debian_packages "${wanted[@]}"
	case $1 in check | engines) node_packages ;; esac
}

main "$@"
