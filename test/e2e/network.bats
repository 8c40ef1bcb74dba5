# SPDX-License-Identifier: Apache-2.0
# Issue 3, acceptance 1: the network of a sandbox against real servers, in a namespace that stands for the host.

load lib/common
load lib/network

setup_file() {
	common_setup_file
	network_setup_file
	start_web
	start_dns dns "$HOST4" 53 --address="/web.test/$HOST4" --address="/web.test/$HOST6" --address="/short.corp.test/$OTHER4"
	serve udp-echo python3 "$PEER" udp-echo :: 7
	serve digest python3 "$PEER" digest-at-end :: 9
	listens udp 7
	listens tcp 9
}
teardown_file() {
	network_teardown_file
	common_teardown_file
}
teardown() { end_inside; }

peer=(python3 /mnt/peer.py)

@test "a program inside fetches from the host's servers over IPv4, IPv6 and by name" {
	local url
	for url in "http://$HOST4/" "http://[$HOST6]/" http://web.test/ "http://$OTHER4/"; do
		inside -- curl -sSf "$url"
		assert_eq "a page of the host" "$output" "$url"
	done
	inside -- curl -6 -sSf http://web.test/who
	assert_eq "$HOST6 web.test" "$output"
	inside -- wget -qO - "http://$OTHER4/who"
	assert_eq "$OTHER4 $OTHER4" "$output"
}

@test "an image has the network without asking, and the name server in its resolv.conf" {
	run on_host "$SBX" run --userns single --image "$HELLO_IMAGE" -- sh -c \
		'wget -qO - http://web.test/; cat /etc/resolv.conf; cat /sys/class/net/eth0/mtu; cat /sys/class/net/lo/operstate'
	assert_eq 0 "$status"
	assert_has "$output" '^a page of the host$'
	assert_has "$output" '^nameserver 10\.213\.7\.53$'
	assert_has "$output" '^65520$'
}

@test "a server inside is reached at published ports over IPv4 and IPv6, and by nobody else" {
	mkdir "$BATS_TEST_TMPDIR/www"
	echo "a page from inside" >"$BATS_TEST_TMPDIR/www/index.html"
	start_inside -v "$BATS_TEST_TMPDIR/www:/srv:ro" -p 8080:8000 -p '[::1]:8080:8000' -p "$OTHER4:8081:8000" -- \
		sh -c 'python3 -m http.server --bind :: -d /srv 8000 >/dev/null 2>&1 & until ss -Hltn | grep -q :8000; do sleep 0.1; done; echo ready; wait'
	local url
	for url in http://127.0.0.1:8080/ 'http://[::1]:8080/' "http://$OTHER4:8081/"; do
		run on_host curl -sSf --max-time 10 "$url"
		assert_eq "a page from inside" "$output" "$url"
	done
	run on_host curl -sS --max-time 10 "http://$HOST4:8080/"
	assert_eq 7 "$status" "what is published at 127.0.0.1 answers at another address too"
	run on_host curl -sS --max-time 10 "http://127.0.0.1:8000/"
	assert_eq 7 "$status" "the port is published by its number inside"
}

@test "ranges of ports are published in order, tcp and udp" {
	ready=5 start_inside -p 9100-9102:7100-7102/udp -p 9100-9101:7100-7101 -- sh -c '
		for p in 7100 7101 7102; do python3 /mnt/peer.py udp-echo 0.0.0.0 $p & done
		for p in 7100 7101; do python3 /mnt/peer.py digest-at-end 0.0.0.0 $p & done
		wait'
	local p
	for p in 9100 9101 9102; do
		run on_host python3 "$PEER" udp-ask 127.0.0.1 "$p" "hello $p"
		assert_has "$output" "hello $p$"
	done
	for p in 9100 9101; do
		run on_host python3 "$PEER" at-once 127.0.0.1 "$p" 1
		assert_eq 1 "$output" "port $p"
	done
	run on_host python3 "$PEER" refused 127.0.0.1 9102 1000
	assert_eq 0 "$status" "a port after the range is open"
}

@test "a published udp port works over IPv6" {
	start_inside -p '[::1]:9200:7200/udp' -- "${peer[@]}" udp-echo :: 7200
	run on_host python3 "$PEER" udp-ask ::1 9200 hello
	assert_has "$output" 'hello$'
}

@test "a port that is taken is an error with its line before anything starts" {
	local where
	for where in "$HOST4:80" '[::]:80'; do
		inside_fails 125 -p "$where:8000" -- sh -c 'echo started >&2'
		assert_eq 1 "$(wc -l <<<"$stderr")" "lines of the error"
		assert_has "$stderr" '80/tcp'
		assert_has "$stderr" '[Aa]ddress already in use'
		assert_lacks "$stderr" '^started$'
	done
	inside_fails 125 -p "$HOST4:7:8000/udp" -- sh -c 'echo started >&2'
	assert_has "$stderr" '7/udp'
	assert_lacks "$stderr" '^started$'
	inside_fails 125 -p "203.0.113.9:8000:8000" -- true
	assert_has "$stderr" '203\.0\.113\.9:8000'
}

