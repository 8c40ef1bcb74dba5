/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Paths as text. What a path names on disk is the business of sys/. */

#include <stdbool.h>

/* path_join - "dir/name" with one slash; @name absolute: a copy of @name.  Returns new. */
char *path_join(const char *dir, const char *name);

/* path_clean - the lexical normal form of an absolute path: no empty, "." or ".." parts, no trailing slash.
 * ".." at the top stays at the top.  Returns new, NULL where @path is not absolute. */
char *path_clean(const char *path);

/* path_below - whether @path is @dir or lies below it.  Both clean and absolute. */
bool path_below(const char *path, const char *dir);

/* path_depth - the number of parts: "/" 0, "/a/b" 2. */
unsigned path_depth(const char *path);
