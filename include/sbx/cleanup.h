/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Resources end with their scope.  Every cleanup function keeps errno. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

void cleanup_free(void *p);
void cleanup_close(int *fd);
void cleanup_file(FILE **f);
void cleanup_dir(DIR **d);
void cleanup_pid(pid_t *pid); /* kill(SIGKILL) and reap; pid <= 0: nothing */

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_file_ _cleanup_(cleanup_file)
#define _cleanup_dir_ _cleanup_(cleanup_dir)
#define _cleanup_pid_ _cleanup_(cleanup_pid)

/* steal_fd, steal_ptr - hand a resource out of its scope. */
static inline int steal_fd(int *fd)
{
	int stolen = *fd;
	*fd = -1;
	return stolen;
}

#define steal_ptr(p)                         \
	({                                   \
		__typeof__(p) _stolen = (p); \
		(p) = NULL;                  \
		_stolen;                     \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
