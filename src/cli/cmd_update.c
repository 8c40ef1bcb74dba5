/* SPDX-License-Identifier: Apache-2.0 */

/* sbx update: other limits for a running sandbox.  The values go the way of every profile: checked, planned, written.
 */

#include <errno.h>
#include <string.h>
#include "commands.h"
#include "print.h"
#include "sbx/cgroupfs.h"
#include "sbx/cleanup.h"
#include "sbx/plan.h"
#include "sbx/profile.h"
#include "sbx/state.h"
#include "sbx/str.h"

enum { OPT_SET = 1 };

const struct cli_option update_options[] = {
	{"set", 0, CLI_ARG_KEY, "Limits.KEY=VALUE", "the new value of a limit that a cgroup enforces", OPT_SET, NULL},
	{NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL},
};

/* set_check - only what a running sandbox can still be given. */
static int set_check(const char *set, struct sbx_err *err)
{
	if (strncasecmp(set, "Limits.", 7) != 0)
		return sbx_fail_plain(err, -EINVAL,
			"--set %s: only keys of [Limits] can be changed while a sandbox runs; the others are settled "
			"when it starts",
			set);
	return 0;
}

static int take_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	(void)option;
	int r = set_check(value, err);
	if (r == 0)
		strv_add(data, value);
	return r;
}

/* plan_limits_of - what @sets mean for a cgroup. */
static int plan_limits_of(const struct strv *sets, struct sandbox_spec *spec, struct sbx_err *err)
{
	_cleanup_strv_ struct strv problems = {0};
	_cleanup_profile_ struct profile *profile = NULL;
	const struct profile_request request = {.sets = sets};
	int r = profile_load(&request, &profile, &problems, err);
	if (problems.n > 0)
		return sbx_fail_plain(err, -EINVAL, "%s", problems.v[0]);
	if (r == 0)
		r = plan_cgroup_of(profile, spec, err);
	if (r == 0 && spec->cgroup.n == 0)
		return sbx_fail_plain(err, -EINVAL,
			"none of these limits is one of a cgroup: those of setrlimit(2) and ShmSize are settled when a "
			"sandbox starts");
	return r;
}

static int update(const char *name, const struct strv *sets, struct sbx_err *err)
{
	_cleanup_spec_ struct sandbox_spec *spec = spec_new();
	struct state_record record;
	int r = plan_limits_of(sets, spec, err);
	if (r == 0)
		r = state_read(name, &record, err);
	if (r < 0)
		return r;
	if (!record.cgroup[0])
		return sbx_fail_plain(
			err, -EOPNOTSUPP, "%s was started without limits, and so has no cgroup to set them in", name);
	_cleanup_close_ int fd = cgroup_open(record.cgroup, err);
	if (fd < 0)
		return fd;
	for (size_t i = 0; i < spec->cgroup.n; i++) {
		const struct cgroup_line *line = &spec->cgroup.lines[i];
		r = cgroup_write(fd, line->file, line->text);
		if (r == -ENOENT)
			return sbx_fail_plain(err, r,
				"%s: %s cannot be changed: it was started without any limit of the controller %s", name,
				line->key, line->controller);
		if (r < 0)
			return sbx_fail(err, r, "%s: write %s to %s of its cgroup", name, line->text, line->file);
	}
	return 0;
}

int cmd_update(int argc, char **argv)
{
	_cleanup_strv_ struct strv sets = {0};
	struct sbx_err err = {0};
	int first;
	enum cli_parsed parsed = cli_parse("update", false, argc, argv, take_option, &sets, &first);
	if (parsed != CLI_PARSE_GO)
		return parsed == CLI_PARSE_HELP ? print_flush() : CLI_USAGE;
	if (argc - first != 1)
		return cli_usage_error("update", "%s", first == argc ? "which sandbox?" : "one sandbox at a time");
	if (sets.n == 0)
		return cli_usage_error("update", "what shall change? (--set Limits.MemoryMax=1G)");
	return update(argv[first], &sets, &err) < 0 ? cli_fail(&err, CLI_FAILED) : CLI_OK;
}
