/* SPDX-License-Identifier: Apache-2.0 */
/* The forms that a source can have, and OCI layouts. */
#include "origin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/path.h"
#include "sbx/resolve.h"
#include "sbx/str.h"

#define STAGE_PREFIX ".import-"

int origin_stage_make(struct origin *o, struct sbx_err *err)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return sbx_fail(err, -errno, "getrandom");
	_cleanup_free_ char *name = xasprintf(STAGE_PREFIX "%016llx", (unsigned long long)random);
	if (mkdirat(o->store->fd, name, 0700) < 0)
		return sbx_fail(err, -errno, "make %s/%s", o->store->path, name);
	o->stage = steal_ptr(name);
	o->layout_fd = openat(o->store->fd, o->stage, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (o->layout_fd < 0 || mkdirat(o->layout_fd, "blobs", 0700) < 0 ||
		mkdirat(o->layout_fd, "blobs/sha256", 0700) < 0)
		return sbx_fail(err, -errno, "make a layout in %s/%s", o->store->path, o->stage);
	return 0;
}

int origin_stages_remove(const struct image_store *store, struct sbx_err *err)
{
	int fd = openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	_cleanup_dir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return sbx_fail(err, -errno, "list %s", store->path);
	while (r >= 0 && (d = readdir(dir)))
		if (str_starts(d->d_name, STAGE_PREFIX))
			r = tree_remove(store->fd, d->d_name, err);
	return r;
}

void origin_close(struct origin *o)
{
	cleanup_close(&o->layout_fd);
	cleanup_close(&o->archive_fd);
	/* What cannot be removed now is removed by the next import. */
	if (o->stage)
		(void)tree_remove(o->store->fd, o->stage, NULL);
	free(o->stage);
	free(o->found_name);
	archive_list_free(&o->members);
	descriptor_free(&o->manifest);
}

/* tag_matches - "12" names an entry "12" and one "debian:12"; a whole name only itself. */
static bool tag_matches(const char *ref_name, const char *tag)
{
	if (!ref_name)
		return false;
	size_t n = strlen(ref_name), m = strlen(tag);
	return str_eq(ref_name, tag) || (n > m && ref_name[n - m - 1] == ':' && str_eq(ref_name + n - m, tag));
}

/* one_image - whether all of @index is one image: one name, or one entry, or entries for several platforms. */
static bool one_image(const struct image_index *index)
{
	for (size_t i = 1; i < index->n; i++)
		if (!str_eq(index->entries[i].ref_name, index->entries[0].ref_name))
			return false;
	return true;
}

static int no_such_tag(const struct image_index *index, const char *tag, struct sbx_err *err)
{
	_cleanup_strbuf_ struct strbuf names = {0};

	for (size_t i = 0; i < index->n && i < 20; i++)
		if (index->entries[i].ref_name &&
			(i == 0 || !str_eq(index->entries[i].ref_name, index->entries[i - 1].ref_name)))
			strbuf_addf(&names, "%s%s", names.len ? ", " : "", index->entries[i].ref_name);
	if (!tag)
		return sbx_fail_plain(err, -ENOENT, "it holds several images (%s): add one's tag, as in oci:DIR:TAG",
			names.s ? names.s : "without names");
	return sbx_fail_plain(err, -ENOENT, "it has no image with the tag \"%s\"%s%s", tag,
		names.len ? "; there are: " : "", names.len ? names.s : "");
}

/* index_pick - the entry for the tag and, where the entries themselves are for several platforms, for ours. */
static const struct descriptor *index_pick(
	const struct image_index *index, const char *tag, const struct platform *platform)
{
	const struct descriptor *best = NULL;
	unsigned best_rank = 0;

	for (size_t i = 0; i < index->n; i++) {
		const struct descriptor *d = &index->entries[i];
		if (tag && !tag_matches(d->ref_name, tag))
			continue;
		unsigned rank = *d->platform.os ? 3 * platform_rank(platform, &d->platform) : 2;
		/* With none for us layout_resolve and image_load say for whom the image is. */
		rank = rank ? rank : 1;
		if (rank > best_rank) {
			best = d;
			best_rank = rank;
		}
	}
	return best;
}

int origin_layout(struct origin *o, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	_cleanup_free_ char *bytes = NULL;
	size_t n;
	int r = read_file_at(o->layout_fd, "index.json", IMAGE_JSON_MAX_BYTES, &bytes, &n, err);

	if (r == -ENOENT)
		return sbx_fail_plain(err, -EINVAL, "it has no index.json: it is no OCI layout");
	if (r >= 0)
		r = image_index_parse(bytes, n, "its index.json", &index, err);
	if (r < 0)
		return r;
	if (index.n == 0)
		return sbx_fail_plain(err, -ENOENT, "it holds no image");
	const struct descriptor *d = index_pick(&index, o->ref->tag, o->platform);
	if (!d || (!o->ref->tag && !one_image(&index)))
		return no_such_tag(&index, o->ref->tag, err);
	o->found_name = xstrdup(d->ref_name);
	return layout_resolve(o->layout_fd, d, o->platform, &o->manifest, &o->source, err);
}

static int origin_oci(struct origin *o, struct sbx_err *err)
{
	o->layout_fd = open(o->ref->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return o->layout_fd < 0 ? sbx_fail(err, -errno, "open") : origin_layout(o, err);
}

int origin_open(struct origin *o, struct sbx_err *err)
{
	static int (*const forms[])(struct origin * o, struct sbx_err * err) = {
		[IMAGE_OCI] = origin_oci,
		[IMAGE_OCI_ARCHIVE] = origin_oci_archive,
		[IMAGE_DOCKER_ARCHIVE] = origin_docker_archive,
		[IMAGE_ROOTFS] = origin_rootfs,
	};

	if ((size_t)o->ref->transport >= ARRAY_SIZE(forms) || !forms[o->ref->transport])
		return sbx_fail_plain(err, -EINVAL,
			"not a source to import from: oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE or "
			"rootfs:FILE.tar");
	int r = forms[o->ref->transport](o, err);
	return r < 0 ? sbx_err_prefix(err, r, "%s", o->ref->name) : 0;
}

int origin_blob(struct origin *o, const struct digest *digest, int *ret_fd, uint64_t *ret_offset, int *ret_owned,
	struct sbx_err *err)
{
	_cleanup_free_ char *path = xasprintf("blobs/sha256/%s", digest->hex);
	struct stat st;

	*ret_offset = 0;
	*ret_owned = -1;
	if (o->archive_fd >= 0) {
		const struct archive_member *m = archive_find(&o->members, path);
		if (m) {
			*ret_fd = o->archive_fd;
			*ret_offset = m->offset;
			return 0;
		}
	}
	/* Links are fine in another's layout (skopeo's shared blob directory), FIFOs and devices are not. */
	_cleanup_close_ int fd = openat(o->layout_fd, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return sbx_fail(err, -errno, "open its blob sha256:%s", digest->hex);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return sbx_fail_plain(err, -EINVAL, "its blob sha256:%s is no file", digest->hex);
	*ret_fd = *ret_owned = steal_fd(&fd);
	return 0;
}
