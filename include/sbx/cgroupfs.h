/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files of cgroup v2.  (src/sys)  Source: Linux Documentation/admin-guide/cgroup-v2.rst. */

#include <stdbool.h>
#include <stdint.h>
#include "sbx/err.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* cgroup_v2_check - whether this machine's only hierarchy is v2.  -EOPNOTSUPP and how to get there. */
int cgroup_v2_check(struct sbx_err *err);

/* cgroup_own - the caller's cgroup, "/user.slice/…" as /proc/self/cgroup has it.  Returns new, NULL with @err. */
char *cgroup_own(struct sbx_err *err);

/* cgroup_open - the directory of the cgroup @path ("/a/b").  Returns a descriptor or -errno. */
int cgroup_open(const char *path, struct sbx_err *err);

/* cgroup_write - @text into the file @file of the cgroup @fd.  Returns 0, -errno. */
int cgroup_write(int fd, const char *file, const char *text);

/* cgroup_read - a whole file.  Returns new, NULL where it cannot be read.  cgroup_number - a file of one number; "max"
 * and what cannot be read are UINT64_MAX.  cgroup_field - the number behind NAME in a file of "NAME VALUE" lines. */
char *cgroup_read(int fd, const char *file);
uint64_t cgroup_number(int fd, const char *file);
uint64_t cgroup_field(int fd, const char *file, const char *name);

/* cgroup_has - whether the list of words in @file (cgroup.controllers, cgroup.subtree_control) names @word. */
bool cgroup_has(int fd, const char *file, const char *word);
