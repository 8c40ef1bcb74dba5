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
#include <sys/mount.h>
#include <sys/stat.h>
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

/* stack_path - the directory of the stack's upper and work directories.  In memory each server has its own file system,
 * which it mounts itself: fuse-overlayfs takes absolute names alone, and the child's mounts have none out here. */
static char *stack_path(const struct fuse_request *q)
{
	char name[24];
	if (q->spec->root.scratch == SCRATCH_MEMORY)
		return xstrdup(q->spec->root.scratch_parent);
	stack_dir_name(q->which, name);
	return xasprintf("%s/%s", q->scratch->path, name);
}

static char *fuse_options(const struct fuse_request *q, const char *upper, const char *work)
{
	const struct sandbox_spec *spec = q->spec;
	struct strbuf options = {0};
	strbuf_add(&options, "lowerdir=");
	if (q->which > 0)
		add_path(&options, spec->mounts[q->which - 1].src);
	for (size_t i = 0; q->which == 0 && i < spec->root.lower.n; i++) {
		if (i)
			strbuf_addc(&options, ':');
		add_path(&options, spec->root.lower.v[i]);
	}
	strbuf_add(&options, ",upperdir=");
	add_path(&options, upper);
	strbuf_add(&options, ",workdir=");
	add_path(&options, work);
	/* With a single id nothing can be given another owner, and a directory of the host's root (Rootfs=/) could not
	 * be copied up: then all is shown as the one id's, and the server leaves owners alone. */
	if (!spec->maps.by_helper && spec->maps.uid.n == 1 && spec->maps.gid.n == 1)
		strbuf_addf(&options, ",squash_to_uid=%u,squash_to_gid=%u", spec->maps.uid.extents[0].inside,
			spec->maps.gid.extents[0].inside);
	return strbuf_steal(&options);
}

/* What the server's process needs, made ready before the fork. */
struct server_task {
	char *const *argv;
	int userns_fd, fuse_fd, out_fd;
	const char *memory_at; /* Scratch=memory: where its tmpfs goes; else NULL */
	char memory_options[48];
	const char *upper, *work;
};

/* memory_mount - in a mount namespace of its own, which ends with the process. */
static bool memory_mount(const struct server_task *t)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("tmpfs", t->memory_at, "tmpfs", MS_NOSUID | MS_NODEV, t->memory_options) == 0 &&
	       mkdir(t->upper, 0755) == 0 && mkdir(t->work, 0700) == 0;
}

static _Noreturn void server_fail(const char *what)
{
	dprintf(2, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

/* server_exec - join the user namespace and become fuse-overlayfs.  Only system calls. */
static _Noreturn void server_exec(const struct server_task *t)
{
	static char *const env[] = {"PATH=/usr/bin:/bin", NULL};
	signals_reset();
	setsid(); /* a Ctrl-C on the caller's terminal is not for it */
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(t->out_fd, 1) < 0 || dup2(t->out_fd, 2) < 0)
		_exit(1);
	if (setns(t->userns_fd, CLONE_NEWUSER) < 0)
		server_fail("join the sandbox's user namespace");
	/* As root inside where that is mapped: what it makes then belongs to root. */
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		errno = 0;
	umask(0);
	if (t->memory_at && !memory_mount(t))
		server_fail("a file system in memory");
	if (fcntl(t->fuse_fd, F_SETFD, 0) < 0 || fd_close_others(&t->fuse_fd, 1, NULL) < 0)
		server_fail("descriptors");
	execve(t->argv[0], t->argv, env);
	server_fail("it cannot be started");
}

/* request_check - the child is our own code, but what it sends is checked against the plan all the same. */
static int request_check(const struct fuse_request *q, struct sbx_err *err)
{
	const struct mount_op *op = NULL;
	if (q->which > 0 && (size_t)q->which <= q->spec->n_mounts)
		op = &q->spec->mounts[q->which - 1];
	if (q->which != 0 && (!op || op->kind != MOUNT_OP_OVERLAY))
		return sbx_fail_plain(err, -EPROTO, "the child asked for a stack that is not in the plan");
	if (op && !op->src)
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"%s: an overlay of the image's own directory needs the kernel's overlayfs, and this one "
			"refuses it",
			op->dst);
	return 0;
}

int fuse_start(const struct fuse_request *q, struct fuse_server *ret, struct sbx_err *err)
{
	int out[2], r = request_check(q, err);
	*ret = (struct fuse_server){.pidfd = -1, .out_fd = -1};
	if (r < 0)
		return r;
	_cleanup_free_ char *program = helper_find("fuse-overlayfs");
	if (!program)
		return sbx_fail_plain(err, -ENOENT,
			"fuse-overlayfs is not installed (package fuse-overlayfs), and the kernel's own overlayfs is "
			"not to be "
			"used or refuses");
	_cleanup_free_ char *dir = stack_path(q);
	_cleanup_free_ char *upper = xasprintf("%s/upper", dir), *work = xasprintf("%s/work", dir);
	_cleanup_free_ char *options = fuse_options(q, upper, work);
	char fd_path[32];
	snprintf(fd_path, sizeof fd_path, "/dev/fd/%d", q->fuse_fd);
	char *argv[] = {program, "-f", "-o", options, fd_path, NULL};
	/* Nobody reads while it runs: what does not fit is dropped. */
	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
		return sbx_fail(err, -errno, "pipe");
	struct server_task task = {argv, q->userns_fd, q->fuse_fd, out[1],
		q->spec->root.scratch == SCRATCH_MEMORY ? dir : NULL, "mode=755", upper, work};
	if (q->spec->root.scratch_size_bytes)
		snprintf(task.memory_options, sizeof task.memory_options, "mode=755,size=%llu",
			(unsigned long long)q->spec->root.scratch_size_bytes);
	pid_t pid = proc_clone(0, -1, &ret->pidfd);
	if (pid == 0)
		server_exec(&task);
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
