/* SPDX-License-Identifier: Apache-2.0 */

/* Trees are removed whole, and nothing beside them; files are replaced whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/idmap.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

struct state {
	char path[64];
	int top;
};

static int setup(void **p)
{
	struct state *s = xcalloc(1, sizeof(*s));

	strcpy(s->path, "/tmp/sbx-test-tree-XXXXXX");
	assert_non_null(mkdtemp(s->path));
	s->top = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mknodat(s->top, "canary", S_IFREG | 0644, 0), 0);
	assert_int_equal(mkdirat(s->top, "t", 0755), 0);
	*p = s;
	return 0;
}

static int teardown(void **p)
{
	struct state *s = *p;

	assert_int_equal(faccessat(s->top, "canary", F_OK, 0), 0);
	close(s->top);
	assert_int_equal(tree_remove(AT_FDCWD, s->path, NULL), 0);
	free(s);
	return 0;
}

static void dir(const struct state *s, const char *path)
{
	assert_int_equal(mkdirat(s->top, path, 0755), 0);
}

static void file(const struct state *s, const char *path)
{
	assert_int_equal(mknodat(s->top, path, S_IFREG | 0644, 0), 0);
}

static void mode(const struct state *s, const char *path, mode_t mode)
{
	assert_int_equal(fchmodat(s->top, path, mode, 0), 0);
}

static void goes(const struct state *s, const char *name)
{
	struct sbx_err err = {0};

	if (tree_remove(s->top, name, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(faccessat(s->top, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void files_links_and_missing_names_go(void **p)
{
	const struct state *s = *p;

	file(s, "f");
	goes(s, "f");
	goes(s, "f");
	assert_int_equal(symlinkat("canary", s->top, "l"), 0);
	goes(s, "l");
	assert_int_equal(mkfifoat(s->top, "t/fifo", 0), 0);
	assert_int_equal(symlinkat(".", s->top, "t/dot"), 0);
	assert_int_equal(symlinkat("../canary", s->top, "t/out"), 0);
	goes(s, "t");
}

static void a_link_to_a_directory_goes_and_the_directory_stays(void **p)
{
	const struct state *s = *p;

	dir(s, "kept");
	file(s, "kept/f");
	assert_int_equal(symlinkat("../kept", s->top, "t/l"), 0);
	assert_int_equal(symlinkat("kept", s->top, "l"), 0);
	goes(s, "l");
	goes(s, "t");
	assert_int_equal(faccessat(s->top, "kept/f", F_OK, 0), 0);
}

static void directories_of_every_mode_go(void **p)
{
	const struct state *s = *p;

	for (mode_t m = 0; m <= 7; m++) {
		dir(s, "t/d");
		dir(s, "t/d/e");
		file(s, "t/d/f");
		file(s, "t/d/e/f");
		mode(s, "t/d/e", m << 6);
		mode(s, "t/d", m << 6);
		mode(s, "t", m << 6);
		goes(s, "t");
		dir(s, "t");
	}
}

static void a_tree_of_3000_levels_goes_with_few_descriptors(void **p)
{
	const struct state *s = *p;
	struct rlimit before, few;

	int at = openat(s->top, "t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(mkdirat(at, "d", 0755), 0);
		assert_int_equal(mknodat(at, "f", S_IFREG, 0), 0);
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (i % 100 == 0)
			assert_int_equal(fchmod(at, 0500), 0);
		close(at);
		at = next;
	}
	close(at);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	goes(s, "t");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void a_directory_of_5000_names_goes(void **p)
{
	const struct state *s = *p;

	for (int i = 0; i < 5000; i++) {
		char name[32];
		snprintf(name, sizeof(name), "t/%d", i);
		file(s, name);
	}
	goes(s, "t");
}

/* as_root_of_all - @work in a user namespace that maps the account's ranges: 0, or 1 where it failed. */
static int as_root_of_all(const struct idmap_pair *maps, int (*work)(const struct state *s), const struct state *s)
{
	int go[2], pidfd, status;
	char byte;

	assert_int_equal(pipe(go), 0);
	pid_t pid = proc_clone(CLONE_NEWUSER | CLONE_NEWNS, -1, &pidfd);
	assert_true(pid >= 0);
	if (pid == 0) {
		close(go[1]);
		_exit(read(go[0], &byte, 1) != 1 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 || work(s) < 0);
	}
	struct sbx_err err = {0};
	close(go[0]);
	if (idmap_write(maps, pid, &err) < 0)
		print_error("%s\n", err.msg);
	assert_int_equal(write(go[1], "", 1), 1);
	close(go[1]);
	assert_int_equal(pidfd_wait(pidfd, &status), 0);
	close(pidfd);
	return status;
}

static int make_anothers(const struct state *s)
{
	return mkdirat(s->top, "t/his", 0755) < 0 || mkdirat(s->top, "t/his/d", 0755) < 0 ||
			       fchownat(s->top, "t/his/d", 1, 1, 0) < 0 || fchownat(s->top, "t/his", 1, 1, 0) < 0 ||
			       mkdirat(s->top, "t/empty", 0) < 0 || fchownat(s->top, "t/empty", 1, 1, 0) < 0
		       ? -1
		       : 0;
}

static int remove_all(const struct state *s)
{
	return tree_remove(s->top, "t", NULL);
}

