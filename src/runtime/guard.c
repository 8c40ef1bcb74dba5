/* SPDX-License-Identifier: Apache-2.0 */

/* kill -9 of the launcher must end the sandbox, give the terminal its mode back and leave no directory.  The
 * parent-death signal does the first only as long as the program never changes its ids; the guard does all of it. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>
#include "guard.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/spawn.h"

#define END_WAIT_MS 2000
#define HELPER_WAIT_MS 300

static void wait_end(int pidfd, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	while (poll(&p, 1, timeout_ms) < 0 && errno == EINTR)
		;
}

static int fd_order(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static _Noreturn void guard_main(const struct guard_charge *t, int launcher_pidfd)
{
	struct termios mode;
	sigset_t all;
	int keep[12], n = 0;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* Out of the terminal's reach, and no reader of our output waits for the guard. */
	setsid();
	int tty = t->tty_fd >= 0 ? fcntl(t->tty_fd, F_DUPFD_CLOEXEC, 3) : -1;
	bool has_mode = tty >= 0 && tcgetattr(tty, &mode) == 0;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	const int held[] = {launcher_pidfd, t->sandbox_pidfd, t->userns_fd, t->helper_pidfd, t->scratch->fd,
		t->scratch->lock_fd, t->state->fd, t->state->parent_fd, t->cgroup->fd, tty};
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		if (held[i] >= 0)
			keep[n++] = held[i];
	qsort(keep, (size_t)n, sizeof *keep, fd_order);
	fd_close_others(keep, (size_t)n, NULL);

	wait_end(launcher_pidfd, -1);
	sys_pidfd_send_signal(t->sandbox_pidfd, SIGKILL);
	if (has_mode)
		tcsetattr(tty, TCSANOW, &mode);
	/* Its mounts are gone when it is. */
	wait_end(t->sandbox_pidfd, END_WAIT_MS);
	/* sbx-net has seen the launcher's end of its socket close; pasta sees nothing. */
	if (t->helper_pidfd >= 0) {
		if (t->spec->net.kind == NET_SLIRP)
			wait_end(t->helper_pidfd, HELPER_WAIT_MS);
		sys_pidfd_send_signal(t->helper_pidfd, SIGKILL);
	}
	scratch_remove(t->spec, t->scratch, t->userns_fd, NULL);
	cgroup_remove(t->cgroup);
	state_remove(t->state);
	_exit(0);
}

int guard_start(const struct guard_charge *charge, struct guard *ret, struct sbx_err *err)
{
	*ret = (struct guard){.pid = -1, .pidfd = -1};
	/* Opened before the fork: afterwards its number could come to mean another process. */
	_cleanup_close_ int self = sys_pidfd_open(getpid());
	if (self < 0)
		return sbx_fail(err, self, "pidfd_open");
	ret->pid = proc_clone(0, -1, &ret->pidfd);
	if (ret->pid == 0)
		guard_main(charge, self);
	return ret->pid < 0 ? sbx_fail(err, ret->pid, "make the guard process") : 0;
}

void guard_end(struct guard *g)
{
	cleanup_pid(&g->pid);
	cleanup_close(&g->pidfd);
}
