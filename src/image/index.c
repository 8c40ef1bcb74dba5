/* SPDX-License-Identifier: Apache-2.0 */

/* index.json of the store: read by all, changed under lock 3 by writers, who keep what they do not know. */

#include "json.h"

#include <errno.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

#define NAME_KEY "org.opencontainers.image.ref.name"
#define SOURCE_KEY "sbx.source.digest"
static const char what[] = "the store's index.json";

int index_read(const struct image_store *store, struct image_index *ret, struct sbx_err *err)
{
	_cleanup_free_ char *bytes = NULL;
	size_t n;
	int r = read_file_at(store->fd, "index.json", IMAGE_JSON_MAX_BYTES, &bytes, &n, err);

	*ret = (struct image_index){0};
	if (r == -ENOENT) /* a data directory that holds volumes or sandboxes alone */
		return 0;
	if (r < 0)
		return sbx_err_prefix(err, r, "the store %s", store->path);
	r = image_index_parse(bytes, n, what, ret, err);
	return r < 0 ? sbx_err_prefix(err, r, "the store %s", store->path) : 0;
}

/* load_for_change - the document, with "manifests" as a list whose entries have all been checked. */
static int load_for_change(const struct image_store *store, json_t **ret, struct sbx_err *err)
{
	_cleanup_free_ char *bytes = NULL;
	_cleanup_index_ struct image_index index = {0};
	size_t n;
	int r = read_file_at(store->fd, "index.json", IMAGE_JSON_MAX_BYTES, &bytes, &n, err);

	if (r < 0)
		return sbx_err_prefix(err, r, "the store %s", store->path);
	r = image_index_parse(bytes, n, what, &index, err);
	if (r < 0)
		return sbx_err_prefix(err, r, "the store %s", store->path);
	json_t *root = json_load_bounded(bytes, n, what, err);
	if (!root)
		return -EBADMSG;
	if (!json_is_array(json_object_get(root, "manifests")))
		json_object_set_new(root, "manifests", json_array());
	*ret = root;
	return 0;
}

static int save(const struct image_store *store, const json_t *root, struct sbx_err *err)
{
	_cleanup_free_ char *text = json_dumps(root, JSON_INDENT(1));
	size_t n = text ? strlen(text) : 0;

	if (!text)
		return sbx_fail_plain(err, -EBADMSG, "write %s: it cannot be written as JSON", what);
	/* What could not be read again must not be written. */
	if (n >= IMAGE_JSON_MAX_BYTES)
		return sbx_fail_plain(err, -EFBIG,
			"the store %s holds too many images for its index: remove some with `sbx image rm`",
			store->path);
	text[n] = '\n'; /* the NUL's place: only the length counts from here */
	int r = file_write_durable(store->fd, "index.json", text, n + 1, 0600, err);
	return r < 0 ? sbx_err_prefix(err, r, "the store %s", store->path) : 0;
}

static const char *entry_name(const json_t *entry)
{
	return json_string_value(json_object_get(json_object_get(entry, "annotations"), NAME_KEY));
}

static bool entry_is(const json_t *entry, const struct digest *digest)
{
	const char *text = json_string_value(json_object_get(entry, "digest"));

	return text && str_starts(text, "sha256:") && str_eq(text + strlen("sha256:"), digest->hex);
}

static size_t count(const json_t *entries, const struct digest *digest)
{
	const json_t *entry;
	size_t i, n = 0;

	json_array_foreach(entries, i, entry) n += entry_is(entry, digest);
	return n;
}

/* same_platform - whether a new entry takes the other's place under the same name: a name may stand for one image
 * of each platform. */
static bool same_platform(const json_t *entry, const struct descriptor *d)
{
	_cleanup_descriptor_ struct descriptor other = {0};

	if (descriptor_parse(entry, what, &other, NULL) < 0 || !*other.platform.os || !*d->platform.os)
		return true;
	return memcmp(&other.platform, &d->platform, sizeof(d->platform)) == 0;
}

/* take_name - the entries that have the new one's name lose it; those nobody could reach any more for another entry
 * of the same image go.  Returns 1 where the very entry is there already, so that nothing need change. */
