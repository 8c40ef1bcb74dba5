/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the codecs share: one input and one output buffer. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sbx/err.h"

#define INFLATE_IN_BYTES (128u << 10)
#define INFLATE_OUT_BYTES (256u << 10)

struct inflate_io {
	int in_fd, out_fd;
	uint8_t *in, *out; /* owned by inflate_stream */
	size_t in_pos, in_len;
	bool in_eof;
};

/* inflate_fill - have at least one byte in the input buffer.  Returns 1, 0 at the end of the file, -errno. */
int inflate_fill(struct inflate_io *io, struct sbx_err *err);
/* inflate_flush - write @n bytes of the output buffer. */
int inflate_flush(struct inflate_io *io, size_t n, struct sbx_err *err);
/* inflate_more - after the end of a member: 1 another one follows, 0 the file ended (or padding of zeros did),
 * -EBADMSG other bytes follow. @first: the byte a member begins with; NULL: any that is not zero. */
int inflate_more(struct inflate_io *io, const uint8_t *first, struct sbx_err *err);
/* inflate_bad, inflate_early - the two ways in which a stream is wrong. */
int inflate_bad(const char *codec, const char *why, struct sbx_err *err);
int inflate_early(const char *codec, struct sbx_err *err);

/* One function a codec: from the first byte to the last. */
int inflate_gzip(struct inflate_io *io, struct sbx_err *err);
int inflate_zstd(struct inflate_io *io, struct sbx_err *err);
int inflate_xz(struct inflate_io *io, struct sbx_err *err);
int inflate_bzip2(struct inflate_io *io, struct sbx_err *err);
