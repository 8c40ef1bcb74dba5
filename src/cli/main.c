/* SPDX-License-Identifier: Apache-2.0 */

/* sbx: finds the command and runs it.  The tables of commands; help. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include "commands.h"
#include "print.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"

#define COMMAND(name_, usage_, help_, options_, subcommands_, operand_) \
	{#name_, cmd_##name_, usage_, help_, options_, subcommands_, operand_},
#define LATER(name)
const struct cli_command cli_commands[] = {
#include "commands.def"
	{NULL, NULL, NULL, NULL, NULL, NULL, CLI_ARG_NONE},
};
#undef COMMAND
#undef LATER

/* Every name that CLI.md has, for suggestions; and those that a later build brings. */
#define COMMAND(name, ...) #name,
#define LATER(name) #name,
static const char *const all_names[] = {
#include "commands.def"
};
#undef COMMAND
#undef LATER
#define COMMAND(name, ...)
#define LATER(name) #name,
static const char *const later_names[] = {
#include "commands.def"
};

static const struct cli_command *find(const struct cli_command *table, const char *name, size_t len)
{
	for (const struct cli_command *c = table; c && c->name; c++)
		if (strlen(c->name) == len && strncmp(c->name, name, len) == 0)
			return c;
	return NULL;
}

const struct cli_command *cli_command_find(const char *name)
{
	size_t len = strcspn(name, " ");
	const struct cli_command *c = find(cli_commands, name, len);

	if (c && name[len])
		return find(c->subcommands, name + len + 1, strlen(name + len + 1));
	return c;
}

/* unknown_command - say so, with what may have been meant.  @self: whose word it is; NULL: sbx's own. */
static int unknown_command(const struct cli_command *self, const char *word)
{
	const char *names[64] = {0};
	size_t n = 0;

	if (!self)
		for (; n < ARRAY_SIZE(all_names) && n < ARRAY_SIZE(names); n++)
			names[n] = all_names[n];
	else
		for (const struct cli_command *c = self->subcommands; c->name && n < ARRAY_SIZE(names); c++)
			names[n++] = c->name;
	const char *near = str_nearest(word, names, n);
	const char *name = self ? self->name : "", *gap = self ? " " : "";
	if (near)
		cli_error("unknown command '%s%s%s'; did you mean '%s%s%s'?", name, gap, word, name, gap, near);
	else
		cli_error("unknown command '%s%s%s' (see `sbx %s%s--help`)", name, gap, word, name, gap);
	return CLI_USAGE;
}

int cli_run_subcommand(const struct cli_command *self, int argc, char **argv)
{
	if (argc < 2)
		return cli_usage_error(self->name, "which command? there are more than one");
	if (str_eq(argv[1], "--help") || str_eq(argv[1], "-h")) {
		print_help(self->name, self);
		return print_flush();
	}
	if (argv[1][0] == '-')
		return cli_usage_error(self->name, "unknown option '%s'; options stand behind the command", argv[1]);
	const struct cli_command *sub = find(self->subcommands, argv[1], strlen(argv[1]));
	return sub ? sub->run(argc - 1, argv + 1) : unknown_command(self, argv[1]);
}

/* help_on - help for the command that @words name; none: for sbx as a whole. */
static int help_on(int n, char **words)
{
	if (n == 0) {
		print_help("", NULL);
		return print_flush();
	}
	_cleanup_free_ char *name = n > 1 ? xasprintf("%s %s", words[0], words[1]) : xstrdup(words[0]);
	const struct cli_command *command = n > 2 || strchr(words[0], ' ') ? NULL : cli_command_find(name);
	if (command) {
		print_help(name, command);
		return print_flush();
	}
	const struct cli_command *first = find(cli_commands, words[0], strlen(words[0]));
	if (n == 1 || !first)
		return unknown_command(NULL, words[0]);
	if (!first->subcommands || n > 2)
		return cli_usage_error("help", "there is no command '%s'", name);
	return unknown_command(first, words[1]);
}

int cmd_help(int argc, char **argv)
{
	int operand;
	enum cli_parsed parsed = cli_parse("help", true, argc, argv, NULL, NULL, &operand);

	if (parsed != CLI_PARSE_GO)
		return parsed == CLI_PARSE_HELP ? print_flush() : CLI_USAGE;
	return help_on(argc - operand, argv + operand);
}

/* privilege_check - sbx needs no privilege, so one that it is given is a mistake, and a way to misuse it: profiles,
 * variables and paths are the caller's.  AT_SECURE is set for a set-user-ID or set-group-ID file and for one with file
 * capabilities.  Source: getauxval(3). */
static int privilege_check(void)
{
	if (!getauxval(AT_SECURE))
		return 0;
	cli_error("refused to run: this sbx was given privileges (a setuid or setgid bit, or file capabilities), which "
		  "it must not have; as root: chmod u-s,g-s and setcap -r on the program file");
	return -EPERM;
}

static int run_word(int argc, char **argv)
{
	const char *word = argv[0];

	if (word[0] == '-') {
		cli_error("unknown option '%s'; options stand behind the command (see `sbx --help`)", word);
		return CLI_USAGE;
	}
	const struct cli_command *command = find(cli_commands, word, strlen(word));
	if (command)
		return command->run(argc, argv);
	for (size_t i = 0; i < ARRAY_SIZE(later_names); i++) {
		if (str_eq(later_names[i], word)) {
			cli_error("'sbx %s' is not in this build yet (`sbx --help` shows what is)", word);
			return CLI_FAILED;
		}
	}
	return unknown_command(NULL, word);
}

static int run_line(int argc, char **argv)
{
	static char version[] = "version";

	if (argc < 2) {
		cli_error("no command is given (see `sbx --help`)");
		return CLI_USAGE;
	}
	if (str_eq(argv[1], "--help") || str_eq(argv[1], "-h"))
		return help_on(0, NULL);
	if (str_eq(argv[1], "--version")) {
		argv[1] = version;
		return cmd_version(argc - 1, argv + 1);
	}
	return run_word(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	if (privilege_check() < 0)
		return CLI_RUN_FAILED;
	/* A file beyond the caller's limit (ulimit -f) is an error that names it, not a death. */
	signal(SIGXFSZ, SIG_IGN);
	/* Where the caller ignores it, the kernel leaves nothing of a child to wait for. */
	signal(SIGCHLD, SIG_DFL);
	int status = run_line(argc, argv);
	/* Output that a full disk or a closed descriptor swallowed is no success. Costs nothing where none was made. */
	return status == CLI_OK ? print_flush() : status;
}
