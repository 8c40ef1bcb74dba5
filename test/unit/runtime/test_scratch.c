/* SPDX-License-Identifier: Apache-2.0 */

/* What a run makes on the host beside its sandbox: the scratch directory, the trace; and the table of mount operations
 * is whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "src/runtime/build.h"
#include "src/runtime/rootfs.h"
#include "src/runtime/trace.h"

struct state {
	char path[64];
	int parent;
	struct sandbox_spec *spec;
};

static int setup(void **p)
{
	struct state *s = xcalloc(1, sizeof(*s));

	strcpy(s->path, "/tmp/sbx-test-scratch-XXXXXX");
	assert_non_null(mkdtemp(s->path));
	s->parent = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->spec = spec_new();
	s->spec->root.scratch = SCRATCH_DISK;
	s->spec->root.scratch_parent = xstrdup(s->path);
	idmap_pair_single(&s->spec->maps, 0, 0);
	*p = s;
	return 0;
}

static int teardown(void **p)
{
	struct state *s = *p;

	close(s->parent);
	spec_free(s->spec);
	assert_int_equal(tree_remove(AT_FDCWD, s->path, NULL), 0);
	free(s);
	return 0;
}

static struct scratch create(const struct state *s)
{
	struct scratch scratch;
	struct sbx_err err = {0};

	if (scratch_create(s->spec, &scratch, &err) < 0)
		fail_msg("%s", err.msg);
	return scratch;
}

static bool exists(const struct state *s, const char *name)
{
	return faccessat(s->parent, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void a_scratch_directory_is_private_locked_and_removed(void **p)
{
	const struct state *s = *p;
	struct scratch scratch = create(s);
	struct stat st;

	assert_true(str_starts(scratch.path, s->path));
	assert_int_equal(fstat(scratch.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	_cleanup_free_ char *path = xstrdup(scratch.path);
	_cleanup_close_ int other = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(mkdirat(scratch.fd, "upper", 0), 0);
	assert_int_equal(scratch_remove(s->spec, &scratch, -1, NULL), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_true(!scratch.path && scratch.fd == -1 && scratch.lock_fd == -1);
	assert_int_equal(scratch_remove(s->spec, &scratch, -1, NULL), 0);
}

static void what_a_killed_run_left_is_collected_and_what_lives_is_not(void **p)
{
	const struct state *s = *p;

	assert_int_equal(mkdirat(s->parent, "run-dead", 0700), 0);
	assert_int_equal(mkdirat(s->parent, "run-dead/work", 0), 0);
	assert_int_equal(mkdirat(s->parent, "run-live", 0700), 0);
	assert_int_equal(mkdirat(s->parent, "kept", 0700), 0);
	assert_int_equal(symlinkat("kept", s->parent, "run-link"), 0);
	assert_int_equal(mknodat(s->parent, "run-file", S_IFREG | 0600, 0), 0);
	_cleanup_close_ int live = openat(s->parent, "run-live", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(live, LOCK_EX | LOCK_NB), 0);
	struct scratch one = create(s), two = create(s);
	assert_false(exists(s, "run-dead"));
	assert_true(exists(s, "run-live") && exists(s, "kept") && exists(s, "run-link") && exists(s, "run-file"));
	assert_string_not_equal(one.path, two.path);
	assert_int_equal(access(one.path, F_OK), 0);
	_cleanup_free_ char *left = xstrdup(one.path);
	scratch_release(&one); /* as if it had been killed: the lock is free */
	struct scratch three = create(s);
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(access(two.path, F_OK), 0);
	assert_int_equal(scratch_remove(s->spec, &two, -1, NULL), 0);
	assert_int_equal(scratch_remove(s->spec, &three, -1, NULL), 0);
}

static void in_memory_there_is_only_the_place(void **p)
{
	const struct state *s = *p;

	assert_int_equal(mkdirat(s->parent, "run-dead", 0700), 0);
	s->spec->root.scratch = SCRATCH_MEMORY;
	struct scratch scratch = create(s);
	assert_true(!scratch.path && scratch.fd == -1 && scratch.lock_fd == -1);
	assert_int_equal(scratch_remove(s->spec, &scratch, -1, NULL), 0);
}

