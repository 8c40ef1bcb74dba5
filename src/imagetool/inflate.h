/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Decompression of layers and archives, from one descriptor to another, with flat memory.
 * Context: a confined process; these are parsers of hostile bytes. */

#include <stddef.h>
#include <stdint.h>
#include "sbx/err.h"

enum codec { CODEC_NONE, CODEC_GZIP, CODEC_ZSTD, CODEC_XZ, CODEC_BZIP2 };

/* Bytes that codec_detect wants to see; fewer are fine where the file is shorter. */
#define CODEC_PEEK_BYTES 512

/* codec_detect - by the first bytes.  Media types and file names lie, magic numbers hardly: a tar (its own magic at
 * byte 257) is never taken for something else, and what is wrongly taken does not get past the diff ID. */
enum codec codec_detect(const void *bytes, size_t n);
const char *codec_name(enum codec codec); /* "gzip" … */

/* inflate_stream - decompress all of @in_fd to @out_fd.
 * Concatenated members or frames are read on; zeros after the end are padding; anything else there is an error.
 * Returns 0; -EBADMSG damaged; -ENODATA ends early; -EPIPE the reader has gone (it knows why); -errno. */
int inflate_stream(enum codec codec, int in_fd, int out_fd, struct sbx_err *err);
