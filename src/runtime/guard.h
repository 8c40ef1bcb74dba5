/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The guard: a process that sleeps until the launcher is dead, and then does what the launcher would have done. */

#include <sys/types.h>
#include "cgroup.h"
#include "rootfs.h"
#include "state_run.h"

struct guard {
	pid_t pid; /* -1: none */
	int pidfd; /* readable when it is dead */
};

/* What it stands for; all borrowed, descriptors -1 where there are none. */
struct guard_charge {
	const struct sandbox_spec *spec;
	struct scratch *scratch;
	struct run_state *state;
	struct cgroup *cgroup;
	int sandbox_pidfd; /* of the sandbox's first process */
	int userns_fd;     /* of its user namespace */
	int helper_pidfd;  /* of what serves its network, which may not notice that the sandbox is gone */
	int tty_fd;        /* the caller's terminal, whose present mode it will restore */
};

/* guard_start - fork it.  Context: parent, single-threaded. */
int guard_start(const struct guard_charge *charge, struct guard *ret, struct sbx_err *err);

/* guard_end - the launcher has cleaned up itself: the guard goes without doing anything. */
void guard_end(struct guard *g);
