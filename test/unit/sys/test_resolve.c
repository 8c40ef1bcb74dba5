/* SPDX-License-Identifier: Apache-2.0 */

/* Paths below a descriptor: what openat2 finds is what the walk in user space finds, for every path of a tree full of
 * links, and neither leads out. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/resolve.h"
#include "sbx/str.h"

struct state {
	char path[64];
	int top, root; /* the root is top/root; beside it lies what must not be reached */
};

static const struct {
	const char *name, *target; /* target NULL: a directory; "": a file */
} tree[] = {
	{"d", NULL},
	{"d/e", NULL},
	{"d/e/f", ""},
	{"file", ""},
	{"closed", NULL},
	{"closed/f", ""},
	{"to-d", "d"},
	{"to-d-slash", "d/"},
	{"to-file", "file"},
	{"to-file-slash", "file/"},
	{"abs", "/d/e"},
	{"abs-root", "/"},
	{"abs-out", "/../../canary"},
	{"up", "../../../.."},
	{"d/up-d", "../d/e"},
	{"d/e/far", "../../to-d/up-d/f"},
	{"out", "../canary"},
	{"d/out", "../../outside/f"},
	{"loop", "loop"},
	{"loop-a", "loop-b"},
	{"loop-b", "loop-a"},
	{"nothing", "no/such"},
	{"dot", "."},
	{"dots", "d/./e/../e/."},
	{"slashes", "d///e//f"},
};

static int setup(void **p)
{
	struct state *s = xcalloc(1, sizeof(*s));

	strcpy(s->path, "/tmp/sbx-test-resolve-XXXXXX");
	assert_non_null(mkdtemp(s->path));
	s->top = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(s->top, "root", 0755), 0);
	assert_int_equal(mkdirat(s->top, "outside", 0755), 0);
	assert_true(mknodat(s->top, "canary", S_IFREG | 0644, 0) == 0 &&
		    mknodat(s->top, "outside/f", S_IFREG | 0644, 0) == 0);
	s->root = openat(s->top, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(tree); i++) {
		const char *name = tree[i].name, *target = tree[i].target;
		int r = !target   ? mkdirat(s->root, name, 0755)
			: *target ? symlinkat(target, s->root, name)
				  : mknodat(s->root, name, S_IFREG | 0644, 0);
		assert_int_equal(r, 0);
	}
	assert_int_equal(fchmodat(s->root, "closed", 0, 0), 0);
	/* 40 links in a row are followed, 41 are not. */
	assert_int_equal(symlinkat("d", s->root, "l1"), 0);
	for (int i = 2; i <= 41; i++) {
		_cleanup_free_ char *name = xasprintf("l%d", i), *target = xasprintf("l%d", i - 1);
		assert_int_equal(symlinkat(target, s->root, name), 0);
	}
	*p = s;
	return 0;
}

static int teardown(void **p)
{
	struct state *s = *p;

	close(s->root);
	close(s->top);
	assert_int_equal(tree_remove(AT_FDCWD, s->path, NULL), 0);
	free(s);
	return 0;
}

/* by_kernel - what openat2 alone says. */
static int by_kernel(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	long fd;

	do
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN); /* somebody renames on this machine */
	return fd < 0 ? -errno : (int)fd;
}

/* agree - both answers are one file, or one error. */
static void agree(int root, const char *path, int flags)
{
	_cleanup_close_ int kernel = by_kernel(root, path, flags), walk = resolve_walk_in_root(root, path, flags);
	struct stat a, b;

	if (kernel == -ENOSYS)
		skip();
	if (kernel < 0 || walk < 0) {
		if (kernel != walk)
			fail_msg("%s with flags %#o: the kernel %s, the walk %s", path, (unsigned)flags,
				kernel < 0 ? strerror(-kernel) : "opens it", walk < 0 ? strerror(-walk) : "opens it");
		return;
	}
	assert_true(fstat(kernel, &a) == 0 && fstat(walk, &b) == 0);
	if (a.st_ino != b.st_ino || a.st_dev != b.st_dev)
		fail_msg("%s with flags %#o: two files", path, (unsigned)flags);
	const int told = O_ACCMODE | O_PATH;
	assert_int_equal(fcntl(walk, F_GETFL) & told, fcntl(kernel, F_GETFL) & told);
	assert_int_equal(fcntl(walk, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void the_walk_finds_what_the_kernel_finds_on_every_path_of_three_parts(void **p)
{
	static const int flags[] = {O_PATH, O_RDONLY, O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY, O_RDONLY | O_NOFOLLOW,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW, O_WRONLY};
	static const char *const parts[] = {"", ".", "..", "d", "e", "f", "file", "to-d", "to-d-slash", "to-file",
		"to-file-slash", "abs", "abs-root", "abs-out", "up", "up-d", "far", "out", "loop", "loop-a", "nothing",
		"dot", "dots", "slashes", "missing", "closed", "l40", "l41"};
	const struct state *s = *p;

	for (size_t a = 0; a < ARRAY_SIZE(parts); a++)
		for (size_t b = 0; b < ARRAY_SIZE(parts); b++)
			for (size_t c = 0; c < ARRAY_SIZE(parts); c++) {
				char path[64];
				snprintf(path, sizeof(path), "%s/%s/%s", parts[a], parts[b], parts[c]);
				agree(s->root, path, flags[(a + b + c) % ARRAY_SIZE(flags)]);
				agree(s->root, path, O_PATH);
			}
	for (size_t a = 0; a < ARRAY_SIZE(parts); a++)
		for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
			_cleanup_free_ char *slash = xasprintf("%s/", parts[a]);
			agree(s->root, parts[a], flags[i]);
			agree(s->root, slash, flags[i]);
		}
}

static void long_names_and_paths_are_refused_alike(void **p)
{
	const struct state *s = *p;
	char name[NAME_MAX + 2], path[5000];

	memset(name, 'n', sizeof(name));
	name[NAME_MAX + 1] = '\0';
	agree(s->root, name, O_PATH);
	name[NAME_MAX] = '\0';
	agree(s->root, name, O_PATH);
	for (size_t n = 4090; n < 4100; n++) {
		memset(path, '/', n);
		path[n] = '\0';
		agree(s->root, path, O_PATH);
	}
}

static void no_path_leads_out(void **p)
{
	static const char *const paths[] = {"out", "abs-out", "d/out", "up/canary", "../canary", "/../canary",
		"d/../../canary", "up/outside/f", "to-d/../../outside/f", "abs-root/../canary"};
	const struct state *s = *p;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct sbx_err err = {0};
		assert_int_equal(resolve_in_root(s->root, paths[i], O_PATH, &err), -ENOENT);
		_cleanup_free_ char *message = xasprintf("open %s: No such file or directory", paths[i]);
		assert_string_equal(err.msg, message);
		assert_int_equal(resolve_walk_in_root(s->root, paths[i], O_PATH), -ENOENT);
	}
}

static void magic_links_are_never_followed(void **p)
{
	static const char *const paths[] = {"self/fd/0", "self/root", "self/cwd/etc", "self/exe", "self/ns/user",
		"thread-self/root", "self/task/../root", "self", "self/status", "mounts"};
	_cleanup_close_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)p;
	assert_true(proc >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		agree(proc, paths[i], O_PATH);
		agree(proc, paths[i], O_PATH | O_NOFOLLOW);
	}
	assert_int_equal(resolve_walk_in_root(proc, "self/root", O_PATH), -ELOOP);
}

