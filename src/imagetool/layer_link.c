/* SPDX-License-Identifier: Apache-2.0 */
/* Hard links, also into the layers below. */
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/resolve.h"
#include "sbx/str.h"

#define COPY_BYTES (256u << 10)

static int copy_data(int from, int to, struct sbx_err *err)
{
	_cleanup_free_ char *buf = xmalloc(COPY_BYTES);

	for (;;) {
		ssize_t n = read(from, buf, COPY_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sbx_fail(err, -errno, "read the file below");
		if (n == 0)
			return 0;
		int r = write_all(to, buf, (size_t)n);
		if (r < 0)
			return sbx_fail(err, r, "copy the file below");
	}
}

static int copy_file(
	struct layer_writer *w, const struct lower_file *from, int dir_fd, const char *leaf, struct sbx_err *err)
{
	_cleanup_close_ int in = openat(from->dir_fd, from->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_close_ int out = openat(dir_fd, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	const struct timespec times[2] = {from->st.st_atim, from->st.st_mtim};

	if (in < 0 || out < 0)
		return sbx_fail(err, -errno, "open to copy %s", from->name);
	int r = copy_data(in, out, err);
	if (r >= 0)
		r = layer_chown_fd(w, out, from->st.st_uid, from->st.st_gid, err);
	if (r < 0)
		return r;
	if (fchmod(out, from->st.st_mode & 07777) < 0)
		return sbx_fail(err, -errno, "set the mode of a copy");
	r = layer_xattrs_copy(w, in, out, err);
	if (r < 0)
		return r;
	return futimens(out, times) < 0 ? sbx_fail(err, -errno, "set the times of a copy") : 0;
}

/* copy_node - a link or a FIFO. */
static int copy_node(
	struct layer_writer *w, const struct lower_file *from, int dir_fd, const char *leaf, struct sbx_err *err)
{
	const struct timespec times[2] = {from->st.st_atim, from->st.st_mtim};
	char target[PATH_MAX];
	int r;

	if (S_ISLNK(from->st.st_mode)) {
		ssize_t n = readlinkat(from->dir_fd, from->name, target, sizeof(target) - 1);
		if (n < 0)
			return sbx_fail(err, -errno, "read the link %s", from->name);
		target[n] = '\0';
		r = symlinkat(target, dir_fd, leaf);
	} else {
		r = mknodat(dir_fd, leaf, S_IFIFO | (from->st.st_mode & 07777), 0);
	}
	if (r < 0)
		return sbx_fail(err, -errno, "copy %s", from->name);
	r = layer_chown_at(w, dir_fd, leaf, from->st.st_uid, from->st.st_gid, err);
	if (r < 0)
		return r;
	return utimensat(dir_fd, leaf, times, AT_SYMLINK_NOFOLLOW) < 0
		       ? sbx_fail(err, -errno, "set the times of a copy")
		       : 0;
}

int layer_copy_up(
	struct layer_writer *w, const struct lower_file *from, int dir_fd, const char *leaf, struct sbx_err *err)
{
	switch (from->st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(w, from, dir_fd, leaf, err);
	case S_IFLNK:
	case S_IFIFO:
		return copy_node(w, from, dir_fd, leaf, err);
	default:
		return sbx_fail_plain(err, -EINVAL, "the file it links to is a directory or a device");
	}
}

/* link_here - link to a file of this layer.  Returns 1; 0 there is none (or a whiteout: then *ret_deleted). */
static int link_here(struct layer_writer *w, const char *target, int dir_fd, const char *leaf, bool *ret_deleted,
	struct sbx_err *err)
{
	const char *slash = strrchr(target, '/'), *name = slash ? slash + 1 : target;
	_cleanup_free_ char *parent = slash ? xstrndup(target, (size_t)(slash - target)) : xstrdup(".");
	struct stat st;
	int was;

	*ret_deleted = false;
	_cleanup_close_ int from = resolve_in_root(w->root_fd, parent, O_PATH | O_DIRECTORY, NULL);
	if (from == -ENOENT || from == -ENOTDIR)
		return 0;
	if (from < 0)
		return sbx_fail(err, from, "open %s", parent);
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : sbx_fail(err, -errno, "stat %s", target);
	if (stat_is_whiteout(&st)) {
		*ret_deleted = true;
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return sbx_fail_plain(err, -EINVAL, "it is a hard link to a directory");
	if (linkat(from, name, dir_fd, leaf, 0) == 0)
		return 1;
	if (errno == EEXIST) {
		struct stat own;
		/* Twice the same link, or a link to itself. */
		if (fstatat(dir_fd, leaf, &own, AT_SYMLINK_NOFOLLOW) == 0 && own.st_dev == st.st_dev &&
			own.st_ino == st.st_ino)
			return 1;
		int r = layer_make_way(w, dir_fd, leaf, &was, err);
		if (r < 0)
			return r;
		if (linkat(from, name, dir_fd, leaf, 0) == 0)
			return 1;
	}
	return sbx_fail(err, -errno, "link it to %s", target);
}

/* link_below - the target is a file of a layer below: that file is brought up to its own place here, as overlayfs
 * does when somebody links, so that both names stay one file.  Where this layer also deletes it, the copy takes the
 * link's place. */
static int link_below(struct layer_writer *w, const char *path, const char *target, bool deleted, struct sbx_err *err)
{
	_cleanup_lower_file_ struct lower_file below = LOWER_FILE_NONE;
	const char *leaf;
	int was, r = layer_lower(w, err);

	if (r >= 0)
		r = lower_find(&w->lower, target, &below, err);
	if (r < 0)
		return r;
	if (r == 0)
		return sbx_fail_plain(err, -ENOENT,
			"it is a hard link to %s, which is neither in this layer nor in those below", target);
	const char *to = deleted ? path : target;
	int dir_fd = layer_parent(w, to, &leaf, err);
	if (dir_fd < 0)
		return dir_fd;
	if (deleted) {
		r = layer_make_way(w, dir_fd, leaf, &was, err);
		return r < 0 ? r : layer_copy_up(w, &below, dir_fd, leaf, err);
	}
	r = layer_copy_up(w, &below, dir_fd, leaf, err);
	if (r >= 0)
		strv_add(&w->copied_up, target);
	return r;
}

int layer_link_write(struct layer_writer *w, const char *path, const char *target_text, struct sbx_err *err)
{
	_cleanup_free_ char *target = NULL;
	const char *leaf;
	bool deleted = false;
	int r = layer_path_clean(target_text, &target, err);

	if (r < 0)
		return sbx_err_prefix(err, r, "its target");
	if (!*target)
		return sbx_fail_plain(err, -EINVAL, "it is a hard link to the root");
	if (strv_contains(&w->devices, target)) {
		strv_add(&w->devices, path);
		return 0;
	}
	for (int i = 0; i < 2; i++) {
		int dir_fd = layer_parent(w, path, &leaf, err);
		r = dir_fd < 0 ? dir_fd : link_here(w, target, dir_fd, leaf, &deleted, err);
		if (r != 0)
			return r < 0 ? r : 0;
		if (i > 0)
			break;
		r = link_below(w, path, target, deleted, err);
		if (r < 0 || deleted)
			return r;
	}
	return sbx_fail_plain(err, -ENOENT, "it is a hard link to %s, which is not to be reached", target);
}
