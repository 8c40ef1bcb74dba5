/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* fuse-overlayfs, for the launcher. */

#include <sys/types.h>
#include "rootfs.h"

struct fuse_server {
	int pidfd;  /* the caller's child */
	int out_fd; /* what it prints, non-blocking */
};

/* A SYNC_FUSE.  All borrowed. */
struct fuse_request {
	const struct sandbox_spec *spec;
	const struct scratch *scratch;
	int which;     /* the record's value: 0 the root, N the overlay operation spec->mounts[N - 1] */
	int userns_fd; /* of the sandbox */
	int fuse_fd;   /* close it right afterwards, or a dead server is not noticed by those who wait for it */
};

/* fuse_start - start fuse-overlayfs for a request.  It need not serve yet when this returns: the kernel holds the
 * child's first question until it does, or fails it when the server is dead. Returns 0 and *ret (end it with fuse_end);
 * -errno.  Context: parent. */
int fuse_start(const struct fuse_request *q, struct fuse_server *ret, struct sbx_err *err);

/* fuse_message - the first line that the server printed; new, NULL where it printed nothing. */
char *fuse_message(const struct fuse_server *server);

/* fuse_end - kill and reap. Context: parent, after the mount is gone. */
void fuse_end(struct fuse_server *server);
