/* SPDX-License-Identifier: Apache-2.0 */

/* sha256, plain.  Source: FIPS 180-4, sections 4.1.2, 5 and 6.2; the names are the standard's. */

#include "sbx/sha256.h"

#include <endian.h>
#include <string.h>

/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t K[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152,
	0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138,
	0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70,
	0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
	0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
	0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void add_block(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[64], s[8];

	for (unsigned t = 0; t < 16; t++) {
		memcpy(&w[t], block + 4 * t, 4);
		w[t] = be32toh(w[t]);
	}
	for (unsigned t = 16; t < 64; t++) {
		uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
		uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
		w[t] = w[t - 16] + s0 + w[t - 7] + s1;
	}
	memcpy(s, state, sizeof(s));
	for (unsigned t = 0; t < 64; t++) {
		uint32_t e1 = rotr(s[4], 6) ^ rotr(s[4], 11) ^ rotr(s[4], 25);
		uint32_t ch = (s[4] & s[5]) ^ (~s[4] & s[6]);
		uint32_t t1 = s[7] + e1 + ch + K[t] + w[t];
		uint32_t e0 = rotr(s[0], 2) ^ rotr(s[0], 13) ^ rotr(s[0], 22);
		uint32_t maj = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += t1;
		s[0] = t1 + e0 + maj;
	}
	for (unsigned i = 0; i < 8; i++)
		state[i] += s[i];
}

void sha256_init(struct sha256 *h)
{
	/* The first 32 bits of the fractions of the square roots of the first 8 primes. */
	*h = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
				     0x1f83d9ab, 0x5be0cd19}};
}

void sha256_update(struct sha256 *h, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t used = h->n_bytes % sizeof(h->block);

	h->n_bytes += n;
	if (used) {
		size_t part = n < sizeof(h->block) - used ? n : sizeof(h->block) - used;
		memcpy(h->block + used, p, part);
		p += part;
		n -= part;
		if (used + part < sizeof(h->block))
			return;
		add_block(h->state, h->block);
	}
	for (; n >= sizeof(h->block); p += sizeof(h->block), n -= sizeof(h->block))
		add_block(h->state, p);
	if (n)
		memcpy(h->block, p, n);
}

void sha256_final(struct sha256 *h, uint8_t ret[SHA256_BYTES])
{
	uint64_t n_bits = htobe64(h->n_bytes * 8);
	static const uint8_t padding[64] = {0x80};
	size_t used = h->n_bytes % sizeof(h->block);

	sha256_update(h, padding, used < 56 ? 56 - used : 120 - used);
	sha256_update(h, &n_bits, sizeof(n_bits));
	for (unsigned i = 0; i < 8; i++) {
		uint32_t word = htobe32(h->state[i]);
		memcpy(ret + 4 * i, &word, 4);
	}
}

void sha256_hex(const void *bytes, size_t n, char ret[SHA256_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[SHA256_BYTES];
	struct sha256 h;

	sha256_init(&h);
	sha256_update(&h, bytes, n);
	sha256_final(&h, sum);
	for (unsigned i = 0; i < SHA256_BYTES; i++) {
		ret[2 * i] = digits[sum[i] >> 4];
		ret[2 * i + 1] = digits[sum[i] & 15];
	}
	ret[SHA256_HEX_LEN] = '\0';
}
