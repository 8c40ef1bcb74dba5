/* SPDX-License-Identifier: Apache-2.0 */
/* sha256 through OpenSSL's EVP interface, which uses the processor's own instructions. */
#include "blob.h"

#include <openssl/evp.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

#define HASH_BUF_BYTES (256u << 10)

int hasher_init(struct hasher *h, struct sbx_err *err)
{
	h->n_bytes = 0;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
		hasher_free(h);
		return sbx_fail_plain(err, -EIO, "start sha256: libcrypto refuses");
	}
	return 0;
}

int hasher_update(struct hasher *h, const void *bytes, size_t n, struct sbx_err *err)
{
	if (EVP_DigestUpdate(h->ctx, bytes, n) != 1)
		return sbx_fail_plain(err, -EIO, "sha256: libcrypto fails");
	h->n_bytes += n;
	return 0;
}

int hasher_final(struct hasher *h, struct digest *ret, struct sbx_err *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	int ok = EVP_DigestFinal_ex(h->ctx, sum, &len);

	hasher_free(h);
	if (ok != 1 || len * 2 != DIGEST_HEX_LEN)
		return sbx_fail_plain(err, -EIO, "finish sha256: libcrypto fails");
	for (unsigned i = 0; i < len; i++) {
		ret->hex[2 * i] = digits[sum[i] >> 4];
		ret->hex[2 * i + 1] = digits[sum[i] & 15];
	}
	ret->hex[DIGEST_HEX_LEN] = '\0';
	return 0;
}

void hasher_free(struct hasher *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

int hash_bytes(const void *bytes, size_t n, struct digest *ret, struct sbx_err *err)
{
	_cleanup_hasher_ struct hasher h = {0};
	int r = hasher_init(&h, err);

	if (r >= 0)
		r = hasher_update(&h, bytes, n, err);
	return r < 0 ? r : hasher_final(&h, ret, err);
}

int hash_range(int fd, uint64_t offset, uint64_t n, struct digest *ret, struct sbx_err *err)
{
	_cleanup_hasher_ struct hasher h = {0};
	_cleanup_free_ void *buf = xmalloc(HASH_BUF_BYTES);
	int r = hasher_init(&h, err);

	while (r >= 0 && n > 0) {
		ssize_t got = pread(fd, buf, n < HASH_BUF_BYTES ? (size_t)n : HASH_BUF_BYTES, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return sbx_fail(err, -errno, "read");
		if (got == 0)
			return sbx_fail_plain(err, -ENODATA, "it ends %llu bytes early", (unsigned long long)n);
		r = hasher_update(&h, buf, (size_t)got, err);
		offset += (uint64_t)got;
		n -= (uint64_t)got;
	}
	return r < 0 ? r : hasher_final(&h, ret, err);
}

int hash_pipe(int fd, uint64_t max, struct digest *ret, struct sbx_err *err)
{
	_cleanup_hasher_ struct hasher h = {0};
	_cleanup_free_ void *buf = xmalloc(HASH_BUF_BYTES);
	int r = hasher_init(&h, err);

	while (r >= 0) {
		ssize_t n = read(fd, buf, HASH_BUF_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sbx_fail(err, -errno, "read");
		if (n == 0)
			break;
		r = hasher_update(&h, buf, (size_t)n, err);
		if (r >= 0 && h.n_bytes > max)
			return sbx_fail_plain(err, -EFBIG, "it grows beyond %llu GiB when it is unpacked",
				(unsigned long long)(max >> 30));
	}
	return r < 0 ? r : hasher_final(&h, ret, err);
}
