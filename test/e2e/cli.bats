# SPDX-License-Identifier: Apache-2.0
# The command line itself: help, versions, suggestions, options, exit statuses.

load lib/common

setup_file() {
	common_setup_file
	"$SBX" run --image "$HELLO_IMAGE" -- true </dev/null # imported and unpacked
}
teardown_file() { common_teardown_file; }

one_line_error() {
	assert_eq "" "$output" "standard output"
	assert_eq 1 "$(wc -l <<<"$stderr")" "lines of standard error"
	assert_has "$stderr" '^sbx: '
}

@test "help lists every command, and each command has help of its own" {
	run_sbx 0 --help
	assert_eq "" "$stderr" "standard error"
	local overview=$output command
	for command in run explain profile image images rmi doctor completion help version; do
		assert_has "$overview" "^  $command +[a-z]"
		run_sbx 0 "$command" --help
		assert_has "$output" "^usage: sbx $command"
		assert_has "$output" '-h, --help'
		assert_eq "$output" "$("$SBX" help "$command")" "sbx help $command"
	done
	run_sbx 0 help image import
	assert_has "$output" '^usage: sbx image import .*SOURCE'
}

@test "help of run shows each option with its letter and value" {
	run_sbx 0 run --help
	assert_has "$output" '-e, --env NAME\[=VALUE\] '
	assert_has "$output" '--set Section.Key=VALUE'
	assert_has "$output" '^ +--pull missing\|always\|never\|newer$'
}

@test "version names sbx, its features and the libraries" {
	run_sbx 0 --version
	assert_has "$output" '^sbx [0-9]'
	assert_has "$output" '^features: .*overlay-native'
	assert_has "$output" '^libraries: libc [0-9.]+, libcap [0-9.]+, libseccomp [0-9.]+, jansson [0-9.]+$'
	assert_eq "$output" "$("$SBX" version)" "sbx version"
	run_sbx 0 version --format json
	python3 -c 'import json,sys; d=json.load(sys.stdin); assert d["version"] and d["features"] and d["libraries"]["jansson"]' <<<"$output"
}

@test "a misspelt command gets a suggestion and status 2" {
	run_sbx 2 rnu
	one_line_error
	assert_has "$stderr" "did you mean 'run'"
	run_sbx 2 image tre
	assert_has "$stderr" "did you mean 'image tree'"
	run_sbx 2 help explian
	assert_has "$stderr" "did you mean 'explain'"
	run_sbx 2 zzzzzzzzz
	one_line_error
	assert_lacks "$stderr" 'did you mean'
}

@test "a command of a later build is refused in words" {
	local command
	for command in logs exec pull commit volume generate; do
		run_sbx 1 "$command" something
		one_line_error
		assert_has "$stderr" "'sbx $command' is not in this build yet"
	done
}

@test "no command, and an option before the command, are wrong usage" {
	run_sbx 2
	one_line_error
	run_sbx 2 --image x run
	one_line_error
	assert_has "$stderr" "options stand behind the command"
}

@test "a misspelt option gets a suggestion; run then ends with 125, other commands with 2" {
	run_sbx 125 run --hostnam=x --image x
	one_line_error
	assert_has "$stderr" "needs a value|did you mean|is not in the store" # a shortened name is taken, as getopt_long does
	run_sbx 125 run --hotsname=x --image x
	one_line_error
	assert_has "$stderr" "unknown option '--hotsname'; did you mean '--hostname'"
	run_sbx 2 images --quite
	assert_has "$stderr" "did you mean '--quiet'"
	run_sbx 2 explain --fromat json x.ini
	assert_has "$stderr" "did you mean '--format'"
}

@test "options say what they want when it is missing, too much or wrong" {
	run_sbx 125 run --image
	assert_has "$stderr" "option '--image' needs a value: IMAGE"
	run_sbx 125 run -e
	assert_has "$stderr" "option '-e' needs a value: NAME"
	run_sbx 125 run -X
	assert_has "$stderr" "unknown option '-X'"
	run_sbx 125 run --init=yes x.ini
	assert_has "$stderr" "option '--init' takes no value"
	run_sbx 125 run --pull sometimes x.ini
	assert_has "$stderr" "'sometimes' is not one of missing\|always\|never\|newer"
	run_sbx 125 run --p x.ini
	assert_has "$stderr" "'--p' is short for several"
	hello_fails 125 --user '' -- true
	assert_has "$stderr" '--user: the value is empty'
	run_sbx 2 version --format xml
	assert_has "$stderr" "'xml' is not one of text\|json"
}

