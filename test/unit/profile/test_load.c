/* SPDX-License-Identifier: Apache-2.0 */

/* Which files a profile is made of, in which order, and what a later one does to the values of an earlier one. */

#include "profile_fixture.h"

/* words_are - the words of Environment, in order, with blanks between. */
static void words_are(const struct fixture *f, const char *expected)
{
	_cleanup_strbuf_ struct strbuf out = {0};
	const struct profile_value *value = profile_get(f->profile, KEY_Exec_Environment);
	strbuf_add(&out, "");
	for (size_t i = 0; i < value->n_words; i++)
		strbuf_addf(&out, "%s%s", i ? " " : "", value->words[i].text);
	assert_string_equal(out.s, expected);
}

static void write_env(const struct fixture *f, const char *file, const char *include, const char *env)
{
	_cleanup_free_ char *text = xasprintf("[Sandbox]\nInclude=%s\n[Exec]\nEnvironment=%s\n", include, env);
	write_text(f, file, text);
}

static void test_includes_come_in_order_each_behind_its_own(void **state)
{
	struct fixture *f = *state;
	write_env(f, "a.ini", "c.ini", "A");
	write_env(f, "b.ini", "c.ini", "B"); /* c.ini on two ways: read twice, as each of them wants it below itself */
	write_env(f, "c.ini", "", "C");
	write_env(f, "d.ini", "", "D");
	write_env(f, "box.ini.d/1.conf", "d.ini", "ONE");
	load_text(f, "[Exec]\nEnvironment=BOX\n[Sandbox]\nInclude=a.ini b.ini\nInclude=d.ini\n");
	words_are(f, "C A C B D BOX D ONE");
}

static void test_an_empty_include_clears_those_above_it(void **state)
{
	struct fixture *f = *state;
	write_env(f, "a.ini", "", "A");
	load_text(f, "[Sandbox]\nInclude=nowhere.ini\nInclude=\nInclude=a.ini\n[Exec]\nEnvironment=BOX\n");
	words_are(f, "A BOX");
}

static void test_an_include_by_name_is_found_among_the_users_profiles(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *sbx = xasprintf("%s/sbx", f->dir);
	assert_int_equal(mkdir(sbx, 0755), 0);
	write_text(f, "sbx/profiles/base.ini", "[Exec]\nEnvironment=BASE\n");
	load_text(f, "[Sandbox]\nInclude=base\n");
	words_are(f, "BASE");
	write_text(f, "box.ini", "[Sandbox]\nInclude=bse\n");
	assert_int_equal(load(f, "box.ini"), -EINVAL);
	assert_int_equal(f->problems.n, 1);
	assert_non_null(
		strstr(f->problems.v[0], "/box.ini:2: [Sandbox] Include: there is no profile 'bse': looked for "));
}

static void test_a_file_that_includes_itself_is_refused_on_any_way(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *real = xasprintf("%s/box.ini", f->dir), *link = xasprintf("%s/link.ini", f->dir);
	assert_int_equal(symlink(real, link), 0);
	write_env(f, "a.ini", "./box.ini", "A");
	static const char *const includes[] = {"box.ini", "./././box.ini", "link.ini", "a.ini"};
	for (size_t i = 0; i < ARRAY_SIZE(includes); i++) {
		write_env(f, "box.ini", includes[i], "BOX");
		assert_int_equal(load(f, "box.ini"), -EINVAL);
		assert_int_equal(f->problems.n, 1);
		assert_non_null(strstr(f->problems.v[0], ".ini:2: [Sandbox] Include: "));
		assert_non_null(strstr(f->problems.v[0], " includes itself; expected another file"));
		strv_clear(&f->problems);
	}
}

static void test_includes_that_double_at_each_level_end_at_a_limit(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 12; i++) {
		_cleanup_free_ char *name = xasprintf("%d.ini", i), *next = xasprintf("%d.ini %d.ini", i + 1, i + 1);
		write_env(f, name, i < 11 ? next : "", "A");
	}
	assert_int_equal(load(f, "0.ini"), -EINVAL);
	assert_non_null(strstr(f->problems.v[0], "more than 256 files; expected fewer includes"));
}

static void test_problems_of_all_files_come_at_once_each_with_its_own_place(void **state)
{
	static const char *const ends[] = {"/a.ini:2: [Exec] Nice: \"x\": expected a number",
		"/box.ini:4: [Exec] Nice: \"y\": expected a number",
		"/box.ini.d/1.conf:2: [Exec] Nice: \"z\": expected a number",
		"command line: [Exec] Nice: \"w\": expected a number"};
	struct fixture *f = *state;
	write_text(f, "a.ini", "[Exec]\nNice=x\n");
	write_text(f, "box.ini", "[Sandbox]\nInclude=a.ini\n[Exec]\nNice=y\n");
	write_text(f, "box.ini.d/1.conf", "[Exec]\nNice=z\n");
	strv_add(&f->sets, "Exec.Nice=w");
	assert_int_equal(load(f, "box.ini"), -EINVAL);
	assert_int_equal(f->problems.n, ARRAY_SIZE(ends));
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		assert_true(str_ends(f->problems.v[i], ends[i]));
}

