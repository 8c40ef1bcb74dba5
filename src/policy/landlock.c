/* SPDX-License-Identifier: Apache-2.0 */

/* Landlock.  The structs and bits are written out, as the C library's headers may be years older than the kernel; a
 * kernel takes a longer struct whose new fields are zero.  Source: landlock(7), linux/landlock.h of Linux 6.12. */

#include <errno.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/policy.h"

#define FS_FIRST_ABI UINT64_C(0x1fff) /* ABI 1: EXECUTE to MAKE_SYM */
#define FS_REFER (UINT64_C(1) << 13)
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)
#define FS_OF_FILES                                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | \
		FS_IOCTL_DEV)
#define NET_BOTH UINT64_C(3) /* BIND_TCP, CONNECT_TCP */
#define SCOPE_ABSTRACT UINT64_C(1)
#define SCOPE_SIGNAL UINT64_C(2)

struct ruleset_attr {
	uint64_t handled_access_fs, handled_access_net, scoped;
};

/* What each ABI added. */
static const struct {
	int abi;
	struct ruleset_attr adds;
} abi_adds[] = {
	{1, {FS_FIRST_ABI, 0, 0}},
	{2, {FS_REFER, 0, 0}},
	{3, {FS_TRUNCATE, 0, 0}},
	{4, {0, NET_BOTH, 0}},
	{5, {FS_IOCTL_DEV, 0, 0}},
	{6, {0, 0, SCOPE_ABSTRACT | SCOPE_SIGNAL}},
};

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return abi > 0 ? (int)abi : 0; /* ENOSYS: not built in; EOPNOTSUPP: not among the kernel's lsm= */
}

/* ruleset_make - a rule set that handles what @attr says; the size given is what the kernel of @abi knows. */
static int ruleset_make(const struct ruleset_attr *attr, int abi, struct sbx_err *err)
{
	size_t size = abi >= 6 ? sizeof *attr : abi >= 4 ? offsetof(struct ruleset_attr, scoped) : sizeof(uint64_t);
	int fd = (int)syscall(SYS_landlock_create_ruleset, attr, size, 0);
	return fd >= 0 ? fd : sbx_fail(err, -errno, "make a Landlock rule set");
}

static int ruleset_enforce(int ruleset_fd, struct sbx_err *err)
{
	if (syscall(SYS_landlock_restrict_self, ruleset_fd, 0) < 0)
		return sbx_fail(err, -errno, "enforce the Landlock rules");
	return 0;
}

int landlock_scope_abstract(struct sbx_err *err)
{
	int abi = landlock_abi();
	if (abi < 6)
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"cut off the host's abstract sockets: this kernel has Landlock ABI %d and that needs 6 (Linux "
			"6.12)",
			abi);
	_cleanup_close_ int ruleset = ruleset_make(&(struct ruleset_attr){.scoped = SCOPE_ABSTRACT}, abi, err);
	if (ruleset < 0)
		return ruleset;
	return ruleset_enforce(ruleset, err);
}

static int rules_add(int ruleset_fd, const int *fds, size_t n, uint64_t access, struct sbx_err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct stat st;
		if (fstat(fds[i], &st) < 0)
			return sbx_fail(err, -errno, "look at descriptor %d for a Landlock rule", fds[i]);
		struct landlock_path_beneath_attr rule = {
			.parent_fd = fds[i], .allowed_access = S_ISDIR(st.st_mode) ? access : access & FS_OF_FILES};
		if (syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
			return sbx_fail(err, -errno, "add a Landlock rule for descriptor %d", fds[i]);
	}
	return 0;
}

/* everything - all that this kernel's Landlock can handle. */
static struct ruleset_attr everything(int abi)
{
	struct ruleset_attr attr = {0};
	for (size_t i = 0; i < ARRAY_SIZE(abi_adds) && abi_adds[i].abi <= abi; i++) {
		attr.handled_access_fs |= abi_adds[i].adds.handled_access_fs;
		attr.handled_access_net |= abi_adds[i].adds.handled_access_net;
		attr.scoped |= abi_adds[i].adds.scoped;
	}
	return attr;
}

static int enforce_for_good(int ruleset_fd, struct sbx_err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return sbx_fail(err, -errno, "set no_new_privs");
	return ruleset_enforce(ruleset_fd, err);
}

int landlock_confine_sockets(struct sbx_err *err)
{
	int abi = landlock_abi();
	struct ruleset_attr attr = everything(abi);
	attr.handled_access_net = 0;
	_cleanup_close_ int ruleset = ruleset_make(&attr, abi, err);
	return ruleset < 0 ? ruleset : enforce_for_good(ruleset, err);
}

int landlock_confine_to(const int *ro_fds, size_t n_ro, const int *rw_fds, size_t n_rw, struct sbx_err *err)
{
	int abi = landlock_abi();
	if (abi == 0)
		return sbx_fail_plain(err, -EOPNOTSUPP, "this kernel has no Landlock");
	struct ruleset_attr attr = everything(abi);
	uint64_t ro = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	uint64_t rw = attr.handled_access_fs & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE; /* what we unpack, we never run */

	_cleanup_close_ int ruleset = ruleset_make(&attr, abi, err);
	if (ruleset < 0)
		return ruleset;
	int r = rules_add(ruleset, ro_fds, n_ro, ro, err);
	if (r == 0)
		r = rules_add(ruleset, rw_fds, n_rw, rw, err);
	return r < 0 ? r : enforce_for_good(ruleset, err);
}
