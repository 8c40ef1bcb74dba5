/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The cgroup of a sandbox with limits: found or asked for, filled, and away again.  Without limits nothing here runs.
 */

#include <stdbool.h>
#include "sbx/err.h"
#include "sbx/spec.h"

struct cgroup {
	int fd;     /* of the sandbox's own, for clone; -1: there is none */
	char *path; /* "/a/b", below the hierarchy's root */
};
#define CGROUP_NONE ((struct cgroup){.fd = -1})

/* cgroup_create - below the caller's own cgroup where that is delegated, else in a new scope of the user's systemd,
 * into which the caller moves; with the limits written.  @name: of the sandbox. Enforce=try: what cannot be had is said
 * and left out; *ret may be CGROUP_NONE then. -errno: why not, and the exact change that mends it.  Context: parent,
 * before clone. */
int cgroup_create(const struct sandbox_spec *spec, const char *name, struct cgroup *ret, struct sbx_err *err);

/* cgroup_ran_out - whether the kernel has killed it for want of memory. */
bool cgroup_ran_out(const struct cgroup *cgroup);

/* cgroup_remove - with all processes that are still in it.  Context: parent or guard. */
void cgroup_remove(struct cgroup *cgroup);

/* unit_delegates - whether the unit of the user's systemd behind the cgroup @path has Delegate=.  Its mark on the
 * cgroup (user.delegate) came with systemd 254. */
bool unit_delegates(const char *path);

/* scope_enter - a transient scope of the user's systemd with the caller in it, named sbx-NAME-XXXX.scope.
 * *ret_path: its cgroup; new. */
int scope_enter(const char *name, char **ret_path, struct sbx_err *err);
