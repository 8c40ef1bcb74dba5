# SPDX-License-Identifier: Apache-2.0
# [Limits] that a cgroup enforces, where there is none to be had (cgroup v1), and their values.  test/vm/limits.bats has
# what they do where there is one.

load lib/common

setup_file() {
	common_setup_file
	"$SBX" run --image "$HELLO_IMAGE" -- true </dev/null
}
teardown_file() { common_teardown_file; }

need_v1() {
	[ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ] || skip "this machine has cgroup v2: test/vm/limits.bats is for it"
}

@test "on cgroup v1 a limit stops the run, with the reason and what mends it" {
	need_v1
	local option
	for option in "-m 64M" "--cpus 1" "--cpuset-cpus 0" "--pids-limit 10" "--set Limits.IOWeight=5"; do
		# shellcheck disable=SC2086 # two words
		hello_fails 125 $option -- echo ran
		assert_eq "" "$output" "standard output"
		assert_has "$stderr" '^sbx: the limits cannot be enforced: this machine has cgroup v1, .*systemd.unified_cgroup_hierarchy=1'
	done
}

@test "on cgroup v1 Enforce=try runs on, and says in one line what is not enforced" {
	need_v1
	hello --set Limits.Enforce=try -m 64M --pids-limit 10 --ulimit nofile=99 -- sh -c 'ulimit -n'
	assert_eq 99 "$output" "the limit of setrlimit(2), which needs no cgroup"
	assert_eq 1 "$(wc -l <<<"$stderr")" "lines of standard error"
	assert_has "$stderr" 'the limits are not enforced \(Enforce=try\): this machine has cgroup v1'
}

@test "without a limit nothing is said of cgroups, and the sandbox has none of its own" {
	"$SBX" run --pidfile "$BATS_TEST_TMPDIR/pid" --image "$HELLO_IMAGE" -- sh -c 'echo up; exec sleep 1000' </dev/null \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	wait_for_text "$BATS_TEST_TMPDIR/out" up
	assert_eq "$(cat /proc/self/cgroup)" "$(cat "/proc/$(cat "$BATS_TEST_TMPDIR/pid")/cgroup")" "cgroups, seen from outside"
	kill -KILL "$!"
	assert_eq "" "$(cat "$BATS_TEST_TMPDIR/err")" "standard error"
}

@test "wrong values of limits are refused when they are read, with their line" {
	local profile case
	for case in "MemoryMax=0" "MemoryMax=-1" "MemoryMax=10X" "MemoryMax=900T" "MemoryHigh=0" "MemorySwapMax=-1" "CPUQuota=0" \
		"CPUQuota=-5%" "CPUQuota=999999%" "CPUWeight=10001" "IOWeight=0" "AllowedCPUs=4000" "AllowedCPUs=3-1" "AllowedCPUs=x" \
		"TasksMax=0" "TasksMax=-1" "TasksMax=99999999" "IOReadBandwidthMax=/dev/null" "IOWriteIOPSMax=/ 0" "Enforce=maybe"; do
		profile=$(printf '[Sandbox]\nImage=x\n[Limits]\n%s\n' "$case" | write_profile wrong)
		run_sbx 1 profile check "$profile"
		assert_has "$stderr" "wrong.ini:4: \[Limits\] ${case%%=*}: "
	done
}

@test "a limit on a disk that is none is refused before anything runs" {
	hello_fails 125 --set "Limits.IOReadBandwidthMax=/dev/null 1M" -- echo ran
	assert_has "$stderr" 'IOReadBandwidthMax=/dev/null: /dev/null lies on no disk'
	hello_fails 125 --set "Limits.IOWriteIOPSMax=/no/such/path 10" -- echo ran
	assert_has "$stderr" 'IOWriteIOPSMax=/no/such/path: .*No such file or directory'
}

@test "explain shows each limit as what is written, and what Enforce=try means" {
	run_sbx 0 explain --image "$HELLO_IMAGE" -m 64M --cpus 1.5 --set Limits.Enforce=try -- true
	assert_has "$output" "^  MemoryMax +its cgroup's memory.max is 67108864  \[command line\]$"
	assert_has "$output" "^  CPUQuota +its cgroup's cpu.max is 150000 100000  \[command line\]$"
	assert_has "$output" '^  Enforce=try: '
}

@test "stats, update and pause of a sandbox that does not run say so" {
	local command
	for command in "stats" "update --set Limits.MemoryMax=64M" "pause" "unpause"; do
		# shellcheck disable=SC2086 # several words
		run_sbx 1 $command nobody
		assert_has "$stderr" '^sbx: .*nobody'
	done
	run_sbx 0 stats --format json
	assert_eq "[]" "$output"
	run_sbx 2 update nobody --set Exec.Exec=/bin/true
	assert_has "$stderr" 'only keys of \[Limits\]'
}
