/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs:FILE.tar: a tar of a root file system becomes an image of one layer. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "blob.h"
#include "inflate_run.h"
#include "origin.h"
#include "origin_write.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"
#include "unpack.h"

/* diff_id - of a layer that stays compressed. */
static int diff_id(struct origin *o, enum codec codec, struct digest *ret, struct sbx_err *err)
{
	_cleanup_inflate_ struct inflate_run run = INFLATE_RUN_NONE;
	struct sbx_err why = {0};
	int r = lseek(o->archive_fd, 0, SEEK_SET) < 0 ? sbx_fail(err, -errno, "lseek")
						      : inflate_run_start(&run, codec, o->archive_fd, err);

	if (r < 0)
		return r;
	r = hash_pipe(run.out_fd, LAYER_MAX_BYTES, ret, err);
	int ended = inflate_run_end(&run, &why);
	if (r >= 0 && ended < 0)
		return sbx_fail_plain(err, ended, "%s", why.msg);
	return r;
}

/* rootfs_blob - the tar as it is; xz and bzip2, which OCI has no name for, uncompressed. */
static int rootfs_blob(struct origin *o, enum codec *codec, struct digest *ret_blob, uint64_t *ret_size,
	struct digest *ret_diff_id, struct sbx_err *err)
{
	struct stat st;

	if (fstat(o->archive_fd, &st) < 0)
		return sbx_fail(err, -errno, "stat");
	progress_begin(o->batch->progress, "copy", (uint64_t)st.st_size);
	int r;
	if (*codec == CODEC_XZ || *codec == CODEC_BZIP2) {
		r = origin_take_inflated(o, *codec, o->archive_fd, ret_blob, ret_size, err);
		*codec = CODEC_NONE;
	} else {
		r = blob_batch_take(o->batch, o->archive_fd, 0, (uint64_t)st.st_size, ret_blob, ret_size, err);
	}
	if (r >= 0 && *codec != CODEC_NONE)
		return diff_id(o, *codec, ret_diff_id, err);
	*ret_diff_id = *ret_blob;
	return r;
}

/* config_make - the time is the file's, so that the same file gives the same image. */
static char *config_make(const struct origin *o, const struct stat *st, const struct digest *diff_id_of)
{
	_cleanup_free_ char *digest = xasprintf("sha256:%s", diff_id_of->hex);
	const char *slash = strrchr(o->ref->name, '/');
	_cleanup_free_ char *file = text_escape(slash ? slash + 1 : o->ref->name);
	_cleanup_free_ char *by = xasprintf("sbx image import rootfs:%s", file);
	const struct platform *p = o->platform;
	char created[32] = "1970-01-01T00:00:00Z";
	struct tm tm;

	if (gmtime_r(&st->st_mtim.tv_sec, &tm) && tm.tm_year < 8100)
		strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_auto_t *root = json_pack("{s:s, s:s, s:s, s:{}, s:{s:s, s:[s]}, s:[{s:s, s:s}]}", "created", created,
		"architecture", p->arch, "os", p->os, "config", "rootfs", "type", "layers", "diff_ids", digest,
		"history", "created", created, "created_by", by);
	if (root && *p->variant)
		json_object_set_new(root, "variant", json_string(p->variant));
	return root ? json_dumps(root, JSON_COMPACT) : NULL;
}

int origin_rootfs(struct origin *o, struct sbx_err *err)
{
	json_auto_t *layers = json_array();
	struct digest blob, diff;
	enum codec codec;
	uint64_t size;
	struct stat st;
	int r = origin_file_open(o, &codec, err);

	if (r >= 0)
		r = origin_stage_make(o, err);
	if (r < 0)
		return r;
	if (fstat(o->archive_fd, &st) < 0)
		return sbx_fail(err, -errno, "stat");
	if (st.st_size == 0)
		return sbx_fail_plain(err, -EBADMSG, "it is empty");
	r = rootfs_blob(o, &codec, &blob, &size, &diff, err);
	if (r >= 0)
		r = origin_layer_add(layers, codec, &blob, size, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *config = config_make(o, &st, &diff);
	if (!config)
		return sbx_fail_plain(err, -EINVAL, "make a configuration: its name is no text");
	return origin_manifest_write(o, config, strlen(config), layers, err);
}
