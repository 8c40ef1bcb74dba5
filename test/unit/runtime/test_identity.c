/* SPDX-License-Identifier: Apache-2.0 */

/* Who the program is, from an image's own passwd and group.  Each case is looked up in a process whose root is a
 * directory with these files, as after pivot_root. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "src/runtime/identity.h"

#define ANN "ann:x:1000:100:Ann:/home/ann:/bin/sh\n"

struct state {
	char path[64];
	int root;
	struct sandbox_spec *spec;
};

/* What the process found, without pointers. */
struct found {
	int r;
	uid_t uid;
	gid_t gid, groups[8];
	size_t n_groups;
	char home[256];
	struct sbx_err err;
};

static int setup(void **p)
{
	struct state *s = xcalloc(1, sizeof(*s));

	strcpy(s->path, "/tmp/sbx-test-identity-XXXXXX");
	assert_non_null(mkdtemp(s->path));
	s->root = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(s->root, "etc", 0755), 0);
	s->spec = spec_new();
	s->spec->maps.by_helper = true;
	idmap_add(&s->spec->maps.uid, 0, 100000, 65536);
	idmap_add(&s->spec->maps.gid, 0, 100000, 65536);
	s->spec->process.user_origin = xstrdup("test.ini:3");
	*p = s;
	return 0;
}

static int teardown(void **p)
{
	struct state *s = *p;

	close(s->root);
	spec_free(s->spec);
	assert_int_equal(tree_remove(AT_FDCWD, s->path, NULL), 0);
	free(s);
	return 0;
}

static void put(const struct state *s, const char *name, const char *text, size_t n)
{
	_cleanup_close_ int fd = openat(s->root, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, text, n), 0);
}

static void files(const struct state *s, const char *passwd, const char *group)
{
	put(s, "etc/passwd", passwd, strlen(passwd));
	put(s, "etc/group", group, strlen(group));
}

static void found_write(const struct sandbox_spec *spec, const char *path, int to)
{
	struct found found = {0};
	struct identity id;

	alarm(30); /* who waits for a FIFO is not waited for */
	if (unshare(CLONE_NEWUSER) < 0 || chroot(path) < 0 || chdir("/") < 0)
		_exit(1);
	found.r = identity_find(spec, &id, &found.err);
	found.uid = id.uid;
	found.gid = id.gid;
	found.n_groups = id.n_groups;
	for (size_t i = 0; i < id.n_groups && i < ARRAY_SIZE(found.groups); i++)
		found.groups[i] = id.groups[i];
	snprintf(found.home, sizeof(found.home), "%s", id.home ? id.home : "");
	_exit(write_all(to, &found, sizeof(found)) < 0);
}

static struct found look_up(const struct state *s, const char *user)
{
	struct found found;
	int p[2], status;

	free(s->spec->process.user);
	s->spec->process.user = xstrdup(user);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0)
		found_write(s->spec, s->path, p[1]);
	close(p[1]);
	assert_int_equal(read_exact(p[0], &found, sizeof(found)), 0);
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return found;
}

static void is(const struct state *s, const char *user, uid_t uid, gid_t gid, const char *home)
{
	struct found found = look_up(s, user);

	if (found.r < 0)
		fail_msg("%s", found.err.msg);
	assert_int_equal(found.uid, uid);
	assert_int_equal(found.gid, gid);
	assert_string_equal(found.home, home);
}

static void fails(const struct state *s, const char *user, const char *why)
{
	struct found found = look_up(s, user);

	assert_true(found.r < 0);
	assert_int_equal(found.r, found.err.code);
	assert_string_equal(found.err.msg, why);
}

static void a_user_is_found_by_name_or_number_the_first_line_counts(void **p)
{
	const struct state *s = *p;

	files(s, "root:x:0:0:root:/root:/bin/sh\n" ANN "ann:x:7:7::/other:\nten:x:1000:5::/ten:", "");
	is(s, "ann", 1000, 100, "/home/ann");
	is(s, "1000", 1000, 100, "/home/ann");
	is(s, "root", 0, 0, "/root");
	is(s, "ten", 1000, 5, "/ten"); /* the last line without an end */
	is(s, "1234", 1234, 0, "/");   /* a number needs no line */
	fails(s, "bob", "test.ini:3: user bob: the image's /etc/passwd has no such user");
}