@test "control characters in what was typed reach no terminal" {
	run_sbx 2 $'r\033[31mu'
	one_line_error
	assert_has "$stderr" 'r\\x1b\[31mu|r\\e\[31mu'
	run_sbx 125 run $'no\nsuch.ini'
	one_line_error
}

@test "run wants a profile, an image or a directory, and -- before a command" {
	run_sbx 125 run
	one_line_error
	assert_has "$stderr" 'which profile'
	run_sbx 125 run -- true
	assert_has "$stderr" 'which profile'
	run_sbx 125 run "$SBX_BUILDDIR/profiles/hello.ini" true
	assert_has "$stderr" 'put -- before the command'
	run_sbx 125 run "$SBX_BUILDDIR/profiles/hello.ini" -t
	assert_has "$stderr" 'options stand before the profile'
	run_sbx 125 run --image "$HELLO_IMAGE" "$SBX_BUILDDIR/profiles/hello.ini"
	assert_has "$stderr" '--set Sandbox.Image='
}

@test "run ends as its program ends, with 126 and 127 where there was none to run" {
	hello_fails 7 -- sh -c 'exit 7'
	assert_eq "" "$stderr" "standard error"
	hello_fails 143 --init -- sh -c 'kill -TERM $$'
	hello_fails 137 --init -- sh -c 'kill -KILL $$'
	hello_fails 127 -- no-such-command
	one_line_error
	assert_has "$stderr" 'no-such-command'
	hello_fails 126 -- /etc/os-release
	one_line_error
	assert_has "$stderr" '/etc/os-release'
}

@test "with an image, words without -- are the command too, and its options stay its own" {
	run_sbx 0 run --image "$HELLO_IMAGE" echo -n --help
	assert_eq "--help" "$output"
}

@test "every problem of a profile is told, each on a line, and nothing starts" {
	local profile
	profile=$(write_profile bad <<-'END'
		[Sandbox]
		Rootfs=/
		Colour=blue
		[Exec]
		Nice=many
		[Limts]
	END
	)
	run_sbx 125 run "$profile" -- touch "$BATS_TEST_TMPDIR/started"
	assert_eq "" "$output" "standard output"
	assert_has "$stderr" 'bad.ini:3: .*Colour'
	assert_has "$stderr" 'bad.ini:5: .*Nice'
	assert_has "$stderr" 'bad.ini:6: .*Limits'
	[ ! -e "$BATS_TEST_TMPDIR/started" ]
}

@test "what is not in this build is refused by run, and named" {
	run_sbx 125 run -d --image "$HELLO_IMAGE" -- true
	assert_has "$stderr" 'not in this build yet'
	hello_fails 125 --set Desktop.Fonts=yes -- true
	assert_has "$stderr" 'Fonts.*not in this build yet'
	hello_fails 125 --keep -- true
	assert_has "$stderr" 'not in this build yet'
	run_sbx 125 run --image debian:no-such -- true
	one_line_error
	assert_has "$stderr" 'image debian:no-such is not in the store.*sbx image import'
	run_sbx 125 run --pull always --image debian:12 -- true
	assert_has "$stderr" 'not in this build yet'
}

@test "short options become what a profile would say" {
	mkdir "$BATS_TEST_TMPDIR/src"
	echo content >"$BATS_TEST_TMPDIR/src/file"
	export FROM_HOST='a $value "with" marks'
	hello -e 'A=x $y' -e FROM_HOST -w /work/dir --hostname box --ulimit nofile=77:99 --shm-size 4M \
		-v "$BATS_TEST_TMPDIR/src:/in:ro" --mount "type=bind,source=$BATS_TEST_TMPDIR/src,target=/also,readonly" \
		--mount type=tmpfs,target=/mem,tmpfs-size=1M --tmpfs /mem2 --read-only -- sh -c '
		echo "A=$A FROM=$FROM_HOST"; pwd; hostname; ulimit -Sn; ulimit -Hn; cat /in/file /also/file
		df -k /mem | tail -n 1 | awk "{print \$2}"; df -k /dev/shm | tail -n 1 | awk "{print \$2}"
		echo x >/in/new; echo x >/also/new; echo x >/new; echo x >/mem2/new && echo written' 2>/dev/null
	assert_eq "A=x \$y FROM=a \$value \"with\" marks
/work/dir
box
77
99
content
content
1024
4096
written" "$output"
}

