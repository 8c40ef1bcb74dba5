/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The root file system of a sandbox: its scratch directory (parent) and its mounts (child). */

#include <stdbool.h>
#include "sbx/err.h"
#include "sbx/spec.h"

/* The ephemeral side of one run: a directory below spec->root.scratch_parent that holds the upper and work directories
 * of the root and of each overlay operation, locked (flock) while the run lives. */
struct scratch {
	char *path;  /* NULL with SCRATCH_MEMORY or where nothing is writable */
	int fd;      /* O_PATH|O_DIRECTORY of it, -1 likewise */
	int lock_fd; /* holds the flock; whoever gets the lock of a leftover may remove it.  A process that is to keep
		      * the lock when the caller dies (the guard) inherits it */
};

/* scratch_create - make it, and collect what killed runs left below the same parent (those whose lock is free).
 * Context: parent, before clone. */
int scratch_create(const struct sandbox_spec *spec, struct scratch *ret, struct sbx_err *err);

/* scratch_remove - remove it; what inside ids other than the caller's own made is removed by a forked child that joins
 * @userns_fd (of the sandbox; -1: a new user namespace with spec's maps).  *scratch is empty afterwards, also on
 * failure. Context: parent or guard, after the end. */
int scratch_remove(const struct sandbox_spec *spec, struct scratch *scratch, int userns_fd, struct sbx_err *err);

/* scratch_release - free the memory and close the descriptors, remove nothing. */
void scratch_release(struct scratch *scratch);

/* rootfs_build - perform all mounts of the spec in the caller's new mount namespace and make the result its root
 * (pivot_root, old root detached).  Opens /dev/fuse and talks SYNC_FUSE over @sync_fd, once for each stack that needs
 * fuse-overlayfs; the record's value says which.
 * On return the working directory is the new "/", no descriptor to the outside is left by it.
 * Context: child, first process of all namespaces, id maps written, full capabilities in its user namespace. */
int rootfs_build(const struct sandbox_spec *spec, const struct scratch *scratch, int sync_fd, struct sbx_err *err);
