/* SPDX-License-Identifier: Apache-2.0 */
/* sbx-image import SOURCE [NAME]: an image from a file or a directory into the store. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include "origin.h"
#include "sbx/cleanup.h"
#include "sbx/idmap.h"
#include "sbx/str.h"
#include "tool.h"
#include "unpack.h"

struct import {
	struct image_ref ref; /* the source */
	char *name;           /* to store it by, or NULL */
	const char *map_name; /* to unpack for, or NULL: not now */
	bool quiet;           /* print the image ID alone */
	bool if_changed;      /* say nothing where nothing was to be done, and make up no name */
	struct platform platform;
	struct progress progress;
	struct image_store store;
	struct source_print print;
};

static void import_free(struct import *im)
{
	image_ref_free(&im->ref);
	free(im->name);
	store_close(&im->store);
}
#define _cleanup_import_ __attribute__((cleanup(import_free)))

/* lock_content - shared; and where nobody else imports, what a killed import left is removed first. */
static int lock_content(const struct image_store *store, struct sbx_err *err)
{
	_cleanup_close_ int fd = store_lock_content(store, true, NULL);

	if (fd < 0)
		return store_lock_content(store, false, err);
	int r = origin_stages_remove(store, err);
	if (r < 0)
		return r;
	if (flock(fd, LOCK_SH) < 0)
		return sbx_fail(err, -errno, "lock the store %s", store->path);
	return steal_fd(&fd);
}

