#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The store: what is in it, looked at, named, checked and removed.  (What import makes of sources: import.bats.)

load lib/common

setup_file() { common_setup_file; }
teardown_file() { common_teardown_file; }

setup() {
	export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data
	STORE=$XDG_DATA_HOME/sbx
}
teardown() { remove_tree "$XDG_DATA_HOME"; }

hello() { # NAME - the hello image under a name
	run_sbx 0 image import "$HELLO_IMAGE" "$1"
}
manifest_of() { jq -r --arg n "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $n).digest[7:]' \
	"$STORE/index.json"; }
json() { jq -e "$@" <<<"$output" >/dev/null || fail "jq $*"; }
n_blobs() { find "$STORE/blobs" -type f | wc -l; }

# derived NAME - an image of one layer more than hello, which makes hello's layers shared.
derived() {
	need umoci
	umoci unpack --rootless --image "$BATS_TEST_TMPDIR/layout:hello" "$BATS_TEST_TMPDIR/bundle"
	echo more >"$BATS_TEST_TMPDIR/bundle/rootfs/more"
	rm "$BATS_TEST_TMPDIR/bundle/rootfs/etc/motd"
	umoci repack --image "$BATS_TEST_TMPDIR/layout:$1" "$BATS_TEST_TMPDIR/bundle"
}
shared_layers() { # hello:1, and more:1 on top of it
	need skopeo
	skopeo copy -q "$HELLO_IMAGE" "oci:$BATS_TEST_TMPDIR/layout:hello"
	derived more
	run_sbx 0 image import "oci:$BATS_TEST_TMPDIR/layout:hello" hello:1
	run_sbx 0 image import "oci:$BATS_TEST_TMPDIR/layout:more" more:1
}

@test "without a store there are no images, and that is no failure" {
	run_sbx 0 images
	assert_eq "NAME  TAG  IMAGE ID  CREATED  SIZE" "$output"
	run_sbx 0 images -q
	assert_eq "" "$output"
	run_sbx 0 images --format json
	assert_eq "[]" "$output"
	run_sbx 1 image inspect hello:1
	assert_eq "" "$output"
	assert_has "$stderr" "^sbx: there is no image store at .*/sbx yet: .sbx image import SOURCE NAME. makes it$"
	[ ! -e "$STORE" ]
}

@test "images lists name, tag, ID, date and size, one image a line" {
	hello hello:1
	hello other
	run_sbx 0 images
	assert_has "$output" '^NAME +TAG +IMAGE ID +CREATED +SIZE$'
	assert_has "$output" '^hello +1 +[0-9a-f]{12} +.* MB$'
	assert_has "$output" '^other +latest +[0-9a-f]{12} '
	assert_eq 3 "${#lines[@]}"
	run_sbx 0 image ls --no-trunc
	assert_has "$output" '^hello +1 +[0-9a-f]{64} '
	run_sbx 0 images -q
	assert_has "${lines[0]}" '^[0-9a-f]{12}$'
	assert_eq "${lines[0]}" "${lines[1]}"
	run_sbx 0 images --format=json
	json 'length == 2 and .[0].name == "hello:1" and .[0].layers == 2 and (.[0].id | test("^sha256:[0-9a-f]{64}$"))'
}

@test "inspect says what the image's own configuration says" {
	need jq skopeo
	hello hello:1
	local config
	config=$(skopeo inspect --config --raw "$HELLO_IMAGE")
	run_sbx 0 image inspect --format json hello:1
	json --argjson c "$config" '.[0] | .cmd == $c.config.Cmd and .env == $c.config.Env
		and .working_dir == $c.config.WorkingDir and [.layers[].diff_id] == $c.rootfs.diff_ids'
	run_sbx 0 image inspect hello:1
	assert_has "$output" '^Name: +hello:1$'
	assert_has "$output" '^Platform: +linux/'
}

@test "an image is found by its name, its ID's first digits and its digest" {
	need jq
	hello hello:1
	local id digest
	id=$("$SBX" images -q)
	digest=$(manifest_of hello:1)
	for name in hello:1 docker.io/library/hello:1 "$id" "${id:0:6}" "sha256:$digest" "hello@sha256:$digest"; do
		run_sbx 0 image inspect --format json "$name"
		json '.[0].name == "hello:1"'
	done
	run_sbx 1 image inspect hello:2
	assert_eq "sbx: image hello:2 is not in the store (\`sbx images\` lists what is)" "$stderr"
	run_sbx 1 image inspect Hello
	assert_has "$stderr" '^sbx: image name "Hello": a name is written in lower case'
}

@test "tree shows each layer below its parent, with size, files and whiteouts, shared ones once" {
	need jq
	shared_layers
	run_sbx 0 image tree
	assert_eq 4 "${#lines[@]}"
	local lower=${lines[1]:0:12} middle=${lines[2]:0:12}
	assert_has "${lines[0]}" '^LAYER +PARENT +SIZE +FILES +WHITEOUTS +IMAGES$'
	assert_has "${lines[1]}" '^[0-9a-f]{12} +- +[0-9.]+ MB +[0-9]+ +0 +$'
	assert_has "${lines[2]}" "^[0-9a-f]{12} +$lower +[0-9]+ B +[0-9]+ +1  hello:1$"
	assert_has "${lines[3]}" "^[0-9a-f]{12} +$middle +[0-9.]+ k?B +[0-9]+ +1  more:1$"
	run_sbx 0 image tree --format json more:1
	json 'length == 3 and .[0].parent == null and .[1].parent == .[0].chain_id and .[2].parent == .[1].chain_id
		and .[2].whiteouts == 1 and .[2].images == ["more:1"]'
}

@test "files shows what a layer holds, and what it deletes" {
	need jq
	hello hello:1
	run_sbx 0 image files hello:1 2
	assert_has "$output" '^-rw-r--r-- +0/0 +[0-9]+ .* etc/motd$'
	assert_has "$output" '^deleted +etc/old-note$'
	assert_lacks "$output" busybox
	run_sbx 0 image files hello:1 1
	assert_has "$output" '^-rwxr-xr-x +0/0 .* bin/busybox$'
	assert_has "$output" '^lrwxrwxrwx .* bin/sh -> busybox$'
	run_sbx 0 image files hello:1
	assert_has "$output" '^layer 1 sha256:[0-9a-f]{64}$'
	assert_has "$output" '^layer 2 sha256:[0-9a-f]{64}$'
	run_sbx 0 image files --format json hello:1 2
	json 'map(select(.type == "whiteout").path) == ["etc/old-note"]'
	run_sbx 1 image files hello:1 3
	assert_eq "sbx: image hello:1 has no layer 3: it has 2, numbered from 1 (the lowest)" "$stderr"
}

@test "history shows the steps, the newest first" {
	hello hello:1
	run_sbx 0 image history hello:1
	assert_has "${lines[0]}" '^LAYER +CREATED +SIZE +CREATED BY$'
	assert_has "${lines[1]}" 'old-note deleted$'
	assert_has "${lines[2]}" 'busybox'
}

@test "a tag is another name for the same image, and its bytes go with the last name" {
	hello hello:1
	run_sbx 0 image tag hello:1 twin
	assert_eq "" "$output"
	assert_eq 1 "$("$SBX" images -q | sort -u | wc -l)"
	local before
	before=$(n_blobs)
	run_sbx 0 rmi hello:1
	assert_eq "removed hello:1" "$output"
	assert_eq "$before" "$(n_blobs)"
	run_sbx 0 image verify twin
	run_sbx 0 rmi twin
	assert_eq 0 "$(n_blobs)"
	run_sbx 1 image tag twin x
	assert_has "$stderr" '^sbx: image twin:latest is not in the store'
	run_sbx 1 image rm twin
}

@test "rm takes the layers of one image and none that another has" {
	shared_layers
	"$SBX_BUILDDIR/sbx-image" unpack --map=single more:1
	local trees=$STORE/layers/single
	assert_eq 3 "$(find "$trees" -mindepth 1 -maxdepth 1 -type d | wc -l)"
	run_sbx 0 image rm more:1
	assert_eq 2 "$(find "$trees" -mindepth 1 -maxdepth 1 -type d | wc -l)"
	run_sbx 0 image verify
	assert_eq "hello:1: ok, 2 layers" "$output"
	run_sbx 0 image rm hello:1
	assert_eq 0 "$(n_blobs)"
	[ ! -e "$trees" ]
}

@test "rm removes layers whose files belong to subordinate ids" {
	need_subids
	local uids gids map
	uids=$(awk -F: -v me="$(id -un)" '$1 == me { print $2 "-" $3; exit }' /etc/subuid)
	gids=$(awk -F: -v me="$(id -un)" '$1 == me { print $2 "-" $3; exit }' /etc/subgid)
	map="u0-$(id -u)-1,1-$uids+g0-$(id -g)-1,1-$gids"
	[ "$(id -u)-$uids" != "$(id -g)-$gids" ] || map="u0-$(id -u)-1,1-$uids"
	# A layer with a directory that only user 5 inside may change.
	mkdir -p "$BATS_TEST_TMPDIR/root/d"
	echo x >"$BATS_TEST_TMPDIR/root/d/f"
	tar -C "$BATS_TEST_TMPDIR/root" --owner=5 --group=5 --mode=0700 -cf "$BATS_TEST_TMPDIR/root.tar" d
	run_sbx 0 image import "rootfs:$BATS_TEST_TMPDIR/root.tar" owned:1
	"$SBX_BUILDDIR/sbx-image" unpack --map="$map" owned:1
	local tree
	tree=$(find "$STORE/layers/$map" -mindepth 1 -maxdepth 1 -type d)
	[ "$(stat -c %u "$tree/d")" != "$(id -u)" ]
	run_sbx 0 image rm owned:1
	[ ! -e "$STORE/layers/$map" ]
}

@test "an image that a sandbox uses stays; with --force its name goes and its bytes wait" {
	need jq flock
	hello hello:1
	local lock
	lock=$STORE/use/$(manifest_of hello:1)
	exec 7>"$lock"
	flock -s 7
	run_sbx 1 image rm hello:1
	assert_has "$stderr" '^sbx: image hello:1 is in use \(stop the sandbox first, or use --force .*\): a sandbox is running on it$'
	run_sbx 0 image verify hello:1
	run_sbx 0 image rm --force hello:1
	run_sbx 0 image prune
	[ "$(n_blobs)" -gt 0 ]
	exec 7>&-
	run_sbx 0 image prune
	assert_eq 0 "$(n_blobs)"
}

@test "rm during an import takes the name, and the next prune the bytes" {
	need flock
	hello hello:1
	exec 7>"$STORE/content"
	flock -s 7
	run_sbx 0 image rm hello:1
	assert_has "$stderr" '^sbx: an import is running: the space is freed by the next'
	[ "$(n_blobs)" -gt 0 ]
	exec 7>&-
	run_sbx 0 image prune
	assert_eq 0 "$(n_blobs)"
	assert_has "$output" '^freed [0-9.]+ MB$'
}

@test "prune removes what lost its name and what killed commands left, and nothing else" {
	need jq
	shared_layers
	run_sbx 0 image import "oci:$BATS_TEST_TMPDIR/layout:more" hello:1
	run_sbx 0 image import "oci:$BATS_TEST_TMPDIR/layout:hello" more:1
	run_sbx 0 image verify
	mkdir -p "$STORE/layers/single/.new-1/x"
	echo x >"$STORE/blobs/sha256/.abc.tmp-00000000"
	echo x >"$STORE/.index.json.tmp-00000000"
	run_sbx 0 image prune --format json
	json '.removed | contains(["layers/single/.new-1", "blobs/sha256/.abc.tmp-00000000", "./.index.json.tmp-00000000"])'
	run_sbx 0 image verify
	run_sbx 0 image inspect hello:1 more:1
}

@test "verify names the layer whose bytes have changed, and the image can be removed" {
	need jq
	hello hello:1
	run_sbx 0 image verify --format json
	json '. == [{"name": "hello:1", "ok": true, "error": null, "layers": 2}]'
	local layer
	layer=$("$SBX" image inspect --format json hello:1 | jq -r '.[0].layers[0].digest[7:]')
	chmod u+w "$STORE/blobs/sha256/$layer"
	printf 'X' | dd of="$STORE/blobs/sha256/$layer" bs=1 seek=5000 conv=notrunc status=none
	run_sbx 1 image verify
	assert_has "$stderr" "^sbx: image hello:1: layer 1 \(sha256:[0-9a-f]{12}\): its blob is damaged: its digest is "
	truncate -s 100 "$STORE/blobs/sha256/$layer"
	run_sbx 1 image verify hello:1
	assert_has "$stderr" 'is damaged: it has 100 bytes, not [0-9]+$'
	rm "$STORE/blobs/sha256/$layer"
	run_sbx 1 image files hello:1 1
	assert_has "$stderr" "^sbx: layer 1: its blob sha256:$layer is missing$"
	run_sbx 0 image rm hello:1
	run_sbx 0 images -q
	assert_eq "" "$output"
}

@test "a damaged manifest spoils neither the list nor the others' removal" {
	need jq
	shared_layers
	local manifest
	manifest=$(manifest_of more:1)
	chmod u+w "$STORE/blobs/sha256/$manifest"
	echo >>"$STORE/blobs/sha256/$manifest"
	run_sbx 0 images
	assert_has "$output" '^hello '
	assert_lacks "$output" '^more '
	assert_has "$stderr" "^sbx: warning: image more:1 \(sha256:${manifest:0:12}\) is left out: the manifest is damaged: it has"
	run_sbx 1 image prune
	assert_has "$stderr" '^sbx: image more:1 is damaged, remove it first \(.sbx image rm more:1.\) or import it again: '
	run_sbx 0 image rm more:1
	run_sbx 0 image verify
	assert_eq "hello:1: ok, 2 layers" "$output"
}

@test "other tools read the store, and sbx reads what they put there" {
	need skopeo umoci jq
	hello hello:1
	run skopeo inspect --raw "oci:$STORE:hello:1"
	assert_eq 0 "$status"
	run umoci ls --layout "$STORE"
	assert_has "$output" '^hello:1$'
	skopeo copy -q "oci:$STORE:hello:1" "oci:$BATS_TEST_TMPDIR/out:x"
	skopeo copy -q "$HELLO_IMAGE" "oci:$STORE:theirs:2"
	run_sbx 0 images
	assert_has "$output" '^theirs +2 '
	run_sbx 0 image verify
	run_sbx 0 image rm theirs:2 hello:1
	assert_eq 0 "$(n_blobs)"
}

@test "names and commands from an image cannot drive the terminal" {
	need jq
	hello hello:1
	jq '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "\u001b]0;x\u0007"' "$STORE/index.json" \
		>"$BATS_TEST_TMPDIR/index"
	cat "$BATS_TEST_TMPDIR/index" >"$STORE/index.json"
	run_sbx 0 images
	assert_has "$output" '\\x1b\]0;x\\x07'
	assert_lacks "$output" $'\x1b'
	run_sbx 0 image verify
	assert_lacks "$output" $'\x1b'
}

@test "a store that others can read, or a relative SBX_STORE, is refused" {
	hello hello:1
	chmod 755 "$STORE"
	run_sbx 1 images
	assert_has "$stderr" "^sbx: the store $STORE is open to others \(mode 0755\): check what is in it, then .chmod 700 "
	chmod 700 "$STORE"
	SBX_STORE=relative run_sbx 1 images
	assert_eq "sbx: SBX_STORE=relative is not an absolute path" "$stderr"
}

@test "wrong words are usage errors, with nothing on standard output" {
	for words in "nope" "inspect" "tag one" "files" "ls extra" "ls --nope" "ls --format xml"; do
		# shellcheck disable=SC2086 # words
		run_sbx 2 image $words
		assert_eq "" "$output"
		assert_has "$stderr" '^sbx: '
	done
	run_sbx 0 image --help
	assert_has "$output" verify
	run_sbx 0 image ls --help
	assert_has "$output" no-trunc
}

@test "an image can be removed from a store on a full disk" {
	unshare --user --map-root-user --mount true 2>/dev/null || skip "no user namespaces for unshare"
	cat >"$BATS_TEST_TMPDIR/full" <<'END'
set -e
mkdir -p "$XDG_DATA_HOME"
mount -t tmpfs -o size=8m,mode=0700 tmpfs "$XDG_DATA_HOME"
"$SBX" image import "$HELLO_IMAGE" hello:1
cat /dev/zero >"$XDG_DATA_HOME/fill" 2>/dev/null || :
! echo more >"$XDG_DATA_HOME/more"
! "$SBX" image tag hello:1 twin
"$SBX" image verify
"$SBX" image rm hello:1
"$SBX" images -q
find "$XDG_DATA_HOME/sbx/blobs" -type f
END
	run --separate-stderr unshare --user --map-root-user --mount bash "$BATS_TEST_TMPDIR/full"
	assert_eq 0 "$status"
	assert_has "$stderr" '^sbx: .*No space left on device'
	assert_has "$output" '^hello:1: ok, 2 layers$'
	assert_eq "removed hello:1" "${lines[-1]}"
}

@test "verify finds content that is not what the configuration says" {
	need jq
	hello hello:1
	local blobs=$STORE/blobs/sha256 manifest config
	manifest=$(manifest_of hello:1)
	config=$(jq -r '.config.digest[7:]' "$blobs/$manifest")
	replace() { # OLD-HEX JQ-FILTER - the blob changed, under its new name; prints that
		jq -c "$2" "$blobs/$1" >"$BATS_TEST_TMPDIR/new"
		local hex
		hex=$(sha256sum "$BATS_TEST_TMPDIR/new")
		cp "$BATS_TEST_TMPDIR/new" "$blobs/${hex%% *}"
		echo "${hex%% *}"
	}
	config=$(replace "$config" '.rootfs.diff_ids |= reverse')
	manifest=$(replace "$manifest" ".config.digest = \"sha256:$config\" | .config.size = $(stat -c %s "$blobs/$config")")
	jq ".manifests[0] |= (.digest = \"sha256:$manifest\" | .size = $(stat -c %s "$blobs/$manifest"))" \
		"$STORE/index.json" >"$BATS_TEST_TMPDIR/index"
	cat "$BATS_TEST_TMPDIR/index" >"$STORE/index.json"
	run_sbx 1 image verify
	assert_has "$stderr" '^sbx: image hello:1: layer 1 \(sha256:[0-9a-f]{12}\): its content is damaged: its digest is sha256:'
}

@test "a full standard output is a failure that is told" {
	hello hello:1
	[ -w /dev/full ] || skip "no /dev/full"
	run bash -c '"$SBX" images 2>&1 >/dev/full'
	assert_eq 1 "$status"
	assert_eq "sbx: write to standard output: No space left on device" "$output"
	run bash -c '"$SBX" image files hello:1 2>&1 >/dev/full'
	assert_eq 1 "$status"
}

@test "importing, removing and pruning at once never leave an image without its layers" {
	need skopeo umoci jq
	shared_layers
	local end=$((SECONDS + 8)) pids=()
	loop() { while [ $SECONDS -lt $end ]; do "$@" >/dev/null 2>&1 || :; done; }
	loop "$SBX" image import "oci:$BATS_TEST_TMPDIR/layout:more" more:1 &
	pids+=($!)
	loop "$SBX" image import "oci:$BATS_TEST_TMPDIR/layout:hello" third:1 &
	pids+=($!)
	loop "$SBX" image rm more:1 third:1 &
	pids+=($!)
	loop "$SBX" image prune &
	pids+=($!)
	while [ $SECONDS -lt $end ]; do
		run_sbx 0 image verify hello:1
	done
	wait "${pids[@]}"
	run_sbx 0 image verify
	run_sbx 0 image prune
	run_sbx 0 image verify hello:1
}
