/* SPDX-License-Identifier: Apache-2.0 */

/* Layers stacked into one tree: by the kernel's overlayfs, or by fuse-overlayfs, which the launcher starts.
 * Sources: Linux Documentation/filesystems/overlayfs.rst; fuse-overlayfs(1); Linux Documentation/filesystems/fuse. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "build.h"
#include "sbx/cleanup.h"
#include "sbx/log.h"
#include "sbx/mountapi.h"
#include "sbx/str.h"
#include "sync.h"

#define FD_PATH_MAX 32
#define MOUNT_OPTIONS_MAX 4095 /* mount(2): one page */

static void fd_path(int fd, char ret[static FD_PATH_MAX])
{
	snprintf(ret, FD_PATH_MAX, "/proc/self/fd/%d", fd);
}

void stack_dir_name(int which, char ret[static 24])
{
	/* The root's is the scratch directory itself: one directory less to make and remove. */
	if (which == 0)
		snprintf(ret, 24, ".");
	else
		snprintf(ret, 24, "o%d", which);
}

/* copy_root_attributes - the merged root takes mode, owner and times from its upper directory: give that, @name in
 * @dir_fd, those of the topmost lower one. */
static int copy_root_attributes(int lower_fd, int dir_fd, const char *name, struct sbx_err *err)
{
	struct stat st;
	if (fstat(lower_fd, &st) < 0)
		return sbx_fail(err, -errno, "stat the top layer");
	/* An owner without a mapping, or in a single map: the directory stays the caller's. */
	if ((st.st_uid != geteuid() || st.st_gid != getegid()) &&
		fchownat(dir_fd, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL &&
		errno != EPERM)
		return sbx_fail(err, -errno, "give the writable layer the owner of the image's root");
	if ((st.st_mode & 07777) != 0755 && fchmodat(dir_fd, name, st.st_mode & 07777, 0) < 0)
		return sbx_fail(err, -errno, "give the writable layer the mode of the image's root");
	const struct timespec times[2] = {st.st_atim, st.st_mtim};
	if (utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return sbx_fail(err, -errno, "give the writable layer the times of the image's root");
	return 0;
}

/* The open directories of one stack. */
struct stack {
	int dir_fd; /* of upper and work; the result is mounted on it */
	int upper_fd, work_fd;
	int *lower_fds;
	size_t n;
};

static void stack_close(struct stack *s)
{
	cleanup_close(&s->dir_fd);
	cleanup_close(&s->upper_fd);
	cleanup_close(&s->work_fd);
	for (size_t i = 0; i < s->n; i++)
		cleanup_close(&s->lower_fds[i]);
	cleanup_free(&s->lower_fds);
}

static int open_dir(int dirfd, const char *name, int flags)
{
	int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | flags);
	return fd < 0 ? -errno : fd;
}

static int stack_open(
	const struct root_build *b, int which, const struct strv *lower, struct stack *s, struct sbx_err *err)
{
	char name[24];
	stack_dir_name(which, name);
	if (which > 0 && mkdirat(b->base_fd, name, 0755) < 0)
		return sbx_fail(err, -errno, "make a directory in the scratch directory");
	s->dir_fd = open_dir(b->base_fd, name, O_NOFOLLOW);
	if (s->dir_fd < 0 || mkdirat(s->dir_fd, "upper", 0755) < 0 || mkdirat(s->dir_fd, "work", 0700) < 0)
		return sbx_fail(err, -errno, "make a directory in the scratch directory");
	s->lower_fds = xcalloc(lower->n, sizeof *s->lower_fds);
	for (; s->n < lower->n; s->n++) {
		s->lower_fds[s->n] = open_dir(AT_FDCWD, lower->v[s->n], 0);
		if (s->lower_fds[s->n] < 0)
			return sbx_fail(err, s->lower_fds[s->n], "open the layer %s", lower->v[s->n]);
	}
	int r = copy_root_attributes(s->lower_fds[0], s->dir_fd, "upper", err);
	if (r < 0)
		return r;
	s->upper_fd = open_dir(s->dir_fd, "upper", O_NOFOLLOW);
	s->work_fd = open_dir(s->dir_fd, "work", O_NOFOLLOW);
	if (s->upper_fd < 0 || s->work_fd < 0)
		return sbx_fail(err, s->upper_fd < 0 ? s->upper_fd : s->work_fd, "open the writable layer");
	return 0;
}

/* mount_native - paths through /proc/self/fd keep 127 layers far below the one page that mount(2) takes, whatever the
 * store is called.  `volatile`: an ephemeral layer need not survive a crash, and without it the kernel would sync the
 * whole file system below at every end. */
static int mount_native(const struct stack *s, struct sbx_err *err)
{
	char path[FD_PATH_MAX];
	_cleanup_strbuf_ struct strbuf options = {0};
	strbuf_add(&options, "userxattr,volatile");
	fd_path(s->upper_fd, path);
	strbuf_addf(&options, ",upperdir=%s", path);
	fd_path(s->work_fd, path);
	strbuf_addf(&options, ",workdir=%s", path);
	for (size_t i = 0; i < s->n; i++) {
		fd_path(s->lower_fds[i], path);
		strbuf_addf(&options, "%s%s", i ? ":" : ",lowerdir=", path);
	}
	if (options.len > MOUNT_OPTIONS_MAX)
		return sbx_fail_plain(err, -E2BIG, "stack %zu layers: too many for one mount", s->n);
	fd_path(s->dir_fd, path);
	if (mount("overlay", path, "overlay", MS_NOSUID | MS_NODEV, options.s) < 0)
		return sbx_fail(err, -errno, "stack %zu layers with the kernel's overlayfs", s->n);
	return 0;
}

/* mount_fuse - the mount must be made in here and the server must run out there: the open /dev/fuse connects both. */
static int mount_fuse(const struct root_build *b, int which, const struct stack *s, struct sbx_err *err)
{
	char path[FD_PATH_MAX], options[160];
	int fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse_fd < 0)
		return sbx_fail(
			err, -errno, "open /dev/fuse for fuse-overlayfs (as root: modprobe fuse; chmod 666 /dev/fuse)");
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other,default_permissions",
		fuse_fd, (unsigned)getuid(), (unsigned)getgid());
	fd_path(s->dir_fd, path);
	int r = mount("fuse-overlayfs", path, "fuse.fuse-overlayfs", MS_NOSUID | MS_NODEV, options) < 0 ? -errno : 0;
	if (r < 0) {
		close(fuse_fd);
		return sbx_fail(err, r, "mount for fuse-overlayfs");
	}
	r = sync_send(b->sync_fd, SYNC_FUSE, which, NULL, fuse_fd);
	/* Before the wait: our own descriptor would keep the connection of a dead server open. */
	close(fuse_fd);
	if (r < 0)
		return sbx_fail(err, r, "ask the launcher for fuse-overlayfs");
	return sync_expect(b->sync_fd, SYNC_FUSE_READY, err);
}

