# SPDX-License-Identifier: Apache-2.0
# sbx doctor: what it finds here, and what it says where something is taken away.

load lib/common

setup_file() { common_setup_file; }
teardown_file() { common_teardown_file; }

# without COMMANDS - doctor as the mapped root of a user and mount namespace in which COMMANDS have taken something away.
without() {
	run unshare --user --map-root-user --mount sh -c "$1; exec \"\$0\" doctor" "$SBX"
}

@test "doctor says that sbx works where the other tests run it" {
	run_sbx 0 doctor
	assert_has "$output" '^ok +User namespaces '
	assert_has "$output" '^ok +(Native|FUSE) overlay '
	assert_has "$output" '^sbx run works here\.$'
}

@test "doctor leaves nothing behind and makes no store" {
	run_sbx 0 doctor
	[ -z "$(find "$XDG_DATA_HOME" "$XDG_STATE_HOME" "$HOME" -mindepth 1)" ]
}

@test "doctor --format json is one document with a status for each check" {
	run_sbx 0 doctor --format json
	need python3
	python3 -c '
import json, sys
d = json.loads(sys.argv[1])
assert d["works"] is True, d
names = [c["name"] for c in d["checks"]]
assert len(set(names)) == len(names) and "user-namespaces" in names and "store" in names, names
for c in d["checks"]:
    assert c["status"] in ("ok", "lack", "skipped") and c["title"] and c["found"], c
    assert ("costs" in c) == ("mend" in c) == (c["status"] == "lack"), c
' "$output"
}

@test "where user namespaces are forbidden, doctor names the sysctl and fails" {
	without 'echo 0 >/proc/sys/user/max_user_namespaces'
	assert_eq 1 "$status"
	assert_has "$output" '^LACKING +User namespaces .*user\.max_user_namespaces is 0'
	assert_has "$output" 'mend: +as root: sysctl -w user\.max_user_namespaces='
	assert_has "$output" '^- +Native overlay +not tried: it needs a user namespace'
	assert_has "$output" '^sbx run cannot work here'
}

@test "without subordinate ids doctor gives the usermod command" {
	without 'mount --bind /dev/null /etc/subuid'
	assert_has "$output" '^LACKING +Subordinate ids +no range for you in /etc/subuid'
	assert_has "$output" 'mend: +as root: usermod --add-subuids [0-9]+-[0-9]+ --add-subgids '
}

@test "a range of few ids is said to be too small" {
	printf 'root:100000:1000\n' >"$BATS_TEST_TMPDIR/few"
	without "mount --bind '$BATS_TEST_TMPDIR/few' /etc/subuid; mount --bind '$BATS_TEST_TMPDIR/few' /etc/subgid"
	assert_has "$output" '^LACKING +Subordinate ids +1000 uids and 1000 gids'
}

@test "a /dev/fuse that is none costs the FUSE overlay, and run works on" {
	without 'mount --bind /etc/hostname /dev/fuse; mount -o remount,bind,ro /dev/fuse'
	assert_eq 0 "$status"
	assert_has "$output" '^LACKING +/dev/fuse '
	assert_has "$output" '^LACKING +FUSE overlay '
	assert_has "$output" '^ok +Native overlay '
}

@test "a store that cannot be made is a failure that names the place" {
	SBX_STORE=/proc/sbx-store run "$SBX" doctor
	assert_eq 1 "$status"
	assert_has "$output" '^LACKING +Image store .*/proc'
	assert_has "$output" 'mend: .*SBX_STORE'
}

@test "a store open to others is a failure" {
	mkdir -m 0755 "$BATS_TEST_TMPDIR/open"
	SBX_STORE=$BATS_TEST_TMPDIR/open run "$SBX" doctor
	assert_eq 1 "$status"
	assert_has "$output" '^LACKING +Image store .*open to others'
}

@test "a small disk is said to be small" {
	run unshare --user --map-root-user --mount sh -c "mount -t tmpfs -o size=20m none '$BATS_TEST_TMPDIR' &&
		SBX_STORE='$BATS_TEST_TMPDIR/store' exec \"\$0\" doctor" "$SBX"
	assert_has "$output" '^LACKING +Space for images +(19|20) MiB free'
}

@test "a covered /proc is seen, and Proc=host-bind offered" {
	without 'mount -t tmpfs none /proc/sys/fs'
	assert_has "$output" '^LACKING +Own /proc '
	assert_has "$output" 'mend: .*Proc=host-bind'
}

@test "doctor takes no operand and no other format" {
	run "$SBX" doctor something
	assert_eq 2 "$status"
	run "$SBX" doctor --format yaml
	assert_eq 2 "$status"
}
