/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Supervise a running sandbox until its first process has ended. */

#include <stdint.h>
#include <sys/types.h>
#include "fuse.h"
#include "net.h"
#include "pty.h"
#include "sbx/err.h"
#include "sbx/spec.h"

struct monitor {
	const struct sandbox_spec *spec;
	pid_t pid; /* of the sandbox's first process */
	int pidfd;
	int signal_fd; /* of the signals that monitor_signals_block blocked */
	int guard_pidfd;
	const struct fuse_server *fuse; /* borrowed */
	size_t n_fuse;
	struct net_helper *net; /* borrowed */
	struct pty_relay *relay;
	int ended_by;        /* a signal that the first process would not have felt, so that it was killed instead; 0 */
	uint64_t stop_at_ms; /* RuntimeMaxSec: when StopSignal is due; 0 never.  CLOCK_MONOTONIC */
	uint64_t kill_at_ms; /* after StopSignal: when SIGKILL is due; 0 not yet */
};

/* monitor_signals_block - block what is to be forwarded, for a signalfd.  *ret_fd owned; @ret_old: the mask before. */
int monitor_signals_block(int *ret_fd, sigset_t *ret_old, struct sbx_err *err);

/* monitor_run - relay the terminal, forward signals, keep the time, until the first process has ended, and reap it.
 * *ret_status: its own exit status, or 128+N.  -errno where a process of sbx's own was killed: the sandbox is then
 * ended, because what it stood for no longer holds. */
int monitor_run(struct monitor *m, int *ret_status, struct sbx_err *err);
