/* SPDX-License-Identifier: Apache-2.0 */

/* sbx completion: a script for bash, zsh or fish, made from the tables of commands, options and keys. */

#include <stdio.h>
#include <string.h>
#include "commands.h"
#include "print.h"
#include "sbx/profile.h"
#include "sbx/str.h"

/* Where profiles that are named, not written as a path, are installed. */
#define PROFILES_DIR SBX_DATADIR "/profiles"

/* each_command - every command, and every word behind it, with the name as it is typed. */
static void each_command(void (*show)(const char *name, const struct cli_command *command))
{
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		show(c->name, c);
		for (const struct cli_command *s = c->subcommands; s && s->name; s++) {
			char name[128];
			snprintf(name, sizeof name, "%s %s", c->name, s->name);
			show(name, s);
		}
	}
}

static void print_names(const struct cli_command *commands)
{
	for (const struct cli_command *c = commands; c && c->name; c++)
		printf("%s%s", c == commands ? "" : " ", c->name);
}

/* What bash and zsh offer for each kind of word; NULL: nothing. */
static const char *const bash_offers[] = {
	[CLI_ARG_NONE] = NULL,
	[CLI_ARG_TEXT] = NULL,
	[CLI_ARG_FILE] = "_sbx_files -f",
	[CLI_ARG_DIR] = "_sbx_files -d",
	[CLI_ARG_PROFILE] = "_sbx_profiles",
	[CLI_ARG_IMAGE] = "_sbx_images",
	[CLI_ARG_SOURCE] = "_sbx_sources",
	[CLI_ARG_KEY] = "_sbx_keys",
	[CLI_ARG_CHOICE] = NULL,
};

static void print_words(const char *choices)
{
	for (; *choices; choices++)
		putchar(*choices == '|' ? ' ' : *choices);
}

/* bash_values - a case of the option before the word: "run:--pull) …". */
static void bash_values(const char *name, const struct cli_command *command)
{
	for (const struct cli_option *o = command->options; o && o->name; o++) {
		if (o->arg == CLI_ARG_NONE)
			continue;
		printf("\t'%s:--%s'", name, o->name);
		if (o->letter)
			printf("|'%s:-%c'", name, o->letter);
		fputs(") ", stdout);
		if (o->arg == CLI_ARG_CHOICE) {
			fputs("_sbx_words '", stdout);
			print_words(o->metavar);
			fputs("'", stdout);
		} else if (bash_offers[o->arg]) {
			fputs(bash_offers[o->arg], stdout);
		} else {
			putchar(':');
		}
		puts("; return;;");
	}
}

static void bash_options(const char *name, const struct cli_command *command)
{
	printf("\t'%s') opts='--help", name);
	for (const struct cli_option *o = command->options; o && o->name; o++)
		printf(" --%s", o->name);
	fputs("' words='", stdout);
	print_names(command->subcommands);
	printf("' offer='%s';;\n", bash_offers[command->operand] ? bash_offers[command->operand] : "");
}

/* Names that are made by others than this program are compared, never given to compgen -W: that expands $(...) in its
 * words, so that a file of that name would run a command.  Images with other letters than references have are left out:
 * what is offered may stand on the command line unquoted. */
static const char bash_helpers[] =
	"# bash completion for sbx\n"
	"_sbx_words() { COMPREPLY=($(compgen -W \"$1\" -- \"$head$cur\")); }\n"
	"_sbx_files() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\"); }\n"
	"_sbx_lines() {\n"
	"\tlocal line\n"
	"\twhile IFS= read -r line; do\n"
	"\t\t[[ $line != \"$head$cur\"* ]] || COMPREPLY+=(\"${line#\"$head\"}\")\n"
	"\tdone\n"
	"}\n"
	"_sbx_profiles() {\n"
	"\tlocal dir\n"
	"\t_sbx_files -f\n"
	"\tfor dir in \"${XDG_CONFIG_HOME:-$HOME/.config}/sbx/profiles\" '" PROFILES_DIR "'; do\n"
	"\t\t_sbx_lines < <(compgen -G \"$dir/*.ini\" | sed 's|.*/||;s|\\.ini$||')\n"
	"\tdone\n"
	"}\n"
	"_sbx_sources() {\n"
	"\tcase $head in\n"
	"\toci:|oci-archive:|docker-archive:|rootfs:|dir:) _sbx_files -f;;\n"
	"\t'') compopt -o nospace; _sbx_words 'oci: oci-archive: docker-archive: rootfs: dir:';;\n"
	"\tesac\n"
	"}\n"
	"_sbx_images() {\n"
	"\t_sbx_lines < <(sbx images 2>/dev/null | awk 'NR>1{print $1\":\"$2}' | grep -E '^[A-Za-z0-9._:/@+-]+$')\n"
	"}\n";

