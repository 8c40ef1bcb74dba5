/* SPDX-License-Identifier: Apache-2.0 */

/* The child's side of the root file system: stack, operations in the spec's order, pivot. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "build.h"
#include "sbx/cleanup.h"
#include "sbx/log.h"
#include "sbx/mountapi.h"
#include "sbx/str.h"

/* The files are a few lines each, but root inside may write to them. */
#define MADE_MAX_BYTES (UINT64_C(16) << 20)

static void build_end(struct root_build *b)
{
	cleanup_close(&b->base_fd);
	cleanup_close(&b->made_fd);
	cleanup_close(&b->root_fd);
	free(b->own_mounts);
}

/* memory_mount - a new tmpfs on the directory where scratch directories are made: that is sbx's own, and no source of
 * any mount.  Returns its root. */
static int memory_mount(const struct root_build *b, uint64_t size_bytes, struct sbx_err *err)
{
	const char *at = b->spec->root.scratch_parent;
	char size[40];
	const char *options[] = {"mode=755", size_bytes ? size : NULL, NULL};
	snprintf(size, sizeof size, "size=%llu", (unsigned long long)size_bytes);
	_cleanup_close_ int fd = fs_mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
	if (fd < 0)
		return fd;
	_cleanup_close_ int target = open(at, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = target < 0 ? -errno : mount_attach(fd, target);
	return r < 0 ? sbx_fail(err, r, "mount a file system in memory on %s", at) : steal_fd(&fd);
}

/* open_base - the directory that the stacks live in. */
static int open_base(struct root_build *b, const struct scratch *scratch, struct sbx_err *err)
{
	const struct root_spec *root = &b->spec->root;
	if (root->scratch == SCRATCH_MEMORY) {
		b->base_path = root->scratch_parent;
		b->base_fd = memory_mount(b, root->scratch_size_bytes, err);
		return b->base_fd < 0 ? b->base_fd : 0;
	}
	/* By name: the launcher's descriptor speaks of a mount of the launcher's namespace. */
	b->base_path = scratch->path;
	b->base_fd = open(b->base_path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return b->base_fd < 0 ? sbx_fail(err, -errno, "open %s", b->base_path) : 0;
}

int made_files(struct root_build *b, struct sbx_err *err)
{
	if (b->spec->root.scratch == SCRATCH_MEMORY)
		return b->base_fd;
	if (b->made_fd < 0)
		b->made_fd = memory_mount(b, MADE_MAX_BYTES, err);
	return b->made_fd;
}

/* enter_root - make the new root the root.  The old one is stacked below the new one by pivot_root(".", ".") and
 * detached from there, so that no directory for it is needed.  Source: pivot_root(2). */
static int enter_root(const struct root_build *b, struct sbx_err *err)
{
	if (fchdir(b->root_fd) < 0)
		return sbx_fail(err, -errno, "enter the new root");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return sbx_fail(err, -errno, "make the new root the root (pivot_root)");
	if (umount2(".", MNT_DETACH) < 0)
		return sbx_fail(err, -errno, "detach the old root");
	if (chdir("/") < 0)
		return sbx_fail(err, -errno, "enter the new root");
	return 0;
}

int rootfs_build(const struct sandbox_spec *spec, const struct scratch *scratch, int sync_fd, struct sbx_err *err)
{
	_cleanup_(build_end) struct root_build b = {
		.spec = spec, .sync_fd = sync_fd, .base_fd = -1, .made_fd = -1, .root_fd = -1};
	mode_t old_umask = umask(0);

	/* Propagation is left as the new namespace has it: what came from the host is a slave there, which sends
	 * nothing back, and each bind is made private where it is made (tree_clone). */
	int r = open_base(&b, scratch, err);
	if (r < 0)
		return r;
	b.root_fd = stack_mount(&b, 0, &spec->root.lower, err);
	if (b.root_fd < 0)
		return sbx_err_prefix(err, b.root_fd, "%s", spec->root.origin);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		r = mount_op_apply(&b, i, err);
		if (r < 0)
			return r;
	}
	/* Last: until here mount points were made in it.  The working directory too is made where it is missing; where
	 * that would write to the host, entering it says so. */
	if (spec->root.read_only) {
		_cleanup_close_ int cwd = build_target(&b, spec->process.cwd, S_IFDIR, NULL);
		if (cwd < 0)
			log_debug("%s could not be made before the root file system becomes read-only",
				spec->process.cwd);
		r = sys_mount_setattr(b.root_fd, "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY, 0, 0);
		if (r < 0)
			return sbx_fail(err, r, "make the root file system read-only");
	}
	r = enter_root(&b, err);
	umask(old_umask);
	return r;
}
