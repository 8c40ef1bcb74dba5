/* SPDX-License-Identifier: Apache-2.0 */

/* Descriptors and indexes.  Source: OCI image-spec v1.1, descriptor.md, image-index.md; Docker's manifest-v2-2. */

#include "json.h"

#include <errno.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

void descriptor_free(struct descriptor *d)
{
	free(d->media_type);
	free(d->ref_name);
	*d = (struct descriptor){0};
}

void descriptor_copy(struct descriptor *ret, const struct descriptor *d)
{
	*ret = *d;
	ret->media_type = xstrdup(d->media_type);
	ret->ref_name = xstrdup(d->ref_name);
}

void image_index_free(struct image_index *index)
{
	for (size_t i = 0; i < index->n; i++)
		descriptor_free(&index->entries[i]);
	free(index->entries);
	*index = (struct image_index){0};
}

bool media_type_is_index(const char *media_type)
{
	return str_eq(media_type, "application/vnd.oci.image.index.v1+json") ||
	       str_eq(media_type, "application/vnd.docker.distribution.manifest.list.v2+json");
}

bool media_type_is_manifest(const char *media_type)
{
	return str_eq(media_type, "application/vnd.oci.image.manifest.v1+json") ||
	       str_eq(media_type, "application/vnd.docker.distribution.manifest.v2+json");
}

/* parse_platform - an entry whose platform sbx cannot even write down (Windows with features, "unknown") fits no
 * machine; it stays an entry, for no platform that can be asked for. */
static int parse_platform(const json_t *object, const char *what, struct platform *ret, struct sbx_err *err)
{
	const char *os, *arch, *variant;
	json_t *platform;
	int r = json_get_object(object, "platform", what, &platform, err);

	if (r < 0 || !platform)
		return r;
	if (json_get_string(platform, "os", what, &os, err) < 0 ||
		json_get_string(platform, "architecture", what, &arch, err) < 0 ||
		json_get_string(platform, "variant", what, &variant, err) < 0)
		return -EBADMSG;
	if (platform_make(os, arch, variant, ret) < 0)
		*ret = (struct platform){.os = "unknown", .arch = "unknown"};
	return 0;
}

/* parse_annotations - the two that count here. */
static int parse_annotations(const json_t *object, const char *what, struct descriptor *d, struct sbx_err *err)
{
	const char *name, *source;
	json_t *annotations;
	int r = json_get_object(object, "annotations", what, &annotations, err);

	if (r < 0 || !annotations)
		return r;
	if (json_get_string(annotations, "org.opencontainers.image.ref.name", what, &name, err) < 0 ||
		json_get_string(annotations, "sbx.source.digest", what, &source, err) < 0)
		return -EBADMSG;
	d->ref_name = xstrdup(str_empty(name) ? NULL : name);
	if (source) {
		r = digest_parse(source, &d->source, err);
		if (r < 0)
			return sbx_err_prefix(err, r, "%s", what);
		d->has_source = true;
	}
	return 0;
}

static int parse_into(const json_t *object, const char *what, struct descriptor *d, struct sbx_err *err)
{
	const char *media_type, *digest;
	const json_t *size = json_object_get(object, "size");
	int r;

	if (!json_is_object(object))
		return json_bad(err, what, "is wrong: a descriptor is not an object");
	if (json_get_string(object, "mediaType", what, &media_type, err) < 0 ||
		json_get_string(object, "digest", what, &digest, err) < 0)
		return -EBADMSG;
	if (!digest)
		return json_bad(err, what, "is wrong: a descriptor has no \"digest\"");
	r = digest_parse(digest, &d->digest, err);
	if (r < 0)
		return sbx_err_prefix(err, r, "%s", what);
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return json_bad(err, what, "is wrong: a descriptor has no \"size\" that is a number of bytes");
	d->size_bytes = (uint64_t)json_integer_value(size);
	if (d->size_bytes > IMAGE_BLOB_MAX_BYTES)
		return json_bad(err, what, "is wrong: a descriptor's \"size\" is %llu, more than any blob has",
			(unsigned long long)d->size_bytes);
	d->media_type = xstrdup(media_type ? media_type : "");
	r = parse_platform(object, what, &d->platform, err);
	return r < 0 ? r : parse_annotations(object, what, d, err);
}

int descriptor_parse(const json_t *object, const char *what, struct descriptor *ret, struct sbx_err *err)
{
	_cleanup_descriptor_ struct descriptor d = {0};
	int r = parse_into(object, what, &d, err);

	if (r < 0)
		return r;
	*ret = d;
	d = (struct descriptor){0};
	return 0;
}

int image_index_parse(const char *bytes, size_t n, const char *what, struct image_index *ret, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	json_auto_t *root = json_load_bounded(bytes, n, what, err);
	json_t *manifests, *entry;
	size_t i;
	int r;

	if (!root)
		return -EBADMSG;
	r = json_check_schema(root, what, err);
	if (r >= 0)
		r = json_get_array(root, "manifests", what, &manifests, err);
	if (r < 0)
		return r;
	/* A manifest in an index's place has "layers" (CVE-2021-41190: one document read as two kinds). */
	if (json_object_get(root, "layers") || json_object_get(root, "config"))
		return json_bad(err, what, "is wrong: it is an index and a manifest at once");
	if (json_array_size(manifests) > IMAGE_INDEX_MAX_ENTRIES)
		return json_bad(err, what, "names %zu images, more than the %d allowed", json_array_size(manifests),
			IMAGE_INDEX_MAX_ENTRIES);
	index.entries = xcalloc(json_array_size(manifests) + 1, sizeof(*index.entries));
	json_array_foreach(manifests, i, entry)
	{
		r = descriptor_parse(entry, what, &index.entries[index.n], err);
		if (r < 0)
			return r;
		index.n++;
	}
	*ret = index;
	index = (struct image_index){0};
	return 0;
}
