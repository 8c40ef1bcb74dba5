# SPDX-License-Identifier: Apache-2.0
# SECURITY.md, "Faults to survive": imports that are killed or lose the power, and images that are imported, run, removed
# and collected at once.

load lib/common

setup_file() { common_setup_file; }
teardown_file() { common_teardown_file; }
setup() { export SBX_STORE=$BATS_TEST_TMPDIR/store; }
teardown() {
	[ -z "${racers-}" ] || kill "${racers[@]}" 2>/dev/null || true
	remove_tree "$SBX_STORE"
}

IMAGE_TOOL=$SBX_BUILDDIR/sbx-image
IMPORT=("$IMAGE_TOOL" import --map=single --quiet "$HELLO_IMAGE" k:1)

# store_list - what is in it, but for locks and where sandboxes write.
store_list() {
	find "$SBX_STORE" -mindepth 1 -not -path "$SBX_STORE/use/*" -not -path "$SBX_STORE/scratch" -printf '%P %y %s\n' | sort
}

@test "an import that is killed at any of 100 system calls leaves the image complete or absent, and no heap of leftovers" {
	local i n call status bound reached=0 whole=0
	"$SBX_BUILDDIR/test/lib/fault" --record "$BATS_TEST_TMPDIR/calls" "${IMPORT[@]}" >&2
	store_list >"$BATS_TEST_TMPDIR/want"
	bound=$((2 * $(wc -l <"$BATS_TEST_TMPDIR/want") + 10))
	n=$(wc -l <"$BATS_TEST_TMPDIR/calls")
	for ((i = 0; i < 100; i++)); do
		# Of two kills in a row the second finds what the first has left.
		[ $((i % 2)) -eq 1 ] || remove_tree "$SBX_STORE"
		call=$(sed -n "$((i * n / 100 + 1))p" "$BATS_TEST_TMPDIR/calls")
		status=0
		timeout -k 1 30 "$SBX_BUILDDIR/test/lib/fault" "$call" KILL "${IMPORT[@]}" >/dev/null 2>"$BATS_TEST_TMPDIR/err" || status=$?
		case $status in
		0 | 1 | 137) reached=$((reached + 1)) ;; # 0, 1: one of its children was killed
		98) ;;
		*) fail "$call: status $status: $(cat "$BATS_TEST_TMPDIR/err")" ;;
		esac
		[ ! -d "$SBX_STORE" ] || [ "$(find "$SBX_STORE" | wc -l)" -le "$bound" ] || fail "$call: a heap of leftovers"
		[ -n "$("$IMAGE_TOOL" ls --quiet 2>/dev/null)" ] || continue
		whole=$((whole + 1))
		"$IMAGE_TOOL" verify k:1 >/dev/null || fail "$call: the image is damaged"
		"$SBX" run --userns single --network none --image k:1 -- true </dev/null || fail "$call: the image does not run"
		"$IMAGE_TOOL" rm k:1 >/dev/null
	done
	[ "$reached" -ge 60 ] && [ "$whole" -ge 5 ] && [ "$whole" -lt 90 ] || fail "$reached kills, $whole whole images"
	"${IMPORT[@]}"
	diff "$BATS_TEST_TMPDIR/want" <(store_list) || fail "leftovers, or a part is missing"
}

# power_cut FILE - what a power cut at the worst moment would lose.
power_cut() {
	awk -v "STORE=$SBX_STORE" -f "$SBX_SRCDIR/test/e2e/lib/power-cut.awk" "$1"
}

@test "a power cut loses no import that was told to be done: data are synced before names, and names before references" {
	need strace
	local log=$BATS_TEST_TMPDIR/log
	strace -f -y -s 0 -e signal=none -o "$log" \
		-e trace=write,pwrite64,copy_file_range,ftruncate,sendfile,fsync,syncfs,linkat,renameat,renameat2,mkdirat,symlinkat \
		"$IMAGE_TOOL" import --map=single "$HELLO_IMAGE" k:1
	run power_cut "$log"
	assert_eq "" "$output"
	# Without any of them the order is wrong, and that is seen.
	local without
	for without in 'syncfs(' 'fsync(' "fsync([0-9]*<$SBX_STORE>" 'fsync([0-9]*<[^>]*index.json'; do
		grep -v "$without" "$log" >"$log.without"
		run power_cut "$log.without"
		assert_has "$output" 'before .* is synced'
	done
}

# race SECONDS NAME COMMAND... - again and again, one in four killed after a moment; what it says of failures goes to NAME.
race() {
	local end=$((SECONDS + $1)) name=$2 status
	shift 2
	while [ "$SECONDS" -lt "$end" ]; do
		status=0
		if [ $((RANDOM % 4)) -eq 0 ]; then
			{ timeout -s KILL "0.0$((RANDOM % 9 + 1))" "$@" </dev/null || true; } >/dev/null 2>&1
		else
			timeout -k 1 60 "$@" </dev/null >/dev/null 2>"$name.err" || status=$?
			echo "$status $(tr '\n' ' ' <"$name.err")" >>"$name"
		fi
	done
}

@test "import, run, remove and prune of one image at once, with kills: success, busy or not there" {
	local log=$BATS_TEST_TMPDIR/race job
	racers=()
	race 20 "$log.import" "$SBX" image import --quiet "$HELLO_IMAGE" r:1 3>&- & racers+=($!)
	race 20 "$log.source" "$SBX" run --userns single --network none --image "$HELLO_IMAGE" -- cat /etc/motd 3>&- & racers+=($!)
	race 20 "$log.run" "$SBX" run --userns single --network none --image r:1 -- cat /etc/motd 3>&- & racers+=($!)
	race 20 "$log.rm" "$SBX" rmi r:1 3>&- & racers+=($!)
	race 20 "$log.prune" "$SBX" image prune 3>&- & racers+=($!)
	for job in "${racers[@]}"; do wait "$job"; done
	racers=()
	for job in import source run rm prune; do
		[ "$(grep -c '^0 ' "$log.$job")" -ge 3 ] || fail "$job hardly ever worked: $(sort "$log.$job" | uniq -c)"
		output=$(grep -vE '^0 |: .* is in use|is not in the store|no image store|there is no image|no such image|is not imported, or has changed|has just been removed' "$log.$job" | sort | uniq -c)
		[ -z "$output" ] || fail "$job"
	done
	"$SBX" image import --quiet "$HELLO_IMAGE" r:1
	"$SBX" image verify >/dev/null
	"$SBX" run --userns single --network none --image r:1 -- true </dev/null
}
