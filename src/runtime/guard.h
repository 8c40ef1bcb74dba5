/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The guard: a process that sleeps until the launcher is dead, and then does what the launcher would have done. */

#include <sys/types.h>
#include "rootfs.h"

struct guard {
	pid_t pid; /* -1: none */
	int pidfd; /* readable when it is dead */
};

/* guard_start - fork it.
 * @sandbox_pidfd: of the sandbox's first process.  @userns_fd: of its user namespace or -1.  @tty_fd: the caller's
 * terminal, whose present mode it will restore, or -1.  Context: parent, single-threaded. */
int guard_start(const struct sandbox_spec *spec, struct scratch *scratch, int sandbox_pidfd, int userns_fd, int tty_fd,
	struct guard *ret, struct sbx_err *err);

/* guard_end - the launcher has cleaned up itself: the guard goes without doing anything. */
void guard_end(struct guard *g);