static int take_name(json_t *entries, const struct descriptor *d)
{
	for (size_t i = 0; i < json_array_size(entries); i++) {
		json_t *entry = json_array_get(entries, i);
		const char *name = entry_name(entry);
		if (entry_is(entry, &d->digest) && (!d->ref_name || str_eq(name, d->ref_name)))
			return 1;
	}
	for (size_t i = json_array_size(entries); i > 0; i--) {
		json_t *entry = json_array_get(entries, i - 1);
		const char *name = entry_name(entry), *digest = json_string_value(json_object_get(entry, "digest"));
		struct digest own;
		if (entry_is(entry, &d->digest)) {
			if (str_empty(name)) /* the new entry says more */
				json_array_remove(entries, i - 1);
			continue;
		}
		if (!d->ref_name || !str_eq(name, d->ref_name) || !same_platform(entry, d))
			continue;
		if (digest_parse(digest, &own, NULL) == 0 && count(entries, &own) > 1)
			json_array_remove(entries, i - 1);
		else
			json_object_del(json_object_get(entry, "annotations"), NAME_KEY);
	}
	return 0;
}

static json_t *entry_new(const struct descriptor *d)
{
	_cleanup_free_ char *digest = xasprintf("sha256:%s", d->digest.hex);
	_cleanup_free_ char *source = d->has_source ? xasprintf("sha256:%s", d->source.hex) : NULL;
	json_t *entry = json_pack(
		"{s:s, s:s, s:I}", "mediaType", d->media_type, "digest", digest, "size", (json_int_t)d->size_bytes);

	if (entry && *d->platform.os) {
		json_t *platform = json_pack("{s:s, s:s}", "os", d->platform.os, "architecture", d->platform.arch);
		if (*d->platform.variant)
			json_object_set_new(platform, "variant", json_string(d->platform.variant));
		json_object_set_new(entry, "platform", platform);
	}
	if (entry && (d->ref_name || source)) {
		json_t *annotations = json_object();
		if (d->ref_name)
			json_object_set_new(annotations, NAME_KEY, json_string(d->ref_name));
		if (source)
			json_object_set_new(annotations, SOURCE_KEY, json_string(source));
		json_object_set_new(entry, "annotations", annotations);
	}
	return entry;
}

int index_add(const struct image_store *store, const struct descriptor *d, struct sbx_err *err)
{
	json_auto_t *root = NULL;
	int r = d->ref_name ? image_name_check(d->ref_name, err) : 0;

	if (r < 0)
		return r;
	_cleanup_close_ int lock = store_lock_index(store, err);
	r = lock < 0 ? lock : load_for_change(store, &root, err);
	if (r < 0)
		return r;
	json_t *entries = json_object_get(root, "manifests");
	if (take_name(entries, d) == 1)
		return 0;
	if (json_array_size(entries) >= IMAGE_INDEX_MAX_ENTRIES)
		return sbx_fail_plain(err, -EMLINK, "the store %s holds %d images, as many as it can: remove some",
			store->path, IMAGE_INDEX_MAX_ENTRIES);
	if (json_array_append_new(entries, entry_new(d)) < 0)
		return sbx_fail_plain(err, -EINVAL, "the image's entry cannot be written as JSON");
	r = save(store, root, err);
	return r < 0 ? r : 1;
}

int index_remove(const struct image_store *store, const char *name, const struct digest *manifest, struct sbx_err *err)
{
	json_auto_t *root = NULL;
	size_t n_removed = 0;
	_cleanup_close_ int lock = store_lock_index(store, err);
	int r = lock < 0 ? lock : load_for_change(store, &root, err);

	if (r < 0)
		return r;
	json_t *entries = json_object_get(root, "manifests");
	for (size_t i = json_array_size(entries); i > 0; i--) {
		const json_t *entry = json_array_get(entries, i - 1);
		if (!entry_is(entry, manifest) || (name && !str_eq(entry_name(entry), name)))
			continue;
		json_array_remove(entries, i - 1);
		n_removed++;
	}
	if (n_removed == 0)
		return sbx_fail_plain(
			err, -ENOENT, "the image (sha256:%.12s) is no longer in the store", manifest->hex);
	r = save(store, root, err);
	return r < 0 ? r : (int)count(entries, manifest);
}
