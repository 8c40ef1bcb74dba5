/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The one protocol between the launcher and its child: fixed-size records over a socket pair (SOCK_SEQPACKET), from
 * clone to exec.  End of file at exec is success; SYNC_FAILED carries any failure.  There is no other channel. */

#include <stdint.h>
#include "sbx/err.h"

enum sync_kind {
	SYNC_MAPPED = 1, /* parent to child: the id maps are written, go on */
	SYNC_FUSE, /* child to parent, with the /dev/fuse descriptor of the mounted root: start fuse-overlayfs on it */
	SYNC_FUSE_READY, /* parent to child: it runs */
	SYNC_TERMINAL,   /* child to parent, with the master of the new pty */
	SYNC_TAP,        /* child to parent, with the tap of its network */
	SYNC_NET,        /* child to parent: is the network ready?  Where net_is_awaited */
	SYNC_NET_READY,  /* parent to child: ports are bound, the interface is there */
	SYNC_FAILED,     /* child to parent: err; value: the exit status to end with (125, 126, 127) */
};

struct sync_record {
	uint32_t kind; /* enum sync_kind */
	int32_t value;
	struct sbx_err err;
};

/* sync_send - @fd: passed along, or -1.  Returns 0, -errno. */
int sync_send(int sock, enum sync_kind kind, int32_t value, const struct sbx_err *err, int fd);
/* sync_recv - *ret_fd: the passed descriptor or -1 (owned).  Returns 1 a record, 0 end of file, -errno. */
int sync_recv(int sock, struct sync_record *ret, int *ret_fd);
/* sync_expect - sync_recv that wants one kind: -EPIPE "the launcher ended" at end of file, -EPROTO another kind. */
int sync_expect(int sock, enum sync_kind kind, struct sbx_err *err);
