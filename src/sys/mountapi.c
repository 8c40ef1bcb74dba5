/* SPDX-License-Identifier: Apache-2.0 */

/* The mount system calls, and two ways to make a new mount with them.
 * Sources: mount(2), Linux Documentation/filesystems/mount_api.rst, fs/fsopen.c (the log of a file system context). */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/mountapi.h"

#define FS_VALUE_MAX_BYTES 255 /* fs/fsopen.c copies at most 256 bytes with the NUL */

static int ret_or_errno(long r)
{
	return r < 0 ? -errno : (int)r;
}

int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
	return ret_or_errno(syscall(SYS_open_tree, dirfd, path, flags));
}

int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return ret_or_errno(syscall(SYS_move_mount, from_fd, from, to_fd, to, flags));
}

int sys_fsopen(const char *fstype, unsigned flags)
{
	return ret_or_errno(syscall(SYS_fsopen, fstype, flags));
}

int sys_fsconfig(int fs_fd, unsigned cmd, const char *key, const void *value, int aux)
{
	return ret_or_errno(syscall(SYS_fsconfig, fs_fd, cmd, key, value, aux));
}

int sys_fsmount(int fs_fd, unsigned flags, unsigned attrs)
{
	return ret_or_errno(syscall(SYS_fsmount, fs_fd, flags, attrs));
}

int sys_mount_setattr(
	int dirfd, const char *path, unsigned flags, uint64_t attr_set, uint64_t attr_clr, uint64_t propagation)
{
	struct mount_attr attr = {.attr_set = attr_set, .attr_clr = attr_clr, .propagation = propagation};
	return ret_or_errno(syscall(SYS_mount_setattr, dirfd, path, flags, &attr, sizeof attr));
}

int mount_attach(int mount_fd, int target_fd)
{
	return sys_move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int fs_fail(int fs_fd, int code, const char *what, struct sbx_err *err)
{
	char words[512];
	size_t len = 0;

	/* Each read gives one message, "e overlay: upper fs ..."; the first letter is its level: e, w or i.  The
	 * reason is among the errors; a warning before it often says more, so all are kept. */
	while (len + 2 < sizeof words) {
		ssize_t n = read(fs_fd, words + len, sizeof words - 2 - len);
		if (n <= 2)
			break;
		memmove(words + len, words + len + 2, (size_t)n - 2);
		len += (size_t)n - 2;
		while (len > 0 && words[len - 1] == '\n')
			len--;
		words[len++] = ';';
	}
	if (len == 0)
		return sbx_fail(err, code, "%s", what);
	words[len - 1] = '\0';
	return sbx_fail(err, code, "%s (the kernel says: %s)", what, words);
}

/* set_option - one "key=value" or "flag". */
static int set_option(int fs_fd, const char *fstype, const char *option, struct sbx_err *err)
{
	char key[64], what[160];
	const char *equals = strchr(option, '=');
	size_t key_len = equals ? (size_t)(equals - option) : strlen(option);

	if (key_len == 0 || key_len >= sizeof key)
		return sbx_fail(err, -EINVAL, "%s: mount option \"%.80s\"", fstype, option);
	memcpy(key, option, key_len);
	key[key_len] = '\0';
	if (equals && strlen(equals + 1) > FS_VALUE_MAX_BYTES)
		return sbx_fail(err, -ENAMETOOLONG, "%s: mount option %s of more than %d bytes", fstype, key,
			FS_VALUE_MAX_BYTES);
	int r = equals ? sys_fsconfig(fs_fd, FSCONFIG_SET_STRING, key, equals + 1, 0)
		       : sys_fsconfig(fs_fd, FSCONFIG_SET_FLAG, key, NULL, 0);
	if (r >= 0)
		return 0;
	snprintf(what, sizeof what, "%s: mount option %.80s", fstype, option);
	return fs_fail(fs_fd, r, what, err);
}

int fs_mount_new(const char *fstype, const char *const *options, unsigned attrs, struct sbx_err *err)
{
	char what[80];
	_cleanup_close_ int fs_fd = sys_fsopen(fstype, FSOPEN_CLOEXEC);
	if (fs_fd < 0)
		return sbx_fail(err, fs_fd, "open file system type %s", fstype);
	for (; options && *options; options++) {
		int r = set_option(fs_fd, fstype, *options, err);
		if (r < 0)
			return r;
	}
	snprintf(what, sizeof what, "make file system %s", fstype);
	int r = sys_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return fs_fail(fs_fd, r, what, err);
	int mount_fd = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, attrs);
	if (mount_fd < 0)
		return fs_fail(fs_fd, mount_fd, what, err);
	return mount_fd;
}
