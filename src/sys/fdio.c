/* SPDX-License-Identifier: Apache-2.0 */

/* Bounded reads, whole writes, and descriptors over sockets. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

#define FD_PASS_MAX 8
#define FD_MESSAGE_MAX 4096

int read_all(int fd, size_t max_bytes, char **ret, size_t *ret_len, struct sbx_err *err)
{
	_cleanup_free_ char *bytes = NULL;
	size_t room = 0, len = 0;
	for (;;) {
		/* One byte above the limit is asked for, so that a file of exactly max_bytes is told from a longer one.
		 */
		if (room - len < 2) {
			room = room ? room * 2 : 4096;
			if (room > max_bytes + 2)
				room = max_bytes + 2;
			bytes = xrealloc(bytes, room, 1);
		}
		ssize_t n = read(fd, bytes + len, room - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sbx_fail(err, -errno, "read");
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max_bytes)
			return sbx_fail_plain(err, -EFBIG, "larger than %zu bytes", max_bytes);
	}
	bytes[len] = '\0';
	*ret = steal_ptr(bytes);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int read_file_at(int dirfd, const char *path, size_t max_bytes, char **ret, size_t *ret_len, struct sbx_err *err)
{
	/* O_NONBLOCK: a FIFO put in the file's place must not hold us; O_NOCTTY: nor a terminal become ours. */
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return sbx_fail(err, -errno, "open %s", path);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return sbx_fail(err, -errno, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return sbx_fail_plain(err, -EINVAL, "%s: not a regular file", path);
	int r = read_all(fd, max_bytes, ret, ret_len, err);
	return r < 0 ? sbx_err_prefix(err, r, "%s", path) : 0;
}

int write_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;
	while (n > 0) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int read_exact(int fd, void *bytes, size_t n)
{
	char *p = bytes;
	size_t left = n;
	while (left > 0) {
		ssize_t done = read(fd, p, left);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (done == 0)
			return left == n ? -ENODATA : -EPIPE;
		p += done;
		left -= (size_t)done;
	}
	return 0;
}

int fd_send(int sock, const void *bytes, size_t n, const int *fds, size_t n_fds)
{
	if (n == 0 || n > FD_MESSAGE_MAX || n_fds > FD_PASS_MAX)
		return -EINVAL;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = n};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	if (n_fds > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	ssize_t done;
	do
		done = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	/* A stream socket whose buffer was nearly full: what follows could not carry the descriptors again. */
	return (size_t)done == n ? 0 : -EMSGSIZE;
}

/* take_fds - move the descriptors of a received message to @ret_fds; those beyond the room are closed. */
static int take_fds(struct msghdr *msg, int *ret_fds, size_t *ret_n_fds)
{
	size_t room = ret_n_fds ? *ret_n_fds : 0, n = 0;
	bool too_many = msg->msg_flags & MSG_CTRUNC;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t got = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < got; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (n < room) {
				ret_fds[n++] = fd;
			} else {
				close(fd);
				too_many = true;
			}
		}
	}
	if (too_many) {
		while (n > 0)
			close(ret_fds[--n]);
	}
	if (ret_n_fds)
		*ret_n_fds = n;
	return too_many ? -EPROTO : 0;
}

ssize_t fd_recv(int sock, void *bytes, size_t n, int *ret_fds, size_t *ret_n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = bytes, .iov_len = n};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	ssize_t done;
	do
		done = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (done < 0 && errno == EINTR);
	if (done < 0) {
		int code = -errno;
		if (ret_n_fds)
			*ret_n_fds = 0;
		return code;
	}
	int r = take_fds(&msg, ret_fds, ret_n_fds);
	return r < 0 ? r : done;
}
