# SPDX-License-Identifier: Apache-2.0
# The tree that a program in a sandbox sees is what umoci makes of the same image: entry by entry, type, mode, ids as far as
# the mapping allows, size, time, link target, attributes, content.  Issue 2, part 4.

load lib/common
load lib/layout

setup_file() {
	common_setup_file
	need umoci jq unshare
	export IMAGES=$BATS_FILE_TMPDIR/images SBX_STORE=$XDG_DATA_HOME/sbx
	mkdir "$IMAGES"
	umask 022
	make_odd_image
	make_long_image
}
teardown_file() { remove_tree "$BATS_FILE_TMPDIR/images" && common_teardown_file; }
teardown() { remove_tree "$BATS_TEST_TMPDIR/umoci" "$BATS_TEST_TMPDIR/b" "/tmp/sbx-tree-$$"; }

TREE_LIST=$SBX_BUILDDIR/test/lib/tree-list
IMAGE_TOOL=$SBX_BUILDDIR/sbx-image
# What sbx mounts in a sandbox. The images have all of it: making what is missing changes a directory's time.
SBX_MOUNTS=(/dev /etc/apt/apt.conf.d/99sbx-fake-root /etc/hostname /etc/hosts /etc/resolv.conf /proc /sys)
make_mount_points() {
	mkdir -p dev etc proc sys
	touch etc/hostname etc/hosts etc/resolv.conf
}

# make_odd_image - layers without parent entries, whiteouts before and after what they speak of, hard links into lower
# layers, links as parents, names that are no text, long names, holes, attributes.
make_odd_image() {
	local work=$BATS_FILE_TMPDIR/odd long
	long=$(printf 'x%.0s' {1..200})
	mkdir -p "$work/1" "$work/2/n/$long" "$work/3/a" "$work/4/a/hl2"
	cd "$work/1" || return
	mkdir -p a/d/e usr/lib opq/x delme
	make_mount_points
	ln -s usr/lib lib
	for f in a/d/e/f a/keep a/h opq/x/1 opq/2 delme/q usr/lib/t; do echo "$f" >"$f"; done
	chmod 751 a
	chmod 2775 a/d
	chmod 700 a/d/e
	setfattr -n user.tag -v hello a/d
	touch -d 2002-02-02 a a/d a/d/e opq usr usr/lib
	touch -d 2003-03-03 a/d/e/f a/keep
	tar --xattrs --format=pax -cf ../1.tar a usr lib opq delme dev etc proc sys
	cd ../2 || return
	mkdir -p a/d/e opq/x lib
	echo two >a/d/e/g
	echo decomposed >"$(printf 'n/u\314\210')"
	echo composed >"$(printf 'n/\303\274')"
	echo bytes >"$(printf 'n/\377bad')"
	echo deep >"n/$long/$long"
	ln -s "$long/$long" n/long
	truncate -s 5M n/hole
	echo tail >>n/hole
	mkfifo n/fifo
	ln -s dangling n/link
	ln n/link n/link2
	echo 3 >opq/x/3
	echo new >lib/new
	touch .wh.delme opq/.wh..wh..opq a/.wh.keep
	tar --no-recursion -S --format=pax -cf ../2.tar a/d/e/g .wh.delme opq/.wh..wh..opq opq/x opq/x/3 a/.wh.keep lib/new
	tar -S --format=pax -rf ../2.tar n
	cd ../3 || return
	echo a/h >a/h
	ln a/h a/hl
	ln a/h a/hl2
	tar -cf ../3.tar a/h a/hl a/hl2
	tar --delete -f ../3.tar a/h # leaves links to what only the lowest layer has
	cd ../4 || return
	echo in >a/hl2/in
	touch a/.wh.h
	tar -cf ../4.tar a/hl2 a/.wh.h
	gzip -c ../4.tar >../4.tar.gz
	cd / || return
	make_layout "$IMAGES/odd" odd "$work"/{1,2,3}.tar "$work/4.tar.gz"
}

