/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The user-space walk behind resolve.h, which can also make what is missing. */

#include <sys/types.h>
#include "sbx/resolve.h"

#define RESOLVE_PATH_MAX 4096 /* PATH_MAX of the kernel, with the NUL */

/* resolve_walk - open @path below @root_fd part by part; @make NULL: nothing is made.  Returns a descriptor or -errno.
 */
int resolve_walk(int root_fd, const char *path, int flags, const struct resolve_make *make);
