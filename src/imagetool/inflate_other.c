/* SPDX-License-Identifier: Apache-2.0 */
/* zstd, xz and bzip2. */
#include "inflate_codec.h"

#include <bzlib.h>
#include <errno.h>
#include <lzma.h>
#include <string.h>
#include <zstd.h>

/* What a decoder may take for its window: `zstd --long=27` and `xz -9` fit, a header that asks for gigabytes does not.
 */
#define ZSTD_WINDOW_LOG_MAX 27
#define XZ_MEMORY_MAX (256u << 20)

static int zstd_run(struct inflate_io *io, ZSTD_DCtx *dctx, struct sbx_err *err)
{
	size_t left = 0; /* 0: between frames */
	int r;

	ZSTD_DCtx_setParameter(dctx, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	for (;;) {
		r = left == 0 ? inflate_more(io, NULL, err) : inflate_fill(io, err);
		if (r < 0)
			return r;
		if (r == 0 && left == 0)
			return 0;
		ZSTD_inBuffer in = {io->in, io->in_len, io->in_pos};
		ZSTD_outBuffer out = {io->out, INFLATE_OUT_BYTES, 0};
		left = ZSTD_decompressStream(dctx, &out, &in);
		if (ZSTD_isError(left))
			return inflate_bad("zstd", ZSTD_getErrorName(left), err);
		if (r == 0 && out.pos == 0 && left != 0)
			return inflate_early("zstd", err);
		io->in_pos = in.pos;
		r = inflate_flush(io, out.pos, err);
		if (r < 0)
			return r;
	}
}

int inflate_zstd(struct inflate_io *io, struct sbx_err *err)
{
	ZSTD_DCtx *dctx = ZSTD_createDCtx();
	int r = dctx ? zstd_run(io, dctx, err) : sbx_fail_plain(err, -ENOMEM, "start zstd: no memory");

	ZSTD_freeDCtx(dctx);
	return r;
}

static int xz_run(struct inflate_io *io, lzma_stream *lz, struct sbx_err *err)
{
	for (;;) {
		int r = inflate_fill(io, err);
		if (r < 0)
			return r;
		lz->next_in = io->in + io->in_pos;
		lz->avail_in = io->in_len - io->in_pos;
		lz->next_out = io->out;
		lz->avail_out = INFLATE_OUT_BYTES;
		/* LZMA_CONCATENATED: the end of the file must be told with LZMA_FINISH */
		lzma_ret code = lzma_code(lz, r == 0 ? LZMA_FINISH : LZMA_RUN);
		io->in_pos = io->in_len - lz->avail_in;
		if (code == LZMA_MEMLIMIT_ERROR)
			return inflate_bad("xz", "it wants more than 256 MiB of memory", err);
		if (code == LZMA_BUF_ERROR)
			return inflate_early("xz", err);
		if (code != LZMA_OK && code != LZMA_STREAM_END)
			return inflate_bad("xz", "its data or checksum does not fit", err);
		r = inflate_flush(io, INFLATE_OUT_BYTES - lz->avail_out, err);
		if (r < 0 || code == LZMA_STREAM_END)
			return r;
	}
}

int inflate_xz(struct inflate_io *io, struct sbx_err *err)
{
	lzma_stream lz = LZMA_STREAM_INIT;
	int r;

	if (lzma_stream_decoder(&lz, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
		return sbx_fail_plain(err, -ENOMEM, "start xz: no memory");
	r = xz_run(io, &lz, err);
	lzma_end(&lz);
	return r;
}

static int bzip2_member(struct inflate_io *io, struct sbx_err *err)
{
	bz_stream bz = {0};
	int code = BZ2_bzDecompressInit(&bz, 0, 0), r = 0;

	if (code != BZ_OK)
		return sbx_fail_plain(err, -ENOMEM, "start bzip2: no memory");
	while (code != BZ_STREAM_END) {
		r = inflate_fill(io, err);
		if (r < 0)
			break;
		bz.next_in = (char *)io->in + io->in_pos;
		bz.avail_in = (unsigned)(io->in_len - io->in_pos);
		bz.next_out = (char *)io->out;
		bz.avail_out = INFLATE_OUT_BYTES;
		code = BZ2_bzDecompress(&bz);
		if (code != BZ_OK && code != BZ_STREAM_END) {
			r = inflate_bad("bzip2", "its data or checksum does not fit", err);
			break;
		}
		if (r == 0 && bz.avail_out == INFLATE_OUT_BYTES && code == BZ_OK) {
			r = inflate_early("bzip2", err);
			break;
		}
		io->in_pos = io->in_len - bz.avail_in;
		r = inflate_flush(io, INFLATE_OUT_BYTES - bz.avail_out, err);
		if (r < 0)
			break;
	}
	BZ2_bzDecompressEnd(&bz);
	return r;
}

int inflate_bzip2(struct inflate_io *io, struct sbx_err *err)
{
	static const uint8_t first = 'B';
	int r;

	do {
		r = bzip2_member(io, err);
		if (r >= 0)
			r = inflate_more(io, &first, err);
	} while (r > 0);
	return r;
}
