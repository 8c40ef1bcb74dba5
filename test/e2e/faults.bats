# SPDX-License-Identifier: Apache-2.0
# SECURITY.md, "Faults to survive": every system call of a run's set-up fails in turn. Either the run fails in words and the
# program has not started, or it starts behind all that a run without the fault puts up.

load lib/common

setup_file() {
	common_setup_file
	"$SBX" run --userns single --network none --image "$HELLO_IMAGE" -- true </dev/null # imported from here on
	run_with record "$BATS_FILE_TMPDIR/calls" >"$BATS_FILE_TMPDIR/want"
	grep -q '^Seccomp:.2$' "$BATS_FILE_TMPDIR/want" # what the program says of itself means something
	grep -q '/proc/keys ro,' "$BATS_FILE_TMPDIR/want"
}
teardown_file() { common_teardown_file; }

# What the program prints: what it may do, what it sees, and what is mounted where. Of the root file system only the place:
# without the kernel's overlayfs there is fuse-overlayfs. Of the control groups only what could be written: a kernel that
# mounts no sysfs of its own for sbx has the host's below a read-only one. Numbers that differ with each run are left out.
REPORT='grep -E "^(Uid|Gid|Groups|NoNewPrivs|Seccomp|Cap)" /proc/self/status
while read -r _ _ _ root at options rest; do
	type=${rest#*- }; [ "$at" != / ] || type=any
	case $at,$options in /sys/fs/cgroup*,ro,*) ;; *) echo "mount $root $at $options ${type%% *}" ;; esac
done </proc/self/mountinfo
for ns in cgroup ipc mnt net pid user uts; do
	case " $OUTER " in *" $(readlink /proc/self/ns/$ns) "*) echo "ns $ns is the host'\''s" ;; *) echo "ns $ns is its own" ;; esac
done
ls -A / | sed "s/^/root /"; ls /proc/self/fd | wc -l; cut -d: -f1 /proc/net/dev; hostname; pwd; umask; ulimit -a; ls "$CANARY" 2>&1 || true'

# run_with record FILE | run_with "PROCESS CALL N" ERROR - the report of a run under test/lib/fault.
run_with() {
	local outer
	outer=$(readlink /proc/self/ns/* | tr '\n' ' ')
	[ "$1" != record ] || set -- --record "$2"
	timeout -k 1 20 "$SBX_BUILDDIR/test/lib/fault" "$1" "$2" "$SBX" run --userns single --network none \
		-e "OUTER=$outer" -e "CANARY=$HOME" --image "$HELLO_IMAGE" -- sh -c "$REPORT" </dev/null
}

# Calls whose failure is nobody's concern, or that cannot fail: memory (its lack ends the process), what the process is.
UNCONCERNED='^(close|brk|mmap|munmap|mprotect|rt_sig.*|exit_group|get[ug]id|gete[ug]id|getpid|umask|arch_prctl|set_tid_address|set_robust_list|rseq|pread64|execve)$'

# judge CALL STATUS - one line for what is wrong, nothing if it is well.
judge() {
	local lines
	lines=$(wc -l <"$BATS_TEST_TMPDIR/err")
	case $2 in
	0)
		[ "$lines" -eq 0 ] || grep -qE '^sbx: ' "$BATS_TEST_TMPDIR/err" || echo "$1: $(head -3 "$BATS_TEST_TMPDIR/err")"
		cmp -s "$BATS_FILE_TMPDIR/want" "$BATS_TEST_TMPDIR/out" ||
			echo "$1: another sandbox: $(diff "$BATS_FILE_TMPDIR/want" "$BATS_TEST_TMPDIR/out" | head -5)"
		;;
	125 | 126 | 127)
		[ "$lines" -eq 1 ] && grep -qE '^sbx: .{10}|error while loading shared libraries' "$BATS_TEST_TMPDIR/err" ||
			echo "$1: not one clear line: $(cat "$BATS_TEST_TMPDIR/err")"
		# A fault after the start: what the program had said by then is right.
		[ "$(head -c "$(stat -c %s "$BATS_TEST_TMPDIR/out")" "$BATS_FILE_TMPDIR/want" | md5sum)" = \
			"$(md5sum <"$BATS_TEST_TMPDIR/out")" ] || echo "$1: another sandbox that fails later"
		;;
	137) # a guard that cannot wait does what it is there for
		[ "${1%% *}" = 2 ] || echo "$1: killed: $(cat "$BATS_TEST_TMPDIR/err")" ;;
	*) echo "$1: exit status $2: $(cat "$BATS_TEST_TMPDIR/err")" ;;
	esac
}

# each_fails ERROR PROCESS-PATTERN - for each call of these processes: it fails; what is not well in the end is listed.
each_fails() {
	local process call n status count=0
	: >"$BATS_TEST_TMPDIR/wrong"
	snapshot >"$BATS_TEST_TMPDIR/before"
	make_canary "$BATS_TEST_TMPDIR/canary"
	while read -r process call n; do
		[[ $process =~ $2 ]] && ! [[ $call =~ $UNCONCERNED ]] || continue
		status=0
		run_with "$process $call $n" "$1" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
		judge "$process $call $n" "$status" >>"$BATS_TEST_TMPDIR/wrong"
		count=$((count + 1))
	done <"$BATS_FILE_TMPDIR/calls"
	[ "$count" -gt "$3" ] || fail "only $count calls"
	check_canary "$BATS_TEST_TMPDIR/canary"
	[ ! -s "$BATS_TEST_TMPDIR/wrong" ] || fail "$(cat "$BATS_TEST_TMPDIR/wrong")"
	hello --userns single --network none -- true
	snapshot >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "each system call of the launcher and the guard, refused with EPERM" {
	each_fails EPERM '^[02]$' 100
}

@test "each system call between clone and exec, refused with EPERM" {
	each_fails EPERM '^1$' 200
}

@test "each system call between clone and exec, missing in the kernel (ENOSYS)" {
	each_fails ENOSYS '^1$' 200
}

@test "each system call between clone and exec, out of memory or descriptors (ENOMEM, EMFILE)" {
	each_fails EMFILE '^1$' 200
}
