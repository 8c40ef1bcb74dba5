/* SPDX-License-Identifier: Apache-2.0 */

/* From clone to exec: process 1 of the sandbox. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "child.h"
#include "identity.h"
#include "lockdown.h"
#include "net.h"
#include "pty.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/net.h"
#include "sbx/spawn.h"
#include "sbx/str.h"
#include "sync.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* Linux 6.3 */
#endif

enum { EXIT_SETUP = 125, EXIT_CANNOT_EXECUTE = 126, EXIT_NOT_FOUND = 127 };

/* ping_allow - for all groups that there are: a range that begins and ends with one.  As far as sbx-net, or pasta, is
 * allowed to ping itself. */
static void ping_allow(const struct idmap *groups)
{
	uint32_t first = UINT32_MAX, last = 0;
	for (size_t i = 0; i < groups->n; i++) {
		const struct idmap_extent *e = &groups->extents[i];
		first = e->inside < first ? e->inside : first;
		last = e->inside + e->count - 1 > last ? e->inside + e->count - 1 : last;
	}
	if (groups->n > 0)
		net_allow_ping(first, last);
}

/* network_up - the interfaces of a namespace of its own.  A tap goes to the launcher, which hands it to its helper;
 * what is sent before that one reads waits in the tap's queue. */
static int network_up(const struct child_task *t, struct sbx_err *err)
{
	const struct net_spec *net = &t->spec->net;
	if (net->kind == NET_NONE)
		return net_up_loopback(err);
	if (net->kind == NET_SLIRP || net->kind == NET_PASTA)
		ping_allow(&t->spec->maps.gid);
	if (net->kind != NET_SLIRP)
		return 0;
	_cleanup_close_ int tap = net_up_tap(net->ipv6, err);
	if (tap < 0)
		return tap;
	int r = sync_send(t->sync_fd, SYNC_TAP, 0, NULL, tap);
	return r < 0 ? sbx_fail(err, r, "hand the tap to the launcher") : 0;
}

/* network_await - last of all, so that the helper has had the time of the whole set-up. */
static int network_await(const struct child_task *t, struct sbx_err *err)
{
	int r = sync_send(t->sync_fd, SYNC_NET, 0, NULL, -1);
	return r < 0 ? sbx_fail(err, r, "ask the launcher for the network")
		     : sync_expect(t->sync_fd, SYNC_NET_READY, err);
}

/* init_copy - sbx-init in sealed memory: a file of the host that the inside could see at /proc/1/exe would be one that
 * a breach could write.  Returns the descriptor. */
