/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The root file system while it is being built.  All here is for the child, before pivot. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "rootfs.h"
#include "sbx/err.h"
#include "sbx/spec.h"

struct root_build {
	const struct sandbox_spec *spec;
	int sync_fd;
	int base_fd;           /* O_PATH: the scratch directory, or the root of the tmpfs that stands in for it */
	const char *base_path; /* the same by name; borrowed from the spec or the scratch */
	int made_fd;           /* the file system of what is made by sbx: see made_files; -1 while there is none */
	int root_fd;           /* O_PATH: the root of the new tree, -1 while there is none */
	uint64_t *own_mounts;  /* mount IDs of what this run made: mount points may be made there and nowhere else */
	size_t n_own_mounts;
};

/* made_files - a small file system in memory, out of sight, for the files and covers that are bound into the root: on
 * disk each of them would cost more than all the mounts.  Returns its root, borrowed; -errno. */
int made_files(struct root_build *b, struct sbx_err *err);

/* build_own - remember the file system behind @fd as one that this run made. */
int build_own(struct root_build *b, int fd, struct sbx_err *err);

/* build_target - open @dst in the new root with O_PATH; made where it is missing, as a directory or (@type S_IFREG) an
 * empty file.  -EROFS with words where that would write to the host. */
int build_target(const struct root_build *b, const char *dst, mode_t type, struct sbx_err *err);

/* stack_mount - stack @lower (topmost first) with an upper layer of its own and mount the result.
 * @which: 0 the root, N the overlay operation spec->mounts[N - 1]; names the directory in scratch and the SYNC_FUSE.
 * Returns an O_PATH descriptor of its root, attached in the old tree (move_mount takes it from there); -errno. */
int stack_mount(struct root_build *b, int which, const struct strv *lower, struct sbx_err *err);

/* stack_dir_name - the directory of a stack below the scratch directory; stacks of operations have their own. */
void stack_dir_name(int which, char ret[static 24]);

/* mount_op_apply - perform one operation of the spec.  @index: into spec->mounts. */
int mount_op_apply(struct root_build *b, size_t index, struct sbx_err *err);

/* mount_dev - MOUNT_OP_DEV: a fresh tmpfs with the usual device nodes bound in. */
int mount_dev(struct root_build *b, const struct mount_op *op, struct sbx_err *err);

/* device_attach - bind the host's device node @src (checked to be one: a character or block device; @rdev not 0: this
 * one) onto the file @dst_fd.  @attrs: MOUNT_ATTR_* set. */
int device_attach(const char *src, dev_t rdev, int dst_fd, uint64_t attrs, struct sbx_err *err);

/* tree_clone - a detached copy of the mount at (@dirfd, @path), set to @attrs and private propagation.
 * @recursive: with the mounts below it, all set alike.  Returns a mount descriptor or -errno. */
int tree_clone(int dirfd, const char *path, bool recursive, uint64_t attrs, const char *what, struct sbx_err *err);
