/* SPDX-License-Identifier: Apache-2.0 */

/* sbx pause, unpause: freeze and thaw a sandbox through its cgroup. */

#include <errno.h>
#include <time.h>
#include "commands.h"
#include "print.h"
#include "sbx/cgroupfs.h"
#include "sbx/cleanup.h"
#include "sbx/state.h"

#define FROZEN_TRIES 500
#define FROZEN_PAUSE_MS 10

/* wait_frozen - a process may be deep in the kernel when it is told to stop. */
static int wait_frozen(int fd, bool frozen, struct sbx_err *err)
{
	for (int tries = 0; tries < FROZEN_TRIES; tries++) {
		if (cgroup_field(fd, "cgroup.events", "frozen") == (frozen ? 1 : 0))
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = FROZEN_PAUSE_MS * 1000000L}, NULL);
	}
	return sbx_fail_plain(
		err, -ETIMEDOUT, "not all of its processes stopped within %d s", FROZEN_TRIES * FROZEN_PAUSE_MS / 1000);
}

static int freeze(const char *name, bool frozen, struct sbx_err *err)
{
	struct state_record record;
	int r = state_read(name, &record, err);
	if (r < 0)
		return r;
	if (!record.cgroup[0])
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"%s runs without limits, and so in no cgroup that could be frozen; any limit gives it one "
			"(--pids-limit 10000)",
			name);
	_cleanup_close_ int fd = cgroup_open(record.cgroup, err);
	if (fd < 0)
		return fd;
	r = cgroup_write(fd, "cgroup.freeze", frozen ? "1" : "0");
	if (r < 0)
		return sbx_fail(err, r, "%s %s", frozen ? "pause" : "unpause", name);
	r = wait_frozen(fd, frozen, err);
	return r < 0 ? sbx_err_prefix(err, r, "%s", name) : 0;
}

static int no_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	(void)option;
	(void)value;
	(void)data;
	(void)err;
	return 0;
}

static int run(const char *command, bool frozen, int argc, char **argv)
{
	int first, status = CLI_OK;
	enum cli_parsed parsed = cli_parse(command, false, argc, argv, no_option, NULL, &first);
	if (parsed != CLI_PARSE_GO)
		return parsed == CLI_PARSE_HELP ? print_flush() : CLI_USAGE;
	if (first == argc)
		return cli_usage_error(command, "which sandbox?");
	for (int i = first; i < argc; i++) {
		struct sbx_err err = {0};
		if (freeze(argv[i], frozen, &err) < 0)
			status = cli_fail(&err, CLI_FAILED);
	}
	return status;
}

int cmd_pause(int argc, char **argv)
{
	return run("pause", true, argc, argv);
}

int cmd_unpause(int argc, char **argv)
{
	return run("unpause", false, argc, argv);
}
