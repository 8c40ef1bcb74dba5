# SPDX-License-Identifier: Apache-2.0
# Issue 3, acceptance 2: whom a sandbox may talk to, enforced on packets, so that every program obeys.

load lib/common
load lib/network

setup_file() {
	common_setup_file
	network_setup_file
	start_web
	start_names "$HOST4"
	serve udp-echo python3 "$PEER" udp-echo "$HOST4" 7
	listens udp 7
}
teardown_file() {
	network_teardown_file
	common_teardown_file
}
teardown() { end_inside; }

# start_names ADDRESS - the name server; moving.test is an alias, in the end for ADDRESS.
start_names() {
	cat >"$NET_DIR/hosts" <<END
$HOST4 web.test
$1 end.moving.test
$OTHER4 other.test a.wild.test wild.test
127.0.0.1 loop.evil.test
169.254.169.254 cloud.evil.test
10.213.7.1 gateway.evil.test
END
	start_dns names "$HOST4" 53 --addn-hosts="$NET_DIR/hosts" --cname=moving.test,middle.moving.test \
		--cname=middle.moving.test,end.moving.test --address=/mapped.evil.test/::ffff:127.0.0.1 --address=/six.evil.test/fe80::1
}

@test "an allowed name works with curl, wget, Python and a bare socket" {
	inside --allow-domain web.test -- sh -c '
		curl -sSf http://web.test/
		wget -qO - http://web.test/
		python3 -c "import urllib.request as r; print(r.urlopen(\"http://web.test/\").read().decode(), end=\"\")"
		exec 5<>/dev/null; printf "GET / HTTP/1.0\r\n\r\n" | busybox nc web.test 80 | tail -n 1'
	assert_eq 4 "$(grep -c '^a page of the host$' <<<"$output")" "pages"
}

@test "letters of either size and a dot at the end are the same name" {
	inside --allow-domain Web.Test -- sh -c 'curl -sSf http://WEB.test/; curl -sSf http://web.test./'
	assert_eq 2 "$(grep -c '^a page of the host$' <<<"$output")" "pages"
}

@test "the address by number is refused at once before the name was asked, and open after" {
	inside --allow-domain web.test -- sh -c "
		python3 /mnt/peer.py refused $HOST4 80 100 && python3 /mnt/peer.py refused-udp $HOST4 7 100 || exit 9
		curl -sSf http://web.test/ && curl -sSf http://$HOST4/"
	assert_eq 2 "$(grep -c '^a page of the host$' <<<"$output")" "pages"
}

@test "other names, other addresses and IPv6 are refused at once" {
	inside --allow-domain web.test -- sh -c "
		curl -sSf http://web.test/ >/dev/null
		python3 /mnt/peer.py refused $OTHER4 80 100 && python3 /mnt/peer.py refused $HOST6 80 100 &&
			python3 /mnt/peer.py refused 10.213.7.1 80 100 && ! curl -sS --max-time 2 http://other.test/"
	assert_has "$stderr" 'Could not resolve host: other.test'
}

@test "a name that is allowed with a port is refused at another" {
	inside --allow-domain web.test:443 -- sh -c "getent hosts web.test && python3 /mnt/peer.py refused web.test 80 100"
	inside --allow-domain web.test:80 -- sh -c "curl -sSf http://web.test/ && python3 /mnt/peer.py refused web.test 7 100 &&
		python3 /mnt/peer.py refused-udp web.test 7 100"
}

@test "*.NAME allows what is below the name and not the name" {
	inside --allow-domain '*.wild.test' -- sh -c 'curl -sSf http://a.wild.test/; ! curl -sS http://wild.test/'
	assert_eq "a page of the host" "$output"
}

