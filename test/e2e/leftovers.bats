# SPDX-License-Identifier: Apache-2.0
# Issue 2, acceptance 8: nothing is left behind, however a run ends.

load lib/common

setup_file() {
	common_setup_file
	# The image is imported, and unpacked for both kinds of id maps.
	"$SBX" run --userns single --image "$HELLO_IMAGE" -- true </dev/null
	"$SBX" run --image "$HELLO_IMAGE" -- true </dev/null
}
teardown_file() { common_teardown_file; }

setup() {
	mark=987$BATS_TEST_NUMBER$$
	snapshot >"$BATS_TEST_TMPDIR/before"
}
teardown() {
	[ -z "${launcher-}" ] || kill -9 "$launcher" 2>/dev/null || true
}

nothing_left() {
	local i
	for ((i = 0; i <= 20; i++)); do
		snapshot >"$BATS_TEST_TMPDIR/after"
		if cmp -s "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"; then
			return 0
		fi
		sleep 0.1
	done
	fail "left behind: $(diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after")"
}

# start_run OPTION... - a run that says when it is there and goes on. Sets launcher, tree (all its processes).
start_run() {
	: >"$BATS_TEST_TMPDIR/out"
	"$SBX" run "$@" --image "$HELLO_IMAGE" -- sh -c "sleep $mark & sleep $mark & echo ready; wait" \
		</dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	launcher=$!
	wait_for_text "$BATS_TEST_TMPDIR/out" '^ready$'
	mapfile -t tree < <(descendants "$launcher")
	# The launcher, process 1 and its two children, at the least.
	[ "${#tree[@]}" -ge 4 ] || fail "only ${#tree[@]} processes: $(ps -e -o pid=,ppid=,args= | grep -F "$mark")"
}

@test "200 runs in a row leave nothing behind" {
	local i
	for ((i = 0; i < 200; i++)); do
		"$SBX" run --image "$HELLO_IMAGE" -- sh -c 'echo x >/root/file' </dev/null || fail "run $i ended with $?"
	done
	nothing_left
}

@test "20 runs at once leave nothing behind, and each is a sandbox of its own" {
	local i pids=() seen
	for ((i = 0; i < 20; i++)); do
		"$SBX" run --image "$HELLO_IMAGE" -- sh -c "echo $i >/root/file; sleep 0.3; cat /root/file" \
			</dev/null >"$BATS_TEST_TMPDIR/out.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for ((i = 0; i < 20; i++)); do
		wait "${pids[i]}" || fail "run $i ended with $?: $(cat "$BATS_TEST_TMPDIR/out.$i")"
		seen=$(cat "$BATS_TEST_TMPDIR/out.$i")
		assert_eq "$i" "$seen" "what run $i saw"
	done
	nothing_left
}

@test "runs that fail leave nothing behind, each for its own reason" {
	local round # bats's run changes i
	for round in 1 2 3 4 5 6; do
		hello_fails 127 -- /no/such/command
		hello_fails 126 -- /etc/passwd
		hello_fails 125 -v /no/such/source:/mnt -- true
		hello_fails 125 --user no-such-user -- true
		hello_fails 7 -- sh -c 'exit 7'
	done
	nothing_left
}

# kill_each OPTION... - for every process of a run in turn: a new run, that process killed, the rest gone in 2 seconds.
kill_each() {
	local n i victim who
	start_run "$@"
	n=${#tree[@]}
	kill -TERM "$launcher"
	gone_within 120 "${tree[@]}"
	# Inside, process 1 is a shell that ignores nothing, so TERM has ended it; next, the hard way.
	for ((i = 0; i < n; i++)); do
		start_run "$@"
		assert_eq "$n" "${#tree[@]}" "the number of processes"
		victim=${tree[i]}
		who=$(ps -o args= -p "$victim")
		# One of two sleeping programs is the program's own affair: its end does not end the sandbox.
		case $who in
		sleep*)
			kill -9 "$victim"
			sleep 0.2
			kill -0 "$launcher" || fail "the sandbox ended with one of its programs"
			kill -9 "$launcher"
			;;
		*) kill -9 "$victim" ;;
		esac
		gone_within 20 "${tree[@]}" || fail "after kill -9 of process $i of $n: $who"
		wait "$launcher" 2>/dev/null || true
		launcher=
		nothing_left || fail "after kill -9 of process $i of $n: $who"
	done
}

@test "kill -9 of any process of a run clears the rest in 2 seconds: native overlay, single id" {
	kill_each --userns single --set Sandbox.Storage=native
}

@test "kill -9 of any process of a run clears the rest in 2 seconds: native overlay, subordinate ids" {
	need_subids
	kill_each --userns subuid --set Sandbox.Storage=native
}

@test "kill -9 of any process of a run clears the rest in 2 seconds: fuse-overlayfs" {
	need_fuse
	kill_each --userns single --set Sandbox.Storage=fuse
}

@test "kill -9 of any process of a run clears the rest in 2 seconds: with an init" {
	kill_each --init
}

@test "kill -9 of the launcher at any moment of the start leaves nothing that the next run does not clear" {
	local i pid left
	for ((i = 0; i < 60; i++)); do
		"$SBX" run --image "$HELLO_IMAGE" -- sleep "$mark" </dev/null >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.0$(printf %02d "$i")"
		kill -9 "$pid"
		wait "$pid" 2>/dev/null || true
	done
	sleep 2
	left=$(ps -u "$(id -u)" -o pid=,stat=,args= | awk '$2 !~ /^Z/' | grep -F "sleep $mark" | grep -v grep || true)
	[ -z "$left" ] || awk '{ print $1 }' <<<"$left" | xargs kill -9
	[ -z "$left" ] || fail "processes are left: $left"
	hello -- true
	nothing_left
}

@test "files that other ids made inside are removed as well" {
	need_subids
	hello --userns subuid -- sh -c 'mkdir -m 0 /root/closed; mkdir /root/d; chown 1234:1234 /root/d; echo x >/root/d/f; chmod 0500 /root/d'
	nothing_left
}

@test "standard input, output and error pass straight through without a terminal" {
	local out
	out=$(head -c 3000000 /dev/urandom | tee >(sha256sum >"$BATS_TEST_TMPDIR/in.sum") |
		"$SBX" run --image "$HELLO_IMAGE" -- cat | sha256sum)
	sleep 0.2
	assert_eq "$(cat "$BATS_TEST_TMPDIR/in.sum")" "$out" "the checksum of what went through"
	hello -- sh -c 'echo out; echo err >&2'
	assert_eq out "$output"
	assert_eq err "$stderr"
	nothing_left
}

@test "TERM to the launcher reaches the program, and its own status comes back" {
	"$SBX" run --image "$HELLO_IMAGE" -- sh -c "trap 'echo got it; exit 5' TERM; echo ready; while :; do sleep 0.1; done" \
		</dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	launcher=$!
	wait_for_text "$BATS_TEST_TMPDIR/out" '^ready$'
	kill -TERM "$launcher"
	local status=0
	wait "$launcher" || status=$?
	launcher=
	assert_eq 5 "$status" "exit status"
	assert_has "$(cat "$BATS_TEST_TMPDIR/out")" '^got it$'
	nothing_left
}
