/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The mount system calls, raw (glibc 2.36 has some of them; names with sys_ avoid a clash).  Each returns what the
 * kernel does, with -errno instead of errno.  (src/sys) */

#include <stdint.h>
#include <sys/mount.h>
#include <sys/types.h>
#include "sbx/err.h"

int sys_open_tree(int dirfd, const char *path, unsigned flags);
int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int sys_fsopen(const char *fstype, unsigned flags);
int sys_fsconfig(int fs_fd, unsigned cmd, const char *key, const void *value, int aux);
int sys_fsmount(int fs_fd, unsigned flags, unsigned attrs);
int sys_mount_setattr(
	int dirfd, const char *path, unsigned flags, uint64_t attr_set, uint64_t attr_clr, uint64_t propagation);

/* mount_attach - put the mount behind @mount_fd (detached, or attached elsewhere: then it moves) on the directory or
 * file behind @target_fd.  Returns 0, -errno.  Source: move_mount(2). */
int mount_attach(int mount_fd, int target_fd);

/* fs_mount_new - make a detached mount of a file system with string options "key=value", NULL-terminated list, "key"
 * alone a flag.  @attrs: MOUNT_ATTR_*.  The kernel's own words (the fs context's log) end up in @err.
 * Returns a mount descriptor to give to sys_move_mount, or -errno. */
int fs_mount_new(const char *fstype, const char *const *options, unsigned attrs, struct sbx_err *err);

/* fs_fail - sbx_fail for a call on the file system context @fs_fd: @what, and what the kernel wrote to the context's
 * log.  Returns @code. */
int fs_fail(int fs_fd, int code, const char *what, struct sbx_err *err);
