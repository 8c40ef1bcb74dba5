/* SPDX-License-Identifier: Apache-2.0 */

/* Image=oci:DIR and the other files: which image a source gave when it was imported, and whether it is still the same
 * source.  One small record a source, so that a start pays for one stat and one read, and for no layer bytes. */

#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/path.h"
#include "sbx/str.h"

#define RECORD_MAX_BYTES 4096
static const char *const transport_names[] = {
	[IMAGE_NAME] = "name",
	[IMAGE_OCI] = "oci",
	[IMAGE_OCI_ARCHIVE] = "oci-archive",
	[IMAGE_DOCKER_ARCHIVE] = "docker-archive",
	[IMAGE_ROOTFS] = "rootfs",
	[IMAGE_DIR] = "dir",
};

/* absolute - the reference's path from the root down.  New, or NULL with @err. */
static char *absolute(const struct image_ref *ref, struct sbx_err *err)
{
	if (*ref->name == '/')
		return path_clean(ref->name);
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	if (!cwd || *cwd != '/') {
		sbx_fail(err, -errno, "find the current directory for %s", ref->name);
		return NULL;
	}
	_cleanup_free_ char *joined = path_join(cwd, ref->name);
	return path_clean(joined);
}

/* record_name - "sources/HEX.json".  New, or NULL with @err. */
static char *record_name(const struct image_ref *ref, const struct platform *platform, struct sbx_err *err)
{
	_cleanup_free_ char *path = absolute(ref, err), *machine = platform_text(platform);
	struct digest digest;

	if (!path)
		return NULL;
	/* A newline stands in no tag and no platform, so that two keys are never one text. */
	_cleanup_free_ char *key =
		xasprintf("%s\n%s\n%s\n%s", transport_names[ref->transport], ref->tag ? ref->tag : "", machine, path);
	digest_of(key, strlen(key), &digest);
	return xasprintf("sources/%s.json", digest.hex);
}

int source_print_take(const struct image_ref *ref, struct source_print *ret, struct sbx_err *err)
{
	_cleanup_free_ char *path =
		ref->transport == IMAGE_OCI ? path_join(ref->name, "index.json") : xstrdup(ref->name);
	struct stat st;

	if (stat(path, &st) < 0)
		return sbx_fail(err, -errno, "image source %s", path);
	*ret = (struct source_print){
		.dev = st.st_dev,
		.ino = st.st_ino,
		.size_bytes = (uint64_t)st.st_size,
		.mtime_ns = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec,
		.ctime_ns = st.st_ctim.tv_sec * 1000000000LL + st.st_ctim.tv_nsec,
	};
	return 0;
}

/* print_text - numbers as text: JSON's integers are signed, device and inode numbers are not. */
static char *print_text(const struct source_print *print)
{
	return xasprintf("%llu:%llu:%llu:%lld:%lld", (unsigned long long)print->dev, (unsigned long long)print->ino,
		(unsigned long long)print->size_bytes, (long long)print->mtime_ns, (long long)print->ctime_ns);
}

int source_record(const struct image_store *store, const struct image_ref *ref, const struct platform *platform,
	const struct source_print *print, const struct digest *manifest, struct sbx_err *err)
{
	_cleanup_free_ char *name = record_name(ref, platform, err), *path = name ? absolute(ref, err) : NULL;
	_cleanup_free_ char *safe = path ? text_escape(path) : NULL, *text = print_text(print);

	if (!safe)
		return -ENOENT;
	if (mkdirat(store->fd, "sources", 0700) < 0 && errno != EEXIST)
		return sbx_fail(err, -errno, "make sources in the store %s", store->path);
	_cleanup_free_ char *digest = xasprintf("sha256:%s", manifest->hex);
	/* The path is there for people alone. */
	json_auto_t *root = json_pack("{s:s, s:s, s:s}", "print", text, "manifest", digest, "path", safe);
	_cleanup_free_ char *bytes = root ? json_dumps(root, JSON_COMPACT) : NULL;
	if (!bytes || strlen(bytes) > RECORD_MAX_BYTES)
		return sbx_fail_plain(err, -EINVAL, "note the source %s: its path is too long", safe);
	_cleanup_close_ int dir = openat(store->fd, "sources", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return sbx_fail(err, -errno, "open sources in the store %s", store->path);
	return file_write_durable(dir, name + strlen("sources/"), bytes, strlen(bytes), 0600, err);
}

/* read_record - the manifest of a record that fits @print; -ENOENT for any that does not. */
static int read_record(
	const struct image_store *store, const char *name, const struct source_print *print, struct digest *ret)
{
	_cleanup_free_ char *bytes = NULL, *text = print_text(print);
	const char *then, *manifest;
	size_t n;

	if (read_file_at(store->fd, name, RECORD_MAX_BYTES, &bytes, &n, NULL) < 0)
		return -ENOENT;
	json_auto_t *root = json_load_bounded(bytes, n, "the source's record", NULL);
	if (!root || json_get_string(root, "print", "", &then, NULL) < 0 ||
		json_get_string(root, "manifest", "", &manifest, NULL) < 0)
		return -ENOENT; /* damaged: as if it were not there; the import writes it anew */
	return manifest && str_eq(then, text) && digest_parse(manifest, ret, NULL) == 0 ? 0 : -ENOENT;
}

int image_find_source(const struct image_store *store, const struct image_ref *ref, const struct platform *platform,
	struct image **ret, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	_cleanup_free_ char *name = record_name(ref, platform, err);
	struct source_print print;
	struct digest manifest;
	int r = name ? source_print_take(ref, &print, err) : -EINVAL;

	if (r < 0)
		/* -ENOENT means "import it", which a source that is not there cannot be. */
		return r == -ENOENT ? sbx_fail_plain(err, -EINVAL, "image source %s: there is no such file", ref->name)
				    : r;
	r = read_record(store, name, &print, &manifest);
	if (r == 0)
		r = index_read(store, &index, err);
	if (r < 0 && r != -ENOENT)
		return r;
	for (size_t i = 0; r == 0 && i < index.n; i++)
		if (digest_eq(&index.entries[i].digest, &manifest))
			return image_load(store->fd, index.entries[i].ref_name, &index.entries[i], ret, err);
	return sbx_fail_plain(err, -ENOENT, "image source %s is not imported, or has changed since", ref->name);
}
