# SPDX-License-Identifier: Apache-2.0
# Running sandboxes by name: ps, stop, kill.  (stats, update and pause want cgroup v2: test/vm.)

# shellcheck disable=SC2154 # run_sbx sets stderr

load lib/common

setup_file() {
	common_setup_file
	"$SBX" run --image "$HELLO_IMAGE" -- true </dev/null
}
teardown_file() { common_teardown_file; }
teardown() {
	[ -z "${launcher-}" ] || { kill -9 "$launcher" 2>/dev/null && wait "$launcher" 2>/dev/null; } || true
}

# start NAME ARGS... - a sandbox in the background; $launcher is its sbx run.
start() {
	local name=$1 i
	shift
	"$SBX" run --name "$name" --network none --image "$HELLO_IMAGE" "$@" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	launcher=$!
	for ((i = 0; i < 200; i++)); do
		[ "$("$SBX" ps -q | grep -x "$name")" != "$name" ] || return 0
		sleep 0.05
	done
	fail "$name did not start: $(cat "$BATS_TEST_TMPDIR/out")"
}
# ended_with STATUS - the launcher has ended so.
ended_with() {
	local status=0
	wait "$launcher" || status=$?
	launcher=
	assert_eq "$1" "$status" "the status of sbx run"
}

@test "ps shows what runs, and a sandbox that has ended is not shown" {
	run_sbx 0 ps -q
	assert_eq "" "$output"
	start one -- sleep 100
	run_sbx 0 ps
	assert_has "$output" '^NAME +IMAGE +COMMAND +STATUS +PID +CREATED +PORTS$'
	assert_has "$output" '^one .*sleep 100 .*running'
	run_sbx 0 ps --format json
	assert_eq "one running none" "$(jq -r '.[] | "\(.name) \(.status) \(.network)"' <<<"$output")"
	assert_eq sleep "$(cat "/proc/$(jq '.[0].pid' <<<"$output")/comm")" "the program behind the process number"
	kill -9 "$launcher"
	ended_with 137
	local i
	for ((i = 0; i < 40; i++)); do
		[ -n "$("$SBX" ps -q)" ] || break
		sleep 0.05
	done
	run_sbx 0 ps -q
	assert_eq "" "$output"
}

@test "ports are shown as they are published" {
	start one --network slirp -p 18083:80 -p 127.0.0.2:18084:81/udp -- sleep 100
	run_sbx 0 ps --format json
	assert_eq "127.0.0.1:18083->80/tcp, 127.0.0.2:18084->81/udp" "$(jq -r '.[0].ports' <<<"$output")"
	run_sbx 0 stop -t 0 one
	ended_with 143
}

@test "stop asks first: a program that hears the signal ends with its own status" {
	start one -- sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
	run_sbx 0 stop one
	ended_with 7
}

@test "stop kills what does not hear, after the time given" {
	start one -- sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	local before=$SECONDS
	run_sbx 0 stop --time 1 one
	[ $((SECONDS - before)) -lt 8 ] || fail "it took $((SECONDS - before)) s"
	ended_with 137
}

@test "stop sends the signal that the profile or the image names" {
	start one --stop-signal USR1 -- sh -c 'trap "exit 9" USR1; while :; do sleep 0.1; done'
	run_sbx 0 stop one
	ended_with 9
}

@test "kill ends a sandbox at once, and sends other signals where asked" {
	start one -- sh -c 'trap "echo heard" USR2; echo ready; while :; do sleep 0.1; done'
	wait_for_text "$BATS_TEST_TMPDIR/out" ready
	run_sbx 0 kill -s USR2 one
	wait_for_text "$BATS_TEST_TMPDIR/out" heard
	run_sbx 0 kill one
	ended_with 137
	run_sbx 0 ps -q
	assert_eq "" "$output"
}

@test "names that do not run, and wrong words, are told" {
	local command
	for command in stop kill; do
		run_sbx 1 "$command" nobody
		assert_has "$stderr" 'no sandbox named nobody is running'
		run_sbx 2 "$command"
	done
	run_sbx 2 kill -s NOTHING one
	run_sbx 2 stop -t soon one
	run_sbx 2 ps one
	for command in stats pause unpause; do
		[ "$command" = stats ] || run_sbx 2 "$command"
		run_sbx 1 "$command" nobody
		assert_has "$stderr" 'no sandbox named nobody is running'
	done
	run_sbx 1 kill ../sbx/nobody
	assert_has "$stderr" 'no sandbox named'
	run_sbx 1 update --set Limits.TasksMax=10 nobody
	run_sbx 2 update nobody
	run_sbx 2 update --set Exec.User=1 nobody
}
