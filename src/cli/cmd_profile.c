/* SPDX-License-Identifier: Apache-2.0 */

/* sbx profile check, show, keys, new: the profile language for people who write it. */

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "commands.h"
#include "print.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/profile.h"
#include "sbx/str.h"

enum { OPT_FORMAT = 1, OPT_SET, OPT_IMAGE };

/* clang-format off */
#define FORMAT_ROW {"format", 0, CLI_ARG_CHOICE, "text|json", "for people, or one JSON document", OPT_FORMAT, NULL}
#define SET_ROW {"set", 0, CLI_ARG_KEY, "Section.Key=VALUE", "as with run: a value from the command line", OPT_SET, NULL}
#define END_ROW {NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL}
/* clang-format on */

static const struct cli_option check_options[] = {SET_ROW, FORMAT_ROW, END_ROW};
static const struct cli_option show_options[] = {SET_ROW, FORMAT_ROW, END_ROW};
static const struct cli_option keys_options[] = {FORMAT_ROW, END_ROW};
static const struct cli_option new_options[] = {
	{"image", 0, CLI_ARG_IMAGE, "IMAGE", "the image that it runs on", OPT_IMAGE, NULL}, END_ROW};

static int profile_check(int argc, char **argv);
static int profile_show(int argc, char **argv);
static int profile_keys(int argc, char **argv);
static int profile_new(int argc, char **argv);

const struct cli_command profile_subcommands[] = {
	{"check", profile_check, "[OPTIONS] PROFILE...",
		"say what is wrong in each profile, and label grants that are an escape from the sandbox",
		check_options, NULL, CLI_ARG_PROFILE},
	{"show", profile_show, "[OPTIONS] PROFILE", "the merged profile, each value with its file and line",
		show_options, NULL, CLI_ARG_PROFILE},
	{"keys", profile_keys, "[OPTIONS] [SECTION[.KEY]]", "every key of the language", keys_options, NULL,
		CLI_ARG_TEXT},
	{"new", profile_new, "[OPTIONS] [FILE]", "write a profile to start from (without FILE: print it)", new_options,
		NULL, CLI_ARG_FILE},
	{NULL, NULL, NULL, NULL, NULL, NULL, CLI_ARG_NONE},
};

struct words {
	struct strv sets;
	bool json;
	const char *image;
};

static int take_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	struct words *words = data;

	if (option->id == OPT_FORMAT)
		return cli_format_parse(value, &words->json, err);
	if (option->id == OPT_SET)
		strv_add(&words->sets, value);
	else
		words->image = value;
	return 0;
}

/* parse - the options of `profile NAME` and its number of operands.  CLI_OK to go on; else *ret_status is the end. */
static bool parse(
	const char *name, int argc, char **argv, int min, int max, struct words *words, int *ret_first, int *ret_status)
{
	enum cli_parsed parsed = cli_parse(name, false, argc, argv, take_option, words, ret_first);

	*ret_status = CLI_USAGE;
	if (parsed == CLI_PARSE_HELP)
		*ret_status = print_flush();
	if (parsed != CLI_PARSE_GO)
		return false;
	if (argc - *ret_first >= min && argc - *ret_first <= max)
		return true;
	cli_usage_error(name, "%s", argc - *ret_first < min ? "which profile?" : "too many words");
	return false;
}

/* load - a profile, or NULL with at least one line in @problems. */
static struct profile *load(const char *name, const struct strv *sets, struct strv *problems)
{
	const struct profile_request request = {.name_or_path = name, .sets = sets};
	struct profile *profile = NULL;
	struct sbx_err err = {0};
	int r = profile_load(&request, &profile, problems, &err);

	if (r < 0 && problems->n == 0)
		strv_add(problems, err.msg);
	return r < 0 ? NULL : profile;
}

/* What check says of one profile: problems make it wrong, notes do not. */
struct verdict {
	struct strv problems, notes;
};

static json_t *lines_json(const struct strv *lines)
{
	json_t *array = json_array();

	for (size_t i = 0; i < lines->n; i++) {
		_cleanup_free_ char *line = text_escape(lines->v[i]); /* JSON takes no bytes that are not UTF-8 */
		json_array_append_new(array, json_string(line));
	}
	return array;
}

