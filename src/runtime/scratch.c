/* SPDX-License-Identifier: Apache-2.0 */

/* The scratch directory of a run: made, locked while the run lives, removed after it; and what killed runs left is
 * found by its free lock.  A directory is its own lock file, so nothing can be left that no lock speaks for. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "rootfs.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/log.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

#define RUN_PREFIX "run-"

/* dir_lock - open and lock a scratch directory.  Returns the descriptor that holds the lock; -EWOULDBLOCK it is in use;
 * -ENOENT it is being removed, or gone. */
static int dir_lock(int parent_fd, const char *name)
{
	_cleanup_close_ int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_nlink == 0 ? -ENOENT : steal_fd(&fd);
}

/* remove_mapped - tree_remove by a child that is root in the user namespace @userns_fd, or where that is -1 in a new
 * one with @maps: files there belong to subordinate ids. */
static int remove_mapped(
	int parent_fd, const char *name, const struct idmap_pair *maps, int userns_fd, struct sbx_err *err)
{
	int go[2], status;
	if (pipe2(go, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	_cleanup_close_ int pidfd = -1;
	pid_t pid = proc_clone(userns_fd >= 0 ? 0 : CLONE_NEWUSER, -1, &pidfd);
	if (pid == 0) {
		char byte;
		close(go[1]);
		if (userns_fd >= 0 ? setns(userns_fd, CLONE_NEWUSER) < 0 : read(go[0], &byte, 1) != 1)
			_exit(1);
		/* Root inside where it is mapped; the capabilities are those of the namespace either way. */
		if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
			errno = 0;
		_exit(tree_remove(parent_fd, name, NULL) < 0);
	}
	close(go[0]);
	int r = pid < 0 ? sbx_fail(err, pid, "make a process to remove %s", name) : 0;
	if (r == 0 && userns_fd < 0) {
		r = idmap_write(maps, pid, err);
		if (r == 0 && write(go[1], "", 1) != 1)
			r = sbx_fail(err, -errno, "write to a pipe");
	}
	close(go[1]);
	if (pid < 0)
		return r;
	pidfd_wait(pidfd, &status);
	if (r == 0 && status != 0)
		r = sbx_fail_plain(err, -EACCES, "%s could not be removed whole; the next run tries again", name);
	return r;
}

static int dir_remove(
	int parent_fd, const char *name, const struct idmap_pair *maps, int userns_fd, struct sbx_err *err)
{
	int r = tree_remove(parent_fd, name, err);
	if (r < 0 && (userns_fd >= 0 || maps->by_helper))
		r = remove_mapped(parent_fd, name, maps, userns_fd, err);
	return r;
}

/* collect - remove what killed runs left. */
static void collect(int parent_fd, const char *parent, const struct idmap_pair *maps)
{
	struct dirent *entry;
	int fd = openat(parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_dir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		cleanup_close(&fd);
		return;
	}
	while ((entry = readdir(dir))) {
		struct sbx_err err = {0};
		if (!str_starts(entry->d_name, RUN_PREFIX))
			continue;
		_cleanup_close_ int lock = dir_lock(parent_fd, entry->d_name);
		if (lock < 0)
			continue;
		if (dir_remove(parent_fd, entry->d_name, maps, -1, &err) < 0)
			log_debug("left by a killed run in %s: %s", parent, err.msg);
		else
			log_debug("removed what a killed run left: %s/%s", parent, entry->d_name);
	}
}

/* make_one - one try: 1 made, 0 another name is needed, -errno. */
static int make_one(int parent_fd, const char *parent, struct scratch *ret, struct sbx_err *err)
{
	uint64_t random;
	char name[40];
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		return sbx_fail(err, -errno, "getrandom");
	snprintf(name, sizeof name, RUN_PREFIX "%016llx", (unsigned long long)random);
	if (mkdirat(parent_fd, name, 0700) < 0)
		return errno == EEXIST ? 0 : sbx_fail(err, -errno, "make scratch directory %s/%s", parent, name);
	ret->lock_fd = dir_lock(parent_fd, name);
	/* Another run took it for a leftover in the moment before it was locked. */
	if (ret->lock_fd == -EWOULDBLOCK || ret->lock_fd == -ENOENT)
		return 0;
	int r = ret->lock_fd < 0 ? ret->lock_fd : 0;
	if (r == 0) {
		ret->fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = ret->fd < 0 ? -errno : 0;
	}
	if (r < 0) {
		unlinkat(parent_fd, name, AT_REMOVEDIR);
		return sbx_fail(err, r, "lock scratch directory %s/%s", parent, name);
	}
	ret->path = xasprintf("%s/%s", parent, name);
	return 1;
}

int scratch_create(const struct sandbox_spec *spec, struct scratch *ret, struct sbx_err *err)
{
	*ret = (struct scratch){.fd = -1, .lock_fd = -1};
	const char *parent = spec->root.scratch_parent;
	_cleanup_close_ int parent_fd = mkdir_private(parent, err);
	if (parent_fd < 0)
		return sbx_err_prefix(err, parent_fd, "a place for the sandbox's writable layer");
	/* In memory it vanishes with its mount namespace: the directory is only where it is mounted. */
	if (spec->root.scratch == SCRATCH_MEMORY)
		return 0;
	collect(parent_fd, parent, &spec->maps);
	int r = 0;
	for (int tries = 0; r == 0 && tries < 100; tries++)
		r = make_one(parent_fd, parent, ret, err);
	if (r > 0)
		return 0;
	scratch_release(ret);
	return r < 0 ? r : sbx_fail_plain(err, -EEXIST, "make scratch directory in %s: no free name", parent);
}

int scratch_remove(const struct sandbox_spec *spec, struct scratch *scratch, int userns_fd, struct sbx_err *err)
{
	if (!scratch->path)
		return 0;
	int r;
	const char *name = strrchr(scratch->path, '/') + 1;
	_cleanup_close_ int parent_fd = openat(scratch->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent_fd < 0)
		r = sbx_fail(err, -errno, "open %s", spec->root.scratch_parent);
	else
		r = dir_remove(parent_fd, name, &spec->maps, userns_fd, err);
	scratch_release(scratch);
	return r;
}

void scratch_release(struct scratch *scratch)
{
	cleanup_free(&scratch->path);
	cleanup_close(&scratch->fd);
	cleanup_close(&scratch->lock_fd);
}
