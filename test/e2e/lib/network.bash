# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A "host" for the network tests, loaded after lib/common: a network namespace with documentation addresses and the real
# servers of a small network, in which sbx runs as an ordinary user.
#
#	setup_file() { common_setup_file; network_setup_file; }
#	teardown_file() { network_teardown_file; common_teardown_file; }

HOST4=192.0.2.1 OTHER4=198.51.100.1 HOST6=2001:db8::1
PEER=$SBX_SRCDIR/test/e2e/lib/peer.py
export HOST4 OTHER4 HOST6 PEER
PATH=$PATH:/usr/sbin:/sbin

# network_setup_file - the namespace, held by a process that sleeps; its resolv.conf is $NET_DIR/resolv.conf, in place, and a
# process in it may listen at any port.
network_setup_file() {
	need ip nsenter
	export NET_DIR=$BATS_FILE_TMPDIR/net
	mkdir "$NET_DIR"
	: >"$NET_DIR/pids"
	dns_servers "$HOST4"
	unshare --map-root-user --net --mount bash -euc '
		ip link set lo up
		# A kernel without dummies has pairs.  Two, since pasta gives the inside the addresses of the first.
		for link in outer other; do
			ip link add $link type dummy 2>/dev/null || ip link add $link type veth peer name $link-end
			ip link set $link up
			ip link set $link-end up 2>/dev/null || true
		done
		ip address add '"$HOST4"'/24 dev outer
		ip -6 address add '"$HOST6"'/64 dev outer nodad
		ip address add '"$OTHER4"'/24 dev other
		ip route add default via 192.0.2.254 dev outer
		ip -6 route add default via 2001:db8::fe dev outer
		echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
		echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range 2>/dev/null || echo 0 0 >/proc/sys/net/ipv4/ping_group_range
		# The file may be a link to what is not there yet.
		mount --bind "$1" "$(readlink -f /etc/resolv.conf)"
		touch "$1.ready"
		exec sleep infinity' host "$NET_DIR/resolv.conf" </dev/null >"$NET_DIR/host.log" 2>&1 3>&- &
	export HOST_PID=$!
	echo "$HOST_PID" >>"$NET_DIR/pids"
	until_true test -e "$NET_DIR/resolv.conf.ready" || fail "the host of the test did not start: $(cat "$NET_DIR/host.log")"
}

network_teardown_file() {
	local pid
	[ -e "${NET_DIR-}/pids" ] || return 0
	tac "$NET_DIR/pids" | while read -r pid; do kill -9 "$pid" 2>/dev/null || true; done
	rm -rf "$NET_DIR"
}

# until_true COMMAND... - until it succeeds, ten seconds at most.
until_true() {
	local i
	for ((i = 0; i < 200; i++)); do
		! "$@" 2>/dev/null || return 0
		sleep 0.05
	done
	return 1
}

# on_host COMMAND... - in the namespace, as the ordinary user, with no capability over it. exec_on_host replaces the shell: in
# the background, $! is then the command and not a shell that waits for it.
on_host() {
	(exec_on_host "$@")
}
exec_on_host() {
	exec nsenter --preserve-credentials --target "$HOST_PID" --user --net --mount --wd="$PWD" -- \
		unshare --user --map-user="$(id -u)" --map-group="$(id -g)" -- "$@"
}

# serve NAME COMMAND... - on the host in the background, until the end of the file or stop NAME; what it prints goes to
# $NET_DIR/NAME.log.
serve() {
	local name=$1
	shift
	exec_on_host "$@" </dev/null >"$NET_DIR/$name.log" 2>&1 3>&- &
	echo $! | tee "$NET_DIR/$name.pid" >>"$NET_DIR/pids"
}
stop() {
	local pid
	pid=$(cat "$NET_DIR/$1.pid")
	kill "$pid"
	gone_within 50 "$pid"
}

