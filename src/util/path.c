/* SPDX-License-Identifier: Apache-2.0 */

/* Paths as text. */

#include <string.h>
#include "sbx/path.h"
#include "sbx/str.h"

char *path_join(const char *dir, const char *name)
{
	if (name[0] == '/')
		return xstrdup(name);
	size_t len = strlen(dir);
	while (len > 0 && dir[len - 1] == '/')
		len--;
	return xasprintf("%.*s/%s", (int)len, dir, name);
}

char *path_clean(const char *path)
{
	if (path[0] != '/')
		return NULL;
	char *out = xmalloc(strlen(path) + 2);
	size_t len = 0;
	while (*path) {
		size_t n = strcspn(path, "/");
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (len > 0 && out[--len] != '/')
				;
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
		}
		path += n;
		path += strspn(path, "/");
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
	return out;
}

bool path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	if (n == 1)
		return true;
	return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

unsigned path_depth(const char *path)
{
	unsigned depth = 0;
	for (const char *p = path; *p; p++)
		depth += p[0] == '/' && p[1] != '\0' && p[1] != '/';
	return depth;
}
