# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every .bats file of test/e2e begins with:
#
#	load lib/common             (load ../lib/common from a folder below)
#	setup_file() { common_setup_file; }
#	teardown_file() { common_teardown_file; }
#
# Each file gets a home, a store and run-time directories of its own, so that files do not see each other's images, and
# nothing of the account's own is touched.  Tests run as an ordinary account (test/lib/run-test sees to it).

bats_require_minimum_version 1.5.0

: "${SBX_BUILDDIR:=$(cd "$BATS_TEST_DIRNAME" && while [ ! -e configure.ac ] && [ "$PWD" != / ]; do cd ..; done && pwd)}"
: "${SBX_SRCDIR:=$SBX_BUILDDIR}"
SBX=$SBX_BUILDDIR/sbx
FIXTURES=$SBX_SRCDIR/test/fixtures
HELLO_IMAGE=oci:$SBX_BUILDDIR/profiles/hello-image # busybox, two layers, no network needed: for tests that need any image
export SBX SBX_SRCDIR SBX_BUILDDIR FIXTURES HELLO_IMAGE

common_setup_file() {
	if [ "$(id -u)" -eq 0 ]; then
		echo "the end-to-end tests are for an ordinary account; make check as root switches to one" >&2
		return 1
	fi
	export HOME=$BATS_FILE_TMPDIR/home
	export XDG_DATA_HOME=$BATS_FILE_TMPDIR/data XDG_CONFIG_HOME=$BATS_FILE_TMPDIR/config
	export XDG_STATE_HOME=$BATS_FILE_TMPDIR/state XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR/run
	mkdir -m 0700 "$HOME" "$XDG_DATA_HOME" "$XDG_CONFIG_HOME" "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"
}

common_teardown_file() {
	remove_tree "$BATS_FILE_TMPDIR/home" "$BATS_FILE_TMPDIR/data" "$BATS_FILE_TMPDIR/config" \
		"$BATS_FILE_TMPDIR/state" "$BATS_FILE_TMPDIR/run"
}

# remove_tree PATH... - also what belongs to subordinate ids (layers unpacked for a range, uppers), and directories of mode 0.
remove_tree() {
	rm -rf -- "$@" 2>/dev/null && return
	if has_subids; then
		unshare --map-root-user --map-auto --setgroups allow rm -rf -- "$@" && return
	fi
	chmod -R u+rwX -- "$@" 2>/dev/null
	rm -rf -- "$@"
}

has_subids() {
	local me
	me=$(id -un)
	grep -qE "^($me|$(id -u)):" /etc/subuid 2>/dev/null && grep -qE "^($me|$(id -u)):" /etc/subgid 2>/dev/null &&
		command -v newuidmap >/dev/null
}

# need PROGRAM... - skip the test where one is not installed (with SBX_TEST_STRICT=1 a skip is a failure).
need() {
	local p
	for p in "$@"; do
		command -v "$p" >/dev/null 2>&1 || [ -x "/usr/sbin/$p" ] || skip "$p is not installed"
	done
}
need_subids() {
	has_subids || skip "$(id -un) has no subordinate ids (/etc/subuid, /etc/subgid, newuidmap)"
}
need_fuse() {
	need fuse-overlayfs
	[ -r /dev/fuse ] && [ -w /dev/fuse ] || skip "/dev/fuse is closed to $(id -un)"
}

# run_sbx STATUS ARGS... - run sbx, keep standard output in $output and standard error in $stderr, and expect the status.
# A run that takes longer than SBX_TIMEOUT seconds (default 120) has failed with 124.
# shellcheck disable=SC2154 # run sets status, output and stderr
run_sbx() {
	local want=$1 expect=()
	shift
	[ "$want" != 127 ] || expect=(-127) # bats warns of an unexpected 127, and its warning changes the caller's i
	run "${expect[@]}" --separate-stderr timeout --kill-after=5 "${SBX_TIMEOUT:-120}" "$SBX" "$@"
	if [ "$status" -ne "$want" ]; then
		fail "exit status $status, expected $want: sbx $*"
	fi
}

# fail TEXT... - end the test; shows what the last `run` printed.
fail() {
	{
		printf '%s\n' "$*"
		[ -z "${output-}" ] || printf -- '--- standard output\n%s\n' "$output"
		[ -z "${stderr-}" ] || printf -- '--- standard error\n%s\n' "$stderr"
	} >&2
	return 1
}

# assert_eq WANT GOT [WHAT]; assert_has TEXT PATTERN (extended regular expression, any line); assert_lacks likewise.
assert_eq() {
	[ "$1" = "$2" ] || fail "${3:-value}: expected '$1', got '$2'"
}
assert_has() {
	grep -qE -- "$2" <<<"$1" || fail "nothing matches /$2/ in: $1"
}
assert_lacks() {
	! grep -qE -- "$2" <<<"$1" || fail "something matches /$2/ in: $1"
}

