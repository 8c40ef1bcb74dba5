/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Untrusted paths: a directory descriptor and openat2(2), a user-space walk with the same result where openat2 is
 * missing or blocked with ENOSYS.  (src/sys) */

#include <stdint.h>
#include <sys/types.h>
#include "sbx/err.h"

/* resolve_in_root - open @path as a process chrooted to @root_fd would: absolute links and ".." stay inside.
 * @flags: open(2) flags, O_CLOEXEC is added; magic links are never followed.
 * Returns a descriptor or -errno.  Source: openat2(2) RESOLVE_IN_ROOT. */
int resolve_in_root(int root_fd, const char *path, int flags, struct sbx_err *err);

/* resolve_dir_in_root - the same for a directory that is made where it is missing, with its parents.
 * @mode: of what is made.  Returns an O_PATH|O_DIRECTORY descriptor or -errno. */
int resolve_dir_in_root(int root_fd, const char *path, mode_t mode, struct sbx_err *err);

/* resolve_parent_in_root - the directory that holds the last part of @path (made where missing, like above), links in
 * the parents followed inside the root, the last part itself neither followed nor made.
 * @ret_leaf: points into @path.  Returns an O_PATH|O_DIRECTORY descriptor or -errno; -EINVAL for "/". */
int resolve_parent_in_root(int root_fd, const char *path, mode_t mode, const char **ret_leaf, struct sbx_err *err);

/* What resolve_make_in_root makes.  @may_make: asked before anything is made, with the directory it would be made in;
 * 0 or the -errno to end with; NULL: always. */
struct resolve_make {
	mode_t type;     /* of the last part: S_IFDIR, or S_IFREG for an empty file */
	mode_t mode;     /* of the last part */
	mode_t dir_mode; /* of parents */
	int (*may_make)(int dir_fd, void *data);
	void *data; /* borrowed */
};

/* resolve_make_in_root - open @path with O_PATH; what is missing is made, also behind links that lead to nothing (their
 * target is made, inside the root).  An existing last part of another type than @make's is returned as it is, but
 * -ENOTDIR where a directory is wanted.  Returns a descriptor or -errno. */
int resolve_make_in_root(int root_fd, const char *path, const struct resolve_make *make, struct sbx_err *err);

/* resolve_walk_in_root - the user-space walk alone, for its tests. */
int resolve_walk_in_root(int root_fd, const char *path, int flags);
