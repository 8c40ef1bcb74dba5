/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A caged process whose output is read here: for commands that look into a layer.  What it writes is a stranger's word.
 */

#include <sys/types.h>
#include "sbx/err.h"

struct layer_read {
	pid_t pid;
	int out_fd; /* to be read to its end */
	int err_fd;
};
#define LAYER_READ_NONE ((struct layer_read){.pid = -1, .out_fd = -1, .err_fd = -1})

/* layer_read_start - inflate the blob behind @blob_fd (position 0) in a caged process.
 * @parse: run in a second caged process on the uncompressed bytes from @in_fd, writes to @out_fd; NULL: these bytes
 * themselves are the output. */
int layer_read_start(int blob_fd, int (*parse)(int in_fd, int out_fd, struct sbx_err *err), struct layer_read *ret,
	struct sbx_err *err);
/* layer_read_finish - wait for it, after the end of its output: 0, or what went wrong there. */
int layer_read_finish(struct layer_read *c, struct sbx_err *err);
void layer_read_free(struct layer_read *c);
#define _cleanup_layer_read_ __attribute__((cleanup(layer_read_free)))
