/* SPDX-License-Identifier: Apache-2.0 */

/* The launcher: clone, id maps, the child's requests, supervision, and everything away again. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "cgroup.h"
#include "child.h"
#include "fuse.h"
#include "guard.h"
#include "join.h"
#include "monitor.h"
#include "net.h"
#include "pty.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/log.h"
#include "sbx/runtime.h"
#include "sbx/spawn.h"
#include "sbx/str.h"
#include "state_run.h"
#include "sync.h"
#include "trace.h"
#include "userns.h"

/* One run, from clone to the last descriptor. */
struct run {
	const struct sandbox_spec *spec;
	const struct run_options *options;
	struct scratch scratch;
	struct trace *trace;
	bool terminal;
	pid_t pid;
	int pidfd, sync_fd, userns_fd, signal_fd;
	sigset_t old_signals;
	struct guard guard;
	struct fuse_server *fuse;
	size_t n_fuse;
	struct net_helper net;
	struct run_state state;
	struct cgroup cgroup;
	struct pty_relay relay;
	bool wrote_pid_file;
};

/* std_fds_open - a closed standard descriptor would be the next file that is opened: fill it. */
static int std_fds_open(struct sbx_err *err)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is this one. */
		if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0)
			return sbx_fail(err, -errno, "open /dev/null");
	}
	return 0;
}

static uint64_t namespaces(const struct sandbox_spec *spec)
{
	uint64_t flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	return spec->net.kind == NET_HOST ? flags : flags | CLONE_NEWNET;
}

static int start_child(struct run *run, struct sbx_err *err)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return sbx_fail(err, -errno, "socketpair");
	run->sync_fd = pair[0];
	uint64_t flags = namespaces(run->spec);
	/* Made now it would have the launcher's cgroup as its root: the child makes it. */
	if (run->cgroup.fd >= 0)
		flags &= ~(uint64_t)CLONE_NEWCGROUP;
	run->pid = run->spec->net.kind == NET_SANDBOX ? join_clone(run->spec, flags, run->cgroup.fd, &run->pidfd, err)
						      : proc_clone(flags, run->cgroup.fd, &run->pidfd);
	if (run->pid == 0) {
		struct child_task task = {
			run->spec, &run->scratch, pair[1], run->terminal, run->cgroup.fd >= 0, run->trace};
		close(pair[0]);
		child_main(&task);
	}
	close(pair[1]);
	if (run->pid < 0 && run->spec->net.kind != NET_SANDBOX)
		return userns_fail(run->pid, err);
	return run->pid < 0 ? run->pid : 0;
}

/* map_child - the id maps, then the word to go on; meanwhile nothing else can happen in the child. */
static int map_child(struct run *run, struct sbx_err *err)
{
	char path[40];
	/* Who joins another sandbox has that one's. */
	int r = run->spec->net.kind == NET_SANDBOX ? 0 : idmap_write(&run->spec->maps, run->pid, err);
	if (r < 0)
		return r;
	r = sync_send(run->sync_fd, SYNC_MAPPED, 0, NULL, -1);
	if (r < 0)
		return sbx_fail(err, r, "send to the sandbox's first process");
	/* Held for what must join it later: fuse-overlayfs, and the removal of files of subordinate ids. */
	snprintf(path, sizeof path, "/proc/%d/ns/user", (int)run->pid);
	run->userns_fd = open(path, O_RDONLY | O_CLOEXEC);
	return run->userns_fd < 0 ? sbx_fail(err, -errno, "open %s", path) : 0;
}

static int answer_fuse(struct run *run, int which, int fuse_fd, struct sbx_err *err)
{
	if (fuse_fd < 0)
		return sbx_fail_plain(err, -EPROTO, "the child asked for fuse-overlayfs without a descriptor");
	run->fuse = xrealloc(run->fuse, run->n_fuse + 1, sizeof *run->fuse);
	const struct fuse_request q = {run->spec, &run->scratch, which, run->userns_fd, fuse_fd};
	int r = fuse_start(&q, &run->fuse[run->n_fuse], err);
	close(fuse_fd);
	if (r < 0)
		return r;
	run->n_fuse++;
	r = sync_send(run->sync_fd, SYNC_FUSE_READY, 0, NULL, -1);
	return r < 0 ? sbx_fail(err, r, "send to the sandbox's first process") : 0;
}