@test "a file of variables is read, and -e wins over it" {
	printf 'ONE=from file\n# comment\nTWO=2\n' >"$BATS_TEST_TMPDIR/env"
	hello --env-file "$BATS_TEST_TMPDIR/env" -e TWO=two -- sh -c 'echo "$ONE/$TWO"'
	assert_eq "from file/two" "$output"
}

@test "wrong values of --mount, --ulimit and --security-opt are refused in words" {
	local case
	for case in 'type=disk,target=/x' 'type=bind,target=/x' 'source=/x' 'type=bind,src=/x,dst=/y,colour=blue' \
		'type=tmpfs,src=/x,dst=/y' 'type=volume,src=/x,dst=/y' 'type=bind,src=/x,dst=/y,ro=perhaps'; do
		hello_fails 125 --mount "$case" -- true
		one_line_error
		assert_has "$stderr" '--mount'
	done
	hello_fails 125 --ulimit files=3 -- true
	assert_has "$stderr" "no limit 'files'"
	hello_fails 125 --ulimit nofile -- true
	assert_has "$stderr" 'NAME=SOFT'
	hello_fails 125 --security-opt label=disable -- true
	assert_has "$stderr" 'expected seccomp='
}

@test "--security-opt and --cap-drop reach the program" {
	hello --security-opt no-new-privileges=no --security-opt seccomp=unconfined -- grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
	assert_has "$output" '^NoNewPrivs:.0$'
	hello --cap-drop all -- grep '^CapBnd' /proc/self/status
	assert_has "$output" '0000000000000000'
}

@test "an entry point replaces the image's, and a timeout ends the program" {
	hello --entrypoint echo -- one two
	assert_eq "one two" "$output"
	hello --entrypoint '' -- echo three
	assert_eq "three" "$output"
	local start=$SECONDS
	run --separate-stderr timeout 30 "$SBX" run --image "$HELLO_IMAGE" --timeout 1 --stop-timeout 1 -- sleep 20
	[ "$status" -ne 0 ]
	[ $((SECONDS - start)) -lt 10 ]
}

@test "the process number and exit status are told on a descriptor and in a file" {
	run --separate-stderr bash -c '"$SBX" run --image "$HELLO_IMAGE" --json-status-fd 9 --pidfile "$1/pid" -- sh -c "exit 3" 9>"$1/status"; echo $?' \
		bash "$BATS_TEST_TMPDIR"
	assert_eq 3 "$output"
	assert_has "$(cat "$BATS_TEST_TMPDIR/status")" '^\{"child-pid": [0-9]+\}$'
	assert_has "$(cat "$BATS_TEST_TMPDIR/status")" '^\{"exit-code": 3\}$'
	[ ! -e "$BATS_TEST_TMPDIR/pid" ]
	hello_fails 125 --json-status-fd 77 -- true
	assert_has "$stderr" '--json-status-fd 77'
	hello_fails 125 --json-status-fd x -- true
	assert_has "$stderr" 'not the number of a descriptor'
}

@test "a timeline of the start is a JSON document" {
	hello --trace "$BATS_TEST_TMPDIR/trace.json" -- true
	python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); assert len(d["traceEvents"] if isinstance(d,dict) else d) > 3' \
		"$BATS_TEST_TMPDIR/trace.json"
}

