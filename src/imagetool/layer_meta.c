/* SPDX-License-Identifier: Apache-2.0 */
/* Owners, attributes, and the modes and times that directories get at the end. */
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/resolve.h"
#include "sbx/str.h"

#define XATTR_LIST_MAX_BYTES 65536 /* xattr(7): XATTR_LIST_MAX, and the same for a value */

bool layer_single(const struct layer_writer *w)
{
	return !w->maps->by_helper;
}

static int owner_check(const struct layer_writer *w, uint32_t uid, uint32_t gid, struct sbx_err *err)
{
	bool user_bad = idmap_to_outside(&w->maps->uid, uid) == UINT32_MAX;

	if (user_bad || idmap_to_outside(&w->maps->gid, gid) == UINT32_MAX)
		return sbx_fail_plain(err, -EOVERFLOW,
			"it belongs to %s %u, which is outside of the ids that are mapped (a wider range in "
			"/etc/sub%s, or "
			"UserNS=single)",
			user_bad ? "user" : "group", user_bad ? uid : gid, user_bad ? "uid" : "gid");
	return 0;
}

/* What is new belongs to 0:0 already: nothing unpacks into set-group-id directories, modes come last. */
int layer_chown_fd(const struct layer_writer *w, int fd, uint32_t uid, uint32_t gid, struct sbx_err *err)
{
	if (layer_single(w))
		return 0;
	int r = owner_check(w, uid, gid, err);
	if (r < 0)
		return r;
	if (fchown(fd, uid, gid) < 0)
		return sbx_fail(err, -errno, "give it to %u:%u", uid, gid);
	return 0;
}

int layer_chown_at(
	const struct layer_writer *w, int dir_fd, const char *name, uint32_t uid, uint32_t gid, struct sbx_err *err)
{
	if (layer_single(w))
		return 0;
	int r = owner_check(w, uid, gid, err);
	if (r < 0)
		return r;
	if (fchownat(dir_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return sbx_fail(err, -errno, "give it to %u:%u", uid, gid);
	return 0;
}

bool layer_xattr_wanted(const struct layer_writer *w, const char *name)
{
	/* What these say to overlayfs, fuse-overlayfs and podman is for us to say, not for an image. */
	static const char *const refused[] = {"user.overlay.", "user.containers.", "user.fuseoverlayfs."};

	/* With one id there are no capabilities to be had from a file. */
	if (strcmp(name, "security.capability") == 0)
		return !layer_single(w);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (str_starts(name, refused[i]))
			return false;
	return str_starts(name, "user.");
}

int layer_xattr_set(
	const struct layer_writer *w, int fd, const char *name, const void *value, size_t size, struct sbx_err *err)
{
	if (!layer_xattr_wanted(w, name) || fsetxattr(fd, name, value, size, 0) == 0)
		return 0;
	/* A file system without them, or symbolic links, FIFOs: podman and umoci do without, too. */
	if (errno == EOPNOTSUPP || errno == EPERM)
		return 0;
	return sbx_fail(err, -errno, "set its attribute %s", name);
}

int layer_xattrs_copy(const struct layer_writer *w, int from_fd, int to_fd, struct sbx_err *err)
{
	_cleanup_free_ char *names = xmalloc(XATTR_LIST_MAX_BYTES), *value = NULL;
	ssize_t n = flistxattr(from_fd, names, XATTR_LIST_MAX_BYTES);

	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : sbx_fail(err, -errno, "list attributes of a file below");
	for (char *name = names; name < names + n; name += strlen(name) + 1) {
		if (!layer_xattr_wanted(w, name))
			continue;
		if (!value)
			value = xmalloc(XATTR_LIST_MAX_BYTES);
		ssize_t size = fgetxattr(from_fd, name, value, XATTR_LIST_MAX_BYTES);
		if (size < 0)
			return sbx_fail(err, -errno, "read the attribute %s of a file below", name);
		int r = layer_xattr_set(w, to_fd, name, value, (size_t)size, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* layer_opaque_set - user., for overlayfs mounted with userxattr; fuse-overlayfs reads the same name. */
int layer_opaque_set(int fd, struct sbx_err *err)
{
	if (fsetxattr(fd, WHITEOUT_OPAQUE_XATTR, "y", 1, 0) == 0)
		return 0;
	if (errno == EOPNOTSUPP)
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"the store's file system has no user extended attributes, which an opaque directory needs "
			"(move the store: XDG_DATA_HOME)");
	return sbx_fail(err, -errno, "mark the directory opaque");
}

void layer_dir_defer(struct layer_writer *w, const char *path, mode_t mode, const struct timespec times[2])
{
	if (w->n_dirs == w->dirs_cap) {
		w->dirs_cap = w->dirs_cap ? 2 * w->dirs_cap : 256;
		w->dirs = xrealloc(w->dirs, w->dirs_cap, sizeof(*w->dirs));
	}
	w->dirs[w->n_dirs++] = (struct dir_meta){xstrdup(path), mode, {times[0], times[1]}};
}

static int dir_set(int fd, const struct dir_meta *dir, struct sbx_err *err)
{
	if (fchmod(fd, dir->mode) < 0)
		return sbx_fail(err, -errno, "set the mode of %s", dir->path);
	if (futimens(fd, dir->times) < 0)
		return sbx_fail(err, -errno, "set the times of %s", dir->path);
	return 0;
}

/* layer_dirs_finish - in the order of the tar, so that of two entries for one directory the later counts.  The order
 * does not matter otherwise: setting a directory's times changes nothing in its parent. */
int layer_dirs_finish(struct layer_writer *w, struct sbx_err *err)
{
	for (size_t i = 0; i < w->n_dirs; i++) {
		const struct dir_meta *dir = &w->dirs[i];
		_cleanup_close_ int fd = resolve_in_root(
			w->root_fd, *dir->path ? dir->path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, NULL);
		/* Gone: a later entry took its place. */
		if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
			continue;
		if (fd < 0)
			return sbx_fail(err, fd, "open %s again", dir->path);
		int r = dir_set(fd, dir, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* layer_root_finish - with nothing below: the usual mode, and a time that is the same each time. */
int layer_root_finish(struct layer_writer *w, struct sbx_err *err)
{
	_cleanup_lower_file_ struct lower_file below = LOWER_FILE_NONE;
	struct timespec times[2] = {{0}, {0}};
	mode_t mode = 0755;
	int r = layer_lower(w, err);

	if (r >= 0)
		r = lower_find(&w->lower, "", &below, err);
	if (r < 0)
		return r;
	if (r > 0) {
		_cleanup_close_ int from = openat(below.dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (from < 0)
			return sbx_fail(err, -errno, "open the layer below");
		r = layer_xattrs_copy(w, from, w->root_fd, err);
		if (r >= 0)
			r = layer_chown_fd(w, w->root_fd, below.st.st_uid, below.st.st_gid, err);
		if (r < 0)
			return r;
		mode = below.st.st_mode & 07777;
		times[0] = below.st.st_atim;
		times[1] = below.st.st_mtim;
	}
	return dir_set(w->root_fd, &(struct dir_meta){(char *)"the root", mode, {times[0], times[1]}}, err);
}
