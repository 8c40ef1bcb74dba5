/* SPDX-License-Identifier: Apache-2.0 */

/* What each mount operation does: one function a kind, one table. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "build.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/mountapi.h"
#include "sbx/resolve.h"
#include "sbx/str.h"

/* An operation at work. */
struct op_context {
	struct root_build *build;
	const struct mount_op *op;
	int number; /* N of stack_mount */
};

/* mount_id - of the mount that @fd stands in.  Not st_dev: a file of overlayfs may show the device of its layer. */
static int mount_id(int fd, uint64_t *ret)
{
	struct statx st;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return -errno;
	if (!(st.stx_mask & STATX_MNT_ID))
		return -EOPNOTSUPP; /* before Linux 5.8, where mount_setattr is missing anyway */
	*ret = st.stx_mnt_id;
	return 0;
}

int build_own(struct root_build *b, int fd, struct sbx_err *err)
{
	uint64_t id;
	int r = mount_id(fd, &id);
	if (r < 0)
		return sbx_fail(err, r, "look at a new file system");
	b->own_mounts = xrealloc(b->own_mounts, b->n_own_mounts + 1, sizeof *b->own_mounts);
	b->own_mounts[b->n_own_mounts++] = id;
	return 0;
}

/* may_make - no mount point is ever made on the host: -EROFS outside this run's own file systems. */
static int may_make(int dir_fd, void *data)
{
	const struct root_build *b = data;
	uint64_t id;
	int r = mount_id(dir_fd, &id);
	if (r < 0)
		return r;
	for (size_t i = 0; i < b->n_own_mounts; i++)
		if (b->own_mounts[i] == id)
			return 0;
	return -EROFS;
}

int build_target(const struct root_build *b, const char *dst, mode_t type, struct sbx_err *err)
{
	struct resolve_make make = {
		.type = type,
		.mode = type == S_IFDIR ? 0755 : 0644,
		.dir_mode = 0755,
		.may_make = may_make,
		.data = (void *)(uintptr_t)b,
	};
	struct sbx_err why = {0};
	int fd = resolve_make_in_root(b->root_fd, dst, &make, &why);
	if (fd >= 0)
		return fd;
	if (fd == -EROFS)
		return sbx_fail_plain(err, fd,
			"the mount point %s is missing and would have to be made on the host, which sbx never does: "
			"make it, "
			"or mount elsewhere",
			dst);
	if (err)
		*err = why;
	return fd;
}

int tree_clone(int dirfd, const char *path, bool recursive, uint64_t attrs, const char *what, struct sbx_err *err)
{
	unsigned deep = recursive ? AT_RECURSIVE : 0;
	unsigned empty = *path ? 0 : AT_EMPTY_PATH;
	_cleanup_close_ int fd = sys_open_tree(dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep | empty);
	if (fd == -EINVAL && !recursive)
		return sbx_fail_plain(err, fd,
			"bind %s: other file systems are mounted below it, and an ordinary user cannot leave them out: "
			"add "
			"the option rec",
			what);
	if (fd < 0)
		return sbx_fail(err, fd, "bind %s", what);
	int r = sys_mount_setattr(fd, "", AT_EMPTY_PATH | deep, attrs, 0, MS_PRIVATE);
	if (r < 0)
		return sbx_fail(err, r, "set the mount options of %s", what);
	return steal_fd(&fd);
}

/* source_open - the host path of an operation, opened once.  *ret_fd -1: missing, and that is allowed. */
static int source_open(const struct mount_op *op, int *ret_fd, mode_t *ret_type, struct sbx_err *err)
{
	struct stat st;
	int fd = open(op->src, O_PATH | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && (op->flags & MOUNT_OP_CREATE)) {
		struct sbx_err why = {0};
		fd = mkdir_private(op->src, &why);
		if (fd < 0)
			return sbx_fail_plain(err, fd, "%s", why.msg);
	} else if (fd < 0 && errno == ENOENT && (op->flags & MOUNT_OP_OPTIONAL)) {
		*ret_fd = -1;
		return 0;
	} else if (fd < 0)
		return sbx_fail(err, -errno, "open %s", op->src);
	if (fstat(fd, &st) < 0) {
		int r = -errno;
		close(fd);
		return sbx_fail(err, r, "stat %s", op->src);
	}
	*ret_fd = fd;
	*ret_type = st.st_mode & S_IFMT;
	return 0;
}

