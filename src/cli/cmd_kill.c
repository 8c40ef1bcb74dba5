/* SPDX-License-Identifier: Apache-2.0 */

/* sbx kill, stop: a signal for a sandbox; politely, then hard. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include "commands.h"
#include "print.h"
#include "sbx/cgroupfs.h"
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/spawn.h"
#include "sbx/state.h"
#include "sbx/str.h"

#define END_WAIT_MS 10000

enum { OPT_SIGNAL = 1, OPT_TIME };

const struct cli_option kill_options[] = {
	{"signal", 's', CLI_ARG_TEXT, "SIGNAL", "instead of SIGKILL", OPT_SIGNAL, NULL},
	{NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL},
};
const struct cli_option stop_options[] = {
	{"time", 't', CLI_ARG_TEXT, "TIME", "from StopSignal to SIGKILL; by default the profile's StopTimeout",
		OPT_TIME, NULL},
	{NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL},
};

struct kill_words {
	int signal;       /* 0: SIGKILL */
	uint64_t time_ms; /* of stop */
	bool has_time;
};

/* target - the processes of a running sandbox: its launcher, which forwards signals, and its first. */
struct target {
	struct state_record record;
	int launcher_fd, first_fd;
};

static void target_close(struct target *t)
{
	cleanup_close(&t->launcher_fd);
	cleanup_close(&t->first_fd);
}

/* target_open - by descriptors, and only then a second look at the lock: until it is let go the numbers are theirs. */
static int target_open(const char *name, struct target *t, struct sbx_err *err)
{
	*t = (struct target){.launcher_fd = -1, .first_fd = -1};
	int r = state_read(name, &t->record, err);
	if (r < 0)
		return r;
	t->launcher_fd = sys_pidfd_open(t->record.launcher);
	t->first_fd = sys_pidfd_open(t->record.pid);
	_cleanup_close_ int still = state_open(name, err);
	if (still < 0)
		return still;
	if (t->launcher_fd < 0 || t->first_fd < 0)
		return sbx_fail_plain(err, -ESRCH, "%s is just ending", name);
	return 0;
}

/* kill_whole - all at once where there is a cgroup, so that nothing can fork faster than it is killed; the first
 * process' end takes its PID namespace with it. */
static int kill_whole(const struct target *t, struct sbx_err *err)
{
	_cleanup_close_ int fd = t->record.cgroup[0] ? cgroup_open(t->record.cgroup, NULL) : -1;
	if (fd >= 0)
		(void)cgroup_write(fd, "cgroup.kill", "1"); /* Linux 5.14 */
	int r = sys_pidfd_send_signal(t->first_fd, SIGKILL);
	return r < 0 && r != -ESRCH ? sbx_fail(err, r, "kill process %d", (int)t->record.pid) : 0;
}

/* wait_end - until the launcher has cleaned up. */
static bool wait_end(const struct target *t, uint64_t ms)
{
	struct pollfd p = {.fd = t->launcher_fd, .events = POLLIN};
	int r;
	while ((r = poll(&p, 1, ms > INT32_MAX ? INT32_MAX : (int)ms)) < 0 && errno == EINTR)
		;
	return r > 0;
}

static int kill_one(const char *name, const struct kill_words *words, struct sbx_err *err)
{
	_cleanup_(target_close) struct target t;
	int r = target_open(name, &t, err);
	if (r < 0)
		return r;
	if (words->signal == 0 || words->signal == SIGKILL) {
		r = kill_whole(&t, err);
		if (r == 0 && !wait_end(&t, END_WAIT_MS))
			return sbx_fail_plain(
				err, -ETIMEDOUT, "%s: killed, but still there after %d s", name, END_WAIT_MS / 1000);
		return r;
	}
	r = sys_pidfd_send_signal(t.launcher_fd, words->signal);
	return r < 0 ? sbx_fail(err, r, "send %s to %s", signal_name(words->signal), name) : 0;
}

static int stop_one(const char *name, const struct kill_words *words, struct sbx_err *err)
{
	_cleanup_(target_close) struct target t;
	int r = target_open(name, &t, err);
	if (r < 0)
		return r;
	r = sys_pidfd_send_signal(t.launcher_fd, t.record.stop_signal);
	if (r < 0 && r != -ESRCH)
		return sbx_fail(err, r, "send %s to %s", signal_name(t.record.stop_signal), name);
	if (wait_end(&t, words->has_time ? words->time_ms : t.record.stop_timeout_ms))
		return 0;
	r = kill_whole(&t, err);
	if (r == 0 && !wait_end(&t, END_WAIT_MS))
		return sbx_fail_plain(
			err, -ETIMEDOUT, "%s: killed, but still there after %d s", name, END_WAIT_MS / 1000);
	return r;
}

static int take_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	struct kill_words *words = data;
	if (option->id == OPT_SIGNAL && parse_signal(value, &words->signal) < 0)
		return sbx_fail_plain(err, -EINVAL, "--signal: '%s' is no signal; expected SIGTERM, TERM or 15", value);
	if (option->id == OPT_TIME && parse_time_ms(value, &words->time_ms) < 0)
		return sbx_fail_plain(
			err, -EINVAL, "--time: '%s'; expected seconds, or a number with ms, s, min, h or d", value);
	words->has_time |= option->id == OPT_TIME;
	return 0;
}

static int run(const char *command, int (*one)(const char *, const struct kill_words *, struct sbx_err *), int argc,
	char **argv)
{
	struct kill_words words = {0};
	int first, status = CLI_OK;
	enum cli_parsed parsed = cli_parse(command, false, argc, argv, take_option, &words, &first);
	if (parsed != CLI_PARSE_GO)
		return parsed == CLI_PARSE_HELP ? print_flush() : CLI_USAGE;
	if (first == argc)
		return cli_usage_error(command, "which sandbox?");
	for (int i = first; i < argc; i++) {
		struct sbx_err err = {0};
		if (one(argv[i], &words, &err) < 0)
			status = cli_fail(&err, CLI_FAILED);
	}
	return status;
}

int cmd_kill(int argc, char **argv)
{
	return run("kill", kill_one, argc, argv);
}

int cmd_stop(int argc, char **argv)
{
	return run("stop", stop_one, argc, argv);
}
