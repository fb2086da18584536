#!/bin/bash
# A private proxy from the files in gateway/proxy, for tests and measurements.
#
#   proxy.sh nginx|haproxy DIR PORT GATEWAY_PORT [GATEWAY_PORT]
#
# Runs in the foreground until it is ended, as the server's user: TLS at
# 127.0.0.1:PORT for the name "localhost", with a certificate of its own.
# DIR/ca.pem is the CA to trust.  Of the shipped file only paths, ports, names
# and the user are changed.  A second gateway's port takes in the lines for two.
# With ANY_NAME=1 nginx also serves who names no server, as slowhttptest does.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

usage() { die "usage: proxy.sh nginx|haproxy DIR PORT GATEWAY_PORT [GATEWAY_PORT]"; }

# A CA and what it says of localhost, good for two days.
make_certificate() {
	(
		cd "$1"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
			-keyout ca.key -out ca.pem -subj '/CN=e2emsg test CA'
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-keyout key.pem -out request.pem -subj '/CN=localhost'
		openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial \
			-days 2 -out cert.pem -extfile <(echo 'subjectAltName=DNS:localhost,IP:127.0.0.1')
		cat cert.pem key.pem >both.pem
	) >/dev/null 2>&1 || die 'openssl could not make a certificate'
}

# Turns comments of the second gateway into lines when there is one.
second_gateway() {
	if [ -n "$SECOND" ]; then
		sed -E "s/^(\s*)#(server .*):8090/\1\2:$SECOND/; s/^(\s*)#(balance )/\1\2/"
	else
		cat
	fi
}

# The server of ours becomes the default one.
any_name() {
	if [ -n "${ANY_NAME:-}" ]; then
		sed -E 's/ssl http2;$/ssl http2 default_server;/; s/ default_server so_keepalive=on;/;/'
	else
		cat
	fi
}

start_nginx() {
	local name temp=
	for name in client_body proxy fastcgi uwsgi scgi; do
		temp+="${name}_temp_path $DIR/$name;"
	done
	sed -E "
		/^user /d
		s,^pid .*,pid $DIR/pid; daemon off;,
		s,^(error_log) [^ ]+,\1 $DIR/error.log,
		s,^http \{,&$temp,
		s,127\.0\.0\.1:8080,127.0.0.1:$GATEWAY,
		s,listen 443,listen 127.0.0.1:$PORT,
		s,listen 80;,listen unix:$DIR/plain;,
		s,msg\.example\.org,localhost,
		s,/etc/ssl/e2emsg,$DIR," "$TOP/gateway/proxy/nginx.conf" | second_gateway | any_name >"$DIR/nginx.conf"
	exec "${AS_SERVER_USER[@]}" /usr/sbin/nginx -p "$DIR" -e "$DIR/error.log" -c "$DIR/nginx.conf"
}

start_haproxy() {
	sed -E "
		/^\s*(user|group|chroot) /d
		s,127\.0\.0\.1:8080,127.0.0.1:$GATEWAY,
		s,bind :443,bind 127.0.0.1:$PORT,
		s,bind :80\$,bind unix@$DIR/plain,
		s,msg\.example\.org,localhost,
		s,/etc/haproxy/e2emsg\.pem,$DIR/both.pem," "$TOP/gateway/proxy/haproxy.cfg" | second_gateway >"$DIR/haproxy.cfg"
	exec "${AS_SERVER_USER[@]}" /usr/sbin/haproxy -db -f "$DIR/haproxy.cfg"
}

[ $# -ge 4 ] || usage
KIND=$1 DIR=$2 PORT=$3 GATEWAY=$4 SECOND=${5:-}
[ -e "$DIR/both.pem" ] || make_certificate "$DIR"
give_to_server_user "$DIR"
case $KIND in
	nginx | haproxy) "start_$KIND" ;;
	*) usage ;;
esac
