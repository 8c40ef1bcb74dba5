/* SPDX-License-Identifier: Apache-2.0 */

/* Lock-down.  Sources: capabilities(7), keyrings(7), prctl(2), seccomp(2). */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "lockdown.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/policy.h"
#include "sbx/resolve.h"

/* keyring_new - the caller's session keyring would be shared otherwise, keys of disks and of Kerberos with it. */
static int keyring_new(struct sbx_err *err)
{
	/* Without keyrings in the kernel, or where an engine around us forbids them to all, there is nothing to keep.
	 */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS && errno != EPERM)
		return sbx_fail(err, -errno, "make a session keyring");
	return 0;
}

static int rlimits_set(const struct sandbox_spec *spec, struct sbx_err *err)
{
	for (size_t i = 0; i < spec->n_rlimits; i++) {
		const struct rlimit_spec *r = &spec->rlimits[i];
		if (setrlimit((__rlimit_resource_t)r->resource, &r->limit) == 0)
			continue;
		int code = -errno;
		struct rlimit own = {0};
		getrlimit((__rlimit_resource_t)r->resource, &own);
		if (code == -EPERM)
			return sbx_fail_plain(err, code,
				"%s: Limit%s: the caller's own hard limit is %llu, and only root may go beyond it",
				r->origin, r->name, (unsigned long long)own.rlim_max);
		return sbx_fail(err, code, "%s: Limit%s", r->origin, r->name);
	}
	return 0;
}

static int oom_score_set(const struct process_spec *p, struct sbx_err *err)
{
	char text[16];
	if (!p->set_oom_score_adj)
		return 0;
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	int n = snprintf(text, sizeof text, "%d", p->oom_score_adj);
	int r = fd < 0 ? -errno : write_all(fd, text, (size_t)n);
	if (r == -EACCES || r == -EPERM)
		return sbx_fail_plain(err, r,
			"%s: [Exec] OOMScoreAdjust=%d: only root may go below the value that it has", p->oom_origin,
			p->oom_score_adj);
	return r < 0 ? sbx_fail(err, r, "%s: [Exec] OOMScoreAdjust=%d", p->oom_origin, p->oom_score_adj) : 0;
}

static int nice_set(const struct process_spec *p, struct sbx_err *err)
{
	if (p->nice == 0)
		return 0;
	errno = 0;
	int now = getpriority(PRIO_PROCESS, 0);
	if (errno || setpriority(PRIO_PROCESS, 0, now + p->nice) < 0)
		return errno == EACCES || errno == EPERM
			       ? sbx_fail_plain(err, -errno,
					 "%s: [Exec] Nice=%d: an ordinary user may only raise the value (see LimitNICE "
					 "of the caller)",
					 p->nice_origin, p->nice)
			       : sbx_fail(err, -errno, "%s: [Exec] Nice=%d", p->nice_origin, p->nice);
	return 0;
}

int lockdown_resources(const struct sandbox_spec *spec, struct sbx_err *err)
{
	int r = keyring_new(err);
	if (r == 0)
		r = oom_score_set(&spec->process, err);
	if (r == 0)
		r = nice_set(&spec->process, err);
	if (r == 0)
		r = rlimits_set(spec, err);
	umask(spec->process.umask);
	return r;
}

/* caps_of - the bounding set that the program gets; only user 0 keeps any. */
static uint64_t caps_of(const struct sandbox_spec *spec, const struct identity *id)
{
	return id->uid == 0 || !spec->security.no_new_privs ? spec->security.caps : 0;
}

static int groups_set(const struct sandbox_spec *spec, const struct identity *id, struct sbx_err *err)
{
	if (spec->process.keep_groups && id->n_groups == 0)
		return 0;
	if (setgroups(id->n_groups, id->groups) == 0)
		return 0;
	/* Denied for good with a single id: they stay, and show as "nogroup"; `explain` says so. */
	if (errno == EPERM && !spec->maps.by_helper && id->n_groups == 0)
		return 0;
	return sbx_fail(err, -errno, "set the supplementary groups");
}

/* cwd_open - never by chdir(2) on the path: /proc/self/fd/N, or a link to it in the image, is a way to directories
 * outside while descriptors to them are open here (CVE-2024-21626). */
