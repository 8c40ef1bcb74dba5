# SPDX-License-Identifier: Apache-2.0
# The helper of the network is confined; the host's loopback and abstract sockets are out of reach.
# libslirp 2020-1983, containerd 2020-15257.

load ../lib/common
load ../lib/network

setup_file() {
	common_setup_file
	network_setup_file
	[ -x "$SBX_BUILDDIR/test/e2e/probe" ] || fail "test/e2e/probe is not built: make check builds it"
	serve loop4 python3 "$PEER" digest-at-end 127.0.0.1 6001
	serve loop6 python3 "$PEER" digest-at-end ::1 6002
	serve udp python3 "$PEER" udp-echo 127.0.0.1 6003
	serve abstract "$SBX_BUILDDIR/test/e2e/probe" abstract-listen sbx-test-host
	listens tcp 6001
	listens tcp 6002
	listens udp 6003
	wait_for_text "$NET_DIR/abstract.log" listening
	serve outer python3 "$PEER" digest-at-end "$HOST4" 6004
	listens tcp 6004
}
teardown_file() {
	network_teardown_file
	common_teardown_file
}
teardown() { end_inside; }

# as_owner COMMAND... - with all capabilities over the namespaces of the test, and none over the machine's.
as_owner() {
	nsenter --preserve-credentials --target "$HOST_PID" --user --net --wd="$PWD" -- "$@"
}

# start_helper OPTION... - a sandbox that lives; sets helpers to the two processes of its sbx-net, the outer one first.
start_helper() {
	local pid
	helpers=()
	start_inside "$@" -- sh -c 'echo ready; sleep 60'
	for pid in $(descendants "$launcher"); do
		[ "$(cat "/proc/$pid/comm")" != sbx-net ] || helpers+=("$pid")
	done
	assert_eq 2 "${#helpers[@]}" "processes of sbx-net"
}

@test "the host's loopback is out of reach by every address that leads to it, with slirp, pasta and none" {
	local network
	for network in slirp pasta none; do
		[ "$network" != pasta ] || need pasta
		inside --network "$network" -- sh -c '
			for a in 127.0.0.1 0.0.0.0 10.213.7.1 10.213.7.53 10.213.7.254 192.0.2.254; do
				timeout 4 python3 /mnt/peer.py at-once $a 6001 1 2>/dev/null &
				timeout 4 python3 /mnt/peer.py udp-ask $a 6003 hello 2>/dev/null &
			done
			for a in ::1 :: fd73:6278:6e65:7400::1 fd73:6278:6e65:7400::fe fe80::1%eth0; do
				timeout 4 python3 /mnt/peer.py at-once $a 6002 1 2>/dev/null &
			done
			timeout 4 python3 /mnt/peer.py at-once ::ffff:127.0.0.1 6001 1 2>/dev/null &
			wait'
		assert_eq "" "$output" "what was reached with $network"
	done
	# The servers are there, and this is how it looks when they are reached.
	inside --network host -- sh -c 'python3 /mnt/peer.py at-once 127.0.0.1 6001 1; python3 /mnt/peer.py udp-ask 127.0.0.1 6003 hello'
	assert_has "$output" '^1$'
	assert_has "$output" 'hello$'
}

@test "the host's abstract sockets are out of reach; with its own network the run says so where the kernel cannot cut them off" {
	local network
	for network in slirp pasta none; do
		[ "$network" != pasta ] || need pasta
		inside --network "$network" -v "$SBX_BUILDDIR/test/e2e/probe:/media/probe:ro" -- /media/probe abstract-connect sbx-test-host
		assert_eq "connect ECONNREFUSED" "$output" "$network"
	done
	inside --network host -v "$SBX_BUILDDIR/test/e2e/probe:/media/probe:ro" -- /media/probe abstract-connect sbx-test-host
	[ "$output" = "connect EPERM" ] || assert_has "$stderr" "abstract UNIX sockets are in reach"
	assert_eq "connect ok" "$(on_host "$SBX_BUILDDIR/test/e2e/probe" abstract-connect sbx-test-host)" "the socket is there"
}

@test "sbx-net has no capability, no way to new privileges, a filter, and one id" {
	start_helper
	local pid state
	for pid in "${helpers[@]}"; do
		state=$(cat "/proc/$pid/status")
		assert_has "$state" '^Seccomp:.2$'
		assert_has "$state" '^NoNewPrivs:.1$'
		assert_eq 5 "$(grep -cE '^Cap(Inh|Prm|Eff|Bnd|Amb):.0000000000000000$' <<<"$state")" "empty sets of capabilities"
		assert_eq "0 $(id -u) 1" "$(xargs <"/proc/$pid/uid_map")" "the map of ids"
	done
}

