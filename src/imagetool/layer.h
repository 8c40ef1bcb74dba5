/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Unpacking one layer's tar into one directory.  Context of everything here: a caged child, root of a user namespace
 * that maps the ids of the tree. */

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "lower.h"
#include "sbx/err.h"
#include "sbx/idmap.h"
#include "sbx/strv.h"

/* What a directory gets at the very end: until then it must be writable, and its time would change. */
struct dir_meta {
	char *path; /* owned */
	mode_t mode;
	struct timespec times[2];
};

struct layer_writer {
	/* given */
	int root_fd;                   /* borrowed: the layer's directory */
	const struct idmap_pair *maps; /* borrowed */
	/* lower_wait - called once, when the layers below are needed: waits until they are complete and opens them. */
	int (*lower_wait)(void *data, struct lower_stack *ret, struct sbx_err *err);
	void *data;
	/* state */
	struct lower_stack lower;
	bool lower_ready, root_seen;
	char *parent_path; /* the directory that the last entry was in, and its descriptor */
	int parent_fd;
	bool parent_stale; /* to be looked up again: something was removed */
	struct dir_meta *dirs;
	size_t n_dirs, dirs_cap;
	struct strv copied_up; /* files of lower layers that are here only because a hard link names them */
	struct strv devices;   /* entries left out */
	struct strv whiteouts; /* made so far */
};

/* layer_write - read a tar from @fd (a pipe; to the end of the archive) into the layer's directory.
 * Errors name the entry. */
int layer_write(struct layer_writer *w, int fd, struct sbx_err *err);
void layer_writer_free(struct layer_writer *w);

/* --- between the files of this module --- */

/* layer_path_clean - an entry's name as "a/b/c", "" for the root; -EINVAL where it has "..", -ENAMETOOLONG.  Returns
 * new. */
int layer_path_clean(const char *name, char **ret, struct sbx_err *err);
/* layer_parent - the directory for @path's last part, made with its parents where missing, with what the layers below
 * say of it.  *ret_leaf points into @path.  Returns a borrowed descriptor (until the next call), -errno. */
int layer_parent(struct layer_writer *w, const char *path, const char **ret_leaf, struct sbx_err *err);
void layer_parent_forget(struct layer_writer *w);
int layer_lower(struct layer_writer *w, struct sbx_err *err); /* have w->lower ready */
/* layer_walk - the directory @path (through links here and below), made where missing.  *ret_done (where not NULL): its
 * name without links, new.  Returns a new descriptor. */
int layer_walk(struct layer_writer *w, const char *path, char **ret_done, struct sbx_err *err);

/* layer_dir_defer - remember mode and times of a directory for the end. */
void layer_dir_defer(struct layer_writer *w, const char *path, mode_t mode, const struct timespec times[2]);
int layer_dirs_finish(struct layer_writer *w, struct sbx_err *err);
/* layer_root_finish - a layer whose tar does not speak of its root: as the layers below have it. */
int layer_root_finish(struct layer_writer *w, struct sbx_err *err);

bool layer_single(const struct layer_writer *w); /* ids cannot be told apart */
int layer_chown_fd(const struct layer_writer *w, int fd, uint32_t uid, uint32_t gid, struct sbx_err *err);
int layer_chown_at(
	const struct layer_writer *w, int dir_fd, const char *name, uint32_t uid, uint32_t gid, struct sbx_err *err);
/* layer_xattr_wanted - whether an attribute from an image is kept. */
bool layer_xattr_wanted(const struct layer_writer *w, const char *name);
int layer_xattr_set(
	const struct layer_writer *w, int fd, const char *name, const void *value, size_t size, struct sbx_err *err);
int layer_xattrs_copy(const struct layer_writer *w, int from_fd, int to_fd, struct sbx_err *err);
int layer_opaque_set(int fd, struct sbx_err *err);
/* layer_make_way - remove what stands at @leaf in this layer.  @ret_was: 0 nothing, 1 something, 2 a whiteout. */
int layer_make_way(struct layer_writer *w, int dir_fd, const char *leaf, int *ret_was, struct sbx_err *err);

/* One function a kind of entry. @path: clean, not the root. */
int layer_entry_write(
	struct layer_writer *w, struct archive *a, struct archive_entry *e, const char *path, struct sbx_err *err);
int layer_dir_write(struct layer_writer *w, struct archive_entry *e, const char *path, struct sbx_err *err);
int layer_link_write(struct layer_writer *w, const char *path, const char *target, struct sbx_err *err);
int layer_whiteout_write(struct layer_writer *w, const char *path, const char *leaf, struct sbx_err *err);
/* layer_whiteouts_finish - take those away again that have nothing to hide. */
int layer_whiteouts_finish(struct layer_writer *w, struct sbx_err *err);
/* layer_copy_up - put a lower file at @leaf of @dir_fd. */
int layer_copy_up(
	struct layer_writer *w, const struct lower_file *from, int dir_fd, const char *leaf, struct sbx_err *err);
