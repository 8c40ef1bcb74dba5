/* SPDX-License-Identifier: Apache-2.0 */

/* sbx net log, stats: whom a sandbox talked to, and how much. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "commands.h"
#include "print.h"
#include "sbx/cleanup.h"
#include "sbx/state.h"
#include "sbx/str.h"

#define FOLLOW_PAUSE_MS 200

enum { OPT_FORMAT = 1, OPT_FOLLOW };

/* clang-format off */
#define FORMAT_ROW {"format", 0, CLI_ARG_CHOICE, "text|json", "for people, or one JSON document", OPT_FORMAT, NULL}
#define END_ROW {NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL}
/* clang-format on */

static const struct cli_option net_log_options[] = {FORMAT_ROW,
	{"follow", 'f', CLI_ARG_NONE, NULL, "go on with what comes, until the sandbox ends", OPT_FOLLOW, NULL},
	END_ROW};
static const struct cli_option net_stats_options[] = {FORMAT_ROW, END_ROW};

static int net_log(int argc, char **argv);
static int net_stats(int argc, char **argv);

const struct cli_command net_subcommands[] = {
	{"log", net_log, "[OPTIONS] NAME",
		"the connections of a sandbox, or of its last run ([Network] LogConnections)", net_log_options, NULL,
		CLI_ARG_TEXT},
	{"stats", net_stats, "[OPTIONS] NAME", "what has gone through a running sandbox's network", net_stats_options,
		NULL, CLI_ARG_TEXT},
	{NULL, NULL, NULL, NULL, NULL, NULL, CLI_ARG_NONE},
};

struct words {
	bool json, follow;
	const char *name;
};

static int take_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	struct words *words = data;

	if (option->id == OPT_FORMAT)
		return cli_format_parse(value, &words->json, err);
	words->follow = true;
	return 0;
}

/* parse - the options and the one operand.  false: *ret_status is the end. */
static bool parse(const char *command, int argc, char **argv, struct words *words, int *ret_status)
{
	int first;
	enum cli_parsed parsed = cli_parse(command, false, argc, argv, take_option, words, &first);

	*ret_status = parsed == CLI_PARSE_HELP ? print_flush() : CLI_USAGE;
	if (parsed != CLI_PARSE_GO)
		return false;
	if (argc - first != 1) {
		cli_usage_error(command, "%s", argc == first ? "which sandbox?" : "one sandbox at a time");
		return false;
	}
	words->name = argv[first];
	/* It becomes part of a path. */
	if (strchr(words->name, '/') || words->name[0] == '.' || !words->name[0]) {
		cli_usage_error(command, "'%s' is no name of a sandbox", words->name);
		return false;
	}
	return true;
}

/* print_connection - one line of the log for people.  A line that is no such object is shown as it is. */
static void print_connection(const char *line)
{
	const char *time = "", *protocol = "", *address = "", *verdict = "";
	json_int_t port = 0;
	json_auto_t *object = json_loads(line, 0, NULL);

	if (!object || json_unpack(object, "{s:s, s:s, s:s, s:I, s:s}", "time", &time, "protocol", &protocol, "address",
			       &address, "port", &port, "verdict", &verdict) < 0) {
		_cleanup_free_ char *safe = text_escape(line);
		printf("%s\n", safe);
		return;
	}
	const char *name = json_string_value(json_object_get(object, "name")); /* null: not asked for by a name */
	_cleanup_free_ char *safe = text_escape(name ? name : "-");
	printf("%s %-8s %-4s %s %s %" JSON_INTEGER_FORMAT "\n", time, verdict, protocol, safe, address, port);
}

/* print_lines - the whole lines that @file has from here on. */
static void print_lines(FILE *file, json_t *array)
{
	char *line = NULL;
	size_t room = 0;
	long at = ftell(file);

	for (ssize_t n; (n = getline(&line, &room, file)) > 0; at = ftell(file)) {
		if (line[n - 1] != '\n') { /* being written */
			fseek(file, at, SEEK_SET);
			break;
		}
		line[n - 1] = '\0';
		json_t *object = array ? json_loads(line, 0, NULL) : NULL;
		if (object)
			json_array_append_new(array, object);
		else if (!array)
			print_connection(line);
	}
	clearerr(file);
	free(line);
}

static bool is_running(const char *name)
{
	struct sbx_err err = {0};
	_cleanup_close_ int fd = state_open(name, &err);
	return fd >= 0;
}

static int print_log(const struct words *words, FILE *file)
{
	json_auto_t *array = words->json ? json_array() : NULL;
	bool running;

	do {
		running = words->follow && is_running(words->name);
		print_lines(file, array);
		if (running && !words->json && fflush(stdout) != 0)
			break;
		if (running)
			nanosleep(&(struct timespec){.tv_nsec = FOLLOW_PAUSE_MS * 1000000L}, NULL);
	} while (running);
	if (array && json_dumpf(array, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	return print_flush();
}

static int net_log(int argc, char **argv)
{
	struct words words = {0};
	struct sbx_err err = {0};
	int status;

	if (!parse("net log", argc, argv, &words, &status))
		return status;
	_cleanup_free_ char *path = state_net_log_path(words.name, &err);
	if (!path)
		return cli_fail(&err, CLI_FAILED);
	FILE *file = fopen(path, "re");
	if (!file && errno == ENOENT)
		cli_error("net log: %s has no network log; a profile asks for one with [Network] LogConnections=yes",
			words.name);
	else if (!file)
		cli_error("net log: open %s: %s", path, strerror(errno));
	if (!file)
		return CLI_FAILED;
	status = print_log(&words, file);
	fclose(file);
	return status;
}

/* The counters by their names in the JSON document, which are promised, and as people read them. */
static const struct {
	const char *name, *text;
	size_t offset;
} counters[] = {
	{"out_bytes", "bytes out", offsetof(struct net_stats, out_bytes)},
	{"out_packets", "packets out", offsetof(struct net_stats, out_packets)},
	{"in_bytes", "bytes in", offsetof(struct net_stats, in_bytes)},
	{"in_packets", "packets in", offsetof(struct net_stats, in_packets)},
	{"connections", "connections", offsetof(struct net_stats, connections)},
	{"refusals", "refused", offsetof(struct net_stats, refusals)},
	{"dns_queries", "names asked", offsetof(struct net_stats, dns_queries)},
	{"dns_refusals", "names refused", offsetof(struct net_stats, dns_refusals)},
};

static int net_stats(int argc, char **argv)
{
	struct words words = {0};
	struct net_stats stats;
	struct sbx_err err = {0};
	int status;

	if (!parse("net stats", argc, argv, &words, &status))
		return status;
	if (state_net_stats(words.name, &stats, &err) < 0)
		return cli_fail(&err, CLI_FAILED);
	json_auto_t *object = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		uint64_t value;
		memcpy(&value, (const char *)&stats + counters[i].offset, sizeof value);
		if (words.json)
			json_object_set_new(object, counters[i].name, json_integer((json_int_t)value));
		else
			printf("%-14s %" PRIu64 "\n", counters[i].text, value);
	}
	if (words.json && json_dumpf(object, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	return print_flush();
}

int cmd_net(int argc, char **argv)
{
	return cli_run_subcommand(cli_command_find("net"), argc, argv);
}
