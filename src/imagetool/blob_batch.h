/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Blobs on their way into the store.  They have no names until all of them are whole, checked and on the disk. */

#include <stdint.h>
#include "progress.h"
#include "sbx/err.h"
#include "sbx/image.h"

struct blob_new {
	int fd; /* owned: O_TMPFILE, or a file named .tmp-… where the file system has none */
	struct digest digest;
	char tmp_name[40]; /* "" with O_TMPFILE */
};

struct blob_batch {
	const struct image_store *store; /* borrowed */
	struct progress *progress;       /* borrowed */
	int dir_fd;
	struct blob_new *blobs;
	size_t n;
	uint64_t n_bytes; /* written so far */
};

int blob_batch_open(
	struct blob_batch *batch, const struct image_store *store, struct progress *progress, struct sbx_err *err);
void blob_batch_close(struct blob_batch *batch); /* what was not committed is gone */
#define _cleanup_batch_ __attribute__((cleanup(blob_batch_close)))

/* blob_batch_has - whether the blob is in the store (with this size) or in the batch. */
bool blob_batch_has(const struct blob_batch *batch, const struct digest *digest, uint64_t size_bytes);
/* blob_batch_copy - @size_bytes of @fd from @offset, which must have the digest.  -EBADMSG they have not; -ENODATA. */
int blob_batch_copy(struct blob_batch *batch, const struct digest *digest, uint64_t size_bytes, int fd, uint64_t offset,
	struct sbx_err *err);
/* blob_batch_take - @size_bytes of @fd from @offset (UINT64_MAX: to the end of a pipe), whatever their digest. */
int blob_batch_take(struct blob_batch *batch, int fd, uint64_t offset, uint64_t size_bytes, struct digest *ret,
	uint64_t *ret_size, struct sbx_err *err);
/* blob_batch_bytes - bytes in memory. */
int blob_batch_bytes(struct blob_batch *batch, const void *bytes, size_t n, struct digest *ret, struct sbx_err *err);
/* blob_batch_commit - write all to the disk, then give the names.  Source: open(2), O_TMPFILE. */
int blob_batch_commit(struct blob_batch *batch, struct sbx_err *err);

#define BLOB_TMP_PREFIX ".tmp-"
