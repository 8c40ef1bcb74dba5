/* SPDX-License-Identifier: Apache-2.0 */

/* The supervising loop: one poll over everything that can happen to a sandbox. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "monitor.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/log.h"
#include "sbx/parse.h"
#include "sbx/spawn.h"

/* What stays the launcher's own: its faults, its children, its place in the terminal's job control. */
static const int not_forwarded[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS,
	SIGABRT, SIGPIPE, SIGTTIN, SIGTTOU};

int monitor_signals_block(int *ret_fd, sigset_t *ret_old, struct sbx_err *err)
{
	sigset_t set, old;
	sigfillset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(not_forwarded); i++)
		sigdelset(&set, not_forwarded[i]);
	/* What the caller ignores (nohup; SIGINT for the background jobs of a script) is not for the sandbox either.  A
	 * blocked signal would reach the signalfd although it is ignored.  Source: kernel/signal.c, sig_ignored. */
	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		struct sigaction action;
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			sigdelset(&set, sig);
	}
	sigprocmask(SIG_BLOCK, &set, &old);
	*ret_old = old;
	/* So that a closed output is an error. */
	signal(SIGPIPE, SIG_IGN);
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*ret_fd < 0)
		return sbx_fail(err, -errno, "signalfd");
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* status_mask - a signal mask line of /proc/PID/status. */
static uint64_t status_mask(const char *status, const char *name)
{
	unsigned long long mask = 0;
	const char *line = strstr(status, name);
	return line && sscanf(line + strlen(name), " %llx", &mask) == 1 ? mask : 0;
}

/* first_process_heeds - whether the first process handles, blocks or ignores @sig.  The kernel shields process 1 of a
 * PID namespace from the default action of every signal.  Where that cannot be read: yes. */
static bool first_process_heeds(pid_t pid, int sig)
{
	char path[40];
	size_t len;
	_cleanup_free_ char *status = NULL;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	if (read_file_at(-1, path, 65536, &status, &len, NULL) < 0)
		return true;
	uint64_t bit = UINT64_C(1) << (sig - 1);
	return (status_mask(status, "\nSigBlk:") | status_mask(status, "\nSigIgn:") |
		       status_mask(status, "\nSigCgt:")) &
	       bit;
}

static bool default_ends(int sig)
{
	return sig != SIGCHLD && sig != SIGURG && sig != SIGWINCH && sig != SIGCONT && sig != SIGTSTP;
}

/* sandbox_signal - what kill(2) on an ordinary process does: a signal that it does not heed ends it. */
static void sandbox_signal(struct monitor *m, int sig)
{
	if (default_ends(sig) && !first_process_heeds(m->pid, sig)) {
		m->ended_by = sig;
		sys_pidfd_send_signal(m->pidfd, SIGKILL);
		return;
	}
	sys_pidfd_send_signal(m->pidfd, sig);
}

static void handle_signal(struct monitor *m, int sig)
{
	if (sig == SIGWINCH && m->relay->master_fd >= 0)
		pty_relay_resize(m->relay);
	else if (sig == SIGTSTP) {
		/* The kernel would drop a forwarded one: process 1 is stopped as only an outer namespace can. */
		sys_pidfd_send_signal(m->pidfd, SIGSTOP);
		raise(SIGSTOP);
	} else
		sandbox_signal(m, sig);
}

static void read_signals(struct monitor *m)
{
	struct signalfd_siginfo info[16];
	ssize_t n = read(m->signal_fd, info, sizeof info);
	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof *info; i++)
		handle_signal(m, (int)info[i].ssi_signo);
}

/* keep_time - StopSignal and SIGKILL when they are due.  Returns the milliseconds to the next of them, -1: none. */
static int keep_time(struct monitor *m)
{
	if (!m->stop_at_ms && !m->kill_at_ms)
		return -1;
	uint64_t now = now_ms();
	if (m->stop_at_ms && now >= m->stop_at_ms) {
		log_warning("%s: its time is up (RuntimeMaxSec): stopping it with %s", m->spec->name,
			signal_name(m->spec->process.stop_signal));
		m->stop_at_ms = 0;
		m->kill_at_ms = now + m->spec->process.stop_timeout_ms;
		sandbox_signal(m, m->spec->process.stop_signal);
	}
	if (m->kill_at_ms && now >= m->kill_at_ms) {
		log_warning("%s: it did not stop in time: killing it", m->spec->name);
		sys_pidfd_send_signal(m->pidfd, SIGKILL);
		m->kill_at_ms = 0;
	}
	uint64_t due = m->stop_at_ms ? m->stop_at_ms : m->kill_at_ms;
	if (!due)
		return -1;
	return due - now > 86400000 ? 86400000 : (int)(due - now);
}

