/* SPDX-License-Identifier: Apache-2.0 */

/* tree_remove: a directory tree of any depth removed with few descriptors and little stack, without following a link
 * or crossing into a mount.  What cannot be removed is left and the rest still goes: a second pass with other rights
 * (scratch_remove in the sandbox's user namespace) finds less to do. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"

/* A directory found below this depth is moved up into the top directory and removed from there. */
#define DEPTH_MAX 24

struct removal {
	int top_fd;       /* the top directory, where deep ones are moved to */
	unsigned n_moved; /* for their names */
	int first_error;  /* what could not be removed, and why */
	char first_name[256];
};

static void removal_failed(struct removal *rm, int code, const char *name)
{
	if (rm->first_error)
		return;
	rm->first_error = code;
	snprintf(rm->first_name, sizeof rm->first_name, "%s", name);
}

/* dir_make_ours - give a directory read, write and search permission (overlay's work/work has mode 0); by its
 * descriptor, so that a name swapped for a link is not followed. */
static int dir_make_ours(int dirfd, const char *name)
{
	char self[32];
	_cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmod(dirfd, 0700) == 0) /* it was opened for reading and forbids searching */
		fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return chmod(self, 0700) < 0 ? -EACCES : 0;
}

/* subdir_open - open a directory for reading, not through a link and not into another mount. */
static int subdir_open(int dirfd, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	for (bool again = true;; again = false) {
		int fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof how);
		if (fd < 0 && errno == ENOSYS) /* then a mount is met as EBUSY when its directory is removed */
			fd = openat(dirfd, name, (int)how.flags);
		if (fd >= 0)
			return fd;
		if (errno != EACCES || !again)
			return -errno;
		int r = dir_make_ours(dirfd, name);
		if (r < 0)
			return r;
	}
}

/* entry_unlink - remove what is no directory.  A directory that forbids it is made writable once. */
static int entry_unlink(int dirfd, const char *name, int flags)
{
	if (unlinkat(dirfd, name, flags) == 0 || errno == ENOENT)
		return 0;
	if (errno != EACCES)
		return -errno;
	if (fchmod(dirfd, 0700) < 0)
		return -EACCES;
	return unlinkat(dirfd, name, flags) == 0 || errno == ENOENT ? 0 : -errno;
}

static int dir_remove_opened(struct removal *rm, int parent_fd, const char *name, int fd, unsigned depth);

/* dir_move_up - move a deep directory to the top, where the pass over the top directory finds it again. */
static int dir_move_up(struct removal *rm, int dirfd, const char *name)
{
	char moved[64];
	snprintf(moved, sizeof moved, ".sbx-remove-%d-%u", (int)getpid(), rm->n_moved++);
	if (renameat(dirfd, name, rm->top_fd, moved) == 0)
		return 0;
	/* Moving rewrites "..", which needs write permission. */
	if (errno == EACCES && dir_make_ours(dirfd, name) == 0 && renameat(dirfd, name, rm->top_fd, moved) == 0)
		return 0;
	int r = -errno;
	/* Another's directory, which only goes when it is empty. */
	return entry_unlink(dirfd, name, AT_REMOVEDIR) == 0 ? 0 : r;
}

/* dir_remove - remove the directory @name with all in it.  Returns 0, also where it has moved to the top; -errno. */
static int dir_remove(struct removal *rm, int dirfd, const char *name, unsigned depth)
{
	if (depth >= DEPTH_MAX)
		return dir_move_up(rm, dirfd, name);
	int fd = subdir_open(dirfd, name);
	if (fd == -EACCES) /* another's, which only goes when it is empty */
		return entry_unlink(dirfd, name, AT_REMOVEDIR) == 0 ? 0 : fd;
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return dir_remove_opened(rm, dirfd, name, fd, depth + 1);
}

/* entry_remove - any entry; what fails is noted. Returns whether it is gone. */
static bool entry_remove(struct removal *rm, int dirfd, const struct dirent *entry, unsigned depth)
{
	int r = -EISDIR;
	if (entry->d_type != DT_DIR)
		r = entry_unlink(dirfd, entry->d_name, 0);
	/* EPERM: what POSIX says for a directory, and what an immutable file gives; the latter is no directory then. */
	if (r == -EISDIR || (r == -EPERM && entry->d_type == DT_UNKNOWN))
		r = dir_remove(rm, dirfd, entry->d_name, depth);
	if (r < 0)
		removal_failed(rm, r, entry->d_name);
	return r == 0;
}

/* dir_pass - remove every entry that the directory shows.  Returns whether any went, -errno. */
static int dir_pass(struct removal *rm, int fd, DIR *dir, unsigned depth)
{
	int any = 0;
	struct dirent *entry;

	while ((errno = 0, entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entry_remove(rm, fd, entry, depth))
			any = 1;
	}
	return errno ? -errno : any;
}

/* dir_remove_opened - empty the directory behind @fd (taken) and remove it.  Reading while removing may skip entries,
 * and the top directory gains some: passes are made as long as one achieves something. */
static int dir_remove_opened(struct removal *rm, int parent_fd, const char *name, int fd, unsigned depth)
{
	_cleanup_dir_ DIR *dir = fdopendir(fd);
	if (!dir) {
		int r = -errno;
		close(fd);
		return r;
	}
	for (;;) {
		int any = dir_pass(rm, fd, dir, depth);
		if (any < 0)
			return any;
		int r = entry_unlink(parent_fd, name, AT_REMOVEDIR);
		if (r != -ENOTEMPTY || !any)
			return r;
		rewinddir(dir);
	}
}

int tree_remove(int dirfd, const char *name, struct sbx_err *err)
{
	struct removal rm = {.top_fd = -1};

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM && errno != EACCES)
		return sbx_fail(err, -errno, "remove %s", name);
	int r = subdir_open(dirfd, name);
	if (r == -ENOENT)
		return 0;
	if (r >= 0) {
		rm.top_fd = r;
		r = dir_remove_opened(&rm, dirfd, name, rm.top_fd, 1);
	}
	if (r == 0)
		return 0;
	if (rm.first_error)
		return sbx_fail(err, rm.first_error, "remove %s in %s", rm.first_name, name);
	return sbx_fail(err, r, "remove %s", name);
}