static int answer_tap(struct run *run, int tap_fd, struct sbx_err *err)
{
	if (tap_fd < 0 || run->spec->net.kind != NET_SLIRP)
		return sbx_fail_plain(err, -EPROTO, "the child sent a tap that is not in the plan");
	int r = net_give_tap(&run->net, tap_fd, err);
	close(tap_fd);
	return r;
}

static int answer_net(struct run *run, struct sbx_err *err)
{
	int r = net_wait_ready(&run->net, err);
	if (r < 0)
		return r;
	r = sync_send(run->sync_fd, SYNC_NET_READY, 0, NULL, -1);
	return r < 0 ? sbx_fail(err, r, "send to the sandbox's first process") : 0;
}

/* explain_failure - the child's record; where a FUSE server failed, what that said is the better reason. */
static int explain_failure(struct run *run, const struct sync_record *record, int *ret_status, struct sbx_err *err)
{
	*err = record->err;
	*ret_status = record->value;
	if (err->code >= 0)
		err->code = -EIO;
	for (size_t i = 0; i < run->n_fuse && err->code == -ENOTCONN; i++) {
		_cleanup_free_ char *why = fuse_message(&run->fuse[i]);
		if (why)
			return sbx_fail_plain(err, -EIO, "fuse-overlayfs: %s", why);
	}
	return err->code;
}

/* serve_child - answer the child's requests until it has become the program. */
static int serve_child(struct run *run, int *ret_status, struct sbx_err *err)
{
	struct sync_record record;
	for (;;) {
		int fd, r = sync_recv(run->sync_fd, &record, &fd);
		if (r < 0)
			return sbx_fail(err, r, "hear from the sandbox's first process");
		if (r == 0)
			return 0;
		switch (record.kind) {
		case SYNC_FUSE:
			r = answer_fuse(run, record.value, fd, err);
			break;
		case SYNC_TERMINAL:
			r = fd < 0 ? sbx_fail_plain(err, -EPROTO, "the child sent no terminal")
				   : pty_relay_start(&run->relay, fd, err);
			break;
		case SYNC_TAP:
			r = answer_tap(run, fd, err);
			break;
		case SYNC_NET:
			r = answer_net(run, err);
			break;
		case SYNC_FAILED:
			return explain_failure(run, &record, ret_status, err);
		default:
			r = sbx_fail_plain(err, -EPROTO, "the child sent the unknown record %u", record.kind);
		}
		if (r < 0)
			return r;
	}
}

