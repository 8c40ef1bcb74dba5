/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* sha256 for the few kilobytes that sbx itself checks: manifests, configurations, chain IDs.  Layers are hashed by
 * sbx-image with libcrypto, which uses the processor's instructions and which sbx does not link (DESIGN.md, Programs).
 * Source: FIPS 180-4. */

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_HEX_LEN 64

struct sha256 {
	uint32_t state[8];
	uint64_t n_bytes;
	uint8_t block[64]; /* the bytes that do not fill a block yet */
};

void sha256_init(struct sha256 *h);
void sha256_update(struct sha256 *h, const void *bytes, size_t n);
void sha256_final(struct sha256 *h, uint8_t ret[SHA256_BYTES]);

/* sha256_hex - the sum of @n bytes in lower-case hex, NUL-terminated. */
void sha256_hex(const void *bytes, size_t n, char ret[SHA256_HEX_LEN + 1]);
