/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the program inside may do: capabilities, system-call filters, resource limits.  (src/policy) */

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include "sbx/err.h"
#include "sbx/strv.h"

/* Capabilities as a mask: bit N is capability N. */
int cap_parse(const char *name, int *ret); /* "CAP_NET_RAW", "net_raw"; -EINVAL */
const char *cap_name(int cap);             /* "NET_RAW" */
uint64_t caps_all(void);                   /* all that this kernel knows (cap_last_cap) */
uint64_t caps_default_subuid(void);        /* the default of a sandbox root with ranges, SECURITY.md */
char *caps_text(uint64_t caps);            /* "CHOWN KILL …", "none"; returns new */
/* caps_apply - shrink the bounding set to @bounding, clear ambient and inheritable, set permitted and effective to
 * @permitted.  Context: child, after the ids are set, before seccomp. */
int caps_drop_bounding(uint64_t bounding, struct sbx_err *err);
int caps_set(uint64_t permitted, struct sbx_err *err);

/* Seccomp filters: built in (compiled when sbx is built) and custom (Docker's JSON, compiled once and cached). */
struct seccomp_filter {
	const struct sock_filter *insns; /* built in: static; custom: owned (owned != NULL) */
	size_t n_insns;
	struct sock_filter *owned;
};
/* seccomp_builtin - "default", "strict", "devel", "nested".  -ENOENT for another name.
 * @caps: with CAP_SYS_ADMIN etc. nothing changes: built-in filters do not depend on capabilities. */
int seccomp_builtin(const char *name, struct seccomp_filter *ret);
/* seccomp_load_custom - a JSON file in Docker's format, through the cache.  @caps: for its includes/excludes "caps".
 * The file is read bounded; errors name file, and the rule's index where one is wrong. */
int seccomp_load_custom(const char *path, uint64_t caps, struct seccomp_filter *ret, struct sbx_err *err);
void seccomp_filter_free(struct seccomp_filter *filter);
/* seccomp_fake_root - the small filter that answers chown, setgroups, set*id … with success. Static. */
const struct sock_filter *seccomp_fake_root(size_t *ret_n_insns);
/* seccomp_net_helper - the filter of sbx-net: sockets, memory, open descriptors.  Static. */
int seccomp_net_helper(struct seccomp_filter *ret);
/* seccomp_install - load one filter.  Context: child, last of all. */
int seccomp_install(const struct sock_filter *insns, size_t n_insns, struct sbx_err *err);
/* seccomp_available - whether this kernel takes filters that answer with an errno.  Source: seccomp(2), Linux 4.14. */
bool seccomp_available(void);

/* Resource limits. */
int rlimit_parse_name(const char *name, int *ret); /* "NOFILE" */
const char *rlimit_name(int resource);

/* Landlock. */
int landlock_abi(void); /* 0: none */
/* landlock_scope_abstract - cut off abstract UNIX sockets outside.  -EOPNOTSUPP below ABI 6. Context: child, nnp set.
 */
int landlock_scope_abstract(struct sbx_err *err);
/* landlock_confine_to - only @ro_fds readable and @rw_fds readable and writable beneath, no network, no abstract
 * sockets; for our own confined helpers.  -EOPNOTSUPP where there is no Landlock. */
int landlock_confine_to(const int *ro_fds, size_t n_ro, const int *rw_fds, size_t n_rw, struct sbx_err *err);
/* landlock_confine_sockets - no files at all and no abstract sockets; TCP as before.  Sets no_new_privs. */
int landlock_confine_sockets(struct sbx_err *err);
