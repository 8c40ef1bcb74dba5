/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The sandbox's first process, from clone to exec. */

#include <stdbool.h>
#include "rootfs.h"
#include "sbx/spec.h"
#include "trace.h"

struct child_task {
	const struct sandbox_spec *spec;
	const struct scratch *scratch;
	int sync_fd;
	bool terminal;   /* a new pty */
	bool has_cgroup; /* of its own: the cgroup namespace is still to be made */
	struct trace *trace;
};

/* child_main - wait for the id maps, build the root, lock down, execute.  Any failure goes to the launcher as
 * SYNC_FAILED.  Context: child of clone with all namespaces. */
_Noreturn void child_main(const struct child_task *task);
