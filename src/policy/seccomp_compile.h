/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From the rules table to a BPF program.  Part of gen-filters and of the test that compiles again; not of sbx. */

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "sbx/err.h"

#define FILTER_INSNS_MAX 4096 /* BPF_MAXINSNS */

/* One filter of the table. */
struct filter_name {
	const char *name; /* "default" */
	char letter;      /* 'd'; 0: the FakeRoot filter */
};
extern const struct filter_name filter_names[]; /* ends with a NULL name */

/* filter_compile - compile the filter @letter for the machine that runs this.
 * @ret: room for FILTER_INSNS_MAX.  Returns 0; -EINVAL the table is wrong, with the call's name; -ENOTSUP no such
 * machine. */
int filter_compile(char letter, struct sock_filter *ret, size_t *ret_n, struct sbx_err *err);

/* filter_call_number - the number of a call here, through libseccomp and the table's NUMBER lines.
 * -1: this machine has no such call.  -2: a name nobody knows. */
int filter_call_number(const char *name);
