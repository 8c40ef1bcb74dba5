/* SPDX-License-Identifier: Apache-2.0 */

/* Files of cgroup v2. */

#include "sbx/cgroupfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/parse.h"
#include "sbx/str.h"

#define FILE_MAX_BYTES (1u << 20)

int cgroup_v2_check(struct sbx_err *err)
{
	struct statfs fs;
	if (statfs(CGROUP_ROOT, &fs) < 0)
		return sbx_fail(err, -errno, "look at " CGROUP_ROOT);
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return 0;
	return sbx_fail_plain(err, -EOPNOTSUPP,
		"this machine has cgroup v1, and limits need v2 (at " CGROUP_ROOT "): boot it with "
		"systemd.unified_cgroup_hierarchy=1 and cgroup_no_v1=all on the kernel's command line");
}

char *cgroup_own(struct sbx_err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = read_file_at(AT_FDCWD, "/proc/self/cgroup", FILE_MAX_BYTES, &text, &len, err);
	for (char *rest = text, *line = r < 0 ? NULL : strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		if (str_starts(line, "0::/"))
			return xstrdup(line + 3);
	if (r == 0)
		sbx_fail_plain(err, -ENOENT, "this process is in no cgroup of version 2");
	return NULL;
}

int cgroup_open(const char *path, struct sbx_err *err)
{
	_cleanup_free_ char *full = xasprintf(CGROUP_ROOT "%s", path);
	int fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? sbx_fail(err, -errno, "open the cgroup %s", path) : fd;
}

int cgroup_write(int fd, const char *file, const char *text)
{
	_cleanup_close_ int f = openat(fd, file, O_WRONLY | O_CLOEXEC);
	return f < 0 ? -errno : write_all(f, text, strlen(text));
}

char *cgroup_read(int fd, const char *file)
{
	char *text = NULL;
	size_t len;
	_cleanup_close_ int f = openat(fd, file, O_RDONLY | O_CLOEXEC);
	return f >= 0 && read_all(f, FILE_MAX_BYTES, &text, &len, NULL) == 0 ? text : NULL;
}

uint64_t cgroup_number(int fd, const char *file)
{
	_cleanup_free_ char *text = cgroup_read(fd, file);
	uint64_t value;
	if (!text)
		return UINT64_MAX;
	text[strcspn(text, "\n")] = '\0';
	return parse_u64(text, UINT64_MAX, &value) == 0 ? value : UINT64_MAX;
}

uint64_t cgroup_field(int fd, const char *file, const char *name)
{
	_cleanup_free_ char *text = cgroup_read(fd, file);
	size_t len = strlen(name);
	uint64_t value;
	for (char *rest = text, *line = text ? strsep(&rest, "\n") : NULL; line; line = strsep(&rest, "\n"))
		if (strncmp(line, name, len) == 0 && line[len] == ' ' &&
			parse_u64(line + len + 1, UINT64_MAX, &value) == 0)
			return value;
	return UINT64_MAX;
}

bool cgroup_has(int fd, const char *file, const char *word)
{
	_cleanup_free_ char *text = cgroup_read(fd, file);
	for (char *rest = text, *w = text ? strsep(&rest, " \n") : NULL; w; w = strsep(&rest, " \n"))
		if (strcmp(w, word) == 0)
			return true;
	return false;
}