# make_long_image - 127 layers, each adds a file, changes one, deletes one of an earlier layer, and now and then a directory.
make_long_image() {
	local work=$BATS_FILE_TMPDIR/long i tars=()
	mkdir "$work"
	for i in {1..127}; do
		mkdir -p "$work/$i/d$((i % 10))"
		cd "$work/$i" || return
		[ "$i" -ne 1 ] || make_mount_points
		echo "$i" | tee "d$((i % 10))/f$i" >changed
		[ "$i" -le 20 ] || touch "d$((i % 10))/.wh.f$((i - 20))"
		[ $((i % 30)) -ne 0 ] || touch "d$((i % 10))/.wh..wh..opq"
		find . -exec touch -d "2020-01-01 + $i minutes" {} +
		tar -cf "../$i.tar" ./*
		tars+=("$work/$i.tar")
	done
	cd / || return
	make_layout "$IMAGES/long" long "${tars[@]}"
}

# umoci_tree LAYOUT TAG MAP - what umoci makes of it, but for what sbx mounts something on.
umoci_tree() {
	local ids=() rootless=()
	[ "$3" != single ] || ids=(--no-ids) rootless=(--rootless)
	as_root "$3" umoci unpack "${rootless[@]}" --image "$1:$2" "$BATS_TEST_TMPDIR/umoci" >&2
	as_root "$3" "$TREE_LIST" "${ids[@]}" "${SBX_MOUNTS[@]/#/--without=}" "$BATS_TEST_TMPDIR/umoci/rootfs"
	remove_tree "$BATS_TEST_TMPDIR/umoci"
}

# inside_tree NAME MAP DRIVER - what a program in a sandbox sees. The lister is bound where no image has files.
inside_tree() {
	local ids=() mode=subuid
	[ "$2" != single ] || ids=(--no-ids) mode=single
	"$SBX" run --userns "$mode" --set "Sandbox.Storage=$3" --workdir / -v "$TREE_LIST:/dev/tree-list:ro" --image "$1" -- \
		/dev/tree-list "${ids[@]}" "${SBX_MOUNTS[@]/#/--without=}" /
}

# compare LAYOUT TAG ENTRIES - for both mappings and both drivers.
compare() {
	local map driver maps=(single) drivers=(native)
	! has_subids || maps+=("$(map_subuid)")
	if command -v fuse-overlayfs >/dev/null && [ -w /dev/fuse ]; then drivers+=(fuse); fi
	for map in "${maps[@]}"; do
		"$IMAGE_TOOL" import "--map=$map" "oci:$1:$2" "tree/$2:t"
		umoci_tree "$1" "$2" "$map" >"$BATS_TEST_TMPDIR/want"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/want")" -gt "$3" ] || fail "umoci's tree has too few entries to mean something"
		for driver in "${drivers[@]}"; do
			inside_tree "tree/$2:t" "$map" "$driver" >"$BATS_TEST_TMPDIR/have"
			diff -u "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/have" >"$BATS_TEST_TMPDIR/diff" ||
				fail "$driver, $map: $(head -40 "$BATS_TEST_TMPDIR/diff")"
		done
	done
}

@test "layers without parent entries, with links into lower layers and names that are no text" {
	compare "$IMAGES/odd" odd 25
}

@test "127 layers" {
	compare "$IMAGES/long" long 30
}

@test "three layers of a real Debian with deletions and opaque directories, made by buildah" {
	need buildah
	# buildah reads a path after oci: as the name of an image, which has no capital letters.
	local IMAGES=/tmp/sbx-tree-$$
	local tar store=(--root "$BATS_TEST_TMPDIR/b" --runroot "$BATS_TEST_TMPDIR/br" --storage-driver vfs) c
	tar=$(debian_tar)
	# Without the device nodes, which umoci makes into empty files and sbx and podman leave out.
	mkdir "$IMAGES"
	without_devices "$tar" >"$BATS_TEST_TMPDIR/base.tar"
	make_layout "$IMAGES/base" base "$BATS_TEST_TMPDIR/base.tar"
	c=$(buildah "${store[@]}" from "oci:$IMAGES/base:base")
	buildah "${store[@]}" run --isolation chroot "$c" -- sh -ec 'touch /etc/hosts /etc/apt/apt.conf.d/99sbx-fake-root; rm -rf /usr/share/doc; mkdir -p /usr/share/doc/new
		echo new >/usr/share/doc/new/x; rm /etc/debian_version; ln /etc/passwd /etc/passwd.link
		echo more >>/etc/group; mkdir "/opt/two words"; chmod 4755 /bin/ls; touch -d 2001-01-01 /opt
		truncate -s 1M /opt/hole; echo end >>/opt/hole'
	buildah "${store[@]}" commit -q "$c" "oci:$IMAGES/deb:two"
	c=$(buildah "${store[@]}" from "oci:$IMAGES/deb:two")
	buildah "${store[@]}" run --isolation chroot "$c" -- sh -ec 'rm -rf /usr/share/doc/new /opt; mkdir /opt; echo z >/opt/z
		chmod 700 /etc/apt; rm -rf /var/cache; ln -s lib /usr/lib99; chown 5:6 /etc/passwd'
	buildah "${store[@]}" commit -q "$c" "oci:$IMAGES/deb:three"
	remove_tree "$BATS_TEST_TMPDIR/b" "$BATS_TEST_TMPDIR/br" "$IMAGES/base" "$BATS_TEST_TMPDIR/base.tar"
	assert_eq 3 "$(umoci stat --image "$IMAGES/deb:three" --json | jq '[.history[] | select(.empty_layer != true)] | length')"
	compare "$IMAGES/deb" three 5000
}

# without_devices TAR - the tar without its device nodes.
without_devices() {
	tar --delete -f - --wildcards './dev/?*' <"$1"
}

@test "the comparison finds a changed mode, time and content" {
	local dir=$BATS_TEST_TMPDIR/t
	mkdir "$dir"
	echo 1 >"$dir/f"
	"$TREE_LIST" "$dir" >"$BATS_TEST_TMPDIR/one"
	local time
	time=$(stat -c %y "$dir/f")
	chmod 600 "$dir/f" && "$TREE_LIST" "$dir" >"$BATS_TEST_TMPDIR/two"
	run ! cmp -s "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
	echo 2 >"$dir/f" && touch -d "$time" "$dir/f" && "$TREE_LIST" "$dir" >"$BATS_TEST_TMPDIR/three"
	run ! cmp -s "$BATS_TEST_TMPDIR/two" "$BATS_TEST_TMPDIR/three"
	touch -d 2001-01-01 "$dir/f" && "$TREE_LIST" "$dir" >"$BATS_TEST_TMPDIR/four"
	run ! cmp -s "$BATS_TEST_TMPDIR/three" "$BATS_TEST_TMPDIR/four"
}
