/* SPDX-License-Identifier: Apache-2.0 */
/* layer_write: what becomes of a tar, on its own and on layers below.  As the caller itself, with a single map: what
 * the cage and the maps add is tested by test/e2e/import.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "src/imagetool/layer.h"
#include "tar_make.h"

struct state {
	char path[64];
	int layers[3], n; /* root directories, lowest first */
	struct sbx_err err;
	unsigned n_devices, n_waits;
};

static int setup(void **p)
{
	struct state *s = xcalloc(1, sizeof(*s));

	strcpy(s->path, "/tmp/sbx-test-layer-XXXXXX");
	assert_non_null(mkdtemp(s->path));
	*p = s;
	return 0;
}

static int teardown(void **p)
{
	struct state *s = *p;

	for (int i = 0; i < s->n; i++)
		close(s->layers[i]);
	assert_int_equal(tree_remove(AT_FDCWD, s->path, NULL), 0);
	free(s);
	return 0;
}

static int lower_wait(void *data, struct lower_stack *ret, struct sbx_err *err)
{
	struct state *s = data;

	(void)err;
	s->n_waits++;
	ret->roots = xcalloc(3, sizeof(int));
	for (int i = s->n - 2; i >= 0; i--)
		ret->roots[ret->n++] = fcntl(s->layers[i], F_DUPFD_CLOEXEC, 3);
	return 0;
}

/* unpack - the tar as the next layer.  Frees it. */
static int unpack(struct state *s, struct tar *t)
{
	char name[PATH_MAX];
	struct idmap_pair maps;
	FILE *file = tmpfile();

	snprintf(name, sizeof(name), "%s/%d", s->path, s->n);
	assert_int_equal(mkdir(name, 0700), 0);
	s->layers[s->n++] = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fwrite(t->bytes.s, 1, t->bytes.len, file), t->bytes.len);
	strbuf_clear(&t->bytes);
	rewind(file);
	idmap_pair_single(&maps, 0, 0);
	struct layer_writer w = {
		.root_fd = s->layers[s->n - 1], .maps = &maps, .lower_wait = lower_wait, .data = s, .parent_fd = -1};
	s->err = (struct sbx_err){0};
	int r = layer_write(&w, fileno(file), &s->err);
	s->n_devices = (unsigned)w.devices.n;
	layer_writer_free(&w);
	idmap_pair_free(&maps);
	fclose(file);
	return r;
}

static void unpacks(struct state *s, struct tar *t)
{
	tar_end(t);
	if (unpack(s, t) < 0)
		fail_msg("%s", s->err.msg);
}

static void refused(struct state *s, struct tar *t, const char *why)
{
	tar_end(t);
	assert_true(unpack(s, t) < 0);
	if (!strstr(s->err.msg, why))
		fail_msg("\"%s\" does not say \"%s\"", s->err.msg, why);
}

static struct stat stat_of(const struct state *s, const char *path)
{
	struct stat st;

