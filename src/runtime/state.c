/* SPDX-License-Identifier: Apache-2.0 */

/* Running sandboxes by name.  A directory is its own lock, as a scratch directory is. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/dirs.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "state_run.h"

#define SAME_NAME_MAX 10000
#define BUSY_TRIES 5
#define BUSY_WAIT_MS 2

static int dir_open(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* collect - remove what killed runs left: the directories whose lock is free. */
static void collect(int parent_fd)
{
	struct dirent *entry;
	int fd = openat(parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_dir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		cleanup_close(&fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		_cleanup_close_ int lock = dir_open(parent_fd, entry->d_name);
		if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
			tree_remove(parent_fd, entry->d_name, NULL);
	}
}

/* take_name - make or take over the directory @name.  Returns its descriptor, locked; -EWOULDBLOCK it is in use;
 * -ESTALE it was removed in between. */
static int take_name(int parent_fd, const char *name)
{
	struct stat st;
	bool made = mkdirat(parent_fd, name, 0700) == 0;
	if (!made && errno != EEXIST)
		return -errno;
	_cleanup_close_ int fd = dir_open(parent_fd, name);
	if (fd < 0)
		return fd == -ENOENT ? -ESTALE : fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return made && errno == EWOULDBLOCK ? -ESTALE : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_nlink == 0)
		return -ESTALE;
	/* Of a killed run, if of any. */
	static const char *const files[] = {STATE_RECORD, STATE_RECORD ".new", STATE_NET_STATS};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (unlinkat(fd, files[i], 0) < 0 && errno != ENOENT)
			return -errno;
	return steal_fd(&fd);
}

int state_create(const struct sandbox_spec *spec, struct run_state *ret, struct sbx_err *err)
{
	*ret = RUN_STATE_NONE;
	_cleanup_free_ char *parent = dir_runtime(err);
	_cleanup_close_ int parent_fd = parent ? mkdir_private(parent, err) : -ENOENT;
	if (parent_fd < 0)
		return sbx_err_prefix(err, parent_fd, "a place for what is known of the running sandbox");
	collect(parent_fd);
	int tries = 0;
	for (int number = 1; number < SAME_NAME_MAX; number++) {
		_cleanup_free_ char *name = number > 1 ? xasprintf("%s-%d", spec->name, number) : xstrdup(spec->name);
		int fd = take_name(parent_fd, name);
		if (fd >= 0) {
			*ret = (struct run_state){steal_ptr(name), steal_fd(&parent_fd), fd};
			return 0;
		}
		/* Another run may hold it for the moment in which it removes what a killed one left. */
		bool again = fd == -ESTALE || (fd == -EWOULDBLOCK && spec->name_given && tries++ < BUSY_TRIES);
		if (fd == -EWOULDBLOCK && again)
			nanosleep(&(struct timespec){.tv_nsec = BUSY_WAIT_MS * 1000000L}, NULL);
		if (again)
			number--;
		else if (fd != -EWOULDBLOCK)
			return sbx_fail(err, fd, "make %s/%s", parent, name);
		else if (spec->name_given)
			return sbx_fail_plain(err, -EBUSY, "a sandbox named %s is running already (%s/%s is locked)",
				name, parent, name);
	}
	return sbx_fail_plain(err, -EEXIST, "%d sandboxes named %s are running", SAME_NAME_MAX, spec->name);
}

void state_remove(struct run_state *state)
{
	if (state->name)
		tree_remove(state->parent_fd, state->name, NULL);
	cleanup_free(&state->name);
	cleanup_close(&state->parent_fd);
	cleanup_close(&state->fd);
}

int state_open(const char *name, struct sbx_err *err)
{
	_cleanup_free_ char *parent = dir_runtime(err);
	_cleanup_free_ char *path = parent ? xasprintf("%s/%s", parent, name) : NULL;
	if (!path)
		return -ENOENT;
	/* What is no name of a sandbox could be a path to anywhere. */
	bool is_name = *name && *name != '.' && !strchr(name, '/');
	_cleanup_close_ int fd = is_name ? dir_open(AT_FDCWD, path) : -ENOENT;
	if (fd < 0 && fd != -ENOENT)
		return sbx_fail(err, fd, "open %s", path);
	/* Whoever gets the lock has found what a killed run left. */
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0)
		return sbx_fail_plain(err, -ENOENT, "no sandbox named %s is running", name);
	return steal_fd(&fd);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_names(struct strv *ret, struct sbx_err *err)
{
	struct dirent *entry;
	_cleanup_free_ char *parent = dir_runtime(err);
	_cleanup_dir_ DIR *dir = parent ? opendir(parent) : NULL;
	size_t before = ret->n;
	if (!parent)
		return -ENOENT;
	if (!dir)
		return errno == ENOENT ? 0 : sbx_fail(err, -errno, "open %s", parent);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		_cleanup_close_ int fd = dir_open(dirfd(dir), entry->d_name);
		if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && faccessat(fd, STATE_RECORD, F_OK, 0) == 0)
			strv_add(ret, entry->d_name);
	}
	if (ret->n > before)
		qsort(ret->v + before, ret->n - before, sizeof *ret->v, name_order);
	return 0;
}

int state_net_stats(const char *name, struct net_stats *ret, struct sbx_err *err)
{
	_cleanup_close_ int dir = state_open(name, err);
	if (dir < 0)
		return dir;
	_cleanup_close_ int fd = openat(dir, STATE_NET_STATS, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return sbx_fail_plain(
			err, -ENOENT, "%s has no network that is counted: that is Network=slirp alone", name);
	int r = fd < 0 ? -errno : read_exact(fd, ret, sizeof *ret);
	if (r < 0)
		return sbx_fail(err, r, "read the network counters of %s", name);
	return ret->magic == NET_STATS_MAGIC
		       ? 0
		       : sbx_fail_plain(err, -EPROTO, "the network counters of %s are of another version of sbx", name);
}

char *state_net_log_path(const char *name, struct sbx_err *err)
{
	_cleanup_free_ char *dir = dir_state(err);
	return dir ? xasprintf("%s/net/%s.jsonl", dir, name) : NULL;
}

int state_net_log_open(const struct run_state *state, struct sbx_err *err)
{
	_cleanup_free_ char *path = state_net_log_path(state->name, err);
	if (!path)
		return -ENOENT;
	char *slash = strrchr(path, '/');
	*slash = '\0';
	_cleanup_close_ int dir = mkdir_private(path, err);
	*slash = '/';
	if (dir < 0)
		return dir;
	int fd = openat(dir, slash + 1, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? sbx_fail(err, -errno, "make the network log %s", path) : fd;
}