/* readline cuts words at ':' and '=', so that they are words of their own: head is what stands before the last ':' of
 * this word, cur what is behind it. */
static const char bash_begin[] = "_sbx() {\n"
				 "\tlocal cur= head= prev i=$COMP_CWORD cmd=${COMP_WORDS[1]} opts= words= offer=\n"
				 "\tCOMPREPLY=()\n"
				 "\t[ \"${COMP_WORDS[i]}\" = : ] || { cur=${COMP_WORDS[i]}; i=$((i - 1)); }\n"
				 "\twhile [ \"$i\" -gt 1 ] && [ \"${COMP_WORDS[i]}\" = : ]; do\n"
				 "\t\thead=${COMP_WORDS[i-1]}:$head; i=$((i - 2))\n"
				 "\tdone\n"
				 "\t[ \"$cur\" != = ] || cur=\n"
				 "\t[ \"${COMP_WORDS[i]}\" != = ] || i=$((i - 1))\n"
				 "\tprev=${COMP_WORDS[i]}\n"
				 "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n";

static void bash_script(void)
{
	fputs(bash_helpers, stdout);
	fputs("_sbx_keys() { compopt -o nospace; _sbx_words '", stdout);
	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		const struct key_info *key = profile_key_info((enum profile_key)i);
		printf("%s%s.%s=", i ? " " : "", key->section, key->name);
	}
	puts("'; }");
	fputs(bash_begin, stdout);
	fputs("\t\t_sbx_words '", stdout);
	print_names(cli_commands);
	puts(" --help --version'\n\t\treturn\n\tfi\n"
	     "\tcase $cmd in image|profile) [ \"$COMP_CWORD\" -gt 2 ] && cmd=\"$cmd ${COMP_WORDS[2]}\";; esac\n"
	     "\tcase $cmd:$prev in");
	each_command(bash_values);
	puts("\tesac\n\tcase $cmd in");
	each_command(bash_options);
	puts("\tesac\n"
	     "\tcase $cur in -*) _sbx_words \"$opts\"; return;; esac\n"
	     "\tif [ -n \"$words\" ]; then _sbx_words \"$words\"; elif [ -n \"$offer\" ]; then $offer; fi\n"
	     "}\n"
	     "complete -F _sbx sbx");
}

/* quoted - in single quotes for zsh and fish alike; both double the closing quote another way, so ' becomes ’s plain
 * neighbour `. */
