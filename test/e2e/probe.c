/* SPDX-License-Identifier: Apache-2.0 */

/* probe WHAT [ARG] - tries one break-out from inside a sandbox and prints what the kernel said, for test/e2e/security.
 * Static, so that it runs on any image.  Prints "NAME ERRNO-NAME" a line ("NAME ok" where the call worked), and ends
 * with 0: what is right is for the test to say. */

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Newer than some kernel headers; the numbers are the same on every architecture. */
enum {
	NR_OPEN_TREE = 428,
	NR_MOVE_MOUNT = 429,
	NR_FSOPEN = 430,
	NR_FSCONFIG = 431,
	NR_FSMOUNT = 432,
	NR_FSPICK = 433,
	NR_CLONE3 = 435,
	NR_PIDFD_GETFD = 438,
	NR_PROCESS_MADVISE = 440,
	NR_MOUNT_SETATTR = 442,
	NR_MEMFD_SECRET = 447,
	NR_OPEN_TREE_ATTR = 467,
	NR_UNKNOWN = 9999,
};

static void say(const char *name, long result)
{
	printf("%s %s\n", name, result < 0 ? strerrorname_np(errno) : "ok");
}

/* Every call with arguments that do no harm where it is allowed: bad pointers, bad descriptors, empty flags. */
static void try_calls(void)
{
	static const struct {
		const char *name;
		long nr, arg[3];
	} calls[] = {
		{"clone3", NR_CLONE3, {0, 0, 0}},
		{"open_tree", NR_OPEN_TREE, {-1, 0, 0}},
		{"open_tree_attr", NR_OPEN_TREE_ATTR, {-1, 0, 0}},
		{"move_mount", NR_MOVE_MOUNT, {-1, 0, -1}},
		{"fsopen", NR_FSOPEN, {0, 0, 0}},
		{"fsconfig", NR_FSCONFIG, {-1, 0, 0}},
		{"fsmount", NR_FSMOUNT, {-1, 0, 0}},
		{"fspick", NR_FSPICK, {-1, 0, 0}},
		{"mount_setattr", NR_MOUNT_SETATTR, {-1, 0, 0}},
		{"io_uring_setup", SYS_io_uring_setup, {0, 0, 0}},
		{"io_uring_enter", SYS_io_uring_enter, {-1, 0, 0}},
		{"io_uring_register", SYS_io_uring_register, {-1, 0, 0}},
		{"userfaultfd", SYS_userfaultfd, {-1, 0, 0}},
		{"memfd_secret", NR_MEMFD_SECRET, {-1, 0, 0}},
		{"unknown", NR_UNKNOWN, {0, 0, 0}},
		{"unshare", SYS_unshare, {CLONE_NEWUSER, 0, 0}},
		{"setns", SYS_setns, {-1, 0, 0}},
		{"mount", SYS_mount, {0, 0, 0}},
		{"umount2", SYS_umount2, {0, 0, 0}},
		{"pivot_root", SYS_pivot_root, {0, 0, 0}},
		{"keyctl", SYS_keyctl, {KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0}},
		{"add_key", SYS_add_key, {0, 0, 0}},
		{"request_key", SYS_request_key, {0, 0, 0}},
		{"bpf", SYS_bpf, {-1, 0, 0}},
		{"perf_event_open", SYS_perf_event_open, {0, 0, -1}},
		{"open_by_handle_at", SYS_open_by_handle_at, {-1, 0, 0}},
		{"pidfd_getfd", NR_PIDFD_GETFD, {-1, 0, 0}},
		{"process_madvise", NR_PROCESS_MADVISE, {-1, 0, 0}},
		{"kcmp", SYS_kcmp, {0, 0, -1}},
		{"init_module", SYS_init_module, {0, 0, 0}},
		{"finit_module", SYS_finit_module, {-1, 0, 0}},
		{"delete_module", SYS_delete_module, {0, 0, 0}},
		{"kexec_load", SYS_kexec_load, {0, 0, 0}},
		{"reboot", SYS_reboot, {0, 0, 0}},
		{"swapon", SYS_swapon, {0, 0, 0}},
		{"swapoff", SYS_swapoff, {0, 0, 0}},
		{"quotactl", SYS_quotactl, {-1, 0, 0}},
		{"acct", SYS_acct, {1, 0, 0}},
		{"syslog", SYS_syslog, {10, 0, 0}},
		{"settimeofday", SYS_settimeofday, {1, 0, 0}},
		{"clock_settime", SYS_clock_settime, {0, 1, 0}},
#ifdef SYS_iopl
		{"iopl", SYS_iopl, {3, 0, 0}},
		{"ioperm", SYS_ioperm, {0x80, 1, 1}},
#endif
		{"mbind", SYS_mbind, {0, 0, 99}},
		{"set_mempolicy", SYS_set_mempolicy, {99, 0, 0}},
		{"move_pages", SYS_move_pages, {-1, 0, 0}},
		{"migrate_pages", SYS_migrate_pages, {-1, 0, 0}},
		{"vhangup", SYS_vhangup, {0, 0, 0}},
		{"personality_bad", SYS_personality, {ADDR_NO_RANDOMIZE, 0, 0}},
		{"personality_ask", SYS_personality, {0xffffffff, 0, 0}},
	};
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		say(calls[i].name, syscall(calls[i].nr, calls[i].arg[0], calls[i].arg[1], calls[i].arg[2], 0, 0, 0));
}

