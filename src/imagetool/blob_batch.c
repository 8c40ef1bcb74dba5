/* SPDX-License-Identifier: Apache-2.0 */
/* Writing blobs. */
#include "blob_batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "blob.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

#define COPY_BYTES (512u << 10)

int blob_batch_open(
	struct blob_batch *batch, const struct image_store *store, struct progress *progress, struct sbx_err *err)
{
	*batch = (struct blob_batch){.store = store, .progress = progress};
	batch->dir_fd = openat(store->fd, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return batch->dir_fd < 0 ? sbx_fail(err, -errno, "open %s/blobs/sha256", store->path) : 0;
}

static void blob_drop(struct blob_batch *batch, struct blob_new *blob)
{
	if (blob->fd >= 0 && *blob->tmp_name)
		unlinkat(batch->dir_fd, blob->tmp_name, 0);
	cleanup_close(&blob->fd);
	blob->fd = -1;
}

void blob_batch_close(struct blob_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		blob_drop(batch, &batch->blobs[i]);
	free(batch->blobs);
	cleanup_close(&batch->dir_fd);
	*batch = (struct blob_batch){.dir_fd = -1};
}

static bool in_batch(const struct blob_batch *batch, const struct digest *digest)
{
	for (size_t i = 0; i < batch->n; i++)
		if (digest_eq(&batch->blobs[i].digest, digest))
			return true;
	return false;
}

bool blob_batch_has(const struct blob_batch *batch, const struct digest *digest, uint64_t size_bytes)
{
	struct stat st;

	return in_batch(batch, digest) || (fstatat(batch->dir_fd, digest->hex, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
						  S_ISREG(st.st_mode) && (uint64_t)st.st_size == size_bytes);
}

static int blob_create(struct blob_batch *batch, struct blob_new *ret, struct sbx_err *err)
{
	uint64_t random;

	*ret = (struct blob_new){.fd = openat(batch->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
	if (ret->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return sbx_fail(err, -errno, "make a blob in %s", batch->store->path);
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return sbx_fail(err, -errno, "getrandom");
	snprintf(ret->tmp_name, sizeof(ret->tmp_name), BLOB_TMP_PREFIX "%016llx", (unsigned long long)random);
	ret->fd = openat(batch->dir_fd, ret->tmp_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return ret->fd < 0 ? sbx_fail(err, -errno, "make a blob in %s", batch->store->path) : 0;
}

/* blob_read_some - from a file at @offset, or from a pipe. */
static ssize_t blob_read_some(int fd, void *buf, uint64_t offset, uint64_t left, bool pipe)
{
	size_t want = left < COPY_BYTES ? (size_t)left : COPY_BYTES;
	ssize_t n;

	do
		n = pipe ? read(fd, buf, want) : pread(fd, buf, want, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n;
}

/* blob_fill - copy and hash. */
static int blob_fill(struct blob_batch *batch, struct blob_new *blob, int fd, uint64_t offset, uint64_t size_bytes,
	uint64_t *ret_size, struct sbx_err *err)
{
	_cleanup_hasher_ struct hasher h = {0};
	_cleanup_free_ void *buf = xmalloc(COPY_BYTES);
	bool pipe = size_bytes == UINT64_MAX;
	int r = hasher_init(&h, err);

	while (r >= 0 && h.n_bytes < size_bytes) {
		ssize_t n = blob_read_some(fd, buf, offset + h.n_bytes, size_bytes - h.n_bytes, pipe);
		if (n < 0)
			return sbx_fail(err, -errno, "read it");
		if (n == 0 && pipe)
			break;
		if (n == 0)
			return sbx_fail_plain(err, -ENODATA, "it ends %llu bytes early: it is truncated",
				(unsigned long long)(size_bytes - h.n_bytes));
		r = hasher_update(&h, buf, (size_t)n, err);
		if (r < 0)
			break;
		r = write_all(blob->fd, buf, (size_t)n);
		if (r < 0)
			return sbx_fail(err, r, "write it to the store %s", batch->store->path);
		batch->n_bytes += (uint64_t)n;
		progress_set(batch->progress, batch->n_bytes);
	}
	*ret_size = h.n_bytes;
	return r < 0 ? r : hasher_final(&h, &blob->digest, err);
}

static void blob_keep(struct blob_batch *batch, const struct blob_new *blob)
{
	batch->blobs = xrealloc(batch->blobs, batch->n + 1, sizeof(*batch->blobs));
	batch->blobs[batch->n++] = *blob;
}

int blob_batch_copy(struct blob_batch *batch, const struct digest *digest, uint64_t size_bytes, int fd, uint64_t offset,
	struct sbx_err *err)
{
	struct blob_new blob;
	uint64_t size;

	if (blob_batch_has(batch, digest, size_bytes)) {
		batch->n_bytes += size_bytes;
		return 0;
	}
	int r = blob_create(batch, &blob, err);
	if (r < 0)
		return r;
	r = blob_fill(batch, &blob, fd, offset, size_bytes, &size, err);
	if (r >= 0 && !digest_eq(&blob.digest, digest))
		r = sbx_fail_plain(err, -EBADMSG,
			"its digest is sha256:%.12s…, not sha256:%.12s… as the image says: it is damaged",
			blob.digest.hex, digest->hex);
	if (r < 0)
		blob_drop(batch, &blob);
	else
		blob_keep(batch, &blob);
	return r;
}

int blob_batch_take(struct blob_batch *batch, int fd, uint64_t offset, uint64_t size_bytes, struct digest *ret,
	uint64_t *ret_size, struct sbx_err *err)
{
	struct blob_new blob;
	int r = blob_create(batch, &blob, err);

	if (r < 0)
		return r;
	r = blob_fill(batch, &blob, fd, offset, size_bytes, ret_size, err);
	if (r >= 0)
		*ret = blob.digest;
	if (r < 0 || in_batch(batch, ret))
		blob_drop(batch, &blob);
	else
		blob_keep(batch, &blob);
	return r;
}

int blob_batch_bytes(struct blob_batch *batch, const void *bytes, size_t n, struct digest *ret, struct sbx_err *err)
{
	struct blob_new blob;
	int r = hash_bytes(bytes, n, ret, err);

	if (r < 0 || blob_batch_has(batch, ret, n))
		return r;
	r = blob_create(batch, &blob, err);
	if (r < 0)
		return r;
	blob.digest = *ret;
	r = write_all(blob.fd, bytes, n);
	if (r < 0) {
		blob_drop(batch, &blob);
		return sbx_fail(err, r, "write to the store %s", batch->store->path);
	}
	blob_keep(batch, &blob);
	return 0;
}

/* blob_name - by a temporary name where there is a file that is not whole: at no time is there none. */
static int blob_name(struct blob_batch *batch, struct blob_new *blob, struct sbx_err *err)
{
	const char *hex = blob->digest.hex;
	char path[64];
	struct stat st, own;

	if (!*blob->tmp_name) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", blob->fd);
		if (linkat(AT_FDCWD, path, batch->dir_fd, hex, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		/* Somebody was faster, with the same bytes. */
		if (errno == EEXIST && fstatat(batch->dir_fd, hex, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			fstat(blob->fd, &own) == 0 && S_ISREG(st.st_mode) && st.st_size == own.st_size)
			return 0;
		snprintf(blob->tmp_name, sizeof(blob->tmp_name), BLOB_TMP_PREFIX "%.16s-%d", hex, (int)getpid());
		if (linkat(AT_FDCWD, path, batch->dir_fd, blob->tmp_name, AT_SYMLINK_FOLLOW) < 0)
			return sbx_fail(err, -errno, "name a blob in %s", batch->store->path);
	}
	if (renameat(batch->dir_fd, blob->tmp_name, batch->dir_fd, hex) < 0)
		return sbx_fail(err, -errno, "name a blob in %s", batch->store->path);
	*blob->tmp_name = '\0';
	return 0;
}

int blob_batch_commit(struct blob_batch *batch, struct sbx_err *err)
{
	if (batch->n == 0)
		return 0;
	/* fsync of each of 250 small files takes a second and more, this takes one turn of the journal. */
	if (batch->n > 1 ? syncfs(batch->dir_fd) < 0 : fsync(batch->blobs[0].fd) < 0)
		return sbx_fail(err, -errno, "write the blobs of %s to disk", batch->store->path);
	for (size_t i = 0; i < batch->n; i++) {
		int r = blob_name(batch, &batch->blobs[i], err);
		if (r < 0)
			return r;
		cleanup_close(&batch->blobs[i].fd);
		batch->blobs[i].fd = -1;
	}
	batch->n = 0;
	return dir_fsync(batch->dir_fd, err);
}
