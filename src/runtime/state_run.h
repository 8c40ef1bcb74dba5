/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The directory of one run among the running sandboxes, for the launcher and the guard. */

#include "sbx/spec.h"
#include "sbx/state.h"

struct run_state {
	char *name;    /* the sandbox's, or that with a number where it is taken; NULL: there is none */
	int parent_fd; /* of the directory of all */
	int fd;        /* of its own, which holds the lock */
};
#define RUN_STATE_NONE ((struct run_state){.parent_fd = -1, .fd = -1})

/* state_create - make and lock it; what a killed run left there is cleared.  A name that runs already: -EBUSY where it
 * was given (Name=, --name), else NAME-2, NAME-3 … is taken.  Context: parent. */
int state_create(const struct sandbox_spec *spec, struct run_state *ret, struct sbx_err *err);

/* state_write - what other commands may know of it.  @pid: of the first process.  @cgroup: its path, or NULL. */
int state_write(const struct run_state *state, const struct sandbox_spec *spec, pid_t pid, const char *cgroup,
	struct sbx_err *err);

/* state_remove - *state is empty afterwards.  Context: parent or guard. */
void state_remove(struct run_state *state);

/* state_net_log_open - the network log of this run, empty.  Returns a descriptor for appending. */
int state_net_log_open(const struct run_state *state, struct sbx_err *err);
