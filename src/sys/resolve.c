/* SPDX-License-Identifier: Apache-2.0 */

/* Untrusted paths below a directory descriptor: openat2(2) where the kernel has it, else (and for what must be made)
 * the walk of resolve_walk.c. */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sbx/resolve.h"
#include "resolve_walk.h"

/* A rename or mount anywhere on the machine while ".." is followed makes openat2 give up with EAGAIN.  Somebody who
 * renames in a loop could keep us here, so after a few tries the walk answers, which never needs ".." of the kernel. */
#define AGAIN_MAX 16

/* Not fstatat with a path: openat2 is known to be missing once it has said so (seccomp filters of old container
 * engines answer ENOSYS too). */
static int open_in_root(int root_fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	for (int i = 0; i < AGAIN_MAX; i++) {
		long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof how);
		if (fd >= 0)
			return (int)fd;
		if (errno == ENOSYS)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return resolve_walk_in_root(root_fd, path, flags);
}

int resolve_in_root(int root_fd, const char *path, int flags, struct sbx_err *err)
{
	if (flags & O_CREAT)
		return sbx_fail(err, -EINVAL, "open %s in its root with O_CREAT", path);
	int fd = open_in_root(root_fd, path, flags);
	if (fd < 0)
		return sbx_fail(err, fd, "open %s", path);
	return fd;
}

int resolve_make_in_root(int root_fd, const char *path, const struct resolve_make *make, struct sbx_err *err)
{
	int flags = O_PATH | (S_ISDIR(make->type) ? O_DIRECTORY : 0);
	int fd = open_in_root(root_fd, path, flags);
	if (fd == -ENOENT)
		fd = resolve_walk(root_fd, path, flags, make);
	if (fd < 0)
		return sbx_fail(err, fd, "make %s", path);
	return fd;
}

int resolve_dir_in_root(int root_fd, const char *path, mode_t mode, struct sbx_err *err)
{
	struct resolve_make make = {.type = S_IFDIR, .mode = mode, .dir_mode = mode};
	return resolve_make_in_root(root_fd, path, &make, err);
}

int resolve_parent_in_root(int root_fd, const char *path, mode_t mode, const char **ret_leaf, struct sbx_err *err)
{
	char parent[RESOLVE_PATH_MAX];
	const char *slash = strrchr(path, '/');
	const char *leaf = slash ? slash + 1 : path;
	size_t len = (size_t)(leaf - path);

	if (!*leaf || strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0)
		return sbx_fail(err, -EINVAL, "no name at the end of %s", *path ? path : "an empty path");
	if (len >= sizeof parent)
		return sbx_fail(err, -ENAMETOOLONG, "open %.200s…", path);
	memcpy(parent, path, len);
	parent[len] = '\0';
	int fd = resolve_dir_in_root(root_fd, len ? parent : ".", mode, err);
	if (fd >= 0)
		*ret_leaf = leaf;
	return fd;
}
