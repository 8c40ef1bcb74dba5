/* SPDX-License-Identifier: Apache-2.0 */

/* Fixed-size records between launcher and child. */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "sbx/fdio.h"
#include "sync.h"

int sync_send(int sock, enum sync_kind kind, int32_t value, const struct sbx_err *err, int fd)
{
	struct sync_record record = {.kind = kind, .value = value};
	if (err)
		record.err = *err;
	return fd_send(sock, &record, sizeof record, &fd, fd >= 0 ? 1 : 0);
}

int sync_recv(int sock, struct sync_record *ret, int *ret_fd)
{
	int fd = -1;
	size_t n_fds = 1;
	ssize_t n = fd_recv(sock, ret, sizeof *ret, &fd, &n_fds);
	/* A peer that ended with a record of ours unread: the kernel tells of that once, and before what the peer had
	 * sent.  Source: net/core/datagram.c, __skb_try_recv_datagram. */
	if (n == -ECONNRESET) {
		n_fds = 1;
		n = fd_recv(sock, ret, sizeof *ret, &fd, &n_fds);
	}
	*ret_fd = n > 0 && n_fds == 1 ? fd : -1;
	if (n == 0)
		return 0;
	if (n < 0)
		return (int)n;
	if ((size_t)n == sizeof *ret) {
		ret->err.msg[sizeof ret->err.msg - 1] = '\0';
		return 1;
	}
	if (*ret_fd >= 0)
		close(*ret_fd);
	*ret_fd = -1;
	return -EPROTO;
}

int sync_expect(int sock, enum sync_kind kind, struct sbx_err *err)
{
	struct sync_record record;
	int fd;
	int r = sync_recv(sock, &record, &fd);
	if (r < 0)
		return sbx_fail(err, r, "hear from the launcher");
	if (fd >= 0)
		close(fd);
	if (r == 0)
		return sbx_fail_plain(err, -EPIPE, "the launcher ended while the sandbox was being set up");
	if (record.kind != kind)
		return sbx_fail_plain(err, -EPROTO, "the launcher sent record %u where %u was due", record.kind, kind);
	return 0;
}
