/* SPDX-License-Identifier: Apache-2.0 */

/* What the fuzzers of layers and archives start from: each that must be refused is, in the words of the list, and all
 * others are taken. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "src/imagetool/archive_list.h"
#include "src/imagetool/layer.h"

static int nothing_below(void *data, struct lower_stack *ret, struct sbx_err *err)
{
	(void)data;
	(void)ret;
	(void)err;
	return 0;
}

/* take_layer, take_archive - what a file of a corpus is given to. */
static int take_layer(int fd, struct sbx_err *err)
{
	char path[] = "/tmp/sbx-test-corpus-XXXXXX";
	struct idmap_pair maps;

	assert_non_null(mkdtemp(path));
	_cleanup_close_ int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	idmap_pair_single(&maps, 0, 0);
	struct layer_writer w = {.root_fd = root, .maps = &maps, .lower_wait = nothing_below, .parent_fd = -1};
	int r = layer_write(&w, fd, err);
	layer_writer_free(&w);
	idmap_pair_free(&maps);
	assert_int_equal(tree_remove(AT_FDCWD, path, NULL), 0);
	return r;
}

static int take_archive(int fd, struct sbx_err *err)
{
	struct archive_list list = {0};
	int r = archive_list(fd, &list, err);

	archive_list_free(&list);
	return r;
}

/* message_of - what REFUSED says of @name, NULL nothing.  New. */
static char *message_of(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = list; *line; line += strcspn(line, "\n") + 1)
		if (strncmp(line, name, n) == 0 && line[n] == '\t')
			return xstrndup(line + n + 1, strcspn(line + n + 1, "\n"));
	return NULL;
}

static void check_one(int dir, const char *name, const char *list, int (*take)(int fd, struct sbx_err *err))
{
	_cleanup_free_ char *message = message_of(list, name), *said = NULL;
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct sbx_err err = {0};

	assert_true(fd >= 0);
	int r = take(fd, &err);
	said = text_escape(err.msg);
	if (!message && r < 0)
		fail_msg("%s is refused: %s", name, said);
	if (!message)
		return;
	if (r >= 0 || strcmp(said, message) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", name, r < 0 ? said : "taken", message);
	assert_int_equal(r, err.code);
}

static void check_corpus(const char *corpus, int (*take)(int fd, struct sbx_err *err))
{
	const char *top_dir = getenv("SBX_SRCDIR");
	_cleanup_free_ char *path = xasprintf("%s/test/fuzz/corpus/%s", top_dir ? top_dir : ".", corpus), *list = NULL;
	_cleanup_dir_ DIR *dir = opendir(path);
	size_t n_bad = 0;

	assert_non_null(dir);
	assert_int_equal(read_file_at(dirfd(dir), "REFUSED", 1 << 20, &list, NULL, NULL), 0);
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.' || strcmp(e->d_name, "REFUSED") == 0 || str_starts(e->d_name, "forged"))
			continue;
		if (str_starts(e->d_name, "bad-"))
			n_bad++;
		check_one(dirfd(dir), e->d_name, list, take);
	}
	for (const char *line = list; *line; line += strcspn(line, "\n") + 1)
		n_bad--;
	assert_int_equal(n_bad, 0); /* the list and the files are the same ones */
}

static void layers_of_the_corpus_are_refused_with_their_messages_or_unpacked(void **state)
{
	(void)state;
	check_corpus("layer", take_layer);
}

static void archives_of_the_corpus_are_refused_with_their_messages_or_listed(void **state)
{
	(void)state;
	check_corpus("archive", take_archive);
}

static void a_forged_list_of_members_is_refused_where_it_leads_out_of_the_archive(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int r;
		size_t n;
	} forged[] = {{"forged", 0, 2}, {"forged-length", -EBADMSG, 0}, {"forged-range", -EBADMSG, 0}};
	const char *top_dir = getenv("SBX_SRCDIR");

	for (size_t i = 0; i < ARRAY_SIZE(forged); i++) {
		_cleanup_free_ char *path =
			xasprintf("%s/test/fuzz/corpus/archive/%s", top_dir ? top_dir : ".", forged[i].name);
		_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
		struct archive_list list = {0};
		struct sbx_err err = {0};
		assert_int_equal(archive_list_take(fd, 1000, &list, &err), forged[i].r);
		assert_int_equal(list.n, forged[i].n);
		if (forged[i].r < 0)
			assert_string_equal(err.msg, "its list of members is damaged");
		archive_list_free(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_of_the_corpus_are_refused_with_their_messages_or_unpacked),
		cmocka_unit_test(archives_of_the_corpus_are_refused_with_their_messages_or_listed),
		cmocka_unit_test(a_forged_list_of_members_is_refused_where_it_leads_out_of_the_archive),
	};

	setlocale(LC_CTYPE, "C.UTF-8"); /* as in main: libarchive converts names */
	umask(0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