/* clone with each namespace bit: a child that ends at once where it works. */
static void try_clone(void)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} flags[] = {
		{"CLONE_NEWUSER", CLONE_NEWUSER},
		{"CLONE_NEWNS", CLONE_NEWNS},
		{"CLONE_NEWPID", CLONE_NEWPID},
		{"CLONE_NEWNET", CLONE_NEWNET},
		{"CLONE_NEWIPC", CLONE_NEWIPC},
		{"CLONE_NEWUTS", CLONE_NEWUTS},
		{"CLONE_NEWCGROUP", CLONE_NEWCGROUP},
	};
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		long pid = syscall(SYS_clone, flags[i].flag | SIGCHLD, 0, 0, 0, 0);
		if (pid == 0)
			_exit(0);
		say(flags[i].name, pid);
		if (pid > 0)
			waitpid((pid_t)pid, NULL, 0);
	}
}

/* The terminal on standard input; also with bits above the 32 that the kernel looks at. */
static void try_tty(void)
{
	char c = 'x', sub = 2;
	int discipline = 0;
	say("TIOCSTI", syscall(SYS_ioctl, 0, (unsigned long)TIOCSTI, &c));
	say("TIOCSTI_high", syscall(SYS_ioctl, 0, (unsigned long)TIOCSTI | 1ul << 32, &c));
	say("TIOCLINUX", syscall(SYS_ioctl, 0, (unsigned long)TIOCLINUX, &sub));
	say("TIOCLINUX_high", syscall(SYS_ioctl, 0, (unsigned long)TIOCLINUX | 1ul << 40, &sub));
	say("TIOCSETD", syscall(SYS_ioctl, 0, (unsigned long)TIOCSETD, &discipline));
	say("TIOCSETD_high", syscall(SYS_ioctl, 0, (unsigned long)TIOCSETD | 1ul << 33, &discipline));
	struct winsize size;
	say("TIOCGWINSZ", ioctl(0, TIOCGWINSZ, &size));
}

static void try_sockets(void)
{
	static const struct {
		const char *name;
		int family, type;
	} kinds[] = {
		{"AF_UNIX", AF_UNIX, SOCK_STREAM},
		{"AF_INET", AF_INET, SOCK_STREAM},
		{"AF_INET6", AF_INET6, SOCK_STREAM},
		{"AF_NETLINK", AF_NETLINK, SOCK_RAW},
		{"AF_PACKET", AF_PACKET, SOCK_RAW},
		{"AF_VSOCK", AF_VSOCK, SOCK_STREAM},
		{"AF_ALG", AF_ALG, SOCK_SEQPACKET},
		{"AF_BLUETOOTH", AF_BLUETOOTH, SOCK_RAW},
		{"AF_TIPC", AF_TIPC, SOCK_STREAM},
		{"AF_RDS", AF_RDS, SOCK_SEQPACKET},
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		int fd = socket(kinds[i].family, kinds[i].type | SOCK_CLOEXEC, 0);
		say(kinds[i].name, fd);
		if (fd >= 0)
			close(fd);
	}
}

/* System calls by the other doors of an x86 machine. */
static void try_abi(void)
{
#ifdef __x86_64__
	fflush(stdout);
	pid_t pid = fork(); /* a kernel without 32-bit system calls kills who tries */
	if (pid == 0) {
		long r;
		__asm__ volatile("int $0x80"
				 : "=a"(r)
				 : "a"(20L)
				 : "memory", "cc", "r8", "r9", "r10", "r11"); /* getpid */
		errno = (int)-r;
		say("i386", r < 0 ? -1 : 0);
		fflush(stdout);
		_exit(0);
	}
	int status = 0;
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		puts("i386 killed");
	say("x32", syscall(0x40000000 | SYS_getpid));
#else
	puts("i386 ENOSYS\nx32 ENOSYS");
#endif
}

static int abstract_socket(const char *name, struct sockaddr_un *ret, socklen_t *ret_len)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	size_t n = strnlen(name, sizeof ret->sun_path - 1);
	memcpy(ret->sun_path + 1, name, n);
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int abstract_listen(const char *name)
{
	struct sockaddr_un address;
	socklen_t len;
	int fd = abstract_socket(name, &address, &len);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 4) < 0)
		return 1;
	puts("listening");
	fflush(stdout);
	for (;;)
		pause();
}

static void abstract_connect(const char *name)
{
	struct sockaddr_un address;
	socklen_t len;
	int fd = abstract_socket(name, &address, &len);
	say("connect", fd < 0 ? fd : connect(fd, (struct sockaddr *)&address, len));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : "";
	if (!strcmp(what, "calls"))
		try_calls();
	else if (!strcmp(what, "clone"))
		try_clone();
	else if (!strcmp(what, "tty"))
		try_tty();
	else if (!strcmp(what, "sockets"))
		try_sockets();
	else if (!strcmp(what, "abi"))
		try_abi();
	else if (!strcmp(what, "abstract-listen"))
		return abstract_listen(arg);
	else if (!strcmp(what, "abstract-connect"))
		abstract_connect(arg);
	else if (!strcmp(what, "write")) /* open for writing, change nothing */
		say(arg, open(arg, O_WRONLY | O_CLOEXEC));
	else if (!strcmp(what, "ids"))
		printf("%u %u %u %u\n", getuid(), geteuid(), getgid(), getegid());
	else if (!strcmp(what, "dumpable"))
		printf("%d\n", prctl(PR_GET_DUMPABLE));
	else
		return 2;
	return 0;
}
