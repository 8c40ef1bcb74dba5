# SPDX-License-Identifier: Apache-2.0
# Mount sources and destinations; links in an image that lead out; what was granted read-only.
# runc 2019-19921, 2021-30465, 2023-27561, 2024-45310; buildah 2024-1753; containers 2024-9341; flatpak 2024-42472.

load ../lib/common

setup_file() { common_setup_file; }
teardown_file() { common_teardown_file; }

setup() {
	tree=$BATS_TEST_TMPDIR/tree
	out=$BATS_TEST_TMPDIR/out
	src=$BATS_TEST_TMPDIR/src
	make_rootfs "$tree"
	make_canary "$out"
	mkdir "$src"
	echo granted >"$src/file"
}

# lands_inside LINK-TARGET OPTION... - /in of the image is a link that leads out, and a mount goes below it or onto it: refused
# (125, one line), or done inside; the canary's directory is the same either way.
lands_inside() {
	local target=$1
	shift
	ln -sfn "$target" "$tree/in"
	run --separate-stderr timeout 60 "$SBX" run --rootfs "$tree" "$@" -- sh -c 'cat /in/canary 2>/dev/null; echo x >/in/x 2>/dev/null; echo end'
	case $status in
	0) assert_lacks "$output" 'canary sings' ;;
	125) assert_eq 1 "$(wc -l <<<"$stderr")" "lines of the refusal" ;;
	*) fail "exit status $status with a link to $target: $*" ;;
	esac
	check_canary "$out"
	assert_eq granted "$(cat "$src/file")" "the source's file"
}

up=../../../../../../../../../../../../../../../..

@test "a bind onto a link that leads out lands inside or is refused" {
	local link
	for link in "$out" "$up$out" "/proc/self/cwd" "/proc/1/root" "/proc/self/fd/3"; do
		lands_inside "$link" -v "$src:/in"
		lands_inside "$link" -v "$src:/in/sub"
		lands_inside "$link" -v "$src/file:/in/canary"
	done
}

@test "a tmpfs, a made file and a working directory behind a link that leads out land inside or are refused" {
	local link
	for link in "$out" "$up$out"; do
		lands_inside "$link" --tmpfs /in
		lands_inside "$link" --tmpfs /in/deep/sub
		lands_inside "$link" -w /in/made/deep
		lands_inside "$link" --device /dev/null:/in/null
	done
}

@test "an image whose /etc, /dev, /proc, /sys, /tmp or /dev/shm leads out gets nothing made outside" {
	local name link
	mv "$tree/etc" "$tree/etc.kept"
	for name in etc dev proc sys tmp; do
		for link in "$out" "$up$out"; do
			rm -rf "${tree:?}/$name"
			ln -s "$link" "$tree/$name"
			run --separate-stderr timeout 60 "$SBX" run --rootfs "$tree" --user 0 -- sh -c "cat /$name/canary; echo x >/$name/x; echo end"
			[ "$status" -eq 0 ] || [ "$status" -eq 125 ] || fail "exit status $status with /$name -> $link"
			assert_lacks "$output" 'canary sings'
			check_canary "$out"
			rm "$tree/$name"
		done
	done
}

@test "an image whose /proc is a link inside does not hide that the real one is mounted" {
	mkdir "$tree/elsewhere"
	ln -s /elsewhere "$tree/proc"
	run --separate-stderr timeout 60 "$SBX" run --rootfs "$tree" -- sh -c 'cat /proc/sys/kernel/ostype; echo 1 >/proc/sysrq-trigger 2>/dev/null || echo refused'
	[ "$status" -eq 125 ] || { assert_has "$output" '^Linux$' && assert_has "$output" '^refused$'; }
}

@test "a made file does not follow a link out: /etc/hosts, /etc/hostname, /etc/resolv.conf" {
	local name
	for name in hosts hostname resolv.conf; do
		ln -s "$out/canary" "$tree/etc/$name"
	done
	run --separate-stderr timeout 60 "$SBX" run --rootfs "$tree" -- sh -c 'cat /etc/hosts /etc/hostname /etc/resolv.conf'
	assert_lacks "$output" 'canary sings'
	check_canary "$out"
}

@test "ordinary links in an image work: /var/run, /lib, a bind behind one" {
	mkdir -p "$tree/run" "$tree/var"
	ln -s /run "$tree/var/run"
	ln -s ../run "$tree/var/run2"
	run_sbx 0 run --rootfs "$tree" -v "$src:/var/run/app" --tmpfs /var/run2/t -- sh -c 'cat /run/app/file; ls -d /run/t'
	assert_has "$output" '^granted$'
	assert_has "$output" '^/run/t$'
}