	if (fstatat(s->layers[s->n - 1], path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s is missing", path);
	return st;
}

static bool missing(const struct state *s, const char *path)
{
	return faccessat(s->layers[s->n - 1], path, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

static void has(const struct state *s, const char *path, const char *content)
{
	_cleanup_free_ char *bytes = NULL;
	struct sbx_err err = {0};
	size_t n;

	if (read_file_at(s->layers[s->n - 1], path, 1 << 20, &bytes, &n, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(bytes, content);
}

static bool is_opaque(const struct state *s, const char *path)
{
	_cleanup_close_ int fd = openat(s->layers[s->n - 1], path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return dir_is_opaque(fd);
}

static bool is_whiteout(const struct state *s, const char *path)
{
	struct stat st = stat_of(s, path);
	return stat_is_whiteout(&st);
}

static void files_have_their_content_mode_and_time(void **p)
{
	struct state *s = *p;
	struct tar t = {0};

	tar_dir(&t, "d/", 02775);
	tar_file(&t, "./d//f", "hello");
	tar_add(&t, '0', "su", NULL, 04755, 0, "x", 1);
	tar_symlink(&t, "l", "/nowhere");
	tar_add(&t, '6', "fifo", NULL, 0640, 0, NULL, 0);
	unpacks(s, &t);
	has(s, "d/f", "hello");
	assert_int_equal(stat_of(s, "d").st_mode, S_IFDIR | 02775);
	assert_int_equal(stat_of(s, "su").st_mode, S_IFREG | 04755);
	assert_int_equal(stat_of(s, "fifo").st_mode, S_IFIFO | 0640);
	const char *const all[] = {"d", "d/f", "l", "fifo", "su"};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		assert_int_equal(stat_of(s, all[i]).st_mtim.tv_sec, 1000000000);
	assert_int_equal(s->n_waits, 1); /* for the root, which this tar does not speak of */
}

static void names_of_pax_headers_are_kept_byte_by_byte(void **p)
{
	struct state *s = *p;
	struct tar t = {0};
	char deep[300];

	memset(deep, 'x', sizeof(deep));
	deep[100] = deep[200] = '/';
	deep[299] = '\0';
	tar_pax(&t, "path", "u\xcc\x88"); /* decomposed */
	tar_file(&t, "ignored", "two code points");
	tar_pax(&t, "path", "\xc3\xbc"); /* composed */
	tar_file(&t, "ignored", "one");
	tar_pax(&t, "path", "\xff\xfe");
	tar_file(&t, "ignored", "no text");
	tar_pax(&t, "path", deep);
	tar_file(&t, "ignored", "deep");
	tar_pax(&t, "linkpath", "u\xcc\x88");
	tar_symlink(&t, "link", "ignored");
	tar_pax(&t, "linkpath", "u\xcc\x88");
	tar_hardlink(&t, "hard", "ignored");
	unpacks(s, &t);
	has(s, "u\xcc\x88", "two code points");
	has(s, "\xc3\xbc", "one");
	has(s, "\xff\xfe", "no text");
	has(s, deep, "deep");
	has(s, "hard", "two code points");
	char target[16] = {0};
	assert_int_equal(readlinkat(s->layers[0], "link", target, sizeof(target)), 3);
	assert_string_equal(target, "u\xcc\x88");
}

static void a_missing_parent_is_as_the_layers_below_have_it(void **p)
{
	struct state *s = *p;
	struct tar one = {0}, two = {0};

	tar_dir(&one, "a", 0751);
	tar_pax(&one, "SCHILY.xattr.user.tag", "v");
	tar_dir(&one, "a/b", 02770);
	tar_symlink(&one, "lib", "usr/lib");
	tar_dir(&one, "usr", 0711);
	tar_dir(&one, "usr/lib", 0700);
	unpacks(s, &one);
	tar_file(&two, "a/b/new", "n");
	tar_file(&two, "lib/so", "l");
	tar_file(&two, "made/up/x", "x");
	unpacks(s, &two);
	assert_int_equal(stat_of(s, "a").st_mode, S_IFDIR | 0751);
	assert_int_equal(stat_of(s, "a/b").st_mode, S_IFDIR | 02770);
	assert_int_equal(stat_of(s, "a/b").st_mtim.tv_sec, 1000000000);
	assert_true(missing(s, "lib")); /* the link below leads to usr/lib, and keeps doing so */
	has(s, "usr/lib/so", "l");
	assert_int_equal(stat_of(s, "usr").st_mode, S_IFDIR | 0711);
	assert_int_equal(stat_of(s, "made/up").st_mode, S_IFDIR | 0755);
	char value[8] = {0};
	_cleanup_close_ int fd = openat(s->layers[1], "a/b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "user.tag", value, sizeof(value)), 1);
}

static void whiteouts_speak_of_the_layers_below_wherever_they_stand(void **p)
{
	struct state *s = *p;
	struct tar one = {0}, two = {0};

	tar_file(&one, "gone", "1");
	tar_file(&one, ".wh.nothing", "");
	tar_file(&one, "before", "1");
	tar_file(&one, "after", "1");
	tar_dir(&one, "dir", 0755);
	tar_file(&one, "dir/old", "1");
	tar_dir(&one, "opq", 0755);
	tar_file(&one, "opq/old", "1");
	unpacks(s, &one);
	assert_true(missing(s, "nothing"));
	tar_file(&two, ".wh.before", "");
	tar_file(&two, "before", "2");
	tar_file(&two, "after", "2");
	tar_file(&two, ".wh.after", "");
	tar_file(&two, ".wh.dir", "");
	tar_file(&two, "dir/new", "2");
	tar_file(&two, ".wh.gone", "");
	tar_file(&two, "opq/kept", "2");
	tar_file(&two, "opq/.wh.old", "");
	tar_file(&two, "opq/.wh..wh..opq", "");
	tar_file(&two, "new/.wh.nothing", "");
	tar_file(&two, ".wh..wh.plnk/1", "aufs");
	unpacks(s, &two);
	has(s, "before", "2");
	has(s, "after", "2");
	has(s, "dir/new", "2");
	assert_true(is_opaque(s, "dir"));
	assert_true(is_whiteout(s, "gone"));
	has(s, "opq/kept", "2");
	assert_true(is_opaque(s, "opq"));
	/* Where nothing is to be hidden, overlayfs would show the whiteout itself. */
	assert_true(missing(s, "opq/old"));
	assert_true(missing(s, "new/nothing"));
	assert_true(missing(s, ".wh..wh.plnk"));
}

static void hard_links_reach_into_the_layers_below(void **p)
{
	struct state *s = *p;
	struct tar one = {0}, two = {0}, three = {0};

	tar_dir(&one, "d", 0750);
	tar_add(&one, '0', "d/f", NULL, 0640, 0, "below", 5);
	tar_file(&one, "g", "moved");
	unpacks(s, &one);
	tar_hardlink(&two, "l1", "d/f");
	tar_hardlink(&two, "l2", "d/f");
	tar_hardlink(&two, "g2", "g");
	tar_file(&two, ".wh.g", "");
	unpacks(s, &two);
	has(s, "l1", "below");
	assert_int_equal(stat_of(s, "l1").st_ino, stat_of(s, "l2").st_ino);
	assert_int_equal(stat_of(s, "l1").st_ino, stat_of(s, "d/f").st_ino);
	assert_int_equal(stat_of(s, "l1").st_mode, S_IFREG | 0640);
	assert_int_equal(stat_of(s, "l1").st_mtim.tv_sec, 1000000000);
	assert_int_equal(stat_of(s, "d").st_mode, S_IFDIR | 0750);
	has(s, "g2", "moved");
	assert_true(is_whiteout(s, "g"));
	tar_hardlink(&three, "l3", "g");
	refused(s, &three, "entry l3: it is a hard link to g, which is neither in this layer nor in those below");
}

static void an_entry_takes_the_place_of_an_earlier_one(void **p)
{
	struct state *s = *p;
	struct tar t = {0};

	tar_dir(&t, "d", 0755);
	tar_dir(&t, "d/sub", 0755);
	tar_file(&t, "d/sub/f", "old");
	tar_symlink(&t, "d", "e"); /* what was found below d must be looked up again */
	tar_file(&t, "d/sub/g", "new");
	tar_file(&t, "x", "file first");
	tar_dir(&t, "x", 0700);
	tar_file(&t, "x/in", "in");
	tar_dir(&t, "y", 0755);
	tar_dir(&t, "y", 0711);
	unpacks(s, &t);
	has(s, "e/sub/g", "new");
	assert_int_equal(stat_of(s, "d").st_mode & S_IFMT, S_IFLNK);
	has(s, "x/in", "in");
	assert_true(is_opaque(s, "x"));
	assert_int_equal(stat_of(s, "y").st_mode, S_IFDIR | 0711);
}

static void nothing_is_made_outside_the_layer(void **p)
{
	struct state *s = *p;
	struct tar links = {0};
	char canary[100], target[200];

	snprintf(canary, sizeof(canary), "%s/canary", s->path);
	assert_int_equal(mkdir(canary, 0700), 0);
	snprintf(target, sizeof(target), "../../../../../../../..%s", canary);
	tar_symlink(&links, "abs", canary);
	tar_symlink(&links, "up", target);
	tar_file(&links, "abs/f", "inside");
	tar_file(&links, "up/g", "inside");
	unpacks(s, &links);
	assert_int_equal(rmdir(canary), 0); /* still empty */
	_cleanup_free_ char *inside = xasprintf("%s/f", canary + 1), *inside2 = xasprintf("%s/g", canary + 1);
	has(s, inside, "inside");
	has(s, inside2, "inside");
}

static void what_leads_out_is_refused(void **p)
{
	struct state *s = *p;
	static const struct {
		char type;
		const char *name, *link, *why;
	} rows[] = {
		{'0', "../x", NULL, "its name has \"..\" in it"},
		{'0', "a/../../x", NULL, "its name has \"..\" in it"},
		{'1', "x", "../y", "its target: its name has \"..\" in it"},
		{'1', "x", "/", "hard link to the root"},
		{'2', ".", "/etc", "the root can be nothing but a directory"},
		{'0', ".wh.", NULL, "a whiteout without a name"},
		{'0', ".wh..", NULL, "a whiteout without a name"},
		{'0', ".wh...", NULL, "a whiteout without a name"},
		{'0', ".wh.x/y", NULL, "below a whiteout"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tar t = {0};
		tar_add(&t, rows[i].type, rows[i].name, rows[i].link, 0755, 0, NULL, 0);
		refused(s, &t, rows[i].why);
		char name[PATH_MAX];
		snprintf(name, sizeof(name), "%d", --s->n);
		close(s->layers[s->n]);
		_cleanup_close_ int dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(tree_remove(dir, name, NULL), 0);
	}
}

static void attributes_of_the_stacking_drivers_are_dropped(void **p)
{
	struct state *s = *p;
	static const char *const keys[] = {"user.overlay.opaque", "user.overlay.redirect", "trusted.overlay.opaque",
		"user.containers.override_stat", "user.fuseoverlayfs.opaque", "security.capability"};
	struct tar t = {0};
	char name[16], list[256];

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		_cleanup_free_ char *key = xasprintf("SCHILY.xattr.%s", keys[i]);
		snprintf(name, sizeof(name), "d%zu", i);
		tar_pax(&t, key, "y");
		tar_dir(&t, name, 0755);
	}
	unpacks(s, &t);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		snprintf(name, sizeof(name), "d%zu", i);
		_cleanup_close_ int fd = openat(s->layers[0], name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(flistxattr(fd, list, sizeof(list)), 0);
	}
}

static void device_nodes_and_links_to_them_are_left_out(void **p)
{
	struct state *s = *p;
	struct tar t = {0};

	tar_add(&t, '3', "null", NULL, 0666, 0, NULL, 0);
	tar_add(&t, '4', "disk", NULL, 0666, 0, NULL, 0);
	tar_hardlink(&t, "disk2", "disk");
	tar_file(&t, "f", "f");
	unpacks(s, &t);
	assert_int_equal(s->n_devices, 3);
	assert_true(missing(s, "null") && missing(s, "disk") && missing(s, "disk2"));
	has(s, "f", "f");
}

static void a_damaged_tar_is_refused(void **p)
{
	struct state *s = *p;
	struct tar cut = {0}, junk = {0}, none = {0};

	tar_file(&cut, "f", "0123456789");
	cut.bytes.len = 512 + 4;
	assert_true(unpack(s, &cut) < 0);
	assert_non_null(strstr(s->err.msg, "entry f: "));
	strbuf_addf(&junk.bytes, "%0*d", 2048, 7);
	refused(s, &junk, "not a tar");
	strbuf_add(&none.bytes, "");
	if (unpack(s, &none) < 0) /* nothing at all is a layer with nothing in it */
		fail_msg("%s", s->err.msg);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(files_have_their_content_mode_and_time),
		T(names_of_pax_headers_are_kept_byte_by_byte),
		T(a_missing_parent_is_as_the_layers_below_have_it),
		T(whiteouts_speak_of_the_layers_below_wherever_they_stand),
		T(hard_links_reach_into_the_layers_below),
		T(an_entry_takes_the_place_of_an_earlier_one),
		T(nothing_is_made_outside_the_layer),
		T(what_leads_out_is_refused),
		T(attributes_of_the_stacking_drivers_are_dropped),
		T(device_nodes_and_links_to_them_are_left_out),
		T(a_damaged_tar_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
