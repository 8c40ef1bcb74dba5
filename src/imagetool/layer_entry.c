/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of a layer's tar made into a file. */
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

/* Each hard link is compared with the names of all of them. */
#define DEVICES_MAX 4096

/* What an entry says of a file, checked. */
struct entry_meta {
	uint32_t uid, gid;
	mode_t mode;
	struct timespec times[2];
};

static int entry_id(int64_t id, const char *what, uint32_t *ret, struct sbx_err *err)
{
	if (id < 0 || id >= UINT32_MAX)
		return sbx_fail_plain(err, -EINVAL, "its %s id %lld is no id", what, (long long)id);
	*ret = (uint32_t)id;
	return 0;
}

static int entry_meta(struct archive_entry *e, struct entry_meta *ret, struct sbx_err *err)
{
	int r = entry_id(archive_entry_uid(e), "user", &ret->uid, err);

	if (r >= 0)
		r = entry_id(archive_entry_gid(e), "group", &ret->gid, err);
	ret->mode = archive_entry_perm(e) & 07777;
	ret->times[1] = (struct timespec){archive_entry_mtime(e), archive_entry_mtime_nsec(e)};
	ret->times[0] = ret->times[1];
	if (archive_entry_atime_is_set(e))
		ret->times[0] = (struct timespec){archive_entry_atime(e), archive_entry_atime_nsec(e)};
	return r;
}

static int entry_xattrs(const struct layer_writer *w, struct archive_entry *e, int fd, struct sbx_err *err)
{
	const char *name;
	const void *value;
	size_t size;
	int r = 0;

	archive_entry_xattr_reset(e);
	while (r >= 0 && archive_entry_xattr_next(e, &name, &value, &size) == ARCHIVE_OK)
		if (name)
			r = layer_xattr_set(w, fd, name, value, size, err);
	return r;
}

/* entry_finish - owner, mode, attributes, times of a file open for writing.  In this order: a new owner takes
 * set-user-id bits and capabilities away. */
static int entry_finish(const struct layer_writer *w, struct archive_entry *e, int fd, struct sbx_err *err)
{
	struct entry_meta meta;
	int r = entry_meta(e, &meta, err);

	if (r >= 0)
		r = layer_chown_fd(w, fd, meta.uid, meta.gid, err);
	if (r < 0)
		return r;
	if (fchmod(fd, meta.mode) < 0)
		return sbx_fail(err, -errno, "set its mode");
	r = entry_xattrs(w, e, fd, err);
	if (r < 0)
		return r;
	return futimens(fd, meta.times) < 0 ? sbx_fail(err, -errno, "set its times") : 0;
}

