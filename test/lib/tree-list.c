/* SPDX-License-Identifier: Apache-2.0 */
/* tree-list [--no-ids] [--without PATH]... DIR: one line for each file below DIR, sorted by name, with all that two
 * unpacked copies of an image must agree in: type, mode, owner, size, time, links, target, attributes, content.  Names
 * and values are escaped, so that a line is a file whatever is in its name.  A PATH begins with a slash, which is DIR;
 * neither it nor what is below it is listed. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "sbx/image.h"
#include "sbx/str.h"

static bool with_ids = true;
static struct strv without;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "tree-list: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void print_escaped(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] > ' ' && s[i] < 127 && s[i] != '\\')
			putchar(s[i]);
		else
			printf("\\%03o", (unsigned char)s[i]);
}

static void print_content(int dir, const char *name, off_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *bytes = xmalloc((size_t)size + 1);
	struct digest digest;
	size_t done = 0;
	ssize_t n;

	if (fd < 0)
		die(name);
	while ((n = read(fd, bytes + done, (size_t)size + 1 - done)) > 0)
		done += (size_t)n;
	if (n < 0)
		die(name);
	close(fd);
	digest_of(bytes, done, &digest);
	free(bytes);
	printf(" sha256:%s", digest.hex);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* print_xattrs - the user's and file capabilities; what the stacking drivers note for themselves is not the image's. */
static void print_xattrs(int fd)
{
	char names[65536], value[65536];
	ssize_t n = flistxattr(fd, names, sizeof(names));
	struct strv sorted = {0};

	for (char *name = names; name < names + n; name += strlen(name) + 1)
		if ((str_starts(name, "user.") && !str_starts(name, "user.overlay.") &&
			    !str_starts(name, "user.rootlesscontainers") && !str_starts(name, "user.containers.")) ||
			(with_ids && str_eq(name, "security.capability")))
			strv_add(&sorted, name);
	if (sorted.n)
		qsort(sorted.v, sorted.n, sizeof(*sorted.v), compare_names);
	for (size_t i = 0; i < sorted.n; i++) {
		ssize_t size = fgetxattr(fd, sorted.v[i], value, sizeof(value));
		if (size < 0)
			die(sorted.v[i]);
		printf(" %s=", sorted.v[i]);
		print_escaped(value, (size_t)size);
	}
	strv_clear(&sorted);
}

static void list_dir(int fd, const char *path);

static void list_file(int dir, const char *name, const char *path)
{
	char target[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < without.n; i++)
		if (str_eq(path, without.v[i]))
			return;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		die(path);
	print_escaped(path, strlen(path));
	printf(" %c %04o", "?pc?d?b?-?l?s???"[(st.st_mode & S_IFMT) >> 12], st.st_mode & 07777);
	if (with_ids)
		printf(" %u:%u", st.st_uid, st.st_gid);
	/* A directory's size depends on the file system; times are compared to the second, as old tars have
	 * them. */
	if (!S_ISDIR(st.st_mode))
		printf(" %lld", (long long)st.st_size);
	printf(" t%lld", (long long)st.st_mtim.tv_sec);
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlinkat(dir, name, target, sizeof(target));
		if (n < 0)
			die(path);
		printf(" -> ");
		print_escaped(target, (size_t)n);
	} else if (S_ISREG(st.st_mode)) {
		print_content(dir, name, st.st_size);
	} else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		printf(" %u,%u", major(st.st_rdev), minor(st.st_rdev));
	}
	int fd = S_ISDIR(st.st_mode) || S_ISREG(st.st_mode) ? openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (fd >= 0)
		print_xattrs(fd);
	putchar('\n');
	if (S_ISDIR(st.st_mode)) {
		if (fd < 0)
			die(path);
		list_dir(fd, path);
	} else if (fd >= 0) {
		close(fd);
	}
}

static void list_dir(int fd, const char *path)
{
	DIR *dir = fdopendir(fd);
	struct strv names = {0};
	struct dirent *d;

	if (!dir)
		die(path);
	while ((d = readdir(dir)))
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			strv_add(&names, d->d_name);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), compare_names);
	for (size_t i = 0; i < names.n; i++) {
		char *below = xasprintf("%s/%s", str_eq(path, ".") ? "" : path, names.v[i]);
		list_file(dirfd(dir), names.v[i], below);
		free(below);
	}
	strv_clear(&names);
	closedir(dir);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"no-ids", no_argument, NULL, 'n'}, {"without", required_argument, NULL, 'w'}, {0}};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;)
		if (c == 'n')
			with_ids = false;
		else if (c == 'w')
			strv_add(&without, optarg);
		else
			return 2;
	if (optind + 1 != argc)
		return 2;
	list_file(AT_FDCWD, argv[optind], ".");
	strv_clear(&without);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
