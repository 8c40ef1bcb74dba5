/* SPDX-License-Identifier: Apache-2.0 */
/* Every codec in its caged process: what comes out, and what is said of damaged data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <bzlib.h>
#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "src/imagetool/confine.h"
#include "src/imagetool/inflate_run.h"

#define PLAIN_BYTES 3000000

/* plain_make - neither constant nor random, and longer than every buffer. */
static char *plain_make(void)
{
	char *plain = xmalloc(PLAIN_BYTES);
	uint32_t x = 1;

	for (size_t i = 0; i < PLAIN_BYTES; i++) {
		x = x * 1664525 + 1013904223;
		plain[i] = (char)(i % 7 < 3 ? "sbx"[i % 3] : (int)(x >> 28) + 'a');
	}
	return plain;
}

static size_t pack_gzip(const char *plain, char *out, size_t room)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)plain;
	z.avail_in = PLAIN_BYTES;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t n = z.total_out;
	deflateEnd(&z);
	return n;
}

static size_t pack_zstd(const char *plain, char *out, size_t room)
{
	return ZSTD_compress(out, room, plain, PLAIN_BYTES, 3);
}

static size_t pack_xz(const char *plain, char *out, size_t room)
{
	size_t n = 0;

	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, (const uint8_t *)plain, PLAIN_BYTES,
				 (uint8_t *)out, &n, room),
		LZMA_OK);
	return n;
}

static size_t pack_bzip2(const char *plain, char *out, size_t room)
{
	unsigned n = (unsigned)room;

	assert_int_equal(BZ2_bzBuffToBuffCompress(out, &n, (char *)(uintptr_t)plain, PLAIN_BYTES, 1, 0, 0), BZ_OK);
	return n;
}

static size_t pack_none(const char *plain, char *out, size_t room)
{
	assert_true(room >= PLAIN_BYTES);
	memcpy(out, plain, PLAIN_BYTES);
	return PLAIN_BYTES;
}

static const struct {
	enum codec codec;
	size_t (*pack)(const char *plain, char *out, size_t room);
} codecs[] = {
	{CODEC_NONE, pack_none},
	{CODEC_GZIP, pack_gzip},
	{CODEC_ZSTD, pack_zstd},
	{CODEC_XZ, pack_xz},
	{CODEC_BZIP2, pack_bzip2},
};

/* unpack - inflate bytes in a caged process.  *ret: what came out. */
static int unpack(enum codec codec, const char *bytes, size_t n, char **ret, size_t *ret_len, struct sbx_err *err)
{
	_cleanup_inflate_ struct inflate_run run = INFLATE_RUN_NONE;
	_cleanup_close_ int fd = memfd_create("packed", MFD_CLOEXEC);

	*err = (struct sbx_err){0};
	assert_int_equal(write_all(fd, bytes, n), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(inflate_run_start(&run, codec, fd, err), 0);
	assert_int_equal(read_all(run.out_fd, 4 * PLAIN_BYTES, ret, ret_len, NULL), 0);
	return inflate_run_end(&run, err);
}

static void what_was_packed_comes_out_again(void **state)
{
	(void)state;
	_cleanup_free_ char *plain = plain_make(), *packed = xmalloc(2 * PLAIN_BYTES);

	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		_cleanup_free_ char *out = NULL;
		struct sbx_err err;
		size_t n = codecs[i].pack(plain, packed, 2 * PLAIN_BYTES), len;
		assert_int_equal(codec_detect(packed, n), codecs[i].codec);
		assert_int_equal(unpack(codecs[i].codec, packed, n, &out, &len, &err), 0);
		assert_int_equal(len, PLAIN_BYTES);
		assert_memory_equal(out, plain, PLAIN_BYTES);
	}
}

static void several_members_are_read_as_one(void **state)
{
	(void)state;
	_cleanup_free_ char *plain = plain_make(), *packed = xmalloc(4 * PLAIN_BYTES);

	for (size_t i = 1; i < ARRAY_SIZE(codecs); i++) {
		_cleanup_free_ char *out = NULL;
		struct sbx_err err;
		size_t n = codecs[i].pack(plain, packed, 2 * PLAIN_BYTES), len;
		memcpy(packed + n, packed, n);
		if (unpack(codecs[i].codec, packed, 2 * n, &out, &len, &err) < 0)
			fail_msg("%s: %s", codec_name(codecs[i].codec), err.msg);
		assert_int_equal(len, 2 * PLAIN_BYTES);
	}
}

static void a_truncated_stream_is_named(void **state)
{
	(void)state;
	_cleanup_free_ char *plain = plain_make(), *packed = xmalloc(2 * PLAIN_BYTES);

	for (size_t i = 1; i < ARRAY_SIZE(codecs); i++) {
		size_t n = codecs[i].pack(plain, packed, 2 * PLAIN_BYTES), len;
		const size_t cuts[] = {n - 1, n / 2, 20};
		for (size_t j = 0; j < ARRAY_SIZE(cuts); j++) {
			_cleanup_free_ char *out = NULL;
			struct sbx_err err;
			assert_int_equal(unpack(codecs[i].codec, packed, cuts[j], &out, &len, &err), -ENODATA);
			assert_non_null(strstr(err.msg, "ends early"));
			assert_non_null(strstr(err.msg, codec_name(codecs[i].codec)));
		}
	}
}

