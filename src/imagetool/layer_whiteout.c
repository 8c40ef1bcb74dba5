/* SPDX-License-Identifier: Apache-2.0 */
/* Whiteouts: from a tar's names to what overlayfs wants.  Source: OCI image-spec, layer.md, "Whiteouts";
 * Documentation/filesystems/overlayfs.rst. */
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/resolve.h"
#include "sbx/str.h"

#define OPAQUE_NAME ".wh..wh..opq"

/* whiteout_make - @name is gone.  What this same layer has under that name stays: a whiteout speaks of the layers
 * below, wherever it stands in the tar. */
static int whiteout_make(struct layer_writer *w, const char *path, int dir_fd, const char *name, struct sbx_err *err)
{
	for (int i = 0; i < 2; i++) {
		struct stat st;
		if (mknodat(dir_fd, name, S_IFCHR, makedev(0, 0)) == 0) {
			strv_add(&w->whiteouts, path);
			return 0;
		}
		if (errno == EPERM)
			return sbx_fail(err, -EPERM, "make a whiteout (it needs Linux 5.8)");
		if (errno != EEXIST || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return sbx_fail(err, -errno, "make a whiteout");
		if (stat_is_whiteout(&st))
			return 0;
		if (S_ISDIR(st.st_mode)) {
			_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			return fd < 0 ? sbx_fail(err, -errno, "open the directory") : layer_opaque_set(fd, err);
		}
		if (!strv_contains(&w->copied_up, path))
			return 0;
		/* The tar has no such file; it came up from below for the sake of a link. */
		if (unlinkat(dir_fd, name, 0) < 0)
			return sbx_fail(err, -errno, "delete");
	}
	return sbx_fail(err, -EEXIST, "make a whiteout");
}

int layer_whiteout_write(struct layer_writer *w, const char *path, const char *leaf, struct sbx_err *err)
{
	const char *name = leaf + strlen(".wh.");
	const char *ignored;
	int dir_fd;

	if (strcmp(leaf, OPAQUE_NAME) == 0) {
		dir_fd = layer_parent(w, path, &ignored, err);
		if (dir_fd < 0)
			return dir_fd;
		_cleanup_close_ int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? sbx_fail(err, -errno, "open the directory") : layer_opaque_set(fd, err);
	}
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return sbx_fail_plain(err, -EINVAL, "a whiteout without a name");
	dir_fd = layer_parent(w, path, &ignored, err);
	if (dir_fd < 0)
		return dir_fd;
	_cleanup_free_ char *deleted = xasprintf("%.*s%s", (int)(leaf - path), path, name);
	return whiteout_make(w, deleted, dir_fd, name, err);
}

/* below_opaque - whether the directory @dir, or one above it, shows nothing of the layers below.  @dir is cut up. */
static int below_opaque(const struct layer_writer *w, char *dir, struct sbx_err *err)
{
	for (;;) {
		_cleanup_close_ int fd = resolve_in_root(w->root_fd, *dir ? dir : ".", O_RDONLY | O_DIRECTORY, err);
		if (fd < 0)
			return fd;
		if (dir_is_opaque(fd))
			return 1;
		if (!*dir)
			return 0;
		path_pop(dir);
	}
}

/* whiteout_check - overlayfs looks for whiteouts where directories of several layers come together.  In a directory
 * that no lower layer has a part in, readdir would show one as a name that cannot be opened. */
static int whiteout_check(struct layer_writer *w, const char *path, struct sbx_err *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	_cleanup_free_ char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(""), *done = NULL;
	_cleanup_lower_file_ struct lower_file below = LOWER_FILE_NONE;
	struct stat st;

	_cleanup_close_ int dir_fd = layer_walk(w, parent, &done, err);
	if (dir_fd < 0)
		return dir_fd;
	/* A later entry may have taken its place. */
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !stat_is_whiteout(&st))
		return 0;
	_cleanup_free_ char *real = xasprintf("%s/%s", done, name);
	int r = lower_find(&w->lower, real, &below, err);
	if (r > 0) {
		r = below_opaque(w, done, err);
		if (r <= 0)
			return r;
	}
	if (r >= 0 && unlinkat(dir_fd, name, 0) < 0)
		return sbx_fail(err, -errno, "remove a whiteout that hides nothing");
	return r < 0 ? r : 0;
}

int layer_whiteouts_finish(struct layer_writer *w, struct sbx_err *err)
{
	int r = w->whiteouts.n ? layer_lower(w, err) : 0;

	for (size_t i = 0; r >= 0 && i < w->whiteouts.n; i++) {
		r = whiteout_check(w, w->whiteouts.v[i], err);
		if (r < 0)
			return sbx_err_prefix(err, r, "whiteout of %s", w->whiteouts.v[i]);
	}
	return r;
}