@test "what is bound read-only cannot be changed in any way" {
	make_canary "$out"
	run_sbx 0 run --rootfs "$tree" -v "$out:/in:ro" -- sh -c '
		cat /in/canary
		for what in "echo x >/in/canary" "echo x >>/in/canary" "rm /in/canary" "mv /in/canary /in/other" "ln /in/canary /in/link" \
			"ln -s x /in/link" "mkdir /in/dir" "chmod 0777 /in/canary" "chown 0:0 /in/canary" "touch /in/canary" "truncate -s 0 /in/canary" \
			"touch /in" "chmod 0777 /in" "mknod /in/fifo p" "mount -o remount,rw /in" "mount -o remount,bind,rw /in" "umount /in"; do
			(eval "$what") 2>/dev/null && echo "worked: $what"
		done
		echo end'
	assert_has "$output" '^the canary sings$'
	# FakeRoot answers chown with success, without effect.
	assert_lacks "$(grep -v 'worked: chown' <<<"$output")" 'worked'
	check_canary "$out"
}

@test "a hard link cannot carry a file out of a grant, and the grant's parent is not reachable" {
	run_sbx 0 run --rootfs "$tree" -v "$src:/in" -- sh -c 'cat "/in/../out/canary" "/in/'"$up$out"'/canary"; ls /in/..; echo end'
	assert_lacks "$output" 'canary sings'
	assert_has "$output" '^end$'
}

@test "a link inside a granted directory that leads out is resolved inside" {
	ln -s "$out/canary" "$src/link"
	ln -s ../out/canary "$src/link2"
	run_sbx 0 run --rootfs "$tree" -v "$src:/in" -- sh -c 'cat /in/link /in/link2; echo x >/in/link2; echo end'
	assert_lacks "$output" 'canary sings'
	check_canary "$out"
}

@test "a device must be one" {
	run_sbx 125 run --rootfs "$tree" --device "$src/file:/dev/file" -- true
	assert_has "$stderr" "$src/file"
	run_sbx 125 run --rootfs "$tree" --device "$src:/dev/dir" -- true
	ln -s "$src/file" "$src/link"
	run_sbx 125 run --rootfs "$tree" --device "$src/link:/dev/file" -- true
}

@test "what is Inaccessible stays hidden: before, made later, by another name, by another mount" {
	local profile
	mkdir -p "$src/secret" "$tree/data"
	echo hidden >"$src/secret/file"
	echo hidden >"$tree/data/file"
	profile=$(write_profile hide <<-END
		[Sandbox]
		Rootfs=$tree
		[Files]
		Bind=$src:/in
		Bind=$src:/again
		Inaccessible=/in/secret /data/file /later/one
	END
	)
	run_sbx 0 run "$profile" -- sh -c '
		cat /in/secret/file /data/file
		ls /in/secret
		mv /in/secret /in/other && echo moved; cat /in/other/file
		mv /in /moved && echo moved; cat /moved/secret/file
		mv /data /data2 && cat /data2/file
		rm -rf /data/file; cat /data/file
		cat /again/secret/file
		mkdir -p /later; echo hidden >/later/one; cat /later/one
		mkdir -p /later/one; echo hidden >/later/one/x; cat /later/one/x
		echo end' 
	assert_lacks "$output" '^hidden$'
	assert_has "$output" '^end$'
	assert_eq hidden "$(cat "$src/secret/file")" "the host's file"
}

@test "no mount point is ever made on the host" {
	run --separate-stderr timeout 60 "$SBX" run --rootfs "$tree" -v "$src:/in" --tmpfs /in/new/tmp -v "$out:/in/other" -- true
	[ "$status" -eq 0 ] || [ "$status" -eq 125 ] || fail "exit status $status"
	assert_eq file "$(ls -A "$src")" "what is in the bound directory"
}

@test "other processes of the host cannot be seen, and not be signalled" {
	sleep 300 3>&- &
	local victim=$!
	run_sbx 0 run --rootfs "$tree" -- sh -c 'ls -d /proc/[0-9]* | tr "\n" " "; kill -0 '"$victim"' 2>/dev/null && echo reached; kill -9 -1; echo end'
	kill -0 "$victim"
	kill "$victim"
	assert_lacks "$output" reached
}