static void test_drop_ins_are_conf_files_by_name_whatever_the_locale(void **state)
{
	struct fixture *f = *state;
	static const char *const files[] = {
		"b.conf", "B.conf", "10.conf", "9.conf", "a.conf.bak", ".hidden.conf", "conf"};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *path = xasprintf("box.ini.d/%s", files[i]);
		_cleanup_free_ char *text = xasprintf("[Exec]\nEnvironment=%s\n", files[i]);
		write_text(f, path, text);
	}
	load_text(f, "[Exec]\nEnvironment=BOX\n");
	words_are(f, "BOX 10.conf 9.conf B.conf b.conf");
}

static void test_a_later_file_clears_a_list_and_gives_a_scalar_its_default_back(void **state)
{
	struct fixture *f = *state;
	write_text(f, "box.ini.d/1.conf", "[Exec]\nEnvironment=\nEnvironment=B\nUmask=\nExec=\nTimezone=\n");
	load_text(f, "[Exec]\nEnvironment=A\nUmask=077\nNice=1\nNice=2\nExec=sh\nTimezone=UTC\n");
	words_are(f, "B");
	assert_int_equal(profile_get(f->profile, KEY_Exec_Umask)->num, 022);
	assert_int_equal(profile_get(f->profile, KEY_Exec_Nice)->num, 2);
	assert_int_equal(profile_get(f->profile, KEY_Exec_Exec)->n_words, 0);
	assert_null(profile_text(f->profile, KEY_Exec_Timezone));
	strv_add(&f->sets, "Exec.Environment=");
	load_text(f, "[Exec]\nEnvironment=A\n");
	words_are(f, "");
}

static void test_the_command_line_includes_before_its_own_values(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *include = xasprintf("Sandbox.Include=%s/a.ini", f->dir);
	write_env(f, "a.ini", "", "A");
	strv_add(&f->sets, "exec.environment=SET");
	strv_add(&f->sets, include);
	load_text(f, "[Exec]\nEnvironment=BOX\n");
	words_are(f, "BOX A SET");
	_cleanup_free_ char *origin = origin_word_text(&profile_get(f->profile, KEY_Exec_Environment)->words[1]);
	assert_true(str_ends(origin, "/a.ini:4"));
}

static void test_a_setting_of_the_command_line_that_names_no_key_is_refused_in_words(void **state)
{
	static const char *const sets[][2] = {
		{"Nice=1", "command line: \"Nice=1\"; expected Section.Key=Value"},
		{"Exec.Nice", "command line: \"Exec.Nice\"; expected Section.Key=Value"},
		{"Nice=Exec.1", "command line: \"Nice=Exec.1\"; expected Section.Key=Value"},
		{"Exce.Nice=1", "command line: [Exce]: unknown section; did you mean [Exec]?"},
		{"exec.Nicee=1", "command line: [Exec] Nicee: unknown key; did you mean Nice?"},
		{"Files.Nice=1", "command line: [Files] Nice: unknown key; it belongs in [Exec]"},
		{"Exec.Qqqqqq=1",
			"command line: [Exec] Qqqqqq: unknown key; expected one that `sbx profile keys Exec` lists"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		strv_add(&f->sets, sets[i][0]);
	assert_int_equal(load(f, NULL), -EINVAL);
	assert_int_equal(f->problems.n, ARRAY_SIZE(sets));
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		assert_string_equal(f->problems.v[i], sets[i][1]);
}

static void test_what_is_no_file_is_told_with_its_reason(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load(f, "none.ini"), -ENOENT);
	assert_true(str_ends(f->err.msg, "/none.ini: No such file or directory"));
	write_text(f, "dir/x.ini", "");
	assert_int_equal(load(f, "dir"), -EISDIR);
	assert_true(str_ends(f->err.msg, "/dir: it is a directory"));
	assert_int_equal(f->problems.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_includes_come_in_order_each_behind_its_own),
		TEST(test_an_empty_include_clears_those_above_it),
		TEST(test_an_include_by_name_is_found_among_the_users_profiles),
		TEST(test_a_file_that_includes_itself_is_refused_on_any_way),
		TEST(test_includes_that_double_at_each_level_end_at_a_limit),
		TEST(test_problems_of_all_files_come_at_once_each_with_its_own_place),
		TEST(test_drop_ins_are_conf_files_by_name_whatever_the_locale),
		TEST(test_a_later_file_clears_a_list_and_gives_a_scalar_its_default_back),
		TEST(test_the_command_line_includes_before_its_own_values),
		TEST(test_a_setting_of_the_command_line_that_names_no_key_is_refused_in_words),
		TEST(test_what_is_no_file_is_told_with_its_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
