/* SPDX-License-Identifier: Apache-2.0 */

/* An OCI image layout, sbx's own or another's: small blobs, checked; and the way from an index to one image.
 * Source: OCI image-spec v1.1, image-layout.md. */

#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

int blob_read(int dirfd, const struct descriptor *d, const char *what, char **ret, size_t *ret_len, struct sbx_err *err)
{
	char path[sizeof("blobs/sha256/") + DIGEST_HEX_LEN];
	_cleanup_free_ char *bytes = NULL;
	size_t n = 0;
	struct digest digest;

	if (d->size_bytes > IMAGE_JSON_MAX_BYTES)
		return json_bad(err, what, "has %llu bytes, more than the %u allowed",
			(unsigned long long)d->size_bytes, IMAGE_JSON_MAX_BYTES);
	snprintf(path, sizeof(path), "blobs/sha256/%s", d->digest.hex);
	int r = read_file_at(dirfd, path, IMAGE_JSON_MAX_BYTES, &bytes, &n, err);
	if (r == -ENOENT)
		return sbx_fail_plain(err, -ENOENT, "%s (sha256:%s) is missing", what, d->digest.hex);
	if (r < 0)
		return sbx_err_prefix(err, r, "%s", what);
	if (n != d->size_bytes)
		return json_bad(
			err, what, "is damaged: it has %zu bytes, not %llu", n, (unsigned long long)d->size_bytes);
	digest_of(bytes, n, &digest);
	if (!digest_eq(&digest, &d->digest))
		return json_bad(
			err, what, "is damaged: its digest is sha256:%s, not sha256:%s", digest.hex, d->digest.hex);
	*ret = steal_ptr(bytes);
	*ret_len = n;
	return 0;
}

/* other_platforms - "linux/arm64, windows/amd64", for the message. */
static char *other_platforms(const struct image_index *index)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	for (size_t i = 0; i < index->n && i < 20; i++) {
		if (!*index->entries[i].platform.os || str_eq(index->entries[i].platform.os, "unknown"))
			continue;
		_cleanup_free_ char *one = platform_text(&index->entries[i].platform);
		strbuf_addf(&text, "%s%s", text.len ? ", " : "", one);
	}
	if (!text.len)
		strbuf_add(&text, "no platform that it names");
	return strbuf_steal(&text);
}

/* pick - the entry that serves @platform best; one that does not say its platform is the last choice. */
static const struct descriptor *pick(const struct image_index *index, const struct platform *platform)
{
	const struct descriptor *best = NULL;
	unsigned best_rank = 0;

	for (size_t i = 0; i < index->n; i++) {
		const struct descriptor *d = &index->entries[i];
		unsigned rank = 2 * platform_rank(platform, &d->platform);
		if (!*d->platform.os && (media_type_is_manifest(d->media_type) || media_type_is_index(d->media_type)))
			rank = 1;
		if (rank > best_rank) {
			best_rank = rank;
			best = d;
		}
	}
	return best;
}

/* resolve - one step down.  @ret is filled with a copy of a manifest's descriptor. */
static int resolve(int dirfd, const struct descriptor *d, const struct platform *platform, unsigned depth,
	struct descriptor *ret, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	_cleanup_free_ char *bytes = NULL;
	size_t n;

	if (media_type_is_manifest(d->media_type)) {
		descriptor_copy(ret, d);
		return 0;
	}
	if (!media_type_is_index(d->media_type))
		return json_bad(err, "the index", "names what is no image, of the type \"%s\"", d->media_type);
	if (depth >= IMAGE_INDEX_MAX_DEPTH)
		return json_bad(err, "the index", "is nested more than %d deep", IMAGE_INDEX_MAX_DEPTH);
	int r = blob_read(dirfd, d, "the image's index", &bytes, &n, err);
	if (r >= 0)
		r = image_index_parse(bytes, n, "the image's index", &index, err);
	if (r < 0)
		return r;
	const struct descriptor *best = pick(&index, platform);
	if (!best) {
		_cleanup_free_ char *others = other_platforms(&index), *wanted = platform_text(platform);
		return sbx_fail_plain(err, -ENOEXEC, "it is for %s, not for %s", others, wanted);
	}
	return resolve(dirfd, best, platform, depth + 1, ret, err);
}

int layout_resolve(int dirfd, const struct descriptor *d, const struct platform *platform, struct descriptor *ret,
	struct digest *ret_source, struct sbx_err *err)
{
	int r = resolve(dirfd, d, platform, 0, ret, err);

	if (r >= 0 && ret_source)
		*ret_source = d->has_source ? d->source : d->digest;
	return r;
}

int image_load(int dirfd, const char *name, const struct descriptor *manifest, struct image **ret, struct sbx_err *err)
{
	_cleanup_descriptor_ struct descriptor config = {0};
	_cleanup_free_ char *manifest_bytes = NULL, *config_bytes = NULL;
	size_t manifest_len = 0, config_len = 0;
	int r = blob_read(dirfd, manifest, "the manifest", &manifest_bytes, &manifest_len, err);

	if (r >= 0)
		r = manifest_config(manifest_bytes, manifest_len, &config, err);
	if (r >= 0)
		r = blob_read(dirfd, &config, "the image's configuration", &config_bytes, &config_len, err);
	if (r >= 0)
		r = image_from_json(name, manifest_bytes, manifest_len, config_bytes, config_len, ret, err);
	if (r < 0)
		return r;
	if (manifest->has_source)
		(*ret)->source_digest = manifest->source;
	return 0;
}
