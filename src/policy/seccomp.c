/* SPDX-License-Identifier: Apache-2.0 */

/* The built-in filters, and putting a filter on the calling process.  Compiling is done elsewhere: at build time for
 * these, in seccomp_custom.c for a file's. */

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sbx/policy.h"
#include "seccomp_builtin.h"

/* In the table, but no names for a profile. */
#define FAKE_ROOT "fake_root"
#define NET_HELPER "net_helper"

static const struct seccomp_builtin_entry *builtin_find(const char *name)
{
	for (const struct seccomp_builtin_entry *e = seccomp_builtin_table; e->name; e++)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

static int builtin_take(const char *name, struct seccomp_filter *ret)
{
	const struct seccomp_builtin_entry *entry = builtin_find(name);

	if (!entry)
		return -ENOENT;
	*ret = (struct seccomp_filter){.insns = entry->insns, .n_insns = entry->n_insns};
	return 0;
}

int seccomp_builtin(const char *name, struct seccomp_filter *ret)
{
	return strcmp(name, FAKE_ROOT) == 0 || strcmp(name, NET_HELPER) == 0 ? -ENOENT : builtin_take(name, ret);
}

int seccomp_net_helper(struct seccomp_filter *ret)
{
	return builtin_take(NET_HELPER, ret);
}

const struct sock_filter *seccomp_fake_root(size_t *ret_n_insns)
{
	const struct seccomp_builtin_entry *entry = builtin_find(FAKE_ROOT);

	*ret_n_insns = entry->n_insns;
	return entry->insns;
}

void seccomp_filter_free(struct seccomp_filter *filter)
{
	free(filter->owned);
	*filter = (struct seccomp_filter){0};
}

int seccomp_install(const struct sock_filter *insns, size_t n_insns, struct sbx_err *err)
{
	struct sock_fprog program = {.filter = (struct sock_filter *)insns};

	if (n_insns == 0 || n_insns > BPF_MAXINSNS)
		return sbx_fail(err, -EINVAL, "load a system-call filter of %zu instructions", n_insns);
	program.len = (unsigned short)n_insns;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return 0;
	if (errno == ENOSYS || errno == EINVAL)
		return sbx_fail(err, -errno,
			"load the system-call filter (the kernel needs CONFIG_SECCOMP_FILTER; "
			"SeccompProfile=unconfined does without)");
	return sbx_fail(err, -errno, "load the system-call filter");
}

bool seccomp_available(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}
