/* SPDX-License-Identifier: Apache-2.0 */

/* A path followed in user space, as a process chrooted to a descriptor would follow it.
 *
 * Every step opens one name with O_NOFOLLOW below a directory that was reached the same way, and a link is read from
 * its own descriptor, so that a link swapped in between two calls is either seen whole or refused: no order of renames
 * by somebody else leads out of the root.  ".." is never asked of the kernel, since a directory that was moved has
 * another parent by then: the walk starts again from the root with the names it has kept, which hold no links.
 * Sources: path_resolution(7), openat2(2), symlink(7). */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "resolve_walk.h"
#include "sbx/cleanup.h"

#define LINKS_MAX 40 /* MAXSYMLINKS of the kernel */

struct walk {
	int root_fd;                     /* borrowed */
	int fd;                          /* O_PATH, where the walk stands; -1: at the root */
	char done[RESOLVE_PATH_MAX];     /* names from the root to fd, "a/b", no links among them */
	char todo[2 * RESOLVE_PATH_MAX]; /* what is left */
	int n_links;
	bool must_be_dir; /* the path ended in a slash */
};

static int walk_at(const struct walk *w)
{
	return w->fd >= 0 ? w->fd : w->root_fd;
}

/* walk_to_root - stand at the root again. */
static void walk_to_root(struct walk *w)
{
	cleanup_close(&w->fd);
	w->fd = -1;
	w->done[0] = '\0';
}

static int walk_enter(struct walk *w, int *fd, const char *name)
{
	size_t len = strlen(w->done), n = strlen(name);
	if (len + n + 2 > sizeof w->done)
		return -ENAMETOOLONG;
	if (len)
		w->done[len++] = '/';
	memcpy(w->done + len, name, n + 1);
	cleanup_close(&w->fd);
	w->fd = steal_fd(fd);
	return 0;
}

