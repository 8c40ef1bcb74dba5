/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is known of running sandboxes: a directory of each, $XDG_RUNTIME_DIR/sbx/NAME, locked (flock) while it runs, so
 * that what a killed launcher left is told from what runs.  (src/runtime) */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "sbx/err.h"
#include "sbx/nethelper.h"
#include "sbx/strv.h"

/* The files in it. */
#define STATE_RECORD "record.json"
#define STATE_NET_STATS "net-stats" /* struct net_stats, mapped and written by sbx-net */

/* state_open - the directory of the running sandbox @name.  Returns a descriptor (owned).
 * -ENOENT "no sandbox named NAME is running". */
int state_open(const char *name, struct sbx_err *err);

/* state_read - what is known of the running sandbox @name.  -ENOENT as state_open, and while it is being started. */
struct state_record {
	pid_t pid;      /* of its first process, which is not reaped before the lock is let go */
	pid_t launcher; /* the sbx run that supervises it, which forwards signals */
	int stop_signal;
	uint64_t stop_timeout_ms;
	int64_t created_s; /* since 1970 */
	char network[16];  /* "slirp", "none" … */
	char cgroup[512];  /* "/a/b"; "" where it has no limits */
	/* For people, cut where they are longer. */
	char image[256], command[256], ports[256];
};
int state_read(const char *name, struct state_record *ret, struct sbx_err *err);

/* state_names - all running sandboxes, in the order of their names; appended to @ret. */
int state_names(struct strv *ret, struct sbx_err *err);

/* state_net_stats - the counters of a sandbox with Network=slirp.  -ENOENT where it has none. */
int state_net_stats(const char *name, struct net_stats *ret, struct sbx_err *err);

/* state_net_log_path - the network log of the sandbox @name, running or not.  Returns new; NULL and @err without a
 * home. It is kept until the next run of that name. */
char *state_net_log_path(const char *name, struct sbx_err *err);