static int init_copy(const char *path, struct sbx_err *err)
{
	struct stat st;
	_cleanup_close_ int from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0 || fstat(from, &st) < 0)
		return sbx_fail(err, -errno, "open %s", path);
	int fd = memfd_create("sbx-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("sbx-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	_cleanup_close_ int to = fd;
	if (to < 0)
		return sbx_fail(err, -errno, "make a file in memory for %s", path);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);
		if (n <= 0)
			return sbx_fail(err, n < 0 ? -errno : -EIO, "read %s", path);
		left -= n;
	}
	if (fcntl(to, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return sbx_fail(err, -errno, "seal the copy of %s", path);
	return steal_fd(&to);
}

/* exec_try - execute one path; returns only on failure, with why. */
static int exec_try(const char *path, char *const argv[], char *const env[], int *ret_status, struct sbx_err *err)
{
	execve(path, argv, env);
	int code = -errno;
	*ret_status = code == -ENOENT || code == -ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
	if (code == -ENOENT && faccessat(AT_FDCWD, path, F_OK, 0) == 0)
		return sbx_fail_plain(
			err, code, "execute %s: the interpreter that it names is missing in the image", path);
	if (code == -ENOENT || code == -ENOTDIR)
		return sbx_fail_plain(err, code, "execute %s: there is no such file in the sandbox", path);
	if (code == -ENOEXEC)
		return sbx_fail_plain(
			err, code, "execute %s: neither a program for this machine nor a script with a #! line", path);
	if (code == -EACCES)
		return sbx_fail_plain(
			err, code, "execute %s: it is not executable, or a directory, or not on this user's way", path);
	return sbx_fail(err, code, "execute %s", path);
}

/* exec_search - find @argv[0] like execvp(3) in the PATH of @env; nothing is ever handed to a shell. */
static int exec_search(const struct strv *argv, const struct strv *env, int *ret_status, struct sbx_err *err)
{
	const char *name = argv->v[0], *path = strv_env_get(env, "PATH");
	if (strchr(name, '/'))
		return exec_try(name, argv->v, env->v, ret_status, err);
	struct sbx_err denied = {0};
	for (const char *p = path ? path : ""; *p; p += *p == ':') {
		size_t n = strcspn(p, ":");
		_cleanup_free_ char *candidate = xasprintf("%.*s/%s", n ? (int)n : 1, n ? p : ".", name);
		struct stat st;
		p += n;
		if (stat(candidate, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		int r = exec_try(candidate, argv->v, env->v, ret_status, err);
		if (r != -EACCES)
			return r;
		denied = *err;
	}
	if (denied.code < 0) {
		*err = denied;
		*ret_status = EXIT_CANNOT_EXECUTE;
		return denied.code;
	}
	*ret_status = EXIT_NOT_FOUND;
	return sbx_fail_plain(err, -ENOENT, "execute %s: no such command in the sandbox's PATH (%s)", name,
		path ? path : "which is not set");
}

static int exec_init(int init_fd, const struct strv *argv, const struct strv *env, struct sbx_err *err)
{
	_cleanup_strv_ struct strv words = {0};
	strv_add(&words, "sbx-init");
	strv_add_all(&words, argv);
	syscall(SYS_execveat, init_fd, "", words.v, env->v, AT_EMPTY_PATH);
	return sbx_fail(err, -errno, "start sbx-init");
}

static int program_exec(
	const struct child_task *t, const struct identity *id, int init_fd, int *ret_status, struct sbx_err *err)
{
	const struct process_spec *p = &t->spec->process;
	_cleanup_strv_ struct strv env = {0};
	strv_add_all(&env, &p->env);
	if (!strv_env_get(&env, "HOME"))
		strv_addf(&env, "HOME=%s", id->home);
	signals_reset();
	trace_mark(t->trace, 1, "lock-down");
	return init_fd >= 0 ? exec_init(init_fd, &p->argv, &env, err) : exec_search(&p->argv, &env, ret_status, err);
}

/* session_start - a terminal of its own, or a session without one: the caller's is out of reach either way. */
static int session_start(const struct child_task *t, uid_t uid, struct sbx_err *err)
{
	if (t->terminal)
		return pty_open_inside(t->sync_fd, uid, err);
	return setsid() < 0 ? sbx_fail(err, -errno, "start a session") : 0;
}

static int prepare(const struct child_task *t, int *ret_init_fd, struct sbx_err *err)
{
	const struct sandbox_spec *spec = t->spec;
	int r = sync_expect(t->sync_fd, SYNC_MAPPED, err);
	trace_mark(t->trace, 1, NULL);
	if (r == 0 && t->has_cgroup && unshare(CLONE_NEWCGROUP) < 0)
		r = sbx_fail(err, -errno, "make a cgroup namespace");
	if (r == 0 && sethostname(spec->process.host_name, strlen(spec->process.host_name)) < 0)
		r = sbx_fail(err, -errno, "set the host name %s", spec->process.host_name);
	if (r == 0)
		r = network_up(t, err);
	if (r == 0 && spec->process.run_init)
		*ret_init_fd = r = init_copy(spec->process.init_path, err);
	return r < 0 ? r : 0;
}

/* launcher_follow - end with the launcher.  Only after the ids are set: a change of them clears the signal.  A launcher
 * that died before this sends none, and may have died before there was a guard: then the socket has no other end.  The
 * guard stands behind it, for a program that changes its ids later. */
static int launcher_follow(int sync_fd, struct sbx_err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return sbx_fail(err, -errno, "ask to end with the launcher");
	struct pollfd p = {.fd = sync_fd, .events = POLLRDHUP};
	if (poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)))
		return sbx_fail_plain(err, -EPIPE, "the launcher ended while the sandbox was being set up");
	return 0;
}

static int child_run(const struct child_task *t, int *ret_status, struct sbx_err *err)
{
	struct identity id = {0};
	int init_fd = -1;
	int r = prepare(t, &init_fd, err);
	if (r == 0)
		r = rootfs_build(t->spec, t->scratch, t->sync_fd, err);
	trace_mark(t->trace, 1, "root file system");
	if (r == 0)
		r = identity_find(t->spec, &id, err);
	if (r == 0)
		r = session_start(t, id.uid, err);
	if (r == 0)
		r = lockdown_resources(t->spec, err);
	if (r == 0)
		r = lockdown_identity(t->spec, &id, err);
	/* Whatever was open in the launcher, and all that was opened since, but for the socket, which exec closes. */
	int keep[2] = {t->sync_fd, init_fd};
	if (init_fd >= 0 && init_fd < t->sync_fd) {
		keep[0] = init_fd;
		keep[1] = t->sync_fd;
	}
	if (r == 0)
		r = fd_close_others(keep, init_fd >= 0 ? 2 : 1, err);
	if (r == 0)
		r = launcher_follow(t->sync_fd, err);
	if (r == 0 && net_is_awaited(&t->spec->net))
		r = network_await(t, err);
	if (r == 0)
		r = lockdown_last(t->spec, &id, err);
	if (r == 0)
		r = program_exec(t, &id, init_fd, ret_status, err);
	return r;
}

_Noreturn void child_main(const struct child_task *task)
{
	struct sbx_err err = {0};
	int status = EXIT_SETUP;
	child_run(task, &status, &err);
	sync_send(task->sync_fd, SYNC_FAILED, status, &err, -1);
	_exit(status);
}
