/* SPDX-License-Identifier: Apache-2.0 */

/* The store: where it is, what it must be, how it is made. */

#include "sbx/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/dirs.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

/* Room for an index of some hundred images and for the directories' growth, and as many inodes as a removal makes: a
 * lock and a new index. */
static const struct {
	const char *name;
	off_t bytes;
} reserves[] = {{"reserve", 128 << 10}, {"reserve-inode", 1}};

#define MOVE_IT "; set SBX_STORE (or XDG_DATA_HOME) to a directory on a local disk"

/* File systems that cannot hold what overlayfs stacks: no whiteout devices, no user xattrs, or overlayfs refuses them.
 * Source: overlayfs.rst, "The upper filesystem"; linux/magic.h. */
static const struct {
	uint32_t magic;
	const char *name;
} unfit[] = {
	{0x6969, "NFS"},
	{0x794c7630, "overlayfs (this is inside a container)"},
	{0xff534d42, "CIFS"},
	{0xfe534d42, "SMB"},
	{0x01021997, "9p"},
	{0x4d44, "FAT"},
	{0x2011bab0, "exFAT"},
};

char *store_path(struct sbx_err *err)
{
	const char *path = getenv("SBX_STORE");

	if (str_empty(path))
		return dir_data(err);
	if (*path != '/') {
		sbx_fail_plain(err, -EINVAL, "SBX_STORE=%s is not an absolute path", path);
		return NULL;
	}
	return xstrdup(path);
}

static int check_file_system(const char *path, int fd, struct sbx_err *err)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return sbx_fail(err, -errno, "look at the file system of the store %s", path);
	for (size_t i = 0; i < ARRAY_SIZE(unfit); i++)
		if ((uint32_t)fs.f_type == unfit[i].magic)
			return sbx_fail_plain(err, -EOPNOTSUPP,
				"the store %s is on %s, which cannot hold layers" MOVE_IT, path, unfit[i].name);
	return 0;
}

/* check_access - what is in the store is trusted: nobody else may have written it, nor read it. */
static int check_access(const char *path, int fd, struct sbx_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return sbx_fail(err, -errno, "stat the store %s", path);
	if (st.st_uid != geteuid())
		return sbx_fail_plain(err, -EPERM,
			"the store %s belongs to user %u, not to you (user %u): use another with SBX_STORE", path,
			(unsigned)st.st_uid, (unsigned)geteuid());
	if (st.st_mode & 077)
		return sbx_fail_plain(err, -EPERM,
			"the store %s is open to others (mode %04o): check what is in it, then `chmod 700 %s`", path,
			(unsigned)st.st_mode & 07777, path);
	return 0;
}

static int make_dir(int fd, const char *name, struct sbx_err *err)
{
	if (mkdirat(fd, name, 0700) < 0 && errno != EEXIST)
		return sbx_fail(err, -errno, "make %s in the store", name);
	return 0;
}

static bool exists(int fd, const char *name)
{
	return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* make_layout - what is missing of an OCI image layout.  Under lock 3: another command may be making it, too, and
 * may already have put an image into the index. */
static int make_layout(const struct image_store *store, struct sbx_err *err)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}\n";
	static const char index[] = "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
				    "\"manifests\":[]}\n";
	static const char *const dirs[] = {"blobs", "blobs/sha256", "layers", "sources", "use"};
	_cleanup_close_ int lock = store_lock_index(store, err);
	int r = lock < 0 ? lock : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(dirs); i++)
		r = make_dir(store->fd, dirs[i], err);
	if (r == 0 && !exists(store->fd, "index.json"))
		r = file_write_durable(store->fd, "index.json", index, strlen(index), 0600, err);
	if (r == 0 && !exists(store->fd, "oci-layout"))
		r = file_write_durable(store->fd, "oci-layout", layout, strlen(layout), 0600, err);
	return r;
}

void store_reserve_make(const struct image_store *store)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserves); i++) {
		_cleanup_close_ int fd =
			openat(store->fd, reserves[i].name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

		/* Less than all of it would be no reserve: then the next collection tries again. */
		if (fd >= 0 && posix_fallocate(fd, 0, reserves[i].bytes) != 0)
			unlinkat(store->fd, reserves[i].name, 0);
	}
}

void store_reserve_drop(const struct image_store *store)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserves); i++)
		unlinkat(store->fd, reserves[i].name, 0);
}

int store_open_at(const char *path, bool create, struct image_store *ret, struct sbx_err *err)
{
	_cleanup_store_ struct image_store store = {.fd = -1};
	int r;

	store.fd = create ? mkdir_private(path, err) : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (store.fd < 0 && create)
		return sbx_err_prefix(err, store.fd, "the image store");
	if (store.fd < 0 && errno == ENOENT)
		return sbx_fail_plain(err, -ENOENT,
			"there is no image store at %s yet: `sbx image import SOURCE NAME` makes it", path);
	if (store.fd < 0)
		return sbx_fail(err, -errno, "open the image store %s", path);
	store.path = xstrdup(path);
	r = check_access(path, store.fd, err);
	if (r == 0)
		r = check_file_system(path, store.fd, err);
	/* oci-layout is written last: where it is, all else is. */
	if (r == 0 && create && !exists(store.fd, "oci-layout")) {
		r = make_layout(&store, err);
		if (r == 0)
			store_reserve_make(&store);
	}
	if (r < 0)
		return r;
	*ret = store;
	store = (struct image_store){.fd = -1};
	return 0;
}

int store_open(bool create, struct image_store *ret, struct sbx_err *err)
{
	_cleanup_free_ char *path = store_path(err);

	if (path)
		return store_open_at(path, create, ret, err);
	if (err)
		err->code = -EINVAL; /* -ENOENT says that there is no store yet */
	return -EINVAL;
}

void store_close(struct image_store *store)
{
	cleanup_close(&store->fd);
	cleanup_free(&store->path);
	store->fd = -1;
}