# listens tcp|udp PORT - wait until somebody does, on the host.
listens() {
	local flag=-t
	[ "$1" = tcp ] || flag=-u
	until_true someone_listens "$flag" "$2" || fail "nobody listens at $1 port $2: $(tail -n 5 "$NET_DIR"/*.log)"
}
someone_listens() {
	[ -n "$(on_host ss -Hln "$1" "sport = :$2")" ]
}

# dns_servers ADDRESS... - the host's resolv.conf, from now on; in place, since it is a mount.
dns_servers() {
	printf 'nameserver %s\n' "$@" >"$NET_DIR/resolv.conf"
}

# start_dns NAME ADDRESS PORT OPTION... - a dnsmasq that knows what the options say, and nothing else.
start_dns() {
	local name=$1 address=$2 port=$3
	shift 3
	need dnsmasq
	serve "$name" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --pid-file= --bind-interfaces \
		--listen-address="$address" --port="$port" --log-facility=- --log-queries --local-ttl=1 "$@"
	listens udp "$port"
}

# start_web - nginx on all addresses at port 80, with $NET_DIR/www.
start_web() {
	need nginx
	mkdir -p "$NET_DIR/www" "$NET_DIR/nginx"
	cat >"$NET_DIR/nginx.conf" <<END
daemon off; master_process off; pid $NET_DIR/nginx/pid; error_log stderr;
events { worker_connections 1024; }
http {
	access_log off; client_body_temp_path $NET_DIR/nginx/body; proxy_temp_path $NET_DIR/nginx/proxy;
	fastcgi_temp_path $NET_DIR/nginx/fcgi; scgi_temp_path $NET_DIR/nginx/scgi; uwsgi_temp_path $NET_DIR/nginx/uwsgi;
	server {
		listen 80 backlog=1024; listen [::]:80 backlog=1024; root $NET_DIR/www;
		location = /who { default_type text/plain; return 200 "\$server_addr \$http_host\\n"; }
	}
}
END
	echo "a page of the host" >"$NET_DIR/www/index.html"
	serve nginx nginx -e "$NET_DIR/nginx/error.log" -p "$NET_DIR/nginx" -c "$NET_DIR/nginx.conf"
	listens tcp 80
}

# inside OPTION... -- COMMAND... - run_sbx 0 on the host of the test, with the host's own programs (and the peer at /mnt), and
# Network=slirp unless an option says otherwise. inside_fails STATUS likewise.
inside() { inside_fails 0 "$@"; }
inside_fails() {
	local want=$1 expect=()
	shift
	[ "$want" != 127 ] || expect=(-127)
	run "${expect[@]}" --separate-stderr on_host timeout --kill-after=5 "${SBX_TIMEOUT:-60}" \
		"$SBX" run --userns single --rootfs / -v "$SBX_SRCDIR/test/e2e/lib:/mnt:ro" --network slirp "$@"
	# shellcheck disable=SC2154
	[ "$status" -eq "$want" ] || fail "exit status $status, expected $want: sbx run $*"
}

# start_inside OPTION... -- COMMAND... - in the background; its output goes to $BATS_TEST_TMPDIR/inside. Sets launcher; waits
# for $ready lines (one if not set) "ready", which the command prints. end_inside ends it; the test's teardown calls it too.
start_inside() {
	: >"$BATS_TEST_TMPDIR/inside"
	# With an init: a program that is process 1 does not hear TERM.
	exec_on_host "$SBX" run --init --userns single --rootfs / -v "$SBX_SRCDIR/test/e2e/lib:/mnt:ro" --network slirp "$@" \
		</dev/null >"$BATS_TEST_TMPDIR/inside" 2>&1 3>&- &
	launcher=$!
	until_true is_ready "${ready:-1}" || fail "not ready inside: $(cat "$BATS_TEST_TMPDIR/inside")"
}
is_ready() {
	[ "$(grep -c '^ready$' "$BATS_TEST_TMPDIR/inside")" -ge "$1" ]
}
end_inside() {
	[ -n "${launcher-}" ] || return 0
	kill "$launcher" 2>/dev/null || true
	wait "$launcher" || true
	launcher=
}
