/* SPDX-License-Identifier: Apache-2.0 */
/* Which codec, and the buffers around it. */
#include "inflate.h"

#include <string.h>
#include "inflate_codec.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

static int inflate_none(struct inflate_io *io, struct sbx_err *err)
{
	int r;

	while ((r = inflate_fill(io, err)) > 0) {
		if (write_all(io->out_fd, io->in, io->in_len) < 0)
			return sbx_fail(err, -errno, "write");
		io->in_pos = io->in_len;
	}
	return r;
}

static const struct {
	const char *name;
	int (*run)(struct inflate_io *io, struct sbx_err *err);
} codecs[] = {
	[CODEC_NONE] = {"none", inflate_none},
	[CODEC_GZIP] = {"gzip", inflate_gzip},
	[CODEC_ZSTD] = {"zstd", inflate_zstd},
	[CODEC_XZ] = {"xz", inflate_xz},
	[CODEC_BZIP2] = {"bzip2", inflate_bzip2},
};

const char *codec_name(enum codec codec)
{
	return codecs[codec].name;
}

enum codec codec_detect(const void *bytes, size_t n)
{
	static const struct {
		enum codec codec;
		size_t offset, len;
		const char *magic;
	} magics[] = {
		{CODEC_NONE, 257, 5, "ustar"}, /* first: a tar whose first name begins like another magic is a tar */
		{CODEC_GZIP, 0, 3, "\x1f\x8b\x08"}, {CODEC_ZSTD, 0, 4, "\x28\xb5\x2f\xfd"},
		{CODEC_ZSTD, 1, 3, "\x2a\x4d\x18"}, /* a skippable frame first: zstd:chunked, pzstd; RFC 8878, 3.1.2 */
		{CODEC_XZ, 0, 6, "\xfd\x37zXZ\0"}, {CODEC_BZIP2, 4, 6, "\x31\x41\x59\x26\x53\x59"},
		{CODEC_BZIP2, 4, 6, "\x17\x72\x45\x38\x50\x90"}, /* of nothing at all */
	};

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (n >= magics[i].offset + magics[i].len &&
			memcmp((const char *)bytes + magics[i].offset, magics[i].magic, magics[i].len) == 0)
			return magics[i].codec;
	return CODEC_NONE;
}

int inflate_fill(struct inflate_io *io, struct sbx_err *err)
{
	if (io->in_pos < io->in_len)
		return 1;
	while (!io->in_eof) {
		ssize_t n = read(io->in_fd, io->in, INFLATE_IN_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sbx_fail(err, -errno, "read");
		io->in_pos = 0;
		io->in_len = (size_t)n;
		if (n > 0)
			return 1;
		io->in_eof = true;
	}
	return 0;
}

int inflate_flush(struct inflate_io *io, size_t n, struct sbx_err *err)
{
	int r = n ? write_all(io->out_fd, io->out, n) : 0;

	return r < 0 ? sbx_fail(err, r, "write") : 0;
}

int inflate_more(struct inflate_io *io, const uint8_t *first, struct sbx_err *err)
{
	int r;
	bool padded = false;

	while ((r = inflate_fill(io, err)) > 0) {
		uint8_t byte = io->in[io->in_pos];
		if (byte == 0) {
			padded = true;
			io->in_pos++;
			continue;
		}
		if (padded || (first && byte != *first))
			return sbx_fail_plain(err, -EBADMSG, "other bytes follow the end of the compressed data");
		return 1;
	}
	return r;
}

int inflate_bad(const char *codec, const char *why, struct sbx_err *err)
{
	return sbx_fail_plain(err, -EBADMSG, "the %s data is damaged (%s)", codec, why);
}

int inflate_early(const char *codec, struct sbx_err *err)
{
	return sbx_fail_plain(err, -ENODATA, "the %s data ends early: it is truncated", codec);
}

int inflate_stream(enum codec codec, int in_fd, int out_fd, struct sbx_err *err)
{
	_cleanup_free_ uint8_t *in = xmalloc(INFLATE_IN_BYTES), *out = xmalloc(INFLATE_OUT_BYTES);
	struct inflate_io io = {.in_fd = in_fd, .out_fd = out_fd, .in = in, .out = out};

	return codecs[codec].run(&io, err);
}
