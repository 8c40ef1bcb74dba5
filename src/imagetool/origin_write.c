/* SPDX-License-Identifier: Apache-2.0 */
/* Making a manifest for what has none. */
#include "origin_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "blob.h"
#include "inflate_run.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "unpack.h"

#define COPY_BYTES (256u << 10)
#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

int origin_file_open(struct origin *o, enum codec *ret, struct sbx_err *err)
{
	struct stat st;

	o->archive_fd = open(o->ref->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (o->archive_fd < 0 || fstat(o->archive_fd, &st) < 0)
		return sbx_fail(err, -errno, "open");
	if (!S_ISREG(st.st_mode))
		return sbx_fail_plain(err, -EINVAL, "it is no file");
	return codec_of(o->archive_fd, 0, (uint64_t)st.st_size, ret, err);
}

int origin_temp_file(struct origin *o, int *ret, struct sbx_err *err)
{
	*ret = openat(o->batch->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (*ret >= 0)
		return 0;
	/* No O_TMPFILE there: memory will have to do. */
	*ret = memfd_create("sbx-import", MFD_CLOEXEC);
	return *ret < 0 ? sbx_fail(err, -errno, "make a temporary file") : 0;
}

int origin_copy(int from, int to, uint64_t size_bytes, uint64_t max, struct sbx_err *err)
{
	_cleanup_free_ char *buf = xmalloc(COPY_BYTES);
	uint64_t done = 0;

	while (done < size_bytes) {
		uint64_t left = size_bytes - done;
		ssize_t n = read(from, buf, left < COPY_BYTES ? (size_t)left : COPY_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sbx_fail(err, -errno, "read it");
		if (n == 0)
			return size_bytes == UINT64_MAX ? 0 : sbx_fail_plain(err, -ENODATA, "it is truncated");
		done += (uint64_t)n;
		if (done > max)
			return sbx_fail_plain(err, -EFBIG, "it grows beyond %llu GiB when it is uncompressed",
				(unsigned long long)(max >> 30));
		int r = write_all(to, buf, (size_t)n);
		if (r < 0)
			return sbx_fail(err, r, "write a temporary file in the store");
	}
	return 0;
}

int origin_take_inflated(
	struct origin *o, enum codec codec, int fd, struct digest *ret, uint64_t *ret_size, struct sbx_err *err)
{
	_cleanup_inflate_ struct inflate_run run = INFLATE_RUN_NONE;
	struct sbx_err why = {0};
	int r = inflate_run_start(&run, codec, fd, err);

	if (r < 0)
		return r;
	r = blob_batch_take(o->batch, run.out_fd, 0, UINT64_MAX, ret, ret_size, err);
	int ended = inflate_run_end(&run, &why);
	if (r >= 0 && ended < 0)
		return sbx_fail_plain(err, ended, "%s", why.msg);
	return r;
}

int origin_stage_write(struct origin *o, const char *name, const char *bytes, size_t n, struct sbx_err *err)
{
	_cleanup_close_ int fd =
		openat(o->layout_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return sbx_fail(err, -errno, "write %s in the store", name);
	int r = write_all(fd, bytes, n);
	return r < 0 ? sbx_fail(err, r, "write %s in the store", name) : 0;
}

/* stage_blob - write a blob of the layout. */
static int stage_blob(struct origin *o, const char *bytes, size_t n, struct digest *ret, struct sbx_err *err)
{
	digest_of(bytes, n, ret);
	_cleanup_free_ char *name = xasprintf("blobs/sha256/%s", ret->hex);
	return origin_stage_write(o, name, bytes, n, err);
}

static json_t *descriptor_json(const char *media_type, const struct digest *digest, uint64_t size)
{
	_cleanup_free_ char *text = xasprintf("sha256:%s", digest->hex);
	return json_pack("{s:s, s:s, s:I}", "mediaType", media_type, "digest", text, "size", (json_int_t)size);
}

int origin_layer_add(json_t *layers, enum codec codec, const struct digest *digest, uint64_t size, struct sbx_err *err)
{
	static const char *const types[] = {
		[CODEC_NONE] = "application/vnd.oci.image.layer.v1.tar",
		[CODEC_GZIP] = "application/vnd.oci.image.layer.v1.tar+gzip",
		[CODEC_ZSTD] = "application/vnd.oci.image.layer.v1.tar+zstd",
	};

	if ((size_t)codec >= ARRAY_SIZE(types))
		return sbx_fail_plain(err, -EINVAL, "no media type for a layer in %s", codec_name(codec));
	json_array_append_new(layers, descriptor_json(types[codec], digest, size));
	return 0;
}

int origin_manifest_write(struct origin *o, const char *config, size_t config_len, json_t *layers, struct sbx_err *err)
{
	struct digest digest;
	int r = stage_blob(o, config, config_len, &digest, err);

	if (r < 0)
		return r;
	json_auto_t *root = json_pack("{s:i, s:s, s:o, s:O}", "schemaVersion", 2, "mediaType", MANIFEST_TYPE, "config",
		descriptor_json(CONFIG_TYPE, &digest, config_len), "layers", layers);
	_cleanup_free_ char *bytes = root ? json_dumps(root, JSON_COMPACT) : NULL;
	if (!bytes)
		return sbx_fail_plain(err, -ENOMEM, "make a manifest");
	r = stage_blob(o, bytes, strlen(bytes), &o->manifest.digest, err);
	if (r < 0)
		return r;
	o->manifest.size_bytes = strlen(bytes);
	o->manifest.media_type = xstrdup(MANIFEST_TYPE);
	o->source = o->manifest.digest;
	return 0;
}
