/* SPDX-License-Identifier: Apache-2.0 */

/* Sources: setns(2), user_namespaces(7), clone(2) CLONE_PARENT. */

#include "join.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/spawn.h"
#include "sbx/state.h"
#include "sbx/str.h"

#define MAP_MAX_BYTES 65536

/* same_map - whether /proc/PID/NAME says what @map does. */
static bool same_map(pid_t pid, const char *name, const struct idmap *map)
{
	char path[48];
	_cleanup_free_ char *text = NULL;
	size_t len, n = 0;
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	if (read_file_at(AT_FDCWD, path, MAP_MAX_BYTES, &text, &len, NULL) < 0)
		return false;
	for (char *rest = text, *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n")) {
		unsigned inside, outside, count;
		if (n == map->n || sscanf(line, "%u %u %u", &inside, &outside, &count) != 3 ||
			inside != map->extents[n].inside || outside != map->extents[n].outside ||
			count != map->extents[n].count)
			return false;
		n++;
	}
	return n == map->n;
}

static int ns_open(pid_t pid, const char *name, struct sbx_err *err)
{
	char path[48];
	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? sbx_fail(err, -errno, "open %s", path) : fd;
}

/* What the process between the launcher and the child tells: the child's number, or what failed. */
struct word {
	pid_t pid;
	struct sbx_err err;
};

/* enter_and_clone - in the process between.  Returns in the child alone; it is the launcher's, by CLONE_PARENT. */
static void enter_and_clone(int user_fd, int net_fd, uint64_t flags, int cgroup_fd, int sock)
{
	struct word word = {0};
	int pidfd = -1;
	if (setns(user_fd, CLONE_NEWUSER) < 0 || setns(net_fd, CLONE_NEWNET) < 0)
		word.pid = sbx_fail(&word.err, -errno, "enter the namespaces");
	else if ((word.pid = proc_clone(flags | CLONE_PARENT, cgroup_fd, &pidfd)) == 0)
		return;
	else if (word.pid < 0)
		sbx_fail(&word.err, word.pid, "make the sandbox's first process");
	fd_send(sock, &word, sizeof word, &pidfd, pidfd >= 0 ? 1 : 0);
	_exit(0);
}

static pid_t hear_child(int sock, int *ret_pidfd, struct sbx_err *err)
{
	struct word word;
	size_t n_fds = 1;
	ssize_t n = fd_recv(sock, &word, sizeof word, ret_pidfd, &n_fds);
	if (n != sizeof word)
		return sbx_fail_plain(err, -EPIPE, "the process that was to enter the namespaces ended");
	if (word.pid < 0) {
		*err = word.err;
		return word.pid;
	}
	return n_fds == 1 ? word.pid
			  : sbx_fail_plain(err, -EPROTO, "the sandbox's first process came without a descriptor");
}

pid_t join_clone(const struct sandbox_spec *spec, uint64_t flags, int cgroup_fd, int *ret_pidfd, struct sbx_err *err)
{
	const char *name = spec->net.joined;
	struct state_record other;
	int pair[2], between_fd = -1;
	int r = state_read(name, &other, err);
	if (r < 0)
		return sbx_err_prefix(err, r, "%s", spec->net.origin);
	_cleanup_close_ int user_fd = ns_open(other.pid, "user", err);
	_cleanup_close_ int net_fd = user_fd < 0 ? -1 : ns_open(other.pid, "net", err);
	if (net_fd < 0)
		return sbx_err_prefix(err, err->code, "join %s", name);
	if (!same_map(other.pid, "uid_map", &spec->maps.uid) || !same_map(other.pid, "gid_map", &spec->maps.gid))
		return sbx_fail_plain(err, -EINVAL,
			"%s: %s runs with other id maps; give this one its UserNS=", spec->net.origin, name);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return sbx_fail(err, -errno, "socketpair");
	_cleanup_close_ int ours = pair[0], theirs = pair[1];
	pid_t between = proc_clone(0, -1, &between_fd);
	if (between < 0)
		return sbx_fail(err, between, "fork");
	if (between == 0) {
		enter_and_clone(user_fd, net_fd, flags & ~(uint64_t)(CLONE_NEWUSER | CLONE_NEWNET), cgroup_fd, theirs);
		close(between_fd);
		return 0;
	}
	cleanup_close(&theirs);
	pid_t pid = hear_child(ours, ret_pidfd, err);
	pidfd_wait(between_fd, NULL);
	close(between_fd);
	return pid < 0 ? sbx_err_prefix(err, pid, "join %s", name) : pid;
}
