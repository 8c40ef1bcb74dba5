# SPDX-License-Identifier: Apache-2.0
# The README's first line, and what a first-time user is shown.

load lib/common

setup_file() {
	common_setup_file
	"$SBX" run "$SBX_BUILDDIR/profiles/hello.ini" >/dev/null </dev/null
}
teardown_file() { common_teardown_file; }

@test "the hello profile shows what a program sees from inside" {
	run_sbx 0 run "$SBX_BUILDDIR/profiles/hello.ini"
	assert_has "$output" '^  system +the sbx hello image \(busybox\)$'
	assert_has "$output" '^  process 1 +(/bin/)?sh /usr/bin/hello'
	assert_has "$output" '^ +this script; 1 process in all is to be seen'
	assert_has "$output" '^  ids +uid 0, gid 0$'
	assert_has "$output" "^ +uid 0 in here is uid $(id -u) outside$"
	assert_has "$output" '^  host name +hello-sandbox$'
	assert_has "$output" '^  network +lo *$'
	assert_has "$output" '^ +the loopback alone'
	assert_has "$output" '^  layers +/etc/motd is new: written by the second layer'
	assert_has "$output" '^ +/etc/old-note is gone: '
	assert_has "$output" '^ +/root/written can be written, and is gone'
	assert_has "$output" '^  limits +/dev/shm 8 MiB, /tmp 16 MiB$'
	assert_has "$output" '^ +open files: 256, size of a core file: 0$'
	assert_has "$output" '^  locked down +no new privileges: 1, system-call filter: mode 2$'
	assert_eq "" "$stderr" "standard error"
}

@test "what hello wrote is gone in the next run" {
	run_sbx 0 run "$SBX_BUILDDIR/profiles/hello.ini"
	run_sbx 0 run "$SBX_BUILDDIR/profiles/hello.ini" -- sh -c 'ls -A /root'
	assert_eq "" "$output" "files in /root"
}

@test "hello takes less than a second" {
	# The fastest of ten: what else the machine does, and whether it is an emulated one, is not the question.
	local try start took fastest=
	for ((try = 0; try < 10; try++)); do
		start=$(date +%s%N)
		run_sbx 0 run "$SBX_BUILDDIR/profiles/hello.ini"
		took=$((($(date +%s%N) - start) / 1000000))
		[ "${fastest:-$took}" -lt "$took" ] || fastest=$took
	done
	[ "$fastest" -lt 1000 ] || fail "it took $fastest ms"
}

@test "explain shows where each line of the hello profile goes, and runs nothing" {
	run_sbx 0 explain "$SBX_BUILDDIR/profiles/hello.ini"
	assert_has "$output" '/etc/hostname .*hello.ini:10'
	assert_has "$output" '/tmp.*hello.ini:13'
	assert_has "$output" 'hello.ini:16'
	assert_has "$output" 'NOFILE.*256.*hello.ini:20'
	assert_lacks "$output" 'This is what a program sees'
}

@test "profile check has nothing to say about the hello profile" {
	run_sbx 0 profile check "$SBX_BUILDDIR/profiles/hello.ini"
	assert_eq "" "$stderr" "standard error"
}

@test "the image of the hello profile is one that skopeo and umoci read" {
	need skopeo umoci
	run skopeo inspect --raw "$HELLO_IMAGE:latest"
	assert_eq 0 "$status" "status of skopeo"
	run umoci stat --image "${HELLO_IMAGE#oci:}:latest"
	assert_eq 0 "$status" "status of umoci"
	assert_has "$output" 'old-note deleted'
}