static void an_image_without_the_files_has_root(void **p)
{
	const struct state *s = *p;

	is(s, "root", 0, 0, "/");
	is(s, "0", 0, 0, "/");
	fails(s, "ann", "test.ini:3: user ann: the image's /etc/passwd has no such user");
	assert_int_equal(unlinkat(s->root, "etc", AT_REMOVEDIR), 0);
	is(s, "root", 0, 0, "/");
}

static void lines_with_ids_that_are_none_are_passed_over(void **p)
{
	static const char *const bad[] = {"ann", "ann:", "ann:x",
		"ann:x:", "ann:x::", "ann:x:0x3e8:1::/:", "ann:x:-1:1::/:", "ann:x:+5:1::/:", "ann:x: 5:1::/:",
		"ann:x:5 :1::/:", "ann:x:4294967295:1::/:", "ann:x:4294967296:1::/:",
		"ann:x:99999999999999999999:1::/:", "ann:x:5:y::/:", "ann:x:5:-1::/:", "ann:x:5:4294967295::/:",
		"ann:x:5:1e1::/:", "#ann:x:5:1::/:", " ann:x:5:1::/:", "ann :x:5:1::/:", ":x:5:1::/:", "\n\n",
		"+::::::", "Ann:x:5:1::/:"};
	const struct state *s = *p;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *text = xasprintf("%s\n" ANN, bad[i]);
		files(s, text, "");
		is(s, "ann", 1000, 100, "/home/ann");
	}
}

static void a_home_that_is_no_absolute_path_is_the_root(void **p)
{
	const struct state *s = *p;

	files(s, "a:x:1:1::home:\nb:x:2:2:::\nc:x:3:3\nd:x:4:4:::/:/d\n", "");
	is(s, "a", 1, 1, "/");
	is(s, "b", 2, 2, "/");
	is(s, "c", 3, 0, "/"); /* too short for a line of passwd: its group is not believed */
	is(s, "d", 4, 4, "/");
}

static void names_with_a_colon_or_a_line_end_name_nobody(void **p)
{
	const struct state *s = *p;

	files(s, ANN "bob:x:5:5::/:\n", "");
	fails(s, "ann:x", "test.ini:3: user ann:x: the image's /etc/passwd has no such user");
	fails(s, "ann\nbob", "test.ini:3: user ann\nbob: the image's /etc/passwd has no such user");
	fails(s, "", "test.ini:3: user : the image's /etc/passwd has no such user");
}

static void a_line_may_be_long_and_the_file_only_so_long(void **p)
{
	const struct state *s = *p;
	_cleanup_strbuf_ struct strbuf text = {0};

	for (int i = 0; i < 200000; i++)
		strbuf_add(&text, i % 7 ? "x" : ":");
	strbuf_add(&text, "\n" ANN);
	files(s, text.s, "");
	is(s, "ann", 1000, 100, "/home/ann");
	_cleanup_free_ char *huge = xcalloc(1, (4u << 20) + 1);
	put(s, "etc/passwd", huge, (4u << 20) + 1);
	fails(s, "ann", "the image's /etc/passwd: larger than 4194304 bytes");
}

static void what_stands_behind_a_nul_is_not_read(void **p)
{
	static const char text[] = "a:x:1:1::/a:\n\0\nann:x:1000:100::/:\n";
	const struct state *s = *p;

	put(s, "etc/passwd", text, sizeof(text) - 1);
	is(s, "a", 1, 1, "/a");
	fails(s, "ann", "test.ini:3: user ann: the image's /etc/passwd has no such user");
}

static void anything_but_a_file_is_refused_and_never_waited_for(void **p)
{
	const struct state *s = *p;

	assert_int_equal(mkfifoat(s->root, "etc/passwd", 0644), 0);
	fails(s, "ann", "read the image's /etc/passwd: it is not a regular file");
}

