/* SPDX-License-Identifier: Apache-2.0 */

/* sbx-image: all that touches image bytes.  sbx starts it; it is not meant to be typed. */

#include "tool.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

static const struct {
	const char *word;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"import", tool_import},
	{"unpack", tool_unpack},
	{"ls", tool_ls},
	{"inspect", tool_inspect},
	{"history", tool_history},
	{"tree", tool_tree},
	{"files", tool_files},
	{"tag", tool_tag},
	{"rm", tool_rm},
	{"prune", tool_prune},
	{"verify", tool_verify},
};

static void print_error(const char *message)
{
	_cleanup_free_ char *safe = text_escape(message);

	fflush(stdout);
	fprintf(stderr, "sbx: %s\n", safe);
}

int tool_fail(const struct sbx_err *err)
{
	/* All that the commands write lies in the store, and where it is full is what the reader has to know. */
	bool full = err->code == -ENOSPC || err->code == -EDQUOT;
	_cleanup_free_ char *store = full ? store_path(NULL) : NULL;
	_cleanup_free_ char *message = store && !strstr(err->msg, store)
					       ? xasprintf("%s (the store is %s)", err->msg, store)
					       : xstrdup(err->msg);

	print_error(message);
	return TOOL_FAILED;
}

int tool_usage(const char *fmt, ...)
{
	char message[SBX_ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	print_error(message);
	return TOOL_USAGE;
}

int main(int argc, char **argv)
{
	struct sbx_err err = {0};

	/* Names are UTF-8 or bytes, whatever the caller's locale: libarchive gives no name at all where it cannot
	 * convert one. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	umask(077);
	/* A file beyond the caller's limit (ulimit -f) is an error that names it, not a death. */
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].word) != 0)
			continue;
		int status = commands[i].run(argc - 1, argv + 1);
		/* A full disk or a closed descriptor behind standard output is found out here at the latest. */
		if ((fflush(stdout) != 0 || ferror(stdout)) && status == TOOL_OK) {
			sbx_fail(&err, errno ? -errno : -EIO, "write to standard output");
			print_error(err.msg);
			return TOOL_FAILED;
		}
		return status;
	}
	return tool_usage("%s is a part of sbx and has no use of its own: see `sbx image --help`", argv[0]);
}
