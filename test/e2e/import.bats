# SPDX-License-Identifier: Apache-2.0
# sbx image import and what it leaves in the store: every form of source, hostile layers, damaged blobs, killed imports.

load lib/common
load lib/layout

setup_file() {
	common_setup_file
	need jq skopeo
	local work=$BATS_FILE_TMPDIR/work
	export WORK=$work
	mkdir -p "$work/root/etc" "$work/root2/etc"
	echo one >"$work/root/etc/one"
	echo two >"$work/root2/etc/two"
	tar -C "$work/root" -cf "$work/1.tar" etc
	tar -C "$work/root2" -cf "$work/2.tar" etc
	make_layout "$work/layout" t "$work/1.tar" "$work/2.tar"
}
teardown_file() { remove_tree "$BATS_FILE_TMPDIR/work" && common_teardown_file; }
setup() {
	export SBX_STORE=$BATS_TEST_TMPDIR/store
	cd "$WORK" || return
}
teardown() { remove_tree "$SBX_STORE"; }

IMAGE_TOOL=$SBX_BUILDDIR/sbx-image

imports() {
	run --separate-stderr "$IMAGE_TOOL" import --map=single "$@"
	[ "$status" -eq 0 ] || fail "import $*"
}
# refuses PATTERN ARGS... - the import fails with one line that matches, and leaves no image, blob or layer.
refuses() {
	local pattern=$1
	shift
	run --separate-stderr timeout "${REFUSE_WITHIN:-60}" "$IMAGE_TOOL" import --map=single "$@"
	assert_eq 1 "$status" "exit status"
	# shellcheck disable=SC2154 # run sets it
	assert_has "$stderr" "$pattern"
	assert_eq 1 "$(wc -l <<<"$stderr")" "lines on standard error"
	assert_eq "" "$(find "$SBX_STORE/layers" -mindepth 2 -not -name .lock 2>/dev/null)" "layers left"
	assert_eq "" "$("$IMAGE_TOOL" ls --quiet 2>/dev/null)" "images left"
}
layer_of() {
	echo "$SBX_STORE/layers/single/$("$IMAGE_TOOL" inspect --format=json "$1" | jq -r ".[0].layers[$2].chain_id" | cut -d: -f2)"
}
has_both() {
	assert_eq one "$(cat "$(layer_of "$1" 0)/etc/one")"
	assert_eq two "$(cat "$(layer_of "$1" 1)/etc/two")"
}

@test "an OCI layout is imported, and the second time there is nothing to do" {
	imports oci:layout:t small:1
	assert_has "$output" '^imported small:1 sha256:[0-9a-f]{12} \(2 layers\)$'
	has_both small:1
	local before
	before=$(find "$SBX_STORE" -printf '%p %i %s %T@\n' | sort)
	imports oci:layout:t small:1
	assert_has "$output" 'unchanged, nothing to do'
	assert_eq "$before" "$(find "$SBX_STORE" -printf '%p %i %s %T@\n' | sort)" "the store"
	imports --if-changed oci:layout:t small:1
	assert_eq "" "$output"
}

@test "a changed source is imported again and takes the name over" {
	cp -r layout changing
	imports oci:changing:t c:1
	make_layout changing t "$WORK/2.tar" "$WORK/1.tar"
	imports oci:changing:t c:1
	assert_has "$output" '^imported c:1 '
	assert_eq two "$(cat "$(layer_of c:1 0)/etc/two")"
}

@test "skopeo's oci-archive and docker-archive, plain and compressed, give the same layers" {
	skopeo copy -q oci:layout:t "oci-archive:$BATS_TEST_TMPDIR/oci.tar:x:1"
	skopeo copy -q oci:layout:t "docker-archive:$BATS_TEST_TMPDIR/docker.tar:example.com/d:1"
	gzip -k "$BATS_TEST_TMPDIR/docker.tar"
	xz -0 -k "$BATS_TEST_TMPDIR/oci.tar"
	imports "oci-archive:$BATS_TEST_TMPDIR/oci.tar" o:1
	has_both o:1
	imports "docker-archive:$BATS_TEST_TMPDIR/docker.tar"
	has_both example.com/d:1
	imports "docker-archive:$BATS_TEST_TMPDIR/docker.tar.gz" dz:1
	has_both dz:1
	imports "oci-archive:$BATS_TEST_TMPDIR/oci.tar.xz" oz:1
	has_both oz:1
	assert_eq 2 "$(find "$SBX_STORE/layers/single" -mindepth 1 -maxdepth 1 -type d | wc -l)" "extracted layers"
}

