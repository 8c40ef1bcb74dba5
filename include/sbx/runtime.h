/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Execute a checked sandbox_spec.  (src/runtime) */

#include <stdbool.h>
#include "sbx/err.h"
#include "sbx/spec.h"

struct run_options {
	const char *trace_path; /* --trace: a timeline in Chrome's trace-event JSON, or NULL */
	int json_status_fd;     /* --json-status-fd, -1: none */
	const char *pid_file;   /* --pidfile or NULL */
	bool interactive; /* -i: keep standard input open; without it and without a terminal it still passes through */
};

/* runtime_run - start the sandbox, supervise it, clean up.
 * *ret_status: the exit status of `sbx run`: the program's own, 128+N for signal N, 126 or 127 (then @err says why).
 * Returns 0 where the program was started (also when it failed), -errno where sbx itself failed: exit status 125.
 * 126 and 127, and 137 where MemoryMax= was met: returns 0, *ret_status set and err->code set with the message to
 * print. Context: a single-threaded process; signals are handled here until it returns. */
int runtime_run(
	const struct sandbox_spec *spec, const struct run_options *options, int *ret_status, struct sbx_err *err);

/* rootfs_probe - try what stacking this machine gives, in a forked child, for `explain` and `doctor`.
 * @lower, @scratch_parent: directories to try it with.  Returns 0 where it works, -errno and why not. */
int rootfs_probe_native(
	const struct idmap_pair *maps, const char *lower, const char *scratch_parent, struct sbx_err *err);
int rootfs_probe_fuse(
	const struct idmap_pair *maps, const char *lower, const char *scratch_parent, struct sbx_err *err);
/* userns_probe - whether an unprivileged user namespace can be made; the message names the sysctl or AppArmor rule. */
int userns_probe(struct sbx_err *err);
