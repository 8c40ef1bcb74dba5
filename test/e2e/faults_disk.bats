# SPDX-License-Identifier: Apache-2.0
# SECURITY.md, "Faults to survive": disks that fill up, that are of the wrong kind, and limits of the caller's own. What
# fails says where and why, on one line; what was there before is whole; and removal works when nothing else does.

load lib/common

setup_file() {
	common_setup_file
	need skopeo unshare
	mkdir "$BATS_FILE_TMPDIR/disk"
}
teardown_file() { common_teardown_file; }

# on_disk OPTIONS FUNCTION - in namespaces of the test's own, with a store on a file system in memory.
on_disk() {
	export STORE_DISK=$BATS_FILE_TMPDIR/disk BATS_TEST_TMPDIR
	export -f fail assert_has says stays_whole resize "$2"
	XDG_DATA_HOME=$STORE_DISK run unshare --map-root-user --mount bash -ec \
		'mount -t tmpfs -o "$1" none "$STORE_DISK"; "$2"' bash "mode=0700,$1" "$2"
	[ "$status" -eq 0 ] || fail "status $status"
}

# says STATUSES PATTERN COMMAND... - it ends with one of them (a pattern), and unless that is 0 with one line, but for
# warnings, that matches.
# In $code: the status.
says() {
	local statuses=$1 pattern=$2 words
	shift 2
	code=0
	words=$(timeout -k 1 60 "$@" </dev/null 2>&1 >/dev/null) || code=$?
	[[ $code =~ ^($statuses)$ ]] || fail "status $code of $*: $words"
	[ "$code" -ne 0 ] || return 0
	[ "$(grep -vc '^sbx: warning: ' <<<"$words")" -eq 1 ] || fail "not one line of $*: $words"
	assert_has "$words" "$pattern"
}

# stays_whole - the image that was there before, and the store.
stays_whole() {
	"$SBX" image verify >/dev/null || fail "the store is damaged"
	skopeo inspect "oci:$STORE_DISK/sbx:keep:latest" >/dev/null || fail "the image is damaged"
}

# resize size|nr_inodes FREE - so much is left (KiB, or files).
resize() {
	local used
	if [ "$1" = size ]; then
		used=$(df -k --output=used "$STORE_DISK" | tail -1)
		mount --options-source=disable -o "remount,size=$((used + $2))k" "$STORE_DISK"
	else
		used=$(df --output=iused "$STORE_DISK" | tail -1)
		mount --options-source=disable -o "remount,nr_inodes=$((used + $2))" "$STORE_DISK"
	fi
}

disk_fills_up() {
	"$SBX" image import "$HELLO_IMAGE" keep
	tar -C "$SBX_BUILDDIR/test/e2e" -cf "$BATS_TEST_TMPDIR/other.tar" probe
	local free failed=0 there=0
	for free in 0 4 8 16 32 64 96 128 160 192 256 512 700 800 1000 1500 2000; do
		resize size "$free"
		says '0|1' "No space left.*$STORE_DISK|$STORE_DISK.*No space left" "$SBX" image import "rootfs:$BATS_TEST_TMPDIR/other.tar" other
		if [ "$code" -eq 0 ]; then there=$((there + 1)); else failed=$((failed + 1)); fi
		stays_whole
		says '0|125' "No space left.*$STORE_DISK|$STORE_DISK.*No space left" "$SBX" run --userns single --network none --image keep -- true
		resize size 0
		[ "$code" -ne 0 ] || says 0 '' "$SBX" images
		! "$SBX" images | grep -q ^other || says 0 '' "$SBX" rmi other
		stays_whole
	done
	[ "$failed" -gt 3 ] && [ "$there" -gt 1 ] || fail "$failed imports failed, $there did not"
	resize size 0
	says 0 '' "$SBX" rmi keep
}

@test "a disk that fills up: the message names the place, earlier images stay whole, removal works" {
	on_disk size=64M disk_fills_up
}

inodes_run_out() {
	"$SBX" image import "$HELLO_IMAGE" keep
	tar -C "$SBX_BUILDDIR/test/e2e" -cf "$BATS_TEST_TMPDIR/other.tar" probe
	local free failed=0 there=0
	for free in 0 1 2 3 4 5 6 7 8 9 10 12 15 20; do
		resize nr_inodes "$free"
		says '0|1' "No space left.*$STORE_DISK|$STORE_DISK.*No space left" "$SBX" image import "rootfs:$BATS_TEST_TMPDIR/other.tar" other
		if [ "$code" -eq 0 ]; then there=$((there + 1)); else failed=$((failed + 1)); fi
		stays_whole
		says '0|125' "No space left.*$STORE_DISK|$STORE_DISK.*No space left" "$SBX" run --userns single --network none --image keep -- true
		resize nr_inodes 0
		! "$SBX" images | grep -q ^other || says 0 '' "$SBX" rmi other
		stays_whole
	done
	[ "$failed" -gt 3 ] && [ "$there" -gt 1 ] || fail "$failed imports failed, $there did not"
	resize nr_inodes 0
	says 0 '' "$SBX" rmi keep
}

