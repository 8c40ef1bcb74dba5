/* SPDX-License-Identifier: Apache-2.0 */

/* What is still referred to, and the removal of everything else. */

#include "gc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

/* Everything that must stay. */
struct marks {
	const struct image_store *store;
	struct strv blobs, chains; /* hex; sorted before they are asked */
	struct strv manifests;
};

static void marks_free(struct marks *m)
{
	strv_clear(&m->blobs);
	strv_clear(&m->chains);
	strv_clear(&m->manifests);
}

void gc_result_free(struct gc_result *result)
{
	strv_clear(&result->removed);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct strv *list)
{
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), compare);
}

static bool marked(const struct strv *list, const char *hex)
{
	return list->n && bsearch(&hex, list->v, list->n, sizeof(*list->v), compare);
}

static int mark_image(struct marks *m, const struct descriptor *d, struct sbx_err *err)
{
	_cleanup_image_ struct image *image = NULL;
	int r = image_load(m->store->fd, d->ref_name, d, &image, err);

	if (r < 0)
		return r;
	strv_add(&m->manifests, d->digest.hex);
	strv_add(&m->blobs, d->digest.hex);
	strv_add(&m->blobs, image->config_digest.hex);
	for (size_t i = 0; i < image->n_layers; i++) {
		strv_add(&m->blobs, image->layers[i].digest.hex);
		strv_add(&m->chains, image->layers[i].chain_id.hex);
	}
	return 0;
}

/* mark - an entry and all below it.  Other tools put indexes of many platforms into the store, of which perhaps one
 * platform's blobs are there: what is absent needs no mark. */
