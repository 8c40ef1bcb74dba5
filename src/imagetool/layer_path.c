/* SPDX-License-Identifier: Apache-2.0 */
/* From an entry's name to the directory it belongs in. */
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/resolve.h"
#include "sbx/str.h"

int layer_path_clean(const char *name, char **ret, struct sbx_err *err)
{
	size_t len = strlen(name), out = 0;

	if (len >= PATH_MAX)
		return sbx_fail(err, -ENAMETOOLONG, "its name");
	_cleanup_free_ char *clean = xmalloc(len + 1);
	for (const char *p = name; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.')
			return sbx_fail_plain(err, -EINVAL, "its name has \"..\" in it");
		if (n > 0 && !(n == 1 && *p == '.')) {
			if (out)
				clean[out++] = '/';
			memcpy(clean + out, p, n);
			out += n;
		}
		p += n + (p[n] == '/');
	}
	clean[out] = '\0';
	*ret = steal_ptr(clean);
	return 0;
}

int layer_lower(struct layer_writer *w, struct sbx_err *err)
{
	if (w->lower_ready)
		return 0;
	int r = w->lower_wait(w->data, &w->lower, err);
	if (r >= 0)
		w->lower_ready = true;
	return r;
}

/* A walk through this layer, part by part, with an eye on the layers below where this one has nothing. */
struct walk {
	struct layer_writer *w;
	char *todo, *done; /* owned; done: this layer's name for fd, without links */
	int fd;            /* owned */
	int links;
};

static void walk_free(struct walk *walk)
{
	cleanup_free(&walk->todo);
	cleanup_free(&walk->done);
	cleanup_close(&walk->fd);
}
#define _cleanup_walk_ __attribute__((cleanup(walk_free)))

/* walk_restart - go to the directory that done names. */
static int walk_restart(struct walk *walk, struct sbx_err *err)
{
	int fd = resolve_in_root(walk->w->root_fd, *walk->done ? walk->done : ".", O_PATH | O_DIRECTORY, err);
	if (fd < 0)
		return fd;
	close(walk->fd);
	walk->fd = fd;
	return 0;
}

static int walk_follow(struct walk *walk, int dir_fd, const char *name, struct sbx_err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return sbx_fail(err, -errno, "read the link %s", name);
	target[n] = '\0';
	if (++walk->links > LINKS_MAX)
		return sbx_fail(err, -ELOOP, "follow links");
	char *todo = xasprintf("%s/%s", target, walk->todo);
	free(walk->todo);
	walk->todo = todo;
	if (strlen(todo) >= PATH_MAX)
		return sbx_fail(err, -ENAMETOOLONG, "follow links");
	if (*target != '/')
		return 0;
	*walk->done = '\0';
	return walk_restart(walk, err);
}

