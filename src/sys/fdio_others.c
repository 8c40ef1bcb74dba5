/* SPDX-License-Identifier: Apache-2.0 */

/* Close, or mark close-on-exec, all descriptors but a few. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/parse.h"

#ifndef SYS_close_range
#define SYS_close_range 436 /* the same number on every architecture */
#endif
#define RANGE_CLOEXEC (1u << 2) /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */

/* range_others - close_range(2) on each gap between 3, the kept descriptors and the end. */
static int range_others(const int *keep, size_t n_keep, unsigned flags)
{
	unsigned from = 3;
	for (size_t i = 0; i < n_keep; i++) {
		unsigned kept = (unsigned)keep[i];
		if (kept < from)
			continue;
		if (kept > from && syscall(SYS_close_range, from, kept - 1, flags) < 0)
			return -errno;
		from = kept + 1;
	}
	return syscall(SYS_close_range, from, UINT_MAX, flags) < 0 ? -errno : 0;
}

static bool is_kept(int fd, const int *keep, size_t n_keep)
{
	for (size_t i = 0; i < n_keep; i++)
		if (keep[i] == fd)
			return true;
	return false;
}

static int end_one(int fd, bool cloexec)
{
	if (!cloexec) {
		close(fd);
		return 0;
	}
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

/* walk_others - the same by /proc/self/fd, for kernels before 5.9 and filters that block close_range. */
static int walk_others(const int *keep, size_t n_keep, bool cloexec, struct sbx_err *err)
{
	_cleanup_dir_ DIR *dir = opendir("/proc/self/fd");
	if (!dir)
		return sbx_fail(err, -errno, "list open descriptors in /proc/self/fd (and close_range is missing)");
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(dir);
		if (!entry)
			return errno ? sbx_fail(err, -errno, "list /proc/self/fd") : 0;
		uint64_t fd;
		if (parse_u64(entry->d_name, INT_MAX, &fd) < 0 || fd < 3 || (int)fd == dirfd(dir) ||
			is_kept((int)fd, keep, n_keep))
			continue;
		int r = end_one((int)fd, cloexec);
		if (r < 0)
			return sbx_fail(err, r, "mark descriptor %d close-on-exec", (int)fd);
	}
}

int fd_close_others(const int *keep, size_t n_keep, struct sbx_err *err)
{
	return range_others(keep, n_keep, 0) == 0 ? 0 : walk_others(keep, n_keep, false, err);
}

int fd_cloexec_others(const int *keep, size_t n_keep, struct sbx_err *err)
{
	return range_others(keep, n_keep, RANGE_CLOEXEC) == 0 ? 0 : walk_others(keep, n_keep, true, err);
}