int layer_make_way(struct layer_writer *w, int dir_fd, const char *leaf, int *ret_was, struct sbx_err *err)
{
	struct stat st;

	*ret_was = 0;
	if (fstatat(dir_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : sbx_fail(err, -errno, "stat");
	*ret_was = stat_is_whiteout(&st) ? 2 : 1;
	/* What the cached parent was found through may go: a link that led to it, a directory above it. */
	w->parent_stale = true;
	if (S_ISDIR(st.st_mode))
		return tree_remove(dir_fd, leaf, err);
	return unlinkat(dir_fd, leaf, 0) < 0 ? sbx_fail(err, -errno, "replace the earlier entry of this name") : 0;
}

/* data_write - a file's bytes.  Holes stay holes: blocks come with their offsets. */
static int data_write(struct archive *a, struct archive_entry *e, int fd, struct sbx_err *err)
{
	int64_t end = 0, size = archive_entry_size(e);
	const void *block;
	size_t n;
	la_int64_t offset;
	int code;

	while ((code = archive_read_data_block(a, &block, &n, &offset)) == ARCHIVE_OK || code == ARCHIVE_WARN) {
		for (size_t done = 0; done < n;) {
			ssize_t r = pwrite(fd, (const char *)block + done, n - done, offset + (la_int64_t)done);
			if (r < 0 && errno != EINTR)
				return sbx_fail(err, -errno, "write it");
			done += r > 0 ? (size_t)r : 0;
		}
		if (n > 0)
			end = offset + (int64_t)n;
	}
	if (code != ARCHIVE_EOF)
		return sbx_fail_plain(err, -EBADMSG, "%s", archive_error_string(a) ?: "its data is damaged");
	if (end < size && ftruncate(fd, size) < 0)
		return sbx_fail(err, -errno, "make it %lld bytes long", (long long)size);
	return 0;
}

/* A new file at @leaf by @make; what stands there gives way. */
struct maker {
	struct archive *a;
	struct archive_entry *e;
};
typedef int (*make_fn)(const struct maker *m, int dir_fd, const char *leaf);

static int make_file(const struct maker *m, int dir_fd, const char *leaf)
{
	(void)m;
	int fd = openat(dir_fd, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int make_symlink(const struct maker *m, int dir_fd, const char *leaf)
{
	const char *target = archive_entry_symlink(m->e);
	return symlinkat(target ? target : "", dir_fd, leaf) < 0 ? -errno : 0;
}

static int make_fifo(const struct maker *m, int dir_fd, const char *leaf)
{
	(void)m;
	return mknodat(dir_fd, leaf, S_IFIFO | 0600, 0) < 0 ? -errno : 0;
}

static int make_new(
	struct layer_writer *w, make_fn make, const struct maker *m, int dir_fd, const char *leaf, struct sbx_err *err)
{
	int was, r = make(m, dir_fd, leaf);

	if (r == -EEXIST) {
		r = layer_make_way(w, dir_fd, leaf, &was, err);
		if (r < 0)
			return r;
		r = make(m, dir_fd, leaf);
	}
	return r < 0 ? sbx_fail(err, r, "make it") : r;
}

static int file_write(struct layer_writer *w, const struct maker *m, int dir_fd, const char *leaf, struct sbx_err *err)
{
	_cleanup_close_ int fd = make_new(w, make_file, m, dir_fd, leaf, err);
	int r = fd < 0 ? fd : data_write(m->a, m->e, fd, err);

	return r < 0 ? r : entry_finish(w, m->e, fd, err);
}

/* node_write - what cannot be opened for writing: links and FIFOs. */
static int node_write(struct layer_writer *w, const struct maker *m, int dir_fd, const char *leaf, struct sbx_err *err)
{
	bool link = archive_entry_filetype(m->e) == AE_IFLNK;
	struct entry_meta meta;
	int r = entry_meta(m->e, &meta, err);

	if (r >= 0)
		r = make_new(w, link ? make_symlink : make_fifo, m, dir_fd, leaf, err);
	if (r >= 0)
		r = layer_chown_at(w, dir_fd, leaf, meta.uid, meta.gid, err);
	if (r < 0)
		return r;
	/* Not a link's: it has none, and fchmodat would follow it.  A FIFO was made by us a moment ago. */
	if (!link && fchmodat(dir_fd, leaf, meta.mode, 0) < 0)
		return sbx_fail(err, -errno, "set its mode");
	if (utimensat(dir_fd, leaf, meta.times, AT_SYMLINK_NOFOLLOW) < 0)
		return sbx_fail(err, -errno, "set its times");
	return 0;
}

/* dir_at - the directory @leaf: kept where there is one, made where not.  *ret_opaque: whether it stands where
 * something else of this layer stood, so that nothing below may show. */
static int dir_at(struct layer_writer *w, int dir_fd, const char *leaf, bool *ret_opaque, struct sbx_err *err)
{
	int was = 0;

	if (mkdirat(dir_fd, leaf, 0700) < 0) {
		if (errno != EEXIST)
			return sbx_fail(err, -errno, "make the directory");
		int fd = openat(dir_fd, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		int r = layer_make_way(w, dir_fd, leaf, &was, err);
		if (r < 0)
			return r;
		if (mkdirat(dir_fd, leaf, 0700) < 0)
			return sbx_fail(err, -errno, "make the directory");
	}
	*ret_opaque = was != 0;
	int fd = openat(dir_fd, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? sbx_fail(err, -errno, "open the directory") : fd;
}

int layer_dir_write(struct layer_writer *w, struct archive_entry *e, const char *path, struct sbx_err *err)
{
	struct entry_meta meta;
	bool opaque = false;
	const char *leaf = ".";
	int r = entry_meta(e, &meta, err), dir_fd = w->root_fd;

	if (r < 0)
		return r;
	if (*path) {
		dir_fd = layer_parent(w, path, &leaf, err);
		if (dir_fd < 0)
			return dir_fd;
	} else {
		w->root_seen = true;
	}
	_cleanup_close_ int fd = dir_at(w, dir_fd, leaf, &opaque, err);
	if (fd < 0)
		return fd;
	r = opaque ? layer_opaque_set(fd, err) : 0;
	if (r >= 0)
		r = layer_chown_fd(w, fd, meta.uid, meta.gid, err);
	if (r >= 0)
		r = entry_xattrs(w, e, fd, err);
	if (r >= 0)
		layer_dir_defer(w, path, meta.mode, meta.times);
	return r;
}

int layer_entry_write(
	struct layer_writer *w, struct archive *a, struct archive_entry *e, const char *path, struct sbx_err *err)
{
	const struct maker m = {a, e};
	const char *leaf;
	int dir_fd;

	switch (archive_entry_filetype(e)) {
	case AE_IFDIR:
		return layer_dir_write(w, e, path, err);
	case AE_IFREG:
	case AE_IFLNK:
	case AE_IFIFO:
		dir_fd = layer_parent(w, path, &leaf, err);
		if (dir_fd < 0)
			return dir_fd;
		return archive_entry_filetype(e) == AE_IFREG ? file_write(w, &m, dir_fd, leaf, err)
							     : node_write(w, &m, dir_fd, leaf, err);
	case AE_IFCHR:
	case AE_IFBLK:
		/* An ordinary user cannot make one, and /dev is mounted fresh; podman leaves them out, too. */
		if (w->devices.n >= DEVICES_MAX)
			return sbx_fail_plain(err, -E2BIG, "more than %d device nodes in one layer", DEVICES_MAX);
		strv_add(&w->devices, path);
		return 0;
	default:
		return sbx_fail_plain(err, -EINVAL, "it is of an unknown type");
	}
}