static void a_link_is_followed_inside_and_a_loop_is_an_error(void **p)
{
	const struct state *s = *p;

	put(s, "accounts", ANN, strlen(ANN));
	assert_int_equal(symlinkat("/../../accounts", s->root, "etc/passwd"), 0);
	is(s, "ann", 1000, 100, "/home/ann");
	assert_int_equal(unlinkat(s->root, "etc/passwd", 0), 0);
	assert_int_equal(symlinkat("passwd", s->root, "etc/passwd"), 0);
	fails(s, "ann", "read the image's /etc/passwd: Too many levels of symbolic links");
}

static void groups_are_the_ones_whose_lists_name_the_user(void **p)
{
	const struct state *s = *p;

	files(s, ANN,
		"users:x:100:ann\nwheel:x:10:bob,ann\nother:x:11:annabel,an\nempty:x:12:\ntwice:x:13:ann,ann\n"
		"again:x:10:ann\nbad:x:-1:ann\nshort:x:14\ngaps:x:15:,,ann,\nfar:x:70000:ann\nlast:x:16:ann");
	struct found found = look_up(s, "ann");
	static const gid_t expected[] = {10, 13, 15, 16}; /* neither the user's own nor one that is not mapped */
	assert_int_equal(found.r, 0);
	assert_int_equal(found.n_groups, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_int_equal(found.groups[i], expected[i]);
}

static void a_group_is_taken_by_name_or_number_and_must_be_there(void **p)
{
	const struct state *s = *p;

	files(s, ANN, "wheel:x:10:\nhigh:x:70000:\n");
	s->spec->process.group = xstrdup("wheel");
	is(s, "ann", 1000, 10, "/home/ann");
	free(s->spec->process.group);
	s->spec->process.group = xstrdup("33");
	is(s, "ann", 1000, 33, "/home/ann");
	free(s->spec->process.group);
	s->spec->process.group = xstrdup("none");
	fails(s, "ann", "[Exec] Group=none: the image's /etc/group has no such group");
	free(s->spec->process.group);
	s->spec->process.group = xstrdup("high");
	fails(s, "ann",
		"test.ini:3: the group of user ann: group id 70000 is not in the sandbox's id map; use UserNS=subuid "
		"(ranges in /etc/subuid and /etc/subgid)");
}

static void supplementary_groups_want_a_map_of_more_than_one_id(void **p)
{
	const struct state *s = *p;

	files(s, ANN, "wheel:x:10:\n");
	strv_add(&s->spec->process.groups, "wheel");
	strv_add(&s->spec->process.groups, "20");
	struct found found = look_up(s, "ann");
	assert_int_equal(found.r, 0);
	assert_true(found.n_groups == 2 && found.groups[0] == 10 && found.groups[1] == 20);
	s->spec->maps.by_helper = false;
	fails(s, "ann",
		"[Exec] SupplementaryGroups=wheel: group id 10 cannot be taken: it is not in the sandbox's id map, or "
		"the "
		"map holds a single id");
}

static void an_id_outside_the_map_is_refused(void **p)
{
	const struct state *s = *p;

	files(s, "far:x:70000:1::/:\n", "");
	fails(s, "far",
		"test.ini:3: user far: user id 70000 is not in the sandbox's id map; use UserNS=subuid (ranges in "
		"/etc/subuid and /etc/subgid)");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_user_is_found_by_name_or_number_the_first_line_counts),
		T(an_image_without_the_files_has_root),
		T(lines_with_ids_that_are_none_are_passed_over),
		T(a_home_that_is_no_absolute_path_is_the_root),
		T(names_with_a_colon_or_a_line_end_name_nobody),
		T(a_line_may_be_long_and_the_file_only_so_long),
		T(what_stands_behind_a_nul_is_not_read),
		T(anything_but_a_file_is_refused_and_never_waited_for),
		T(a_link_is_followed_inside_and_a_loop_is_an_error),
		T(groups_are_the_ones_whose_lists_name_the_user),
		T(a_group_is_taken_by_name_or_number_and_must_be_there),
		T(supplementary_groups_want_a_map_of_more_than_one_id),
		T(an_id_outside_the_map_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
