/* SPDX-License-Identifier: Apache-2.0 */

/* sbx image ..., sbx images, sbx rmi: the words are checked here and handed to sbx-image, which does the work
 * (DESIGN.md, Programs: sbx itself links nothing that reads image bytes).  Options are passed on by their long names.
 */

#include "commands.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

enum { OPT_FORMAT = 1, OPT_FLAG, OPT_TEXT };

#define FORMAT_OPTION                                                                                          \
	{                                                                                                      \
		"format", 0, CLI_ARG_CHOICE, "text|json", "for people, or one JSON document", OPT_FORMAT, NULL \
	}
#define NO_TRUNC_OPTION                                                                                   \
	{                                                                                                 \
		"no-trunc", 0, CLI_ARG_NONE, NULL, "whole IDs, not their first 12 digits", OPT_FLAG, NULL \
	}
#define END                                                \
	{                                                  \
		NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL \
	}

const struct cli_option images_options[] = {
	FORMAT_OPTION,
	NO_TRUNC_OPTION,
	{"quiet", 'q', CLI_ARG_NONE, NULL, "image IDs alone", OPT_FLAG, NULL},
	END,
};

const struct cli_option rmi_options[] = {
	{"force", 'f', CLI_ARG_NONE, NULL, "also while a sandbox runs on it, which keeps its layers until it ends",
		OPT_FLAG, NULL},
	END,
};

static const struct cli_option import_options[] = {
	{"platform", 0, CLI_ARG_TEXT, "OS/ARCH[/VARIANT]", "from an image for many platforms, this one", OPT_TEXT,
		NULL},
	{"progress", 0, CLI_ARG_CHOICE, "auto|plain|none", "a bar, lines, or nothing (auto: a bar on a terminal)",
		OPT_TEXT, NULL},
	{"quiet", 'q', CLI_ARG_NONE, NULL, "print the image's ID alone", OPT_FLAG, NULL},
	END,
};

static const struct cli_option format_options[] = {FORMAT_OPTION, END};
static const struct cli_option history_options[] = {FORMAT_OPTION, NO_TRUNC_OPTION, END};

static int image_word(int argc, char **argv);

const struct cli_command image_subcommands[] = {
	{"import", image_word, "[OPTIONS] SOURCE [NAME]",
		"store the image of an OCI layout, an archive or a root file system's tar", import_options, NULL,
		CLI_ARG_SOURCE},
	{"ls", image_word, "[OPTIONS]", "list the images in the store", images_options, NULL, CLI_ARG_NONE},
	{"inspect", image_word, "[OPTIONS] IMAGE...", "show what an image says of itself", format_options, NULL,
		CLI_ARG_IMAGE},
	{"history", image_word, "[OPTIONS] IMAGE", "show how an image was made, the newest step first", history_options,
		NULL, CLI_ARG_IMAGE},
	{"tree", image_word, "[OPTIONS] [IMAGE...]", "show layers with parent, size, files added and whiteouts",
		format_options, NULL, CLI_ARG_IMAGE},
	{"files", image_word, "[OPTIONS] IMAGE [LAYER]", "show what a layer holds (its number or ID; else all of them)",
		format_options, NULL, CLI_ARG_IMAGE},
	{"tag", image_word, "IMAGE NAME[:TAG]", "give an image another name", NULL, NULL, CLI_ARG_IMAGE},
	{"rm", image_word, "[OPTIONS] IMAGE...", "remove images and the layers that no other image has", rmi_options,
		NULL, CLI_ARG_IMAGE},
	{"prune", image_word, "[OPTIONS]", "remove images without a name, and what nothing refers to", format_options,
		NULL, CLI_ARG_NONE},
	{"verify", image_word, "[OPTIONS] [IMAGE...]", "compute every digest again", format_options, NULL,
		CLI_ARG_IMAGE},
	{NULL, NULL, NULL, NULL, NULL, NULL, CLI_ARG_NONE},
};

/* add_option - the option in the one form that sbx-image reads. */
static int add_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	struct strv *words = data;
	bool json;

	if (option->id == OPT_FORMAT && cli_format_parse(value, &json, err) < 0)
		return err->code;
	if (value)
		strv_addf(words, "--%s=%s", option->name, value);
	else
		strv_addf(words, "--%s", option->name);
	return 0;
}

/* hand_over - become sbx-image.  Returns only where that fails. */
static int hand_over(const struct strv *words)
{
	_cleanup_free_ char *path = own_libexec("sbx-image");
	struct sbx_err err = {0};

	if (!path)
		sbx_fail_plain(&err, -ENOENT,
			"sbx-image is missing: it belongs beside sbx in the build tree, or in %s; install sbx again",
			SBX_LIBEXECDIR);
	else if (execv(path, words->v) < 0)
		sbx_fail(&err, -errno, "start %s", path);
	return cli_fail(&err, CLI_FAILED);
}

/* run_word - check the words of `sbx NAME` and start `sbx-image WORD`. */
static int run_word(const char *name, const char *word, int argc, char **argv)
{
	_cleanup_strv_ struct strv words = {0};
	int first = argc;

	strv_add(&words, "sbx-image");
	strv_add(&words, word);
	enum cli_parsed parsed = cli_parse(name, false, argc, argv, add_option, &words, &first);
	if (parsed != CLI_PARSE_GO)
		return parsed == CLI_PARSE_HELP ? CLI_OK : CLI_USAGE;
	strv_add(&words, "--");
	for (int i = first; i < argc; i++)
		strv_add(&words, argv[i]);
	return hand_over(&words);
}

/* image_word - every word after `image` is one of sbx-image's. */
static int image_word(int argc, char **argv)
{
	_cleanup_free_ char *name = xasprintf("image %s", argv[0]);

	return run_word(name, argv[0], argc, argv);
}

int cmd_image(int argc, char **argv)
{
	return cli_run_subcommand(cli_command_find("image"), argc, argv);
}

int cmd_images(int argc, char **argv)
{
	return run_word("images", "ls", argc, argv);
}

int cmd_rmi(int argc, char **argv)
{
	return run_word("rmi", "rm", argc, argv);
}