@test "a disk without inodes: the message names the place, earlier images stay whole, removal works" {
	on_disk size=64M inodes_run_out
}

wrong_kinds() {
	mkdir "$STORE_DISK"/{lower,upper,work,overlay}
	mount -t overlay -o "userxattr,lowerdir=$STORE_DISK/lower,upperdir=$STORE_DISK/upper,workdir=$STORE_DISK/work" none \
		"$STORE_DISK/overlay"
	local want='the store .*/overlay/sbx is on overlayfs .*; set SBX_STORE \(or XDG_DATA_HOME\) to a directory on a local disk$'
	export XDG_DATA_HOME=$STORE_DISK/overlay
	says 1 "$want" "$SBX" image import "$HELLO_IMAGE" keep
	says 125 "$want" "$SBX" run --userns single --network none --image "$HELLO_IMAGE" -- true
	# With the key that the message names, the same command works.
	SBX_STORE=$STORE_DISK/sbx says 0 '' "$SBX" image import "$HELLO_IMAGE" keep
}

@test "a store on overlayfs is refused in words that name the key that moves it" {
	on_disk size=64M wrong_kinds
}

no_namespaces() {
	"$SBX" image import --quiet "$HELLO_IMAGE" keep >/dev/null
	local kind
	for kind in user mnt pid ipc uts cgroup net; do
		echo 0 >"/proc/sys/user/max_${kind}_namespaces"
		says 125 'namespace.*user\.max_(user|\*)_namespaces' "$SBX" run --userns single --network none --image keep -- true
		echo 1000 >"/proc/sys/user/max_${kind}_namespaces"
	done
	says 0 '' "$SBX" run --userns single --network none --image keep -- true
}

@test "a limit on namespaces is named" {
	on_disk size=64M no_namespaces
}

limits_of_the_caller() {
	"$SBX" image import "$HELLO_IMAGE" keep >/dev/null
	"$SBX" run --userns single --network none --image keep -- true
	tar -C "$SBX_BUILDDIR/test/e2e" -cf "$BATS_TEST_TMPDIR/other.tar" probe
	local limit words='sbx: .{20}|error while loading shared libraries' failed=0
	# shellcheck disable=SC2016 # expanded by the inner shell
	local limited=(bash -c 'ulimit "$1" "$2" && exec "${@:3}"' bash)
	# Descriptors, address space (KiB), size of a file (KiB), processes.
	for limit in -n:{3..24} -v:{4000..40000..3000} -v:{60000..400000..40000} -f:{0,1,4,64,512} -u:{1..3}; do
		says '0|125|127' "$words" "${limited[@]}" "${limit%:*}" "${limit#*:}" \
			"$SBX" run --userns single --network none --image keep -- true
		[ "$code" -eq 0 ] || failed=$((failed + 1))
		says '0|1|127' "$words" "${limited[@]}" "${limit%:*}" "${limit#*:}" \
			"$SBX" image import "rootfs:$BATS_TEST_TMPDIR/other.tar" other
		[ "$code" -ne 0 ] || says 0 '' "$SBX" rmi other
	done
	[ "$failed" -gt 5 ] || fail "only $failed runs failed"
	stays_whole
	says 0 '' "$SBX" run --userns single --network none --image keep -- true
	[ -z "$(ls "$STORE_DISK/sbx/scratch")" ] || fail "left: $(ls "$STORE_DISK/sbx/scratch")"
}

@test "few descriptors, little memory, short files, no processes: one clear line, and the store stays whole" {
	on_disk size=64M limits_of_the_caller
}

# On NFS as far as sbx can tell: fstatfs(2) of the store, and of nothing else, says so.
@test "a store on NFS is refused by all that would use it, with what to do, and nothing is put there" {
	need strace
	export SBX_STORE=$BATS_TEST_TMPDIR/nfs
	mkdir -m 700 "$SBX_STORE"
	local on_nfs=(strace -f -o /dev/null -P "$SBX_STORE" -e inject=fstatfs:poke_exit=@arg2=6969000000000000 "$SBX") words
	words="the store $SBX_STORE is on NFS, which cannot hold layers; set SBX_STORE"
	says 1 "$words" "${on_nfs[@]}" images
	says 1 "$words" "${on_nfs[@]}" image import "$HELLO_IMAGE" hello
	says 125 "$words" "${on_nfs[@]}" run --userns single --network none --image "$HELLO_IMAGE" -- true
	assert_eq "" "$(ls -A "$SBX_STORE")"
	run "${on_nfs[@]}" doctor
	assert_has "$output" 'NFS'
}
