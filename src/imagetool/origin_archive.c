/* SPDX-License-Identifier: Apache-2.0 */
/* oci-archive: and docker-archive:.  Sources: OCI image-spec, image-layout.md; docker's image/tarexport: manifest.json
 * is in what `docker save` and `podman save` write since 2016, also beside the OCI layout that docker adds since
 * version 25. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "blob.h"
#include "inflate_run.h"
#include "origin.h"
#include "origin_write.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "unpack.h"

#define STAGED_MAX_BYTES (64u << 20) /* of manifests and configurations in one archive */

/* archive_inflate - a compressed archive is put down uncompressed first: it is read at many places. */
static int archive_inflate(struct origin *o, enum codec codec, struct sbx_err *err)
{
	_cleanup_inflate_ struct inflate_run run = INFLATE_RUN_NONE;
	_cleanup_close_ int plain = -1;
	int r = origin_temp_file(o, &plain, err);

	if (r >= 0)
		r = inflate_run_start(&run, codec, o->archive_fd, err);
	if (r >= 0)
		r = origin_copy(run.out_fd, plain, UINT64_MAX, ARCHIVE_MAX_BYTES, err);
	if (r < 0)
		return r;
	r = inflate_run_end(&run, err);
	if (r < 0)
		return r;
	close(o->archive_fd);
	o->archive_fd = steal_fd(&plain);
	return 0;
}

static int archive_open(struct origin *o, struct sbx_err *err)
{
	enum codec codec;
	int r = origin_file_open(o, &codec, err);

	if (r >= 0 && codec != CODEC_NONE)
		r = archive_inflate(o, codec, err);
	return r < 0 ? r : archive_list(o->archive_fd, &o->members, err);
}

