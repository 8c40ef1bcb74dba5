/* SPDX-License-Identifier: Apache-2.0 */

/* Where helpers and our own other programs lie.  $PATH is never asked. */

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/spawn.h"
#include "sbx/str.h"
#include "own.h"

static const char *const helper_dirs[] = {
	"/usr/local/libexec", "/usr/libexec", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"};

char *helper_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(helper_dirs); i++) {
		char path[PATH_MAX];
		int n = snprintf(path, sizeof(path), "%s/%s", helper_dirs[i], name);
		if (n > 0 && (size_t)n < sizeof(path) && access(path, X_OK) == 0)
			return xstrdup(path);
	}
	return NULL;
}

char *own_dir(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n <= 0)
		return NULL;
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	return slash && slash != path ? xstrndup(path, (size_t)(slash - path)) : NULL;
}

char *own_libexec(const char *name)
{
	_cleanup_free_ char *dir = own_dir();
	/* A tree installed below DESTDIR or moved as a whole keeps bin and libexec side by side. */
	static const char *const places[] = {"", "/../libexec/sbx"};
	for (size_t i = 0; dir && i < ARRAY_SIZE(places); i++) {
		_cleanup_free_ char *path = xasprintf("%s%s/%s", dir, places[i], name);
		if (access(path, X_OK) == 0)
			return steal_ptr(path);
	}
	_cleanup_free_ char *path = xasprintf("%s/%s", SBX_LIBEXECDIR, name);
	return access(path, X_OK) == 0 ? steal_ptr(path) : NULL;
}
