/* SPDX-License-Identifier: Apache-2.0 */
/* gzip: ISA-L's igzip (about twice as fast), zlib where it is not to be had. Checksums and lengths are checked by both.
 */
#include "inflate_codec.h"

#include <errno.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

static const uint8_t gzip_first = 0x1f;

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>

static const char *isal_reason(int code)
{
	switch (code) {
	case ISAL_INCORRECT_CHECKSUM:
		return "its checksum or length does not fit";
	case ISAL_INVALID_WRAPPER:
	case ISAL_UNSUPPORTED_METHOD:
		return "no gzip header";
	default:
		return "invalid block";
	}
}

/* gzip_member - one member.  The state keeps whole input words in a register; isal_inflate hands unused bytes back to
 * next_in when it reaches the end of a member, so that the next one starts there. */
static int gzip_member(struct inflate_io *io, struct inflate_state *state, struct sbx_err *err)
{
	isal_inflate_reset(state);
	state->crc_flag = ISAL_GZIP;
	state->avail_in = 0;
	while (state->block_state != ISAL_BLOCK_FINISH) {
		size_t before = 0;
		/* Output may still be waiting when all input is used up. */
		int r = inflate_fill(io, err);
		if (r < 0)
			return r;
		state->next_in = io->in + io->in_pos;
		state->avail_in = (uint32_t)(io->in_len - io->in_pos);
		before = state->avail_in;
		state->next_out = io->out;
		state->avail_out = INFLATE_OUT_BYTES;
		int code = isal_inflate(state);
		if (code < 0)
			return inflate_bad("gzip", isal_reason(code), err);
		size_t made = INFLATE_OUT_BYTES - state->avail_out;
		io->in_pos = io->in_len - state->avail_in;
		if (made == 0 && state->avail_in == before && state->block_state != ISAL_BLOCK_FINISH)
			return io->in_eof ? inflate_early("gzip", err) : inflate_bad("gzip", "no progress", err);
		r = inflate_flush(io, made, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int inflate_gzip(struct inflate_io *io, struct sbx_err *err)
{
	_cleanup_free_ struct inflate_state *state = xcalloc(1, sizeof(*state));
	int r;

	isal_inflate_init(state);
	do {
		r = gzip_member(io, state, err);
		if (r >= 0)
			r = inflate_more(io, &gzip_first, err);
	} while (r > 0);
	return r;
}

#else
#include <zlib.h>

static int gzip_member(struct inflate_io *io, z_stream *z, struct sbx_err *err)
{
	int code = inflateReset2(z, 16 + MAX_WBITS); /* 16: a gzip wrapper and no other */

	while (code != Z_STREAM_END) {
		int r = inflate_fill(io, err);
		if (r < 0)
			return r;
		z->next_in = io->in + io->in_pos;
		z->avail_in = (uInt)(io->in_len - io->in_pos);
		z->next_out = io->out;
		z->avail_out = INFLATE_OUT_BYTES;
		code = inflate(z, Z_NO_FLUSH);
		if (code == Z_BUF_ERROR)
			return io->in_eof ? inflate_early("gzip", err) : inflate_bad("gzip", "no progress", err);
		if (code != Z_OK && code != Z_STREAM_END)
			return inflate_bad("gzip", z->msg ? z->msg : "invalid", err);
		io->in_pos = io->in_len - z->avail_in;
		r = inflate_flush(io, INFLATE_OUT_BYTES - z->avail_out, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int inflate_gzip(struct inflate_io *io, struct sbx_err *err)
{
	z_stream z = {0};
	int r;

	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return sbx_fail_plain(err, -ENOMEM, "start zlib: it refuses");
	do {
		r = gzip_member(io, &z, err);
		if (r >= 0)
			r = inflate_more(io, &gzip_first, err);
	} while (r > 0);
	inflateEnd(&z);
	return r;
}
#endif