static int mark(struct marks *m, const struct descriptor *d, unsigned depth, struct sbx_err *err)
{
	_cleanup_free_ char *path = xasprintf("blobs/sha256/%s", d->digest.hex), *bytes = NULL;
	_cleanup_index_ struct image_index index = {0};
	size_t n;

	if (depth > 0 && faccessat(m->store->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (media_type_is_manifest(d->media_type))
		return mark_image(m, d, err);
	strv_add(&m->blobs, d->digest.hex);
	if (!media_type_is_index(d->media_type) || depth >= IMAGE_INDEX_MAX_DEPTH)
		return 0;
	int r = blob_read(m->store->fd, d, "the image's index", &bytes, &n, err);
	if (r >= 0)
		r = image_index_parse(bytes, n, "the image's index", &index, err);
	for (size_t i = 0; r >= 0 && i < index.n; i++)
		r = mark(m, &index.entries[i], depth + 1, err);
	return r;
}

static int mark_index(struct marks *m, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	int r = index_read(m->store, &index, err);

	for (size_t i = 0; r >= 0 && i < index.n; i++) {
		const struct descriptor *d = &index.entries[i];
		r = mark(m, d, 0, err);
		if (r < 0) {
			_cleanup_free_ char *id = xasprintf("sha256:%s", d->digest.hex);
			return sbx_err_prefix(err, r,
				"image %s is damaged, remove it first (`sbx image rm %s`) or import it again",
				d->ref_name ? d->ref_name : id, d->ref_name ? d->ref_name : id);
		}
	}
	return r < 0 ? r : 0;
}

/* each - call @f for each name in the directory @path of the store but "." and ".."; a missing directory is empty.
 * The names are read before the first call, which may remove them. */
static int each(const struct image_store *store, const char *path,
	int (*f)(void *data, const char *path, const char *name, struct sbx_err *err), void *data, struct sbx_err *err)
{
	_cleanup_strv_ struct strv names = {0};
	int fd = openat(store->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), r = 0;
	_cleanup_dir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return errno == ENOENT ? 0 : sbx_fail(err, -errno, "open %s/%s", store->path, path);
	for (const struct dirent *d; (d = readdir(dir));)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			strv_add(&names, d->d_name);
	sort(&names);
	for (size_t i = 0; r >= 0 && i < names.n; i++)
		r = f(data, path, names.v[i], err);
	return r;
}

/* mark_used - an image whose lock 1 is held.  A lock that nobody holds is removed while it is ours. */
static int mark_used(void *data, const char *path, const char *name, struct sbx_err *err)
{
	struct marks *m = data;
	_cleanup_free_ char *lock = xasprintf("%s/%s", path, name), *blob = xasprintf("blobs/sha256/%s", name);
	_cleanup_free_ char *id = xasprintf("sha256:%s", name);
	struct descriptor d = {.media_type = (char *)"application/vnd.oci.image.manifest.v1+json"};
	struct stat st;

	if (digest_parse(id, &d.digest, NULL) < 0)
		return 0;
	_cleanup_close_ int fd = image_use_exclusive(m->store, &d.digest, err);
	if (fd >= 0) {
		unlinkat(m->store->fd, lock, 0);
		return 0;
	}
	if (fd != -EBUSY)
		return fd;
	if (fstatat(m->store->fd, blob, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	d.size_bytes = (uint64_t)st.st_size;
	return mark_image(m, &d, err);
}

/* A removal under way. */
struct sweep {
	const struct image_store *store;
	struct marks marks;
	struct gc_result *result;
	struct sbx_err first; /* what could not be removed; the rest goes on */
};

static void note_removed(struct sweep *s, const char *path, const char *name)
{
	strv_addf(&s->result->removed, "%s/%s", path, name);
}

static int sweep_blob(void *data, const char *path, const char *name, struct sbx_err *err)
{
	struct sweep *s = data;
	_cleanup_free_ char *file = xasprintf("%s/%s", path, name);
	struct stat st;

	if (marked(&s->marks.blobs, name))
		return 0;
	if (fstatat(s->store->fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : sbx_fail(err, -errno, "stat %s/%s", s->store->path, file);
	int r = tree_remove(s->store->fd, file, err);
	if (r < 0)
		return r;
	s->result->freed_bytes += (uint64_t)st.st_size;
	note_removed(s, path, name);
	return 0;
}

/* A folder of layers, and those of them that go. */
struct sweep_map {
	const struct sweep *sweep;
	struct strv names;
	size_t n_kept;
};

/* The lock of those who unpack, who hold lock 2 as well: nobody has it while layers are removed. */
#define MAP_LOCK ".lock"

static int pick_layer(void *data, const char *path, const char *name, struct sbx_err *err)
{
	struct sweep_map *map = data;

	(void)path;
	(void)err;
	if (strcmp(name, MAP_LOCK) == 0)
		return 0;
	if (marked(&map->sweep->marks.chains, name))
		map->n_kept++;
	else
		strv_add(&map->names, name);
	return 0;
}

/* sweep_map - the layers of one id map; the folder goes with the last of them. */
static int sweep_map(void *data, const char *path, const char *name, struct sbx_err *err)
{
	struct sweep *s = data;
	struct sweep_map map = {.sweep = s};
	_cleanup_free_ char *dir = xasprintf("%s/%s", path, name);
	struct sbx_err why = {0};
	int r = each(s->store, dir, pick_layer, &map, err);

	if (r == 0 && layer_trees_remove(s->store, name, &map.names, &why) < 0 && !s->first.code)
		s->first = why;
	for (size_t i = 0; r == 0 && i < map.names.n; i++) {
		_cleanup_free_ char *tree = xasprintf("%s/%s", dir, map.names.v[i]);
		if (faccessat(s->store->fd, tree, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			note_removed(s, dir, map.names.v[i]);
	}
	strv_clear(&map.names);
	if (r == 0 && map.n_kept == 0) {
		_cleanup_free_ char *lock = xasprintf("%s/" MAP_LOCK, dir);
		unlinkat(s->store->fd, lock, 0);
		unlinkat(s->store->fd, dir, AT_REMOVEDIR); /* not where one resisted */
	}
	return r;
}

/* sweep_source - a record that names an image which has gone, or is no record. */
static int sweep_source(void *data, const char *path, const char *name, struct sbx_err *err)
{
	struct sweep *s = data;
	_cleanup_free_ char *file = xasprintf("%s/%s", path, name), *bytes = NULL;
	size_t n;

	(void)err;
	if (read_file_at(s->store->fd, file, 1 << 16, &bytes, &n, NULL) == 0) {
		json_auto_t *root = json_load_bounded(bytes, n, "the record", NULL);
		const char *manifest = json_string_value(json_object_get(root, "manifest"));
		if (manifest && str_starts(manifest, "sha256:") &&
			marked(&s->marks.manifests, manifest + strlen("sha256:")))
			return 0;
	}
	if (unlinkat(s->store->fd, file, 0) == 0)
		note_removed(s, path, name);
	return 0;
}

/* sweep_temporary - what a killed writer of index.json or oci-layout left (file_write_durable). */
static int sweep_temporary(void *data, const char *path, const char *name, struct sbx_err *err)
{
	struct sweep *s = data;

	(void)err;
	if ((str_starts(name, ".index.json.tmp-") || str_starts(name, ".oci-layout.tmp-")) &&
		unlinkat(s->store->fd, name, 0) == 0)
		note_removed(s, path, name);
	return 0;
}

int gc_run(const struct image_store *store, struct gc_result *ret, struct sbx_err *err)
{
	struct sweep s = {.store = store, .marks = {.store = store}, .result = ret};
	_cleanup_close_ int content = store_lock_content(store, true, err);
	int r = content < 0 ? content : 0;

	/* The index before the locks of use: image_use takes the lock and then looks whether the index has the image,
	 * so one that is found in neither here is used by nobody. */
	if (r == 0)
		r = mark_index(&s.marks, err);
	if (r == 0)
		r = each(store, "use", mark_used, &s.marks, err);
	sort(&s.marks.blobs);
	sort(&s.marks.chains);
	sort(&s.marks.manifests);
	/* Trees first: a blob that is there with no tree is complete, a tree whose blob has gone is not known to
	 * anybody. */
	if (r == 0)
		r = each(store, "layers", sweep_map, &s, err);
	if (r == 0)
		r = each(store, "sources", sweep_source, &s, err);
	if (r == 0)
		r = each(store, "blobs/sha256", sweep_blob, &s, err);
	if (r == 0) {
		_cleanup_close_ int lock = store_lock_index(store, err);
		r = lock < 0 ? lock : each(store, ".", sweep_temporary, &s, err);
	}
	marks_free(&s.marks);
	store_reserve_make(store);
	if (r == 0 && s.first.code)
		return sbx_fail_plain(err, s.first.code, "%s", s.first.msg);
	return r;
}
