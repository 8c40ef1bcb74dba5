/* SPDX-License-Identifier: Apache-2.0 */

/* Files and directories that survive a power cut: fsync the data, rename, fsync the directory. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

int dir_fsync(int dirfd, struct sbx_err *err)
{
	/* fsync(2) refuses an O_PATH descriptor, which is what most callers hold. */
	if (fsync(dirfd) == 0)
		return 0;
	if (errno != EBADF)
		return sbx_fail(err, -errno, "fsync a directory");
	_cleanup_close_ int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return sbx_fail(err, -errno, "fsync a directory");
	return 0;
}

/* open_temporary - a new file ".NAME.tmp-XXXXXXXX" beside @name. */
static int open_temporary(int dirfd, const char *name, mode_t mode, char *ret_name, size_t room)
{
	for (int tries = 0; tries < 16; tries++) {
		unsigned random = 0;
		if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
			random = (unsigned)getpid() + (unsigned)tries * 0x9e3779b9u;
		/* The name itself is cut: a name of 255 bytes leaves no room for the ending. */
		snprintf(ret_name, room, ".%.200s.tmp-%08x", name, random);
		int fd = openat(dirfd, ret_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int file_write_durable(int dirfd, const char *name, const void *bytes, size_t n, mode_t mode, struct sbx_err *err)
{
	char temporary[NAME_MAX + 1];
	_cleanup_close_ int fd = open_temporary(dirfd, name, mode, temporary, sizeof(temporary));
	if (fd < 0)
		return sbx_fail(err, fd, "make a temporary file for %s", name);
	int r = write_all(fd, bytes, n);
	/* The mode is set again because the umask may have taken bits away. */
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	if (r == 0 && renameat(dirfd, temporary, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dirfd, temporary, 0);
		return sbx_fail(err, r, "write %s", name);
	}
	return dir_fsync(dirfd, err);
}

/* make_parents - mkdir each missing part of @path but the last. */
static int make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int r = mkdir(path, 0700) < 0 ? -errno : 0;
		*slash = '/';
		/* EACCES, EROFS: an existing parent above that may not be written; the last mkdir tells. */
		if (r < 0 && r != -EEXIST && r != -EACCES && r != -EROFS && r != -EPERM)
			return r;
	}
	return 0;
}

/* check_owner - an existing directory must be the caller's; where a link stands for it, the link must be the caller's
 * or root's: in /tmp anybody may have put one there. */
static int check_owner(const char *path, int fd, struct sbx_err *err)
{
	struct stat link, dir;
	if (lstat(path, &link) < 0 || fstat(fd, &dir) < 0)
		return sbx_fail(err, -errno, "stat %s", path);
	uid_t me = geteuid();
	if (dir.st_uid != me || (S_ISLNK(link.st_mode) && link.st_uid != me && link.st_uid != 0))
		return sbx_fail_plain(err, -EPERM, "%s belongs to user %u, not to you (user %u)", path,
			(unsigned)(dir.st_uid != me ? dir.st_uid : link.st_uid), (unsigned)me);
	return 0;
}

int mkdir_private(const char *path, struct sbx_err *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		_cleanup_free_ char *copy = xstrdup(path);
		int r = mkdir(path, 0700) < 0 ? -errno : 0;
		if (r == -ENOENT) {
			r = make_parents(copy);
			if (r == 0 && mkdir(path, 0700) < 0)
				r = -errno;
		}
		if (r < 0 && r != -EEXIST)
			return sbx_fail(err, r, "make the directory %s", path);
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return sbx_fail(err, -errno, "open the directory %s", path);
	int r = check_owner(path, fd, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}
