# SPDX-License-Identifier: Apache-2.0
# Network=sandbox:NAME: the network of a running sandbox, and nothing else of it.

load lib/common

setup_file() {
	common_setup_file
	"$SBX" run --image "$HELLO_IMAGE" -- true </dev/null
}
teardown_file() { common_teardown_file; }

# start_first OPTION... - a sandbox named first that lives until the test ends it.
start_first() {
	mkfifo "$BATS_TEST_TMPDIR/live"
	"$SBX" run --name first "$@" --image "$HELLO_IMAGE" -- cat <"$BATS_TEST_TMPDIR/live" >/dev/null 3>&- &
	first=$!
	exec 9>"$BATS_TEST_TMPDIR/live"
	local i
	for ((i = 0; i < 100; i++)); do
		[ ! -e "$XDG_RUNTIME_DIR/sbx/first/record.json" ] || return 0
		sleep 0.05
	done
	fail "the first sandbox did not start"
}
end_first() {
	exec 9>&-
	wait "$first"
}

@test "a sandbox joins the network of another, with the same lock-down as ever" {
	start_first --network none
	run_sbx 0 run --network sandbox:first --hostname second --image "$HELLO_IMAGE" -- \
		sh -c 'readlink /proc/self/ns/net; hostname; ls -d /proc/[0-9]* | wc -l; grep -E "Seccomp:|NoNewPrivs:" /proc/self/status'
	local pid
	pid=$(jq .pid "$XDG_RUNTIME_DIR/sbx/first/record.json")
	assert_eq "$(readlink "/proc/$pid/ns/net")" "$(sed -n 1p <<<"$output")" "the network namespace"
	assert_eq second "$(sed -n 2p <<<"$output")" "the host name"
	[ "$(sed -n 3p <<<"$output")" -le 4 ] || fail "it sees processes of the other: $output"
	assert_has "$output" 'NoNewPrivs:.1'
	assert_has "$output" 'Seccomp:.2'
	end_first
}

@test "what one listens on the other reaches at its loopback" {
	start_first --network none
	run_sbx 0 run --network sandbox:first --image "$HELLO_IMAGE" -- \
		sh -c 'echo from-the-second | nc -l -p 4711 127.0.0.1 & sleep 0.3; nc 127.0.0.1 4711 </dev/null'
	assert_has "$output" from-the-second
	end_first
}

@test "a name that does not run, other id maps, and a name that runs already are refused in words" {
	run_sbx 125 run --network sandbox:nobody --image "$HELLO_IMAGE" -- true
	assert_has "$stderr" 'no sandbox named nobody is running'
	need_subids
	start_first --network none --userns subuid
	run_sbx 125 run --network sandbox:first --userns single --image "$HELLO_IMAGE" -- true
	assert_has "$stderr" 'first runs with other id maps'
	run_sbx 125 run --name first --image "$HELLO_IMAGE" -- true
	assert_has "$stderr" 'a sandbox named first is running already'
	end_first
	run_sbx 0 run --name first --image "$HELLO_IMAGE" -- true
	[ -z "$(ls "$XDG_RUNTIME_DIR/sbx")" ] || fail "left: $(ls "$XDG_RUNTIME_DIR/sbx")"
}

@test "what a killed run left under its name is taken over" {
	mkdir -p "$XDG_RUNTIME_DIR/sbx/first"
	echo '{"pid":1}' >"$XDG_RUNTIME_DIR/sbx/first/record.json"
	run_sbx 125 run --network sandbox:first --image "$HELLO_IMAGE" -- true
	assert_has "$stderr" 'no sandbox named first is running'
	run_sbx 0 run --name first --image "$HELLO_IMAGE" -- true
	[ ! -e "$XDG_RUNTIME_DIR/sbx/first" ] || fail "the directory is still there"
}