/* The kernel's ways to say that it cannot stack this, here, for an ordinary user. */
static bool native_is_refused(int code)
{
	return code == -EPERM || code == -EINVAL || code == -ENODEV || code == -EOPNOTSUPP || code == -ELOOP ||
	       code == -ENOSYS || code == -E2BIG;
}

static int stack_mount_on(const struct root_build *b, int which, const struct stack *s, struct sbx_err *err)
{
	enum storage_kind storage = b->spec->root.storage;
	/* The host's own root has other mounts below it, which the kernel will not stack for a user namespace. */
	bool try_native = storage == STORAGE_NATIVE ||
			  (storage == STORAGE_AUTO && !(which == 0 && b->spec->root.kind == ROOT_HOST));
	struct sbx_err native = {0};
	if (try_native) {
		int r = mount_native(s, &native);
		if (r == 0 || storage == STORAGE_NATIVE || !native_is_refused(r)) {
			if (err)
				*err = native;
			return r;
		}
		log_debug("%s; trying fuse-overlayfs", native.msg);
	}
	int r = mount_fuse(b, which, s, err);
	if (r < 0 && native.code < 0)
		return sbx_err_prefix(err, r, "%s; then", native.msg);
	return r;
}

int stack_mount(struct root_build *b, int which, const struct strv *lower, struct sbx_err *err)
{
	_cleanup_(stack_close) struct stack s = {.dir_fd = -1, .upper_fd = -1, .work_fd = -1};
	char name[24];
	int r = stack_open(b, which, lower, &s, err);
	if (r == 0)
		r = stack_mount_on(b, which, &s, err);
	if (r < 0)
		return r;
	/* The open descriptors show what lies below the new mount; a name that is looked up anew leads into it. */
	stack_dir_name(which, name);
	_cleanup_close_ int fd = which == 0 ? open_dir(AT_FDCWD, b->base_path, 0) : open_dir(b->base_fd, name, 0);
	if (fd < 0)
		return sbx_fail(err, fd, "open the stacked layers");
	r = build_own(b, fd, err);
	/* A server's own upper directory in memory could not be given them before. */
	if (r == 0 && b->spec->root.scratch == SCRATCH_MEMORY)
		r = copy_root_attributes(s.lower_fds[0], fd, ".", err);
	return r < 0 ? r : steal_fd(&fd);
}
