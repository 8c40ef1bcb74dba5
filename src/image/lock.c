/* SPDX-License-Identifier: Apache-2.0 */

/* The store's locks: image.h says which there are and in which order they are taken. */

#include "sbx/image.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include "sbx/cleanup.h"

static int lock_file(const struct image_store *store, const char *name, int how, struct sbx_err *err)
{
	for (;;) {
		struct stat st;
		_cleanup_close_ int fd =
			openat(store->fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
		if (fd < 0)
			return sbx_fail(err, -errno, "open the lock %s/%s", store->path, name);
		while (flock(fd, how) < 0) {
			if (errno == EWOULDBLOCK)
				return -EBUSY; /* the caller has the words */
			if (errno != EINTR)
				return sbx_fail(err, -errno, "lock %s/%s", store->path, name);
		}
		/* A lock on a file that its remover has unlinked since it was opened locks nothing. */
		if (fstat(fd, &st) < 0)
			return sbx_fail(err, -errno, "stat the lock %s/%s", store->path, name);
		if (st.st_nlink > 0)
			return steal_fd(&fd);
	}
}

int store_lock_index(const struct image_store *store, struct sbx_err *err)
{
	return lock_file(store, "lock", LOCK_EX, err);
}

int store_lock_content(const struct image_store *store, bool exclusive, struct sbx_err *err)
{
	int r = lock_file(store, "content", exclusive ? LOCK_EX | LOCK_NB : LOCK_SH, err);

	return r == -EBUSY ? sbx_fail_plain(err, -EBUSY, "the store %s is busy: an import is running", store->path) : r;
}

static int use_lock(const struct image_store *store, const struct digest *manifest, int how, struct sbx_err *err)
{
	char name[sizeof("use/") + DIGEST_HEX_LEN];

	/* A layout that another tool made has no such directory. */
	if (mkdirat(store->fd, "use", 0700) < 0 && errno != EEXIST)
		return sbx_fail(err, -errno, "make %s/use", store->path);
	snprintf(name, sizeof(name), "use/%s", manifest->hex);
	return lock_file(store, name, how, err);
}

int image_use(const struct image_store *store, const struct digest *manifest, struct sbx_err *err)
{
	_cleanup_index_ struct image_index index = {0};
	_cleanup_close_ int fd = use_lock(store, manifest, LOCK_SH, err);
	int r = fd < 0 ? fd : index_read(store, &index, err);

	if (r < 0)
		return r;
	/* Only now is it known to stay.  An entry may be an index of many platforms that holds the manifest: a foreign
	 * tool put it there, and only a foreign tool or `image rm`, which takes the lock for all it holds, takes it
	 * out. */
	for (size_t i = 0; i < index.n; i++)
		if (digest_eq(&index.entries[i].digest, manifest) || media_type_is_index(index.entries[i].media_type))
			return steal_fd(&fd);
	return sbx_fail_plain(err, -ENOENT, "the image (sha256:%.12s) has just been removed", manifest->hex);
}

int image_use_exclusive(const struct image_store *store, const struct digest *manifest, struct sbx_err *err)
{
	int r = use_lock(store, manifest, LOCK_EX | LOCK_NB, err);

	return r == -EBUSY ? sbx_fail_plain(err, -EBUSY, "a sandbox is running on it") : r;
}