static json_t *verdict_json(const char *name, const struct verdict *v)
{
	_cleanup_free_ char *escaped = text_escape(name);
	json_t *object = json_object();

	json_object_set_new(object, "profile", json_string(escaped));
	json_object_set_new(object, "ok", json_boolean(v->problems.n == 0));
	json_object_set_new(object, "problems", lines_json(&v->problems));
	json_object_set_new(object, "notes", lines_json(&v->notes));
	return object;
}

static void verdict_print(const struct verdict *v)
{
	for (size_t i = 0; i < v->problems.n; i++)
		cli_error("%s", v->problems.v[i]);
	for (size_t i = 0; i < v->notes.n; i++) {
		_cleanup_free_ char *line = text_escape(v->notes.v[i]);
		puts(line);
	}
}

/* check - with --format json the problems are part of the document: [{profile, ok, problems, notes}...]. */
static int check(char *const *names, const struct words *words)
{
	json_t *array = words->json ? json_array() : NULL;
	int status = CLI_OK;

	for (; *names; names++) {
		struct verdict v = {0};
		_cleanup_profile_ struct profile *profile = load(*names, &words->sets, &v.problems);
		if (profile) {
			profile_escapes(profile, &v.notes);
			profile_unsupported(profile, &v.notes);
		} else {
			status = CLI_FAILED;
		}
		if (array)
			json_array_append_new(array, verdict_json(*names, &v));
		else
			verdict_print(&v);
		strv_clear(&v.problems);
		strv_clear(&v.notes);
	}
	if (array && json_dumpf(array, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	json_decref(array);
	int flushed = print_flush();
	return status == CLI_OK ? flushed : status;
}

static int profile_check(int argc, char **argv)
{
	struct words words = {0};
	int first, status;

	if (parse("profile check", argc, argv, 1, argc, &words, &first, &status))
		status = check(argv + first, &words);
	strv_clear(&words.sets);
	return status;
}

static int show(const char *name, const struct words *words)
{
	_cleanup_strv_ struct strv problems = {0};
	_cleanup_profile_ struct profile *profile = load(name, &words->sets, &problems);

	for (size_t i = 0; i < problems.n; i++)
		cli_error("%s", problems.v[i]);
	if (!profile)
		return CLI_FAILED;
	if (!words->json)
		profile_print(profile, stdout);
	else if (profile_print_json(profile, stdout) < 0) {
		cli_error("standard output takes no more");
		return CLI_FAILED;
	}
	return print_flush();
}

static int profile_show(int argc, char **argv)
{
	struct words words = {0};
	int first, status;

	if (parse("profile show", argc, argv, 1, 1, &words, &first, &status))
		status = show(argv[first], &words);
	strv_clear(&words.sets);
	return status;
}

static const char *type_name(enum key_type type)
{
	static const char *const names[] = {
		[KEY_STRING] = "text",
		[KEY_PATH] = "path",
		[KEY_INSIDE] = "path inside",
		[KEY_BOOL] = "boolean",
		[KEY_INT] = "number",
		[KEY_MODE] = "octal mode",
		[KEY_PERCENT] = "percent",
		[KEY_SIZE] = "size",
		[KEY_TIME] = "time",
		[KEY_SIGNAL] = "signal",
		[KEY_ENUM] = "choice",
		[KEY_COMMAND] = "command line",
		[KEY_LIST] = "list",
	};
	return names[type];
}

static json_t *strings(const char *const *words)
{
	json_t *array = json_array();

	for (; words && *words; words++)
		json_array_append_new(array, json_string(*words));
	return array;
}

static json_t *key_json(const struct key_info *key)
{
	json_t *object = json_object();

	json_object_set_new(object, "section", json_string(key->section));
	json_object_set_new(object, "name", json_string(key->name));
	json_object_set_new(object, "aliases", strings(key->aliases));
	json_object_set_new(object, "type", json_string(type_name(key->type)));
	json_object_set_new(object, "choices", strings(key->choices));
	json_object_set_new(object, "default", json_string(key->default_text));
	json_object_set_new(object, "help", json_string(key->help));
	json_object_set_new(object, "in_this_build", json_boolean(key->supported));
	return object;
}

static void key_print(const struct key_info *key)
{
	_cleanup_strbuf_ struct strbuf line = {0};

	strbuf_addf(&line, "%s (%s", key->name, type_name(key->type));
	for (size_t i = 0; key->choices && key->choices[i]; i++)
		strbuf_addf(&line, "%s%s", i ? ", " : ": ", key->choices[i]);
	strbuf_add(&line, ")");
	for (size_t i = 0; key->aliases && key->aliases[i]; i++)
		strbuf_addf(&line, ", also %s", key->aliases[i]);
	if (!str_empty(key->default_text))
		strbuf_addf(&line, ", default %s", key->default_text);
	if (!key->supported)
		strbuf_add(&line, ", not in this build yet");
	printf("%s\n    %s\n", line.s, key->help);
}

/* keys - those whose section and name the word asks for; NULL: all.  CLI_FAILED where there are none. */
static int keys(const char *wanted, bool json)
{
	json_t *array = json_array();
	const char *section = "", *dot = wanted ? strchr(wanted, '.') : NULL;
	size_t section_len = dot ? (size_t)(dot - wanted) : wanted ? strlen(wanted) : 0;
	size_t n = 0;

	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		const struct key_info *key = profile_key_info((enum profile_key)i);
		if (wanted &&
			(strlen(key->section) != section_len || strncasecmp(wanted, key->section, section_len) != 0))
			continue;
		if (dot && profile_key_find(key->section, dot + 1) != i)
			continue;
		if (json)
			json_array_append_new(array, key_json(key));
		else if (!str_eq(section, key->section))
			printf("%s[%s]\n", n ? "\n" : "", key->section);
		if (!json)
			key_print(key);
		section = key->section;
		n++;
	}
	if (json && n > 0 && json_dumpf(array, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	json_decref(array);
	if (n > 0)
		return print_flush();
	cli_error("profile keys: there is no section or key '%s' (`sbx profile keys` lists all)", wanted);
	return CLI_FAILED;
}

static int profile_keys(int argc, char **argv)
{
	struct words words = {0};
	int first, status;

	if (parse("profile keys", argc, argv, 0, 1, &words, &first, &status))
		status = keys(first < argc ? argv[first] : NULL, words.json);
	return status;
}

static char *starter(const char *image)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	strbuf_add(&text, "# A profile for sbx; sbx.ini(5) or `sbx profile keys` has every key.\n\n[Sandbox]\n");
	if (image) {
		_cleanup_free_ char *line = profile_set_literal(KEY_Sandbox_Image, image);
		strbuf_addf(&text, "%s\n", strchr(line, '.') + 1);
	} else {
		strbuf_add(&text,
			"# An image in the store (`sbx images`), or oci:DIR, docker-archive:FILE, rootfs:FILE.tar\n"
			"Image=debian:12\n");
	}
	strbuf_add(&text,
		"\n[Exec]\n# What runs; without this line, the image's own command\n#Exec=/bin/sh\n"
		"#WorkingDirectory=/src\n#Environment=LANG=C.UTF-8\n"
		"\n[Files]\n# Nothing of this machine is visible but what is granted here\n"
		"#Bind=${PROFILE_DIR}:/src\n#BindReadOnly=~/data:/data\n#TemporaryFileSystem=/tmp:size=256M\n"
		"\n[Network]\n# slirp: a network of its own, none, or host: that of this machine\nNetwork=none\n"
		"# With slirp: ports inside that this machine reaches, and names that the inside may reach\n"
		"#PublishPort=8080:80\n#AllowDomain=deb.debian.org *.example.org:443\n"
		"\n[Limits]\n#LimitNOFILE=1024\n");
	return strbuf_steal(&text);
}

static int profile_new(int argc, char **argv)
{
	struct words words = {0};
	int first, status;

	if (!parse("profile new", argc, argv, 0, 1, &words, &first, &status))
		return status;
	_cleanup_free_ char *text = starter(words.image);
	if (first == argc) {
		fputs(text, stdout);
		return print_flush();
	}
	_cleanup_close_ int fd = open(argv[first], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST) {
		cli_error("profile new: %s is there already; it was left as it is", argv[first]);
		return CLI_FAILED;
	}
	struct sbx_err err = {0};
	int r = fd < 0 ? -errno : write_all(fd, text, strlen(text));
	if (r < 0) {
		sbx_fail(&err, r, "profile new: write %s", argv[first]);
		return cli_fail(&err, CLI_FAILED);
	}
	return CLI_OK;
}

int cmd_profile(int argc, char **argv)
{
	return cli_run_subcommand(cli_command_find("profile"), argc, argv);
}