@test "docker save's old form, with layer directories and links between them, is read" {
	mkdir -p "$BATS_TEST_TMPDIR/old/aaa" "$BATS_TEST_TMPDIR/old/bbb"
	cd "$BATS_TEST_TMPDIR/old"
	cp "$WORK/1.tar" aaa/layer.tar
	ln -s ../aaa/layer.tar bbb/layer.tar
	local diff
	diff=$(sha256sum aaa/layer.tar | cut -d' ' -f1)
	printf '{"architecture":"%s","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]}}' \
		"$(machine_arch)" "$diff" "$diff" >config.json
	echo '[{"Config":"config.json","RepoTags":["old:1"],"Layers":["aaa/layer.tar","bbb/layer.tar"]}]' >manifest.json
	echo '{"old":{"1":"bbb"}}' >repositories
	tar -cf ../old.tar ./*
	imports "docker-archive:$BATS_TEST_TMPDIR/old.tar"
	assert_eq one "$(cat "$(layer_of old:1 1)/etc/one")"
}

@test "a root file system's tar, whatever it is compressed with, is an image of one layer" {
	local c
	for c in 'cat:tar' 'gzip:tar.gz' 'xz -0:tar.xz' 'zstd -q:tar.zst' 'bzip2:tar.bz2'; do
		${c%:*} <1.tar >"$BATS_TEST_TMPDIR/root.${c#*:}"
		imports "rootfs:$BATS_TEST_TMPDIR/root.${c#*:}" "r${c#*:}:1"
		assert_eq one "$(cat "$(layer_of "r${c#*:}:1" 0)/etc/one")" "$c"
	done
	assert_eq 1 "$(find "$SBX_STORE/layers/single" -mindepth 1 -maxdepth 1 -type d | wc -l)" "extracted layers"
	"$IMAGE_TOOL" verify >/dev/null
}

@test "the store is an OCI layout that skopeo reads" {
	imports oci:layout:t small:1
	skopeo copy -q --preserve-digests "oci:$SBX_STORE:small:1" "oci:$BATS_TEST_TMPDIR/copy:x"
	local blob
	for blob in "$BATS_TEST_TMPDIR/copy/blobs/sha256"/*; do
		cmp "$blob" "$WORK/layout/blobs/sha256/${blob##*/}"
	done
	assert_eq 4 "$(find "$BATS_TEST_TMPDIR/copy/blobs/sha256" -type f | wc -l)" "blobs"
}

@test "of an index for several platforms, this machine's image is taken, or the one asked for" {
	local other=riscv64 digest
	[ "$(machine_arch)" != riscv64 ] || other=amd64
	make_layout multi ours "$WORK/1.tar"
	local ours theirs
	ours=$(jq -c ".manifests[0] + {platform:{os:\"linux\",architecture:\"$(machine_arch)\"}} | del(.annotations)" multi/index.json)
	machine_arch() { echo "$other"; }
	make_layout multi theirs "$WORK/2.tar"
	theirs=$(jq -c ".manifests[0] + {platform:{os:\"linux\",architecture:\"$other\"}} | del(.annotations)" multi/index.json)
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s,%s]}' "$theirs" "$ours" \
		>"$BATS_TEST_TMPDIR/index"
	digest=$(put_blob multi "$BATS_TEST_TMPDIR/index")
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:%s","size":%d}]}' \
		"$digest" "$(stat -c %s "$BATS_TEST_TMPDIR/index")" >multi/index.json
	imports oci:multi m:1
	assert_eq one "$(cat "$(layer_of m:1 0)/etc/one")"
	imports --platform="linux/$other" oci:multi other:1
	assert_eq "linux/$other" "$("$IMAGE_TOOL" inspect --format=json other:1 | jq -r '.[0].platform')"
}

@test "a damaged, short or missing blob, and a wrong diff ID, are refused and named" {
	local blob
	blob=$(sha256sum 2.tar | cut -d' ' -f1)
	cp -r layout bad
	printf X | dd of="bad/blobs/sha256/$blob" bs=1 seek=700 conv=notrunc status=none
	refuses 'bad: layer 2 of 2: its digest is sha256:.* as the image says: it is damaged' oci:bad:t
	truncate -s 1000 "bad/blobs/sha256/$blob"
	refuses 'bad: layer 2 of 2: it ends 9240 bytes early: it is truncated' oci:bad:t
	rm "bad/blobs/sha256/$blob"
	refuses 'bad: layer 2 of 2: open its blob sha256:.*: No such file' oci:bad:t
	gzip -c 2.tar >2.tar.gz
	# The diff IDs of other content: only unpacking finds that out.
	gzip() { if [ "$1" = -dc ]; then echo other; else command gzip "$@"; fi; }
	make_layout wrong t "$WORK/1.tar" "$WORK/2.tar.gz"
	refuses 'wrong: layer 2 of 2 \(sha256:.*\): its content has the diff ID sha256:.*, not sha256:' oci:wrong:t
}

@test "a truncated gzip tar is refused" {
	gzip -c 1.tar | head -c 100 >cut.tar.gz
	refuses 'cut.tar.gz: the gzip data ends early: it is truncated' rootfs:cut.tar.gz cut:1
}