/* attach_at - the detached mount @mount_fd on @dst. */
static int attach_at(const struct op_context *c, int mount_fd, mode_t type, struct sbx_err *err)
{
	_cleanup_close_ int target = build_target(c->build, c->op->dst, type, err);
	if (target < 0)
		return target;
	int r = mount_attach(mount_fd, target);
	if (r == -ENOTDIR)
		return sbx_fail_plain(err, r, "%s is %s inside, and what is mounted there is not", c->op->dst,
			type == S_IFDIR ? "a file" : "a directory");
	return r < 0 ? sbx_fail(err, r, "mount on %s", c->op->dst) : 0;
}

static int op_bind(const struct op_context *c, struct sbx_err *err)
{
	const struct mount_op *op = c->op;
	_cleanup_close_ int src = -1;
	mode_t type = 0;
	int r = source_open(op, &src, &type, err);
	if (r < 0 || src < 0)
		return r;
	_cleanup_close_ int mount_fd = tree_clone(src, "", op->flags & MOUNT_OP_RECURSIVE, op->attrs, op->src, err);
	if (mount_fd < 0)
		return mount_fd;
	return attach_at(c, mount_fd, type == S_IFDIR ? S_IFDIR : S_IFREG, err);
}

int device_attach(const char *src, dev_t rdev, int dst_fd, uint64_t attrs, struct sbx_err *err)
{
	struct stat st;
	/* The clone is of the very file that is looked at: what the name leads to later does not count. */
	_cleanup_close_ int fd = open(src, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return sbx_fail(err, -errno, "open the device %s", src);
	if (fstat(fd, &st) < 0)
		return sbx_fail(err, -errno, "stat the device %s", src);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return sbx_fail_plain(err, -ENODEV, "%s is not a device node", src);
	if (rdev && (!S_ISCHR(st.st_mode) || st.st_rdev != rdev))
		return sbx_fail_plain(err, -ENODEV, "the host's %s is another device than its name says", src);
	_cleanup_close_ int mount_fd = tree_clone(fd, "", false, attrs, src, err);
	if (mount_fd < 0)
		return mount_fd;
	int r = mount_attach(mount_fd, dst_fd);
	return r < 0 ? sbx_fail(err, r, "mount the device %s", src) : 0;
}

static int op_device(const struct op_context *c, struct sbx_err *err)
{
	const struct mount_op *op = c->op;
	if ((op->flags & MOUNT_OP_OPTIONAL) && access(op->src, F_OK) < 0)
		return 0;
	_cleanup_close_ int target = build_target(c->build, op->dst, S_IFREG, err);
	return target < 0 ? target : device_attach(op->src, 0, target, op->attrs, err);
}

static int op_tmpfs(const struct op_context *c, struct sbx_err *err)
{
	char size[40], mode[24];
	const char *options[] = {mode, c->op->size_bytes ? size : NULL, NULL};
	snprintf(size, sizeof size, "size=%llu", (unsigned long long)c->op->size_bytes);
	snprintf(mode, sizeof mode, "mode=%o", c->op->mode ? (unsigned)c->op->mode : 0755u);
	_cleanup_close_ int fd = fs_mount_new("tmpfs", options, (unsigned)c->op->attrs, err);
	if (fd < 0)
		return fd;
	int r = build_own(c->build, fd, err);
	return r < 0 ? r : attach_at(c, fd, S_IFDIR, err);
}

static int bind_host(const struct op_context *c, const char *src, struct sbx_err *err)
{
	_cleanup_close_ int fd = tree_clone(AT_FDCWD, src, true, c->op->attrs, src, err);
	return fd < 0 ? fd : attach_at(c, fd, S_IFDIR, err);
}

static int op_proc(const struct op_context *c, struct sbx_err *err)
{
	if (c->op->flags & MOUNT_OP_HOST)
		return bind_host(c, "/proc", err);
	_cleanup_close_ int fd = fs_mount_new("proc", NULL, (unsigned)c->op->attrs, err);
	if (fd == -EPERM)
		return sbx_fail_plain(err, fd,
			"mount a new /proc: the kernel refuses it to a user namespace where parts of the /proc outside "
			"are "
			"covered, as in most containers: set [Files] Proc=host-bind, or start the container with its "
			"/proc "
			"unmasked (podman: --security-opt unmask=ALL)");
	return fd < 0 ? fd : attach_at(c, fd, S_IFDIR, err);
}

static int op_sysfs(const struct op_context *c, struct sbx_err *err)
{
	if (c->op->flags & MOUNT_OP_HOST)
		return bind_host(c, "/sys", err);
	struct sbx_err why = {0};
	_cleanup_close_ int fd = fs_mount_new("sysfs", NULL, (unsigned)c->op->attrs, &why);
	/* As with /proc: in most containers parts of /sys are covered, and only the one outside can be shown. */
	if (fd == -EPERM)
		return bind_host(c, "/sys", err);
	if (fd < 0 && err)
		*err = why;
	return fd < 0 ? fd : attach_at(c, fd, S_IFDIR, err);
}

static int op_cgroup(const struct op_context *c, struct sbx_err *err)
{
	struct sbx_err why = {0};
	_cleanup_close_ int fd = fs_mount_new("cgroup2", NULL, (unsigned)c->op->attrs, &why);
	/* A host without it, or one that hides it: nothing is shown then, and nothing is lost. */
	if (fd < 0)
		return 0;
	_cleanup_close_ int target = resolve_in_root(c->build->root_fd, c->op->dst, O_PATH | O_DIRECTORY, NULL);
	if (target < 0)
		return 0;
	int r = mount_attach(fd, target);
	return r < 0 ? sbx_fail(err, r, "mount on %s", c->op->dst) : 0;
}

static int op_dev(const struct op_context *c, struct sbx_err *err)
{
	return mount_dev(c->build, c->op, err);
}

static bool parent_exists(const struct op_context *c)
{
	_cleanup_free_ char *parent = xstrndup(c->op->dst, (size_t)(strrchr(c->op->dst, '/') - c->op->dst));
	_cleanup_close_ int fd = resolve_in_root(c->build->root_fd, *parent ? parent : "/", O_PATH | O_DIRECTORY, NULL);
	return fd >= 0;
}

/* op_file - a file of sbx's making, bound over @dst.  Not written into the writable layer: the directory may
 * belong to an id without a mapping (Rootfs=/), and the kernel copies no such directory up. */
static int op_file(const struct op_context *c, struct sbx_err *err)
{
	const struct mount_op *op = c->op;
	char name[24];
	if ((op->flags & MOUNT_OP_OPTIONAL) && !parent_exists(c))
		return 0;
	int made_fd = made_files(c->build, err);
	if (made_fd < 0)
		return made_fd;
	snprintf(name, sizeof name, "f%d", c->number);
	_cleanup_close_ int fd =
		openat(made_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, op->mode ? op->mode : 0644);
	int r = fd < 0 ? -errno : write_all(fd, op->content, strlen(op->content));
	if (r < 0)
		return sbx_fail(err, r, "write the sandbox's %s", op->dst);
	_cleanup_close_ int mount_fd = tree_clone(made_fd, name, false,
		op->attrs | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, op->dst, err);
	return mount_fd < 0 ? mount_fd : attach_at(c, mount_fd, S_IFREG, err);
}

static int op_overlay(const struct op_context *c, struct sbx_err *err)
{
	const struct mount_op *op = c->op;
	_cleanup_strv_ struct strv lower = {0};
	_cleanup_close_ int src = -1;
	mode_t type = S_IFDIR;
	int r = 0;
	if (op->src)
		r = source_open(op, &src, &type, err);
	else
		src = r = build_target(c->build, op->dst, S_IFDIR, err);
	if (r < 0 || src < 0)
		return r;
	if (type != S_IFDIR)
		return sbx_fail_plain(
			err, -ENOTDIR, "%s is not a directory, and only a directory can have an overlay", op->src);
	/* fuse-overlayfs runs outside and needs the name; the kernel is given the file that was opened. */
	strv_addf(&lower, "/proc/self/fd/%d", src);
	_cleanup_close_ int top = stack_mount(c->build, c->number, &lower, err);
	if (top < 0)
		return top;
	if (op->attrs) {
		r = sys_mount_setattr(top, "", AT_EMPTY_PATH, op->attrs, 0, 0);
		if (r < 0)
			return sbx_fail(err, r, "set the mount options of %s", op->dst);
	}
	return attach_at(c, top, S_IFDIR, err);
}

/* op_mask - an empty directory or file of mode 0, read-only.  It covers the file system
 * object itself, so another name for it or another mount of it elsewhere is not covered: the plan names all of those.
 */
static int op_mask(const struct op_context *c, struct sbx_err *err)
{
	const struct mount_op *op = c->op;
	struct stat st;
	struct sbx_err why = {0};
	_cleanup_close_ int target = op->flags & MOUNT_OP_OPTIONAL
					     ? resolve_in_root(c->build->root_fd, op->dst, O_PATH, &why)
					     : build_target(c->build, op->dst, 0, &why);
	if ((target == -ENOENT || target == -ENOTDIR) && (op->flags & MOUNT_OP_OPTIONAL))
		return 0;
	if (target == -EROFS)
		return sbx_fail_plain(err, target,
			"hide %s: it does not exist yet, and lies in a directory of the host where sbx makes nothing: "
			"make it "
			"there, or hide its directory",
			op->dst);
	if (target < 0)
		return sbx_fail_plain(err, target, "hide %s: %s", op->dst, why.msg);
	if (fstat(target, &st) < 0)
		return sbx_fail(err, -errno, "stat %s", op->dst);
	const char *cover = S_ISDIR(st.st_mode) ? "mask-dir" : "mask-file";
	int made_fd = made_files(c->build, err);
	if (made_fd < 0)
		return made_fd;
	int r = S_ISDIR(st.st_mode) ? mkdirat(made_fd, cover, 0) : mknodat(made_fd, cover, S_IFREG, 0);
	if (r < 0 && errno != EEXIST)
		return sbx_fail(err, -errno, "make an empty file to hide %s with", op->dst);
	_cleanup_close_ int fd = tree_clone(made_fd, cover, false,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, op->dst, err);
	if (fd < 0)
		return fd;
	r = mount_attach(fd, target);
	return r < 0 ? sbx_fail(err, r, "hide %s", op->dst) : 0;
}

static int op_readonly(const struct op_context *c, struct sbx_err *err)
{
	struct sbx_err why = {0};
	_cleanup_close_ int target = resolve_in_root(c->build->root_fd, c->op->dst, O_PATH, &why);
	if (target == -ENOENT || target == -ENOTDIR)
		return 0; /* not here: nothing to protect */
	if (target < 0)
		return sbx_fail_plain(err, target, "make %s read-only: %s", c->op->dst, why.msg);
	_cleanup_close_ int fd = tree_clone(target, "", true, MOUNT_ATTR_RDONLY | c->op->attrs, c->op->dst, err);
	if (fd < 0)
		return fd;
	int r = mount_attach(fd, target);
	return r < 0 ? sbx_fail(err, r, "make %s read-only", c->op->dst) : 0;
}

int mount_op_apply(struct root_build *b, size_t index, struct sbx_err *err)
{
	static int (*const apply[])(const struct op_context *, struct sbx_err *) = {
		[MOUNT_OP_BIND] = op_bind,
		[MOUNT_OP_DEVICE] = op_device,
		[MOUNT_OP_TMPFS] = op_tmpfs,
		[MOUNT_OP_PROC] = op_proc,
		[MOUNT_OP_SYSFS] = op_sysfs,
		[MOUNT_OP_CGROUP] = op_cgroup,
		[MOUNT_OP_DEV] = op_dev,
		[MOUNT_OP_FILE] = op_file,
		[MOUNT_OP_OVERLAY] = op_overlay,
		[MOUNT_OP_MASK] = op_mask,
		[MOUNT_OP_READONLY] = op_readonly,
	};
	struct op_context c = {.build = b, .op = &b->spec->mounts[index], .number = (int)index + 1};
	if (c.op->kind >= ARRAY_SIZE(apply) || !apply[c.op->kind])
		return sbx_fail_plain(err, -EINVAL, "mount operation %u cannot be performed", (unsigned)c.op->kind);
	int r = apply[c.op->kind](&c, err);
	return r < 0 ? sbx_err_prefix(err, r, "%s", c.op->origin) : 0;
}
