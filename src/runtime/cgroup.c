/* SPDX-License-Identifier: Apache-2.0 */

/* Sources: Linux Documentation/admin-guide/cgroup-v2.rst ("No Internal Process Constraint", "Delegation"), systemd's
 * CGROUP_DELEGATION. */

#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "sbx/cgroupfs.h"
#include "sbx/cleanup.h"
#include "sbx/log.h"
#include "sbx/str.h"
#include "sbx/strv.h"

/* Where the processes of a cgroup go that gets children: one with limits for its children may hold none itself. */
#define LEAF "sbx-leaf"
#define REMOVE_TRIES 200
#define REMOVE_PAUSE_MS 10

/* is_delegated - whether the cgroup @fd is the caller's to divide: it can be written, and it is not one that the user
 * manager made for a unit of its own and means to keep. */
static bool is_delegated(int fd, const char *path)
{
	char mark[8];
	if (faccessat(fd, "cgroup.procs", W_OK, AT_EACCESS) < 0 ||
		faccessat(fd, "cgroup.subtree_control", W_OK, AT_EACCESS) < 0 ||
		faccessat(fd, ".", W_OK, AT_EACCESS) < 0)
		return false;
	return !strstr(path, "/user@") || fgetxattr(fd, "user.delegate", mark, sizeof mark) > 0 || unit_delegates(path);
}

/* missing_controller - the first that the limits need and @fd has not; NULL: none. */
static const char *missing_controller(const struct cgroup_spec *limits, int fd)
{
	for (size_t i = 0; i < limits->n; i++)
		if (!cgroup_has(fd, "cgroup.controllers", limits->lines[i].controller))
			return limits->lines[i].controller;
	return NULL;
}

/* base_own - the caller's own cgroup, or the one above where an earlier run moved it into the leaf.  Returns a
 * descriptor; -1 it is not delegated; *ret_path new. */
static int base_own(char **ret_path, struct sbx_err *err)
{
	_cleanup_free_ char *path = cgroup_own(err);
	if (!path)
		return -1;
	if (str_ends(path, "/" LEAF))
		path[strlen(path) - strlen("/" LEAF)] = '\0';
	_cleanup_close_ int fd = cgroup_open(*path ? path : "/", err);
	if (fd < 0 || !is_delegated(fd, path))
		return -1;
	*ret_path = steal_ptr(path);
	return steal_fd(&fd);
}

/* processes_move - all of the cgroup @fd into its leaf, until there are none: some may be forking. */
static int processes_move(int fd, struct sbx_err *err)
{
	if (mkdirat(fd, LEAF, 0755) < 0 && errno != EEXIST)
		return sbx_fail(err, -errno, "make the cgroup " LEAF);
	_cleanup_close_ int leaf = openat(fd, LEAF, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (leaf < 0)
		return sbx_fail(err, -errno, "open the cgroup " LEAF);
	for (int tries = 0; tries < REMOVE_TRIES; tries++) {
		_cleanup_free_ char *procs = cgroup_read(fd, "cgroup.procs");
		if (!procs || !*procs)
			return 0;
		for (char *rest = procs, *pid = strsep(&rest, "\n"); pid; pid = strsep(&rest, "\n")) {
			int r = *pid ? cgroup_write(leaf, "cgroup.procs", pid) : 0;
			if (r < 0 && r != -ESRCH)
				return sbx_fail(err, r, "move process %s into the cgroup " LEAF, pid);
		}
	}
	return sbx_fail_plain(err, -EBUSY, "processes come up faster than they can be moved into the cgroup " LEAF);
}

/* controllers_enable - for the children of the cgroup @fd, whose processes make room. */
static int controllers_enable(const struct cgroup_spec *limits, int fd, struct sbx_err *err)
{
	bool all = true;
	for (size_t i = 0; i < limits->n; i++)
		all &= cgroup_has(fd, "cgroup.subtree_control", limits->lines[i].controller);
	if (all)
		return 0;
	int r = processes_move(fd, err);
	for (size_t i = 0; r == 0 && i < limits->n; i++) {
		char text[32];
		snprintf(text, sizeof text, "+%s", limits->lines[i].controller);
		r = cgroup_write(fd, "cgroup.subtree_control", text);
		if (r < 0)
			return sbx_fail(err, r, "switch on the controller %s", limits->lines[i].controller);
	}
	return r;
}

/* controller_fail - words that a shell takes as they are printed, and so without a backslash. */
static int controller_fail(const char *controller, bool of_scope, struct sbx_err *err)
{
	if (!of_scope)
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"the controller %s is not delegated to this process's own cgroup: add it to Delegate= of its "
			"unit, or to cgroup.subtree_control above it",
			controller);
	return sbx_fail_plain(err, -EOPNOTSUPP,
		"the controller %s is not delegated to your user manager: as root, mkdir -p "
		"/etc/systemd/system/user@.service.d; (echo '[Service]'; echo 'Delegate=cpu cpuset io memory pids') "
		">/etc/systemd/system/user@.service.d/delegate.conf; systemctl daemon-reload; "
		"then log out and in again",
		controller);
}