@test "a layer that grows beyond the limit is refused, with little memory" {
	# 17 GiB of zeros in one member: 17 MB as gzip.
	need gzip
	local REFUSE_WITHIN=600 # seconds: on a busy machine
	truncate -s 17G "$BATS_TEST_TMPDIR/zeros"
	(cd "$BATS_TEST_TMPDIR" && tar --format=gnu -cf - zeros | gzip -1 >bomb.tar.gz)
	refuses 'bomb.tar.gz: it grows beyond 16 GiB when it is unpacked' "rootfs:$BATS_TEST_TMPDIR/bomb.tar.gz" bomb:1
}

@test "an import that is killed leaves the image complete or absent, and the next one clears up" {
	local i pid tar
	tar=$BATS_TEST_TMPDIR/many.tar
	mkdir "$BATS_TEST_TMPDIR/many"
	(cd "$BATS_TEST_TMPDIR/many" && for i in {1..3000}; do echo "$i" >"f$i"; done)
	tar -C "$BATS_TEST_TMPDIR/many" -cf "$tar" .
	make_layout killed t "$tar" "$WORK/1.tar"
	for i in {1..25}; do
		"$IMAGE_TOOL" import --map=single --quiet oci:killed:t killed:1 >/dev/null 2>&1 &
		pid=$!
		sleep "0.0$((i * 37 % 10))$((i % 10))"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		[ -n "$("$IMAGE_TOOL" ls --quiet 2>/dev/null)" ] || continue
		assert_eq 3001 "$(find "$(layer_of killed:1 0)" | wc -l)" "files of a complete image"
		"$IMAGE_TOOL" verify killed:1 >/dev/null
		"$IMAGE_TOOL" rm killed:1 >/dev/null
	done
	imports oci:killed:t killed:1
	assert_eq 3001 "$(find "$(layer_of killed:1 0)" | wc -l)" "files"
	assert_eq "" "$(find "$SBX_STORE" -name '.tmp-*' -o -name '.import-*')" "leftovers"
}

@test "two imports of one image at once both succeed" {
	local i pid
	for i in {1..10}; do
		rm -rf "$SBX_STORE"
		"$IMAGE_TOOL" import --map=single oci:layout:t a:1 &
		pid=$!
		"$IMAGE_TOOL" import --map=single oci:layout:t b:1
		wait "$pid"
		has_both a:1
		has_both b:1
	done
}

@test "ids outside of the mapped range are refused with layer, entry and id" {
	need_subids
	tar -C root --owner=4000000 --group=0 -cf far.tar etc
	run --separate-stderr "$IMAGE_TOOL" import "--map=$(map_subuid)" rootfs:far.tar far:1
	assert_eq 1 "$status"
	assert_has "$stderr" 'far.tar: layer 1 of 1 \(sha256:.*\): entry etc/: it belongs to user 4000000, which is outside'
	imports rootfs:far.tar far:1
}

@test "unpack extracts an imported image for other id maps, with owners and capabilities" {
	need_subids
	tar -C root --owner=42 --group=43 -cf owned.tar etc
	imports rootfs:owned.tar owned:1
	"$IMAGE_TOOL" unpack "--map=$(map_subuid)" owned:1
	local layer
	layer=$(layer_of owned:1 0)
	layer=${layer/single/$(map_subuid)}
	assert_eq 42:43 "$(as_root subuid stat -c %u:%g "$layer/etc/one")"
	assert_eq "$(id -u):$(id -g)" "$(stat -c %u:%g "$(layer_of owned:1 0)/etc/one")"
}

@test "a foreign layer is refused" {
	local m
	make_layout foreign t 1.tar
	m=$(jq -r '.manifests[0].digest' foreign/index.json)
	sed 's/image.layer.v1.tar/image.layer.nondistributable.v1.tar/' "foreign/blobs/sha256/${m#sha256:}" >"$BATS_TEST_TMPDIR/m"
	jq -c ".manifests[0].digest = \"sha256:$(put_blob foreign "$BATS_TEST_TMPDIR/m")\" |
		.manifests[0].size = $(stat -c %s "$BATS_TEST_TMPDIR/m")" foreign/index.json >"$BATS_TEST_TMPDIR/index.json"
	cp "$BATS_TEST_TMPDIR/index.json" foreign/
	refuses 'layer 1 is a foreign one' oci:foreign:t
}

@test "what is no source is refused in words" {
	refuses 'no such file|No such file' oci:nowhere
	mkdir empty
	refuses 'No such file|no index.json' oci:empty
	refuses 'is no tar|not a tar' "oci-archive:$SBX_SRCDIR/README"
	refuses 'it has no manifest.json: it is no docker-archive' docker-archive:1.tar
	refuses 'it has no image with the tag "x"; there are: t' oci:layout:x
}
