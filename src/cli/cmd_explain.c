/* SPDX-License-Identifier: Apache-2.0 */

/* sbx explain: the very plan that run would carry out, printed. An image that a file form names is imported, for
 * without it there is nothing to plan; nothing is unpacked and nothing runs. */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "commands.h"
#include "print.h"
#include "run_prepare.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/runtime.h"
#include "sbx/str.h"

enum { OPT_FORMAT = RUN_OWN };

const struct cli_option explain_options[] = {
	RUN_OPTIONS,
	{"format", 0, CLI_ARG_CHOICE, "text|json", "for people, or one JSON document", OPT_FORMAT, NULL},
	{NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL},
};

struct explain_command {
	struct run_words words;
	bool json;
};

static int take_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	struct explain_command *c = data;

	if (option->id == OPT_FORMAT)
		return cli_format_parse(value, &c->json, err);
	return run_option_take(option, value, &c->words, err);
}

/* stacking - what trying says of this root: the way that a run will take, or why there is none.  Returns new; NULL
 * where the layers are not unpacked yet. */
static char *stacking(const struct sandbox_spec *spec)
{
	const struct root_spec *root = &spec->root;
	struct sbx_err native = {0}, fuse = {0};

	if (access(root->lower.v[0], F_OK) < 0)
		return NULL;
	_cleanup_close_ int parent = mkdir_private(root->scratch_parent, &native);
	if (parent < 0)
		return xstrdup(native.msg);
	const char *lower = root->lower.v[0];
	if (root->storage != STORAGE_FUSE) {
		if (rootfs_probe_native(&spec->maps, lower, root->scratch_parent, &native) == 0)
			return xstrdup("native overlay: works here");
		if (root->storage == STORAGE_NATIVE)
			return xasprintf("native overlay: %s", native.msg);
	}
	bool works = rootfs_probe_fuse(&spec->maps, lower, root->scratch_parent, &fuse) == 0;
	const char *said = works ? "works here" : fuse.msg;
	return str_empty(native.msg) ? xasprintf("fuse-overlayfs: %s", said)
				     : xasprintf("fuse-overlayfs: %s (native overlay: %s)", said, native.msg);
}

static int explain(const struct explain_command *c)
{
	_cleanup_prepared_ struct prepared p = PREPARED_INIT;
	struct sbx_err err = {0};

	if (prepare(&c->words, false, &p, &err) < 0)
		return prepare_fail(&err, CLI_FAILED);
	/* run finds out when it mounts it; what is not there cannot be explained either */
	if (p.spec->root.kind == ROOT_DIR && access(p.spec->root.lower.v[0], F_OK) < 0) {
		sbx_fail(&err, -errno, "%s: Rootfs=%s", p.spec->root.origin, p.spec->root.lower.v[0]);
		return cli_fail(&err, CLI_FAILED);
	}
	p.spec->root.stacking = stacking(p.spec);
	if (!c->json)
		spec_print_text(p.spec, stdout);
	else if (spec_print_json(p.spec, stdout) < 0) {
		cli_error("standard output takes no more");
		return CLI_FAILED;
	}
	return print_flush();
}

int cmd_explain(int argc, char **argv)
{
	struct explain_command c = {0};
	struct sbx_err err = {0};
	int operand, status = CLI_USAGE;
	enum cli_parsed parsed = cli_parse("explain", true, argc, argv, take_option, &c, &operand);

	if (parsed == CLI_PARSE_HELP)
		status = CLI_OK;
	else if (parsed == CLI_PARSE_GO && run_operands(argc, argv, operand, &c.words, &err) < 0)
		cli_usage_error("explain", "%s", err.msg);
	else if (parsed == CLI_PARSE_GO)
		status = explain(&c);
	run_words_free(&c.words);
	return status;
}