static void what_is_anothers_stays_is_named_and_the_rest_goes(void **p)
{
	const struct state *s = *p;
	struct idmap_pair maps;
	struct sbx_err err = {0};

	if (idmap_pair_subuid(&maps, NULL) < 0)
		skip();
	assert_int_equal(as_root_of_all(&maps, make_anothers, s), 0);
	file(s, "t/mine");
	dir(s, "t/own");
	assert_int_equal(tree_remove(s->top, "t", &err), -EACCES);
	assert_true(str_starts(err.msg, "remove ") && strstr(err.msg, " in t: Permission denied"));
	assert_int_equal(faccessat(s->top, "t/his/d", F_OK, 0), 0);
	assert_int_equal(faccessat(s->top, "t/mine", F_OK, 0), -1);
	assert_int_equal(faccessat(s->top, "t/own", F_OK, 0), -1);
	assert_int_equal(faccessat(s->top, "t/empty", F_OK, 0), -1);
	assert_int_equal(as_root_of_all(&maps, remove_all, s), 0);
	assert_int_equal(faccessat(s->top, "t", F_OK, 0), -1);
	idmap_pair_free(&maps);
}

/* mount_and_remove - a tmpfs below the tree: what is in it stays, and the removal says so. */
static int mount_and_remove(const struct state *s)
{
	struct sbx_err err = {0};

	/* By name: descriptors lead into the mount namespace that they were opened in. */
	if (chdir(s->path) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", "t/m", "tmpfs", 0, NULL) < 0 || mknod("t/m/f", S_IFREG, 0) < 0)
		return -1;
	if (tree_remove(AT_FDCWD, "t", &err) != -EXDEV ||
		strcmp(err.msg, "remove m in t: Invalid cross-device link") != 0)
		return -1;
	return access("t/m/f", F_OK) == 0 && access("t/a", F_OK) < 0 ? 0 : -1;
}

static void another_mount_is_not_entered(void **p)
{
	const struct state *s = *p;
	struct idmap_pair maps;

	dir(s, "t/m");
	file(s, "t/a");
	idmap_pair_single(&maps, 0, 0);
	int go[2], pidfd, status;
	char byte;
	assert_int_equal(pipe(go), 0);
	pid_t pid = proc_clone(CLONE_NEWUSER | CLONE_NEWNS, -1, &pidfd);
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(read(go[0], &byte, 1) != 1 || mount_and_remove(s) < 0);
	assert_int_equal(idmap_write(&maps, pid, NULL), 0);
	assert_int_equal(write(go[1], "", 1), 1);
	assert_int_equal(pidfd_wait(pidfd, &status), 0);
	assert_int_equal(status, 0);
	close(go[0]);
	close(go[1]);
	close(pidfd);
	idmap_pair_free(&maps);
}

/* --- durable files --- */

static size_t names_in(int fd)
{
	_cleanup_dir_ DIR *d = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	size_t n = 0;

	while (readdir(d))
		n++;
	return n - 2;
}

static void a_file_is_replaced_whole_with_its_mode_whatever_the_umask(void **p)
{
	const struct state *s = *p;
	char long_name[NAME_MAX + 1];
	struct stat st;

	memset(long_name, 'n', NAME_MAX);
	long_name[NAME_MAX] = '\0';
	const char *const names[] = {"a", long_name};
	_cleanup_close_ int t = openat(s->top, "t", O_PATH | O_DIRECTORY | O_CLOEXEC); /* fsync has no use for it */
	mode_t before = umask(077);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct sbx_err err = {0};
		_cleanup_free_ char *bytes = NULL;
		size_t n;
		assert_int_equal(file_write_durable(t, names[i], "old content", 11, 0600, &err), 0);
		assert_int_equal(file_write_durable(t, names[i], "new", 3, 0644, &err), 0);
		assert_int_equal(read_file_at(t, names[i], 100, &bytes, &n, &err), 0);
		assert_string_equal(bytes, "new");
		assert_int_equal(fstatat(t, names[i], &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0644);
		assert_int_equal(names_in(t), i + 1);
	}
	umask(before);
}

static void a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_else(void **p)
{
	const struct state *s = *p;
	struct sbx_err err = {0};
	struct rlimit before, none;

	_cleanup_close_ int t = openat(s->top, "t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(file_write_durable(t, "a", "old", 3, 0600, &err), 0);
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 2;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	int r = file_write_durable(t, "a", "new", 3, 0600, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, handler);
	assert_int_equal(r, -EFBIG);
	assert_string_equal(err.msg, "write a: File too large");
	assert_int_equal(names_in(t), 1);
	dir(s, "t/d");
	assert_int_equal(file_write_durable(t, "d", "new", 3, 0600, &err), -EISDIR);
	assert_int_equal(names_in(t), 2);
}

static void private_directories_are_made_with_their_parents_and_only_ones_of_the_caller_taken(void **p)
{
	const struct state *s = *p;
	struct sbx_err err = {0};
	struct stat st;

	_cleanup_free_ char *deep = xasprintf("%s/t/a/b/c", s->path), *file_path = xasprintf("%s/canary", s->path);
	for (int i = 0; i < 2; i++) {
		_cleanup_close_ int fd = mkdir_private(deep, &err);
		assert_true(fd >= 0);
	}
	assert_int_equal(fstatat(s->top, "t/a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(mkdir_private(file_path, &err), -ENOTDIR);
	if (geteuid() != 0) {
		assert_int_equal(mkdir_private("/usr", &err), -EPERM);
		assert_true(str_starts(err.msg, "/usr belongs to user 0, not to you"));
		assert_int_equal(mkdir_private("/usr/sbx-test", &err), -EACCES);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(files_links_and_missing_names_go),
		T(a_link_to_a_directory_goes_and_the_directory_stays),
		T(directories_of_every_mode_go),
		T(a_tree_of_3000_levels_goes_with_few_descriptors),
		T(a_directory_of_5000_names_goes),
		T(what_is_anothers_stays_is_named_and_the_rest_goes),
		T(another_mount_is_not_entered),
		T(a_file_is_replaced_whole_with_its_mode_whatever_the_umask),
		T(a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_else),
		T(private_directories_are_made_with_their_parents_and_only_ones_of_the_caller_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
