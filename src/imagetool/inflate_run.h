/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inflating in a caged process, for those who read the result from a pipe. */

#include <stdint.h>
#include <sys/types.h>
#include "inflate.h"
#include "sbx/err.h"

struct inflate_run {
	pid_t pid;
	int report_fd;
	int out_fd; /* to read from */
};

/* inflate_run_start - inflate all of @in_fd from its position. */
int inflate_run_start(struct inflate_run *ret, enum codec codec, int in_fd, struct sbx_err *err);
/* inflate_run_end - close the pipe, wait.  -EPIPE is no failure of the inflater's: we stopped reading. */
int inflate_run_end(struct inflate_run *run, struct sbx_err *err);
void inflate_run_free(struct inflate_run *run); /* kill it where it was not ended */
#define _cleanup_inflate_ __attribute__((cleanup(inflate_run_free)))
#define INFLATE_RUN_NONE ((struct inflate_run){-1, -1, -1})

/* codec_of - by the first bytes of @fd at @offset. */
int codec_of(int fd, uint64_t offset, uint64_t size_bytes, enum codec *ret, struct sbx_err *err);
