# SPDX-License-Identifier: Apache-2.0
# The system-call filter, seen from inside: what the table of defaults says, by trying.
# flatpak 2021-41133 (clone3, the mount API), bubblewrap 2017-5226, flatpak 2019-10063, 2023-28100 (terminals).

load ../lib/common

setup_file() {
	common_setup_file
	"$SBX" run --image "$HELLO_IMAGE" -- true </dev/null
}
teardown_file() { common_teardown_file; }
teardown() {
	[ -z "${listener-}" ] || kill "$listener" 2>/dev/null || true
}

probe() { # WHAT OPTION... - run the probe inside
	local what=$1
	shift
	hello "$@" -v "$SBX_BUILDDIR/test/e2e/probe:/probe:ro" -- /probe $what
}
says() { # ERRNO NAME...
	local want=$1 name
	shift
	for name in "$@"; do
		grep -qxE "$name ($want)" <<<"$output" || fail "$name: expected $want, got $(grep "^$name " <<<"$output")"
	done
}

enosys="clone3 open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick mount_setattr io_uring_setup io_uring_enter
	io_uring_register userfaultfd memfd_secret unknown"
eperm="unshare setns mount umount2 pivot_root keyctl add_key request_key bpf perf_event_open open_by_handle_at pidfd_getfd
	process_madvise kcmp init_module finit_module delete_module kexec_load swapon swapoff quotactl acct syslog settimeofday
	clock_settime mbind set_mempolicy move_pages migrate_pages vhangup personality_bad"

@test "dangerous system calls are refused, unknown ones do not exist: single id" {
	probe calls --userns single
	says ENOSYS $enosys
	says EPERM $eperm
	says ok personality_ask
	[ "$(uname -m)" != x86_64 ] || says EPERM iopl ioperm
}

@test "dangerous system calls are refused, unknown ones do not exist: subordinate ids, strict" {
	need_subids
	probe calls --userns subuid
	says ENOSYS $enosys
	says EPERM $eperm
	probe calls --userns subuid --security-opt seccomp=strict
	says ENOSYS $enosys
	says EPERM $eperm
}

@test "no namespace can be made with clone" {
	probe clone
	says EPERM CLONE_NEWUSER CLONE_NEWNS CLONE_NEWPID CLONE_NEWNET CLONE_NEWIPC CLONE_NEWUTS CLONE_NEWCGROUP
}

@test "only ordinary sockets can be made" {
	probe sockets
	says ok AF_UNIX AF_INET AF_INET6 AF_NETLINK
	says 'EPERM|EAFNOSUPPORT|EACCES' AF_PACKET AF_VSOCK AF_ALG AF_BLUETOOTH AF_TIPC AF_RDS
}

@test "system calls by the 32-bit and x32 doors do not exist" {
	probe abi
	says 'ENOSYS|killed' i386 # killed: a kernel without 32-bit system calls
	says ENOSYS x32
}

@test "nothing can be typed into a terminal, also with bits that the kernel does not look at" {
	need script
	run script -qec "$SBX run -t -v $SBX_BUILDDIR/test/e2e/probe:/probe:ro --image $HELLO_IMAGE -- /probe tty" /dev/null </dev/null
	output=$(grep -oE 'TIOC.*' <<<"$output" | tr -d '\r') # script writes what it types itself before it
	says EPERM TIOCSTI TIOCSTI_high TIOCLINUX TIOCLINUX_high TIOCSETD TIOCSETD_high
	says ok TIOCGWINSZ
}

@test "a filter of one's own in Docker's format is in force, from the cache as well" {
	cat >"$BATS_TEST_TMPDIR/filter.json" <<-'END'
		{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
		 "syscalls": [{"names": ["kcmp"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
	END
	local _
	for _ in 1 2; do
		probe calls --security-opt "seccomp=$BATS_TEST_TMPDIR/filter.json"
		says 'EOPNOTSUPP|ENOTSUP' kcmp
	done
}

@test "a damaged filter is refused" {
	echo '{"defaultAction": "SCMP_ACT_NONSENSE"}' >"$BATS_TEST_TMPDIR/filter.json"
	hello_fails 125 --security-opt "seccomp=$BATS_TEST_TMPDIR/filter.json" -- true
	assert_has "$stderr" 'filter.json'
	hello_fails 125 --security-opt seccomp=/no/such/file.json -- true
}

@test "the host's abstract sockets are out of reach, also with the host's network" {
	local name=sbx-test-$$-$RANDOM
	"$SBX_BUILDDIR/test/e2e/probe" abstract-listen "$name" >"$BATS_TEST_TMPDIR/listen" 3>&- &
	listener=$!
	wait_for_text "$BATS_TEST_TMPDIR/listen" '^listening$'
	probe "abstract-connect $name"
	says 'ECONNREFUSED|EPERM|EACCES' connect
	run_sbx 0 explain --network host --image "$HELLO_IMAGE"
	if [ "$(uname -r | cut -d. -f1)" -gt 6 ] || { [ "$(uname -r | cut -d. -f1)" -eq 6 ] && [ "$(uname -r | cut -d. -f2)" -ge 12 ]; }; then
		probe "abstract-connect $name" --network host
		says 'ECONNREFUSED|EPERM|EACCES' connect
	fi
}
