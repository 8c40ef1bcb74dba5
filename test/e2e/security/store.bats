# SPDX-License-Identifier: Apache-2.0
# Store and state are private and never visible inside, also where a grant covers them.  moby 2021-41091.

load ../lib/common

setup_file() {
	common_setup_file
	"$SBX" run --image "$HELLO_IMAGE" -- true </dev/null
}
teardown_file() { common_teardown_file; }

@test "the store is for its owner alone" {
	local dir
	for dir in "$XDG_DATA_HOME/sbx" "$XDG_STATE_HOME/sbx" "$XDG_RUNTIME_DIR/sbx"; do
		[ -e "$dir" ] || continue
		assert_eq 700 "$(stat -c %a "$dir")" "mode of $dir"
	done
	[ -e "$XDG_DATA_HOME/sbx/index.json" ]
}

@test "nothing of the store is visible inside by default" {
	hello -- sh -c 'find / -xdev -name index.json -o -xdev -name oci-layout -o -xdev -name blobs; ls -A "$1" 2>/dev/null; echo end' sh "$XDG_DATA_HOME"
	assert_eq end "$output" "what was found"
}

@test "a grant of a directory above the store does not show the store" {
	hello -v "$XDG_DATA_HOME:/data" -- sh -c 'ls -A /data/sbx 2>/dev/null; cat /data/sbx/index.json 2>/dev/null; echo end'
	assert_eq end "$output" "what is to be seen of the store"
	hello -v "$BATS_FILE_TMPDIR:/data" -- sh -c 'ls -A /data/data/sbx 2>/dev/null; cat /data/data/sbx/index.json 2>/dev/null; echo end'
	assert_eq end "$output" "what is to be seen of the store"
}

@test "a grant of the store itself, or of a part of it, is refused or shows nothing" {
	local dir
	for dir in "$XDG_DATA_HOME/sbx" "$XDG_DATA_HOME/sbx/layers" "$XDG_DATA_HOME/sbx/blobs"; do
		run --separate-stderr timeout 60 "$SBX" run --image "$HELLO_IMAGE" -v "$dir:/data" -- sh -c 'ls -A /data 2>/dev/null; echo end'
		[ "$status" -eq 125 ] || assert_eq end "$output" "what is to be seen of $dir"
	done
}
