/* SPDX-License-Identifier: Apache-2.0 */

/* What people read: help made from the tables, and errors as one line each. */

#include "print.h"

#include <stdio.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

/* The column at which explanations begin; a longer left side gets a line of its own. */
#define HELP_COLUMN 30

static void print_row(const char *left, const char *right)
{
	if (strlen(left) + 1 >= HELP_COLUMN)
		printf("%s\n%*s%s\n", left, HELP_COLUMN, "", right);
	else
		printf("%-*s%s\n", HELP_COLUMN, left, right);
}

static void print_option(const struct cli_option *option)
{
	_cleanup_strbuf_ struct strbuf left = {0};

	if (option->letter)
		strbuf_addf(&left, "  -%c, --%s", option->letter, option->name);
	else
		strbuf_addf(&left, "      --%s", option->name);
	if (option->arg != CLI_ARG_NONE)
		strbuf_addf(&left, " %s", option->metavar);
	print_row(left.s, option->help);
}

static void print_commands(const struct cli_command *commands)
{
	for (const struct cli_command *c = commands; c->name; c++) {
		_cleanup_free_ char *left = xasprintf("  %s", c->name);
		print_row(left, c->help);
	}
}

static void print_overview(void)
{
	puts("usage: sbx COMMAND [OPTIONS] ...\n\n"
	     "Start a program in a sandbox of one's own: no setuid bit, no daemon, no root.\n\nCommands:");
	print_commands(cli_commands);
	puts("\n`sbx COMMAND --help` shows a command's options; sbx(1) and sbx.ini(5) have the rest.");
}

void print_help(const char *name, const struct cli_command *self)
{
	if (!self) {
		print_overview();
		return;
	}
	printf("usage: sbx %s%s%s\n\n%s\n", name, *self->usage ? " " : "", self->usage, self->help);
	if (self->subcommands) {
		puts("\nCommands:");
		print_commands(self->subcommands);
	}
	puts("\nOptions:");
	for (const struct cli_option *option = self->options; option && option->name; option++)
		print_option(option);
	print_row("  -h, --help", "show this");
}

int print_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return CLI_OK;
	cli_error("standard output takes no more");
	return CLI_FAILED;
}

/* error_line - one line on standard error, by one write(2) so that lines of several processes do not mix. */
static void error_line(const char *fmt, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		return;
	_cleanup_free_ char *escaped = text_escape(text);
	_cleanup_free_ char *line = xasprintf("sbx: %s\n", escaped);
	free(text);
	fflush(stdout);
	fputs(line, stderr);
}

void cli_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	error_line(fmt, args);
	va_end(args);
}

int cli_fail(const struct sbx_err *err, int status)
{
	cli_error("%s", err->msg);
	return status;
}

int cli_usage_error(const char *name, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) >= 0)
		cli_error("%s: %s (see `sbx %s --help`)", name, text, name);
	va_end(args);
	free(text);
	return CLI_USAGE;
}
