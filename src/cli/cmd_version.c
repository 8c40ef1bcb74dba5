/* SPDX-License-Identifier: Apache-2.0 */

/* sbx version: of sbx, of its features and of the libraries that it runs with:
 *
 *	{"version", "features": [word...], "libraries": {name: version...}} */

#include <gnu/libc-version.h>
#include <jansson.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/capability.h>
#include "commands.h"
#include "print.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"

const struct cli_option version_options[] = {
	{"format", 0, CLI_ARG_CHOICE, "text|json", "for people, or one JSON document", 1, NULL},
	{NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL},
};

/* What this build can do; a later build adds words. */
static const char *const features[] = {
	"overlay-native",
	"overlay-fuse",
	"subuid",
	"fake-root",
	"seccomp-builtin",
	"seccomp-json",
	"landlock-scope",
};

struct library {
	const char *name;
	char version[32];
};

/* libraries_find - libcap and inih keep their versions to themselves at run time: what sbx was built with is said. */
static void libraries_find(struct library libs[static 4])
{
	const struct scmp_version *seccomp = seccomp_version();

	libs[0].name = "libc";
	snprintf(libs[0].version, sizeof libs[0].version, "%s", gnu_get_libc_version());
	libs[1].name = "libcap";
	snprintf(libs[1].version, sizeof libs[1].version, "%d.%d", LIBCAP_MAJOR, LIBCAP_MINOR);
	libs[2].name = "libseccomp";
	snprintf(libs[2].version, sizeof libs[2].version, "%u.%u.%u", seccomp->major, seccomp->minor, seccomp->micro);
	libs[3].name = "jansson";
	snprintf(libs[3].version, sizeof libs[3].version, "%s", jansson_version_str());
}

static int print_json(const struct library *libs, size_t n)
{
	json_t *root = json_object(), *words = json_array(), *versions = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		json_array_append_new(words, json_string(features[i]));
	for (size_t i = 0; i < n; i++)
		json_object_set_new(versions, libs[i].name, json_string(libs[i].version));
	json_object_set_new(root, "version", json_string(PACKAGE_VERSION));
	json_object_set_new(root, "features", words);
	json_object_set_new(root, "libraries", versions);
	int r = json_dumpf(root, stdout, JSON_INDENT(2));
	json_decref(root);
	if (r == 0)
		putchar('\n');
	return print_flush();
}

static int print_text(const struct library *libs, size_t n)
{
	printf("sbx %s\nfeatures:", PACKAGE_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		printf(" %s", features[i]);
	printf("\nlibraries:");
	for (size_t i = 0; i < n; i++)
		printf(" %s %s%s", libs[i].name, libs[i].version, i + 1 < n ? "," : "\n");
	return print_flush();
}

static int take_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	(void)option; /* there is one */
	return cli_format_parse(value, data, err);
}

int cmd_version(int argc, char **argv)
{
	struct library libs[4] = {0};
	bool json = false;
	int operand;
	enum cli_parsed parsed = cli_parse("version", false, argc, argv, take_option, &json, &operand);

	if (parsed != CLI_PARSE_GO)
		return parsed == CLI_PARSE_HELP ? CLI_OK : CLI_USAGE;
	if (operand < argc)
		return cli_usage_error("version", "there is nothing to name: '%s'", argv[operand]);
	libraries_find(libs);
	return json ? print_json(libs, ARRAY_SIZE(libs)) : print_text(libs, ARRAY_SIZE(libs));
}
