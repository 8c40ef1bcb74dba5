/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The command line: the one table of commands and options, what parses it, and the only place that prints errors.
 *
 * A new command: a line in commands.def, a file cmd_NAME.c with `int cmd_NAME(int argc, char **argv)` and its option
 * table `const struct cli_option NAME_options[]`.  Help, completion and the suggestions for a misspelt name come from
 * the tables. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "sbx/err.h"

/* Exit statuses of commands other than run (whose own are in CLI.md). */
enum {
	CLI_OK = 0,
	CLI_FAILED = 1, /* refused or failed */
	CLI_USAGE = 2,  /* wrong usage */
	CLI_RUN_FAILED = 125,
};

/* What an option's argument or an operand is: help shows it, completion offers it. */
enum cli_arg {
	CLI_ARG_NONE, /* a flag; an option without an argument */
	CLI_ARG_TEXT,
	CLI_ARG_FILE,
	CLI_ARG_DIR,
	CLI_ARG_PROFILE, /* a profile's name or path */
	CLI_ARG_IMAGE,   /* an image in the store */
	CLI_ARG_SOURCE,  /* an image source: oci:DIR, docker-archive:FILE ... */
	CLI_ARG_KEY,     /* Section.Key=Value */
	CLI_ARG_CHOICE,  /* one of the words in metavar, separated by '|' */
};

/* One option.  A table ends with one whose name is NULL.  "help" (-h) is understood everywhere and not listed. */
struct cli_option {
	const char *name; /* long name without dashes */
	char letter;      /* short name or 0 */
	enum cli_arg arg;
	const char *metavar; /* how help shows the argument, "FILE"; "text|json" for CLI_ARG_CHOICE; NULL for a flag */
	const char *help;    /* one line */
	int id;              /* the command's own number for it */
	const char *set;     /* run and explain: what it is short for, "Section.Key=TEMPLATE" (options.c), else NULL */
};

/* One command, or one word after `image` or `profile`.  A table ends with one whose name is NULL. */
struct cli_command {
	const char *name;
	int (*run)(int argc, char **argv);     /* argv[0] is the command's name; returns the exit status */
	const char *usage;                     /* what follows the name, "[OPTIONS] PROFILE [-- COMMAND...]" */
	const char *help;                      /* one line */
	const struct cli_option *options;      /* or NULL */
	const struct cli_command *subcommands; /* or NULL */
	enum cli_arg operand;                  /* what its operands are */
};

/* All commands of this build, in the order of help. */
extern const struct cli_command cli_commands[];
/* cli_command_find - a command by name ("run") or by both words ("image ls"); NULL where there is none. */
const struct cli_command *cli_command_find(const char *name);
/* cli_run_subcommand - for commands that only choose: argv[1] names one of @self's subcommands, which is run with
 * argv + 1.  Prints help for --help, and an error with the nearest name for a wrong one. */
int cli_run_subcommand(const struct cli_command *self, int argc, char **argv);

/* What cli_parse found. */
enum cli_parsed {
	CLI_PARSE_GO = 0,     /* go on: *ret_operand is the index of the first operand in argv (argc: none) */
	CLI_PARSE_HELP = -1,  /* help was asked for and printed: the command returns CLI_OK */
	CLI_PARSE_ERROR = -2, /* an error was printed: the command returns CLI_USAGE (run: CLI_RUN_FAILED) */
};

/* cli_parse - go through the options of a command after getopt_long's rules, with @self's table.
 * @name: "run", "image ls": names it in messages.
 * @handle: called for each option in order; @value NULL for a flag.  0, or -errno with @err filled: printed, and
 * CLI_PARSE_ERROR returned.
 * @options_first: the first operand ends the options (run); else options may stand behind operands, which are moved to
 * the end of argv.  "--" ends the options either way. */
enum cli_parsed cli_parse(const char *name, bool options_first, int argc, char **argv,
	int (*handle)(const struct cli_option *option, const char *value, void *data, struct sbx_err *err), void *data,
	int *ret_operand);

/* cli_error - print "sbx: MESSAGE" on standard error as one line, control characters escaped. */
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* cli_fail - print a failure's message. Returns @status. */
int cli_fail(const struct sbx_err *err, int status);
/* cli_usage_error - print "sbx: NAME: MESSAGE (see `sbx NAME --help`)".  Returns CLI_USAGE. */
int cli_usage_error(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* cli_format_parse - "text" or "json" of --format.  0 or -EINVAL with @err. */
int cli_format_parse(const char *text, bool *ret_json, struct sbx_err *err);
