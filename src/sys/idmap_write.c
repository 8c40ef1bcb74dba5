/* SPDX-License-Identifier: Apache-2.0 */

/* Give a new user namespace its maps: directly where the kernel lets us, else by newuidmap and newgidmap. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/idmap.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

/* proc_write - one write(2) to /proc/PID/FILE: the kernel takes a map only whole. */
static int proc_write(pid_t pid, const char *file, const char *text, size_t n)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t done = write(fd, text, n);
	return done == (ssize_t)n ? 0 : done < 0 ? -errno : -EIO;
}

static int write_map(pid_t pid, const char *file, const struct idmap *map)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	for (size_t i = 0; i < map->n; i++)
		strbuf_addf(
			&text, "%u %u %u\n", map->extents[i].inside, map->extents[i].outside, map->extents[i].count);
	return proc_write(pid, file, text.s ? text.s : "", text.len);
}

/* write_direct - by the files.  An ordinary user may map its own id, and the group only where setgroups is denied for
 * good: otherwise a user could drop a group that a file's mode shuts out.  Root keeps setgroups. */
static int write_direct(const struct idmap_pair *maps, pid_t pid, struct sbx_err *err)
{
	bool denied = geteuid() != 0;
	int r = denied ? proc_write(pid, "setgroups", "deny", 4) : 0;
	if (r < 0)
		return sbx_fail(err, r, "deny setgroups in the new user namespace");
	r = write_map(pid, "gid_map", &maps->gid);
	if (r == -EPERM && !denied) {
		/* Root of a container that lacks CAP_SETGID is as an ordinary user here. */
		r = proc_write(pid, "setgroups", "deny", 4);
		if (r == 0)
			r = write_map(pid, "gid_map", &maps->gid);
	}
	if (r < 0)
		return sbx_fail(err, r, "write the group id map of the new user namespace");
	r = write_map(pid, "uid_map", &maps->uid);
	return r < 0 ? sbx_fail(err, r, "write the user id map of the new user namespace") : 0;
}

/* One of the two set-user-id helpers at work. */
struct map_helper {
	const char *name, *sub_file;
	const struct idmap *map;
	char *path;
	pid_t pid;
	int out_fd;
};

static int helper_start(struct map_helper *h, pid_t pid, struct sbx_err *err)
{
	h->path = helper_find(h->name);
	if (!h->path)
		return sbx_fail_plain(err, -ENOENT,
			"%s is not installed, and mapping more than one id needs it (Debian, Ubuntu: uidmap; Fedora: "
			"shadow-utils); or use UserNS=single",
			h->name);
	_cleanup_strv_ struct strv argv = {0};
	strv_add(&argv, h->path);
	strv_addf(&argv, "%d", (int)pid);
	for (size_t i = 0; i < h->map->n; i++) {
		strv_addf(&argv, "%u", h->map->extents[i].inside);
		strv_addf(&argv, "%u", h->map->extents[i].outside);
		strv_addf(&argv, "%u", h->map->extents[i].count);
	}
	int pipe_fds[2];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	h->out_fd = pipe_fds[0];
	h->pid = helper_spawn((const char *const *)argv.v, pipe_fds[1], NULL, 0, NULL, err);
	close(pipe_fds[1]);
	return h->pid < 0 ? h->pid : 0;
}

static int helper_end(struct map_helper *h, struct sbx_err *err)
{
	pid_t pid = h->pid;
	h->pid = -1;
	int r = helper_finish(pid, h->out_fd, h->path, err);
	if (r == -EIO && err && !strstr(err->msg, h->sub_file)) {
		size_t len = strlen(err->msg);
		snprintf(err->msg + len, sizeof(err->msg) - len, " (ranges come from %s; %s must be set-user-id root)",
			h->sub_file, h->path);
	}
	return r;
}

static void helper_free(struct map_helper *h)
{
	cleanup_pid(&h->pid);
	cleanup_close(&h->out_fd);
	cleanup_free(&h->path);
}

static int write_by_helpers(const struct idmap_pair *maps, pid_t pid, struct sbx_err *err)
{
	struct map_helper helpers[] = {
		{.name = "newuidmap", .sub_file = "/etc/subuid", .map = &maps->uid, .pid = -1, .out_fd = -1},
		{.name = "newgidmap", .sub_file = "/etc/subgid", .map = &maps->gid, .pid = -1, .out_fd = -1},
	};
	int r = 0;
	for (size_t i = 0; i < ARRAY_SIZE(helpers) && r == 0; i++)
		r = helper_start(&helpers[i], pid, err);
	for (size_t i = 0; i < ARRAY_SIZE(helpers) && r == 0; i++)
		r = helper_end(&helpers[i], err);
	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++)
		helper_free(&helpers[i]);
	return r;
}

int idmap_write(const struct idmap_pair *maps, pid_t pid, struct sbx_err *err)
{
	if (!maps->by_helper || geteuid() == 0)
		return write_direct(maps, pid, err);
	return write_by_helpers(maps, pid, err);
}