/* walk_enter - step into @name, which is there. */
static int walk_enter(struct walk *walk, const char *name, struct sbx_err *err)
{
	int fd = openat(walk->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return sbx_fail(err, -errno, "open the directory %s", name);
	close(walk->fd);
	walk->fd = fd;
	char *done = xasprintf("%s%s%s", walk->done, *walk->done ? "/" : "", name);
	free(walk->done);
	walk->done = done;
	return 0;
}

/* walk_make - a directory that the tar says nothing of (yet): as the layers below have it, so that it does not change
 * by being here. */
static int walk_make(struct walk *walk, const char *name, const struct lower_file *below, struct sbx_err *err)
{
	struct layer_writer *w = walk->w;
	struct timespec times[2] = {{0}, {0}};
	mode_t mode = 0755;
	int r;

	if (mkdirat(walk->fd, name, 0700) < 0)
		return sbx_fail(err, -errno, "make the directory %s", name);
	if (below) {
		_cleanup_close_ int from =
			openat(below->dir_fd, below->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		_cleanup_close_ int to = openat(walk->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (from < 0 || to < 0)
			return sbx_fail(err, -errno, "open the directory %s", name);
		r = layer_xattrs_copy(w, from, to, err);
		if (r >= 0)
			r = layer_chown_fd(w, to, below->st.st_uid, below->st.st_gid, err);
		if (r < 0)
			return r;
		mode = below->st.st_mode & 07777;
		times[0] = below->st.st_atim;
		times[1] = below->st.st_mtim;
	}
	r = walk_enter(walk, name, err);
	if (r >= 0)
		layer_dir_defer(w, walk->done, mode, times);
	return r;
}

/* walk_missing - this layer has no @name. */
static int walk_missing(struct walk *walk, const char *name, struct sbx_err *err)
{
	_cleanup_lower_file_ struct lower_file below = LOWER_FILE_NONE;
	_cleanup_free_ char *path = xasprintf("%s/%s", walk->done, name);
	int r = layer_lower(walk->w, err);

	if (r >= 0)
		r = lower_find(&walk->w->lower, path, &below, err);
	if (r < 0)
		return r;
	if (r > 0 && S_ISLNK(below.st.st_mode))
		return walk_follow(walk, below.dir_fd, below.name, err);
	/* A file below gives way to the directory, as in an unpacked image. */
	return walk_make(walk, name, r > 0 && S_ISDIR(below.st.st_mode) ? &below : NULL, err);
}

/* walk_whiteout - what is below was deleted by this same layer, so the directory must not show it. */
static int walk_whiteout(struct walk *walk, const char *name, struct sbx_err *err)
{
	if (unlinkat(walk->fd, name, 0) < 0)
		return sbx_fail(err, -errno, "replace the whiteout %s", name);
	int r = walk_make(walk, name, NULL, err);
	if (r < 0)
		return r;
	_cleanup_close_ int fd = openat(walk->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? sbx_fail(err, -errno, "open %s", name) : layer_opaque_set(fd, err);
}

static int walk_step(struct walk *walk, const char *name, struct sbx_err *err)
{
	struct stat st;

	if (fstatat(walk->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? walk_missing(walk, name, err) : sbx_fail(err, -errno, "stat %s", name);
	if (S_ISDIR(st.st_mode))
		return walk_enter(walk, name, err);
	if (S_ISLNK(st.st_mode))
		return walk_follow(walk, walk->fd, name, err);
	if (stat_is_whiteout(&st))
		return walk_whiteout(walk, name, err);
	return sbx_fail_plain(err, -ENOTDIR, "it lies below %s, which is a file in the same layer", name);
}

int layer_walk(struct layer_writer *w, const char *path, char **ret_done, struct sbx_err *err)
{
	_cleanup_walk_ struct walk walk = {.w = w, .todo = xstrdup(path), .done = xcalloc(1, 1), .fd = -1};
	int r = 0;

	walk.fd = openat(w->root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (walk.fd < 0)
		return sbx_fail(err, -errno, "open the layer's root");
	while (r >= 0 && *walk.todo) {
		char name[NAME_MAX + 1];
		size_t n = strcspn(walk.todo, "/");
		if (n > NAME_MAX)
			return sbx_fail(err, -ENAMETOOLONG, "a part of its name");
		memcpy(name, walk.todo, n);
		name[n] = '\0';
		/* What is left stays in front: following a link puts the target there. */
		memmove(walk.todo, walk.todo + n + (walk.todo[n] == '/'),
			strlen(walk.todo + n) + (walk.todo[n] != '/'));
		if (n == 0 || strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			path_pop(walk.done);
			r = walk_restart(&walk, err);
		} else {
			r = walk_step(&walk, name, err);
		}
	}
	if (r >= 0 && ret_done)
		*ret_done = steal_ptr(walk.done);
	return r < 0 ? r : steal_fd(&walk.fd);
}

void layer_parent_forget(struct layer_writer *w)
{
	cleanup_free(&w->parent_path);
	cleanup_close(&w->parent_fd);
	w->parent_path = NULL;
	w->parent_fd = -1;
	w->parent_stale = false;
}

int layer_parent(struct layer_writer *w, const char *path, const char **ret_leaf, struct sbx_err *err)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	*ret_leaf = slash ? slash + 1 : path;
	if (strlen(*ret_leaf) > NAME_MAX)
		return sbx_fail(err, -ENAMETOOLONG, "its name");
	if (n == 0)
		return w->root_fd;
	if (!w->parent_stale && w->parent_path && strncmp(w->parent_path, path, n) == 0 && !w->parent_path[n])
		return w->parent_fd;
	layer_parent_forget(w);
	_cleanup_free_ char *parent = xstrndup(path, n);
	int fd = resolve_in_root(w->root_fd, parent, O_PATH | O_DIRECTORY, NULL);
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		fd = layer_walk(w, parent, NULL, err);
	else if (fd < 0)
		return sbx_fail(err, fd, "open the directory %s", parent);
	if (fd < 0)
		return fd;
	w->parent_path = steal_ptr(parent);
	w->parent_fd = fd;
	return fd;
}