@test "an alias is followed, also when it changes while the sandbox runs" {
	mkfifo "$BATS_TEST_TMPDIR/go"
	start_inside --allow-domain moving.test -v "$BATS_TEST_TMPDIR/go:/run/go" -- sh -c '
		curl -sSf http://moving.test/who; curl -sS --max-time 1 http://198.51.100.1/who; echo ready; read -r x </run/go
		curl -sSf http://moving.test/who; curl -sSf http://198.51.100.1/who; echo end'
	assert_has "$(cat "$BATS_TEST_TMPDIR/inside")" "^$HOST4 moving.test"
	assert_lacks "$(cat "$BATS_TEST_TMPDIR/inside")" "^$OTHER4"
	stop names
	start_names "$OTHER4"
	sleep 1.1
	echo >"$BATS_TEST_TMPDIR/go"
	wait_for_text "$BATS_TEST_TMPDIR/inside" '^end$'
	assert_has "$(cat "$BATS_TEST_TMPDIR/inside")" "^$OTHER4 moving.test"
	assert_has "$(cat "$BATS_TEST_TMPDIR/inside")" "^$OTHER4 $OTHER4"
	stop names
	start_names "$HOST4"
}

@test "an allowed name that leads to the host's loopback, a link-local address or our own network leads nowhere" {
	serve loop python3 -m http.server --bind 127.0.0.1 -d "$NET_DIR/www" 6001
	listens tcp 6001
	local name
	for name in loop cloud gateway mapped six; do
		inside --allow-domain '*.evil.test' -- sh -c "! curl -sS --max-time 3 http://$name.evil.test:6001/"
		assert_eq "" "$output" "$name.evil.test"
	done
	# They are refused without any list too.
	inside -- sh -c '! curl -sS --max-time 3 http://loop.evil.test:6001/; python3 /mnt/peer.py refused 169.254.169.254 80 100'
	stop loop
}

@test "AllowAddress allows a range, or one port of it, by number" {
	inside --set Network.AllowAddress=192.0.2.0/24:80 -- sh -c "curl -sSf http://$HOST4/;
		python3 /mnt/peer.py refused $HOST4 7 100 && python3 /mnt/peer.py refused $OTHER4 80 100"
	assert_has "$output" '^a page of the host$'
	inside --set Network.AllowAddress=2001:db8::/32 -- sh -c "curl -sSf http://[$HOST6]/; python3 /mnt/peer.py refused $HOST4 80 100"
	assert_has "$output" '^a page of the host$'
}

@test "the network log names each new connection, allowed or refused; the counters count" {
	start_inside --name logged --allow-domain web.test --set Network.LogConnections=yes -- sh -c "
		curl -sSf http://web.test/; curl -sS http://other.test/; python3 /mnt/peer.py refused $OTHER4 81 100; echo ready; sleep 60"
	run on_host "$SBX" net log --format json logged
	assert_eq "allowed web.test $HOST4 80" "$(jq -r '.[] | select(.protocol == "tcp" and .port == 80) | "\(.verdict) \(.name) \(.address) \(.port)"' <<<"$output")"
	assert_eq "refused null $OTHER4 81" "$(jq -r '.[] | select(.port == 81) | "\(.verdict) \(.name) \(.address) \(.port)"' <<<"$output")"
	assert_has "$(jq -r '.[] | select(.protocol == "dns") | "\(.verdict) \(.name)"' <<<"$output")" '^refused other.test$'
	run on_host "$SBX" net stats --format json logged
	assert_eq "1 1" "$(jq -r '"\(.connections) \(.refusals)"' <<<"$output")" "connections and refusals"
	[ "$(jq .dns_refusals <<<"$output")" -ge 1 ] || fail "no refused name was counted"
	[ "$(jq .in_bytes <<<"$output")" -gt 300 ] || fail "the bytes were not counted"
	end_inside
	run on_host "$SBX" net log logged
	assert_has "$output" "allowed +tcp +web.test $HOST4 80$"
}

@test "what only sbx-net can enforce is refused with another network" {
	local network key
	for network in pasta host none; do
		[ "$network" != pasta ] || need pasta
		for key in AllowDomain=web.test AllowAddress=192.0.2.0/24 LogConnections=yes HostPort=80; do
			inside_fails 125 --network "$network" --set "Network.$key" -- sh -c 'echo started >&2'
			assert_has "$stderr" "${key%%=*}.*needs Network=slirp"
			assert_lacks "$stderr" '^started$'
		done
	done
}
