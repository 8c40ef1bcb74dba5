/* SPDX-License-Identifier: Apache-2.0 */

/* /dev: a fresh tmpfs, the few device nodes that every program expects bound from the host, and pts, shm, mqueue. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "build.h"
#include "sbx/cleanup.h"
#include "sbx/mountapi.h"
#include "sbx/resolve.h"

/* Linux Documentation/admin-guide/devices.txt */
static const struct {
	const char *path, *name;
	unsigned major, minor;
} nodes[] = {
	{"/dev/null", "null", 1, 3},
	{"/dev/zero", "zero", 1, 5},
	{"/dev/full", "full", 1, 7},
	{"/dev/random", "random", 1, 8},
	{"/dev/urandom", "urandom", 1, 9},
	{"/dev/tty", "tty", 5, 0},
};

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
	{"ptmx", "pts/ptmx"},
};

static int add_nodes(int dev_fd, struct sbx_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		if (mknodat(dev_fd, nodes[i].name, S_IFREG | 0666, 0) < 0)
			return sbx_fail(err, -errno, "make %s", nodes[i].path);
		_cleanup_close_ int target = openat(dev_fd, nodes[i].name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (target < 0)
			return sbx_fail(err, -errno, "open %s", nodes[i].path);
		int r = device_attach(nodes[i].path, makedev(nodes[i].major, nodes[i].minor), target,
			MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, dev_fd, links[i].name) < 0)
			return sbx_fail(err, -errno, "make /dev/%s", links[i].name);
	return 0;
}

/* add_fs - a file system of type @fstype on the new directory @name. */
static int add_fs(struct root_build *b, int dev_fd, const char *name, const char *fstype, const char *const *options,
	unsigned attrs, struct sbx_err *err)
{
	if (mkdirat(dev_fd, name, 0755) < 0)
		return sbx_fail(err, -errno, "make /dev/%s", name);
	_cleanup_close_ int target = openat(dev_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return sbx_fail(err, -errno, "open /dev/%s", name);
	_cleanup_close_ int fd = fs_mount_new(fstype, options, attrs, err);
	if (fd < 0)
		return sbx_err_prefix(err, fd, "/dev/%s", name);
	int r = build_own(b, fd, err);
	if (r == 0 && (r = mount_attach(fd, target)) < 0)
		return sbx_fail(err, r, "mount /dev/%s", name);
	return r;
}

int mount_dev(struct root_build *b, const struct mount_op *op, struct sbx_err *err)
{
	static const char *const dev_options[] = {"mode=755", "size=1m", "nr_inodes=1k", NULL};
	char shm_size[40];
	const char *shm_options[] = {"mode=1777", op->size_bytes ? shm_size : NULL, NULL};
	/* Group 5 is tty everywhere; grantpt(3) wants it, but it may have no mapping. */
	bool has_tty_group = idmap_to_outside(&b->spec->maps.gid, 5) != (uint32_t)-1;
	const char *pts_options[] = {"ptmxmode=0666", "mode=0620", has_tty_group ? "gid=5" : NULL, NULL};
	const unsigned quiet = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

	_cleanup_close_ int target = build_target(b, op->dst, S_IFDIR, err);
	if (target < 0)
		return target;
	_cleanup_close_ int fd = fs_mount_new("tmpfs", dev_options, quiet, err);
	if (fd < 0)
		return fd;
	int r = build_own(b, fd, err);
	/* Attached before it is filled: a mount cannot be put into a detached tree before Linux 6.15. */
	if (r == 0 && (r = mount_attach(fd, target)) < 0)
		return sbx_fail(err, r, "mount %s", op->dst);
	if (r == 0)
		r = add_nodes(fd, err);
	if (r == 0)
		r = add_fs(b, fd, "pts", "devpts", pts_options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
	snprintf(shm_size, sizeof shm_size, "size=%llu", (unsigned long long)op->size_bytes);
	if (r == 0)
		r = add_fs(b, fd, "shm", "tmpfs", shm_options, quiet, err);
	if (r == 0)
		r = add_fs(b, fd, "mqueue", "mqueue", NULL, quiet, err);
	return r;
}