# write_profile NAME - a profile from standard input in the test's own directory; prints its path.
write_profile() {
	cat >"$BATS_TEST_TMPDIR/$1.ini"
	echo "$BATS_TEST_TMPDIR/$1.ini"
}

# debian_tar [PACKAGE...] - print the path of a Debian 12 root file system as a plain tar, made by mmdebstrap once for each
# account and set of packages.
debian_tar() {
	need mmdebstrap
	need_subids
	HOME=$(getent passwd "$(id -u)" | cut -d: -f6) XDG_CACHE_HOME='' "$FIXTURES/debian-rootfs" "$@"
}

# snapshot - what a run must not leave behind, as text to compare: mounts, processes of sbx that belong to this file, and
# directories below the run-time, state and data places. Other files may run at the same time.
snapshot() {
	# What others mount at the same time (mmdebstrap as root, a stick that is plugged in) is no business of ours.
	grep -E 'sbx|overlay|fuse|bats-run' /proc/self/mounts | sort || true
	echo "--- processes"
	ps -u "$(id -u)" -o stat=,args= | awk '$1 !~ /^Z/' | grep -F -- "$BATS_FILE_TMPDIR" |
		grep -E '(^|/| )(sbx|sbx-image|fuse-overlayfs|newuidmap|newgidmap)( |$)' | grep -v ' timeout ' | sort
	echo "--- directories"
	find "$XDG_RUNTIME_DIR" "$XDG_STATE_HOME" -mindepth 1 2>/dev/null | sort
	# Not what stands for images, nor an extracted layer's files.
	[ ! -d "$XDG_DATA_HOME/sbx" ] || find "$XDG_DATA_HOME/sbx" -mindepth 1 -maxdepth 3 -not -path '*/blobs/*' | sort
}

# hello ARGS... - run_sbx 0 run on the small image; `hello_fails STATUS ARGS...` with another status.
hello() {
	run_sbx 0 run --image "$HELLO_IMAGE" "$@"
}
hello_fails() {
	local want=$1
	shift
	run_sbx "$want" run --image "$HELLO_IMAGE" "$@"
}

# make_rootfs DIR - a root file system as a plain directory: busybox under its names, the probe, a passwd. No /proc, /dev,
# /sys or /tmp.
make_rootfs() {
	local busybox
	busybox=$(PATH=$PATH:/usr/sbin:/sbin command -v busybox)
	mkdir -p "$1/bin" "$1/etc"
	cp "$busybox" "$1/bin/busybox"
	"$busybox" --list | while read -r applet; do [ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"; done
	cp "$SBX_BUILDDIR/test/e2e/probe" "$1/bin/probe"
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$1/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$1/etc/group"
}

# make_canary DIR - a directory with a file that no test may change; check_canary DIR: content, mode, owner, times and link
# count of both are what they were, and nothing else is there.
make_canary() {
	mkdir -p "$1"
	echo "the canary sings" >"$1/canary"
	chmod 0640 "$1/canary"
	canary_state "$1" >"$BATS_TEST_TMPDIR/canary.was"
}
canary_state() {
	find "$1" -printf '%P %y %m %U %G %n %s %T@ %C@\n' | sort
	cat "$1/canary"
}
check_canary() {
	local now
	now=$(canary_state "$1")
	[ "$now" = "$(cat "$BATS_TEST_TMPDIR/canary.was")" ] ||
		fail "the canary changed: was $(cat "$BATS_TEST_TMPDIR/canary.was"), is $now"
}

# descendants PID - the process and all below it that are alive, one a line.
descendants() {
	ps -e -o pid= -o ppid= -o stat= | awk -v root="$1" '
		$3 !~ /^Z/ { parent[$1] = $2 }
		END {
			for (pid in parent) {
				for (p = pid; p in parent && p != root; p = parent[p])
					;
				if (p == root)
					print pid
			}
		}' | sort -n
}

# gone_within TENTHS PID... - wait until none of them is alive (a zombie is not).
gone_within() {
	local tenths=$1 i left
	shift
	for ((i = 0; i <= tenths; i++)); do
		left=$(ps -o pid=,stat=,args= -p "$(IFS=,; echo "$*")" | awk '$2 !~ /^Z/')
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	fail "still there after $tenths tenths of a second: $left"
}

# wait_for_text FILE PATTERN - until a line matches, 15 seconds at most.
wait_for_text() {
	local i
	for ((i = 0; i < 300; i++)); do
		! grep -qE -- "$2" "$1" 2>/dev/null || return 0
		sleep 0.05
	done
	fail "$1 never had /$2/: $(cat "$1")"
}