/* walk_up - "..": from the root again through all names but the last. */
static int walk_up(struct walk *w)
{
	char names[RESOLVE_PATH_MAX];
	char *slash = strrchr(w->done, '/');

	/* As the kernel has it: ".." is looked up in a directory, which has to allow that. */
	_cleanup_close_ int here = openat(walk_at(w), ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (here < 0)
		return -errno;
	memcpy(names, w->done, sizeof names);
	names[slash ? slash - w->done : 0] = '\0';
	walk_to_root(w);
	char *save = NULL;
	for (char *name = strtok_r(names, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		_cleanup_close_ int fd = openat(walk_at(w), name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		int r = walk_enter(w, &fd, name);
		if (r < 0)
			return r;
	}
	return 0;
}

/* next_part - cut the next name off todo.  Returns 1 a name, 0 the end, -errno. */
static int next_part(struct walk *w, char part[NAME_MAX + 1])
{
	const char *s = w->todo + strspn(w->todo, "/");
	size_t n = strcspn(s, "/");

	if (n == 0)
		return 0;
	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(part, s, n);
	part[n] = '\0';
	memmove(w->todo, s + n, strlen(s + n) + 1);
	return 1;
}

static bool is_last(const struct walk *w)
{
	return w->todo[strspn(w->todo, "/")] == '\0';
}

/* link_is_magic - links of procfs that jump (fd/N, root, cwd, exe, ns/X) cannot be told from plain ones by a flag, but
 * their text is an absolute path or "type:[number]", while the plain ones (self, mounts, net) are relative names. */
static bool link_is_magic(int link_fd, const char *target)
{
	struct statfs fs;
	if (fstatfs(link_fd, &fs) < 0)
		return true;
	return fs.f_type == PROC_SUPER_MAGIC && (target[0] == '/' || strpbrk(target, ":(") != NULL);
}

/* walk_link - put the text of the link behind @link_fd in front of what is left. */
static int walk_link(struct walk *w, int link_fd)
{
	char target[RESOLVE_PATH_MAX];

	if (++w->n_links > LINKS_MAX)
		return -ELOOP;
	ssize_t n = readlinkat(link_fd, "", target, sizeof target);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ENOENT;
	if ((size_t)n == sizeof target)
		return -ENAMETOOLONG;
	target[n] = '\0';
	if (link_is_magic(link_fd, target))
		return -ELOOP;
	size_t left = strlen(w->todo);
	if ((size_t)n + left + 1 > sizeof w->todo)
		return -ENAMETOOLONG;
	memmove(w->todo + n, w->todo, left + 1);
	memcpy(w->todo, target, (size_t)n);
	if (target[0] == '/')
		walk_to_root(w);
	if (left == 0 && target[n - 1] == '/')
		w->must_be_dir = true;
	return 0;
}

/* part_make - make the missing @part.  An existing one (somebody was faster) is for the caller to open. */
static int part_make(const struct walk *w, const char *part, bool last, const struct resolve_make *make)
{
	if (make->may_make) {
		int r = make->may_make(walk_at(w), make->data);
		if (r < 0)
			return r;
	}
	int r = last && !S_ISDIR(make->type) ? mknodat(walk_at(w), part, S_IFREG | make->mode, 0)
					     : mkdirat(walk_at(w), part, last ? make->mode : make->dir_mode);
	return r < 0 && errno != EEXIST ? -errno : 0;
}

/* part_open - open @part without following it, made first where it is missing and @make allows. */
static int part_open(const struct walk *w, const char *part, bool last, const struct resolve_make *make)
{
	int fd = openat(walk_at(w), part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno != ENOENT || !make)
		return -errno;
	int r = part_make(w, part, last, make);
	if (r < 0)
		return r;
	fd = openat(walk_at(w), part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* leaf_open - the last part, known as @fd (no link, or one that must not be followed), opened as the caller wants it.
 */
static int leaf_open(const struct walk *w, int *fd, const char *part, const struct stat *st, int flags)
{
	if ((flags & O_DIRECTORY || w->must_be_dir) && !S_ISDIR(st->st_mode))
		return -ENOTDIR;
	if (flags & O_PATH)
		return steal_fd(fd);
	int real = openat(walk_at(w), part, flags | O_NOFOLLOW | O_CLOEXEC);
	return real < 0 ? -errno : real;
}

/* walk_step - one part.  Returns 0 and, at the end of the path, the descriptor in *ret_fd; -errno. */
static int walk_step(struct walk *w, const char *part, int flags, const struct resolve_make *make, int *ret_fd)
{
	bool last = is_last(w);
	struct stat st;

	if (strcmp(part, ".") == 0)
		return 0;
	if (strcmp(part, "..") == 0)
		return walk_up(w);
	_cleanup_close_ int fd = part_open(w, part, last, make);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	bool keep_link = last && (flags & O_NOFOLLOW) && !w->must_be_dir;
	if (S_ISLNK(st.st_mode) && !keep_link)
		return walk_link(w, fd);
	if (last) {
		int real = leaf_open(w, &fd, part, &st, flags);
		*ret_fd = real;
		return real < 0 ? real : 0;
	}
	return S_ISDIR(st.st_mode) ? walk_enter(w, &fd, part) : -ENOTDIR;
}

int resolve_walk(int root_fd, const char *path, int flags, const struct resolve_make *make)
{
	struct walk w = {.root_fd = root_fd, .fd = -1};
	char part[NAME_MAX + 1];
	size_t len = strlen(path);
	int fd = -1, r = 0;

	if (len == 0)
		return -ENOENT;
	if (len >= RESOLVE_PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w.todo, path, len + 1);
	w.must_be_dir = path[len - 1] == '/';
	while (r == 0 && fd < 0 && (r = next_part(&w, part)) > 0)
		r = walk_step(&w, part, flags, make, &fd);
	if (r == 0 && fd < 0) {
		/* The path was the root, or ended in "." or "..": where the walk stands is what was asked for. */
		fd = openat(walk_at(&w), ".", flags | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	}
	cleanup_close(&w.fd);
	return r < 0 ? r : fd;
}

int resolve_walk_in_root(int root_fd, const char *path, int flags)
{
	return resolve_walk(root_fd, path, flags, NULL);
}
