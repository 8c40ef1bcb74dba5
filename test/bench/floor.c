/* SPDX-License-Identifier: Apache-2.0 */

/* floor LAYER SCRATCH PROGRAM [ARG...] - the least that a whole sandbox costs: the system calls alone, nothing read,
 * nothing decided, nothing checked beyond "did it work".  Seven namespaces, a single-id map, a native overlay of LAYER
 * with upper and work directories made in SCRATCH, /proc, /sys, /dev with six devices, pts, shm and mqueue, three made
 * files, pivot, no capabilities, no_new_privs, the default system-call filter, exec.  `make bench` measures sbx against
 * it. */

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <net/if.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>
#include "sbx/policy.h"

#define CHECK(call)                                                                 \
	do {                                                                        \
		if ((call) < 0) {                                                   \
			fprintf(stderr, "floor: %s: %s\n", #call, strerror(errno)); \
			_exit(125);                                                 \
		}                                                                   \
	} while (0)

static void write_text(const char *path, const char *text)
{
	int fd;
	CHECK(fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	CHECK(write(fd, text, strlen(text)));
	close(fd);
}

static void mount_dev(void)
{
	static const char *const nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
	CHECK(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k"));
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
		char from[32], to[32];
		snprintf(from, sizeof from, "/dev/%s", nodes[i]);
		snprintf(to, sizeof to, "dev/%s", nodes[i]);
		CHECK(mknod(to, S_IFREG | 0666, 0));
		CHECK(mount(from, to, NULL, MS_BIND, NULL));
	}
	CHECK(symlink("/proc/self/fd", "dev/fd"));
	CHECK(symlink("/proc/self/fd/0", "dev/stdin"));
	CHECK(symlink("/proc/self/fd/1", "dev/stdout"));
	CHECK(symlink("/proc/self/fd/2", "dev/stderr"));
	CHECK(symlink("pts/ptmx", "dev/ptmx"));
	CHECK(mkdir("dev/pts", 0755));
	CHECK(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620"));
	CHECK(mkdir("dev/shm", 01777));
	CHECK(mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m"));
	CHECK(mkdir("dev/mqueue", 0755));
	CHECK(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
}

static void build_root(const char *layer)
{
	char options[4096];
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	snprintf(options, sizeof options, "userxattr,volatile,lowerdir=%s,upperdir=upper,workdir=work", layer);
	CHECK(mount("overlay", "root", "overlay", MS_NOSUID | MS_NODEV, options));
	CHECK(chdir("root"));
	CHECK(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	CHECK(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL));
	mount_dev();
	write_text("etc/hosts", "127.0.0.1 localhost floor\n");
	write_text("etc/hostname", "floor\n");
	write_text("etc/resolv.conf", "");
	CHECK(syscall(SYS_pivot_root, ".", "."));
	CHECK(umount2(".", MNT_DETACH));
	CHECK(chdir("/"));
}

static void lock_down(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {0};
	struct seccomp_filter filter;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		CHECK(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
	CHECK(syscall(SYS_capset, &header, none));
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(seccomp_builtin("default", &filter));
	struct sock_fprog program = {(unsigned short)filter.n_insns, (struct sock_filter *)(uintptr_t)filter.insns};
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;
	CHECK(fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	CHECK(ioctl(fd, SIOCSIFFLAGS, &request));
	close(fd);
}

static _Noreturn void child(const char *layer, int go, char **argv)
{
	char byte;
	CHECK(read(go, &byte, 1));
	CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL));
	CHECK(sethostname("floor", 5));
	loopback_up();
	build_root(layer);
	lock_down();
	execv(argv[0], argv);
	perror("floor: exec");
	_exit(127);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: floor LAYER SCRATCH PROGRAM [ARG...]\n");
		return 2;
	}
	char scratch[4096], path[64], map[64];
	snprintf(scratch, sizeof scratch, "%s/floor-%d", argv[2], (int)getpid());
	CHECK(mkdir(scratch, 0700));
	CHECK(chdir(scratch));
	CHECK(mkdir("upper", 0755));
	CHECK(mkdir("work", 0700));
	CHECK(mkdir("root", 0755));
	int go[2];
	CHECK(pipe2(go, O_CLOEXEC));
	pid_t pid = (pid_t)syscall(SYS_clone,
		CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
			CLONE_NEWNET | SIGCHLD,
		NULL, NULL, NULL, NULL);
	CHECK(pid);
	if (pid == 0)
		child(argv[1], go[0], argv + 3);
	snprintf(path, sizeof path, "/proc/%d/setgroups", (int)pid);
	write_text(path, "deny");
	snprintf(path, sizeof path, "/proc/%d/uid_map", (int)pid);
	snprintf(map, sizeof map, "0 %u 1", (unsigned)geteuid());
	write_text(path, map);
	snprintf(path, sizeof path, "/proc/%d/gid_map", (int)pid);
	snprintf(map, sizeof map, "0 %u 1", (unsigned)getegid());
	write_text(path, map);
	CHECK(write(go[1], "", 1));
	int status;
	CHECK(waitpid(pid, &status, 0));
	/* All that a run of `true` leaves; what the kernel made has mode 0. */
	static const char *const left[] = {"upper/etc/hosts", "upper/etc/hostname", "upper/etc/resolv.conf",
		"upper/etc", "upper", "work/work/incompat/volatile/dirty", "work/work/incompat/volatile",
		"work/work/incompat", "work/work", "work", "root"};
	CHECK(chmod("work/work", 0700));
	CHECK(chmod("work/work/incompat", 0700));
	CHECK(chmod("work/work/incompat/volatile", 0700));
	for (size_t i = 0; i < sizeof left / sizeof *left; i++)
		CHECK(remove(left[i]));
	CHECK(rmdir(scratch));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
