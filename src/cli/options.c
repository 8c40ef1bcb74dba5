/* SPDX-License-Identifier: Apache-2.0 */

/* Options after getopt_long(3)'s rules, from the tables. */

#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "print.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"

/* What getopt_long returns for a long option: above every letter. */
enum { LONG_HELP = 256, LONG_FIRST };

/* A table in getopt's two forms. */
struct forms {
	struct option *longs; /* [0] is help, [1 + i] the table's i */
	struct strbuf shorts;
	const struct cli_option *options;
	size_t n;
};

static void forms_free(struct forms *f)
{
	free(f->longs);
	strbuf_clear(&f->shorts);
}

static void forms_make(struct forms *f, const struct cli_option *options, bool options_first)
{
	while (options && options[f->n].name)
		f->n++;
	f->options = options;
	f->longs = xcalloc(f->n + 2, sizeof *f->longs);
	f->longs[0] = (struct option){.name = "help", .val = LONG_HELP};
	/* ':' tells a missing argument from an unknown option. */
	strbuf_add(&f->shorts, options_first ? "+:h" : ":h");
	for (size_t i = 0; i < f->n; i++) {
		int has_arg = options[i].arg == CLI_ARG_NONE ? no_argument : required_argument;
		f->longs[i + 1] =
			(struct option){.name = options[i].name, .has_arg = has_arg, .val = LONG_FIRST + (int)i};
		if (options[i].letter)
			strbuf_addf(&f->shorts, "%c%s", options[i].letter, has_arg ? ":" : "");
	}
}

/* forms_find - the option behind what getopt_long returned or left in optopt. */
static const struct cli_option *forms_find(const struct forms *f, int val)
{
	if (val >= LONG_FIRST)
		return &f->options[val - LONG_FIRST];
	for (size_t i = 0; i < f->n; i++)
		if (val != 0 && f->options[i].letter == val)
			return &f->options[i];
	return NULL;
}

/* unknown_long - "--memroy=1G": with the nearest name there is, or that the shortened one means several. */
static void unknown_long(const char *name, const struct forms *f, const char *word)
{
	_cleanup_free_ char *text = xstrndup(word + 2, strcspn(word + 2, "="));
	_cleanup_free_ const char **names = xcalloc(f->n + 1, sizeof *names);
	size_t n_begin = 0;

	names[f->n] = "help";
	for (size_t i = 0; i < f->n; i++) {
		names[i] = f->options[i].name;
		n_begin += str_starts(names[i], text);
	}
	const char *near = str_nearest(text, names, f->n + 1);
	if (n_begin > 1)
		cli_usage_error(name, "option '--%s' is short for several", text);
	else if (near)
		cli_usage_error(name, "unknown option '--%s'; did you mean '--%s'?", text, near);
	else
		cli_usage_error(name, "unknown option '--%s'", text);
}

/* option_wrong - say what is wrong with the option that getopt_long did not take. */
static void option_wrong(const char *name, const struct forms *f, int got, char *const argv[])
{
	const struct cli_option *option = forms_find(f, optopt);

	if (got == ':' && option && optopt >= LONG_FIRST)
		cli_usage_error(name, "option '--%s' needs a value: %s", option->name, option->metavar);
	else if (got == ':' && option)
		cli_usage_error(name, "option '-%c' needs a value: %s", optopt, option->metavar);
	else if (optopt >= LONG_HELP)
		cli_usage_error(name, "option '--%s' takes no value", option ? option->name : "help");
	else if (optopt > 0)
		cli_usage_error(name, "unknown option '-%c'", optopt);
	else
		unknown_long(name, f, argv[optind - 1]);
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *at = choices; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (strcspn(at, "|") == len && strncmp(at, value, len) == 0)
			return true;
	}
	return false;
}

static int option_take(const struct cli_option *option, const char *value,
	int (*handle)(const struct cli_option *, const char *, void *, struct sbx_err *), void *data,
	struct sbx_err *err)
{
	if (option->arg == CLI_ARG_CHOICE && !is_choice(option->metavar, value))
		return sbx_fail_plain(
			err, -EINVAL, "--%s: '%s' is not one of %s", option->name, value, option->metavar);
	return handle(option, value, data, err);
}

enum cli_parsed cli_parse(const char *name, bool options_first, int argc, char **argv,
	int (*handle)(const struct cli_option *option, const char *value, void *data, struct sbx_err *err), void *data,
	int *ret_operand)
{
	const struct cli_command *self = cli_command_find(name);
	_cleanup_(forms_free) struct forms f = {0};
	struct sbx_err err = {0};
	int got;

	forms_make(&f, self ? self->options : NULL, options_first);
	opterr = 0;
	optind = 0; /* glibc: begin anew, and read the first letters of shorts again */
	while ((got = getopt_long(argc, argv, f.shorts.s, f.longs, NULL)) != -1) {
		if (got == 'h' || got == LONG_HELP) {
			print_help(name, self);
			return CLI_PARSE_HELP;
		}
		const struct cli_option *option = got == '?' || got == ':' ? NULL : forms_find(&f, got);
		if (!option) {
			option_wrong(name, &f, got, argv);
			return CLI_PARSE_ERROR;
		}
		if (option_take(option, option->arg == CLI_ARG_NONE ? NULL : optarg, handle, data, &err) < 0) {
			cli_usage_error(name, "%s", err.msg);
			return CLI_PARSE_ERROR;
		}
	}
	*ret_operand = optind;
	return CLI_PARSE_GO;
}

int cli_format_parse(const char *text, bool *ret_json, struct sbx_err *err)
{
	*ret_json = str_eq(text, "json");
	if (!*ret_json && !str_eq(text, "text"))
		return sbx_fail_plain(err, -EINVAL, "--format: '%s' is not one of text|json", text);
	return 0;
}
