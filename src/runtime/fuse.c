/* SPDX-License-Identifier: Apache-2.0 */

/* The launcher's side of a stack by fuse-overlayfs: a process in the sandbox's user namespace, so that owners come out
 * right, and in the host's other namespaces, so that the sandbox neither sees nor outlives it: the kernel ends the
 * connection with the last mount, and the server with it. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "build.h"
#include "fuse.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

/* fuse-overlayfs splits its options at commas, and lowerdir at colons; a backslash takes the meaning away. */
static void add_path(struct strbuf *options, const char *path)
{
	for (; *path; path++) {
		if (strchr(",:\\", *path))
			strbuf_addc(options, '\\');
		strbuf_addc(options, *path);
	}
}

/* stack_path - the scratch directory of the stack as a process outside reaches it; in memory it is only mounted in the
 * namespace of the child @pid. */
static char *stack_path(const struct sandbox_spec *spec, const struct scratch *scratch, int which, pid_t pid)
{
	char name[24];
	stack_dir_name(which, name);
	if (spec->root.scratch == SCRATCH_DISK)
		return xasprintf("%s/%s", scratch->path, name);
	return xasprintf("/proc/%d/root%s/%s", (int)pid, spec->root.scratch_parent, name);
}

static char *fuse_options(const struct sandbox_spec *spec, const char *dir, int which)
{
	struct strbuf options = {0};
	strbuf_add(&options, "lowerdir=");
	if (which > 0)
		add_path(&options, spec->mounts[which - 1].src);
	for (size_t i = 0; which == 0 && i < spec->root.lower.n; i++) {
		if (i)
			strbuf_addc(&options, ':');
		add_path(&options, spec->root.lower.v[i]);
	}
	strbuf_add(&options, ",upperdir=");
	_cleanup_free_ char *upper = xasprintf("%s/upper", dir);
	add_path(&options, upper);
	strbuf_add(&options, ",workdir=");
	_cleanup_free_ char *work = xasprintf("%s/work", dir);
	add_path(&options, work);
	return strbuf_steal(&options);
}

/* child_exec - join the user namespace and become fuse-overlayfs.  Only system calls; never returns. */
static _Noreturn void child_exec(char *const argv[], int userns_fd, int fuse_fd, int out_fd)
{
	static char *const env[] = {"PATH=/usr/bin:/bin", NULL};
	signals_reset();
	setsid(); /* a Ctrl-C on the caller's terminal is not for it */
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (setns(userns_fd, CLONE_NEWUSER) < 0 || null < 0 || dup2(null, 0) < 0 || dup2(out_fd, 1) < 0 ||
		dup2(out_fd, 2) < 0)
		_exit(1);
	/* As root inside where that is mapped: what it makes then belongs to root. */
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		errno = 0;
	if (fcntl(fuse_fd, F_SETFD, 0) < 0 || fd_close_others(&fuse_fd, 1, NULL) < 0)
		_exit(1);
	execve(argv[0], argv, env);
	dprintf(2, "cannot be started: %s\n", strerror(errno));
	_exit(1);
}

int fuse_start(const struct fuse_request *q, struct fuse_server *ret, struct sbx_err *err)
{
	int out[2];
	const struct mount_op *op =
		q->which > 0 && (size_t)q->which <= q->spec->n_mounts ? &q->spec->mounts[q->which - 1] : NULL;
	*ret = (struct fuse_server){.pidfd = -1, .out_fd = -1};
	if (q->which != 0 && (!op || op->kind != MOUNT_OP_OVERLAY))
		return sbx_fail_plain(err, -EPROTO, "the child asked for a stack that is not in the plan");
	if (op && !op->src)
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"%s: an overlay of the image's own directory needs the kernel's overlayfs, and this one "
			"refuses it",
			op->dst);
	_cleanup_free_ char *program = helper_find("fuse-overlayfs");
	if (!program)
		return sbx_fail_plain(err, -ENOENT,
			"fuse-overlayfs is not installed (package fuse-overlayfs), and the kernel's own overlayfs is "
			"not to be "
			"used or refuses");
	_cleanup_free_ char *dir = stack_path(q->spec, q->scratch, q->which, q->pid);
	_cleanup_free_ char *options = fuse_options(q->spec, dir, q->which);
	char fd_path[32];
	snprintf(fd_path, sizeof fd_path, "/dev/fd/%d", q->fuse_fd);
	char *argv[] = {program, "-f", "-o", options, fd_path, NULL};
	/* Nobody reads while it runs: what does not fit is dropped. */
	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
		return sbx_fail(err, -errno, "pipe");
	pid_t pid = proc_clone(0, -1, &ret->pidfd);
	if (pid == 0)
		child_exec(argv, q->userns_fd, q->fuse_fd, out[1]);
	close(out[1]);
	ret->out_fd = out[0];
	if (pid > 0)
		return 0;
	cleanup_close(&ret->out_fd);
	return sbx_fail(err, pid, "make a process for fuse-overlayfs");
}

char *fuse_message(const struct fuse_server *server)
{
	char text[1024];
	ssize_t n = read(server->out_fd, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	/* It warns of mount options that it does not know before anything else. */
	char *line = text;
	while (strncmp(line, "unknown argument ignored", 24) == 0 && strchr(line, '\n'))
		line = strchr(line, '\n') + 1;
	line[strcspn(line, "\n")] = '\0';
	return *line ? text_escape(line) : NULL;
}

void fuse_end(struct fuse_server *server)
{
	if (server->pidfd >= 0) {
		/* With the mount it ends by itself; whoever stopped it or holds the connection is not waited for. */
		sys_pidfd_send_signal(server->pidfd, SIGKILL);
		pidfd_wait(server->pidfd, NULL);
	}
	cleanup_close(&server->pidfd);
	cleanup_close(&server->out_fd);
}