static int report_start(struct run *run, struct sbx_err *err)
{
	const struct run_options *o = run->options;
	char text[64];
	int n;
	if (o->json_status_fd >= 0) {
		n = snprintf(text, sizeof text, "{\"child-pid\": %d}\n", (int)run->pid);
		int r = write_all(o->json_status_fd, text, (size_t)n);
		if (r < 0)
			return sbx_fail(err, r, "write to descriptor %d (--json-status-fd)", o->json_status_fd);
	}
	if (o->pid_file) {
		_cleanup_close_ int fd = open(o->pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		n = snprintf(text, sizeof text, "%d\n", (int)run->pid);
		int r = fd < 0 ? -errno : write_all(fd, text, (size_t)n);
		if (r < 0)
			return sbx_fail(err, r, "write %s (--pidfile)", o->pid_file);
		run->wrote_pid_file = true;
	}
	return run->trace && o->trace_path ? trace_write(run->trace, o->trace_path, err) : 0;
}

static void report_end(struct run *run, int status)
{
	char text[64];
	int n = snprintf(text, sizeof text, "{\"exit-code\": %d}\n", status);
	/* Nobody may be left to read it, and the sandbox has ended either way. */
	if (run->options->json_status_fd >= 0 && write_all(run->options->json_status_fd, text, (size_t)n) < 0)
		log_warning("%s: the exit status could not be written to --json-status-fd", run->spec->name);
}

static int supervise(struct run *run, int *ret_status, struct sbx_err *err)
{
	struct monitor m = {
		.spec = run->spec,
		.pid = run->pid,
		.pidfd = run->pidfd,
		.signal_fd = run->signal_fd,
		.guard_pidfd = run->guard.pidfd,
		.fuse = run->fuse,
		.n_fuse = run->n_fuse,
		.net = &run->net,
		.relay = &run->relay,
	};
	int r = monitor_run(&m, ret_status, err);
	if (r == 0)
		run->pid = -1; /* reaped */
	return r;
}

static int run_start(struct run *run, int *ret_status, struct sbx_err *err)
{
	int tty = -1;
	int r = std_fds_open(err);
	if (r == 0 && run->options->trace_path && !(run->trace = trace_new(err)))
		r = -ENOMEM;
	if (r == 0)
		r = monitor_signals_block(&run->signal_fd, &run->old_signals, err);
	if (r == 0)
		r = state_create(run->spec, &run->state, err);
	if (r == 0)
		r = cgroup_create(run->spec, run->state.name, &run->cgroup, err);
	if (r == 0)
		r = scratch_create(run->spec, &run->scratch, err);
	trace_mark(run->trace, 0, "scratch directory");
	if (r == 0)
		r = start_child(run, err);
	trace_mark(run->trace, 0, "clone");
	if (r == 0)
		r = map_child(run, err);
	trace_mark(run->trace, 0, "id maps");
	if (r == 0 && run->terminal)
		tty = pty_tty_find();
	if (r == 0)
		r = net_start(run->spec, run->pid, &run->state, &run->net, err);
	trace_mark(run->trace, 0, "network helper");
	if (r == 0)
		r = state_write(&run->state, run->spec, run->pid, run->cgroup.path, err);
	const struct guard_charge charge = {
		run->spec, &run->scratch, &run->state, &run->cgroup, run->pidfd, run->userns_fd, run->net.pidfd, tty};
	if (r == 0)
		r = guard_start(&charge, &run->guard, err);
	trace_mark(run->trace, 0, "guard");
	if (r == 0)
		r = serve_child(run, ret_status, err);
	trace_mark(run->trace, 0, "child's set-up");
	return r;
}

/* run_end - everything away, in the order of dependence: processes, mounts with them, FUSE servers, directories, and
 * the guard last, which would do all that if this were killed. */
static void run_end(struct run *run)
{
	struct sbx_err err = {0};
	cleanup_pid(&run->pid);
	pty_relay_end(&run->relay);
	net_end(&run->net);
	for (size_t i = 0; i < run->n_fuse; i++)
		fuse_end(&run->fuse[i]);
	cleanup_free(&run->fuse);
	if (scratch_remove(run->spec, &run->scratch, run->userns_fd, &err) < 0)
		log_warning("%s", err.msg);
	cgroup_remove(&run->cgroup);
	state_remove(&run->state);
	if (run->wrote_pid_file)
		unlink(run->options->pid_file);
	guard_end(&run->guard);
	cleanup_close(&run->pidfd);
	cleanup_close(&run->sync_fd);
	cleanup_close(&run->userns_fd);
	if (run->signal_fd >= 0)
		sigprocmask(SIG_SETMASK, &run->old_signals, NULL);
	cleanup_close(&run->signal_fd);
	trace_free(run->trace);
}

int runtime_run(
	const struct sandbox_spec *spec, const struct run_options *options, int *ret_status, struct sbx_err *err)
{
	struct run run = {
		.spec = spec,
		.options = options,
		.scratch = {.fd = -1, .lock_fd = -1},
		.terminal = spec->process.terminal == TERMINAL_YES ||
			    (spec->process.terminal == TERMINAL_AUTO && isatty(0)),
		.pid = -1,
		.pidfd = -1,
		.sync_fd = -1,
		.userns_fd = -1,
		.signal_fd = -1,
		.net = NET_HELPER_NONE,
		.state = RUN_STATE_NONE,
		.cgroup = CGROUP_NONE,
		.guard = {.pid = -1, .pidfd = -1},
		.relay = {.master_fd = -1, .tty_fd = -1},
	};
	*ret_status = 125;
	int r = run_start(&run, ret_status, err);
	bool started = r == 0;
	if (r == 0)
		r = report_start(&run, err);
	if (r == 0)
		r = supervise(&run, ret_status, err);
	bool ran_out = started && spec->cgroup.memory_max && cgroup_ran_out(&run.cgroup);
	run_end(&run);
	if (ran_out) {
		*ret_status = 128 + SIGKILL;
		r = 0;
		sbx_fail_plain(err, -ENOMEM, "out of memory: MemoryMax=%s", spec->cgroup.memory_max);
	}
	if (started && r == 0)
		report_end(&run, *ret_status);
	/* Not found, not executable: the sandbox was there, the program was not. */
	return r < 0 && (*ret_status == 126 || *ret_status == 127) ? 0 : r;
}
