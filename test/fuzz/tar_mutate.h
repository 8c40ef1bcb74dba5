/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Mutations that leave a tar a tar: without sums that fit, hardly any input would come past libarchive's first look. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TAR_BLOCK 512

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t max, unsigned seed);

/* Where a header has what.  Source: POSIX, ustar. */
static const struct {
	size_t at, len;
} tar_fields[] = {{0, 100}, {157, 100}, {156, 1}, {124, 12}, {100, 8}, {108, 8}, {136, 12}, {345, 155}};
enum { TAR_SUM_AT = 148, TAR_SUM_LEN = 8, TAR_SIZE_AT = 124, TAR_SIZE_LEN = 12 };

static inline size_t tar_body_blocks(const uint8_t *header)
{
	size_t n = 0;

	for (int i = 0; i < TAR_SIZE_LEN; i++)
		if (header[TAR_SIZE_AT + i] >= '0' && header[TAR_SIZE_AT + i] <= '7')
			n = n * 8 + (size_t)(header[TAR_SIZE_AT + i] - '0');
	return (n + TAR_BLOCK - 1) / TAR_BLOCK;
}

/* tar_sums_set - as if each header were meant. */
static inline void tar_sums_set(uint8_t *bytes, size_t n_blocks)
{
	for (size_t i = 0; i < n_blocks; i += 1 + tar_body_blocks(bytes + i * TAR_BLOCK)) {
		uint8_t *header = bytes + i * TAR_BLOCK;
		char text[16];
		unsigned sum = 0;

		if (!header[0] && !header[TAR_SUM_AT])
			continue; /* the end */
		memset(header + TAR_SUM_AT, ' ', TAR_SUM_LEN);
		for (size_t k = 0; k < TAR_BLOCK; k++)
			sum += header[k];
		snprintf(text, sizeof(text), "%06o", sum);
		memcpy(header + TAR_SUM_AT, text, 7);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t max, unsigned seed)
{
	size_t n_blocks = n / TAR_BLOCK, one = seed >> 4;

	if (n_blocks == 0 || seed % 4 == 0) {
		n = LLVMFuzzerMutate(bytes, n, max);
	} else if (seed % 4 == 1 && n + TAR_BLOCK <= max) { /* a block twice, or elsewhere */
		uint8_t block[TAR_BLOCK];
		size_t from = one % n_blocks, to = (one / n_blocks) % (n_blocks + 1);
		memcpy(block, bytes + from * TAR_BLOCK, TAR_BLOCK);
		memmove(bytes + (to + 1) * TAR_BLOCK, bytes + to * TAR_BLOCK, n - to * TAR_BLOCK);
		memcpy(bytes + to * TAR_BLOCK, block, TAR_BLOCK);
		n += TAR_BLOCK;
	} else {
		size_t field = one % (sizeof(tar_fields) / sizeof(*tar_fields)), len = tar_fields[field].len;
		uint8_t *at = bytes + (one >> 3) % n_blocks * TAR_BLOCK + tar_fields[field].at;
		size_t used = LLVMFuzzerMutate(at, strnlen((const char *)at, len), len);
		memset(at + used, 0, len - used);
	}
	if (seed % 16 != 15)
		tar_sums_set(bytes, n / TAR_BLOCK);
	return n;
}