@test "sbx-net has namespaces of its own, an empty root and no descriptor that it does not need" {
	# As the owner, who may look at what its user may not (the next test).
	exec_on_host() { exec nsenter --preserve-credentials --target "$HOST_PID" --user --net --mount --wd="$PWD" -- "$@"; }
	start_helper -p 6100:6100
	local pid kind root
	for pid in "${helpers[@]}"; do
		for kind in user mnt ipc uts cgroup; do
			[ "$(as_owner readlink "/proc/$pid/ns/$kind")" != "$(as_owner readlink "/proc/$launcher/ns/$kind")" ] ||
				fail "the $kind namespace is the caller's"
		done
		# It makes the host's connections.
		assert_eq "$(as_owner readlink "/proc/$launcher/ns/net")" "$(as_owner readlink "/proc/$pid/ns/net")" "the network"
		root=$(as_owner find "/proc/$pid/root/" -mindepth 1 -printf '%y %f\n')
		assert_eq "s dns" "$root" "what the root has"
	done
	[ "$(as_owner readlink "/proc/${helpers[1]}/ns/pid")" != "$(as_owner readlink "/proc/$launcher/ns/pid")" ] ||
		fail "the pid namespace is the caller's"
	assert_eq "" "$(as_owner ls "/proc/${helpers[0]}/fd")" "descriptors of the process that waits"
	# Control, name server, published port; the tap; /dev/null three times.
	assert_eq "/dev/null /dev/null /dev/null socket socket socket tun" "$(as_owner find "/proc/${helpers[1]}/fd" \
		-mindepth 1 -printf '%l\n' | sed 's/^socket:.*/socket/;s,.*/net/tun$,tun,' | sort | xargs)" "descriptors of the process that works"
}

@test "sbx-net cannot be read or traced by the user's other programs" {
	start_helper
	local pid
	for pid in "${helpers[@]}"; do
		run -1 on_host cat "/proc/$pid/mem" /proc/"$pid"/environ
		assert_has "$output" 'Permission denied'
		run on_host ls "/proc/$pid/fd"
		assert_has "$output" 'Permission denied'
	done
}

@test "kill -9 of sbx-net ends the sandbox, with 125 and a line that says so" {
	local which status
	for which in 0 1; do
		start_helper
		kill -9 "${helpers[which]}"
		status=0
		wait "$launcher" || status=$?
		launcher=
		assert_eq 125 "$status" "status"
		assert_has "$(cat "$BATS_TEST_TMPDIR/inside")" 'sbx-net.* the sandbox was ended'
	done
}

@test "frames of any kind made inside do not end the helper" {
	inside --cap-add NET_RAW -- python3 -c '
import os, random, socket
try:
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind(("eth0", 0))
    make = lambda: os.urandom(14 + random.randrange(1, 300))
    send = s.send
except OSError:
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    make = lambda: b"\x45\0" + os.urandom(7) + random.choice((b"\1", b"\6", b"\x11", b"\x29")) + b"\0\0\x0a\xd5\7\2" + bytes((random.choice((127, 192)), 0, 2, 1)) + os.urandom(random.randrange(60))
    send = lambda data: s.sendto(data, ("192.0.2.1", 0))
random.seed(3)
for _ in range(20000):
    try:
        send(make())
    except OSError:
        pass
socket.create_connection(("192.0.2.1", 6004), 5)
print("still there")'
	assert_eq "still there" "$output"
}

@test "kill -9 of the helper or the launcher at random moments, 100 times: nothing is left, nothing hangs" {
	local i victim pid
	RANDOM=7
	for ((i = 0; i < 100; i++)); do
		# No timeout(1) around it: killed in the launcher's stead, it would leave a run that nobody was to end.
		exec_on_host "$SBX" run --userns single -p 6999:6999 --image "$HELLO_IMAGE" -- sleep 60 </dev/null >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.$(printf %03d $((RANDOM % 250)))"
		victim=$pid
		if ((i % 2)); then
			for victim in $(descendants "$pid") none; do
				[ "$(cat "/proc/$victim/comm" 2>/dev/null)" != sbx-net ] || break
			done
			[ "$victim" != none ] || victim=$pid
		fi
		kill -9 "$victim" 2>/dev/null || true
		until_true ended "$pid" || fail "still there 10 s after the kill of $victim: $(pgrep -a -u "$(id -u)" -f 6999:6999)"
		wait "$pid" 2>/dev/null || true
	done
	until_true nothing_runs || fail "left: $(pgrep -a -u "$(id -u)" -f 6999:6999)"
	# The next run clears what killed launchers left on the disk; and the port is free.
	on_host timeout 20 "$SBX" run --userns single -p 6999:6999 --image "$HELLO_IMAGE" -- true
	assert_eq "" "$(find "$XDG_RUNTIME_DIR/sbx" -mindepth 1 2>/dev/null)" "state of runs"
	assert_eq "" "$(find "$XDG_DATA_HOME/sbx/scratch" -mindepth 1 -maxdepth 1 2>/dev/null)" "scratch of runs"
}
ended() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"
}
nothing_runs() {
	! pgrep -u "$(id -u)" -f 6999:6999 >/dev/null
}
