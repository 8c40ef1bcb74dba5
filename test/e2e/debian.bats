# SPDX-License-Identifier: Apache-2.0
# A real Debian 12: what a person does with it.  Issue 2, acceptance 2 to 5.

load lib/common

setup_file() {
	common_setup_file
	export TAR
	TAR=$(debian_tar)
	"$SBX" image import -q "rootfs:$TAR" deb:12 >/dev/null
}
teardown_file() { common_teardown_file; }

# identity IMAGE_OPTION... - the issue's own look inside.
look_inside() {
	run_sbx 0 run "$@" -- sh -c 'cat /etc/os-release; id; ls -la /proc/self/fd; cat /proc/self/status'
	assert_has "$output" '^PRETTY_NAME="Debian GNU/Linux 12 \(bookworm\)"'
	assert_has "$output" '^uid=0\(root\) gid=0\(root\) groups=0\(root\)'
	# Standard input, output, error, and the descriptor that ls itself holds on the directory.
	assert_eq "0 1 2 3" "$(grep -oE '[0-9]+ -> ' <<<"$output" | grep -oE '^[0-9]+' | xargs)" "descriptors"
	assert_has "$output" '3 -> /proc/'
	assert_has "$output" '^Seccomp:[[:space:]]+2$'
	assert_has "$output" '^NoNewPrivs:[[:space:]]+1$'
}

@test "a root file system tar from mmdebstrap runs as Debian, root inside, three descriptors, filtered" {
	look_inside --image deb:12
}

@test "the same tar runs straight from rootfs:FILE" {
	look_inside --image "rootfs:$TAR"
}

@test "the same image through podman save runs in both formats" {
	need podman
	local storage=(podman --root "$BATS_TEST_TMPDIR/storage" --runroot "$BATS_TEST_TMPDIR/runroot" --storage-driver vfs)
	"${storage[@]}" import -q "$TAR" localhost/deb:12 >/dev/null
	"${storage[@]}" save -q --format docker-archive -o "$BATS_TEST_TMPDIR/docker.tar" localhost/deb:12
	"${storage[@]}" save -q --format oci-archive -o "$BATS_TEST_TMPDIR/oci.tar" localhost/deb:12
	"${storage[@]}" rmi -f localhost/deb:12 >/dev/null
	remove_tree "$BATS_TEST_TMPDIR/storage" "$BATS_TEST_TMPDIR/runroot"
	look_inside --image "docker-archive:$BATS_TEST_TMPDIR/docker.tar"
	look_inside --image "oci-archive:$BATS_TEST_TMPDIR/oci.tar"
}

@test "apt-get installs a package with subordinate ids, and the next run does not have it" {
	need_subids
	local before
	before=$(sha256sum /etc/passwd /etc/resolv.conf /var/lib/dpkg/status)
	run_sbx 0 run --network host --userns subuid --image deb:12 -- \
		sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install hello && hello'
	assert_has "$output" '^Hello, world!$'
	run_sbx 127 run --userns subuid --image deb:12 -- hello
	assert_eq "$before" "$(sha256sum /etc/passwd /etc/resolv.conf /var/lib/dpkg/status)" "the host's files"
}

@test "apt-get installs a package with a single id through FakeRoot" {
	run_sbx 0 run --network host --userns single --image deb:12 -- \
		sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install hello && hello'
	assert_has "$output" '^Hello, world!$'
	run_sbx 127 run --userns single --image deb:12 -- hello
}

@test "bash in a terminal has job control, the window's size, and Ctrl-C" {
	need tmux
	local tmux=(tmux -L "sbx-$$" -f /dev/null)
	"${tmux[@]}" new-session -d -x 90 -y 30 "env PS1='ready> ' $SBX run -t --image deb:12 -- bash --norc; sleep 60"
	screen_has() {
		local i
		for ((i = 0; i < 100; i++)); do
			"${tmux[@]}" capture-pane -p | grep -qE -- "$1" && return
			sleep 0.1
		done
		"${tmux[@]}" capture-pane -p >&2
		fail "the screen never showed /$1/"
	}
	keys() { "${tmux[@]}" send-keys "$@"; }
	screen_has '[#>] *$'
	keys 'stty size' Enter
	screen_has '^30 90'
	"${tmux[@]}" resize-window -x 70 -y 20
	sleep 0.3
	keys 'stty size' Enter
	screen_has '^20 70'
	keys 'sleep 100' Enter
	sleep 0.3
	keys C-z
	screen_has 'Stopped +sleep 100'
	keys 'fg' Enter
	sleep 0.3
	keys C-c
	keys 'echo the status was $?' Enter
	screen_has 'the status was 130'
	keys 'exit 7' Enter
	sleep 0.5
	"${tmux[@]}" kill-session
}

@test "a C program compiles and runs, Python passes its own tests, PostgreSQL answers as its own user" {
	need_subids
	local full
	full=$(debian_tar gcc libc6-dev python3 libpython3.11-testsuite postgresql)
	"$SBX" image import -q "rootfs:$full" full:12 >/dev/null
	run_sbx 0 run --image full:12 -- sh -ec '
		printf "%s\n" "#include <stdio.h>" "int main(void) { return puts(\"compiled inside\") < 0; }" >/tmp/a.c
		gcc -O2 -o /tmp/a /tmp/a.c && /tmp/a'
	assert_has "$output" '^compiled inside$'
	SBX_TIMEOUT=300 run_sbx 0 run --image full:12 -- python3 -m test -q test_json test_os test_threading test_socket
	run_sbx 0 run --image full:12 -- sh -ec '
		bin=$(echo /usr/lib/postgresql/*/bin)
		run() { setpriv --reuid=postgres --regid=postgres --init-groups --reset-env "$@"; }
		install -d -o postgres -g postgres /tmp/pg
		run "$bin/initdb" -D /tmp/pg/data >/dev/null
		run "$bin/pg_ctl" -s -w -D /tmp/pg/data -o "-k /tmp/pg -c listen_addresses=127.0.0.1" -l /tmp/pg/log start
		run "$bin/psql" -h 127.0.0.1 -At -c "select current_user, 6 * 7" postgres
		run "$bin/pg_ctl" -s -w -D /tmp/pg/data stop'
	assert_has "$output" '^postgres\|42$'
}