static void files_are_never_made_by_opening(void **p)
{
	const struct state *s = *p;
	struct sbx_err err = {0};

	assert_int_equal(resolve_in_root(s->root, "new", O_WRONLY | O_CREAT, &err), -EINVAL);
	assert_int_equal(faccessat(s->root, "new", F_OK, 0), -1);
}

static void what_is_missing_is_made_inside_also_behind_links(void **p)
{
	static const struct {
		const char *path, *there;
	} made[] = {{"m/n/o", "root/m/n/o"}, {"nothing/x", "root/no/such/x"}, {"up/u", "root/u"},
		{"d/out", "root/outside/f"}, {"/abs-root/../v/", "root/v"}, {"out", "root/canary"}};
	const struct state *s = *p;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		struct sbx_err err = {0};
		_cleanup_close_ int fd = resolve_dir_in_root(s->root, made[i].path, 0700, &err);
		if (fd < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(fstatat(s->top, made[i].there, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(S_ISDIR(st.st_mode));
	}
	assert_int_equal(fstatat(s->top, "canary", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
}

static int refuse(int dir_fd, void *data)
{
	(void)dir_fd;
	++*(int *)data;
	return -EROFS;
}

static void who_may_not_make_is_asked_before_anything_is_made(void **p)
{
	const struct state *s = *p;
	int asked = 0;
	const struct resolve_make make = {
		.type = S_IFREG, .mode = 0600, .dir_mode = 0700, .may_make = refuse, .data = &asked};
	struct sbx_err err = {0};

	_cleanup_close_ int there = resolve_make_in_root(s->root, "d/e/f", &make, &err);
	assert_true(there >= 0 && asked == 0);
	assert_int_equal(resolve_make_in_root(s->root, "d/q/r", &make, &err), -EROFS);
	assert_int_equal(asked, 1);
	assert_int_equal(faccessat(s->root, "d/q", F_OK, 0), -1);
}

static void a_file_in_the_way_is_no_directory(void **p)
{
	const struct state *s = *p;
	struct sbx_err err = {0};

	assert_int_equal(resolve_dir_in_root(s->root, "file", 0700, &err), -ENOTDIR);
	assert_int_equal(resolve_dir_in_root(s->root, "to-file/x", 0700, &err), -ENOTDIR);
	assert_int_equal(resolve_dir_in_root(s->root, "loop/x", 0700, &err), -ELOOP);
}

static void the_parent_of_a_path_is_made_and_its_leaf_left_alone(void **p)
{
	const struct state *s = *p;
	const char *leaf = NULL, *path = "to-d/x/loop";
	struct sbx_err err = {0};

	_cleanup_close_ int fd = resolve_parent_in_root(s->root, path, 0700, &leaf, &err);
	assert_true(fd >= 0);
	assert_ptr_equal(leaf, path + 7);
	assert_int_equal(faccessat(s->root, "d/x", F_OK, 0), 0);
	assert_int_equal(faccessat(s->root, "d/x/loop", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	static const char *const none[] = {"/", "", "d/", "d/.", ".."};
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_int_equal(resolve_parent_in_root(s->root, none[i], 0700, &leaf, &err), -EINVAL);
	assert_string_equal(err.msg, "no name at the end of ..: Invalid argument");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_walk_finds_what_the_kernel_finds_on_every_path_of_three_parts),
		T(long_names_and_paths_are_refused_alike),
		T(no_path_leads_out),
		T(magic_links_are_never_followed),
		T(files_are_never_made_by_opening),
		T(what_is_missing_is_made_inside_also_behind_links),
		T(who_may_not_make_is_asked_before_anything_is_made),
		T(a_file_in_the_way_is_no_directory),
		T(the_parent_of_a_path_is_made_and_its_leaf_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
