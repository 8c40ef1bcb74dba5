/* SPDX-License-Identifier: Apache-2.0 */

/* sbx image rm, sbx rmi: a name leaves the index; with an image's last name its bytes go, as far as no other image has
 * them.  sbx image prune: images without a name, and what killed imports left. */

#include "gc.h"
#include "tool.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

/* label - how messages name an entry.  New, escaped. */
static char *label(const struct descriptor *entry)
{
	_cleanup_free_ char *id = xasprintf("sha256:%.12s", entry->digest.hex);

	return text_escape(entry->ref_name ? entry->ref_name : id);
}

/* entries_of - how many entries an image has. */
static size_t entries_of(const struct image_index *index, const struct digest *digest)
{
	size_t n = 0;

	for (size_t i = 0; i < index->n; i++)
		n += digest_eq(&index->entries[i].digest, digest);
	return n;
}

/* locks_take - lock 1 of every image that the entry's last mention holds: its own, or each of an index of many
 * platforms. *ret_fds: up to @room, closed by the caller. */
static int locks_take(const struct image_store *store, const struct descriptor *entry, unsigned depth, int *ret_fds,
	size_t room, size_t *ret_n, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	_cleanup_free_ char *bytes = NULL;
	size_t n;

	if (!media_type_is_index(entry->media_type)) {
		if (*ret_n == room)
			return sbx_fail_plain(err, -E2BIG, "it holds too many images");
		int fd = image_use_exclusive(store, &entry->digest, err);
		if (fd < 0)
			return fd;
		ret_fds[(*ret_n)++] = fd;
		return 0;
	}
	/* A damaged index cannot be in use, and must be removable. */
	if (depth >= IMAGE_INDEX_MAX_DEPTH || blob_read(store->fd, entry, "", &bytes, &n, NULL) < 0 ||
		image_index_parse(bytes, n, "", &index, NULL) < 0)
		return 0;
	int r = 0;
	for (size_t i = 0; r == 0 && i < index.n; i++)
		r = locks_take(store, &index.entries[i], depth + 1, ret_fds, room, ret_n, err);
	return r;
}

static int entry_remove(
	const struct image_store *store, const struct descriptor *entry, bool force, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	int fds[256];
	size_t n_fds = 0;
	int r = index_read(store, &index, err);

	if (r == 0 && !force && entries_of(&index, &entry->digest) <= 1)
		r = locks_take(store, entry, 0, fds, ARRAY_SIZE(fds), &n_fds, err);
	if (r == 0)
		r = index_remove(store, entry->ref_name, &entry->digest, err);
	while (n_fds > 0)
		close(fds[--n_fds]);
	return r;
}

int image_entry_remove(const struct image_store *store, const struct descriptor *entry, bool force, struct sbx_err *err)
{
	int r = entry_remove(store, entry, force, err);

	if (r == -ENOSPC || r == -EDQUOT) {
		store_reserve_drop(store);
		r = entry_remove(store, entry, force, err);
	}
	if (r >= 0)
		return 0;
	_cleanup_free_ char *name = label(entry);
	return sbx_err_prefix(err, r, "image %s%s", name,
		r == -EBUSY ? " is in use (stop the sandbox first, or use --force to keep its bytes until then)" : "");
}

/* wanted - whether an entry is what a word of the command line names.  Without reading the image, so that a damaged one
 * can be removed; other spellings and short IDs are image_find's matter. */
static bool wanted(const struct descriptor *entry, const char *word)
{
	_cleanup_ref_ struct image_ref ref = {0};

	if (str_eq(entry->ref_name, word))
		return true;
	if (image_ref_parse(word, &ref, NULL) < 0 || ref.transport != IMAGE_NAME)
		return false;
	if (ref.has_digest)
		return digest_eq(&entry->digest, &ref.digest);
	return str_eq(entry->ref_name, ref.name);
}

/* is_id - whether the image was found by the digits of its ID. */
static bool is_id(const struct image_ref *ref, const struct image *image)
{
	size_t n = strcspn(ref->name, ":");

	return ref->tag_default && (strncmp(image->config_digest.hex, ref->name, n) == 0 ||
					   strncmp(image->manifest_digest.hex, ref->name, n) == 0);
}

