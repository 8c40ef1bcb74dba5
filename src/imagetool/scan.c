/* SPDX-License-Identifier: Apache-2.0 */

/* A layer's entries: the caged side parses the tar and writes records, this side checks and hands them on.
 * Source of whiteouts: OCI image-spec, layer.md, "Whiteouts". */

#include "scan.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "layer_read.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

#define READ_BLOCK_BYTES 65536

/* A record on the pipe: this, the path, the target, without NULs. */
struct record {
	uint32_t kind, mode, uid, gid, dev_major, dev_minor, path_len, target_len;
	uint64_t size_bytes;
	int64_t mtime_s;
};

/* --- the caged side --- */

static uint32_t id_of(int64_t id)
{
	return id < 0 || id > UINT32_MAX ? UINT32_MAX : (uint32_t)id;
}

/* kind_of - also takes a whiteout's mark off the name; @path is changed in place. */
static enum scan_kind kind_of(struct archive_entry *e, char *path)
{
	char *slash = strrchr(path, '/'), *leaf = slash ? slash + 1 : path;

	if (strcmp(leaf, ".wh..wh..opq") == 0) {
		*(slash ? slash : leaf) = '\0';
		return SCAN_OPAQUE;
	}
	if (str_starts(leaf, ".wh.") && !str_starts(leaf, ".wh..wh.")) {
		memmove(leaf, leaf + strlen(".wh."), strlen(leaf) - strlen(".wh.") + 1);
		return SCAN_WHITEOUT;
	}
	if (archive_entry_hardlink(e))
		return SCAN_HARDLINK;
	switch (archive_entry_filetype(e)) {
	case AE_IFDIR:
		return SCAN_DIR;
	case AE_IFLNK:
		return SCAN_SYMLINK;
	case AE_IFCHR:
		return SCAN_CHAR;
	case AE_IFBLK:
		return SCAN_BLOCK;
	case AE_IFIFO:
		return SCAN_FIFO;
	default:
		return SCAN_FILE;
	}
}

/* flush - records are gathered, so that an entry does not cost a system call. */
static int flush(struct strbuf *out, int out_fd, size_t limit, struct sbx_err *err)
{
	int r = out->len > limit ? write_all(out_fd, out->s, out->len) : 0;

	if (out->len > limit)
		out->len = 0;
	return r < 0 ? sbx_fail(err, r, "write") : 0;
}

static int record_write(struct strbuf *out, struct archive_entry *e, struct sbx_err *err)
{
	const char *name = archive_entry_pathname(e);

	if (!name)
		return sbx_fail_plain(err, -EBADMSG, "an entry of the archive has no name");
	while (str_starts(name, "./"))
		name += 2 + strspn(name + 2, "/");
	_cleanup_free_ char *path = xstrdup(name);
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	const char *target = archive_entry_hardlink(e);
	if (!target)
		target = archive_entry_symlink(e);
	if (!target)
		target = "";
	struct record record = {
		.kind = kind_of(e, path),
		.mode = archive_entry_perm(e),
		.uid = id_of(archive_entry_uid(e)),
		.gid = id_of(archive_entry_gid(e)),
		.dev_major = (uint32_t)archive_entry_rdevmajor(e),
		.dev_minor = (uint32_t)archive_entry_rdevminor(e),
		.size_bytes = archive_entry_size(e) > 0 ? (uint64_t)archive_entry_size(e) : 0,
		.mtime_s = archive_entry_mtime(e),
	};
	if (!*path) { /* the root */
		free(path);
		path = xstrdup(".");
	}
	size_t path_len = strlen(path), target_len = strlen(target);
	if (path_len >= SCAN_TEXT_BYTES || target_len >= SCAN_TEXT_BYTES)
		return sbx_fail_plain(err, -ENAMETOOLONG, "an entry of the archive has a name of %zu bytes",
			path_len > target_len ? path_len : target_len);
	record.path_len = (uint32_t)path_len;
	record.target_len = (uint32_t)target_len;
	strbuf_addn(out, &record, sizeof(record));
	strbuf_addn(out, path, path_len);
	strbuf_addn(out, target, target_len);
	return 0;
}

static int parse_tar(struct archive *a, int out_fd, struct sbx_err *err)
{
	_cleanup_strbuf_ struct strbuf out = {0};
	struct archive_entry *e;
	int code, r = 0;

	while (r == 0 && (code = archive_read_next_header(a, &e)) != ARCHIVE_EOF) {
		if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
			return sbx_fail_plain(err, -EBADMSG, "the archive is damaged: %s", archive_error_string(a));
		r = record_write(&out, e, err);
		if (r == 0)
			r = flush(&out, out_fd, READ_BLOCK_BYTES, err);
	}
	return r < 0 ? r : flush(&out, out_fd, 0, err);
}

