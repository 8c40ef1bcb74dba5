# SPDX-License-Identifier: Apache-2.0
# Rootfs=DIR and Rootfs=/: somebody's own tree below a writable layer.

load lib/common

setup_file() {
	common_setup_file
	make_rootfs "$BATS_FILE_TMPDIR/tree"
}
teardown_file() { common_teardown_file; }

setup() {
	tree=$BATS_FILE_TMPDIR/tree
	tree_state >"$BATS_TEST_TMPDIR/tree.was"
}
teardown() {
	[ -z "${mine-}" ] || rm -rf "$mine"
}
# own_place - a directory on the host that is not below /tmp: with Rootfs=/ a run has a /tmp of its own. Sets mine.
own_place() {
	mine=$(mktemp -d "$(getent passwd "$(id -u)" | cut -d: -f6)/.sbx-test.XXXXXX")
}
# Everything but access times: looking at a file is no change.
tree_state() {
	find "$tree" -printf '%P %y %m %U %G %n %s %T@ %C@ %l\n' | sort
}
tree_untouched() {
	diff "$BATS_TEST_TMPDIR/tree.was" <(tree_state) || fail "the directory was changed"
}
stacking() { # each way to stack that there is here
	echo native
	[ ! -w /dev/fuse ] || ! command -v fuse-overlayfs >/dev/null || echo fuse
}

@test "a plain directory runs as the root, and stays as it is" {
	local way
	for way in $(stacking); do
		run_sbx 0 run --rootfs "$tree" --set Sandbox.Storage="$way" -- \
			sh -c 'id -u; echo new >/etc/new; echo more >>/etc/passwd; rm /etc/group; mkdir /made; cat /etc/new; ls /'
		assert_has "$output" '^0$'
		assert_has "$output" '^new$'
		assert_has "$output" '^made$'
		tree_untouched
		run_sbx 1 run --rootfs "$tree" --set Sandbox.Storage="$way" -- cat /etc/new
	done
}

@test "mount points that the directory lacks are there inside, and are not made in it" {
	mkdir "$BATS_TEST_TMPDIR/src"
	echo content >"$BATS_TEST_TMPDIR/src/file"
	run_sbx 0 run --rootfs "$tree" -v "$BATS_TEST_TMPDIR/src:/deep/down/here" --tmpfs /other/tmp -- \
		sh -c 'cat /deep/down/here/file; ls -d /proc/1 /dev/null /sys/class /other/tmp'
	assert_has "$output" '^content$'
	assert_has "$output" '^/proc/1$'
	tree_untouched
}

@test "a read-only root refuses every write, and still gets the mount points that it lacks" {
	mkdir "$BATS_TEST_TMPDIR/src"
	run_sbx 0 run --read-only --rootfs "$tree" -v "$BATS_TEST_TMPDIR/src:/deep/down/here" -- sh -c '
		for f in /x /etc/x /etc/passwd /bin/busybox; do
			(echo x >>$f) 2>/dev/null && echo "$f was written"
		done
		mount | grep " on / " | grep -q "[(,]ro[,)]" && echo read-only
		echo x >/deep/down/here/x && echo the bind is writable'
	assert_lacks "$output" 'was written'
	assert_has "$output" '^read-only$'
	assert_has "$output" '^the bind is writable$'
	[ -e "$BATS_TEST_TMPDIR/src/x" ]
	tree_untouched
}

@test "a writable layer in memory has the size that was asked for" {
	run_sbx 0 run --rootfs "$tree" --set Sandbox.Scratch=memory:4M -- sh -c '
		dd if=/dev/zero of=/big bs=64k count=1000 2>/dev/null || echo full
		stat -c %s /big'
	assert_has "$output" '^full$'
	local size
	size=$(tail -n 1 <<<"$output")
	[ "$size" -le 4194304 ] || fail "$size bytes fit into 4 MiB"
	tree_untouched
}

@test "a directory that is not there, or is a file, is refused in one line" {
	run_sbx 125 run --rootfs /no/such/dir -- true
	assert_has "$stderr" '^sbx: .*/no/such/dir'
	assert_eq 1 "$(wc -l <<<"$stderr")" "lines of the message"
	run_sbx 125 run --rootfs /etc/passwd -- true
	assert_has "$stderr" '^sbx: .*/etc/passwd'
}

@test "an image and a directory at once are refused" {
	profile=$(write_profile both <<-END
		[Sandbox]
		Image=$HELLO_IMAGE
		Rootfs=$tree
	END
	)
	run_sbx 125 run "$profile" -- true
	assert_has "$stderr" 'Image' && assert_has "$stderr" 'Rootfs'
}

@test "the host's own tree runs, and what is written to it is gone" {
	own_place
	echo outside >"$mine/file"
	run_sbx 0 run --rootfs / -- sh -c '
		head -n 1 /etc/os-release
		cat "$1/file"
		echo inside >"$1/file" && echo new >"$1/new" && cat "$1/file" "$1/new"' sh "$mine"
	assert_has "$output" "^$(head -n 1 /etc/os-release | sed 's/[()/]/./g')$"
	assert_has "$output" '^outside$'
	assert_has "$output" '^inside$'
	assert_has "$output" '^new$'
	assert_eq outside "$(cat "$mine/file")" "the host's file"
	[ ! -e "$mine/new" ] || fail "a file was made on the host"
}

@test "with the host's own tree, /tmp, /var/tmp and /run are the sandbox's own" {
	echo outside >"$BATS_TEST_TMPDIR/file" # below /tmp or /var/tmp
	run_sbx 0 run --rootfs / -- sh -c 'ls -A /tmp /var/tmp; cat "$1/file" 2>/dev/null; echo x >/tmp/x && echo end' sh "$BATS_TEST_TMPDIR"
	assert_lacks "$output" outside
	assert_has "$output" '^end$'
	[ ! -e /tmp/x ]
}

@test "with the host's own tree the processes, the network and the ids are still the sandbox's" {
	run_sbx 0 run --rootfs / -- sh -c 'echo "$$ of" /proc/[0-9]*; cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d " "; id -u; hostname'
	assert_has "$output" '^1 of /proc/1$'
	assert_eq lo "$(sed -n 2p <<<"$output")" "network interfaces"
	assert_eq 0 "$(sed -n 3p <<<"$output")" "the user id"
}

@test "with the host's own tree its other mounts are there, and writes to them are gone as well" {
	# A mount of our own, in a namespace where we may make one: sbx runs as that namespace's root.
	own_place
	mkdir "$mine/mnt"
	run unshare --user --map-root-user --mount sh -c '
		mount -t tmpfs none "$1/mnt" && echo outside >"$1/mnt/file" && mkdir "$1/mnt/dir" || exit 99
		"$2" run --userns single --rootfs / -- sh -c "cat $1/mnt/file; echo inside >$1/mnt/file; cat $1/mnt/file" || exit
		echo "after: $(cat "$1/mnt/file")"' sh "$mine" "$SBX"
	assert_eq 0 "$status" "status"
	assert_has "$output" '^outside$'
	assert_has "$output" '^inside$'
	assert_has "$output" '^after: outside$'
}

@test "the store is hidden when the host's own tree is the root" {
	"$SBX" run --image "$HELLO_IMAGE" -- true </dev/null
	[ -e "$XDG_DATA_HOME/sbx/index.json" ]
	run_sbx 0 run --rootfs / -- sh -c 'ls -A "$1" 2>/dev/null; cat "$1/index.json" 2>/dev/null; echo end' sh "$XDG_DATA_HOME/sbx"
	assert_eq end "$output" "what is to be seen of the store"
}