static int cwd_open(const struct sandbox_spec *spec, struct sbx_err *err)
{
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return sbx_fail(err, -errno, "open /");
	return resolve_in_root(root, spec->process.cwd, O_PATH | O_DIRECTORY, err);
}

static int cwd_enter(const struct sandbox_spec *spec, struct sbx_err *err)
{
	_cleanup_close_ int fd = cwd_open(spec, err);
	if (fd < 0)
		return sbx_err_prefix(err, fd, "enter the working directory");
	if (fchdir(fd) == 0)
		return 0;
	return sbx_fail(err, -errno, "enter the working directory %s", spec->process.cwd);
}

/* cwd_make - while we are still root of the sandbox. */
static int cwd_make(const struct sandbox_spec *spec, struct sbx_err *err)
{
	struct sbx_err ignored = {0};
	_cleanup_close_ int there = cwd_open(spec, &ignored);
	if (there != -ENOENT)
		return 0; /* what else is wrong with it is said when it is entered */
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return sbx_fail(err, -errno, "open /");
	_cleanup_close_ int fd = resolve_dir_in_root(root, spec->process.cwd, 0755, err);
	return fd < 0 ? sbx_err_prefix(err, fd, "working directory") : 0;
}

int lockdown_identity(const struct sandbox_spec *spec, const struct identity *id, struct sbx_err *err)
{
	if (id->uid != 0 && spec->security.caps_explicit && spec->security.no_new_privs)
		return sbx_fail_plain(err, -EINVAL,
			"AddCapability has no effect on a program that is not user 0 inside (it is user %u), and "
			"no_new_privs keeps "
			"it from gaining any: run it as root, or drop the key",
			(unsigned)id->uid);
	int r = cwd_make(spec, err);
	if (r == 0)
		r = caps_drop_bounding(caps_of(spec, id), err);
	if (r == 0)
		r = groups_set(spec, id, err);
	if (r < 0)
		return r;
	/* As the sandbox's root where that can, as in podman: the image's /root is no place for user nobody.  A
	 * directory that only the program can reach (keep-id, a bind) is entered when this is the program. */
	struct sbx_err ignored = {0};
	bool entered = cwd_enter(spec, &ignored) == 0;
	/* The permitted set outlives the change of ids, for a filter without no_new_privs. */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return sbx_fail(err, -errno, "keep capabilities over the change of ids");
	if (setresgid(id->gid, id->gid, id->gid) < 0)
		return sbx_fail(err, -errno, "become group %u", (unsigned)id->gid);
	if (setresuid(id->uid, id->uid, id->uid) < 0)
		return sbx_fail(err, -errno, "become user %u", (unsigned)id->uid);
	return entered ? 0 : cwd_enter(spec, err);
}

static int filters_install(const struct security_spec *s, struct sbx_err *err)
{
	int r = 0;
	if (s->fake_root) {
		size_t n;
		const struct sock_filter *insns = seccomp_fake_root(&n);
		r = seccomp_install(insns, n, err);
	}
	if (r == 0 && s->seccomp_len > 0)
		r = seccomp_install(s->seccomp, s->seccomp_len, err);
	return r;
}

int lockdown_last(const struct sandbox_spec *spec, const struct identity *id, struct sbx_err *err)
{
	const struct security_spec *s = &spec->security;
	const uint64_t admin = UINT64_C(1) << CAP_SYS_ADMIN;
	uint64_t caps = id->uid == 0 ? s->caps : 0;
	int r = 0;

	if (s->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return sbx_fail(err, -errno, "set no_new_privs");
	if (!s->no_new_privs)
		r = caps_set(caps | admin, err);
	if (r == 0 && s->scope_abstract_unix)
		r = landlock_scope_abstract(err);
	if (r == 0 && s->no_new_privs)
		r = caps_set(caps, err);
	if (r == 0)
		r = filters_install(s, err);
	/* Without no_new_privs only CAP_SYS_ADMIN may install a filter, which then has to let capset(2) through. */
	if (r == 0 && !s->no_new_privs)
		r = caps_set(caps, err);
	return r;
}