/* helper_died - a process of sbx's own that must live as long as the sandbox, which the caller ends with this error. */
static int helper_died(const char *who, const char *why, struct sbx_err *err)
{
	return sbx_fail_plain(err, -EPIPE, "%s was killed or failed%s%s: the sandbox was ended", who, why ? ": " : "",
		why ? why : "");
}

/* The fixed places in the poll set; then the FUSE servers, then the terminal. */
enum { POLL_SANDBOX, POLL_SIGNALS, POLL_GUARD, POLL_NET, POLL_NET_CONTROL, POLL_FUSE };

/* ends_too - a FUSE server ends because the sandbox's last mount is gone: then that is about to end as well. */
static bool ends_too(const struct monitor *m)
{
	struct pollfd p = {.fd = m->pidfd, .events = POLLIN};
	return poll(&p, 1, 500) > 0;
}

static int check_helpers(struct monitor *m, const struct pollfd *fds, struct sbx_err *err)
{
	if (fds[POLL_GUARD].revents)
		return helper_died("the guard process", NULL, err);
	struct sbx_err net = {0};
	if (fds[POLL_NET_CONTROL].revents && net_hear(m->net, &net) < 0)
		return helper_died(m->net->spec->helper_path, net.msg, err);
	if (fds[POLL_NET].revents)
		return helper_died(m->net->spec->helper_path, NULL, err);
	for (size_t i = 0; i < m->n_fuse; i++)
		if (fds[POLL_FUSE + i].revents && !ends_too(m)) {
			_cleanup_free_ char *why = fuse_message(&m->fuse[i]);
			return helper_died("fuse-overlayfs", why, err);
		}
	return 0;
}

static int exit_status(const struct monitor *m, int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	int sig = WTERMSIG(status);
	return 128 + (sig == SIGKILL && m->ended_by ? m->ended_by : sig);
}

#define FUSE_MAX 64

int monitor_run(struct monitor *m, int *ret_status, struct sbx_err *err)
{
	struct pollfd fds[POLL_FUSE + FUSE_MAX + 4];
	if (m->n_fuse > FUSE_MAX)
		return sbx_fail_plain(err, -E2BIG, "more than %d stacks by fuse-overlayfs", FUSE_MAX);
	if (m->spec->process.runtime_max_ms)
		m->stop_at_ms = now_ms() + m->spec->process.runtime_max_ms;
	for (;;) {
		int timeout = keep_time(m);
		size_t n = POLL_FUSE, n_relay;
		fds[POLL_SANDBOX] = (struct pollfd){.fd = m->pidfd, .events = POLLIN};
		fds[POLL_SIGNALS] = (struct pollfd){.fd = m->signal_fd, .events = POLLIN};
		fds[POLL_GUARD] = (struct pollfd){.fd = m->guard_pidfd, .events = POLLIN};
		fds[POLL_NET] = (struct pollfd){.fd = m->net->pidfd, .events = POLLIN};
		fds[POLL_NET_CONTROL] = (struct pollfd){.fd = m->net->control_fd, .events = POLLIN};
		for (size_t i = 0; i < m->n_fuse; i++)
			fds[n++] = (struct pollfd){.fd = m->fuse[i].pidfd, .events = POLLIN};
		n_relay = pty_relay_poll(m->relay, fds + n);
		if (poll(fds, n + n_relay, timeout) < 0 && errno != EINTR)
			return sbx_fail(err, -errno, "poll");
		if (fds[POLL_SIGNALS].revents)
			read_signals(m);
		pty_relay_step(m->relay, fds + n, n_relay);
		if (fds[POLL_SANDBOX].revents)
			break;
		int r = check_helpers(m, fds, err);
		if (r < 0)
			return r;
	}
	int status, r = pidfd_wait(m->pidfd, &status);
	if (r < 0)
		return sbx_fail(err, r, "wait for the sandbox");
	*ret_status = exit_status(m, status);
	return 0;
}
