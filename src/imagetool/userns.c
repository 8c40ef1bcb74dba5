/* SPDX-License-Identifier: Apache-2.0 */
/* A child in user, mount, network, IPC and PID namespaces of its own. */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/mountapi.h"
#include "sbx/spawn.h"

struct userns_report {
	struct sbx_err err;
	uint32_t notes[4];
};

static int child_become_root(struct sbx_err *err)
{
	/* Where 0 is not mapped (a map of the user's own), the child stays who it is. */
	if (getgid() != 0 && setresgid(0, 0, 0) < 0 && errno != EINVAL)
		return sbx_fail(err, -errno, "become group 0 of the new user namespace");
	if (getuid() != 0 && setresuid(0, 0, 0) < 0 && errno != EINVAL)
		return sbx_fail(err, -errno, "become user 0 of the new user namespace");
	/* Changing ids clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return sbx_fail(err, -errno, "ask to end with the parent");
	return 0;
}

static void __attribute__((noreturn)) child_main(const struct userns_job *job, int sock)
{
	struct userns_report report = {0};
	char go;

	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have died before that: then this reads the end of the file. */
	if (read_exact(sock, &go, 1) < 0)
		_exit(1);
	int r = child_become_root(&report.err);
	if (r >= 0)
		r = job->run(job->data, report.notes, &report.err);
	if (r >= 0)
		report.err.code = 0;
	write_all(sock, &report, sizeof(report));
	_exit(r < 0);
}

static int userns_fail(int code, struct sbx_err *err)
{
	/* The kernel's -ENOSPC here is no full disk. */
	if (code == -ENOSPC)
		return sbx_fail_plain(err, -EUSERS,
			"make a user namespace to unpack in: a limit of this machine is reached (sysctls "
			"user.max_*_namespaces, or nested too deep)");
	if (code == -EPERM || code == -EACCES)
		return sbx_fail_plain(err, code,
			"make a user namespace to unpack in: %s (`sbx doctor` says what forbids it and how to change "
			"that)",
			strerror(-code));
	return sbx_fail(err, code, "start the unpacking process");
}

/* report_wait - wait for the child's report, with a tick now and then. */
static int report_wait(const struct userns_job *job, int sock, struct userns_report *report)
{
	for (;;) {
		struct pollfd pfd = {.fd = sock, .events = POLLIN};
		int n = poll(&pfd, 1, job->tick ? job->tick_ms : -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return read_exact(sock, report, sizeof(*report));
		if (job->tick)
			job->tick(job->data);
	}
}

int userns_run(const struct userns_job *job, uint32_t ret_notes[4], struct sbx_err *err)
{
	struct userns_report report = {0};
	_cleanup_close_ int ours = -1, theirs = -1, pidfd = -1;
	_cleanup_pid_ pid_t pid = -1;
	int pair[2], status;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return sbx_fail(err, -errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	pid = proc_clone(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWPID, -1, &pidfd);
	if (pid < 0)
		return userns_fail(pid, err);
	if (pid == 0) {
		close(ours);
		child_main(job, theirs);
	}
	close(steal_fd(&theirs));
	int r = idmap_write(job->maps, pid, err);
	if (r < 0)
		return r;
	r = write_all(ours, "", 1);
	if (r >= 0)
		r = report_wait(job, ours, &report);
	if (r >= 0) {
		memcpy(ret_notes, report.notes, sizeof(report.notes));
		/* It says no more after that; it is reaped, not killed. */
		pidfd_wait(pidfd, &status);
		pid = -1;
		return report.err.code < 0 ? sbx_fail_plain(err, report.err.code, "%s", report.err.msg) : 0;
	}
	return sbx_fail_plain(
		err, -EIO, "the unpacking process was killed (by the kernel for want of memory, or by hand)");
}

int root_shrink(const char *path, int fd, struct sbx_err *err)
{
	struct stat was, is;

	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return sbx_fail(err, -errno, "cut the mount namespace off");
	/* The descriptor from outside belongs to the mount namespace there, which cannot be bound here. */
	_cleanup_close_ int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return sbx_fail(err, -errno, "open %s", path);
	if (fstat(fd, &was) < 0 || fstat(dir, &is) < 0)
		return sbx_fail(err, -errno, "stat %s", path);
	if (was.st_dev != is.st_dev || was.st_ino != is.st_ino)
		return sbx_fail_plain(err, -ESTALE, "%s was replaced while it was being used", path);
	_cleanup_close_ int tree = sys_open_tree(dir, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return sbx_fail(err, tree, "bind %s", path);
	/* Nothing there is ever run or opened as a device by us; kernels before 5.12 do without this second line. */
	sys_mount_setattr(tree, "", AT_EMPTY_PATH, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, 0);
	int r = mount_attach(tree, dir);
	if (r < 0)
		return sbx_fail(err, r, "bind %s on itself", path);
	if (fchdir(tree) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return sbx_fail(err, -errno, "make %s the root", path);
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return sbx_fail(err, -errno, "let go of the old root");
	return 0;
}