static void quoted(const char *text, const char *escaped)
{
	for (; *text; text++) {
		if (*text == '\'')
			putchar('`');
		else if (strchr(escaped, *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

/* zsh's actions for _arguments(1). */
static const char *const zsh_offers[] = {
	[CLI_ARG_NONE] = "",
	[CLI_ARG_TEXT] = "",
	[CLI_ARG_FILE] = "_files",
	[CLI_ARG_DIR] = "_files -/",
	[CLI_ARG_PROFILE] = "_sbx_profiles",
	[CLI_ARG_IMAGE] = "_sbx_images",
	[CLI_ARG_SOURCE] = "_files",
	[CLI_ARG_KEY] = "_sbx_keys",
	[CLI_ARG_CHOICE] = "",
};

static void zsh_option(const struct cli_option *o, const char *prefix, const char *name)
{
	printf(" \\\n\t\t'%s%s[", prefix, name);
	quoted(o->help, "[]:");
	putchar(']');
	if (o->arg != CLI_ARG_NONE) {
		putchar(':');
		quoted(o->arg == CLI_ARG_CHOICE ? o->name : o->metavar, "[]:");
		putchar(':');
		if (o->arg == CLI_ARG_CHOICE) {
			putchar('(');
			print_words(o->metavar);
			putchar(')');
		} else {
			fputs(zsh_offers[o->arg], stdout);
		}
	}
	putchar('\'');
}

static void zsh_command(const char *name, const struct cli_command *command)
{
	printf("\t'%s') _arguments -s '(- *)'{-h,--help}'[show help]'", name);
	for (const struct cli_option *o = command->options; o && o->name; o++) {
		char letter[2] = {o->letter, '\0'};
		zsh_option(o, "--", o->name);
		if (o->letter)
			zsh_option(o, "-", letter);
	}
	if (command->subcommands) {
		fputs(" \\\n\t\t'1:command:(", stdout);
		print_names(command->subcommands);
		fputs(")'", stdout);
	} else if (*zsh_offers[command->operand]) {
		printf(" \\\n\t\t'*:word:%s'", zsh_offers[command->operand]);
	}
	puts(";;");
}

static void zsh_script(void)
{
	puts("#compdef sbx\n"
	     "_sbx_images() { compadd -- ${(f)\"$(sbx images 2>/dev/null | awk 'NR>1{print $1\":\"$2}')\"} }\n"
	     "_sbx_profiles() {\n"
	     "\t_files -g \"*.ini\"\n"
	     "\tcompadd -- ${XDG_CONFIG_HOME:-$HOME/.config}/sbx/profiles/*.ini(N:t:r) '" PROFILES_DIR
	     "'/*.ini(N:t:r)\n"
	     "}");
	fputs("_sbx_keys() { compadd -S '' --", stdout);
	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		const struct key_info *key = profile_key_info((enum profile_key)i);
		printf(" %s.%s=", key->section, key->name);
	}
	fputs(" }\n_sbx() {\n\tlocal cmd\n\tif (( CURRENT == 2 )); then\n\t\tcompadd -- ", stdout);
	print_names(cli_commands);
	puts(" --help --version\n\t\treturn\n\tfi\n\tshift words; (( CURRENT-- )); cmd=$words[1]\n"
	     "\tif [[ $cmd == (image|profile) ]] && (( CURRENT > 2 )); then\n"
	     "\t\tshift words; (( CURRENT-- )); cmd=\"$cmd $words[1]\"\n\tfi\n\tcase $cmd in");
	each_command(zsh_command);
	puts("\tesac\n}\n[[ $funcstack[1] == _sbx ]] && _sbx \"$@\" || compdef _sbx sbx");
}

static void fish_command(const char *name, const struct cli_command *command)
{
	const char *sub = strchr(name, ' ');
	char seen[256];

	if (sub) {
		int len = (int)(sub - name);
		snprintf(seen, sizeof seen, "__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s", len,
			name, sub + 1);
		printf("complete -c sbx -f -n '__fish_seen_subcommand_from %.*s' -a %s -d '", len, name, sub + 1);
	} else {
		snprintf(seen, sizeof seen, "__fish_seen_subcommand_from %s", name);
		printf("complete -c sbx -f -n __fish_use_subcommand -a %s -d '", name);
	}
	quoted(command->help, "\\");
	puts("'");
	for (const struct cli_option *o = command->options; o && o->name; o++) {
		printf("complete -c sbx -n '%s' -l %s", seen, o->name);
		if (o->letter)
			printf(" -s %c", o->letter);
		if (o->arg == CLI_ARG_CHOICE) {
			fputs(" -x -a '", stdout);
			print_words(o->metavar);
			putchar('\'');
		} else if (o->arg == CLI_ARG_IMAGE) {
			fputs(" -x -a '(__sbx_images)'", stdout);
		} else if (o->arg == CLI_ARG_KEY) {
			fputs(" -x -a '(__sbx_keys)'", stdout);
		} else if (o->arg != CLI_ARG_NONE) {
			fputs(o->arg == CLI_ARG_TEXT ? " -x" : " -r", stdout);
		}
		fputs(" -d '", stdout);
		quoted(o->help, "\\");
		puts("'");
	}
	if (command->operand == CLI_ARG_IMAGE)
		printf("complete -c sbx -f -n '%s' -a '(__sbx_images)'\n", seen);
	else if (command->operand == CLI_ARG_PROFILE)
		printf("complete -c sbx -n '%s' -a '(__sbx_profiles)'\n", seen);
}

static void fish_script(void)
{
	puts("# fish completion for sbx\n"
	     "function __sbx_images; sbx images 2>/dev/null | awk 'NR>1{print $1\":\"$2}'; end\n"
	     "function __sbx_profiles\n"
	     "\tset -l config $XDG_CONFIG_HOME\n"
	     "\ttest -n \"$config\"; or set config ~/.config\n"
	     "\tfor file in $config/sbx/profiles/*.ini '" PROFILES_DIR "'/*.ini\n"
	     "\t\tstring replace -r '^.*/(.*)\\.ini$' '$1' -- $file\n"
	     "\tend\n"
	     "\t__fish_complete_suffix .ini\n"
	     "end");
	fputs("function __sbx_keys; printf '%s\\n'", stdout);
	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		const struct key_info *key = profile_key_info((enum profile_key)i);
		printf(" %s.%s=", key->section, key->name);
	}
	puts("; end");
	each_command(fish_command);
}

int cmd_completion(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*script)(void);
	} shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
	int operand;
	enum cli_parsed parsed = cli_parse("completion", false, argc, argv, NULL, NULL, &operand);

	if (parsed != CLI_PARSE_GO)
		return parsed == CLI_PARSE_HELP ? print_flush() : CLI_USAGE;
	if (argc - operand != 1)
		return cli_usage_error("completion", "which shell? bash, zsh or fish");
	for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
		if (str_eq(shells[i].name, argv[operand])) {
			shells[i].script();
			return print_flush();
		}
	}
	return cli_usage_error("completion", "'%s' is no shell it knows: bash, zsh or fish", argv[operand]);
}