static void a_place_that_is_not_ours_is_refused(void **p)
{
	const struct state *s = *p;
	struct scratch scratch;
	struct sbx_err err = {0};

	if (geteuid() == 0)
		skip();
	free(s->spec->root.scratch_parent);
	s->spec->root.scratch_parent = xstrdup("/var/tmp");
	assert_int_equal(scratch_create(s->spec, &scratch, &err), -EPERM);
	assert_true(str_starts(err.msg, "a place for the sandbox's writable layer: /var/tmp belongs to user 0"));
	assert_true(!scratch.path && scratch.fd == -1 && scratch.lock_fd == -1);
}

static void a_trace_is_json_with_what_both_sides_marked(void **p)
{
	const struct state *s = *p;
	_cleanup_free_ char *path = xasprintf("%s/t.json", s->path), *none = xasprintf("%s/no/t.json", s->path);
	struct sbx_err err = {0};
	struct trace *t = trace_new(&err);

	assert_non_null(t);
	trace_mark(NULL, 0, "nothing"); /* without --trace */
	trace_mark(t, 0, "clone");
	trace_mark(t, 1, NULL);
	for (int i = 0; i < 100; i++)
		trace_mark(t, 1, "mount");
	assert_int_equal(trace_write(t, path, &err), 0);
	json_auto_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	json_t *events = json_object_get(root, "traceEvents"), *event;
	size_t i, n[2] = {0};
	assert_non_null(events);
	json_array_foreach(events, i, event)
	{
		if (strcmp(json_string_value(json_object_get(event, "ph")), "X") != 0)
			continue;
		n[json_integer_value(json_object_get(event, "tid")) - 1]++;
		assert_true(json_real_value(json_object_get(event, "ts")) >= 0);
		assert_true(json_real_value(json_object_get(event, "dur")) >= 0);
	}
	assert_int_equal(n[0], 1);
	assert_int_equal(n[1], 64); /* a lane has room for so many */
	assert_int_equal(trace_write(t, none, &err), -ENOENT);
	assert_int_equal(trace_write(t, "/dev/full", &err), -ENOSPC);
	trace_free(t);
	trace_free(NULL);
}

/* Without rights and without a root hardly one succeeds, but what it says comes from its own function. */
static void every_kind_of_mount_operation_but_the_placeholder_has_its_function(void **p)
{
	const struct state *s = *p;

	for (unsigned kind = 0; kind <= MOUNT_OP_UNMASK + 1; kind++) {
		struct root_build b = {.spec = s->spec,
			.sync_fd = -1,
			.base_fd = -1,
			.base_path = "/no",
			.made_fd = -1,
			.root_fd = -1};
		struct sbx_err err = {0};
		spec_add_mount(s->spec, (enum mount_op_kind)kind, "/no/such/source", "/d", "test.ini:9");
		int r = mount_op_apply(&b, s->spec->n_mounts - 1, &err);
		bool has = kind < MOUNT_OP_UNMASK, refused = r < 0 && strstr(err.msg, "cannot be performed");
		if (refused == has)
			fail_msg("kind %u: %s", kind, err.msg);
		if (has && r < 0)
			assert_true(str_starts(err.msg, "test.ini:9: "));
		if (kind <= MOUNT_OP_UNMASK)
			assert_true(
				mount_op_name((enum mount_op_kind)kind) && mount_op_name((enum mount_op_kind)kind)[0]);
		free(b.own_mounts);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_scratch_directory_is_private_locked_and_removed),
		T(what_a_killed_run_left_is_collected_and_what_lives_is_not),
		T(in_memory_there_is_only_the_place),
		T(a_place_that_is_not_ours_is_refused),
		T(a_trace_is_json_with_what_both_sides_marked),
		T(every_kind_of_mount_operation_but_the_placeholder_has_its_function),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