/* What libarchive reads from; archive_read_open_fd would ask the cage for more than read(2). */
struct input {
	int fd;
	bool any; /* of it was read, or an error */
	char bytes[READ_BLOCK_BYTES];
};

static la_ssize_t input_read(struct archive *a, void *data, const void **ret)
{
	struct input *input = data;
	ssize_t n;

	do
		n = read(input->fd, input->bytes, sizeof(input->bytes));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		archive_set_error(a, errno, "read: %s", strerror(errno));
	input->any |= n != 0;
	*ret = input->bytes;
	return n;
}

int scan_write(int in_fd, int out_fd, struct sbx_err *err)
{
	_cleanup_free_ struct input *input = xcalloc(1, sizeof(*input));
	struct archive *a = archive_read_new();
	int r;

	input->fd = in_fd;
	if (!a)
		return sbx_fail_plain(err, -ENOMEM, "start libarchive: no memory");
	if (archive_read_support_format_tar(a) == ARCHIVE_OK &&
		archive_read_open(a, input, NULL, input_read, NULL) == ARCHIVE_OK)
		r = parse_tar(a, out_fd, err);
	else if (!input->any)
		r = 0; /* a layer with nothing in it: unpacking takes it, too */
	else
		r = sbx_fail_plain(err, -EBADMSG, "it is no tar archive: %s", archive_error_string(a));
	archive_read_free(a);
	return r;
}

/* --- this side --- */

int scan_next(FILE *in, struct scan_entry *ret, char *path, char *target, struct sbx_err *err)
{
	struct record record;
	size_t n = fread(&record, 1, sizeof(record), in);

	if (n == 0 && feof(in))
		return 0;
	if (n != sizeof(record) || record.kind >= SCAN_KINDS || record.path_len >= SCAN_TEXT_BYTES ||
		record.target_len >= SCAN_TEXT_BYTES || fread(path, 1, record.path_len, in) != record.path_len ||
		fread(target, 1, record.target_len, in) != record.target_len)
		return sbx_fail_plain(err, -EBADMSG, "the process that reads the layer ended in the middle");
	path[record.path_len] = target[record.target_len] = '\0';
	*ret = (struct scan_entry){
		.kind = (enum scan_kind)record.kind,
		.mode = record.mode & 07777,
		.uid = record.uid,
		.gid = record.gid,
		.dev_major = record.dev_major,
		.dev_minor = record.dev_minor,
		.size_bytes = record.size_bytes,
		.mtime_s = record.mtime_s,
		.path = path,
		.target = target,
	};
	return 1;
}

int layer_open(const struct image_store *store, const struct image_layer *layer, struct sbx_err *err)
{
	_cleanup_free_ char *path = xasprintf("blobs/sha256/%s", layer->digest.hex);
	_cleanup_close_ int fd = openat(store->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return sbx_fail_plain(err, -ENOENT, "its blob sha256:%s is missing", layer->digest.hex);
	if (fd < 0 || fstat(fd, &st) < 0)
		return sbx_fail(err, -errno, "open %s/%s", store->path, path);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != layer->size_bytes)
		return sbx_fail_plain(err, -EBADMSG, "its blob sha256:%s is damaged: it has %lld bytes, not %llu",
			layer->digest.hex, (long long)st.st_size, (unsigned long long)layer->size_bytes);
	return steal_fd(&fd);
}

int layer_scan(const struct image_store *store, const struct image_layer *layer,
	int (*each)(const struct scan_entry *entry, void *data), void *data, struct sbx_err *err)
{
	_cleanup_layer_read_ struct layer_read reader = LAYER_READ_NONE;
	_cleanup_free_ char *path = xmalloc(SCAN_TEXT_BYTES), *target = xmalloc(SCAN_TEXT_BYTES);
	_cleanup_close_ int blob_fd = layer_open(store, layer, err);
	int r = blob_fd < 0 ? blob_fd : layer_read_start(blob_fd, scan_write, &reader, err);
	struct scan_entry entry;

	if (r < 0)
		return r;
	_cleanup_file_ FILE *in = fdopen(reader.out_fd, "r");
	if (!in)
		return sbx_fail(err, -errno, "fdopen");
	reader.out_fd = -1; /* the stream's now */
	struct sbx_err why = {0};
	while ((r = scan_next(in, &entry, path, target, &why)) > 0) {
		r = each(&entry, data);
		if (r < 0)
			return sbx_fail(err, r, "read the layer");
	}
	/* What the other side says of itself is nearer to the cause than that its records end. */
	int end = layer_read_finish(&reader, err);
	return end < 0 ? end : r < 0 ? sbx_fail_plain(err, r, "%s", why.msg) : 0;
}
