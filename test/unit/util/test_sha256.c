/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of sha256, against the vectors of FIPS 180-4's examples and of NIST's long message. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/sha256.h"

static void the_published_sums_come_out(void **state)
{
	(void)state;
	static const struct {
		const char *text, *sum;
	} vectors[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopq"
		 "rs"
		 "tnopqrstu",
			"cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
	};
	char hex[SHA256_HEX_LEN + 1];

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		sha256_hex(vectors[i].text, strlen(vectors[i].text), hex);
		assert_string_equal(hex, vectors[i].sum);
	}
}

static void a_million_bytes_in_pieces_of_every_size_give_one_sum(void **state)
{
	(void)state;
	static const uint8_t sum[SHA256_BYTES] = {0xcd, 0xc7, 0x6e, 0x5c, 0x99, 0x14, 0xfb, 0x92, 0x81, 0xa1, 0xc7,
		0xe2, 0x84, 0xd7, 0x3e, 0x67, 0xf1, 0x80, 0x9a, 0x48, 0xa4, 0x97, 0x20, 0x0e, 0x04, 0x6d, 0x39, 0xcc,
		0xc7, 0x11, 0x2c, 0xd0};
	uint8_t piece[300], out[SHA256_BYTES];
	struct sha256 h;
	size_t left = 1000000;

	memset(piece, 'a', sizeof piece);
	sha256_init(&h);
	for (size_t n = 0; left > 0; n = (n + 1) % sizeof piece) {
		size_t part = n < left ? n : left;
		sha256_update(&h, piece, part);
		left -= part;
	}
	sha256_final(&h, out);
	assert_memory_equal(out, sum, sizeof sum);
}

/* The lengths around the padding's border, where an off-by-one would hide. */
static void one_update_or_many_make_no_difference(void **state)
{
	(void)state;
	char text[200], whole[SHA256_HEX_LEN + 1];
	uint8_t sum[SHA256_BYTES], again[SHA256_BYTES];

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)i;
	for (size_t n = 0; n <= sizeof text; n++) {
		struct sha256 h;
		sha256_init(&h);
		sha256_update(&h, text, n);
		sha256_final(&h, sum);
		sha256_init(&h);
		for (size_t i = 0; i < n; i++)
			sha256_update(&h, text + i, 1);
		sha256_final(&h, again);
		assert_memory_equal(sum, again, sizeof sum);
		sha256_hex(text, n, whole);
		assert_int_equal(strlen(whole), SHA256_HEX_LEN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_sums_come_out),
		cmocka_unit_test(a_million_bytes_in_pieces_of_every_size_give_one_sum),
		cmocka_unit_test(one_update_or_many_make_no_difference),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
