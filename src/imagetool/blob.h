/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Hashing of blob bytes.  Only trusted processes hash: those that never parse what they read. */

#include <stddef.h>
#include <stdint.h>
#include "sbx/err.h"
#include "sbx/image.h"

/* A running sha256. */
struct hasher {
	void *ctx; /* EVP_MD_CTX */
	uint64_t n_bytes;
};

int hasher_init(struct hasher *h, struct sbx_err *err);
int hasher_update(struct hasher *h, const void *bytes, size_t n, struct sbx_err *err);
/* hasher_final - the digest of all bytes; frees the hasher. */
int hasher_final(struct hasher *h, struct digest *ret, struct sbx_err *err);
void hasher_free(struct hasher *h);
#define _cleanup_hasher_ __attribute__((cleanup(hasher_free)))

/* hash_bytes - the digest of bytes in memory. */
int hash_bytes(const void *bytes, size_t n, struct digest *ret, struct sbx_err *err);

/* hash_range - the digest of @n bytes of @fd from @offset (pread, the descriptor's position is left alone).
 * -ENODATA where the file ends before. */
int hash_range(int fd, uint64_t offset, uint64_t n, struct digest *ret, struct sbx_err *err);

/* hash_pipe - the digest of all that comes out of a pipe.  -EFBIG more than @max bytes. */
int hash_pipe(int fd, uint64_t max, struct digest *ret, struct sbx_err *err);
