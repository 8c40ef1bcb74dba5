# SPDX-License-Identifier: Apache-2.0
# sbx explain: the plan that a run carries out, with the line behind each step.

load lib/common

setup_file() { common_setup_file; }
teardown_file() { common_teardown_file; }

# field EXPRESSION - of the JSON document in $output, as Python sees it in d.
field() {
	python3 -c 'import json,sys; d=json.load(sys.stdin); v=eval(sys.argv[1]); print("\n".join(map(str,v)) if isinstance(v,list) else v)' \
		"$1" <<<"$output"
}

explain_json() {
	run_sbx 0 explain --format json "$@"
}

rootfs_profile() {
	mkdir -p "$BATS_TEST_TMPDIR/tree" "$BATS_TEST_TMPDIR/src/sub"
	write_profile box
}

@test "explain names the profile line behind every grant" {
	local profile
	profile=$(rootfs_profile <<-END
		[Sandbox]
		Rootfs=tree
		[Exec]
		Exec=/bin/true one
		Environment=A=b
		[Files]
		Bind=src:/data
		TemporaryFileSystem=/tmp
		Inaccessible=/data/sub
		[Limits]
		LimitNOFILE=64
	END
	)
	run_sbx 0 explain "$profile"
	assert_has "$output" '/data +.*box.ini:7'
	assert_has "$output" '/tmp +.*box.ini:8'
	assert_has "$output" '/data/sub +.*box.ini:9'
	assert_has "$output" 'NOFILE.*64.*box.ini:11'
	assert_has "$output" '/bin/true one'
	assert_has "$output" 'default'
}

@test "explain runs nothing" {
	local profile
	profile=$(rootfs_profile <<-END
		[Sandbox]
		Rootfs=/
		[Files]
		Bind=$BATS_TEST_TMPDIR
	END
	)
	run_sbx 0 explain "$profile" -- /bin/touch "$BATS_TEST_TMPDIR/ran"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "the order of lines in a profile never changes the order of mounts" {
	local one two
	mkdir -p "$BATS_TEST_TMPDIR/tree" "$BATS_TEST_TMPDIR/a/b/c"
	cd "$BATS_TEST_TMPDIR"
	explain_json --rootfs tree -v ./a:/x -v ./a/b:/x/b --tmpfs /x/b/c --set Files.Inaccessible=/x/b/hidden -- true
	one=$(field '[(m["kind"], m["destination"]) for m in d["mounts"]]')
	explain_json --set Files.Inaccessible=/x/b/hidden --tmpfs /x/b/c -v ./a/b:/x/b -v ./a:/x --rootfs tree -- true
	two=$(field '[(m["kind"], m["destination"]) for m in d["mounts"]]')
	assert_eq "$one" "$two" "mounts"
	assert_has "$one" "bind', '/x/b'"
	assert_eq "('mask', '/x/b/hidden')" "$(grep -F "'/x" <<<"$one" | tail -n 1)" "the last of them"
}

@test "every mount is nosuid, and carries an origin" {
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	explain_json --rootfs "$BATS_TEST_TMPDIR/tree" -- true
	assert_eq "0" "$(field 'len([m for m in d["mounts"] if not m["origin"]])')"
	assert_eq "0" "$(field 'len([m for m in d["mounts"] if m["kind"] in ("bind","tmpfs","proc","sysfs") and "nosuid" not in str(m)])')"
	assert_has "$(field '[m["destination"] for m in d["mounts"]]')" '^/proc$'
	assert_has "$(field '[m["destination"] for m in d["mounts"] if m["kind"]=="mask"]')" '^/proc/kcore$'
}

@test "the choice of stacking is shown" {
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	run_sbx 0 explain --rootfs "$BATS_TEST_TMPDIR/tree" -- true
	assert_has "$output" '(native overlay|fuse-overlayfs): '
	explain_json --rootfs "$BATS_TEST_TMPDIR/tree" --set Sandbox.Storage=native -- true
	assert_has "$(field 'd["root"]["stacking"]')" '^native overlay: '
}

@test "single ids, keep-id and maps of one's own are shown as they will be" {
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	explain_json --rootfs "$BATS_TEST_TMPDIR/tree" --userns single -- true
	assert_has "$output" '"single"'
	assert_has "$output" "\"outside\": $(id -u)"
	has_subids || skip "no subordinate ids"
	explain_json --rootfs "$BATS_TEST_TMPDIR/tree" --userns keep-id -- true
	assert_has "$output" "\"inside\": $(id -u)"
}

@test "a grant that is an escape by nature is labelled" {
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	run_sbx 0 explain --rootfs "$BATS_TEST_TMPDIR/tree" -v "$HOME:/home/me" -- true
	assert_has "$output" 'escape'
}

@test "a profile with problems, or one that cannot be planned, is refused with status 1" {
	run_sbx 1 explain --rootfs /no/such/directory -- true
	assert_has "$stderr" '/no/such/directory'
	run_sbx 1 explain "$BATS_TEST_TMPDIR/none.ini"
	assert_has "$stderr" 'none.ini'
	run_sbx 1 explain --image debian:no-such -- true
	assert_has "$stderr" 'not in the store'
	run_sbx 2 explain
	assert_has "$stderr" 'which profile'
}

@test "a value that drives terminals is escaped" {
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	run_sbx 0 explain --rootfs "$BATS_TEST_TMPDIR/tree" -e $'A=\033[31mred' -- $'/bin/\007true'
	assert_lacks "$output" $'\033|\007'
}

@test "an image that a file form names is imported to be explained, but not unpacked" {
	run_sbx 0 explain --image "$HELLO_IMAGE"
	assert_has "$output" '/usr/bin/hello|/bin/sh'
	[ -e "$XDG_DATA_HOME/sbx/index.json" ]
	[ ! -d "$XDG_DATA_HOME/sbx/layers" ] || assert_eq "" "$(find "$XDG_DATA_HOME/sbx/layers" -mindepth 2 -maxdepth 2)" "unpacked layers"
}

@test "the user, the directory, the host name and each variable say which line they come from" {
	local profile
	profile=$(write_profile origins <<-END
		[Sandbox]
		Image=$HELLO_IMAGE
		[Exec]
		User=1000
		WorkingDirectory=/tmp
		HostName=box
		Environment=A=1 B=2
		Environment=A=3
	END
	)
	run_sbx 0 explain "$profile" -- true
	assert_has "$output" 'as user +1000  \[.*origins.ini:4\]'
	assert_has "$output" 'in directory +/tmp  \[.*origins.ini:5\]'
	assert_has "$output" 'host name +box  \[.*origins.ini:6\]'
	assert_has "$output" 'A=3  \[.*origins.ini:8\]'
	assert_has "$output" 'B=2  \[.*origins.ini:7\]'
	assert_has "$output" 'container=sbx  \[default\]'
}