@test "datagrams of many sizes come back whole over IPv4 and IPv6" {
	inside -- sh -c "python3 /mnt/peer.py udp-sizes $HOST4 7; python3 /mnt/peer.py udp-sizes $HOST6 7"
	assert_eq "whole whole" "$(xargs <<<"$output")"
}

@test "200 connections at once each carry their own answer, out and in" {
	inside -- "${peer[@]}" at-once "$HOST4" 9 200
	assert_eq 200 "$output"
	inside -- "${peer[@]}" at-once "$HOST6" 9 200
	assert_eq 200 "$output"
	start_inside -p 9300:7300 -- "${peer[@]}" digest-at-end 0.0.0.0 7300
	run on_host python3 "$PEER" at-once 127.0.0.1 9300 200
	assert_eq 200 "$output"
}

@test "1 GiB arrives as it was sent, out, in, and through a published port" {
	local want
	head -c 1G /dev/urandom >"$NET_DIR/www/big"
	want=$(sha256sum <"$NET_DIR/www/big" | cut -d' ' -f1)
	inside -- sh -c "curl -sSf http://$HOST4/big | sha256sum"
	assert_eq "$want  -" "$output" "what came in"
	inside -v "$NET_DIR/www:/srv:ro" -- "${peer[@]}" send-file "$HOST6" 9 /srv/big
	assert_eq "1073741824 $want 1073741824 $want" "$(xargs <<<"$output")" "what went out"
	start_inside -p 9400:7400 -- "${peer[@]}" digest-at-end 0.0.0.0 7400
	run on_host timeout 60 python3 "$PEER" send-file 127.0.0.1 9400 "$NET_DIR/www/big"
	assert_eq "1073741824 $want 1073741824 $want" "$(xargs <<<"$output")" "what went through the published port"
	rm "$NET_DIR/www/big"
}

@test "a stream that is closed in one direction goes on in the other" {
	serve talk python3 "$PEER" talk-after-end "$HOST4" 5001
	listens tcp 5001
	inside -- "${peer[@]}" send-after-end "$HOST4" 5001 "said late, outwards"
	wait_for_text "$NET_DIR/talk.log" '^heard said late, outwards$'
	stop talk
	start_inside -p 5002:5002 -- "${peer[@]}" talk-after-end 0.0.0.0 5002
	on_host python3 "$PEER" send-after-end 127.0.0.1 5002 "said late, inwards"
	wait_for_text "$BATS_TEST_TMPDIR/inside" '^heard said late, inwards$'
}

@test "a reader that pauses gets all of it, and other connections go on meanwhile" {
	head -c 20M /dev/urandom >"$NET_DIR/www/medium"
	inside -- sh -c "
		python3 /mnt/peer.py slow-read $HOST4 80 'GET /medium HTTP/1.0\r\n\r\n' 3 & slow=\$!
		sleep 1
		curl -sSf --max-time 1 http://$HOST4/; wait \$slow"
	assert_eq "a page of the host" "$(sed -n 1p <<<"$output")" "the other connection"
	assert_eq "$((20 << 20)) $(sha256sum <"$NET_DIR/www/medium" | cut -d' ' -f1)" "$(sed -n 2p <<<"$output")" "what the slow one read"
	rm "$NET_DIR/www/medium"
}

@test "a port where nobody listens is refused at once" {
	inside -- sh -c "python3 /mnt/peer.py refused $HOST4 4 500 && python3 /mnt/peer.py refused $HOST6 4 500"
}

@test "ping reaches the host where pings are allowed to the user" {
	on_host python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)' ||
		skip "ping sockets are closed to $(id -un)"
	inside --cap-add NET_RAW -- busybox ping -c 1 -W 3 "$HOST4"
	assert_has "$output" '1 packets received'
}

@test "HostPort opens one port of the host's loopback at host.sbx.internal, and no other" {
	serve loop python3 -m http.server --bind 127.0.0.1 -d "$NET_DIR/www" 6001
	serve other python3 -m http.server --bind 127.0.0.1 -d "$NET_DIR/www" 6002
	listens tcp 6001
	listens tcp 6002
	inside --set Network.HostPort=6001 -- sh -c '
		curl -sSf http://host.sbx.internal:6001/; python3 /mnt/peer.py refused host.sbx.internal 6002 100;
		python3 /mnt/peer.py refused 127.0.0.1 6001 100'
	assert_has "$output" '^a page of the host$'
	assert_has "$output" '^host.sbx.internal:6002 error'
	assert_has "$output" '^127.0.0.1:6001 error'
	inside -- sh -c 'python3 /mnt/peer.py refused 10.213.7.1 6001 100'
	inside_fails 6 -- curl -sS http://host.sbx.internal:6001/
	stop loop
	stop other
}