/* base_find - the cgroup below which the sandbox's is made. */
static int base_find(
	const struct sandbox_spec *spec, const char *name, char **ret_path, bool *ret_scope, struct sbx_err *err)
{
	int r = cgroup_v2_check(err);
	if (r < 0)
		return r;
	_cleanup_close_ int fd = base_own(ret_path, err);
	*ret_scope = fd < 0;
	if (fd < 0) {
		r = scope_enter(name, ret_path, err);
		fd = r < 0 ? r : cgroup_open(*ret_path, err);
		if (fd < 0)
			return fd;
	}
	const char *missing = spec->cgroup.try_only ? NULL : missing_controller(&spec->cgroup, fd);
	return missing ? controller_fail(missing, *ret_scope, err) : steal_fd(&fd);
}

/* lines_write - Enforce=try: a line that does not take is said. */
static int lines_write(const struct sandbox_spec *spec, int fd, struct sbx_err *err)
{
	for (size_t i = 0; i < spec->cgroup.n; i++) {
		const struct cgroup_line *line = &spec->cgroup.lines[i];
		int r = cgroup_write(fd, line->file, line->text);
		if (r == 0)
			continue;
		if (r == -ENOENT && strcmp(line->file, "memory.swap.max") == 0)
			sbx_fail_plain(err, r, "%s: [Limits] %s: this kernel does not count swap (swapaccount=1)",
				line->origin, line->key);
		else if (r == -ENOENT && !cgroup_has(fd, "cgroup.controllers", line->controller))
			sbx_fail_plain(err, r,
				"%s: [Limits] %s: the controller %s is not delegated (sbx doctor says more)",
				line->origin, line->key, line->controller);
		else
			sbx_fail(err, r, "%s: [Limits] %s: write %s to %s of the sandbox's cgroup", line->origin,
				line->key, line->text, line->file);
		if (!spec->cgroup.try_only)
			return r;
		log_warning("not enforced: %s", err->msg);
		*err = (struct sbx_err){0};
	}
	return 0;
}

/* controllers_try - Enforce=try: those that are there. */
static int controllers_try(const struct sandbox_spec *spec, int fd, struct sbx_err *err)
{
	struct cgroup_spec there = {.lines = xcalloc(spec->cgroup.n, sizeof *there.lines)};
	for (size_t i = 0; i < spec->cgroup.n; i++)
		if (cgroup_has(fd, "cgroup.controllers", spec->cgroup.lines[i].controller))
			there.lines[there.n++] = spec->cgroup.lines[i];
	int r = controllers_enable(&there, fd, err);
	free(there.lines);
	return r;
}

static int create_in(const struct sandbox_spec *spec, const char *name, int base_fd, const char *base_path,
	struct cgroup *ret, struct sbx_err *err)
{
	uint16_t random = 0;
	char own[96];
	int r = spec->cgroup.try_only ? controllers_try(spec, base_fd, err)
				      : controllers_enable(&spec->cgroup, base_fd, err);
	if (r < 0)
		return r;
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		return sbx_fail(err, -errno, "getrandom");
	snprintf(own, sizeof own, "sbx-%s-%04x", name, random);
	if (mkdirat(base_fd, own, 0755) < 0)
		return sbx_fail(err, -errno, "make the cgroup %s/%s", base_path, own);
	ret->path = xasprintf("%s/%s", base_path, own);
	ret->fd = openat(base_fd, own, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->fd < 0 ? sbx_fail(err, -errno, "open the cgroup %s", ret->path) : lines_write(spec, ret->fd, err);
}

int cgroup_create(const struct sandbox_spec *spec, const char *name, struct cgroup *ret, struct sbx_err *err)
{
	*ret = CGROUP_NONE;
	if (spec->cgroup.n == 0)
		return 0;
	_cleanup_free_ char *path = NULL;
	bool scope = false;
	_cleanup_close_ int base = base_find(spec, name, &path, &scope, err);
	int r = base < 0 ? base : create_in(spec, name, base, path, ret, err);
	if (r < 0)
		cgroup_remove(ret);
	if (r == 0 || !spec->cgroup.try_only)
		return r < 0 ? sbx_err_prefix(err, r, "the limits cannot be enforced") : 0;
	log_warning("the limits are not enforced (Enforce=try): %s", err->msg);
	*err = (struct sbx_err){0};
	return 0;
}

bool cgroup_ran_out(const struct cgroup *cgroup)
{
	if (cgroup->fd < 0)
		return false;
	uint64_t kills = cgroup_field(cgroup->fd, "memory.events", "oom_kill");
	return kills > 0 && kills != UINT64_MAX;
}

void cgroup_remove(struct cgroup *cgroup)
{
	if (cgroup->fd >= 0 && cgroup_write(cgroup->fd, "cgroup.kill", "1") < 0)
		log_debug("%s: no cgroup.kill (Linux 5.14)", cgroup->path);
	/* In a scope systemd removes it too, and might be there first. */
	_cleanup_free_ char *full = cgroup->path ? xasprintf(CGROUP_ROOT "%s", cgroup->path) : NULL;
	for (int tries = 0; full && tries < REMOVE_TRIES; tries++) {
		if (rmdir(full) == 0 || errno != EBUSY)
			break;
		nanosleep(&(struct timespec){.tv_nsec = REMOVE_PAUSE_MS * 1000000L}, NULL);
	}
	cleanup_free(&cgroup->path);
	cleanup_close(&cgroup->fd);
}