@test "an sbx with a setuid bit of another user refuses to run" {
	[ -z "${SBX_SANITIZED-}" ] || skip "the search for leaks traces the process, which one with privileges does not allow"
	has_subids || skip "no subordinate ids"
	cp "$SBX" "$BATS_TEST_TMPDIR/sbx"
	chmod 0755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/sbx"
	unshare --map-root-user --map-auto --setgroups allow sh -c 'chown 1:1 "$1" && chmod 4755 "$1"' sh "$BATS_TEST_TMPDIR/sbx"
	! findmnt -n -o OPTIONS --target "$BATS_TEST_TMPDIR" | grep -qw nosuid || skip "the test's directory is nosuid"
	run --separate-stderr "$BATS_TEST_TMPDIR/sbx" --version
	assert_eq 125 "$status"
	one_line_error
	assert_has "$stderr" 'setuid'
	unshare --map-root-user --map-auto --setgroups allow rm -f "$BATS_TEST_TMPDIR/sbx"
}

@test "the program maps no library beyond its four and libc" {
	[ -z "${SBX_SANITIZED-}" ] || skip "a build with sanitizers"
	local libs
	libs=$(ldd "$SBX" | awk '{print $1}' | grep -vE '^(statically|linux-vdso|/lib.*ld-linux|libc\.so|libcap\.so|libseccomp\.so|libinih\.so|libjansson\.so)' || true)
	assert_eq "" "$libs" "libraries"
}

@test "completion scripts are accepted by their shells" {
	local shell
	run_sbx 2 completion csh
	for shell in bash zsh fish; do
		run_sbx 0 completion "$shell"
		assert_has "$output" 'sbx'
		! command -v "$shell" >/dev/null || "$shell" -n <<<"$output"
	done
}

# complete_words WORD... - what bash offers for the last word.
complete_words() {
	bash -c 'source /dev/stdin; COMP_WORDS=("${@}"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _sbx; echo "${COMPREPLY[@]}"' \
		bash "$@" <<<"$("$SBX" completion bash)"
}

@test "bash completes commands, options, their values and keys" {
	assert_eq "explain" "$(complete_words sbx ex)"
	assert_eq "--hostname" "$(complete_words sbx run --host)"
	assert_eq "never newer" "$(complete_words sbx run --pull ne)"
	assert_eq "Limits.LimitNOFILE=" "$(complete_words sbx run --set Limits.LimitNOF)"
	assert_eq "import inspect" "$(complete_words sbx image i)"
	assert_eq "--force" "$(complete_words sbx image rm --f)"
}

@test "bash puts words together that readline cut at ':' and '='" {
	sbx() { printf 'NAME TAG\nhello one\nhello two\nother one\nevil $(x)\n'; }
	export -f sbx
	assert_eq "one two" "$(complete_words sbx run --image hello :)"
	assert_eq "two" "$(complete_words sbx rmi hello : t)"
	assert_eq "other:one" "$(complete_words sbx rmi o)"
	assert_eq "" "$(complete_words sbx rmi e)"
	assert_eq "never newer" "$(complete_words sbx run --pull = ne)"
	mkdir -p "$BATS_TEST_TMPDIR/layout"
	assert_eq "$BATS_TEST_TMPDIR/layout" "$(complete_words sbx image import oci : "$BATS_TEST_TMPDIR/lay")"
}

@test "bash offers profiles by name, with blanks, and runs nothing that a name says" {
	local dir=$XDG_CONFIG_HOME/sbx/profiles name='$(touch ran)'
	mkdir -p "$dir"
	touch "$dir/plain.ini" "$dir/with blank.ini" "$dir/$name.ini"
	cd "$BATS_TEST_TMPDIR"
	touch '`touch ran`.ini'
	assert_eq "plain" "$(complete_words sbx run pl)"
	assert_eq "with blank" "$(complete_words sbx run with)"
	assert_eq "$name" "$(complete_words sbx run '$(')"
	complete_words sbx run ''
	[ ! -e ran ] || fail "completion ran a command"
	rm -r "$dir"
}

@test "output that nobody can take is a failure, for help too" {
	local words
	for words in '--help' 'run --help' 'images --help' 'image ls --help' 'doctor --help' 'explain --help' 'version' \
		'completion bash' 'profile keys' 'profile new'; do
		run --separate-stderr bash -c '"$SBX" $1 >/dev/full' bash "$words"
		assert_eq 1 "$status" "status of $words on a full disk"
		one_line_error
		run --separate-stderr bash -c '"$SBX" $1 >&-' bash "$words"
		assert_eq 1 "$status" "status of $words with no standard output"
		one_line_error
	done
}