/* name_default - what the source calls the image; else the source's own file name. */
static char *name_default(const struct import *im, const char *found_name)
{
	static const char *const ends[] = {".gz", ".xz", ".zst", ".bz2", ".tar", ".tgz", NULL};

	if (found_name && strpbrk(found_name, ":/") && image_name_check(found_name, NULL) == 0)
		return xstrdup(found_name);
	_cleanup_free_ char *path = xstrdup(im->ref.name);
	for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	for (size_t i = 0; ends[i]; i++)
		if (str_ends(base, ends[i]))
			base[strlen(base) - strlen(ends[i])] = '\0';
	for (char *p = base; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	_cleanup_free_ char *name = xasprintf("%s:%s", base, found_name ? found_name : "latest");
	return image_name_check(name, NULL) == 0 ? steal_ptr(name) : NULL;
}

static int layers_check(const struct image *image, struct sbx_err *err)
{
	for (size_t i = 0; i < image->n_layers; i++)
		if (strstr(image->layers[i].media_type, "foreign") ||
			strstr(image->layers[i].media_type, "nondistributable"))
			return sbx_fail_plain(err, -EINVAL,
				"layer %zu is a foreign one, to be fetched from somewhere else: such images are "
				"refused",
				i + 1);
	return 0;
}

static int blob_import(
	struct origin *o, const struct digest *digest, uint64_t size_bytes, const char *what, struct sbx_err *err)
{
	_cleanup_close_ int owned = -1;
	uint64_t offset = 0;
	int fd, r = 0;

	if (!blob_batch_has(o->batch, digest, size_bytes)) {
		r = origin_blob(o, digest, &fd, &offset, &owned, err);
		if (r >= 0)
			r = blob_batch_copy(o->batch, digest, size_bytes, fd, offset, err);
	}
	return r < 0 ? sbx_err_prefix(err, r, "%s", what) : 0;
}

/* blobs_import - all that the manifest names, then the manifest. */
static int blobs_import(struct import *im, struct origin *o, const struct image *image, struct sbx_err *err)
{
	_cleanup_descriptor_ struct descriptor config = {0};
	_cleanup_free_ char *manifest = NULL;
	uint64_t total = 0;
	size_t n;
	int r = blob_read(o->layout_fd, &o->manifest, "the manifest", &manifest, &n, err);

	if (r >= 0)
		r = manifest_config(manifest, n, &config, err);
	for (size_t i = 0; i < image->n_layers; i++)
		total += image->layers[i].size_bytes;
	progress_begin(&im->progress, "copy", total);
	for (size_t i = 0; r >= 0 && i < image->n_layers; i++) {
		_cleanup_free_ char *what = xasprintf("layer %zu of %zu", i + 1, image->n_layers);
		r = blob_import(o, &image->layers[i].digest, image->layers[i].size_bytes, what, err);
	}
	if (r >= 0)
		r = blob_import(o, &config.digest, config.size_bytes, "the configuration", err);
	if (r >= 0)
		r = blob_import(o, &o->manifest.digest, o->manifest.size_bytes, "the manifest", err);
	progress_clear(&im->progress);
	return r < 0 ? sbx_err_prefix(err, r, "%s", im->ref.name) : blob_batch_commit(o->batch, err);
}

/* entry_add - what makes the import count: from here the store refers to it. */
static int entry_add(struct import *im, const struct origin *o, const struct image *image, struct sbx_err *err)
{
	_cleanup_descriptor_ struct descriptor d = {0};

	descriptor_copy(&d, &o->manifest);
	free(d.ref_name);
	d.ref_name = xstrdup(im->name);
	d.platform = image->platform;
	d.has_source = !digest_eq(&o->source, &d.digest);
	d.source = o->source;
	int r = index_add(&im->store, &d, err);
	return r < 0 ? r : source_record(&im->store, &im->ref, &im->platform, &im->print, &d.digest, err);
}

static void result_print(const struct import *im, const struct image *image, const char *what)
{
	const char *name = im->name ? im->name : image->name;

	if (im->quiet) {
		printf("sha256:%s\n", image->config_digest.hex);
		return;
	}
	printf("%s %s%ssha256:%.12s (%zu layer%s)\n", what, name ? name : "", name ? " " : "", image->config_digest.hex,
		image->n_layers, image->n_layers == 1 ? "" : "s");
}

static int layers_unpack(struct import *im, const struct image *image, size_t *ret_new, struct sbx_err *err)
{
	*ret_new = 0;
	if (!im->map_name)
		return 0;
	int r = image_unpack(&im->store, image, im->map_name, &im->progress, ret_new, err);
	return r < 0 ? sbx_err_prefix(err, r, "%s", im->ref.name) : 0;
}

/* import_known - the source has not changed since it was imported.  What is missing may be the name or the layers. */
static int import_known(struct import *im, const struct image *image, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	size_t n_new = 0;
	int added = 0, r = index_read(&im->store, &index, err);

	for (size_t i = 0; r >= 0 && im->name && i < index.n; i++) {
		if (!digest_eq(&index.entries[i].digest, &image->manifest_digest))
			continue;
		_cleanup_descriptor_ struct descriptor d = {0};
		descriptor_copy(&d, &index.entries[i]);
		free(d.ref_name);
		d.ref_name = xstrdup(im->name);
		r = added = index_add(&im->store, &d, err);
		break;
	}
	if (r >= 0)
		r = layers_unpack(im, image, &n_new, err);
	if (r < 0)
		return r;
	if (added || n_new || !im->if_changed)
		result_print(im, image, added ? "named" : n_new ? "unpacked" : "unchanged, nothing to do:");
	return 0;
}

static int import_new(struct import *im, struct sbx_err *err)
{
	_cleanup_batch_ struct blob_batch batch = {.dir_fd = -1};
	_cleanup_origin_ struct origin o = {.store = &im->store,
		.ref = &im->ref,
		.platform = &im->platform,
		.batch = &batch,
		.layout_fd = -1,
		.archive_fd = -1};
	_cleanup_image_ struct image *image = NULL;
	size_t n_new;
	int r = blob_batch_open(&batch, &im->store, &im->progress, err);

	if (r >= 0)
		r = origin_open(&o, err);
	if (r >= 0)
		r = image_load(o.layout_fd, NULL, &o.manifest, &image, err);
	if (r >= 0)
		r = layers_check(image, err);
	if (r >= 0)
		r = blobs_import(im, &o, image, err);
	if (r >= 0)
		r = layers_unpack(im, image, &n_new, err);
	if (r < 0)
		return r;
	if (!im->name && !im->if_changed)
		im->name = name_default(im, o.found_name);
	r = entry_add(im, &o, image, err);
	if (r >= 0)
		result_print(im, image, "imported");
	return r;
}

static int import_run(struct import *im, struct sbx_err *err)
{
	_cleanup_image_ struct image *known = NULL;
	_cleanup_close_ int lock = -1;
	/* Before it is read: a change while it is read is a change after it was imported. */
	int r = source_print_take(&im->ref, &im->print, err);

	if (r >= 0)
		r = store_open(true, &im->store, err);
	if (r < 0)
		return r;
	lock = lock_content(&im->store, err);
	if (lock < 0)
		return lock;
	r = image_find_source(&im->store, &im->ref, &im->platform, &known, err);
	if (r == -ENOENT) {
		*err = (struct sbx_err){0};
		return import_new(im, err);
	}
	return r < 0 ? r : import_known(im, known, err);
}

/* import_name - NAME as it is stored, with a tag. */
static int import_name(struct import *im, const char *text, struct sbx_err *err)
{
	_cleanup_ref_ struct image_ref ref = {0};
	int r = image_ref_parse(text, &ref, err);

	if (r < 0)
		return r;
	if (ref.transport != IMAGE_NAME || ref.has_digest || !ref.name)
		return sbx_fail_plain(err, -EINVAL, "\"%s\" is no name for an image: NAME or NAME:TAG", text);
	r = image_name_check(ref.name, err);
	if (r >= 0)
		im->name = xstrdup(ref.name);
	return r;
}

int tool_import(int argc, char **argv)
{
	enum { OPT_MAP = 256, OPT_IF_CHANGED, OPT_QUIET_ID, OPT_PROGRESS, OPT_PLATFORM };
	static const struct option options[] = {
		{"map", required_argument, NULL, OPT_MAP},
		{"if-changed", no_argument, NULL, OPT_IF_CHANGED},
		{"quiet", no_argument, NULL, OPT_QUIET_ID},
		{"progress", required_argument, NULL, OPT_PROGRESS},
		{"platform", required_argument, NULL, OPT_PLATFORM},
		{0},
	};
	_cleanup_import_ struct import im = {.store = {.fd = -1}};
	enum progress_mode mode = PROGRESS_AUTO;
	struct sbx_err err = {0};
	int opt, r = 0;

	platform_host(&im.platform);
	opterr = 0;
	while (r >= 0 && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case OPT_MAP:
			im.map_name = optarg;
			break;
		case OPT_IF_CHANGED:
			im.if_changed = true;
			break;
		case OPT_QUIET_ID:
			im.quiet = true;
			break;
		case OPT_PROGRESS:
			if (progress_parse(optarg, &mode) < 0)
				return tool_usage("--progress is auto, plain or none, not \"%s\"", optarg);
			break;
		case OPT_PLATFORM:
			r = platform_parse(optarg, &im.platform, &err);
			break;
		default:
			return tool_usage("import: unknown option or missing value: %s", argv[optind - 1]);
		}
	}
	if (argc - optind < 1 || argc - optind > 2)
		return tool_usage("import: SOURCE and at most one NAME");
	progress_init(&im.progress, mode);
	if (r >= 0)
		r = image_ref_parse(argv[optind], &im.ref, &err);
	if (r >= 0 && argc - optind == 2)
		r = import_name(&im, argv[optind + 1], &err);
	if (r >= 0)
		r = import_run(&im, &err);
	return r < 0 ? tool_fail(&err) : TOOL_OK;
}
