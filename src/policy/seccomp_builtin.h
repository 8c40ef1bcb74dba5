/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The table that gen-filters writes (src/policy/seccomp_builtin.c in the build tree). */

#include <linux/filter.h>
#include <stddef.h>

struct seccomp_builtin_entry {
	const char *name; /* "default" ... "fake_root"; NULL ends the table */
	const struct sock_filter *insns;
	size_t n_insns;
};
extern const struct seccomp_builtin_entry seccomp_builtin_table[];
