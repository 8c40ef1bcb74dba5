/* SPDX-License-Identifier: Apache-2.0 */

/* Sources: user_namespaces(7), pivot_root(2), "pivot_root(".", ".")", landlock(7), seccomp(2). */

#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "netlog.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/mountapi.h"
#include "sbx/policy.h"
#include "sbx/str.h"

#define DNS_BACKLOG 64
#define SOCKETS_MAX 8192
/* A TCP connection has 256 KiB of buffers in libslirp, which ends the process where it gets no memory: so the sockets
 * must run out first. */
#define MEMORY_MAX_BYTES (UINT64_C(3) << 30)

static int write_text(const char *path, const char *text, struct sbx_err *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : write_all(fd, text, strlen(text));
	return r < 0 ? sbx_fail(err, r, "write %s", path) : 0;
}

/* namespaces_enter - with the caller's one id: files in the new root need an owner. */
static int namespaces_enter(struct sbx_err *err)
{
	char uid_map[40], gid_map[40];
	snprintf(uid_map, sizeof uid_map, "0 %u 1", (unsigned)geteuid());
	snprintf(gid_map, sizeof gid_map, "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0)
		return sbx_fail(err, -errno, "make namespaces");
	int r = write_text("/proc/self/setgroups", "deny", err);
	if (r == 0)
		r = write_text("/proc/self/uid_map", uid_map, err);
	return r == 0 ? write_text("/proc/self/gid_map", gid_map, err) : r;
}

static int dns_listen_at(const char *path, struct sbx_err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, DNS_BACKLOG) < 0)
		return sbx_fail(err, -errno, "listen at %s", path);
	return steal_fd(&fd);
}

/* root_empty - a new file system with the one socket in it, read-only, and nothing below. */
static int root_empty(const char *dns_path, int *ret_dns_fd, struct sbx_err *err)
{
	static const char *const options[] = {"mode=500", "size=64k", "nr_inodes=8", NULL};
	_cleanup_close_ int root =
		fs_mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
	if (root < 0)
		return root;
	_cleanup_close_ int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, 0, 0, MS_PRIVATE);
	if (r == 0)
		r = old < 0 ? -errno : mount_attach(root, old);
	if (r < 0)
		return sbx_fail(err, r, "mount an empty root");
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return sbx_fail(err, -errno, "enter the empty root");
	*ret_dns_fd = dns_listen_at(dns_path, err);
	if (*ret_dns_fd < 0)
		return *ret_dns_fd;
	r = sys_mount_setattr(AT_FDCWD, "/", 0, MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? sbx_fail(err, r, "make the empty root read-only") : 0;
}

/* privileges_drop - the capabilities over the new namespaces. */
static int privileges_drop(struct sbx_err *err)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {0};
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return sbx_fail(err, -errno, "drop a capability");
	if (syscall(SYS_capset, &header, none) < 0)
		return sbx_fail(err, -errno, "drop all capabilities");
	/* Another process of the user could else read what it has in memory, and use its sockets. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return sbx_fail(err, -errno, "set no_new_privs");
	return 0;
}

/* clang says it in a way of its own. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
/* The search for leaks at exit needs ptrace(2), which the filter has not. gcc's runtime is a library, and finds only
 * what is to be seen from outside. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* limits_set - each at most so much; what the caller had less of stays less. */
static int limits_set(struct sbx_err *err)
{
	static const struct {
		__rlimit_resource_t resource;
		rlim_t max;
	} limits[] = {
#if !defined(__SANITIZE_ADDRESS__) /* whose shadow memory counts */
		{RLIMIT_AS, MEMORY_MAX_BYTES},
#endif
		{RLIMIT_CORE, 0},
		{RLIMIT_FSIZE, NETLOG_MAX_BYTES + 4096},
		{RLIMIT_MEMLOCK, 0},
		{RLIMIT_NPROC, 1},
		{RLIMIT_NOFILE, SOCKETS_MAX},
	};
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit limit;
		if (getrlimit(limits[i].resource, &limit) < 0)
			return sbx_fail(err, -errno, "read resource limit %d", (int)limits[i].resource);
		if (limit.rlim_max > limits[i].max)
			limit.rlim_max = limits[i].max;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(limits[i].resource, &limit) < 0)
			return sbx_fail(err, -errno, "set resource limit %d", (int)limits[i].resource);
	}
	return 0;
}

static int filter_install(struct sbx_err *err)
{
	struct seccomp_filter filter;
	int r = seccomp_net_helper(&filter);
	return r < 0 ? sbx_fail(err, r, "find the helper's system-call filter")
		     : seccomp_install(filter.insns, filter.n_insns, err);
}

/* wait_for - the process that stays outside of the PID namespace: with nothing open, and without Landlock:
 * its scope of signals would keep the death of this process from being the other's (PR_SET_PDEATHSIG). */
static _Noreturn void wait_for(pid_t pid)
{
	int status = 0;
	fd_close_others(NULL, 0, NULL);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	if (limits_set(NULL) < 0 || filter_install(NULL) < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int fork_inside(struct sbx_err *err)
{
	pid_t pid = fork();
	if (pid < 0)
		return sbx_fail(err, -errno, "fork");
	if (pid > 0)
		wait_for(pid);
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? sbx_fail(err, -errno, "ask to end with the parent") : 0;
}

static int standard_fds_close(struct sbx_err *err)
{
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			return sbx_fail(err, -errno, "open /dev/null");
	return 0;
}

int confine_namespaces(const char *dns_path, int *ret_dns_fd, struct sbx_err *err)
{
	/* Out of the reach of the caller's terminal: a Ctrl-C there is for the program. */
	setsid();
	int r = standard_fds_close(err);
	if (r == 0)
		r = namespaces_enter(err);
	if (r == 0)
		r = root_empty(dns_path, ret_dns_fd, err);
	if (r == 0)
		r = privileges_drop(err);
	return r == 0 ? fork_inside(err) : r;
}

int confine_last(struct sbx_err *err)
{
	int r = limits_set(err);
	if (r == 0 && landlock_abi() > 0)
		r = landlock_confine_sockets(err);
	return r == 0 ? filter_install(err) : r;
}