@test "Network=none has a loopback and nothing else; host has the host's interfaces" {
	inside --network none -- sh -c 'cat /proc/net/dev | tail -n +3 | cut -d: -f1 | xargs; python3 /mnt/peer.py refused 192.0.2.1 80 100'
	assert_eq lo "$(sed -n 1p <<<"$output" | xargs)" "interfaces"
	inside --network host -- sh -c 'tail -n +3 /proc/net/dev; curl -sSf http://web.test/'
	assert_has "$output" 'outer:'
	assert_has "$output" '^a page of the host$'
}

@test "Network=pasta reaches the host's servers, publishes ports and asks the host's name server" {
	need pasta
	inside --network pasta -- curl -sSf http://short.corp.test/
	assert_eq "a page of the host" "$output"
	# The pasta of Debian 12 loses datagrams whose port has another number inside.
	ready=2 start_inside --network pasta -p 9500:7500 -p 7500:7500/udp -- sh -c \
		'python3 /mnt/peer.py udp-echo 0.0.0.0 7500 & python3 /mnt/peer.py digest-at-end 0.0.0.0 7500; wait'
	run on_host python3 "$PEER" at-once 127.0.0.1 9500 20
	assert_eq 20 "$output"
	run on_host python3 "$PEER" udp-ask 127.0.0.1 7500 hello
	assert_has "$output" 'hello$'
}

@test "IPv6=no leaves IPv4 alone" {
	inside --set Network.IPv6=no -- sh -c "curl -sSf http://$HOST4/; cat /proc/net/if_inet6 | grep -v ' lo$'; python3 /mnt/peer.py refused $HOST6 80 100"
	assert_has "$output" '^a page of the host$'
	assert_lacks "$output" 'eth0'
}

@test "DNS= takes servers at other ports, and the next one where the first does not answer" {
	start_dns five "$OTHER4" 5353 --address="/only.here.test/$HOST4"
	inside --dns "$OTHER4#5353" -- curl -sSf http://only.here.test/
	assert_eq "a page of the host" "$output"
	inside --dns "$HOST4#5354" --dns "$OTHER4#5353" -- curl -sSf http://only.here.test/
	assert_eq "a page of the host" "$output"
	inside_fails 6 -- curl -sS http://only.here.test/
	stop five
}

@test "a change of the host's resolv.conf is followed while the sandbox runs" {
	start_dns vpn "$OTHER4" 53 --address="/behind.vpn.test/$HOST4"
	mkfifo "$BATS_TEST_TMPDIR/go"
	start_inside -v "$BATS_TEST_TMPDIR/go:/run/go" -- sh -c \
		'curl -sS http://behind.vpn.test/; echo ready; read -r x </run/go; curl -sSf http://behind.vpn.test/; echo end'
	assert_has "$(cat "$BATS_TEST_TMPDIR/inside")" 'Could not resolve'
	dns_servers "$OTHER4"
	sleep 1.1
	echo >"$BATS_TEST_TMPDIR/go"
	wait_for_text "$BATS_TEST_TMPDIR/inside" '^end$'
	dns_servers "$HOST4"
	assert_has "$(cat "$BATS_TEST_TMPDIR/inside")" '^a page of the host$'
	stop vpn
}

@test "AddHost is a line of hosts, DNSSearch one of resolv.conf" {
	inside --add-host "made.up.test:$OTHER4" -- curl -sSf http://made.up.test/who
	assert_eq "$OTHER4 made.up.test" "$output"
	inside --set Network.DNSSearch=corp.test -- curl -sSf http://short/who
	assert_eq "$OTHER4 short" "$output"
	inside_fails 6 -- curl -sS http://short/who
}

@test "an answer too big for a datagram comes over TCP" {
	serve txt python3 "$PEER" name-server "$OTHER4" 5355 20480
	listens tcp 5355
	inside --dns "$OTHER4#5355" -- "${peer[@]}" ask-txt 10.213.7.53 big.test
	assert_eq cut "$(sed -n 1p <<<"$output")" "the first answer"
	assert_has "$output" '^205[0-9]{2} rcode 0$'
	stop txt
}

@test "a helper that has nothing to do does not wake up" {
	start_inside -p 9600:7600 -- sh -c 'curl -sSf http://web.test/ >/dev/null; echo ready; sleep 60'
	local helper before
	sleep 1
	for helper in $(descendants "$launcher"); do
		[ "$(cat "/proc/$helper/comm")" = sbx-net ] || continue
		before=$before$helper:$(grep ctxt "/proc/$helper/status" | xargs)$'\n'
	done
	assert_eq 2 "$(grep -c : <<<"$before")" "processes of sbx-net"
	sleep 3
	while IFS=: read -r helper rest; do
		[ -z "$helper" ] || assert_eq "$rest" "$(grep ctxt "/proc/$helper/status" | xargs)" "switches of $helper"
	done <<<"$before"
}