static void a_changed_byte_is_found(void **state)
{
	(void)state;
	_cleanup_free_ char *plain = plain_make(), *packed = xmalloc(2 * PLAIN_BYTES);

	for (size_t i = 1; i < ARRAY_SIZE(codecs); i++) {
		_cleanup_free_ char *out = NULL;
		struct sbx_err err;
		size_t n = codecs[i].pack(plain, packed, 2 * PLAIN_BYTES), len;
		packed[n / 2] ^= 0x10;
		int r = unpack(codecs[i].codec, packed, n, &out, &len, &err);
		/* zstd's one-call packing adds no checksum: there the diff ID finds it, if the frame does not. */
		if (codecs[i].codec == CODEC_ZSTD && r == 0)
			assert_false(len == PLAIN_BYTES && memcmp(out, plain, len) == 0);
		else
			assert_true(r == -EBADMSG || r == -ENODATA);
	}
}

static void other_bytes_behind_the_end_are_refused_and_zeros_are_not(void **state)
{
	(void)state;
	_cleanup_free_ char *plain = plain_make(), *packed = xmalloc(2 * PLAIN_BYTES);
	static const enum codec padded[] = {CODEC_GZIP, CODEC_ZSTD, CODEC_BZIP2};

	for (size_t i = 0; i < ARRAY_SIZE(padded); i++) {
		_cleanup_free_ char *out = NULL, *out2 = NULL;
		struct sbx_err err;
		size_t n = codecs[padded[i]].pack(plain, packed, 2 * PLAIN_BYTES), len;
		memset(packed + n, 0, 512);
		assert_int_equal(unpack(padded[i], packed, n + 512, &out, &len, &err), 0);
		memcpy(packed + n, "rubbish", 7);
		assert_true(unpack(padded[i], packed, n + 7, &out2, &len, &err) < 0);
	}
}

static void a_tar_is_no_other_format_whatever_its_first_name(void **state)
{
	(void)state;
	char block[CODEC_PEEK_BYTES] = "\x1f\x8b\x08 looks like gzip";

	assert_int_equal(codec_detect(block, sizeof(block)), CODEC_GZIP);
	memcpy(block + 257, "ustar", 5);
	assert_int_equal(codec_detect(block, sizeof(block)), CODEC_NONE);
	assert_int_equal(codec_detect("", 0), CODEC_NONE);
}

/* What a process in a cage tries. */
static int try_to_open(void *data, struct sbx_err *err)
{
	(void)data;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? sbx_fail(err, -errno, "open") : 0;
}

static int try_to_fork(void *data, struct sbx_err *err)
{
	(void)data;
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid < 0 ? sbx_fail(err, -errno, "fork") : 0;
}

static int try_to_run(void *data, struct sbx_err *err)
{
	(void)data;
	char *argv[] = {(char *)(uintptr_t) "/bin/true", NULL};
	execv(argv[0], argv);
	return sbx_fail(err, -errno, "execv");
}

static int try_executable_memory(void *data, struct sbx_err *err)
{
	(void)data;
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? sbx_fail(err, -errno, "mmap") : 0;
}

static int try_to_write_much(void *data, struct sbx_err *err)
{
	char buf[4096] = {0};
	int r = 0;

	for (int i = 0; i < 4 && r >= 0; i++)
		r = write_all(*(int *)data, buf, sizeof(buf));
	return r < 0 ? sbx_fail(err, r, "write") : 0;
}

static void a_caged_process_can_only_use_what_it_has(void **state)
{
	(void)state;
	_cleanup_close_ int fd = memfd_create("out", MFD_CLOEXEC);
	static const struct {
		int (*run)(void *data, struct sbx_err *err);
		int error;
	} tries[] = {
		{try_to_open, -ENOSYS},
		{try_to_fork, -ENOSYS},
		{try_to_run, -ENOSYS},
		{try_executable_memory, -EPERM},
		{try_to_write_much, -EFBIG},
	};

	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		struct caged_job job = {.run = tries[i].run,
			.data = &fd,
			.what = "trying",
			.keep = &fd,
			.n_keep = 1,
			.file_max_bytes = 10000};
		struct sbx_err err = {0};
		int report_fd;
		pid_t pid = caged_start(&job, &report_fd, &err);
		assert_true(pid > 0);
		assert_int_equal(caged_end(&job, pid, report_fd, &err), tries[i].error);
		close(report_fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_packed_comes_out_again),
		cmocka_unit_test(several_members_are_read_as_one),
		cmocka_unit_test(a_truncated_stream_is_named),
		cmocka_unit_test(a_changed_byte_is_found),
		cmocka_unit_test(other_bytes_behind_the_end_are_refused_and_zeros_are_not),
		cmocka_unit_test(a_tar_is_no_other_format_whatever_its_first_name),
		cmocka_unit_test(a_caged_process_can_only_use_what_it_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