static int member_read(struct origin *o, const struct archive_member *m, char **ret, struct sbx_err *err)
{
	if (m->size_bytes > IMAGE_JSON_MAX_BYTES)
		return sbx_fail_plain(
			err, -EFBIG, "its member %s has more than %u bytes", m->name, IMAGE_JSON_MAX_BYTES);
	_cleanup_free_ char *bytes = xmalloc((size_t)m->size_bytes + 1);
	for (size_t done = 0; done < m->size_bytes;) {
		ssize_t n = pread(o->archive_fd, bytes + done, (size_t)m->size_bytes - done, (off_t)(m->offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return sbx_fail(err, n < 0 ? -errno : -ENODATA, "read its member %s", m->name);
		done += (size_t)n;
	}
	bytes[m->size_bytes] = '\0';
	*ret = steal_ptr(bytes);
	return 0;
}

/* member_stage - put a small member into the layout that is made for this. */
static int member_stage(struct origin *o, const struct archive_member *m, struct sbx_err *err)
{
	_cleanup_free_ char *bytes = NULL;
	int r = member_read(o, m, &bytes, err);

	return r < 0 ? r : origin_stage_write(o, m->name, bytes, (size_t)m->size_bytes, err);
}

/* looks_json - which blobs are manifests and configurations is known only when they are read; layers are not copied. */
static bool looks_json(struct origin *o, const struct archive_member *m)
{
	char first;
	return m->size_bytes <= IMAGE_JSON_MAX_BYTES && pread(o->archive_fd, &first, 1, (off_t)m->offset) == 1 &&
	       first == '{';
}

int origin_oci_archive(struct origin *o, struct sbx_err *err)
{
	struct digest digest;
	uint64_t sum = 0;
	int r = archive_open(o, err);

	if (r >= 0)
		r = origin_stage_make(o, err);
	for (size_t i = 0; r >= 0 && i < o->members.n; i++) {
		const struct archive_member *m = &o->members.v[i];
		bool blob = false;
		if (str_starts(m->name, "blobs/sha256/")) {
			_cleanup_free_ char *text = xasprintf("sha256:%s", m->name + strlen("blobs/sha256/"));
			blob = digest_parse(text, &digest, NULL) == 0 && looks_json(o, m);
		}
		if (!blob && !str_eq(m->name, "index.json"))
			continue;
		sum += m->size_bytes;
		if (sum > STAGED_MAX_BYTES)
			return sbx_fail_plain(err, -EFBIG, "its manifests have more than %u bytes", STAGED_MAX_BYTES);
		r = member_stage(o, m, err);
	}
	return r < 0 ? r : origin_layout(o, err);
}

/* --- docker-archive --- */

static const struct archive_member *member_get(struct origin *o, const char *name, struct sbx_err *err)
{
	const struct archive_member *m = name ? archive_find(&o->members, name) : NULL;

	if (!m)
		sbx_fail_plain(
			err, -ENOENT, "it has no member %s", name ? name : "(a name is missing in its manifest.json)");
	return m;
}

/* docker_tag - the first of an entry's names, or the one that @tag is. */
static const char *docker_tag(const json_t *entry, const char *tag)
{
	const json_t *tags = json_object_get(entry, "RepoTags"), *one;
	size_t i;

	json_array_foreach(tags, i, one)
	{
		const char *name = json_string_value(one);
		if (name && (!tag || str_eq(name, tag) ||
				    (str_ends(name, tag) && name[strlen(name) - strlen(tag) - 1] == ':')))
			return name;
	}
	return NULL;
}

static const json_t *docker_entry(struct origin *o, const json_t *manifest, struct sbx_err *err)
{
	const json_t *entry;
	size_t i;

	if (!json_is_array(manifest) || json_array_size(manifest) == 0) {
		sbx_fail_plain(err, -EBADMSG, "its manifest.json is no list of images");
		return NULL;
	}
	if (!o->ref->tag && json_array_size(manifest) == 1)
		return json_array_get(manifest, 0);
	json_array_foreach(manifest, i, entry)
	{
		if (o->ref->tag && docker_tag(entry, o->ref->tag))
			return entry;
	}
	if (o->ref->tag)
		sbx_fail_plain(err, -ENOENT, "it has no image with the tag \"%s\"", o->ref->tag);
	else
		sbx_fail_plain(err, -ENOENT, "it holds several images: add one's tag, as in docker-archive:FILE:TAG");
	return NULL;
}

/* docker_layer_recode - OCI has no name for layers in xz or bzip2, so such a one is stored uncompressed. */
static int docker_layer_recode(struct origin *o, const struct archive_member *m, enum codec codec,
	struct digest *digest, uint64_t *ret_size, struct sbx_err *err)
{
	_cleanup_close_ int part = -1;
	int r = origin_temp_file(o, &part, err);

	if (r >= 0 && lseek(o->archive_fd, (off_t)m->offset, SEEK_SET) < 0)
		r = sbx_fail(err, -errno, "lseek");
	if (r >= 0)
		r = origin_copy(o->archive_fd, part, m->size_bytes, UINT64_MAX, err);
	if (r >= 0 && lseek(part, 0, SEEK_SET) < 0)
		r = sbx_fail(err, -errno, "lseek");
	return r < 0 ? r : origin_take_inflated(o, codec, part, digest, ret_size, err);
}

static int docker_layer(
	struct origin *o, const char *name, const json_t *diff_id_text, json_t *layers, struct sbx_err *err)
{
	const struct archive_member *m = member_get(o, name, err);
	struct digest digest;
	enum codec codec;
	uint64_t size;

	if (!m)
		return -ENOENT;
	size = m->size_bytes;
	int r = codec_of(o->archive_fd, m->offset, m->size_bytes, &codec, err);
	if (r < 0)
		return r;
	if (codec == CODEC_XZ || codec == CODEC_BZIP2) {
		r = docker_layer_recode(o, m, codec, &digest, &size, err);
		codec = CODEC_NONE;
	} else if (codec == CODEC_NONE && json_is_string(diff_id_text)) {
		/* What it must be is known, so what the store has is not copied again. */
		r = digest_parse(json_string_value(diff_id_text), &digest, err);
		if (r >= 0)
			r = blob_batch_copy(o->batch, &digest, size, o->archive_fd, m->offset, err);
	} else {
		r = blob_batch_take(o->batch, o->archive_fd, m->offset, size, &digest, &size, err);
	}
	if (r < 0)
		return sbx_err_prefix(err, r, "its layer %s", name);
	return origin_layer_add(layers, codec, &digest, size, err);
}

static int docker_layers(struct origin *o, const json_t *entry, const char *config, size_t config_len, json_t *layers,
	struct sbx_err *err)
{
	json_auto_t *root = json_load_bounded(config, config_len, "the image's configuration", err);
	const json_t *names = json_object_get(entry, "Layers"), *name;
	const json_t *diff_ids = json_object_get(json_object_get(root, "rootfs"), "diff_ids");
	uint64_t total = 0;
	size_t i;
	int r = 0;

	if (!root)
		return -EBADMSG;
	if (json_array_size(names) > IMAGE_LAYERS_MAX)
		return sbx_fail_plain(err, -E2BIG, "it has more than %d layers", IMAGE_LAYERS_MAX);
	json_array_foreach(names, i, name)
	{
		const struct archive_member *m = archive_find(&o->members, json_string_value(name) ?: "");
		total += m ? m->size_bytes : 0;
	}
	progress_begin(o->batch->progress, "copy", total);
	json_array_foreach(names, i, name)
	{
		r = docker_layer(o, json_string_value(name), json_array_get(diff_ids, i), layers, err);
		if (r < 0)
			break;
	}
	return r;
}

int origin_docker_archive(struct origin *o, struct sbx_err *err)
{
	_cleanup_free_ char *bytes = NULL, *config = NULL;
	json_auto_t *layers = json_array();
	int r = archive_open(o, err);

	if (r >= 0)
		r = origin_stage_make(o, err);
	if (r < 0)
		return r;
	const struct archive_member *m = archive_find(&o->members, "manifest.json");
	if (!m)
		return sbx_fail_plain(err, -EINVAL, "it has no manifest.json: it is no docker-archive%s",
			archive_find(&o->members, "index.json") ? " (it looks like an oci-archive:)" : "");
	r = member_read(o, m, &bytes, err);
	if (r < 0)
		return r;
	json_auto_t *manifest = json_load_bounded(bytes, (size_t)m->size_bytes, "its manifest.json", err);
	const json_t *entry = manifest ? docker_entry(o, manifest, err) : NULL;
	if (!entry)
		return err && err->code < 0 ? err->code : -EBADMSG;
	m = member_get(o, json_string_value(json_object_get(entry, "Config")), err);
	if (!m)
		return -ENOENT;
	r = member_read(o, m, &config, err);
	if (r >= 0)
		r = docker_layers(o, entry, config, (size_t)m->size_bytes, layers, err);
	if (r < 0)
		return r;
	o->found_name = xstrdup(docker_tag(entry, o->ref->tag));
	return origin_manifest_write(o, config, (size_t)m->size_bytes, layers, err);
}
