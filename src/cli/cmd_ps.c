/* SPDX-License-Identifier: Apache-2.0 */

/* sbx ps: the sandboxes that run. */

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "commands.h"
#include "print.h"
#include "sbx/cgroupfs.h"
#include "sbx/cleanup.h"
#include "sbx/state.h"
#include "sbx/str.h"

enum { OPT_FORMAT = 1, OPT_QUIET, OPT_NO_TRUNC };

const struct cli_option ps_options[] = {
	{"format", 0, CLI_ARG_CHOICE, "text|json", "for people, or one JSON document", OPT_FORMAT, NULL},
	{"quiet", 'q', CLI_ARG_NONE, NULL, "names alone", OPT_QUIET, NULL},
	{"no-trunc", 0, CLI_ARG_NONE, NULL, "commands as long as they are", OPT_NO_TRUNC, NULL},
	{NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL},
};

struct ps {
	bool json, quiet, no_trunc;
};

#define COMMAND_SHOWN 24

static bool is_paused(const struct state_record *record)
{
	struct sbx_err err = {0};
	_cleanup_close_ int fd = record->cgroup[0] ? cgroup_open(record->cgroup, &err) : -1;
	return fd >= 0 && cgroup_field(fd, "cgroup.events", "frozen") == 1;
}

/* age_text - "5 minutes ago". */
static char *age_text(int64_t created_s)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = {{"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}};
	int64_t age = (int64_t)time(NULL) - created_s;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (age >= units[i].seconds) {
			int64_t n = age / units[i].seconds;
			return xasprintf("%" PRId64 " %s%s ago", n, units[i].name, n == 1 ? "" : "s");
		}
	return xstrdup("now");
}

static void print_row(const struct ps *ps, const char *name, const struct state_record *r)
{
	_cleanup_free_ char *image = text_escape(r->image[0] ? r->image : "-"), *command = text_escape(r->command);
	_cleanup_free_ char *age = age_text(r->created_s);
	size_t len = strlen(command);
	if (!ps->no_trunc && len > COMMAND_SHOWN)
		snprintf(command + COMMAND_SHOWN - 3, 4, "...");
	printf("%-20s %-24s %-24s %-8s %8d %-16s %s\n", name, image, command, is_paused(r) ? "paused" : "running",
		(int)r->pid, age, r->ports);
}

/* Fields, stable: name, image (or null), command, status ("running" or "paused"), pid, created (seconds since 1970),
 * network, ports, cgroup (or null). */
static json_t *row_json(const char *name, const struct state_record *r)
{
	_cleanup_free_ char *image = text_escape(r->image), *command = text_escape(r->command);
	json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:I, s:s, s:s}", "name", name, "command", command, "status",
		is_paused(r) ? "paused" : "running", "pid", (int)r->pid, "created", (json_int_t)r->created_s, "network",
		r->network, "ports", r->ports);
	json_object_set_new(object, "image", r->image[0] ? json_string(image) : json_null());
	json_object_set_new(object, "cgroup", r->cgroup[0] ? json_string(r->cgroup) : json_null());
	return object;
}

static int take_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	struct ps *ps = data;
	if (option->id == OPT_FORMAT)
		return cli_format_parse(value, &ps->json, err);
	if (option->id == OPT_QUIET)
		ps->quiet = true;
	else
		ps->no_trunc = true;
	return 0;
}

int cmd_ps(int argc, char **argv)
{
	struct ps ps = {0};
	struct sbx_err err = {0};
	_cleanup_strv_ struct strv names = {0};
	int first;
	enum cli_parsed parsed = cli_parse("ps", false, argc, argv, take_option, &ps, &first);
	if (parsed != CLI_PARSE_GO)
		return parsed == CLI_PARSE_HELP ? print_flush() : CLI_USAGE;
	if (first < argc)
		return cli_usage_error("ps", "'%s': it lists all that run; for one, sbx ps --format json", argv[first]);
	if (state_names(&names, &err) < 0)
		return cli_fail(&err, CLI_FAILED);
	json_auto_t *array = ps.json ? json_array() : NULL;
	if (!ps.json && !ps.quiet)
		printf("%-20s %-24s %-24s %-8s %8s %-16s %s\n", "NAME", "IMAGE", "COMMAND", "STATUS", "PID", "CREATED",
			"PORTS");
	for (size_t i = 0; i < names.n; i++) {
		struct state_record record;
		/* It may have ended since. */
		if (state_read(names.v[i], &record, &err) < 0)
			continue;
		if (ps.json)
			json_array_append_new(array, row_json(names.v[i], &record));
		else if (ps.quiet)
			puts(names.v[i]);
		else
			print_row(&ps, names.v[i], &record);
	}
	if (ps.json && json_dumpf(array, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	return print_flush();
}
