/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The extracted layers below one that is being unpacked, looked at as overlayfs would show them. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include "sbx/err.h"

#define WHITEOUT_OPAQUE_XATTR "user.overlay.opaque"

struct lower_stack {
	int *roots; /* owned descriptors, uppermost first */
	size_t n;
};
void lower_free(struct lower_stack *lower);

/* A file found there. */
struct lower_file {
	int dir_fd; /* owned: O_PATH, the directory that holds it (of one layer) */
	char name[256];
	struct stat st;
};
void lower_file_free(struct lower_file *file);
#define _cleanup_lower_file_ __attribute__((cleanup(lower_file_free)))
#define LOWER_FILE_NONE ((struct lower_file){.dir_fd = -1})

/* lower_find - what stands at @path ("a/b", "" the root) in the layers below; links on the way are followed inside
 * the root, a link at the end is what is found.
 * Returns 1; 0 nothing there (never was, deleted, or below a file); -ELOOP; -errno. */
int lower_find(const struct lower_stack *lower, const char *path, struct lower_file *ret, struct sbx_err *err);

bool stat_is_whiteout(const struct stat *st);
/* dir_is_opaque - of a directory open for reading. */
bool dir_is_opaque(int fd);

/* path_pop - cut the last part off "a/b" in place. */
void path_pop(char *path);

#define LINKS_MAX 40 /* followed in one path, as the kernel has it */