/* remove_word - all that a word names: the entries of that name, or, by ID or digest, the image with all its names. */
static int remove_word(const struct image_store *store, const char *word, bool force, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	_cleanup_image_ struct image *image = NULL;
	_cleanup_ref_ struct image_ref ref = {0};
	bool any = false;
	int r = index_read(store, &index, err);

	for (size_t i = 0; r == 0 && i < index.n; i++) {
		if (!wanted(&index.entries[i], word))
			continue;
		any = true;
		r = image_entry_remove(store, &index.entries[i], force, err);
	}
	if (any || r < 0)
		return r;
	r = image_ref_parse(word, &ref, err);
	if (r == 0)
		r = tool_find(store, word, &image, err);
	if (r < 0)
		return r;
	/* Found by another spelling of its name: that entry.  By ID, digest or source: all its entries. */
	bool by_name = ref.transport == IMAGE_NAME && !ref.has_digest && !is_id(&ref, image);
	for (size_t i = 0; r == 0 && i < index.n; i++) {
		const struct descriptor *entry = &index.entries[i];
		if (!digest_eq(&entry->digest, &image->manifest_digest) ||
			(by_name && !str_eq(entry->ref_name, image->name)))
			continue;
		any = true;
		r = image_entry_remove(store, entry, force, err);
	}
	if (r == 0 && !any)
		return sbx_fail_plain(
			err, -EINVAL, "image %s is one platform of an image for many: remove that by its name", word);
	return r;
}

/* collect - gc_run, with "busy" as no failure: the next command does it. */
static int collect(const struct image_store *store, struct gc_result *result, struct sbx_err *err)
{
	int r = gc_run(store, result, err);

	if (r != -EBUSY)
		return r;
	fprintf(stderr,
		"sbx: an import is running: the space is freed by the next `sbx image rm` or `sbx image prune`\n");
	return 0;
}

int tool_rm(int argc, char **argv)
{
	_cleanup_store_ struct image_store store = {.fd = -1};
	_cleanup_gc_ struct gc_result result = {0};
	struct tool_options options;
	struct sbx_err err = {0};
	int first = tool_parse(argc, argv, OPT_FORCE, 1, -1, &options), status = TOOL_OK;

	if (first < 0)
		return TOOL_USAGE;
	if (store_open(false, &store, &err) < 0)
		return tool_fail(&err);
	for (int i = first; i < argc; i++) {
		if (remove_word(&store, argv[i], options.force, &err) < 0) {
			status = tool_fail(&err);
			continue;
		}
		_cleanup_free_ char *safe = text_escape(argv[i]);
		printf("removed %s\n", safe);
	}
	if (collect(&store, &result, &err) < 0)
		status = tool_fail(&err);
	return status;
}

/* prune_nameless - the entries that have lost their name to a later import, but those that a source's record names. */
static int prune_nameless(const struct image_store *store, struct strv *ret_removed, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	int r = index_read(store, &index, err);

	for (size_t i = 0; r == 0 && i < index.n; i++) {
		if (index.entries[i].ref_name)
			continue;
		r = image_entry_remove(store, &index.entries[i], false, err);
		if (r == -EBUSY || r == -ENOENT) { /* in use, or somebody was faster */
			r = 0;
			continue;
		}
		if (r == 0)
			strv_addf(ret_removed, "sha256:%s", index.entries[i].digest.hex);
	}
	return r;
}

static void print_pruned(const struct strv *images, const struct gc_result *result, bool json)
{
	if (json) {
		json_t *list = json_array(), *files = json_array();
		for (size_t i = 0; i < images->n; i++)
			json_array_append_new(list, json_text(images->v[i]));
		for (size_t i = 0; i < result->removed.n; i++)
			json_array_append_new(files, json_text(result->removed.v[i]));
		json_print(json_pack(
			"{s:o, s:o, s:I}", "images", list, "removed", files, "freed", (json_int_t)result->freed_bytes));
		return;
	}
	_cleanup_free_ char *size = size_text(result->freed_bytes);
	for (size_t i = 0; i < images->n; i++)
		printf("removed image %s\n", images->v[i]);
	for (size_t i = 0; i < result->removed.n; i++) {
		_cleanup_free_ char *safe = text_escape(result->removed.v[i]);
		printf("removed %s\n", safe);
	}
	printf("freed %s\n", size);
}

int tool_prune(int argc, char **argv)
{
	_cleanup_store_ struct image_store store = {.fd = -1};
	_cleanup_gc_ struct gc_result result = {0};
	_cleanup_strv_ struct strv images = {0};
	struct tool_options options;
	struct sbx_err err = {0};

	if (tool_parse(argc, argv, OPT_FORMAT, 0, 0, &options) < 0)
		return TOOL_USAGE;
	int r = store_open(false, &store, &err);
	if (r == 0)
		r = prune_nameless(&store, &images, &err);
	if (r == 0)
		r = collect(&store, &result, &err);
	if (r < 0 && r != -ENOENT)
		return tool_fail(&err);
	print_pruned(&images, &result, options.json);
	return TOOL_OK;
}
