# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# OCI layouts made by hand, for layers that no tool would write, and for many of them quickly.

# put_blob LAYOUT FILE - copy it in; prints its digest's hex.
put_blob() {
	local hex
	hex=$(sha256sum "$2" | cut -d' ' -f1)
	[ -e "$1/blobs/sha256/$hex" ] || cp "$2" "$1/blobs/sha256/$hex"
	echo "$hex"
}

# make_layout LAYOUT TAG TAR... - an image of these layers, lowest first; a TAR may be compressed with gzip or zstd.
make_layout() {
	local layout=$1 tag=$2 tar hex diff suffix diffs='' layers='' history='' config manifest work
	shift 2
	work=$(mktemp -d)
	mkdir -p "$layout/blobs/sha256"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
	for tar; do
		case $tar in
		*.gz) suffix=+gzip diff=$(gzip -dc "$tar" | sha256sum | cut -d' ' -f1) ;;
		*.zst) suffix=+zstd diff=$(zstd -qdc "$tar" | sha256sum | cut -d' ' -f1) ;;
		*) suffix='' diff='' ;;
		esac
		hex=$(put_blob "$layout" "$tar")
		diffs+=${diffs:+,}\"sha256:${diff:-$hex}\"
		layers+=${layers:+,}'{"mediaType":"application/vnd.oci.image.layer.v1.tar'$suffix'","digest":"sha256:'$hex
		history+=${history:+,}'{"created_by":"layer '${tar##*/}'"}'
		layers+='","size":'$(stat -c %s "$tar")'}'
	done
	printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%s]},"history":[%s]}' \
		"$(machine_arch)" "$diffs" "$history" >"$work/config"
	config=$(put_blob "$layout" "$work/config")
	printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","digest":"sha256:%s","size":%d},"layers":[%s]}' \
		application/vnd.oci.image.manifest.v1+json application/vnd.oci.image.config.v1+json "$config" \
		"$(stat -c %s "$work/config")" "$layers" >"$work/manifest"
	manifest=$(put_blob "$layout" "$work/manifest")
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s","digest":"sha256:%s","size":%d,"annotations":{"%s":"%s"}}]}' \
		application/vnd.oci.image.manifest.v1+json "$manifest" "$(stat -c %s "$work/manifest")" \
		org.opencontainers.image.ref.name "$tag" >"$layout/index.json"
	rm -rf "$work"
}

# machine_arch - as Go and OCI call it.
machine_arch() {
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) uname -m ;;
	esac
}

# map_subuid - idmap_name()'s name for UserNS=subuid of this account.
map_subuid() {
	local uids gids
	uids=0-$(id -u)-1,1-$(sub_range /etc/subuid)
	gids=0-$(id -g)-1,1-$(sub_range /etc/subgid)
	if [ "$uids" = "$gids" ]; then echo "u$uids"; else echo "u$uids+g$gids"; fi
}
sub_range() {
	awk -F: -v name="$(id -un)" -v id="$(id -u)" \
		'($1 == name || $1 == id) && $3 > n { start = $2; n = $3 } END { print start "-" n }' "$1"
}

# as_root MAP COMMAND... - in a user and mount namespace with these maps.
as_root() {
	local map=$1
	shift
	if [ "$map" = single ]; then
		unshare --map-root-user --mount "$@"
	else
		unshare --map-root-user --map-auto --setgroups allow --mount "$@"
	fi
}
