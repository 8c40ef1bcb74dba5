/* SPDX-License-Identifier: Apache-2.0 */

/* Making processes, and the signal state that a program expects at exec. */

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sbx/spawn.h"

#ifndef SYS_clone3
#define SYS_clone3 435 /* the same number on every architecture */
#endif
#define SIGNALS 64 /* _NSIG of the kernel, but on mips */
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

/* clone_old - clone(2) as a fork: no new stack.  Its first two arguments are swapped on s390. */
static long clone_old(unsigned long flags, int *ret_pidfd)
{
#if defined(__s390__) || defined(__s390x__) || defined(__CRIS__)
	return syscall(SYS_clone, NULL, flags, ret_pidfd, NULL, 0);
#else
	return syscall(SYS_clone, flags, NULL, ret_pidfd, NULL, 0);
#endif
}

pid_t proc_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		/* With CLONE_PARENT the kernel takes that of the caller itself. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)cgroup_fd;
	}
	long pid = syscall(SYS_clone3, &args, sizeof(args));
	/* ENOSYS: before 5.3, or a container engine's filter that cannot look into the struct. */
	if (pid < 0 && errno == ENOSYS && cgroup_fd < 0)
		pid = clone_old((unsigned long)(flags | CLONE_PIDFD | args.exit_signal), &pidfd);
	if (pid < 0)
		return (pid_t)-errno;
	if (pid > 0) {
		if (ret_pidfd)
			*ret_pidfd = pidfd;
		else
			close(pidfd);
	}
	return (pid_t)pid;
}

void signals_reset(void)
{
	/* Handlers fall at exec by themselves, ignored signals stay: which ones are ignored would take a file to read,
	 * so all are set.  By the system call: glibc keeps 32 and 33 to itself and refuses them, but a caller may have
	 * them ignored (seen below make and timeout).  All zeros are SIG_DFL on every machine. */
	static const unsigned long dfl[8];
	for (int sig = 1; sig <= SIGNALS; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			syscall(SYS_rt_sigaction, sig, dfl, NULL, SIGNALS / 8);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
