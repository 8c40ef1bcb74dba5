/* SPDX-License-Identifier: Apache-2.0 */

/* sbx run: the main job. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include "commands.h"
#include "run_prepare.h"
#include "sbx/log.h"
#include "sbx/parse.h"
#include "sbx/plan.h"
#include "sbx/runtime.h"
#include "sbx/str.h"

enum { OPT_INTERACTIVE = RUN_OWN, OPT_TRACE, OPT_STATUS_FD, OPT_PID_FILE };

const struct cli_option run_options[] = {
	RUN_OPTIONS,
	{"interactive", 'i', CLI_ARG_NONE, NULL, "keep standard input open", OPT_INTERACTIVE, NULL},
	{"trace", 0, CLI_ARG_FILE, "FILE", "write a timeline of the start, in Chrome's trace-event JSON", OPT_TRACE,
		NULL},
	{"json-status-fd", 0, CLI_ARG_TEXT, "N", "write the process number and the exit status to descriptor N",
		OPT_STATUS_FD, NULL},
	{"pidfile", 0, CLI_ARG_FILE, "FILE", "write the process number to FILE while it runs", OPT_PID_FILE, NULL},
	{NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL},
};

struct run_command {
	struct run_words words;
	struct run_options options;
};

static int take_status_fd(const char *value, int *ret, struct sbx_err *err)
{
	uint64_t fd;

	if (parse_u64(value, INT_MAX, &fd) < 0)
		return sbx_fail_plain(err, -EINVAL, "--json-status-fd: '%s' is not the number of a descriptor", value);
	/* Looked at now: later one of our own may have its number. */
	if (fcntl((int)fd, F_GETFD) < 0)
		return sbx_fail(err, -errno, "--json-status-fd %s", value);
	*ret = (int)fd;
	return 0;
}

static int take_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	struct run_command *c = data;

	switch (option->id) {
	case OPT_INTERACTIVE:
		c->options.interactive = true;
		return 0;
	case OPT_TRACE:
		c->options.trace_path = value;
		return 0;
	case OPT_STATUS_FD:
		return take_status_fd(value, &c->options.json_status_fd, err);
	case OPT_PID_FILE:
		c->options.pid_file = value;
		return 0;
	default:
		return run_option_take(option, value, &c->words, err);
	}
}

static int run(const struct run_command *c)
{
	_cleanup_prepared_ struct prepared p = PREPARED_INIT;
	struct sbx_err err = {0};
	int status = CLI_RUN_FAILED;

	if (prepare(&c->words, true, &p, &err) < 0)
		return prepare_fail(&err, CLI_RUN_FAILED);
	for (size_t i = 0; i < p.spec->notes.n; i++)
		log_info("%s", p.spec->notes.v[i]);
	plan_prepare(p.spec);
	int r = runtime_run(p.spec, &c->options, &status, &err);
	if (r < 0)
		return cli_fail(&err, CLI_RUN_FAILED);
	return err.code < 0 ? cli_fail(&err, status) : status;
}

int cmd_run(int argc, char **argv)
{
	struct run_command c = {.options = {.json_status_fd = -1}};
	struct sbx_err err = {0};
	int operand, status = CLI_RUN_FAILED;
	enum cli_parsed parsed = cli_parse("run", true, argc, argv, take_option, &c, &operand);

	if (parsed == CLI_PARSE_HELP)
		status = CLI_OK;
	else if (parsed == CLI_PARSE_GO && run_operands(argc, argv, operand, &c.words, &err) < 0)
		cli_usage_error("run", "%s", err.msg);
	else if (parsed == CLI_PARSE_GO)
		status = run(&c);
	run_words_free(&c.words);
	return status;
}
