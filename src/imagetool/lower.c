/* SPDX-License-Identifier: Apache-2.0 */
/* Looking a path up in a stack of extracted layers. */
#include "lower.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

void lower_free(struct lower_stack *lower)
{
	for (size_t i = 0; i < lower->n; i++)
		close(lower->roots[i]);
	free(lower->roots);
	*lower = (struct lower_stack){0};
}

void lower_file_free(struct lower_file *file)
{
	cleanup_close(&file->dir_fd);
	file->dir_fd = -1;
}

bool stat_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool dir_is_opaque(int fd)
{
	char value[2];
	return fgetxattr(fd, WHITEOUT_OPAQUE_XATTR, value, sizeof(value)) == 1 && value[0] == 'y';
}

void path_pop(char *path)
{
	char *slash = strrchr(path, '/');
	*(slash ? slash : path) = '\0';
}

/* The same directory in every layer that has a say in it, uppermost first. */
struct level {
	int *fds;
	size_t n;
};

static void level_free(struct level *level)
{
	for (size_t i = 0; i < level->n; i++)
		close(level->fds[i]);
	free(level->fds);
	*level = (struct level){0};
}
#define _cleanup_level_ __attribute__((cleanup(level_free)))

static int level_root(const struct lower_stack *lower, struct level *ret, struct sbx_err *err)
{
	*ret = (struct level){.fds = xcalloc(lower->n + 1, sizeof(int))};
	for (size_t i = 0; i < lower->n; i++) {
		int fd = openat(lower->roots[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return sbx_fail(err, -errno, "open a layer below");
		ret->fds[ret->n++] = fd;
		if (dir_is_opaque(fd))
			break;
	}
	return 0;
}

/* level_step - one part down.  @ret: what stands there, the uppermost of it; @down: where it is a directory.
 * Returns 1, 0 nothing there, -errno. */
static int level_step(
	const struct level *at, const char *name, struct level *down, struct lower_file *ret, struct sbx_err *err)
{
	bool found = false;

	*down = (struct level){.fds = xcalloc(at->n + 1, sizeof(int))};
	for (size_t i = 0; i < at->n; i++) {
		struct stat st;
		if (fstatat(at->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno == ENOENT)
				continue;
			return sbx_fail(err, -errno, "look for %s in a layer below", name);
		}
		if (stat_is_whiteout(&st))
			break;
		if (!found) {
			found = true;
			lower_file_free(ret);
			ret->dir_fd = fcntl(at->fds[i], F_DUPFD_CLOEXEC, 3);
			ret->st = st;
			snprintf(ret->name, sizeof(ret->name), "%s", name);
		}
		if (!S_ISDIR(st.st_mode))
			break;
		int fd = openat(at->fds[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return sbx_fail(err, -errno, "open %s in a layer below", name);
		down->fds[down->n++] = fd;
		if (dir_is_opaque(fd))
			break;
	}
	return found;
}

static int lower_find_root(const struct lower_stack *lower, struct lower_file *ret, struct sbx_err *err)
{
	if (lower->n == 0)
		return 0;
	ret->dir_fd = fcntl(lower->roots[0], F_DUPFD_CLOEXEC, 3);
	strcpy(ret->name, ".");
	if (fstatat(ret->dir_fd, ".", &ret->st, 0) < 0)
		return sbx_fail(err, -errno, "stat a layer below");
	return 1;
}

/* follow - put a link's target in front of what is left of the path.  @done: the path up to the link's directory. */
static int follow(const struct lower_file *link, const char *done, const char *rest, char **ret, struct sbx_err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(link->dir_fd, link->name, target, sizeof(target) - 1);

	if (n < 0)
		return sbx_fail(err, -errno, "read the link %s in a layer below", link->name);
	target[n] = '\0';
	*ret = xasprintf("%s/%s/%s", *target == '/' ? "" : done, target, rest);
	return 0;
}

/* find_once - walk until the end, a link on the way, or "..": for the last two *ret_again is the path to start again
 * with, its beginning free of links. */
static int find_once(const struct lower_stack *lower, const char *path, char **ret_again, struct lower_file *ret,
	struct sbx_err *err)
{
	_cleanup_free_ char *todo = xstrdup(path), *done = xcalloc(1, strlen(path) + 2);
	_cleanup_level_ struct level at = {0};
	char *rest = todo, *part;
	int r = level_root(lower, &at, err);

	if (r < 0)
		return r;
	r = lower_find_root(lower, ret, err);
	while (r > 0 && (part = strsep(&rest, "/"))) {
		if (!*part || strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0) {
			path_pop(done);
			*ret_again = xasprintf("%s/%s", done, rest ? rest : "");
			return 0;
		}
		_cleanup_level_ struct level down = {0};
		r = level_step(&at, part, &down, ret, err);
		if (r <= 0)
			return r;
		bool last = !rest || !rest[strspn(rest, "/")];
		if (S_ISLNK(ret->st.st_mode) && !last) {
			r = follow(ret, done, rest, ret_again, err);
			return r;
		}
		if (!S_ISDIR(ret->st.st_mode) && !last)
			return 0;
		if (*done)
			strcat(done, "/");
		strcat(done, part);
		level_free(&at);
		at = down;
		down = (struct level){0};
	}
	return r;
}

int lower_find(const struct lower_stack *lower, const char *path, struct lower_file *ret, struct sbx_err *err)
{
	_cleanup_free_ char *now = xstrdup(path);

	for (int links = 0; links < LINKS_MAX; links++) {
		_cleanup_free_ char *again = NULL;
		lower_file_free(ret);
		int r = find_once(lower, now, &again, ret, err);
		if (r < 0 || !again)
			return r;
		if (strlen(again) >= PATH_MAX)
			return sbx_fail(err, -ENAMETOOLONG, "follow links in the layers below");
		free(now);
		now = steal_ptr(again);
	}
	return sbx_fail(err, -ELOOP, "follow links in the layers below");
}
