/* SPDX-License-Identifier: Apache-2.0 */

/* Extracted layers removed, whoever owns their files. */

#include "gc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "confine.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

/* A name that is no chain ID: no reader takes it for a layer, and the next collection finds it. */
#define REMOVING ".removing-"

struct removal {
	int dir_fd; /* layers/MAP */
	const struct strv *names;
};

/* remove_all - each tree; one that resists does not keep the others. */
static int remove_all(void *data, uint32_t notes[4], struct sbx_err *err)
{
	const struct removal *removal = data;
	int r = 0;

	(void)notes;
	for (size_t i = 0; i < removal->names->n; i++) {
		struct sbx_err why = {0};
		int one = tree_remove(removal->dir_fd, removal->names->v[i], &why);
		if (one < 0 && r == 0)
			r = sbx_fail_plain(err, one, "%s", why.msg);
	}
	return r;
}

/* take_names - rename the trees away, durably; *ret: their names now. */
static int take_names(int dir_fd, const struct strv *names, struct strv *ret, struct sbx_err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		_cleanup_free_ char *away =
			str_starts(names->v[i], ".") ? xstrdup(names->v[i]) : xasprintf(REMOVING "%.200s", names->v[i]);
		if (strcmp(away, names->v[i]) != 0 && renameat(dir_fd, names->v[i], dir_fd, away) < 0) {
			/* What an earlier removal could not finish has the name: that one goes first. */
			if (errno != ENOTEMPTY && errno != EEXIST)
				return sbx_fail(err, -errno, "rename %s", names->v[i]);
			free(away);
			away = xasprintf(REMOVING "%.200s-%d", names->v[i], (int)getpid());
			if (renameat(dir_fd, names->v[i], dir_fd, away) < 0)
				return sbx_fail(err, -errno, "rename %s", names->v[i]);
		}
		strv_take(ret, steal_ptr(away));
	}
	return dir_fsync(dir_fd, err);
}

/* maps_for - the maps that the trees were extracted for; those of this user today where the name is a hash. */
static int maps_for(const char *map_name, struct idmap_pair *ret, struct sbx_err *err)
{
	if (idmap_pair_parse(map_name, ret, NULL) == 0)
		return 0;
	return idmap_pair_subuid(ret, err);
}

int layer_trees_remove(
	const struct image_store *store, const char *map_name, const struct strv *names, struct sbx_err *err)
{
	_cleanup_free_ char *path = xasprintf("layers/%s", map_name);
	_cleanup_close_ int dir_fd = openat(store->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_strv_ struct strv away = {0};
	struct idmap_pair maps = {0};
	uint32_t notes[4];

	if (names->n == 0)
		return 0;
	if (dir_fd < 0)
		return sbx_fail(err, -errno, "open %s/%s", store->path, path);
	int r = take_names(dir_fd, names, &away, err);
	if (r < 0)
		return sbx_err_prefix(err, r, "remove layers in %s/%s", store->path, path);
	struct removal removal = {.dir_fd = dir_fd, .names = &away};
	/* Alone first: all that single-id trees need, and root. */
	struct sbx_err why = {0};
	r = remove_all(&removal, notes, &why);
	if (r == 0)
		return 0;
	r = maps_for(map_name, &maps, &why);
	if (r == 0)
		r = userns_run(&(struct userns_job){.maps = &maps, .run = remove_all, .data = &removal}, notes, &why);
	idmap_pair_free(&maps);
	if (r < 0)
		return sbx_fail_plain(err, r, "remove layers in %s/%s: %s", store->path, path, why.msg);
	return 0;
}
